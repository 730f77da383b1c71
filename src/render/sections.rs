//! Fills the view: what stands in which section, grouped by what it is about.

use std::collections::BTreeMap;

use crate::model::Shift;
use crate::model::time::DayEdge;
use crate::model::{AssignmentKey, GroupCreation, Kind, PrincipalId, Surface};
use crate::plan::{Effect, ObservationKind, Operation, Plan, Reason, Step, Verdict, Violation};

use super::view::{Block, Cell, Detail, Line, Mark, Section, SectionKind, SpanKind, Title, Tone, View};
use super::{settings, summary, validation, words};

/// How many addresses a guard names; all of them stand in the sections below.
const ADDRESSES_OF_A_GUARD: usize = 5;

impl<'a> View<'a> {
    /// Everything there is to say about a plan.
    pub(super) fn new(plan: &'a Plan, verdict: &'a Verdict) -> Self {
        let sections =
            guards(verdict).chain(validation::sections(plan)).chain(steps(plan)).chain(observations(plan)).collect();
        Self {
            title: Cell::words("Plan for tenant ").and_cell(tenant(plan)),
            facts: facts(plan),
            outcome: outcome(plan, verdict),
            sections,
            summary: summary::sentence(plan, verdict),
        }
    }
}

/// `0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z`: names of tenants are not unique.
fn facts<'a>(plan: &Plan) -> Cell<'a> {
    let text = format!("{}, made {}", plan.tenant, words::time(plan.made_at, DayEdge::Start));
    let cell = Cell::default().and(SpanKind::Words, Tone::Dim, text);
    // A reader must not take a part for the whole.
    if plan.only.is_empty() { cell } else { cell.and_words(", only ").and_name(plan.only.join(", ")) }
}

fn outcome(plan: &Plan, verdict: &Verdict) -> &'static str {
    match (verdict.is_refused(), plan.steps.is_empty()) {
        (true, _) => "refused",
        (false, true) => "no changes",
        (false, false) => "changes",
    }
}

