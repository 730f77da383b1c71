//! A plan in a sentence or two.

use crate::model::Shift;
use crate::plan::{Operation, Plan, Summary, Verdict};

use super::view::{Cell, SpanKind, Tone};
use super::{sections, validation, words};

/// `12 steps. Access: 2 removed, 3 granted. Settings: 5 fields at 2 targets, 1 loosens.`
pub(super) fn sentence<'a>(plan: &'a Plan, verdict: &Verdict) -> Cell<'a> {
    let summary = Summary::of(plan);
    let mut cell = if plan.steps.is_empty() { nothing(plan, &summary) } else { something(plan, &summary) };
    if summary.blocked > 0 {
        cell = cell.and_words(" ").and(
            SpanKind::Words,
            Tone::Change,
            format!("Blocked: {}.", words::thousands(summary.blocked)),
        );
    }
    if let Some(asked) = validation::sentence(plan) {
        cell = cell.and_words(asked);
    }
    let mut refused: Vec<&str> = verdict.refused().map(|violation| violation.guard.id()).collect();
    refused.dedup();
    if refused.is_empty() {
        cell
    } else {
        cell.and(SpanKind::Words, Tone::Bad, " Refused by ").and_name(refused.join(", ")).and_words(".")
    }
}

fn nothing<'a>(plan: &'a Plan, summary: &Summary) -> Cell<'a> {
    if summary.blocked > 0 {
        return Cell::words("No changes to what could be read of tenant ")
            .and_cell(sections::tenant(plan))
            .and_words(".");
    }
    if !plan.only.is_empty() {
        return Cell::words("No changes to this part of tenant ").and_cell(sections::tenant(plan)).and_words(".");
    }
    Cell::words("No changes: tenant ").and_cell(sections::tenant(plan)).and_words(" is as the policy files declare.")
}

fn something<'a>(plan: &Plan, summary: &Summary) -> Cell<'a> {
    let (operations, settings) = (&summary.operations, &summary.settings);
    let shifts = |wanted| {
        let shift = |operation: &Operation| {
            matches!(operation, Operation::Update { shift, .. } if *shift == wanted) && !sections::widens(operation)
        };
        plan.steps.iter().filter(|step| shift(&step.operation)).count()
    };
    let widened = plan.steps.iter().filter(|step| sections::widens(&step.operation)).count();
    let cell = Cell::words(words::count(plan.steps.len(), "step", "steps") + ".");
    let cell = list(
        cell,
        "Access",
        &[
            (operations.remove + operations.remove_member, "removed", Tone::Bad),
            (shifts(Shift::Shortens), "shortened", Tone::Bad),
            (widened, if widened == 1 { "loses its condition" } else { "lose their condition" }, Tone::Bad),
            (operations.assign + operations.add_member, "granted", Tone::Good),
            (shifts(Shift::Extends), "extended", Tone::Good),
            (shifts(Shift::Keeps), "changed", Tone::Change),
        ],
    );
    let cell = list(
        cell,
        "Settings",
        &[
            (settings.loosens, if settings.loosens == 1 { "field loosens" } else { "fields loosen" }, Tone::Bad),
            (settings.tightens, if settings.tightens == 1 { "tightens" } else { "tighten" }, Tone::Good),
            (settings.neutral, "neutral", Tone::Plain),
        ],
    );
    list(cell, "Groups", &[(operations.create_group, "created", Tone::Good)])
}

/// ` Access: 2 removed, 3 granted.`, without what there is none of.
fn list<'a>(mut cell: Cell<'a>, name: &str, parts: &[(usize, &'static str, Tone)]) -> Cell<'a> {
    let mut before = format!(" {name}: ");
    for (number, word, tone) in parts.iter().filter(|(number, ..)| *number > 0) {
        let text = format!("{} {word}", words::thousands(*number));
        cell = cell.and_words(std::mem::replace(&mut before, ", ".to_owned())).and(SpanKind::Words, *tone, text);
    }
    if before == ", " { cell.and_words(".") } else { cell }
}
