//! Changes of settings, field by field.

use std::collections::BTreeSet;

use similar::{Algorithm, ChangeTag};

use crate::model::settings::FieldChange;
use crate::model::{Approval, Approver, Changes, Direction, Mail, Recipients, Settings, Value};
use crate::plan::Plan;

use super::view::{Cell, Detail, Line, Mark, SectionKind, SpanKind, Tone};
use super::words;

/// One line for each changed field, and the section that they belong to.
pub(super) fn lines<'a>(plan: &'a Plan, changes: &Settings<Changes>) -> (SectionKind, Vec<Line<'a>>) {
    let list = changes.list();
    let loosens = list.iter().any(|change| change.direction == Direction::Loosens);
    let kind = if loosens { SectionKind::Loosens } else { SectionKind::Settings };
    let mut lines: Vec<Line<'_>> = list.iter().map(|change| line(plan, change)).collect();
    // What loosens comes first; for the rest the order of the fields stays.
    lines.sort_by_key(|line| !line.mark.is_urgent());
    (kind, lines)
}

fn line<'a>(plan: &'a Plan, change: &FieldChange) -> Line<'a> {
    let (mark, tone, word) = match change.direction {
        Direction::Loosens => (Mark::Bang, Tone::Bad, "loosens"),
        Direction::Neutral => (Mark::Tilde, Tone::Plain, ""),
        Direction::Tightens => (Mark::Tilde, Tone::Good, "tightens"),
    };
    let (before, after) = (Side::of(&change.before, plan), Side::of(&change.after, plan));
    let details = if before.is_list() || after.is_list() { difference(&before, &after) } else { Vec::new() };
    let old_to_new = match (&before, &after) {
        (Side::Set { noun, .. }, Side::Set { .. }) if !details.is_empty() => Cell::words(format!("{noun} change")),
        _ => before.cell().and_words(" -> ").and_cell(after.cell()),
    };
    Line {
        mark,
        lead: vec![Cell::name(change.field.to_string())],
        rest: vec![old_to_new, Cell::default().and(SpanKind::Words, tone, word)],
        place: None,
        details,
    }
}

/// A value before or after the change.
enum Side<'a> {
    /// In a word.
    One(Cell<'a>),
    /// A set, and what its members are called.
    Set { members: BTreeSet<Cell<'a>>, noun: &'static str },
}

impl<'a> Side<'a> {
    fn of(value: &Value, plan: &'a Plan) -> Self {
        match value {
            Value::Approval(Approval::Required(approvers)) => {
                Self::set(approvers.iter().map(|approver| named(plan, approver)), "approvers")
            }
            Value::Recipients(Recipients(mails)) => {
                Self::set(mails.iter().map(|mail: &Mail| Cell::name(mail.to_string())), "addresses")
            }
            scalar => Self::One(Cell::words(words::scalar(scalar).unwrap_or_default())),
        }
    }

    fn set(members: impl Iterator<Item = Cell<'a>>, noun: &'static str) -> Self {
        Self::Set { members: members.collect(), noun }
    }

    fn cell(&self) -> Cell<'a> {
        match self {
            Self::One(cell) => cell.clone(),
            Self::Set { members, noun } => match (members.len(), members.first()) {
                (1, Some(member)) => member.clone(),
                (0, _) => Cell::words("none"),
                (number, _) => Cell::words(format!("{number} {noun}")),
            },
        }
    }

    /// True when the cell cannot name all members.
    fn is_list(&self) -> bool {
        self.members().nth(1).is_some()
    }

    fn members(&self) -> impl Iterator<Item = &Cell<'a>> {
        let members = match self {
            Self::One(_) => None,
            Self::Set { members, .. } => Some(members),
        };
        members.into_iter().flatten()
    }

    fn contains(&self, member: &Cell<'a>) -> bool {
        matches!(self, Self::Set { members, .. } if members.contains(member))
    }
}

fn named(plan: &Plan, approver: Approver) -> Cell<'_> {
    let id = approver.principal();
    words::principal(id, plan.principals.get(&id))
}

/// Who is in one of two sets only.
fn difference<'a>(before: &Side<'a>, after: &Side<'a>) -> Vec<Detail<'a>> {
    let gone = before.members().filter(|member| !after.contains(member)).map(|member| (Mark::Minus, member));
    let come = after.members().filter(|member| !before.contains(member)).map(|member| (Mark::Plus, member));
    gone.chain(come).map(|(mark, member)| Detail { mark, cell: member.clone() }).collect()
}

/// Both texts in one: `[-gone-]`, `{+come+}`, and long stretches that stay cut out.
pub(super) fn word_difference<'a>(label: &'static str, before: &'a str, after: &'a str) -> Cell<'a> {
    let mut cell = Cell::words(label);
    let mut gone = false;
    for (tag, text) in similar::utils::diff_words(Algorithm::Myers, before, after) {
        cell = match tag {
            ChangeTag::Equal => cell.and_words(shortened(text)),
            ChangeTag::Delete => cell.and(SpanKind::Words, Tone::Bad, format!("[-{text}-]")),
            ChangeTag::Insert => {
                cell.and(SpanKind::Words, Tone::Good, format!("{}{{+{text}+}}", if gone { " " } else { "" }))
            }
        };
        gone = tag == ChangeTag::Delete;
    }
    cell
}

/// The ends of a text that stays the same, which are enough to find the place.
fn shortened(text: &str) -> String {
    const CONTEXT: usize = 40;
    let length = text.chars().count();
    if length <= 3 * CONTEXT {
        return text.to_owned();
    }
    let head: String = text.chars().take(CONTEXT).collect();
    let tail: String = text.chars().skip(length - CONTEXT).collect();
    format!("{head} … {tail}")
}
