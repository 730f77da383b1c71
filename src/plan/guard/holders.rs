//! A role that would be left without anybody.

use std::collections::{BTreeMap, BTreeSet};

use super::super::verdict::{GuardId, Violation};
use super::super::{Effect, Operation, Step};
use super::{View, holder};
use crate::model::{
    Access, Answer, AssignmentKey, AssignmentScope, GroupRead, Kind, Origin, PrincipalDetail, PrincipalId, RoleId, Row,
    Surface, Target, TargetRead, Time, Window,
};

/// Whoever is active in this role can restore everybody else, so somebody must be without activating.
const GLOBAL_ADMINISTRATOR: RoleId = RoleId::new(uuid::uuid!("62e90394-69f5-4237-9190-012177145e10"));

impl View<'_> {
    /// Groups of which it matters who is in them, and of which nobody has read it: those that hold a role that somebody
    /// loses, and those that are in such groups.
    pub(super) fn groups_to_read(&self) -> BTreeSet<PrincipalId> {
        let losing: BTreeSet<&Target> = self.losses().filter_map(|step| step.operation.target()).collect();
        let mut ahead: Vec<PrincipalId> = Vec::new();
        for target in losing {
            if let Some(TargetRead::Present(state)) = self.snapshot.targets.get(target) {
                ahead.extend(state.rows.iter().map(|row| row.key.principal));
            }
        }
        let (mut seen, mut unread) = (BTreeSet::new(), BTreeSet::new());
        while let Some(id) = ahead.pop() {
            let group = self.desired.directory.principal(id).and_then(|principal| principal.group());
            if group.is_none_or(|facts| facts.planned) || !seen.insert(id) {
                continue;
            }
            if self.snapshot.groups.contains_key(&id) {
                ahead.extend(self.members(id));
            } else {
                unread.insert(id);
            }
        }
        unread
    }

    pub(super) fn last_administrator(&self) -> Vec<Violation> {
        let mut changed: BTreeMap<&Target, Vec<&Step>> = BTreeMap::new();
        for step in &self.plan.steps {
            if let Some(target) = step.operation.target() {
                changed.entry(target).or_default().push(step);
            }
        }
        // A role also changes when a group that holds it loses its last member.
        let emptied = self.emptied_groups();
        for (target, read) in &self.snapshot.targets {
            let holds = |row: &Row| emptied.contains_key(&row.key.principal);
            if matches!(read, TargetRead::Present(state) if state.rows.iter().any(holds)) {
                changed.entry(target).or_default();
            }
        }
        let roles = changed.into_iter().filter(|(target, _)| target.surface() != Surface::Groups);
        let mut violations: Vec<Violation> =
            roles.filter_map(|(target, steps)| self.last_of_role(target, &steps, &emptied)).collect();
        violations.extend(emptied.iter().filter_map(|(group, losing)| self.emptied_role_holder(*group, losing)));
        violations
    }

    /// A group that may hold directory roles may hold some that the files do not name, and that were not read.
    fn emptied_role_holder(&self, group: PrincipalId, losing: &[String]) -> Option<Violation> {
        let facts = self.desired.directory.principal(group)?.group()?;
        let holds = |read: &TargetRead| matches!(read, TargetRead::Present(state) if state.rows.iter().any(|row| row.key.principal == group));
        if facts.role_assignable.is_no() || self.snapshot.targets.values().any(holds) {
            return None;
        }
        let message = format!(
            "nobody would be left in `group/{}`, which may hold directory roles that were not read",
            self.names.group(group)
        );
        Some(Violation { guard: GuardId::LastAdministrator, message, addresses: losing.to_vec() })
    }

    fn last_of_role(
        &self,
        target: &Target,
        steps: &[&Step],
        emptied: &BTreeMap<PrincipalId, Vec<String>>,
    ) -> Option<Violation> {
        let Some(TargetRead::Present(state)) = self.snapshot.targets.get(target) else { return None };
        let mut before = Holders::of(&state.rows, self.now);
        before.0.retain(|(key, _), _| !self.can_act(key.principal).is_no());
        let mut after = before.clone();
        for step in steps.iter().filter(|step| holder(&step.operation).is_some_and(|id| !self.can_act(id).is_no())) {
            after.carry_out(&step.operation, self.now);
        }
        after.0.retain(|(key, _), _| !emptied.contains_key(&key.principal));
        let mut sure = after.clone();
        sure.0.retain(|(key, _), _| self.can_act(key.principal).is_yes());
        let is_global =
            matches!(target, Target::Directory { directory_role } if *directory_role == GLOBAL_ADMINISTRATOR);
        let through_groups: Vec<&String> =
            before.0.keys().filter_map(|(key, _)| emptied.get(&key.principal)).flatten().collect();
        let message = Loss { before, after, sure }.message(is_global, &self.names.target(target))?;
        let losing = steps.iter().filter(|step| step.operation.effect() == Effect::Loses);
        let addresses = losing.map(|step| &step.address).chain(through_groups).cloned().collect();
        Some(Violation { guard: GuardId::LastAdministrator, message, addresses })
    }

    /// Groups that the plan leaves without anybody of whom it is known that they can act, static or through PIM, with the
    /// addresses of what they lose.
    fn emptied_groups(&self) -> BTreeMap<PrincipalId, Vec<String>> {
        let mut losing: BTreeMap<PrincipalId, (BTreeSet<PrincipalId>, Vec<String>)> = BTreeMap::new();
        let mut gaining = BTreeSet::new();
        for step in &self.plan.steps {
            match &step.operation {
                Operation::AddMember { group, relation: Access::Member, principal }
                    if self.can_act(*principal).is_yes() =>
                {
                    gaining.insert(*group);
                }
                Operation::Assign {
                    target: Target::Group { group, access: Access::Member },
                    assignment,
                    schedule,
                    ..
                } if self.can_act(assignment.principal).is_yes() && !schedule.window(self.now).is_ahead(self.now) => {
                    gaining.insert(*group);
                }
                Operation::RemoveMember { group, relation: Access::Member, .. }
                | Operation::Remove { target: Target::Group { group, access: Access::Member }, .. } => {
                    let (gone, addresses) = losing.entry(*group).or_default();
                    gone.extend(holder(&step.operation));
                    addresses.push(step.address.clone());
                }
                _ => {}
            }
        }
        losing.retain(|group, (gone, _)| {
            let stays = |id: &PrincipalId| !gone.contains(id) && self.can_act(*id).is_yes();
            let could_act = gone.iter().any(|id| !self.can_act(*id).is_no());
            could_act && !gaining.contains(group) && !self.members(*group).iter().any(stays)
        });
        losing.into_iter().map(|(group, (_, addresses))| (group, addresses)).collect()
    }

    /// Who is a member of a group, or may become one.
    fn members(&self, group: PrincipalId) -> BTreeSet<PrincipalId> {
        let mut members = match self.snapshot.groups.get(&group) {
            Some(GroupRead::Present(state)) => state.members.clone(),
            _ => BTreeSet::new(),
        };
        let target = Target::Group { group, access: Access::Member };
        if let Some(TargetRead::Present(state)) = self.snapshot.targets.get(&target) {
            let rows = state.rows.iter().filter(|row| !row.window.is_over(self.now));
            members.extend(rows.map(|row| row.key.principal));
        }
        members
    }

    /// Who is put into a group by the plan, as a member from the start or as one who may become one.
    fn comes_into(&self, group: PrincipalId) -> BTreeSet<PrincipalId> {
        let comes = |step: &Step| match &step.operation {
            Operation::AddMember { group: into, relation: Access::Member, principal } => {
                (*into == group).then_some(*principal)
            }
            Operation::Assign { target: Target::Group { group: into, access: Access::Member }, assignment, .. } => {
                (*into == group).then_some(assignment.principal)
            }
            _ => None,
        };
        self.plan.steps.iter().filter_map(comes).collect()
    }

    /// Whether somebody can use what they hold. Those who hold it in name only cannot: disabled users, principals that no
    /// longer exist, and groups that nobody is in. Where the service does not say, nobody is counted on.
    fn can_act(&self, id: PrincipalId) -> Answer {
        self.can_act_in(id, &mut BTreeSet::new())
    }

    /// The same, within groups that were looked into on the way here.
    fn can_act_in(&self, id: PrincipalId, seen: &mut BTreeSet<PrincipalId>) -> Answer {
        match self.desired.directory.principal(id).map(|principal| &principal.detail) {
            None => Answer::No,
            Some(PrincipalDetail::User { enabled, .. } | PrincipalDetail::ServicePrincipal { enabled, .. }) => *enabled,
            Some(PrincipalDetail::Other { .. }) => Answer::NotSaid,
            Some(PrincipalDetail::Group(facts)) if !facts.planned && self.snapshot.groups.contains_key(&id) => {
                if !seen.insert(id) {
                    return Answer::No;
                }
                let mut answers: Vec<Answer> =
                    self.members(id).into_iter().map(|member| self.can_act_in(member, seen)).collect();
                if matches!(self.snapshot.groups.get(&id), Some(GroupRead::Unreadable(_))) {
                    answers.push(Answer::NotSaid);
                }
                [Answer::Yes, Answer::NotSaid].into_iter().find(|one| answers.contains(one)).unwrap_or(Answer::No)
            }
            // One that the plan makes has whom it gives it.
            Some(PrincipalDetail::Group(facts)) if facts.planned => {
                if !seen.insert(id) {
                    return Answer::No;
                }
                let answers: Vec<Answer> =
                    self.comes_into(id).into_iter().map(|member| self.can_act_in(member, seen)).collect();
                [Answer::Yes, Answer::NotSaid].into_iter().find(|one| answers.contains(one)).unwrap_or(Answer::No)
            }
            // Of a group that was not read, nothing is known.
            Some(PrincipalDetail::Group(_)) => Answer::NotSaid,
        }
    }
}

