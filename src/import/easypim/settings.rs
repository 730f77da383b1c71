//! The tool's policies as settings.

use std::collections::{BTreeMap, BTreeSet};

use super::json::{Json, Object};
use super::lengths::{self, Length};
use super::notifications::notifications;
use super::people::People;
use super::policy::{Limit, Policy, note};
use crate::import::draft::Who;
use crate::import::left::{Leaving, Why};
use crate::model::settings::{ActivationField, AssignmentField};
use crate::model::{Approval, Approver, Approvers, Authentication, Expiry, Field, Kind, PrincipalKind};

const MFA: &str = "MultiFactorAuthentication";
const CONTEXT: &str = "AuthenticationContext";

/// The keys of a policy, each with the others that the tool takes for the same.
const KEYS: [&[&str]; 11] = [
    &["ActivationDuration", "MaximumActivationDuration"],
    &["ActivationRequirement", "EnablementRules"],
    &["AuthenticationContext_Enabled"],
    &["AuthenticationContext_Value"],
    &["ApprovalRequired"],
    &["Approvers"],
    &["AllowPermanentEligibility", "AllowPermanentEligibleAssignment"],
    &["MaximumEligibilityDuration", "MaximumEligibleAssignmentDuration"],
    &["AllowPermanentActiveAssignment"],
    &["MaximumActiveAssignmentDuration"],
    &["ActiveAssignmentRequirement", "ActiveAssignmentRules"],
];

/// What says where the settings of a policy come from.
const SOURCES: [&str; 4] = ["Template", "PolicyTemplate", "PolicySource", "PolicyFile"];

/// True for keys that only policies have.
pub(super) fn is_policy_key(key: &str) -> bool {
    KEYS.iter().copied().flatten().chain(&SOURCES).any(|known| known.eq_ignore_ascii_case(key))
}

/// True where two keys of policies mean the same.
pub(super) fn same_key(one: &str, other: &str) -> bool {
    let has = |keys: &[&str], wanted: &str| keys.iter().any(|key| key.eq_ignore_ascii_case(wanted));
    one.eq_ignore_ascii_case(other) || KEYS.iter().any(|keys| has(keys, one) && has(keys, other))
}

/// Reads the fields of a policy or template, and leaves other keys in it.
pub(super) fn settings(object: &mut Object, people: &People<'_>, left: &mut Leaving) -> Policy {
    let mut policy = Policy::default();
    activation(object, &mut policy, left);
    approval(object, &mut policy, people, left);
    limit(
        object,
        Kind::Eligible,
        &["AllowPermanentEligibility", "AllowPermanentEligibleAssignment"],
        &["MaximumEligibilityDuration", "MaximumEligibleAssignmentDuration"],
        &mut policy,
        left,
    );
    limit(
        object,
        Kind::Active,
        &["AllowPermanentActiveAssignment"],
        &["MaximumActiveAssignmentDuration"],
        &mut policy,
        left,
    );
    let at = object.at("ActiveAssignmentRequirement");
    if let Some(rules) = requirements(object, &["ActiveAssignmentRequirement", "ActiveAssignmentRules"], left) {
        let field = |field| Field::Assignment(Kind::Active, field);
        policy.settings.active_assignment.mfa =
            rules.say(rules.mfa, field(AssignmentField::Mfa), &at, &mut policy.lost);
        policy.settings.active_assignment.justification =
            rules.say(rules.justification, field(AssignmentField::Justification), &at, &mut policy.lost);
        if rules.ticket {
            left.say(at, Why::NoCounterpart, "`Ticketing`: the service asks for no ticket when somebody is assigned");
        }
    }
    notifications(object, &mut policy.settings, left);
    policy
}

/// What a list of requirements names.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each of them is a requirement of its own")]
struct Requirements {
    mfa: bool,
    context: bool,
    justification: bool,
    ticket: bool,
    /// True when it also names something that is not known.
    more: bool,
}