/// The name of the tenant, or its id.
pub(super) fn tenant(plan: &Plan) -> Cell<'_> {
    match &plan.tenant_name {
        Some(name) => Cell::name(&**name),
        None => Cell::name(plan.tenant.to_string()),
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Guards

fn guards(verdict: &Verdict) -> impl Iterator<Item = Section<'_>> + use<'_> {
    let refused = verdict.refused().map(|violation| guard(violation, Mark::Bang, "to apply it all the same: "));
    let allowed = verdict.overridden().map(|violation| guard(violation, Mark::Tilde, "allowed by "));
    [untitled(SectionKind::Refused, refused.collect()), untitled(SectionKind::Allowed, allowed.collect())]
        .into_iter()
        .flatten()
}

fn guard<'a>(violation: &'a Violation, mark: Mark, flag: &'static str) -> Line<'a> {
    let shown = violation.addresses.iter().take(ADDRESSES_OF_A_GUARD);
    let mut details: Vec<_> = shown.map(|address| Detail::of(Cell::name(address.as_str()))).collect();
    let more = violation.addresses.len().saturating_sub(ADDRESSES_OF_A_GUARD);
    if more > 0 {
        details.push(Detail::of(Cell::words(format!("… and {} more", words::thousands(more)))));
    }
    details.push(Detail::of(Cell::words(flag).and_name(violation.guard.flag())));
    Line {
        mark,
        lead: vec![Cell::name(violation.guard.id())],
        rest: vec![Cell::message(&violation.message)],
        place: None,
        details,
    }
}

pub(super) fn untitled(kind: SectionKind, lines: Vec<Line<'_>>) -> Option<Section<'_>> {
    (!lines.is_empty()).then(|| Section { kind, blocks: vec![Block { titles: Vec::new(), lines }] })
}

impl<'a> Detail<'a> {
    /// A detail without a mark.
    pub(super) fn of(cell: Cell<'a>) -> Self {
        Self { mark: Mark::None, cell }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Steps

/// Targets in the order of surfaces and addresses.
type TargetKey<'a> = (Surface, &'a str);
/// Lines in the order of kinds and names.
type LineKey<'a> = (Option<Kind>, &'a str);

/// Lines by target.
type AccessOf<'a> = BTreeMap<TargetKey<'a>, Vec<(LineKey<'a>, Line<'a>)>>;
/// Targets, with where they are declared, by what changes: those with the same changes share one block.
type SettingsOf<'a> = BTreeMap<Vec<Line<'a>>, Vec<(TargetKey<'a>, Option<String>)>>;

#[derive(Default)]
struct Sorted<'a> {
    access: BTreeMap<SectionKind, AccessOf<'a>>,
    settings: BTreeMap<SectionKind, SettingsOf<'a>>,
    groups: Vec<Line<'a>>,
}

fn steps(plan: &Plan) -> Vec<Section<'_>> {
    let mut sorted = Sorted::default();
    for step in &plan.steps {
        sorted.add(plan, step);
    }
    let Sorted { access, settings, groups } = sorted;
    let mut sections: Vec<Section<'_>> = access.into_iter().map(|(kind, targets)| of_access(kind, targets)).collect();
    sections.extend(settings.into_iter().map(|(kind, blocks)| of_settings(kind, blocks)));
    sections.extend(untitled(SectionKind::Groups, groups));
    sections.sort_by_key(|section| section.kind);
    sections
}

impl<'a> Sorted<'a> {
    fn add(&mut self, plan: &'a Plan, step: &'a Step) {
        let target = (step.operation.surface(), target_of(step));
        match &step.operation {
            Operation::CreateGroup { create, .. } => self.groups.push(creation(step, create)),
            Operation::UpdateSettings { changes, .. } => {
                let (kind, lines) = settings::lines(plan, changes);
                let place = step.declared_at.as_ref().map(words::place);
                self.settings.entry(kind).or_default().entry(lines).or_default().push((target, place));
            }
            _ => {
                let lines = self.access.entry(access_section(&step.operation)).or_default().entry(target).or_default();
                lines.push(access(plan, step));
            }
        }
    }
}

fn access_section(operation: &Operation) -> SectionKind {
    match (operation, operation.effect()) {
        (_, Effect::Loses) => SectionKind::Loses,
        (Operation::Update { condition_was, condition, .. }, _) if condition_was != condition => {
            SectionKind::Conditions
        }
        (Operation::Update { .. }, _) => SectionKind::InPlace,
        _ => SectionKind::Gains,
    }
}

fn of_access(kind: SectionKind, targets: AccessOf<'_>) -> Section<'_> {
    let blocks = targets.into_iter().map(|((_, name), mut lines)| {
        lines.sort_by_key(|(key, line)| (!line.mark.is_urgent(), *key));
        let lines = lines.into_iter().map(|(_, line)| line).collect();
        Block { titles: vec![Title { name, place: None }], lines }
    });
    let mut blocks: Vec<Block<'_>> = blocks.collect();
    blocks.sort_by_key(|block| !block.lines.iter().any(|line| line.mark.is_urgent()));
    Section { kind, blocks }
}

fn of_settings(kind: SectionKind, blocks: SettingsOf<'_>) -> Section<'_> {
    let mut blocks: Vec<_> = blocks.into_iter().collect();
    for (_, targets) in &mut blocks {
        targets.sort();
    }
    blocks.sort_by(|(_, a), (_, b)| a.cmp(b));
    let blocks = blocks.into_iter().map(|(lines, targets)| {
        let titles = targets.into_iter().map(|((_, name), place)| Title { name, place }).collect();
        Block { titles, lines }
    });
    Section { kind, blocks: blocks.collect() }
}

/// The part of a step's address that names the target. Slashes in names are encoded, so parts can be counted.
fn target_of(step: &Step) -> &str {
    let own_parts = match &step.operation {
        Operation::CreateGroup { .. } => 0,
        Operation::UpdateSettings { .. } | Operation::AddMember { .. } | Operation::RemoveMember { .. } => 1,
        Operation::Assign { assignment, .. }
        | Operation::Update { assignment, .. }
        | Operation::Remove { assignment, .. } => 2 + usize::from(!assignment.scope.is_whole()),
    };
    step.address.rsplitn(own_parts + 1, '/').nth(own_parts).unwrap_or(&step.address)
}

fn who(operation: &Operation) -> Option<PrincipalId> {
    match operation {
        Operation::AddMember { principal, .. } | Operation::RemoveMember { principal, .. } => Some(*principal),
        _ => operation.assignment().map(|key| key.principal),
    }
}

/// A line about who gains or loses what.
fn access<'a>(plan: &'a Plan, step: &'a Step) -> (LineKey<'a>, Line<'a>) {
    let kind = step.operation.assignment().map(|key| key.kind);
    let who = who(&step.operation);
    let name = who.and_then(|id| plan.principals.get(&id));
    let mut lead = Vec::with_capacity(3);
    lead.extend(kind.map(|kind| match kind {
        Kind::Eligible => Cell::words("eligible"),
        Kind::Active => Cell::words("active"),
    }));
    lead.extend(who.map(|id| words::principal(id, name)));
    lead.push(scope(step));
    let line = Line {
        mark: mark(&step.operation),
        lead,
        rest: vec![when(plan, step), Cell::words(words::reason(&step.reason))],
        place: step.declared_at.as_ref().map(words::place),
        details: details(&step.operation).into_iter().chain(validation::detail(step)).collect(),
    };
    ((kind, name.map_or("", |name| &name.label)), line)
}

fn mark(operation: &Operation) -> Mark {
    match access_section(operation) {
        // Without its condition the access reaches further.
        _ if widens(operation) => Mark::Bang,
        SectionKind::Loses => Mark::Minus,
        SectionKind::InPlace | SectionKind::Conditions => Mark::Tilde,
        _ => Mark::Plus,
    }
}

/// True where an assignment loses its condition.
pub(super) fn widens(operation: &Operation) -> bool {
    matches!(operation, Operation::Update { condition_was: Some(_), condition: None, .. })
}

/// What becomes of the condition, in words.
fn condition_change<'a>(operation: &Operation) -> Cell<'a> {
    match operation {
        Operation::Update { condition_was: None, condition: Some(_), .. } => Cell::words("condition added"),
        Operation::Update { condition_was: Some(_), condition: None, .. } => {
            Cell::default().and(SpanKind::Words, Tone::Bad, "condition removed, so it reaches further")
        }
        Operation::Update { condition_was: Some(was), condition: Some(is), .. } if was != is => {
            Cell::words("condition changes")
        }
        _ => Cell::default(),
    }
}

/// `in administrativeUnit:Sales`, as the address calls it.
fn scope(step: &Step) -> Cell<'_> {
    let part = |_: &AssignmentKey| step.address.rsplit('/').next();
    match step.operation.assignment().filter(|key| !key.scope.is_whole()).and_then(part) {
        Some(part) => Cell::words("in ").and_name(part),
        None => Cell::default(),
    }
}

/// When it will be, or was.
pub(super) fn when<'a>(plan: &Plan, step: &Step) -> Cell<'a> {
    match &step.operation {
        Operation::Assign { schedule, .. } => {
            let allowed = if step.reason == Reason::MissingAsAllowed { ", as the settings allow" } else { "" };
            Cell::words(words::schedule(schedule, plan.made_at) + allowed)
        }
        Operation::Remove { was, also, .. } => {
            let all = std::iter::once(was).chain(also).map(|window| words::window(window, plan.made_at));
            let windows = all.collect::<Vec<_>>().join("; ");
            let count = if also.is_empty() { String::new() } else { format!(" (all {})", also.len() + 1) };
            Cell::words(format!("was {windows}{count}"))
        }
        Operation::Update { shift: Shift::Keeps, .. } if step.reason == Reason::ConditionDiffers => {
            condition_change(&step.operation)
        }
        Operation::Update { shift, was, schedule, .. } => {
            let (word, tone) = match shift {
                Shift::Shortens => ("shortened", Tone::Bad),
                Shift::Keeps => ("moved", Tone::Change),
                Shift::Extends => ("extended", Tone::Good),
            };
            let (before, after) = (words::window(was, plan.made_at), words::schedule(schedule, plan.made_at));
            let moved = Cell::default().and(SpanKind::Words, tone, word).and_words(format!(": {before} -> {after}"));
            let condition = condition_change(&step.operation);
            if condition.is_empty() { moved } else { moved.and_words("; ").and_cell(condition) }
        }
        _ => Cell::default(),
    }
}

fn details(operation: &Operation) -> Vec<Detail<'_>> {
    let (justification, ticket, was, condition, mark) = match operation {
        Operation::Assign { justification, ticket, condition, .. } => {
            (justification, ticket, &None, condition, Mark::None)
        }
        Operation::Update { justification, ticket, condition_was, condition, .. } => {
            (justification, ticket, condition_was, condition, Mark::Plus)
        }
        _ => return Vec::new(),
    };
    let mut details = Vec::new();
    if let Some(text) = justification {
        details.push(Detail::of(Cell::words("justification: ").and_words(&**text)));
    }
    if let Some(ticket) = ticket {
        let system = ticket.system.as_deref().map(|system| format!(" in {system}")).unwrap_or_default();
        details.push(Detail::of(Cell::words("ticket: ").and_words(&*ticket.number).and_words(system)));
    }
    match (was, condition) {
        (Some(was), Some(condition)) if was != condition => {
            details.push(Detail::of(settings::word_difference("condition: ", &was.0, &condition.0)));
        }
        (None, Some(condition)) => details.push(plain_condition(mark, &condition.0)),
        (Some(was), None) => details.push(plain_condition(Mark::Minus, &was.0)),
        _ => {}
    }
    details
}