/// Who may be able to act in a role before and after, and of whom that is known afterwards.
struct Loss {
    before: Holders,
    after: Holders,
    sure: Holders,
}

impl Loss {
    /// What to say if nobody is left. To be eligible is enough to count, except where nobody else could approve or
    /// restore.
    fn message(&self, is_global: bool, role: &str) -> Option<String> {
        let any = |_: &Held| true;
        let just_now = |held: &Held| held.just_now;
        let for_good = |held: &Held| held.just_now && held.for_good;
        let active = [Kind::Active];
        let nobody = |kinds: &[Kind], how: &dyn Fn(&Held) -> bool| self.nobody(kinds, how);
        Some(if let Some(nobody) = nobody(&Kind::ALL, &any) {
            format!("{nobody} would be left in `{role}`, neither active nor eligible")
        } else if let Some(nobody) = nobody(&Kind::ALL, &just_now) {
            format!("{nobody} would hold `{role}` until a start that lies ahead, neither active nor eligible")
        } else if let Some(nobody) = nobody(&active, &any).filter(|_| is_global) {
            format!("{nobody} would be left active in `{role}`, so nobody could approve or restore access")
        } else if let Some(nobody) = nobody(&active, &just_now).filter(|_| is_global) {
            format!("{nobody} would be active in `{role}` until a start that lies ahead")
        } else if let Some(nobody) = nobody(&active, &for_good).filter(|_| is_global) {
            format!("{nobody} would be active in `{role}` without an end")
        } else {
            return None;
        })
    }