impl Requirements {
    /// What is named is asked for. What is not is not asked for, unless it may be what is not known.
    fn say(&self, named: bool, field: Field, path: &str, lost: &mut BTreeMap<Field, String>) -> Option<bool> {
        if self.more && !named {
            lost.insert(field, path.to_owned());
            return None;
        }
        Some(named)
    }
}

/// A list, or its words with commas between.
fn requirements(object: &mut Object, keys: &[&str], left: &mut Leaving) -> Option<Requirements> {
    let (path, value) = object.take(keys)?;
    let mut found = Requirements::default();
    if value.is_blank() {
        return None;
    }
    for item in value.items() {
        let Json::Text(words) = &item else {
            left.say(&path, Why::WrongType, format!("expected text, found {}", item.shown()));
            found.more = true;
            continue;
        };
        for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                word if word.eq_ignore_ascii_case("None") => {}
                word if word.eq_ignore_ascii_case(MFA) || word.eq_ignore_ascii_case("MFA") => found.mfa = true,
                word if word.eq_ignore_ascii_case(CONTEXT) => found.context = true,
                word if word.eq_ignore_ascii_case("Justification") => found.justification = true,
                word if word.eq_ignore_ascii_case("Ticketing") => found.ticket = true,
                other => {
                    found.more = true;
                    left.say(&path, Why::OddValue, format!("`{other}` is not a requirement that can be declared"));
                }
            }
        }
    }
    Some(found)
}

fn activation(object: &mut Object, policy: &mut Policy, left: &mut Leaving) {
    if let Some((path, value)) = stated(object, &["ActivationDuration", "MaximumActivationDuration"]) {
        let length = value.text().map_or_else(|| unreadable(&value), lengths::activation);
        note(&length, &path, left);
        match length {
            Length::Exact(length) | Length::Shortened(length) => {
                policy.settings.activation.max_duration = Some(length);
            }
            Length::TooShort(_) | Length::Unreadable(_) => {
                policy.lost.insert(ActivationField::MaxDuration.into(), path);
            }
        }
    }
    let context = context(object, left);
    let at = object.at("ActivationRequirement");
    let rules = requirements(object, &["ActivationRequirement", "EnablementRules"], left);
    if let Some(rules) = &rules {
        let lost = &mut policy.lost;
        let activation = &mut policy.settings.activation;
        activation.justification = rules.say(rules.justification, ActivationField::Justification.into(), &at, lost);
        activation.ticket = rules.say(rules.ticket, ActivationField::Ticket.into(), &at, lost);
    }
    let named = rules.as_ref().is_some_and(|rules| rules.context);
    policy.settings.activation.authentication = match (context, &rules) {
        // The service takes one or the other, and so does the tool when it applies both.
        (Context::Named(context), _) => Some(context),
        (Context::Unreadable(path), _) => Some(instead(path, left)),
        (_, _) if named => Some(instead(at, left)),
        (_, Some(rules)) => {
            let mfa = rules.say(rules.mfa, ActivationField::Authentication.into(), &at, &mut policy.lost);
            mfa.map(|mfa| if mfa { Authentication::Mfa } else { Authentication::None })
        }
        (_, None) => None,
    };
}

/// What stands for a context that cannot be named.
fn instead(path: String, left: &mut Leaving) -> Authentication {
    left.say(
        path,
        Why::Tightened,
        "no context is named that can be declared; multifactor authentication is written instead",
    );
    Authentication::Mfa
}

/// What a policy says of an authentication context.
enum Context {
    None,
    Named(Authentication),
    /// One is asked for, and nobody can say which.
    Unreadable(String),
}

fn context(object: &mut Object, left: &mut Leaving) -> Context {
    let unclear = object.is_unclear(&["AuthenticationContext_Enabled"]);
    let at = object.at("AuthenticationContext_Enabled");
    let enabled = object.flag(&["AuthenticationContext_Enabled"], left);
    let Some((path, value)) = stated(object, &["AuthenticationContext_Value"]) else {
        return if unclear || enabled == Some(true) { Context::Unreadable(at) } else { Context::None };
    };
    if enabled == Some(false) {
        left.say(path, Why::NotInForce, "the context is not enabled");
        return Context::None;
    }
    let id = value.text().and_then(|text| text.split(':').next()).unwrap_or_default().trim().to_owned();
    if let Ok(context) = id.parse() {
        Context::Named(Authentication::Context(context))
    } else {
        left.say(&path, Why::OddValue, format!("`{id}` is not the id of an authentication context, `c1` to `c99`"));
        Context::Unreadable(path)
    }
}

