//! Puts targets together from lists that each say a part of them.
//!
//! What one answer lacks or contradicts makes exactly the targets concerned unreadable; a target is never taken for empty
//! because an answer was.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

use serde_json::Value;

use super::error::ServiceError;
use super::rules;
use super::schedules::{self, Concern, Found, Reading, ScheduleError};
use super::wire;
use crate::model::{
    Approval, Approver, Current, Kind, Names, PrincipalId, Row, Settings, Sort, Surface, Target, TargetRead,
    TargetState,
};

/// Why something could not be read, with a way out: a reason stands alone in a plan, without a help line.
pub(super) fn why(error: &ServiceError) -> String {
    match error.help() {
        Some(help) => format!("{error}; {help}"),
        None => error.to_string(),
    }
}

/// Targets, half read.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    settings: BTreeMap<Target, Arc<Settings<Current>>>,
    rows: BTreeMap<Target, Vec<Row>>,
    broken: BTreeMap<Target, Arc<str>>,
    /// What Azure says of principals that are no users, groups or service principals of this tenant.
    sorts: BTreeMap<PrincipalId, Sort>,
    notes: BTreeSet<String>,
    /// What was met in the settings of targets and left alone, with these targets.
    noted: BTreeMap<String, BTreeSet<Target>>,
    missing: BTreeSet<String>,
}

impl Assembly {
    /// Says what could not be listed, so that nobody can say what of it is missing.
    pub(super) fn lacks(&mut self, what: impl Into<String>) {
        self.missing.insert(what.into());
    }

    /// What could not be listed.
    pub(super) fn missing(&self) -> &BTreeSet<String> {
        &self.missing
    }

