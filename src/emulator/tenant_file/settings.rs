//! The settings in a tenant file, and the rules of a policy.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::emulator::world::{
    Approver, ApproverKind, CustomExtension, Enablement, Expiration, Level, Moment, Notification as Told, Place,
    Recipient, Rules, iso_length, iso_seconds, length_seconds,
};

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Each field only if it differs from the service's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    #[serde(skip_serializing_if = "is_default")]
    activation: Activation,
    #[serde(skip_serializing_if = "is_default")]
    eligible_assignment: Assignment,
    #[serde(skip_serializing_if = "is_default")]
    active_assignment: Assignment,
    #[serde(skip_serializing_if = "is_default")]
    notifications: Notifications,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Activation {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication: Option<Authentication>,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<Approval>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<Extension>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Extension {
    #[serde(skip_serializing_if = "Option::is_none")]
    before_approval: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_approval: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Authentication {
    None,
    Mfa,
    Context(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Approval {
    None,
    By(Vec<By>),
    DefaultApprovers,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    Group(Uuid),
    User(Uuid),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Assignment {
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mfa: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Notifications {
    #[serde(skip_serializing_if = "is_default")]
    eligible_assigned: Audiences,
    #[serde(skip_serializing_if = "is_default")]
    active_assigned: Audiences,
    #[serde(skip_serializing_if = "is_default")]
    activated: Audiences,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Audiences {
    #[serde(skip_serializing_if = "is_default")]
    admins: Notification,
    #[serde(skip_serializing_if = "is_default")]
    assignee: Notification,
    #[serde(skip_serializing_if = "is_default")]
    approvers: Notification,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Notification {
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<LevelWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_recipients: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LevelWord {
    None,
    Critical,
    All,
}

impl From<Level> for LevelWord {
    fn from(level: Level) -> Self {
        match level {
            Level::None => Self::None,
            Level::Critical => Self::Critical,
            Level::All => Self::All,
        }
    }
}

impl From<LevelWord> for Level {
    fn from(level: LevelWord) -> Self {
        match level {
            LevelWord::None => Self::None,
            LevelWord::Critical => Self::Critical,
            LevelWord::All => Self::All,
        }
    }
}

impl Settings {
    fn assignment(&mut self, place: Place) -> Option<&mut Assignment> {
        match place {
            Place::AdminEligibility => Some(&mut self.eligible_assignment),
            Place::AdminAssignment => Some(&mut self.active_assignment),
            Place::EndUserAssignment => None,
        }
    }

    fn notification(&mut self, place: Place, recipient: Recipient) -> &mut Notification {
        let audiences = match place {
            Place::AdminEligibility => &mut self.notifications.eligible_assigned,
            Place::AdminAssignment => &mut self.notifications.active_assigned,
            Place::EndUserAssignment => &mut self.notifications.activated,
        };
        match recipient {
            Recipient::Admin => &mut audiences.admins,
            Recipient::Requestor => &mut audiences.assignee,
            Recipient::Approver => &mut audiences.approvers,
        }
    }
}

/// The rules that a file states, the rest as `defaults` has it.
pub(super) fn over(defaults: &Rules, settings: &Settings) -> Result<Rules, String> {
    let mut rules = defaults.clone();
    let mut settings = settings.clone();
    activation(&mut rules, &settings.activation)?;
    for place in [Place::AdminEligibility, Place::AdminAssignment] {
        let Some(from) = settings.assignment(place) else { continue };
        expiration(rules.expiration.get_mut(place), from.expire_after.as_deref())?;
        let enablement = rules.enablement.get_mut(place);
        set(&mut enablement.mfa, from.mfa);
        set(&mut enablement.justification, from.justification);
    }
    for (place, recipient) in pairs() {
        let from = settings.notification(place, recipient);
        let told = rules.notification.get_mut(place).get_mut(recipient);
        set(&mut told.level, from.level.map(Level::from));
        set(&mut told.default_recipients, from.default_recipients);
        if let Some(to) = &from.to {
            told.recipients.clone_from(to);
        }
    }
    Ok(rules)
}

fn pairs() -> impl Iterator<Item = (Place, Recipient)> {
    Place::ALL.into_iter().flat_map(|place| Recipient::ALL.map(|recipient| (place, recipient)))
}

fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

fn activation(rules: &mut Rules, from: &Activation) -> Result<(), String> {
    if let Some(text) = &from.max_duration {
        rules.expiration.end_user_assignment.maximum = Some(length(text)?);
    }
    let enablement = &mut rules.enablement.end_user_assignment;
    set(&mut enablement.justification, from.justification);
    set(&mut enablement.ticketing, from.ticket);
    match &from.authentication {
        None => {}
        Some(Authentication::None) => enablement.mfa = false,
        Some(Authentication::Mfa) => enablement.mfa = true,
        Some(Authentication::Context(id)) => {
            enablement.mfa = false;
            rules.context.enabled = true;
            rules.context.claim = Some(id.to_lowercase());
        }
    }
    if let Some(Extension { before_approval, after_approval }) = from.extension.clone() {
        // As an ordinary save in the portal leaves it: both are there, and what is not named is empty.
        for (moment, id) in [(Moment::PreApproval, before_approval), (Moment::PostApproval, after_approval)] {
            rules.extensions.insert(moment, CustomExtension { enabled: id.is_some(), id });
        }
    }
    match &from.approval {
        None => {}
        Some(Approval::None) => rules.approval.required = false,
        Some(Approval::DefaultApprovers) => rules.approval.required = true,
        Some(Approval::By(approvers)) => {
            rules.approval.required = true;
            rules.approval.approvers = approvers.iter().map(|by| approver(*by)).collect();
        }
    }
    Ok(())
}

fn approver(by: By) -> Approver {
    match by {
        By::Group(id) => Approver { kind: ApproverKind::Group, id },
        By::User(id) => Approver { kind: ApproverKind::User, id },
    }
}

fn expiration(rule: &mut Expiration, expire_after: Option<&str>) -> Result<(), String> {
    match expire_after {
        None => {}
        Some("never") => rule.required = false,
        Some(text) => {
            rule.required = true;
            rule.maximum = Some(length(text)?);
        }
    }
    Ok(())
}

/// In ISO 8601.
fn length(text: &str) -> Result<String, String> {
    length_seconds(text).map(iso_length).ok_or_else(|| format!("`{text}` is not a length of time"))
}

/// What of the rules differs from the defaults.
pub(super) fn differing(rules: &Rules, defaults: &Rules) -> Settings {
    let mut settings = Settings::default();
    let rule = &rules.expiration.end_user_assignment;
    if seconds(rule) != seconds(&defaults.expiration.end_user_assignment) {
        settings.activation.max_duration.clone_from(&rule.maximum);
    }
    let (own, default) = (rules.enablement.end_user_assignment, defaults.enablement.end_user_assignment);
    settings.activation.justification = differs(own.justification, &default.justification);
    settings.activation.ticket = differs(own.ticketing, &default.ticketing);
    settings.activation.authentication = differs(authentication(rules), &authentication(defaults));
    settings.activation.approval = differs(approval(rules), &approval(defaults));
    settings.activation.extension = differs(extension(rules), &Extension::default());
    for place in [Place::AdminEligibility, Place::AdminAssignment] {
        let (own, default) = (rules.enablement.get(place), defaults.enablement.get(place));
        let expire_after = differs(expire_after(rules, place), &expire_after(defaults, place));
        let expire_after = expire_after.map(|seconds| seconds.map_or_else(|| "never".to_owned(), iso_length));
        if let Some(to) = settings.assignment(place) {
            *to = assignment(*own, *default, expire_after);
        }
    }
    for (place, recipient) in pairs() {
        let own = rules.notification.get(place).get(recipient);
        let default = defaults.notification.get(place).get(recipient);
        *settings.notification(place, recipient) = notification(own, default);
    }
    settings
}

fn assignment(own: Enablement, default: Enablement, expire_after: Option<String>) -> Assignment {
    Assignment {
        expire_after,
        mfa: differs(own.mfa, &default.mfa),
        justification: differs(own.justification, &default.justification),
    }
}

fn notification(own: &Told, default: &Told) -> Notification {
    Notification {
        level: differs(own.level, &default.level).map(LevelWord::from),
        default_recipients: differs(own.default_recipients, &default.default_recipients),
        to: differs(own.recipients.clone(), &default.recipients),
    }
}

fn differs<T: PartialEq>(own: T, default: &T) -> Option<T> {
    if own == *default { None } else { Some(own) }
}

fn seconds(rule: &Expiration) -> Option<i64> {
    rule.maximum.as_deref().and_then(iso_seconds)
}

/// The longest time in seconds; nothing if it may be permanent.
fn expire_after(rules: &Rules, place: Place) -> Option<i64> {
    let rule = rules.expiration.get(place);
    if rule.required { seconds(rule) } else { None }
}

/// A tenant file knows one of the two. Where the service holds both, which it should not, the context is what it shows.
fn authentication(rules: &Rules) -> Authentication {
    match (&rules.context, rules.enablement.end_user_assignment.mfa) {
        (context, _) if context.enabled => Authentication::Context(context.claim.clone().unwrap_or_default()),
        (_, true) => Authentication::Mfa,
        (_, false) => Authentication::None,
    }
}

fn extension(rules: &Rules) -> Extension {
    let asked = |moment| rules.extensions.get(&moment).filter(|rule| rule.enabled).and_then(|rule| rule.id.clone());
    Extension { before_approval: asked(Moment::PreApproval), after_approval: asked(Moment::PostApproval) }
}

fn approval(rules: &Rules) -> Approval {
    let approvers = &rules.approval.approvers;
    match (rules.approval.required, approvers.is_empty()) {
        (false, _) => Approval::None,
        (true, true) => Approval::DefaultApprovers,
        (true, false) => Approval::By(
            approvers
                .iter()
                .map(|approver| match approver.kind {
                    ApproverKind::Group => By::Group(approver.id),
                    ApproverKind::User => By::User(approver.id),
                })
                .collect(),
        ),
    }
}