fn approval(object: &mut Object, policy: &mut Policy, people: &People<'_>, left: &mut Leaving) {
    let path = object.at("ApprovalRequired");
    let unclear = object.is_unclear(&["ApprovalRequired"]);
    let required = object.flag(&["ApprovalRequired"], left);
    let approvers = object.take(&["Approvers"]);
    let lost = |policy: &mut Policy, path| drop(policy.lost.insert(ActivationField::Approval.into(), path));
    match (required, approvers) {
        (Some(false), approvers) => {
            policy.settings.activation.approval = Some(Approval::NotRequired);
            if let Some((path, _)) = approvers.filter(|(_, value)| !value.clone().items().is_empty()) {
                left.say(path, Why::NotInForce, "approval is not required, so nobody approves");
            }
        }
        (Some(true), Some((path, value))) => {
            let found = found_approvers(value, &path, people, left);
            let set: BTreeSet<Approver> = found.iter().map(|(approver, _)| *approver).collect();
            if let Some(set) = Approvers::new(set) {
                policy.settings.activation.approval = Some(Approval::Required(set));
                let mut named: Vec<Who> = found.into_iter().map(|(_, who)| who).collect();
                named.sort();
                named.dedup();
                policy.by = named;
            } else {
                left.add(&path, Why::DefaultApprovers);
                lost(policy, path);
            }
        }
        (Some(true), None) => {
            left.add(&path, Why::DefaultApprovers);
            lost(policy, path);
        }
        (None, _) if unclear => lost(policy, path),
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

/// An entry that says something.
fn stated(object: &mut Object, keys: &[&str]) -> Option<(String, Json)> {
    object.take(keys).filter(|(_, value)| !value.is_blank())
}

fn unreadable(value: &Json) -> Length {
    Length::Unreadable(format!("expected text, found {}", value.shown()))
}

fn limit(object: &mut Object, kind: Kind, allow: &[&str], longest: &[&str], policy: &mut Policy, left: &mut Leaving) {
    let at = object.at(allow.first().copied().unwrap_or_default());
    // What is neither `true` nor `false` may mean that it is not allowed.
    let unclear = object.is_unclear(allow);
    let permanent = object.flag(allow, left);
    let length = stated(object, longest);
    let read = |value: &Json| value.text().map_or_else(|| unreadable(value), lengths::limit);
    match (permanent, length) {
        (Some(true), length) => {
            let usual = length.map(|(path, value)| {
                left.say(path, Why::NotInForce, "permanent assignments are allowed");
                match read(&value) {
                    Length::Exact(length) | Length::Shortened(length) | Length::TooShort(length) => length,
                    Length::Unreadable(_) => super::policy::usual(kind),
                }
            });
            *policy.limit_mut(kind) = Limit::Never { usual };
            policy.rules(kind).expire_after = Some(Expiry::Never);
        }
        (_, Some((path, value))) => policy.take_limit(kind, &read(&value), &path, left),
        (Some(false), None) => forbidden(kind, at, policy, left),
        (None, None) if unclear => forbidden(kind, at, policy, left),
        (None, None) => {}
    }
}

/// Permanent is not allowed, and nobody says how long is: the tool leaves the length as the service has it.
fn forbidden(kind: Kind, path: String, policy: &mut Policy, left: &mut Leaving) {
    let length = super::policy::usual(kind);
    left.say(
        path,
        Why::AssumedLength,
        format!("permanent is not allowed, but no length is stated; `{length}` is written, as the service has it"),
    );
    policy.assumed.insert(kind);
    *policy.limit_mut(kind) = Limit::After(length);
    policy.rules(kind).expire_after = Some(Expiry::After(length));
}
