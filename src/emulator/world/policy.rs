//! The policy of a target: 17 rules and up to two on custom extensions, in a form of our own that neither service has.

use uuid::Uuid;

use crate::emulator::world::time::iso_length;
use crate::emulator::world::{Caller, Surface, Time};

/// Who does what: the first half of a rule's name and target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// An administrator makes somebody eligible.
    AdminEligibility,
    /// An administrator makes somebody active.
    AdminAssignment,
    /// Somebody activates.
    EndUserAssignment,
}

impl Place {
    /// All three.
    pub(crate) const ALL: [Self; 3] = [Self::AdminEligibility, Self::AdminAssignment, Self::EndUserAssignment];

    /// The caller in a rule's target.
    pub(crate) fn caller(self) -> &'static str {
        match self {
            Self::AdminEligibility | Self::AdminAssignment => "Admin",
            Self::EndUserAssignment => "EndUser",
        }
    }

    /// The level in a rule's target.
    pub(crate) fn level(self) -> &'static str {
        match self {
            Self::AdminEligibility => "Eligibility",
            Self::AdminAssignment | Self::EndUserAssignment => "Assignment",
        }
    }
}

/// Who is notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Recipient {
    /// The administrators.
    Admin,
    /// Who is assigned or activates.
    Requestor,
    /// The approvers.
    Approver,
}

impl Recipient {
    /// All three.
    pub(crate) const ALL: [Self; 3] = [Self::Admin, Self::Requestor, Self::Approver];

    /// As both services write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Requestor => "Requestor",
            Self::Approver => "Approver",
        }
    }
}

/// When a custom extension is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// Before anybody approves.
    PreApproval,
    /// After somebody has approved.
    PostApproval,
}

impl Moment {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::PreApproval, Self::PostApproval];

    /// As it stands in the name of the rule.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PreApproval => "PreApproval",
            Self::PostApproval => "PostApproval",
        }
    }
}

/// Names a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RuleId {
    /// How long it may last.
    Expiration(Place),
    /// What must be given.
    Enablement(Place),
    /// Who must agree.
    Approval,
    /// The authentication context.
    AuthenticationContext,
    /// Which custom extension is asked.
    CustomExtension(Moment),
    /// Who is told.
    Notification(Recipient, Place),
}

impl RuleId {
    /// The 17 that every policy has.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let of_place = |place| {
            let own: &[Self] = match place {
                Place::EndUserAssignment => &[Self::Approval, Self::AuthenticationContext],
                _ => &[],
            };
            [Self::Expiration(place), Self::Enablement(place)]
                .into_iter()
                .chain(own.iter().copied())
                .chain(Recipient::ALL.map(|recipient| Self::Notification(recipient, place)))
        };
        Place::ALL.into_iter().flat_map(of_place)
    }

    /// Its name. Case matters.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::all().chain(Moment::ALL.map(Self::CustomExtension)).find(|id| id.to_string() == text)
    }

    /// Who does what.
    pub(crate) fn place(self) -> Place {
        match self {
            Self::Expiration(place) | Self::Enablement(place) | Self::Notification(_, place) => place,
            Self::Approval | Self::AuthenticationContext | Self::CustomExtension(_) => Place::EndUserAssignment,
        }
    }

    /// `Expiration`, `Enablement`, `Approval` and so on: the part of the type's name.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Expiration(_) => "Expiration",
            Self::Enablement(_) => "Enablement",
            Self::Approval => "Approval",
            Self::AuthenticationContext => "AuthenticationContext",
            Self::CustomExtension(_) => "CustomExtension",
            Self::Notification(..) => "Notification",
        }
    }
}

impl std::fmt::Display for RuleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())?;
        match self {
            Self::Notification(recipient, _) => write!(f, "_{}", recipient.as_str())?,
            Self::CustomExtension(moment) => write!(f, "_{}", moment.as_str())?,
            _ => {}
        }
        write!(f, "_{}_{}", self.place().caller(), self.place().level())
    }
}

/// One value for each place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PerPlace<T> {
    /// Of [`Place::AdminEligibility`].
    pub(crate) admin_eligibility: T,
    /// Of [`Place::AdminAssignment`].
    pub(crate) admin_assignment: T,
    /// Of [`Place::EndUserAssignment`].
    pub(crate) end_user_assignment: T,
}

impl<T> PerPlace<T> {
    /// One value for each.
    pub(crate) fn from_fn(mut make: impl FnMut(Place) -> T) -> Self {
        Self {
            admin_eligibility: make(Place::AdminEligibility),
            admin_assignment: make(Place::AdminAssignment),
            end_user_assignment: make(Place::EndUserAssignment),
        }
    }

