//! Drift, for people and for the programs that look after them.

mod json;
mod junit;
mod markdown;
mod sarif;
mod text;

pub use json::{DriftFile, drift_json, drift_schema};
pub use junit::drift_junit;
pub use markdown::drift_markdown;
pub use sarif::drift_sarif;
pub use text::drift_text;

use std::fmt::Write as _;

use super::words;
use crate::drift::{Attribution, Drift, FieldDrift, Item, ItemKind};
use crate::model::{Direction, Names};
use crate::runs::Standing;

/// What happened, in two or three words; for what is not applied yet, what is to happen.
fn label(item: &Item) -> &'static str {
    match item.kind {
        ItemKind::Changed if !item.is_drift() => "to change",
        ItemKind::AddedOutside if !item.is_drift() => "to remove",
        ItemKind::RemovedOutside | ItemKind::Expired if !item.is_drift() => "to grant",
        ItemKind::Changed => "changed",
        ItemKind::AddedOutside => "added outside",
        ItemKind::RemovedOutside => "removed outside",
        ItemKind::Expired => "expired",
        ItemKind::OutsidePim => "made outside PIM",
        ItemKind::RenewalDue => "renewal due",
    }
}

/// The same as an id for programs.
fn id(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Changed => "changed",
        ItemKind::AddedOutside => "added-outside",
        ItemKind::RemovedOutside => "removed-outside",
        ItemKind::Expired => "expired",
        ItemKind::OutsidePim => "made-outside-pim",
        ItemKind::RenewalDue => "renewal-due",
    }
}

/// What is there against what is declared: `declared permanent, found until 2027-01-01T00:00:00Z`.
fn difference(item: &Item) -> String {
    match item.kind {
        ItemKind::Changed if !item.fields.is_empty() => {
            super::count(item.fields.len(), "field differs", "fields differ")
        }
        ItemKind::AddedOutside | ItemKind::OutsidePim => format!("{}, {}", item.found, item.declared),
        ItemKind::RemovedOutside | ItemKind::Expired => format!("declared {}, {}", item.declared, item.found),
        _ => format!("declared {}, found {}", item.declared, item.found),
    }
}

/// `activation.max_duration: declared 1h, found 4h, looser`
fn field(field: &FieldDrift, names: &Names) -> String {
    let direction = match field.direction {
        Direction::Loosens => ", looser",
        Direction::Neutral => "",
        Direction::Tightens => ", tighter",
    };
    let (declared, found) = (words::of(&field.declared, names), words::of(&field.found, names));
    format!("{}: declared {declared}, found {found}{direction}", field.field)
}

/// `ada@contoso.example, 2026-11-21T09:12:00Z: Update role setting in PIM`
fn who(by: &Attribution) -> String {
    let reason = by.reason.as_ref().map(|reason| format!(", because \"{reason}\"")).unwrap_or_default();
    format!("{}, {}: {}{reason}", by.who, by.at, by.activity)
}

/// Where nobody is named.
const UNKNOWN: &str = "By somebody whom no audit log names";

/// One sentence that says how it stands.
fn verdict(drift: &Drift) -> String {
    let (drifted, waiting) = (drift.drifted().count(), drift.not_applied().count());
    let since = match &drift.since {
        Some(since) => format!(" since {}", since.at),
        None => String::new(),
    };
    let mut text = match drifted {
        0 => format!("No drift{since}."),
        _ if drift.since.is_none() => {
            format!("{} between the files and the tenant.", super::count(drifted, "difference", "differences"))
        }
        _ => format!("Drift{since}: {}.", super::count(drifted, "difference", "differences")),
    };
    if waiting > 0 {
        let changes = super::count(waiting, "change", "changes");
        let _ = write!(text, " {changes} of the files not applied yet.");
    }
    if !drift.unread.is_empty() {
        let fields = drift.unread.iter().filter(|(address, _)| address.ends_with("/settings")).count();
        let counted = [(drift.unread.len() - fields, "target", "targets"), (fields, "field", "fields")];
        let counted = counted.into_iter().filter(|(count, ..)| *count > 0);
        let counted: Vec<String> = counted.map(|(count, one, many)| super::count(count, one, many)).collect();
        let _ = write!(text, " {} could not be read.", counted.join(" and "));
    }
    text
}

/// True when it is not known whether the files or the tenant changed.
fn is_unknown(item: &Item) -> bool {
    item.standing == Standing::Unknown
}
