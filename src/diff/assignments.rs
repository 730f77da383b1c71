//! Compares the declared assignments of one kind with the rows of a target.

use std::collections::BTreeSet;

use super::Compared;
use super::schedule::{Comparison, Wanted};
use crate::model::{
    AssignmentKey, AssignmentScope, DesiredAssignment, DesiredEnding, DesiredList, DesiredTarget, Directory, Ending,
    Expiry, Kind, Origin, Ownership, Row, Schedule, Shift, Time, Window,
};

/// How one assignment differs.
#[derive(Debug)]
pub enum AssignmentDiff<'a> {
    /// Declared, and not in the tenant.
    Missing {
        /// What is declared.
        declared: &'a DesiredAssignment,
        /// What to ask for.
        wanted: Wanted,
        /// When the one that was there ended.
        ended: Option<Time>,
    },
    /// In the tenant, but not as declared.
    Differs {
        /// What is declared.
        declared: &'a DesiredAssignment,
        /// What to ask for.
        wanted: Wanted,
        /// What the tenant has.
        row: &'a Row,
        /// In what it differs.
        how: How,
    },
    /// In the tenant, and not in a list that is complete.
    Undeclared {
        /// What the tenant has.
        row: &'a Row,
        /// Its other windows, which go with it.
        also: Vec<&'a Row>,
        /// True when it becomes the other kind: the principal has that already, or gets it at once.
        converted: bool,
    },
}

/// In what an assignment differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It begins or ends at another time.
    Schedule(Shift),
    /// It ends within the declared window for renewal.
    Renewal {
        /// When it ends.
        ends: Time,
    },
    /// Its condition is another one.
    Condition,
}

/// An assignment that was looked at and left.
#[derive(Debug)]
pub struct Left<'a> {
    /// What it is.
    pub key: AssignmentKey,
    /// Where it is declared, if it is.
    pub declared: Option<&'a DesiredAssignment>,
    /// Why it was left.
    pub reason: LeftReason,
}

/// Why an assignment was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftReason {
    /// The list is additive.
    Additive,
    /// It is held outside PIM and not declared.
    OutsidePim,
    /// It is held outside PIM on other terms than declared.
    OutsidePimOtherwise,
    /// It is for one object only, which the files cannot say.
    OneObject,
    /// It is not declared, unless by an entry whose name the tenant does not have.
    MayBeMeant,
    /// It is declared until a time that has passed.
    EndReached(Time),
    /// It is declared until a time that has passed, but runs on.
    EndReachedButRunning {
        /// The declared end.
        declared: Time,
        /// The end that it has.
        runs_until: Option<Time>,
    },
    /// It is to last as long as the settings allow, and nobody can say how long that is.
    LengthUnknown,
    /// It is there as declared, but the settings would not allow it today.
    BeyondSettings(Expiry),
    /// It is there once more, at other times than those that are declared.
    OtherWindow {
        /// When.
        window: Window,
        /// What becomes of what the list does not declare.
        ownership: Ownership,
    },
    /// It is to be extended, but the settings do not allow its length any more.
    RenewalBeyondSettings {
        /// When it ends.
        ends: Time,
        /// What the settings allow.
        allowed: Expiry,
    },
}

pub(super) fn diff<'a>(
    out: &mut Compared<'a>,
    declared_target: &'a DesiredTarget,
    kind: Kind,
    rows: &'a [Row],
    directory: &Directory,
    now: Time,
) {
    let all_rows = rows;
    let first = rows.partition_point(|row| row.key.kind < kind);
    let rows = rows.get(first..).unwrap_or_default();
    let rows = rows.get(..rows.partition_point(|row| row.key.kind <= kind)).unwrap_or_default();
    match declared_target.list(kind) {
        DesiredList::Unmanaged => {
            let ours = rows.iter().filter(|row| row.origin.is_assigned() && !row.window.is_over(now)).count();
            if ours > 0 {
                out.unmanaged.push((kind, ours));
            }
        }
        DesiredList::Managed { ownership, assignments, unresolved, .. } => {
            for declared in assignments {
                declared_one(out, declared, *ownership, rows, now);
            }
            let other = Other { list: declared_target.list(kind.other()), rows: all_rows };
            // Who becomes the other kind may be misspelt there.
            let unresolved = || unresolved.iter().chain(declared_target.list(kind.other()).unresolved());
            let may_mean =
                |row: &Row| unresolved().any(|entry| entry.may_mean(row.key.principal, &row.key.scope, directory));
            undeclared(out, *ownership, &Listed { declared: assignments, may_mean: &may_mean }, &other, rows, now);
        }
    }
}

