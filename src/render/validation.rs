//! What came of asking the service whether it would take the steps of a plan.

use std::collections::BTreeMap;

use crate::plan::{Plan, Step, Validation};

use super::sections::untitled;
use super::view::{Cell, Detail, Line, Mark, Section, SectionKind, SpanKind, Tone};
use super::words;

/// How many steps are named that the service gave the same answer for.
const NAMED: usize = 5;

/// What the service said of a step that it would refuse, below the line of the step.
pub(super) fn detail(step: &Step) -> Option<Detail<'_>> {
    let Some(Validation::Refused { .. }) = &step.validation else { return None };
    let text = "the service would refuse this: see above";
    Some(Detail { mark: Mark::Bang, cell: Cell::default().and(SpanKind::Words, Tone::Bad, text) })
}

/// What the service would refuse, and what it gave no answer for.
pub(super) fn sections(plan: &Plan) -> impl Iterator<Item = Section<'_>> + use<'_> {
    let mut refused = Vec::new();
    let mut unanswered: BTreeMap<(&str, Option<&str>), Vec<&str>> = BTreeMap::new();
    for step in &plan.steps {
        match &step.validation {
            Some(Validation::Refused { message, help, .. }) => refused.push(Line {
                mark: Mark::Bang,
                lead: vec![Cell::name(step.address.as_str())],
                rest: Vec::new(),
                place: step.declared_at.as_ref().map(words::place),
                details: [Some(Cell::words(message.as_str())), help.as_deref().map(way_out)]
                    .into_iter()
                    .flatten()
                    .map(Detail::of)
                    .collect(),
            }),
            Some(Validation::Unanswered { message, help }) => {
                unanswered.entry((message, help.as_deref())).or_default().push(&step.address);
            }
            _ => {}
        }
    }
    let unanswered = unanswered.into_iter().map(|((message, help), addresses)| {
        let more = addresses.len().saturating_sub(NAMED);
        let more = (more > 0).then(|| Cell::words(format!("… and {} more", words::thousands(more))));
        let named = addresses.into_iter().take(NAMED).map(Cell::name);
        Line {
            mark: Mark::None,
            lead: vec![Cell::words(message)],
            rest: Vec::new(),
            place: None,
            details: help.map(way_out).into_iter().chain(named).chain(more).map(Detail::of).collect(),
        }
    });
    let sections =
        [untitled(SectionKind::RefusedByService, refused), untitled(SectionKind::Unanswered, unanswered.collect())];
    sections.into_iter().flatten()
}

fn way_out(help: &str) -> Cell<'_> {
    Cell::words("help: ").and_cell(Cell::message(help))
}

/// `Asked the service: 4 would be taken, 1 would be refused.` Nothing where nothing was asked.
pub(super) fn sentence(plan: &Plan) -> Option<String> {
    let count = |sort: fn(&Validation) -> bool| {
        plan.steps.iter().filter(|step| step.validation.as_ref().is_some_and(sort)).count()
    };
    let taken = count(|validation| *validation == Validation::Passed);
    let refused = count(Validation::is_refused);
    let unanswered = count(|validation| matches!(validation, Validation::Unanswered { .. }));
    if taken + refused + unanswered == 0 {
        return None;
    }
    let later = count(|validation| matches!(validation, Validation::After { .. }));
    let without = count(|validation| *validation == Validation::NoDryRun);
    let part = |count: usize, text: &str| (count > 0).then(|| format!("{} {text}", words::thousands(count)));
    let parts: Vec<String> = [
        part(taken, "would be taken"),
        part(refused, "would be refused"),
        part(unanswered, "got no answer"),
        part(later, if later == 1 { "waits for another step first" } else { "wait for other steps first" }),
        part(without, if without == 1 { "has no dry run" } else { "have no dry run" }),
    ]
    .into_iter()
    .flatten()
    .collect();
    Some(format!(" Asked the service: {}.", parts.join(", ")))
}