    /// Says what was met and left alone.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.insert(note.into());
    }

    /// Says what was met and left alone.
    pub(super) fn notes(&mut self, notes: impl IntoIterator<Item = String>) {
        self.notes.extend(notes);
    }

    /// Says why a target cannot be read. The first reason counts.
    pub(super) fn broken(&mut self, target: &Target, why: impl Display) {
        self.broken.entry(target.clone()).or_insert_with(|| why.to_string().into());
    }

    /// Says why none of these targets can be read.
    pub(super) fn all_broken<'a>(&mut self, targets: impl IntoIterator<Item = &'a Target>, why: impl Display) {
        for target in targets {
            self.broken(target, &why);
        }
    }

    /// Takes the rules of a target's policy.
    pub(super) fn policy(&mut self, target: Target, rules: &[Value]) {
        match rules::read(rules) {
            Ok((settings, notes)) => {
                self.noted(&target, notes);
                self.settings(target, Arc::new(settings));
            }
            Err(error) => self.broken(&target, error),
        }
    }

    /// Says what was met in the settings of a target and left alone.
    pub(super) fn noted(&mut self, target: &Target, notes: impl IntoIterator<Item = String>) {
        for note in notes {
            self.noted.entry(note).or_default().insert(target.clone());
        }
    }

    /// Takes the settings of a target.
    pub(super) fn settings(&mut self, target: Target, settings: Arc<Settings<Current>>) {
        self.settings.insert(target, settings);
    }

    /// What schedules mean. What makes no sense makes unreadable what it may belong to of that which the list is `about`.
    pub(super) fn schedules<'a>(
        &mut self,
        surface: Surface,
        kind: Kind,
        list: impl IntoIterator<Item = Value>,
        about: impl Fn() -> Vec<&'a Target>,
    ) -> Vec<Found> {
        let mut all = Vec::new();
        for schedule in list {
            self.sorts.extend((surface == Surface::Azure).then(|| sort_of_principal(&schedule)).flatten());
            match schedules::read(surface, kind, &schedule) {
                Ok(Reading::Found(found)) => all.push(*found),
                Ok(Reading::Nothing) => {}
                Err(error) => self.nonsense(&error, &about()),
            }
        }
        all
    }

    /// Says what an assignment that cannot be read makes unreadable, or that it is about something else.
    fn nonsense(&mut self, error: &ScheduleError, about: &[&Target]) {
        let concerned: Vec<&Target> = about.iter().copied().filter(|target| error.concern.covers(target)).collect();
        if concerned.is_empty() {
            self.note(format!("{error}; it is about nothing that was asked for, and left alone"));
        }
        if let Concern::Target(target) = &error.concern {
            self.broken(target, error);
        }
        self.all_broken(concerned, error);
    }

    /// Takes an assignment.
    pub(super) fn row(&mut self, target: Target, row: Row) {
        self.rows.entry(target).or_default().push(row);
    }

    /// Takes all that another one has.
    pub(super) fn extend(&mut self, other: Self) {
        self.settings.extend(other.settings);
        for (target, rows) in other.rows {
            self.rows.entry(target).or_default().extend(rows);
        }
        for (target, why) in other.broken {
            self.broken.entry(target).or_insert(why);
        }
        self.sorts.extend(other.sorts);
        self.notes.extend(other.notes);
        for (note, targets) in other.noted {
            self.noted.entry(note).or_default().extend(targets);
        }
        self.missing.extend(other.missing);
    }

    /// What Azure says that a principal is, where that is no user, group or service principal.
    pub(super) fn sort(&self, principal: PrincipalId) -> Option<&Sort> {
        self.sorts.get(&principal)
    }

    /// The targets that settings are known of.
    pub(super) fn with_settings(&self) -> impl Iterator<Item = (&Target, &Settings<Current>)> {
        self.settings.iter().map(|(target, settings)| (target, &**settings))
    }

    /// The targets that assignments were found at, with these.
    pub(super) fn with_rows(&self) -> impl Iterator<Item = (&Target, &[Row])> {
        self.rows.iter().map(|(target, rows)| (target, rows.as_slice()))
    }

    /// The targets that cannot be read.
    pub(super) fn with_reasons(&self) -> impl Iterator<Item = &Target> {
        self.broken.keys()
    }

    /// Every principal that occurs at these targets, approvers included.
    pub(super) fn principals<'a>(
        &'a self,
        targets: impl Fn(&Target) -> bool + 'a,
    ) -> impl Iterator<Item = PrincipalId> + 'a {
        let approvers =
            self.settings.iter().filter_map(|(target, settings)| match settings.activation.approval.known() {
                Some(Approval::Required(approvers)) => Some((target, approvers.iter().map(Approver::principal))),
                Some(Approval::NotRequired | Approval::DefaultApprovers) | None => None,
            });
        let approvers = approvers.map(|(target, principals)| (target, principals.collect::<Vec<_>>()));
        let rows = self.rows.iter();
        let rows = rows.map(|(target, rows)| (target, rows.iter().map(|row| row.key.principal).collect::<Vec<_>>()));
        approvers.chain(rows).filter(move |(target, _)| targets(target)).flat_map(|(_, principals)| principals)
    }

    /// Makes unreadable what one of these principals has an assignment at.
    pub(super) fn without(&mut self, unknown: &BTreeSet<PrincipalId>, why: &str) {
        let concerned: Vec<Target> = self
            .rows
            .iter()
            .filter(|(_, rows)| rows.iter().any(|row| unknown.contains(&row.key.principal)))
            .map(|(target, _)| target.clone())
            .collect();
        self.all_broken(&concerned, why);
    }

    /// The targets, and the notes. `exists` says which of those of which nothing was read should have been there.
    pub(super) fn finish(
        self,
        targets: impl IntoIterator<Item = Target>,
        exists: impl Fn(&Target) -> bool,
        names: &Names<'_>,
    ) -> (BTreeMap<Target, TargetRead>, BTreeSet<String>) {
        let Self { mut settings, mut rows, mut broken, mut notes, noted, sorts: _, missing: _ } = self;
        notes.extend(noted.into_iter().map(|(note, targets)| at_targets(&note, &targets, names)));
        let mut reads = BTreeMap::new();
        for target in targets {
            let read = match (broken.remove(&target), settings.remove(&target), rows.remove(&target)) {
                (Some(why), _, _) => TargetRead::Unreadable(why),
                (None, Some(settings), rows) => {
                    TargetRead::Present(TargetState { settings, rows: ordered(rows.unwrap_or_default()) })
                }
                (None, None, None) if !exists(&target) => continue,
                (None, None, _) if target.surface() == Surface::Groups => {
                    TargetRead::Unreadable("the service did not say what its settings are".into())
                }
                // Who holds it must not be left out in silence.
                (None, None, Some(rows)) if !rows.is_empty() => {
                    TargetRead::Unreadable(TargetRead::HELD_WITHOUT_SETTINGS.into())
                }
                // docs/service.md: rows-5
                (None, None, _) => TargetRead::WithoutSettings,
            };
            reads.insert(target, read);
        }
        (reads, notes)
    }
}

/// A note with the first of the targets that it is about, and how many more there are.
fn at_targets(note: &str, targets: &BTreeSet<Target>, names: &Names<'_>) -> String {
    let first = targets.iter().map(|target| names.target(target)).min().unwrap_or_default();
    match targets.len() {
        0 | 1 => format!("{note}: `{first}`"),
        several => format!("{note}: `{first}` and {} more", several - 1),
    }
}

/// Who a schedule of Azure is for, and what it says that this is, where the directory of this tenant may not know it: a
/// group of another tenant, say. `Unknown` is Azure's word for what it does not find. (docs/service.md: principals-6)
fn sort_of_principal(schedule: &Value) -> Option<(PrincipalId, Sort)> {
    const OF_DIRECTORY: [&str; 4] = ["User", "Group", "ServicePrincipal", "Unknown"];
    let properties = schedule.get("properties")?;
    let word = wire::field(properties, "principalType")?;
    let is_known = OF_DIRECTORY.iter().any(|known| known.eq_ignore_ascii_case(word));
    let id = wire::field(properties, "principalId")?.parse().ok()?;
    (!is_known).then(|| (id, Sort::new(word)))
}

/// Rows in their order, each once. The same person may have several windows (docs/service.md: rows-3).
fn ordered(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by_key(|row| (row.key, row.origin, row.window));
    rows.dedup();
    rows
}

#[cfg(test)]
mod tests;
