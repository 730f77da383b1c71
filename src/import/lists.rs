//! Which assignments of a target can be declared.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{End, Entry};
use super::left::{Leaving, Why};
use super::tenant::Source;
use crate::model::{
    AssignmentKey, AssignmentScope, Kind, Origin, PrincipalId, PrincipalKind, Row, Surface, Target, Time,
};

/// The two lists of one target.
pub(super) struct Lists<'s> {
    source: &'s Source<'s>,
    target: &'s Target,
    address: &'s str,
    /// True when an assignment stays that the lists do not name.
    pub(super) additive: bool,
    /// True when anybody holds something here.
    pub(super) any: bool,
    /// Who is named.
    pub(super) named: BTreeSet<PrincipalId>,
}

impl<'s> Lists<'s> {
    pub(super) fn new(source: &'s Source<'s>, target: &'s Target, address: &'s str) -> Self {
        Self { source, target, address, additive: false, any: false, named: BTreeSet::new() }
    }

    /// The entries of one kind. Nothing where nothing of it is asked for.
    pub(super) fn list(&mut self, kind: Kind, rows: &[Row], left: &mut Leaving) -> Option<Vec<Entry>> {
        let whole = self.source.filter.covers(&format!("{}/{kind}", self.address));
        let mut entries = Vec::new();
        let mut others = 0;
        let mut some = whole;
        let now = self.source.now;
        let mut first: BTreeMap<AssignmentKey, &Row> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.origin.is_assigned() && !row.window.is_over(now)) {
            let one = first.entry(row.key).or_insert(row);
            if row.precedence(now) < one.precedence(now) {
                *one = row;
            }
        }
        for row in rows.iter().filter(|row| row.key.kind == kind) {
            let address = self.source.addresses.assignment(self.address, &row.key);
            let asked = whole || self.source.filter.covers(&address);
            let over = row.window.is_over(self.source.now);
            if !asked {
                // The list names a part only, and must not take the rest away.
                self.additive |= row.origin.is_assigned() && !over;
                continue;
            }
            match row.origin {
                Origin::Activated | Origin::Inherited | Origin::ThroughGroup => others += 1,
                _ if over => left.say(address, Why::Ended, ended(row.window.end)),
                Origin::OutsidePim => {
                    (self.any, some) = (true, true);
                    left.add(address, Why::OutsidePim);
                }
                Origin::Assigned if first.get(&row.key).is_some_and(|first| *first != row) => {
                    left.say(address, Why::OtherWindow, self.other(row));
                }
                Origin::Assigned => {
                    (self.any, some) = (true, true);
                    match self.entry(row) {
                        Ok(entry) => {
                            self.named.insert(row.key.principal);
                            entries.push(entry);
                        }
                        Err(why) => {
                            // No plan touches an assignment over one object, declared or not.
                            self.additive |= why != Why::OneObject;
                            left.add(address, why);
                        }
                    }
                }
            }
        }
        if others > 0 {
            left.say(format!("{}/{kind}", self.address), Why::NotOurs, format!("{others} of them"));
        }
        entries.sort_by_cached_key(|entry| (entry.who.name.order(), entry.who.kind, entry.unit.clone()));
        // A part of a list that names nobody says nothing.
        if whole || some { Some(entries).filter(|entries| whole || !entries.is_empty()) } else { None }
    }

    fn other(&self, row: &Row) -> String {
        let start = row.window.start.filter(|_| row.window.is_ahead(self.source.now));
        let from = start.map(|start| format!("from {} ", start.date())).unwrap_or_default();
        let until = row.window.end.map_or_else(|| "without an end".to_owned(), |end| format!("until {}", end.date()));
        format!("assigned once more, {from}{until}, which cannot be declared beside the other")
    }

    fn entry(&self, row: &Row) -> Result<Entry, Why> {
        let names = &self.source.names;
        let surface = self.target.surface();
        let unit = match row.key.scope {
            AssignmentScope::Whole => None,
            AssignmentScope::Object(_) => return Err(Why::OneObject),
            AssignmentScope::AdministrativeUnit(id) if surface == Surface::Directory => Some(names.unit(id)?),
            AssignmentScope::AdministrativeUnit(_) => return Err(Why::UnknownUnit),
        };
        let who = names.who(row.key.principal)?;
        if who.kind == PrincipalKind::ServicePrincipal && row.key.kind == Kind::Eligible {
            return Err(Why::EligibleService);
        }
        let facts = names.principal(row.key.principal).and_then(|principal| principal.group());
        if surface == Surface::Directory && facts.is_some_and(|facts| facts.role_assignable.is_no()) {
            return Err(Why::NotRoleAssignable);
        }
        if self.target.group() == Some(row.key.principal) {
            return Err(Why::InItself);
        }
        let condition = row.condition.clone();
        if condition.is_some() && surface != Surface::Azure {
            return Err(Why::OddCondition);
        }
        let (start, end) = self.times(row)?;
        Ok(Entry { who, unit, start, end, justification: None, condition })
    }

    /// A start that has passed means nothing more; one that lies ahead has to be said, or the assignment would be
    /// brought forward.
    fn times(&self, row: &Row) -> Result<(Option<Time>, End), Why> {
        let start = row.window.start.filter(|_| row.window.is_ahead(self.source.now));
        let end = row.window.end.map_or(End::Permanent, End::Until);
        let late = |time: Option<Time>| time.is_some_and(|time| time > Time::LATEST);
        let backwards = matches!((start, row.window.end), (Some(start), Some(end)) if start >= end);
        if late(start) || late(row.window.end) || backwards { Err(Why::OddTimes) } else { Ok((start, end)) }
    }
}

fn ended(end: Option<Time>) -> String {
    end.map_or_else(|| Why::Ended.words().to_owned(), |end| format!("it ended on {}", end.date()))
}
