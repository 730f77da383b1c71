//! Assignments and their schedules.

use uuid::Uuid;

use crate::emulator::world::Time;

/// Whether the principal may activate, or has the role without activating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The principal may activate.
    Eligible,
    /// The principal has the role without activating.
    Active,
}

/// The part of the directory that an assignment of a directory role covers; the whole of the target elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DirectoryScope {
    /// All of it: `/`.
    Whole,
    /// The members of an administrative unit.
    AdministrativeUnit(Uuid),
    /// One object.
    Object(Uuid),
}

impl DirectoryScope {
    /// `/`, `/administrativeUnits/<id>`, `/<id>`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        match rest.split_once('/') {
            None if rest.is_empty() => Some(Self::Whole),
            None => Uuid::parse_str(rest).ok().map(Self::Object),
            Some((kind, id)) if kind.eq_ignore_ascii_case("administrativeUnits") => {
                Uuid::parse_str(id).ok().map(Self::AdministrativeUnit)
            }
            Some(_) => None,
        }
    }
}

impl std::fmt::Display for DirectoryScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole => f.write_str("/"),
            Self::AdministrativeUnit(id) => write!(f, "/administrativeUnits/{id}"),
            Self::Object(id) => write!(f, "/{id}"),
        }
    }
}

/// How an assignment came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// Assigned here through PIM.
    Assigned,
    /// The principal's own activation.
    Activated,
    /// Assigned here, but not through PIM.
    OutsidePim,
    /// The tenant file says that it comes from a scope above. What [`World::at_scope`](super::World::at_scope) finds above
    /// is not stored twice.
    Inherited,
    /// The tenant file says that it is held through a group.
    ThroughGroup,
}

/// How long something that has been removed is still shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// By so many more lists.
    Lists(u32),
    /// Until this time.
    Until(Time),
}

/// A schedule. One that is assigned keeps its place and changes its id with every update.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Schedule {
    /// The GUID of its id. Of one that came about by a request it is the request's.
    pub(crate) id: Uuid,
    /// Eligible or active.
    pub(crate) kind: Kind,
    /// Who.
    pub(crate) principal: Uuid,
    /// Over what, for directory roles.
    pub(crate) scope: DirectoryScope,
    /// When it begins; nothing if it always has been.
    pub(crate) start: Option<Time>,
    /// When it ends; nothing if it is permanent.
    pub(crate) end: Option<Time>,
    /// How it came about.
    pub(crate) origin: Origin,
    /// The condition, for Azure.
    pub(crate) condition: Option<String>,
    /// When it was made here; nothing if the tenant file had it.
    pub(crate) created: Option<Time>,
    /// When it was last changed here.
    pub(crate) modified: Option<Time>,
    /// The request that it came about by. Of rows from a tenant file that were assigned through PIM it is made up.
    pub(crate) request: Option<Uuid>,
    /// The eligible schedule that an activation uses.
    pub(crate) eligible: Option<Uuid>,
    /// Of one that has been removed and is still shown: for how long. See [`Directives`](super::Directives).
    pub(crate) removed: Option<Shown>,
}

impl Schedule {
    /// True once its end has been reached, or once one that was removed is no longer shown.
    pub(crate) fn is_over(&self, now: Time) -> bool {
        self.end.is_some_and(|end| end <= now) || matches!(self.removed, Some(Shown::Until(end)) if end <= now)
    }

    /// True when it can be changed by a request: assigned here, and not removed.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.origin, Origin::Assigned | Origin::OutsidePim) && self.removed.is_none()
    }

    /// True until its start has been reached. It has no instance then.
    pub(crate) fn is_ahead(&self, now: Time) -> bool {
        self.start.is_some_and(|start| start > now)
    }
}