    /// The value of one.
    pub(crate) fn get(&self, place: Place) -> &T {
        match place {
            Place::AdminEligibility => &self.admin_eligibility,
            Place::AdminAssignment => &self.admin_assignment,
            Place::EndUserAssignment => &self.end_user_assignment,
        }
    }

    /// The value of one, to change it.
    pub(crate) fn get_mut(&mut self, place: Place) -> &mut T {
        match place {
            Place::AdminEligibility => &mut self.admin_eligibility,
            Place::AdminAssignment => &mut self.admin_assignment,
            Place::EndUserAssignment => &mut self.end_user_assignment,
        }
    }
}

/// One value for each recipient.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PerRecipient<T> {
    /// Of [`Recipient::Admin`].
    pub(crate) admin: T,
    /// Of [`Recipient::Requestor`].
    pub(crate) requestor: T,
    /// Of [`Recipient::Approver`].
    pub(crate) approver: T,
}

impl<T> PerRecipient<T> {
    /// The value of one.
    pub(crate) fn get(&self, recipient: Recipient) -> &T {
        match recipient {
            Recipient::Admin => &self.admin,
            Recipient::Requestor => &self.requestor,
            Recipient::Approver => &self.approver,
        }
    }

    /// The value of one, to change it.
    pub(crate) fn get_mut(&mut self, recipient: Recipient) -> &mut T {
        match recipient {
            Recipient::Admin => &mut self.admin,
            Recipient::Requestor => &mut self.requestor,
            Recipient::Approver => &mut self.approver,
        }
    }
}

/// How long an assignment or an activation may last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expiration {
    /// Whether it must end.
    pub(crate) required: bool,
    /// The longest time, in ISO 8601 as it was written.
    pub(crate) maximum: Option<String>,
}

/// What must be given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Enablement {
    /// Multifactor authentication.
    pub(crate) mfa: bool,
    /// A justification.
    pub(crate) justification: bool,
    /// A ticket.
    pub(crate) ticketing: bool,
}

/// User or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ApproverKind {
    /// A user.
    User,
    /// Each member of a group.
    Group,
}

/// Who may agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Approver {
    /// User or group.
    pub(crate) kind: ApproverKind,
    /// The object id.
    pub(crate) id: Uuid,
}

/// Who must agree to an activation, and how.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own on both services")]
pub(crate) struct Approval {
    /// Whether anybody must.
    pub(crate) required: bool,
    /// Whether also for an extension.
    pub(crate) required_for_extension: bool,
    /// Whether who asks must justify it.
    pub(crate) requestor_justification: bool,
    /// `SingleStage` and others, as written.
    pub(crate) mode: String,
    /// Days until the stage times out.
    pub(crate) timeout_days: i64,
    /// Whether who agrees must justify it.
    pub(crate) approver_justification: bool,
    /// Minutes until it escalates.
    pub(crate) escalation_minutes: i64,
    /// Whether it escalates.
    pub(crate) escalation: bool,
    /// Who may agree. They stay when approval is turned off.
    pub(crate) approvers: Vec<Approver>,
}

/// The authentication context that an activation needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AuthenticationContext {
    /// Whether one is needed.
    pub(crate) enabled: bool,
    /// Its id, such as `c1`.
    pub(crate) claim: Option<String>,
}

/// A custom extension that may be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CustomExtension {
    /// Whether it is.
    pub(crate) enabled: bool,
    /// Its id.
    pub(crate) id: Option<String>,
}

/// Which events are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// None.
    None,
    /// Critical ones.
    Critical,
    /// All.
    All,
}

impl Level {
    /// As both services write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Critical => "Critical",
            Self::All => "All",
        }
    }

    /// Case does not matter.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Critical, Self::All].into_iter().find(|level| level.as_str().eq_ignore_ascii_case(text))
    }
}

/// Who is told of an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notification {
    /// Which events.
    pub(crate) level: Level,
    /// Whether the service's own recipients are told.
    pub(crate) default_recipients: bool,
    /// Mail addresses besides.
    pub(crate) recipients: Vec<String>,
}

/// The rules.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rules {
    /// Rules 1, 6, 11.
    pub(crate) expiration: PerPlace<Expiration>,
    /// Rules 2, 7, 12.
    pub(crate) enablement: PerPlace<Enablement>,
    /// Rule 13.
    pub(crate) approval: Approval,
    /// Rule 14.
    pub(crate) context: AuthenticationContext,
    /// The nine others.
    pub(crate) notification: PerPlace<PerRecipient<Notification>>,
    /// Rules 18 and 19, which a policy that is older than they are does not have.
    pub(crate) extensions: std::collections::BTreeMap<Moment, CustomExtension>,
}

