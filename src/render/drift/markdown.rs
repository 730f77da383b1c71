//! Drift as Markdown, for an issue.

use std::fmt::Write as _;

use super::super::escape::{code, prose};
use super::{UNKNOWN, difference, field, label, verdict, who};
use crate::drift::{Attribution, Drift, Item};
use crate::model::Names;

/// How many differences are listed: an issue has room for 65 536 characters.
const LISTED: usize = 150;

/// For an issue: the same as the text, with everything from the tenant in code spans.
pub fn drift_markdown(drift: &Drift, names: &Names) -> String {
    let mut out = String::new();
    let tenant = drift.tenant_name.as_deref().map_or_else(|| drift.tenant.to_string(), str::to_owned);
    let _ = writeln!(out, "### Drift in tenant {}\n\n{}\n", code(&tenant), prose(&verdict(drift)));
    let commit = drift.since.as_ref().and_then(|since| since.commit.as_deref());
    let commit = commit.map(|commit| format!(", files of commit {}", code(commit))).unwrap_or_default();
    let _ = writeln!(out, "<sub>{}, read {}{commit}</sub>", drift.tenant, drift.read_at);
    let mut last: Option<Option<&Attribution>> = None;
    for item in drift.drifted().take(LISTED) {
        if last != Some(item.by.as_ref()) {
            last = Some(item.by.as_ref());
            let head = item.by.as_ref().map_or(UNKNOWN.to_owned(), |by| format!("By {}", prose(&who(by))));
            let _ = writeln!(out, "\n#### {head}\n");
        }
        one(&mut out, item, names);
    }
    let more = drift.drifted().count().saturating_sub(LISTED);
    if more > 0 {
        let _ =
            writeln!(out, "\n{} not listed here.", super::super::count(more, "more difference", "more differences"));
    }
    folded(&mut out, "In the files, and not applied yet", &drift.not_applied().collect::<Vec<_>>(), names);
    folded(&mut out, "To be extended by the next apply", &drift.renewals().collect::<Vec<_>>(), names);
    if !drift.expiring.is_empty() {
        let _ = writeln!(out, "\n<details><summary>Ends soon ({})</summary>\n", drift.expiring.len());
        for row in drift.expiring.iter().take(LISTED) {
            let renews = if row.renews { ", to be extended" } else { "" };
            let _ = writeln!(out, "- {} {}{renews}", row.ends, code(&row.address));
        }
        out += "\n</details>\n";
    }
    if !drift.unread.is_empty() {
        let _ = writeln!(out, "\n#### Could not be read ({})\n", drift.unread.len());
        for (address, why) in drift.unread.iter().take(LISTED) {
            let _ = writeln!(out, "- {}: {}", code(address), prose(why));
        }
    }
    for note in &drift.notes {
        let _ = writeln!(out, "\n> {}", prose(note));
    }
    out
}

fn folded(out: &mut String, head: &str, items: &[&Item], names: &Names) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n<details><summary>{head} ({})</summary>\n", items.len());
    for item in items.iter().take(LISTED) {
        one(out, item, names);
    }
    *out += "\n</details>\n";
}

fn one(out: &mut String, item: &Item, names: &Names) {
    let place = item.declared_at.as_ref();
    let place = place
        .map(|place| format!(" <sub>{}</sub>", code(&format!("{}:{}", place.file, place.line))))
        .unwrap_or_default();
    let _ = writeln!(out, "- **{}** {}: {}{place}", label(item), code(&item.address), prose(&difference(item)));
    for drifted in &item.fields {
        let _ = writeln!(out, "  - {}", prose(&field(drifted, names)));
    }
}
