//! Drift as text.

use std::fmt::Write as _;

use super::super::{Style, visible};
use super::{UNKNOWN, difference, field, label, verdict, who};
use crate::drift::{Attribution, Drift, Item};
use crate::model::Names;

/// For people: by who and when, then what is not applied yet, then what ends soon.
pub fn drift_text(drift: &Drift, names: &Names, style: Style) -> String {
    let mut out = String::new();
    let tenant = drift.tenant_name.as_deref().map_or(String::new(), |name| format!("{name}  "));
    let _ = writeln!(out, "Tenant {}{}, read {}", visible(&tenant), drift.tenant, drift.read_at);
    if let Some(since) = &drift.since {
        let commit = since.commit.as_deref().map(|commit| format!(", commit {commit}")).unwrap_or_default();
        let run = since.run.as_ref().map(|run| format!(", run {run}")).unwrap_or_default();
        let _ = writeln!(out, "Last as the files say: {}{run}{}", since.at, visible(&commit));
    }
    let mut last: Option<Option<&Attribution>> = None;
    for item in drift.drifted() {
        if last != Some(item.by.as_ref()) {
            last = Some(item.by.as_ref());
            let head = item.by.as_ref().map_or(UNKNOWN.to_owned(), |by| format!("By {}", who(by)));
            let _ = writeln!(out, "\n{}", paint(&visible(&head), anstyle::AnsiColor::Red, style));
        }
        one(&mut out, item, names);
    }
    section(&mut out, "In the files, and not applied yet", drift.not_applied(), names);
    section(&mut out, "To be extended by the next apply", drift.renewals(), names);
    if !drift.expiring.is_empty() {
        let _ = writeln!(out, "\nEnds soon ({})", drift.expiring.len());
        for row in &drift.expiring {
            let renews = if row.renews { ", to be extended" } else { "" };
            let _ = writeln!(out, "  {}  {}{renews}", row.ends, visible(&row.address));
        }
    }
    if !drift.unread.is_empty() {
        let _ = writeln!(out, "\nCould not be read ({})", drift.unread.len());
        for (address, why) in &drift.unread {
            let _ = writeln!(out, "  {}\n    {}", visible(address), visible(why));
        }
    }
    for note in &drift.notes {
        let _ = writeln!(out, "\nnote: {}", visible(note));
    }
    let _ = writeln!(out, "\n{}", verdict(drift));
    out
}

fn section<'i>(out: &mut String, head: &str, items: impl Iterator<Item = &'i Item>, names: &Names) {
    let items: Vec<&Item> = items.collect();
    if items.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{head} ({})", items.len());
    for item in items {
        one(out, item, names);
    }
}

fn one(out: &mut String, item: &Item, names: &Names) {
    let place = item.declared_at.as_ref().map(|place| format!("  {}:{}", place.file, place.line)).unwrap_or_default();
    let line = format!("  {:<16} {}: {}{place}", label(item), item.address, difference(item));
    let _ = writeln!(out, "{}", visible(&line));
    for drifted in &item.fields {
        let _ = writeln!(out, "      {}", visible(&field(drifted, names)));
    }
}

fn paint(text: &str, color: anstyle::AnsiColor, style: Style) -> String {
    let painted = color.on_default();
    if style.color { format!("{painted}{text}{painted:#}") } else { text.to_owned() }
}