    /// The word for those who are left, where the plan takes it from somebody and leaves nobody who surely can act.
    fn nobody(&self, kinds: &[Kind], how: &dyn Fn(&Held) -> bool) -> Option<&'static str> {
        let (before, after) = (self.before.keys(kinds, how), self.after.keys(kinds, how));
        if before.is_subset(&after) || !self.sure.keys(kinds, how).is_empty() {
            return None;
        }
        Some(if after.is_empty() { "nobody" } else { "nobody of whom it is known that they can sign in" })
    }
}

/// How somebody holds a role.
#[derive(Clone, Copy)]
struct Held {
    /// Not only from a start that lies ahead.
    just_now: bool,
    /// Without an end.
    for_good: bool,
}

impl Held {
    fn of(window: &Window, now: Time) -> Self {
        Self { just_now: !window.is_ahead(now), for_good: window.end.is_none() }
    }
}

/// Who holds a role for one object only is no administrator of it.
fn counts_as_holder(key: &AssignmentKey) -> bool {
    !matches!(key.scope, AssignmentScope::Object(_))
}

/// Who holds a role. A key can be held in several ways, and a plan changes only the assigned one. Activations come
/// and go, and who holds it through a group loses it with the group, so neither counts.
#[derive(Clone)]
struct Holders(BTreeMap<(AssignmentKey, Origin), Held>);