/// The rows with this key, whatever their origin.
fn rows_of<'a>(rows: &'a [Row], key: &AssignmentKey) -> impl Iterator<Item = &'a Row> + Clone {
    let first = rows.partition_point(|row| row.key < *key);
    let key = *key;
    rows.iter().skip(first).take_while(move |row| row.key == key)
}

fn declared_one<'a>(
    out: &mut Compared<'a>,
    declared: &'a DesiredAssignment,
    ownership: Ownership,
    rows: &'a [Row],
    now: Time,
) {
    let allowed = out.settings_after.assignment(declared.key.kind).expire_after.known().copied();
    let mut left = |reason| out.left.push(Left { key: declared.key, declared: Some(declared), reason });
    let (mut there, mut ended, mut outside) = (Vec::new(), None, None);
    for row in rows_of(rows, &declared.key) {
        match row.origin {
            Origin::Assigned if row.window.is_over(now) => ended = row.window.end,
            Origin::Assigned => there.push(row),
            Origin::OutsidePim if !row.window.is_over(now) => outside = Some(row),
            Origin::OutsidePim | Origin::Activated | Origin::Inherited | Origin::ThroughGroup => {}
        }
    }
    // What is there is as long as the settings allowed, whatever they allow now.
    let current = || there.iter().min_by_key(|row| row.precedence(now)).map(|row| Wanted::as_found(&row.window, now));
    let Some(wanted) = Wanted::new(&declared.schedule, allowed, now).or_else(current) else {
        return left(LeftReason::LengthUnknown);
    };
    // Of several windows one can be the declared one: the one that fits, else the first of them.
    there.sort_by_key(|row| (how(declared, &wanted, row, now).is_some(), row.precedence(now)));
    let running = there.first().copied();
    for other in there.iter().skip(1) {
        left(LeftReason::OtherWindow { window: other.window, ownership });
    }
    if let DesiredEnding::Until(end) = declared.schedule.end
        && wanted.is_over(now)
    {
        left(match running {
            Some(row) => LeftReason::EndReachedButRunning { declared: end, runs_until: row.window.end },
            None => LeftReason::EndReached(end),
        });
        return;
    }
    match (running, outside) {
        (Some(row), _) => existing(out, declared, wanted, row, allowed, now),
        // What somebody has for ever outside PIM is what `permanent` asks for; asking again would be refused.
        (None, Some(row)) if satisfies_outside_pim(row, declared, &wanted, now) => {}
        (None, Some(_)) => left(LeftReason::OutsidePimOtherwise),
        (None, None) => out.assignments.push(AssignmentDiff::Missing { declared, wanted, ended }),
    }
}

fn satisfies_outside_pim(row: &Row, declared: &DesiredAssignment, wanted: &Wanted, now: Time) -> bool {
    wanted.schedule == Schedule { start: None, end: Ending::Permanent }
        && row.window.end.is_none()
        && !row.window.is_ahead(now)
        && row.condition == declared.condition
}

/// In what an assignment differs from what is declared.
fn how(declared: &DesiredAssignment, wanted: &Wanted, row: &Row, now: Time) -> Option<How> {
    match wanted.compare(&row.window, now) {
        Comparison::Differs(shift) => Some(How::Schedule(shift)),
        Comparison::Renew { ends } => Some(How::Renewal { ends }),
        Comparison::Same if row.condition != declared.condition => Some(How::Condition),
        Comparison::Same => None,
    }
}

fn existing<'a>(
    out: &mut Compared<'a>,
    declared: &'a DesiredAssignment,
    wanted: Wanted,
    row: &'a Row,
    allowed: Option<Expiry>,
    now: Time,
) {
    let too_long = allowed.filter(|allowed| exceeds(&wanted, *allowed, now));
    let how = how(declared, &wanted, row, now);
    if let Some(How::Renewal { ends }) = how
        && let Some(allowed) = too_long
    {
        let reason = LeftReason::RenewalBeyondSettings { ends, allowed };
        out.left.push(Left { key: declared.key, declared: Some(declared), reason });
    } else if let Some(how) = how {
        let wanted = if how == How::Condition { wanted.as_it_is(&row.window, now) } else { wanted };
        out.assignments.push(AssignmentDiff::Differs { declared, wanted, row, how });
    } else if let Some(allowed) = too_long {
        let reason = LeftReason::BeyondSettings(allowed);
        out.left.push(Left { key: declared.key, declared: Some(declared), reason });
    }
}

