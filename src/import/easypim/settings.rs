//! The tool's policies as settings.

use std::collections::BTreeSet;

use super::json::{Json, Object};
use super::people::People;
use crate::import::draft::{Layer, Who};
use crate::import::left::{Leaving, Why};
use crate::model::notification::{Audience, Event, Notification};
use crate::model::settings::AssignmentRules;
use crate::model::{
    Approval, Approver, Approvers, Authentication, Duration, Expiry, Level, Mail, PrincipalKind, Recipients, Settings,
    Sparse,
};

const MFA: &str = "MultiFactorAuthentication";

/// Reads the fields of a policy or template, and leaves other keys in it.
pub(super) fn settings(object: &mut Object, people: &People<'_>, left: &mut Leaving) -> Layer {
    let mut settings = Settings::<Sparse>::default();
    let mut by = Vec::new();
    activation(object, &mut settings, left);
    approval(object, &mut settings, &mut by, people, left);
    settings.eligible_assignment.expire_after = expiry(
        object,
        &["AllowPermanentEligibility", "AllowPermanentEligibleAssignment"],
        &["MaximumEligibilityDuration", "MaximumEligibleAssignmentDuration"],
        left,
    );
    settings.active_assignment.expire_after =
        expiry(object, &["AllowPermanentActiveAssignment"], &["MaximumActiveAssignmentDuration"], left);
    if let Some(rules) = requirements(object, &["ActiveAssignmentRequirement", "ActiveAssignmentRules"], left) {
        let AssignmentRules { mfa, justification, .. } = &mut settings.active_assignment;
        *mfa = Some(rules.mfa);
        *justification = Some(rules.justification);
        if let Some(path) = rules.ticket {
            let why = "`Ticketing`: the service asks for no ticket when somebody is assigned";
            left.say(path, Why::NoCounterpart, why);
        }
    }
    notifications(object, &mut settings, left);
    Layer::of(&settings, by)
}

/// What a list of requirements names.
struct Requirements {
    mfa: bool,
    justification: bool,
    /// Where a ticket is asked for, if one is.
    ticket: Option<String>,
}

/// A list, or its words with commas between.
fn requirements(object: &mut Object, keys: &[&str], left: &mut Leaving) -> Option<Requirements> {
    let (path, value) = object.take(keys)?;
    let mut found = Requirements { mfa: false, justification: false, ticket: None };
    if value == Json::Null {
        return None;
    }
    for item in value.items() {
        let Json::Text(words) = &item else {
            left.say(&path, Why::WrongType, format!("expected text, found {}", item.shown()));
            continue;
        };
        for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                word if word.eq_ignore_ascii_case("None") => {}
                word if word.eq_ignore_ascii_case(MFA) || word.eq_ignore_ascii_case("MFA") => found.mfa = true,
                word if word.eq_ignore_ascii_case("Justification") => found.justification = true,
                word if word.eq_ignore_ascii_case("Ticketing") => found.ticket = Some(path.clone()),
                other => left.say(&path, Why::OddValue, format!("`{other}` is not a requirement that can be declared")),
            }
        }
    }
    Some(found)
}

fn activation(object: &mut Object, settings: &mut Settings<Sparse>, left: &mut Leaving) {
    let half_hour = Duration::from_minutes(30).as_secs();
    settings.activation.max_duration = length(object, &["ActivationDuration", "MaximumActivationDuration"], left)
        .and_then(|(path, length)| {
            let steps = length.as_secs() / half_hour;
            if length.as_secs().is_multiple_of(half_hour) && (1..=48).contains(&steps) {
                return Some(length);
            }
            left.say(path, Why::OddValue, format!("`{length}`: an activation lasts 30m to 24h, in half hours"));
            None
        });
    let context = context(object, left);
    let rules = requirements(object, &["ActivationRequirement", "EnablementRules"], left);
    if let Some(rules) = &rules {
        settings.activation.justification = Some(rules.justification);
        settings.activation.ticket = Some(rules.ticket.is_some());
        settings.activation.authentication = Some(if rules.mfa { Authentication::Mfa } else { Authentication::None });
    }
    if let Some(context) = context {
        // The service takes one or the other, and so does the tool when it applies both.
        settings.activation.authentication = Some(context);
    }
}