/// One rule's content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rule {
    /// How long it may last.
    Expiration(Expiration),
    /// What must be given.
    Enablement(Enablement),
    /// Who must agree.
    Approval(Approval),
    /// The authentication context.
    AuthenticationContext(AuthenticationContext),
    /// Which custom extension is asked.
    CustomExtension(CustomExtension),
    /// Who is told.
    Notification(Notification),
}

impl Rules {
    /// Those that there are.
    pub(crate) fn ids(&self) -> impl Iterator<Item = RuleId> {
        RuleId::all().chain(self.extensions.keys().copied().map(RuleId::CustomExtension))
    }

    /// Whether a rule is there.
    pub(crate) fn has(&self, id: RuleId) -> bool {
        match id {
            RuleId::CustomExtension(moment) => self.extensions.contains_key(&moment),
            _ => true,
        }
    }

    /// What an untouched policy has. (docs/service.md: rules-1, rules-2).
    pub(crate) fn default_of(surface: Surface) -> Self {
        const DAY: i64 = 86_400;
        let must_end = surface != Surface::Directory;
        let expiration = |place| match place {
            Place::AdminEligibility => Expiration { required: must_end, maximum: Some(iso_length(365 * DAY)) },
            Place::AdminAssignment => Expiration { required: must_end, maximum: Some(iso_length(180 * DAY)) },
            Place::EndUserAssignment => Expiration { required: true, maximum: Some(iso_length(8 * 3600)) },
        };
        let told = || Notification { level: Level::All, default_recipients: true, recipients: Vec::new() };
        Self {
            expiration: PerPlace::from_fn(expiration),
            enablement: PerPlace::from_fn(|place| Enablement {
                justification: place != Place::AdminEligibility,
                ..Enablement::default()
            }),
            approval: Approval {
                required: false,
                required_for_extension: false,
                requestor_justification: true,
                mode: "SingleStage".to_owned(),
                timeout_days: 1,
                approver_justification: true,
                escalation_minutes: 0,
                escalation: false,
                approvers: Vec::new(),
            },
            context: AuthenticationContext::default(),
            notification: PerPlace::from_fn(|_| PerRecipient { admin: told(), requestor: told(), approver: told() }),
            extensions: std::collections::BTreeMap::new(),
        }
    }

    /// One rule.
    pub(crate) fn get(&self, id: RuleId) -> Rule {
        match id {
            RuleId::Expiration(place) => Rule::Expiration(self.expiration.get(place).clone()),
            RuleId::Enablement(place) => Rule::Enablement(*self.enablement.get(place)),
            RuleId::Approval => Rule::Approval(self.approval.clone()),
            RuleId::AuthenticationContext => Rule::AuthenticationContext(self.context.clone()),
            RuleId::CustomExtension(moment) => {
                Rule::CustomExtension(self.extensions.get(&moment).cloned().unwrap_or_default())
            }
            RuleId::Notification(recipient, place) => {
                Rule::Notification(self.notification.get(place).get(recipient).clone())
            }
        }
    }

    /// Replaces one rule. False if the content is of another kind than the rule.
    pub(crate) fn set(&mut self, id: RuleId, rule: Rule) -> bool {
        match (id, rule) {
            (RuleId::Expiration(place), Rule::Expiration(rule)) => *self.expiration.get_mut(place) = rule,
            (RuleId::Enablement(place), Rule::Enablement(rule)) => *self.enablement.get_mut(place) = rule,
            (RuleId::Approval, Rule::Approval(rule)) => self.approval = rule,
            (RuleId::AuthenticationContext, Rule::AuthenticationContext(rule)) => self.context = rule,
            (RuleId::CustomExtension(moment), Rule::CustomExtension(rule)) => {
                self.extensions.insert(moment, rule);
            }
            (RuleId::Notification(recipient, place), Rule::Notification(rule)) => {
                *self.notification.get_mut(place).get_mut(recipient) = rule;
            }
            _ => return false,
        }
        true
    }
}

/// The policy of a target.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Policy {
    /// The GUID of its id. The service replaces it now and then, and always when a group comes under PIM.
    pub(crate) id: Uuid,
    /// How often the service has replaced its id on an update.
    pub(crate) revision: u32,
    /// The rules.
    pub(crate) rules: Rules,
    /// When it was changed here, if it was.
    pub(crate) modified: Option<Time>,
    /// Who changed it.
    pub(crate) modified_by: Option<Caller>,
}
