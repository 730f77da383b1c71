//! Compares what the files say with what the tenant has. Pure: time is an argument.
//!
//! The result says what differs, not what to do about it; `plan` makes steps of it. What must never be touched is left
//! out here, by construction: only rows assigned through PIM at the target itself take part in the comparison.

mod assignments;
mod groups;
mod schedule;

use std::sync::Arc;

use crate::model::settings::{ActivationField, Undecided};
use crate::model::{
    Changes, Current, Desired, DesiredTarget, Kind, Mention, Settings, Snapshot, Target, TargetRead, Time,
};

pub(crate) use assignments::exceeds;
pub use assignments::{AssignmentDiff, How, Left, LeftReason};
pub use groups::{GroupDiff, MemberDiff, MembersDiff};
pub(crate) use schedule::CLOCK_TOLERANCE;
pub use schedule::Wanted;

/// All differences, in the order of targets and groups.
#[derive(Debug)]
pub struct Difference<'a> {
    /// Of the static lists of groups, and groups to create.
    pub groups: Vec<GroupDiff<'a>>,
    /// Of targets.
    pub targets: Vec<TargetDiff<'a>>,
}

/// How one target differs.
#[derive(Debug)]
pub struct TargetDiff<'a> {
    /// Which target.
    pub target: &'a Target,
    /// What is declared for it.
    pub declared: &'a DesiredTarget,
    /// What could be compared.
    pub found: Found<'a>,
}

/// What could be compared of a target.
#[derive(Debug)]
pub enum Found<'a> {
    /// Nothing, and why.
    Blocked(Arc<str>),
    /// Nothing, and none is missed: it has no settings, and the files only say something of all others.
    PassedOver,
    /// All of it.
    Compared(Box<Compared<'a>>),
}

/// A compared target.
#[derive(Debug)]
pub struct Compared<'a> {
    /// The settings that must change.
    pub changes: Settings<Changes>,
    /// The declared settings of which nobody can say what they are now.
    pub undecided: Vec<Undecided>,
    /// The settings as they will be.
    pub settings_after: Settings<Current>,
    /// The assignments that differ.
    pub assignments: Vec<AssignmentDiff<'a>>,
    /// The assignments that were looked at and left.
    pub left: Vec<Left<'a>>,
    /// How many assignments there are of each kind whose list is not declared.
    pub unmanaged: Vec<(Kind, usize)>,
    /// True when everybody who has the target now is to lose it.
    pub leaves_nobody: bool,
}

/// Compares everything that is declared.
pub fn diff<'a>(desired: &'a Desired, snapshot: &'a Snapshot, now: Time) -> Difference<'a> {
    Difference {
        groups: desired.groups.iter().map(|(id, group)| groups::diff(desired, snapshot, *id, group, now)).collect(),
        targets: desired
            .targets
            .iter()
            .map(|(target, declared)| TargetDiff {
                target,
                declared,
                found: find(desired, snapshot, target, declared, now),
            })
            .collect(),
    }
}

fn find<'a>(
    desired: &Desired,
    snapshot: &'a Snapshot,
    target: &'a Target,
    declared: &'a DesiredTarget,
    now: Time,
) -> Found<'a> {
    match snapshot.targets.get(target) {
        Some(TargetRead::Unreadable(why)) => Found::Blocked(Arc::clone(why)),
        Some(TargetRead::WithoutSettings) => match declared.mention {
            Mention::AllOthers => Found::PassedOver,
            Mention::Named => Found::Blocked(TargetRead::WITHOUT_SETTINGS.into()),
        },
        Some(TargetRead::Present(state)) => {
            let mut compared = compare(desired, declared, &state.settings, &state.rows, now);
            compared.left.extend(groups::static_and_undeclared(snapshot, target, declared, now));
            Found::Compared(Box::new(compared))
        }
        None if is_planned(desired, target) => {
            let settings = Settings::service_default(target.surface());
            Found::Compared(Box::new(compare(desired, declared, &settings, &[], now)))
        }
        None => Found::Blocked("it was not found when the tenant was read".into()),
    }
}

/// True for a group that the plan creates.
fn is_planned(desired: &Desired, target: &Target) -> bool {
    let group = target.group().and_then(|group| desired.directory.principal(group));
    group.and_then(|principal| principal.group()).is_some_and(|facts| facts.planned)
}

fn compare<'a>(
    desired: &Desired,
    declared: &'a DesiredTarget,
    settings: &Settings<Current>,
    rows: &'a [crate::model::Row],
    now: Time,
) -> Compared<'a> {
    let mut changes = settings.changes_to(&declared.settings);
    // A context that the tenant does not have asks for nothing.
    if declared.blocked.iter().any(|blocked| blocked.field == ActivationField::Authentication.into()) {
        changes.activation.authentication = None;
    }
    let settings_after = settings.changed(&changes);
    let mut compared = Compared {
        changes,
        undecided: settings.undecided(&declared.settings),
        settings_after,
        assignments: Vec::new(),
        left: Vec::new(),
        unmanaged: Vec::new(),
        leaves_nobody: false,
    };
    for kind in Kind::ALL {
        assignments::diff(&mut compared, declared, kind, rows, &desired.directory, now);
    }
    compared.leaves_nobody = assignments::leaves_nobody(&compared, rows, now);
    compared
}