impl Holders {
    fn of(rows: &[Row], now: Time) -> Self {
        let counts = |row: &&Row| {
            !matches!(row.origin, Origin::Activated | Origin::ThroughGroup)
                && counts_as_holder(&row.key)
                && !row.window.is_over(now)
        };
        let mut all: BTreeMap<(AssignmentKey, Origin), Held> = BTreeMap::new();
        for row in rows.iter().filter(counts) {
            let held = Held::of(&row.window, now);
            // Of several windows each counts for what it is.
            let before = all.entry((row.key, row.origin)).or_insert(held);
            before.just_now |= held.just_now;
            before.for_good |= held.for_good;
        }
        Self(all)
    }

    fn carry_out(&mut self, operation: &Operation, now: Time) {
        match operation {
            Operation::Remove { assignment, .. } => {
                self.0.remove(&(*assignment, Origin::Assigned));
            }
            Operation::Assign { assignment, schedule, .. } | Operation::Update { assignment, schedule, .. }
                if counts_as_holder(assignment) =>
            {
                self.0.insert((*assignment, Origin::Assigned), Held::of(&schedule.window(now), now));
            }
            _ => {}
        }
    }

    /// Who holds it as one of these kinds, and in this way.
    fn keys(&self, kinds: &[Kind], how: &dyn Fn(&Held) -> bool) -> BTreeSet<PrincipalId> {
        let held = self.0.iter().filter(|((key, _), held)| kinds.contains(&key.kind) && how(held));
        held.map(|((key, _), _)| key.principal).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_unix(1);
    const LATER: Time = Time::from_unix(2);

    fn row(kind: Kind, start: Option<Time>, end: Option<Time>, origin: Origin) -> Row {
        let principal = PrincipalId::new(uuid::Uuid::nil());
        let key = AssignmentKey { kind, principal, scope: AssignmentScope::Whole };
        Row { key, window: Window { start, end }, origin, condition: None }
    }

    fn said(after: &[Row], is_global: bool) -> Option<String> {
        let before = Holders::of(&[row(Kind::Active, None, None, Origin::Assigned)], NOW);
        let after = Holders::of(after, NOW);
        Loss { before, sure: after.clone(), after }.message(is_global, "role")
    }

    #[test]
    fn whoever_is_left_must_be_known_to_be_able_to_act() {
        let other = |n: u128| {
            let mut other = row(Kind::Active, None, None, Origin::Assigned);
            other.key.principal = PrincipalId::new(uuid::Uuid::from_u128(n));
            other
        };
        let holders = |rows: &[Row]| Holders::of(rows, NOW);
        let said = |before: &[Row], after: &[Row]| {
            Loss { before: holders(before), after: holders(after), sure: holders(&[]) }.message(true, "role")
        };
        assert_eq!(
            said(&[other(1), other(2)], &[other(2)]).unwrap(),
            "nobody of whom it is known that they can sign in would be left in `role`, neither active nor eligible"
        );
        // Where nothing is taken from anybody, there is nothing to object to.
        assert_eq!(said(&[other(1)], &[other(1), other(2)]), None);
    }

    #[test]
    fn who_holds_a_role_through_a_group_or_for_a_while_does_not_count() {
        for origin in [Origin::ThroughGroup, Origin::Activated] {
            assert!(said(&[row(Kind::Active, None, None, origin)], false).is_some());
        }
        let mut in_a_part = row(Kind::Active, None, None, Origin::Assigned);
        in_a_part.key.scope = AssignmentScope::Object(in_a_part.key.principal);
        assert!(said(&[in_a_part], false).is_some());
        assert!(said(&[row(Kind::Eligible, None, None, Origin::Inherited)], false).is_none());
    }

    #[test]
    fn somebody_must_hold_it_from_now_on() {
        let ahead = row(Kind::Active, Some(LATER), None, Origin::Assigned);
        assert_eq!(
            said(&[ahead], false).unwrap(),
            "nobody would hold `role` until a start that lies ahead, neither active nor eligible"
        );
    }

    #[test]
    fn a_global_administrator_must_stay_active_and_without_an_end() {
        let eligible = row(Kind::Eligible, None, None, Origin::Assigned);
        assert!(said(&[eligible], true).unwrap().contains("nobody could approve"));
        let ends = row(Kind::Active, None, Some(LATER), Origin::Assigned);
        assert_eq!(said(std::slice::from_ref(&ends), true).unwrap(), "nobody would be active in `role` without an end");
        assert_eq!(said(&[ends], false), None);
    }
}