fn context(object: &mut Object, left: &mut Leaving) -> Option<Authentication> {
    let enabled = object.flag(&["AuthenticationContext_Enabled"], left);
    let (path, value) = object.take(&["AuthenticationContext_Value"])?;
    let id = value.text()?.split(':').next().unwrap_or_default().trim().to_owned();
    if enabled == Some(false) {
        left.say(path, Why::NotInForce, "the context is not enabled");
        return None;
    }
    let context = id.parse().ok().map(Authentication::Context);
    if context.is_none() {
        left.say(path, Why::OddValue, format!("`{id}` is not the id of an authentication context, `c1` to `c99`"));
    }
    context
}

fn approval(
    object: &mut Object,
    settings: &mut Settings<Sparse>,
    by: &mut Vec<Who>,
    people: &People<'_>,
    left: &mut Leaving,
) {
    let path = object.at("ApprovalRequired");
    let required = object.flag(&["ApprovalRequired"], left);
    let approvers = object.take(&["Approvers"]);
    match (required, approvers) {
        (Some(false), approvers) => {
            settings.activation.approval = Some(Approval::NotRequired);
            if let Some((path, _)) = approvers.filter(|(_, value)| !value.clone().items().is_empty()) {
                left.say(path, Why::NotInForce, "approval is not required, so nobody approves");
            }
        }
        (Some(true), Some((path, value))) => {
            let found = found_approvers(value, &path, people, left);
            let set: BTreeSet<Approver> = found.iter().map(|(approver, _)| *approver).collect();
            match Approvers::new(set) {
                Some(set) => {
                    settings.activation.approval = Some(Approval::Required(set));
                    let mut named: Vec<Who> = found.into_iter().map(|(_, who)| who).collect();
                    named.sort();
                    named.dedup();
                    *by = named;
                }
                None => left.add(path, Why::DefaultApprovers),
            }
        }
        (Some(true), None) => left.add(path, Why::DefaultApprovers),
        (None, Some((path, value))) if !value.clone().items().is_empty() => {
            left.say(path, Why::NotInForce, "`ApprovalRequired` is not stated, so nobody approves");
        }
        (None, _) => {}
    }
}

fn found_approvers(value: Json, path: &str, people: &People<'_>, left: &mut Leaving) -> Vec<(Approver, Who)> {
    let mut found = Vec::new();
    for (at, item) in value.items().into_iter().enumerate() {
        let path = format!("{path}[{at}]");
        let (id, kind, name) = match item {
            Json::Text(id) => (Some(id), None, None),
            other => {
                let Some(mut object) = Object::new(other, path.clone(), left) else { continue };
                let id = object.text(&["id"], left);
                let kind = object.text(&["userType", "type", "principalType"], left);
                let name = object.text(&["description", "name", "desc", "displayName"], left);
                object.finish(left);
                (id, kind, name)
            }
        };
        let Some(id) = id else {
            left.say(path, Why::MissingKey, "no `id`");
            continue;
        };
        let Some((id, who)) = people.find(&id, kind.as_deref(), name, &path, left) else { continue };
        let approver = match (who.kind, id) {
            (PrincipalKind::User, Some(id)) => Approver::User(id),
            (PrincipalKind::Group, Some(id)) => Approver::Group(id),
            _ => {
                left.add(path, Why::UnknownApprover);
                continue;
            }
        };
        found.push((approver, who));
    }
    found
}

/// A length with the place where it stands. What is none is noted.
pub(super) fn length(object: &mut Object, keys: &[&str], left: &mut Leaving) -> Option<(String, Duration)> {
    let (path, value) = object.take(keys)?;
    let text = value.text()?;
    match text.parse() {
        Ok(length) => Some((path, length)),
        Err(error) => {
            let error: crate::model::time::DurationError = error;
            left.say(path, Why::OddValue, error.to_string());
            None
        }
    }
}