fn plain_condition(mark: Mark, text: &str) -> Detail<'_> {
    Detail { mark, cell: Cell::words("condition: ").and_words(text) }
}

fn creation<'a>(step: &'a Step, create: &'a GroupCreation) -> Line<'a> {
    let assignable = if create.role_assignable { "may hold directory roles" } else { "" };
    let description =
        create.description.as_deref().map(|text| Detail::of(Cell::words("description: ").and_words(text)));
    Line {
        mark: Mark::Plus,
        lead: vec![Cell::name(step.address.as_str())],
        rest: vec![Cell::words(assignable)],
        place: step.declared_at.as_ref().map(words::place),
        details: description.into_iter().collect(),
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Observations

fn observations(plan: &Plan) -> impl Iterator<Item = Section<'_>> + use<'_> {
    let mut kinds: BTreeMap<SectionKind, Vec<Line<'_>>> = BTreeMap::new();
    for observation in &plan.observations {
        kinds.entry(section_of(observation.kind)).or_default().push(Line {
            mark: Mark::None,
            lead: vec![Cell::name(observation.address.as_str())],
            rest: vec![Cell::message(&observation.detail)],
            place: observation.declared_at.as_ref().map(words::place),
            details: Vec::new(),
        });
    }
    kinds.into_iter().filter_map(|(kind, lines)| untitled(kind, lines))
}

fn section_of(kind: ObservationKind) -> SectionKind {
    match kind {
        ObservationKind::Blocked => SectionKind::Blocked,
        ObservationKind::OutsidePim => SectionKind::OutsidePim,
        ObservationKind::Kept => SectionKind::Kept,
        ObservationKind::Ended => SectionKind::Ended,
        ObservationKind::LeftAsIs => SectionKind::LeftAsIs,
        ObservationKind::Unmanaged => SectionKind::Unmanaged,
        ObservationKind::Note => SectionKind::Notes,
    }
}
