//! How a thing that was looked at stands.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, Held, Observation, Wanted};
use crate::backend::microsoft::ErrorKind;
use crate::backend::microsoft::Service;
use crate::backend::microsoft::permission::Area;
use crate::backend::microsoft::probe::Fact;

/// How a thing stands, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth knowing; these files do not suffer from it.
    Note,
    /// It may make a plan incomplete or an apply slow.
    Warning,
    /// It will make a plan incomplete or an apply fail.
    Problem,
}

/// From so many seconds on a clock is far off.
const FAR_OFF: u64 = 60;
/// From so many seconds on a clock is so far off that tokens and windows of assignments go wrong: the service takes no
/// end that is less than five minutes ahead (docs/service.md: schedules-1).
const TOO_FAR_OFF: u64 = 300;
/// So few requests that are left in a bucket of ARM are few: it fills up again with 10 to 25 a second
/// (docs/service.md: limits-1).
const FEW: u64 = 20;

/// How an observation stands for these files.
pub(super) fn of(observation: &Observation, wanted: &Wanted) -> Level {
    match observation {
        Observation::Fact(fact) => of_fact(fact, wanted),
        Observation::OtherTenant { .. } => Level::Problem,
        Observation::Permissions(_, Held::All(_)) => Level::Good,
        Observation::Permissions(_, Held::Without(_)) => Level::Problem,
        Observation::Permissions(_, Held::NotSaid) | Observation::AzureActions(_) | Observation::NoFiles => Level::Note,
        Observation::Licence(answer) | Observation::Opened(answer) => match answer {
            Answer::Yes => Level::Good,
            Answer::No => Level::Problem,
            Answer::Unknown => Level::Warning,
        },
        Observation::Paging(0) => Level::Note,
        Observation::Paging(_) => Level::Good,
    }
}

fn of_fact(fact: &Fact, wanted: &Wanted) -> Level {
    match fact {
        Fact::SignIn(_, Ok(_)) => Level::Good,
        Fact::SignIn(Service::Arm, Err(_)) if !wants_azure(wanted) => Level::Note,
        Fact::SignIn(_, Err(_)) => Level::Problem,
        Fact::Collection(_, _, Ok(seen)) if !seen.lacking.is_empty() => Level::Problem,
        Fact::Collection(_, _, Ok(seen)) if !seen.strange.is_empty() => Level::Warning,
        Fact::Collection(_, _, Ok(_)) => Level::Good,
        Fact::Collection(area, _, Err(error)) => {
            let always = matches!(error.kind, ErrorKind::Unlicensed | ErrorKind::NeverOpened);
            if always || wanted.read.contains(area) || stands_for_objects(*area, wanted) {
                Level::Problem
            } else {
                Level::Note
            }
        }
        Fact::Rules { unknown, .. } if !unknown.is_empty() => Level::Warning,
        Fact::Rules { .. } => Level::Good,
        Fact::OtherRoleIds(ids) if ids.is_empty() => Level::Good,
        Fact::OtherRoleIds(_) | Fact::NotLookedAt(_) | Fact::ScopesLeft(_) => Level::Note,
        Fact::Observed(_, observed) => {
            let off = observed.ahead.map_or(0, i64::unsigned_abs);
            let tight = observed.remaining.is_some_and(|left| left < FEW) || observed.used.is_some();
            if off >= TOO_FAR_OFF {
                Level::Problem
            } else if off >= FAR_OFF || tight {
                Level::Warning
            } else {
                Level::Good
            }
        }
    }
}

/// Names of principals are looked up in all three, whichever the files name.
fn stands_for_objects(area: Area, wanted: &Wanted) -> bool {
    wanted.read.contains(&Area::Objects) && matches!(area, Area::Users | Area::Groups | Area::ServicePrincipals)
}

fn wants_azure(wanted: &Wanted) -> bool {
    wanted.permissions.is_none() || wanted.read.contains(&Area::AzureRoles)
}
