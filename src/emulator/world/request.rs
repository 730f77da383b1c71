//! Requests: the only way to change assignments.

use uuid::Uuid;

use crate::emulator::world::{Caller, DirectoryScope, Kind, Target, Time};

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// An administrator assigns.
    AdminAssign,
    /// An administrator changes.
    AdminUpdate,
    /// An administrator removes.
    AdminRemove,
    /// An administrator extends what has not ended.
    AdminExtend,
    /// An administrator renews what has ended.
    AdminRenew,
    /// The principal activates.
    SelfActivate,
    /// The principal ends an activation.
    SelfDeactivate,
    /// The principal asks for an extension.
    SelfExtend,
    /// The principal asks for a renewal.
    SelfRenew,
}

impl Action {
    const NAMES: [(Self, &str); 9] = [
        (Self::AdminAssign, "AdminAssign"),
        (Self::AdminUpdate, "AdminUpdate"),
        (Self::AdminRemove, "AdminRemove"),
        (Self::AdminExtend, "AdminExtend"),
        (Self::AdminRenew, "AdminRenew"),
        (Self::SelfActivate, "SelfActivate"),
        (Self::SelfDeactivate, "SelfDeactivate"),
        (Self::SelfExtend, "SelfExtend"),
        (Self::SelfRenew, "SelfRenew"),
    ];

    /// As Azure writes it; Graph has the first letter small.
    pub(crate) fn pascal(self) -> &'static str {
        Self::NAMES.iter().find(|(action, _)| *action == self).map_or("", |(_, name)| name)
    }

    /// As Graph writes it.
    pub(crate) fn camel(self) -> String {
        let mut letters = self.pascal().chars();
        letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
    }

    /// Case does not matter.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(action, _)| *action)
    }
}

/// How an asked assignment is to end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ending {
    /// It does not say.
    NotSpecified,
    /// Never.
    Never,
    /// At this time.
    Until(Time),
    /// So long after its start; ISO 8601 as it was written.
    After(String),
}

/// When an asked assignment is to begin and end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Window {
    /// When it begins; nothing for at once.
    pub(crate) start: Option<Time>,
    /// How it ends.
    pub(crate) end: Ending,
}

/// A request as it comes in, its shape checked already.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// The GUID that the caller gave it, as on Azure; nothing where the service makes one.
    pub(crate) id: Option<Uuid>,
    /// Where.
    pub(crate) target: Target,
    /// Eligible or active.
    pub(crate) kind: Kind,
    /// What.
    pub(crate) action: Action,
    /// Who.
    pub(crate) principal: Uuid,
    /// Over what, for directory roles.
    pub(crate) scope: DirectoryScope,
    /// When.
    pub(crate) window: Option<Window>,
    /// Why.
    pub(crate) justification: Option<String>,
    /// The number of a ticket.
    pub(crate) ticket_number: Option<String>,
    /// The system that the ticket is in.
    pub(crate) ticket_system: Option<String>,
    /// The condition, for Azure.
    pub(crate) condition: Option<String>,
    /// The schedule that is meant, where the caller names it.
    pub(crate) target_schedule: Option<Uuid>,
    /// Whether the rules are only checked.
    pub(crate) validate_only: bool,
    /// Who asks.
    pub(crate) caller: Caller,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done.
    Provisioned,
    /// Accepted; it begins later.
    Granted,
    /// Removed.
    Revoked,
    /// Withdrawn before it began.
    Canceled,
    /// Accepted, and then it did not work.
    Failed,
    /// Somebody must agree first.
    PendingApproval,
}

impl Status {
    /// As both services write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Provisioned => "Provisioned",
            Self::Granted => "Granted",
            Self::Revoked => "Revoked",
            Self::Canceled => "Canceled",
            Self::Failed => "Failed",
            Self::PendingApproval => "PendingApproval",
        }
    }
}

/// An accepted request, as the log of requests keeps it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Accepted {
    /// Its id.
    pub(crate) id: Uuid,
    /// As it was asked, with the start moved to now if it was missing or past.
    pub(crate) asked: Asked,
    /// What became of it.
    pub(crate) status: Status,
    /// When it came in.
    pub(crate) created: Time,
    /// When it was done; nothing if it is not.
    pub(crate) completed: Option<Time>,
    /// The schedule that it made; nothing for a removal.
    pub(crate) schedule: Option<Uuid>,
    /// The schedule that it changed or removed.
    pub(crate) replaced: Option<Uuid>,
}
