//! The values that fields take: how to show them, and what a change of one does to the security of a target.

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Slot};
use crate::model::{Approval, Authentication, Duration, Expiry, Extensions, Level, Recipients};

/// A value that a field can take.
pub trait Leaf: Slot {
    /// The value without its type, for showing it.
    fn value(&self) -> Value;

    /// What a change from one value to another does to the security of the target.
    fn direction(before: &Self, after: &Self) -> Direction;

    /// True when `self` is looser than what a floor demands.
    fn looser_than(&self, floor: &Self) -> bool {
        Self::direction(floor, self) == Direction::Loosens
    }
}

/// What a change does to the security of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Less is asked, or more is allowed.
    Loosens,
    /// Neither is plainly stricter.
    Neutral,
    /// More is asked, or less is allowed.
    Tightens,
}

impl Direction {
    fn towards(before_is_looser: bool, before_is_tighter: bool) -> Self {
        match (before_is_looser, before_is_tighter) {
            (true, false) => Self::Tightens,
            (false, true) => Self::Loosens,
            _ => Self::Neutral,
        }
    }
}

/// A value of any field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A length of time.
    Duration(Duration),
    /// Yes or no.
    Flag(bool),
    /// What an activation must prove.
    Authentication(Authentication),
    /// Who must agree.
    Approval(Approval),
    /// Which custom extensions are asked.
    Extension(Extensions),
    /// How long an assignment may last.
    Expiry(Expiry),
    /// Which events are notified.
    Level(Level),
    /// Who is notified besides the service's own recipients.
    Recipients(Recipients),
}

impl<T: Leaf> Fact<T> {
    /// The value without its type, or that it is not known.
    pub fn value(&self) -> Fact<Value> {
        self.map(Leaf::value)
    }
}

macro_rules! leaf {
    ($type:ty, $variant:ident, |$before:ident, $after:ident| $direction:expr $(, looser: |$value:ident, $floor:ident| $looser:expr)?) => {
        impl Slot for $type {
            fn is_vacant(&self) -> bool {
                false
            }
        }

        impl Leaf for $type {
            fn value(&self) -> Value {
                Value::$variant(self.clone())
            }

            fn direction($before: &Self, $after: &Self) -> Direction {
                $direction
            }

            $(fn looser_than(&self, $floor: &Self) -> bool {
                let $value = self;
                $looser
            })?
        }
    };
}

leaf!(Duration, Duration, |before, after| Direction::towards(before > after, before < after));

// Every flag of the settings asks for something or tells somebody.
leaf!(bool, Flag, |before, after| Direction::towards(!before && *after, *before && !after));

leaf!(Level, Level, |before, after| Direction::towards(before < after, before > after));

leaf!(Expiry, Expiry, |before, after| match (before, after) {
    (Expiry::Never, Expiry::After(_)) => Direction::Tightens,
    (Expiry::After(_), Expiry::Never) => Direction::Loosens,
    (Expiry::After(before), Expiry::After(after)) => Duration::direction(before, after),
    (Expiry::Never, Expiry::Never) => Direction::Neutral,
});

// What an authentication context asks for is defined elsewhere, so it is neither stricter nor looser than MFA.
leaf!(Authentication, Authentication, |before, after| {
    Direction::towards(
        *before == Authentication::None && *after != Authentication::None,
        *before != Authentication::None && *after == Authentication::None,
    )
});

// A floor fixes that approval is needed, not by whom: each team has its own approvers.
leaf!(
    Approval,
    Approval,
    |before, after| match (before, after) {
        (Approval::NotRequired, Approval::NotRequired) => Direction::Neutral,
        (Approval::NotRequired, _) => Direction::Tightens,
        (_, Approval::NotRequired) => Direction::Loosens,
        (Approval::Required(before), Approval::Required(after)) => Direction::towards(
            after.as_set().is_subset(before.as_set()) && before != after,
            before.as_set().is_subset(after.as_set()) && before != after,
        ),
        _ => Direction::Neutral,
    },
    looser: |value, floor| *value == Approval::NotRequired && *floor != Approval::NotRequired
);

// An extension before approval can skip those who approve. A change that is looser in one way is looser.
leaf!(
    Extensions,
    Extension,
    |before, after| Direction::towards(
        before.is_looser_than(after) && !after.is_looser_than(before),
        after.is_looser_than(before),
    ),
    looser: |value, floor| value.is_looser_than(floor)
);

// Who is told less sees less.
leaf!(
    Recipients,
    Recipients,
    |before, after| Direction::towards(
        before.0.is_subset(&after.0) && before != after,
        after.0.is_subset(&before.0) && before != after,
    ),
    looser: |value, floor| !floor.0.is_subset(&value.0)
);
