//! Words for what was looked at and left.

use super::ObservationKind;
use crate::diff::LeftReason;
use crate::model::settings::Unknown;
use crate::model::{Desired, Field, Kind, Ownership, Unresolved, Window};

/// For what an additive list keeps.
pub(super) const KEPT: &str = "not declared; kept, because the list is additive";

/// Why a removal is blocked whose other half cannot be done.
pub(super) const REPLACEMENT_BLOCKED: &str =
    "declared as the other kind, and that is blocked, so this stays until it can be granted";

/// What becomes of a protected name that nobody has.
pub(super) fn unprotected(desired: &Desired, unresolved: &Unresolved) -> &'static str {
    if desired.could_be_protected(unresolved) {
        "whom the name could mean stays protected"
    } else {
        "no name in what was read is like it, so it protects nobody"
    }
}

/// For a target without settings that only `"*"` speaks of.
pub(super) const PASSED_OVER: &str = "it has no settings of PIM yet, so `\"*\"` passes it over";

/// For what an entry may mean that names nobody.
pub(super) const MAY_BE_MEANT: &str =
    "not declared, unless by an entry whose name the tenant does not have; not removed until that is clear";

/// For an assignment that was left.
pub(super) fn left(reason: LeftReason) -> (ObservationKind, String) {
    match reason {
        LeftReason::Additive => (ObservationKind::Kept, KEPT.to_owned()),
        LeftReason::OutsidePim => (
            ObservationKind::OutsidePim,
            "not declared; assigned outside PIM, so pimform does not remove it".to_owned(),
        ),
        LeftReason::OutsidePimOtherwise => (
            ObservationKind::Blocked,
            "assigned outside PIM on other terms than declared; remove that assignment first".to_owned(),
        ),
        LeftReason::OneObject => {
            (ObservationKind::Kept, "for one object only, which the files cannot declare; left as it is".to_owned())
        }
        LeftReason::OtherWindow { window, ownership: Ownership::Complete } => (
            ObservationKind::Blocked,
            format!(
                "assigned once more, {}; the service cannot take back one of several alone, so take that one back by hand",
                times(&window)
            ),
        ),
        LeftReason::OtherWindow { window, ownership: Ownership::Additive } => (
            ObservationKind::Kept,
            format!("assigned once more, {}; kept, because the list is additive", times(&window)),
        ),
        LeftReason::MayBeMeant => (ObservationKind::Blocked, MAY_BE_MEANT.to_owned()),
        LeftReason::EndReached(end) => {
            (ObservationKind::Ended, format!("declared until {}, which has passed; nothing to do", end.date()))
        }
        LeftReason::EndReachedButRunning { .. } => {
            (ObservationKind::Blocked, "declared until a date that has passed, but still running".to_owned())
        }
        LeftReason::RenewalBeyondSettings { ends, allowed } => (
            ObservationKind::Blocked,
            format!(
                "ends {} and is to be extended, but its settings allow at most {allowed}; shorten `for:` or raise `expire_after`",
                ends.date()
            ),
        ),
        LeftReason::LengthUnknown => (
            ObservationKind::Blocked,
            "it is to last as long as its settings allow, and how long that is could not be read; give it a length"
                .to_owned(),
        ),
        LeftReason::BeyondSettings(allowed) => (
            ObservationKind::LeftAsIs,
            format!("lasts longer than the settings allow today (at most {allowed}); left as it is"),
        ),
    }
}

/// For a setting that is declared while nobody can say what it is.
pub(super) fn undecided(field: Field, unknown: &Unknown) -> String {
    format!("`{field}` {unknown}; pimform does not write over what it does not know, and all else goes on")
}

/// For a setting that is not declared and of which nobody can say what it is.
pub(super) fn unknown(field: Field, unknown: &Unknown) -> String {
    format!("`{field}` {unknown}, which pimform does not know; it is left alone")
}

/// For a list that is not declared.
pub(super) fn unmanaged(kind: Kind, count: usize) -> String {
    let noun = if count == 1 { "assignment" } else { "assignments" };
    format!("{count} {kind} {noun}, not looked after: the files have no `{kind}:` list here")
}

/// When something is, in words.
pub(crate) fn times(window: &Window) -> String {
    let start = window.start.map_or_else(|| "since ever".to_owned(), |start| format!("from {}", start.date()));
    let end = window.end.map_or_else(|| "without an end".to_owned(), |end| format!("until {}", end.date()));
    format!("{start} {end}")
}