fn expiry(object: &mut Object, allow: &[&str], longest: &[&str], left: &mut Leaving) -> Option<Expiry> {
    let path = object.at(allow.first().copied().unwrap_or_default());
    let permanent = object.flag(allow, left);
    let length = length(object, longest, left);
    match (permanent, length) {
        (Some(true), length) => {
            if let Some((path, length)) = length {
                left.say(path, Why::NotInForce, format!("`{length}`: permanent assignments are allowed"));
            }
            Some(Expiry::Never)
        }
        (_, Some((path, length))) => {
            if (Duration::from_days(1)..=Duration::from_days(3650)).contains(&length) {
                return Some(Expiry::After(length));
            }
            left.say(path, Why::OddValue, format!("`{length}`: assignments expire after 1d to 3650d"));
            None
        }
        (Some(false), None) => {
            left.say(path, Why::MissingKey, "permanent is not allowed, but no length is stated");
            None
        }
        (None, None) => None,
    }
}

const EVENTS: [(Event, &str, &str); 3] = [
    (Event::EligibleAssigned, "Eligibility", "EligibleAssignment"),
    (Event::ActiveAssigned, "Active", "ActiveAssignment"),
    (Event::Activated, "Activation", "Activation"),
];
const AUDIENCES: [(Audience, &str, &str); 3] = [
    (Audience::Admins, "Alert", "Alert"),
    (Audience::Assignee, "Assignee", "Assignee"),
    (Audience::Approvers, "Approvers", "Approver"),
];

/// Nested under `Notifications`, or flat as `Notification_EligibleAssignment_Alert`.
fn notifications(object: &mut Object, settings: &mut Settings<Sparse>, left: &mut Leaving) {
    let mut found: Vec<(Event, Audience, String, Json)> = Vec::new();
    for (event, _, flat_event) in EVENTS {
        for (audience, _, flat_audience) in AUDIENCES {
            let key = format!("Notification_{flat_event}_{flat_audience}");
            found.extend(object.take(&[&key]).map(|(path, value)| (event, audience, path, value)));
        }
    }
    if let Some((path, value)) = object.take(&["Notifications"])
        && let Some(mut events) = Object::new(value, path, left)
    {
        for (event, name, other) in EVENTS {
            let Some((path, value)) = events.take(&[name, other]) else { continue };
            let Some(mut audiences) = Object::new(value, path, left) else { continue };
            for (audience, name, other) in AUDIENCES {
                found.extend(audiences.take(&[name, other]).map(|(path, value)| (event, audience, path, value)));
            }
            audiences.finish(left);
        }
        events.finish(left);
    }
    let mut rules: Vec<(Event, Audience, Notification<Sparse>)> = Vec::new();
    for (event, audience, path, value) in found {
        let Some(mut object) = Object::new(value, path, left) else { continue };
        let rule = notification(&mut object, left);
        object.finish(left);
        rules.push((event, audience, rule));
    }
    settings.notifications = crate::model::notification::Notifications::from_fn(|event, audience| {
        let rule = rules.iter().find(|(e, a, _)| (*e, *a) == (event, audience));
        rule.map(|(_, _, rule)| rule.clone()).unwrap_or_default()
    });
}

fn notification(object: &mut Object, left: &mut Leaving) -> Notification<Sparse> {
    let default_recipients = object.flag(&["isDefaultRecipientEnabled"], left);
    let path = object.at("NotificationLevel");
    let level = object.text(&["NotificationLevel"], left).and_then(|level| match level.as_str() {
        level if level.eq_ignore_ascii_case("All") => Some(Level::All),
        level if level.eq_ignore_ascii_case("Critical") => Some(Level::Critical),
        level if level.eq_ignore_ascii_case("None") => {
            left.add(&path, Why::NoNotification);
            None
        }
        other => {
            left.say(&path, Why::OddValue, format!("`{other}` is not a level of notifications"));
            None
        }
    });
    let to = object.take(&["Recipients"]).and_then(|(path, value)| {
        if value == Json::Null {
            return None;
        }
        let mut mails = BTreeSet::new();
        for item in value.items() {
            match item.text().map(str::parse::<Mail>) {
                Some(Ok(mail)) => drop(mails.insert(mail)),
                Some(Err(error)) => left.say(&path, Why::OddValue, error.to_string()),
                None if matches!(item, Json::Text(_)) => {}
                None => left.say(&path, Why::WrongType, format!("expected text, found {}", item.shown())),
            }
        }
        Some(Recipients(mails))
    });
    Notification { level, default_recipients, to }
}