/// True when the settings would refuse such an assignment if it were asked for.
pub(crate) fn exceeds(wanted: &Wanted, allowed: Expiry, now: Time) -> bool {
    let Expiry::After(longest) = allowed else { return false };
    match wanted.schedule.end {
        Ending::Permanent => true,
        Ending::After(length) => length > longest,
        Ending::Until(end) => wanted.schedule.start.unwrap_or(now).until(end) > longest,
    }
}

/// The list of the other kind, to tell what merely becomes the other kind from what goes.
struct Other<'a> {
    list: &'a DesiredList,
    rows: &'a [Row],
}

impl Other<'_> {
    /// True when the plan leaves the principal with the other kind in effect: it has it, or gets it at once.
    fn takes_over(&self, compared: &Compared, row: &Row, now: Time) -> bool {
        let key = AssignmentKey { kind: row.key.kind.other(), ..row.key };
        let Some(declared) = self.list.get(&key) else { return false };
        let allowed = compared.settings_after.assignment(key.kind).expire_after.known().copied();
        let wanted = Wanted::new(&declared.schedule, allowed, now);
        let mut rows = rows_of(self.rows, &key).filter(|row| !row.window.is_over(now));
        let outside = rows.clone().any(|row| row.origin == Origin::OutsidePim);
        let there = rows.any(|row| row.origin.is_assigned());
        match wanted {
            Some(wanted) => !wanted.is_over(now) && wanted.schedule.start.is_none() && (there || !outside),
            None => there,
        }
    }
}

/// What a list names.
struct Listed<'l> {
    /// Those that were found.
    declared: &'l [DesiredAssignment],
    /// Whether an entry that was not found may mean the holder of a row.
    may_mean: &'l dyn Fn(&Row) -> bool,
}

fn undeclared<'a>(
    out: &mut Compared<'a>,
    ownership: Ownership,
    listed: &Listed<'_>,
    other: &Other,
    rows: &'a [Row],
    now: Time,
) {
    let Listed { declared, may_mean } = listed;
    let is_declared = |row: &Row| declared.binary_search_by(|assignment| assignment.key.cmp(&row.key)).is_ok();
    for row in rows.iter().filter(|row| !row.window.is_over(now) && !is_declared(row)) {
        let left = |reason| Left { key: row.key, declared: None, reason };
        match (row.origin, ownership) {
            // No file could declare it, so its absence from the list says nothing.
            (Origin::Assigned, _) if matches!(row.key.scope, AssignmentScope::Object(_)) => {
                out.left.push(left(LeftReason::OneObject));
            }
            (Origin::Assigned, Ownership::Complete) if may_mean(row) => out.left.push(left(LeftReason::MayBeMeant)),
            (Origin::Assigned, Ownership::Complete) => {
                // A removal takes all windows of somebody along.
                if let Some(AssignmentDiff::Undeclared { row: first, also, .. }) = out.assignments.last_mut()
                    && first.key == row.key
                {
                    also.push(row);
                    continue;
                }
                let converted = other.takes_over(out, row, now);
                out.assignments.push(AssignmentDiff::Undeclared { row, also: Vec::new(), converted });
            }
            (Origin::Assigned, Ownership::Additive) => out.left.push(left(LeftReason::Additive)),
            (Origin::OutsidePim, _) => out.left.push(left(LeftReason::OutsidePim)),
            (Origin::Activated | Origin::Inherited | Origin::ThroughGroup, _) => {}
        }
    }
}

/// True when somebody has the target, and everybody who has it is to lose it. What comes new does not count.
pub(super) fn leaves_nobody(compared: &Compared, rows: &[Row], now: Time) -> bool {
    let going: BTreeSet<&AssignmentKey> = compared
        .assignments
        .iter()
        .filter_map(|difference| match difference {
            AssignmentDiff::Undeclared { row, .. } => Some(&row.key),
            _ => None,
        })
        .collect();
    let stays = |row: &Row| {
        !row.window.is_over(now)
            && match row.origin {
                Origin::Assigned => !going.contains(&row.key),
                Origin::OutsidePim | Origin::Inherited => true,
                Origin::Activated | Origin::ThroughGroup => false,
            }
    };
    !going.is_empty() && !rows.iter().any(stays)
}
