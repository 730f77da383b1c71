//! Playing an assignment from its beginning to its end, on groups that are made for it and taken away again.
//!
//! The eligible member is a second group without anybody in it, so that at no moment anybody gets access to anything.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration as Wait;

use uuid::Uuid;

use super::super::Options;
use super::super::execute::MicrosoftExecutor;
use crate::backend::{BackendError, Execute as _, Executed, ReadQuery, ReadState as _};
use crate::model::{
    Access, AssignmentKey, AssignmentScope, Duration, Ending, GroupCreation, Kind, PrincipalId, Row, Schedule, Shift,
    Target, TargetRead, Window,
};
use crate::plan::Operation;

/// What is done, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Creates the group that the assignment is to.
    CreateGroup,
    /// Creates the group that becomes eligible.
    CreateHolder,
    /// Makes it eligible.
    Assign,
    /// Looks whether the assignment is listed.
    FindAssigned,
    /// Shortens the assignment.
    Update,
    /// Looks whether it is listed with its new end.
    FindUpdated,
    /// Removes the assignment.
    Remove,
    /// Looks whether it is no longer listed.
    FindRemoved,
    /// Deletes the group that the assignment was to.
    DeleteGroup,
    /// Deletes the group that was eligible.
    DeleteHolder,
}

impl Act {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::CreateGroup,
        Self::CreateHolder,
        Self::Assign,
        Self::FindAssigned,
        Self::Update,
        Self::FindUpdated,
        Self::Remove,
        Self::FindRemoved,
        Self::DeleteGroup,
        Self::DeleteHolder,
    ];
}

/// One act, and what became of it.
#[derive(Debug)]
pub struct Played {
    /// What was done.
    pub act: Act,
    /// What became of it.
    pub outcome: Result<(), BackendError>,
}

/// For how long the group is made eligible, and what that is shortened to.
const LENGTHS: [Duration; 2] = [Duration::from_days(30), Duration::from_days(20)];
/// How long to wait before each look, until what was done is to be seen (docs/service.md: consistency-1).
const LOOKS: [u64; 8] = [0, 5, 10, 20, 35, 60, 80, 90];
/// What the requests say why.
const JUSTIFICATION: &str = "pimform doctor plays an assignment, its change and its removal";

/// The play. It may be left at any point; what it made is deleted by [`WriteProbe::clean`].
pub struct WriteProbe {
    executor: MicrosoftExecutor,
    /// What was made, with the act that deletes it.
    made: Vec<(Act, PrincipalId)>,
    /// What is being made: the act that deletes it, what stands for its id, and its name.
    making: Option<(Act, PrincipalId, Arc<str>)>,
    played: Vec<Played>,
}

impl WriteProbe {
    /// Nothing is asked yet.
    pub fn new(options: Options) -> Result<Self, BackendError> {
        Ok(Self {
            executor: MicrosoftExecutor::new(options, "A probe of pimform")?,
            made: Vec::new(),
            making: None,
            played: Vec::new(),
        })
    }

    /// Plays it all, but for the deletions.
    pub async fn play(&mut self, group: &str) {
        let Some(made) = self.create(Act::CreateGroup, group.into(), Act::DeleteGroup).await else { return };
        let holder = format!("{group} (holder)").into();
        let Some(holder) = self.create(Act::CreateHolder, holder, Act::DeleteHolder).await else { return };
        self.assignment(made, holder).await;
    }

    /// Deletes what was made, and gives what became of everything.
    pub async fn clean(mut self) -> Vec<Played> {
        if let Some((act, stand_in, name)) = self.making.take() {
            // Whoever left the play while the service was asked does not know what it did.
            match self.executor.made_group(stand_in, &name).await {
                Ok(Some(group)) => self.made.push((act, group)),
                Ok(None) => {
                    let what =
                        format!("whether the group `{name}` was created is not known; look for it, and delete it");
                    self.told::<()>(act, Err(invalid(&what)));
                }
                Err(error) => drop(self.told::<()>(act, Err(error))),
            }
        }
        for (act, group) in std::mem::take(&mut self.made) {
            let outcome = self.executor.delete_group(group).await;
            self.told(act, outcome);
        }
        self.played
    }

    /// Keeps what became of an act; what it gave, if it went well.
    fn told<T>(&mut self, act: Act, outcome: Result<T, BackendError>) -> Option<T> {
        let (outcome, given) = match outcome {
            Ok(given) => (Ok(()), Some(given)),
            Err(error) => (Err(error), None),
        };
        self.played.push(Played { act, outcome });
        given
    }

    async fn create(&mut self, act: Act, display_name: Arc<str>, undo: Act) -> Option<PrincipalId> {
        let stand_in = PrincipalId::new(Uuid::new_v5(&Uuid::nil(), display_name.as_bytes()));
        self.making = Some((undo, stand_in, Arc::clone(&display_name)));
        let create = GroupCreation { display_name, description: Some(JUSTIFICATION.into()), role_assignable: false };
        let outcome = self.executor.execute(&Operation::CreateGroup { group: stand_in, create }).await;
        self.making = None;
        let made = outcome.and_then(|receipt| match receipt.executed {
            Executed::Created(id) => Ok(id),
            Executed::Done | Executed::AlreadySo => Err(invalid("the service did not say which group it created")),
        });
        let made = self.told(act, made)?;
        self.made.push((undo, made));
        Some(made)
    }

    /// The assignment's life. What fails ends it; only the removal is tried in any case.
    async fn assignment(&mut self, group: PrincipalId, holder: PrincipalId) {
        let target = Target::Group { group, access: Access::Member };
        let key = AssignmentKey { kind: Kind::Eligible, principal: holder, scope: AssignmentScope::Whole };
        let [long, short] = LENGTHS.map(|length| Schedule { start: None, end: Ending::After(length) });
        let assign = Operation::Assign {
            target: target.clone(),
            assignment: key,
            schedule: long,
            justification: Some(JUSTIFICATION.into()),
            ticket: None,
            condition: None,
        };
        let outcome = self.executor.execute(&assign).await;
        if self.told(Act::Assign, outcome).is_none() {
            return;
        }
        let found = self.listed(&target, &key, None).await;
        let Some(was) = self.told(Act::FindAssigned, found) else { return };
        let update = Operation::Update {
            target: target.clone(),
            assignment: key,
            was,
            shift: Shift::Shortens,
            condition_was: None,
            schedule: short,
            justification: Some(JUSTIFICATION.into()),
            ticket: None,
            condition: None,
        };
        let outcome = self.executor.execute(&update).await;
        let now = if self.told(Act::Update, outcome).is_some() {
            let found = self.listed(&target, &key, Some(was)).await;
            self.told(Act::FindUpdated, found).unwrap_or(was)
        } else {
            was
        };
        let remove = Operation::Remove {
            target: target.clone(),
            assignment: key,
            was: now,
            condition_was: None,
            also: Vec::new(),
        };
        let outcome = self.executor.execute(&remove).await;
        if self.told(Act::Remove, outcome).is_some() {
            let gone = self.gone(&target, &key).await;
            self.told(Act::FindRemoved, gone);
        }
    }

    /// The window that an assignment is listed with, once it is another than it was.
    async fn listed(&self, target: &Target, key: &AssignmentKey, was: Option<Window>) -> Result<Window, BackendError> {
        for wait in LOOKS {
            self.wait(wait).await;
            let window = self.look(target, key).await?.map(|row| row.window);
            if let Some(window) = window.filter(|window| was.is_none_or(|was| was.end != window.end)) {
                return Ok(window);
            }
        }
        Err(not_seen(if was.is_some() { "listed with its new end" } else { "listed" }))
    }

    async fn gone(&self, target: &Target, key: &AssignmentKey) -> Result<(), BackendError> {
        for wait in LOOKS {
            self.wait(wait).await;
            if self.look(target, key).await?.is_none() {
                return Ok(());
            }
        }
        Err(not_seen("gone from the list"))
    }

    async fn wait(&self, seconds: u64) {
        if seconds > 0 {
            self.executor.pause(Wait::from_secs(seconds)).await;
        }
    }

    async fn look(&self, target: &Target, key: &AssignmentKey) -> Result<Option<Row>, BackendError> {
        let query = ReadQuery::Only {
            targets: BTreeSet::from([target.clone()]),
            groups: BTreeSet::new(),
            watched: BTreeSet::new(),
        };
        let snapshot = self.executor.snapshot(&query).await?;
        match snapshot.targets.get(target) {
            Some(TargetRead::Present(state)) => Ok(state.rows.iter().find(|row| row.key == *key).cloned()),
            Some(TargetRead::Unreadable(why)) => Err(invalid(why)),
            Some(TargetRead::WithoutSettings) | None => Ok(None),
        }
    }
}

fn not_seen(what: &str) -> BackendError {
    let seconds: u64 = LOOKS.iter().sum();
    invalid(&format!("the service accepted it, and {seconds} s later it is not {what}"))
}

fn invalid(what: &str) -> BackendError {
    BackendError::Invalid { what: what.to_owned(), help: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::backend::microsoft::reader::stub::Stub;

    const GROUP: &str = "3f1c0c5e-0000-4000-8000-000000000001";

    async fn left_while_making(stub: Stub) -> (Vec<Played>, Vec<String>) {
        let mut probe = WriteProbe::new(stub.options().await).unwrap();
        let stand_in = PrincipalId::new(Uuid::nil());
        probe.making = Some((Act::DeleteGroup, stand_in, "SEC Probe".into()));
        (probe.clean().await, stub.asked())
    }

    #[tokio::test]
    async fn a_group_that_was_being_made_is_looked_for_and_deleted() {
        let group = |nickname: &str| json!({ "id": GROUP, "displayName": "SEC Probe", "mailNickname": nickname });
        let own = group("pimform-00000000000000000000000000000000");
        let (played, asked) = left_while_making(Stub::default().list("displayName eq", json!([own]))).await;
        assert!(matches!(played.as_slice(), [Played { act: Act::DeleteGroup, outcome: Ok(()) }]), "{played:?}");
        assert!(asked.contains(&format!("/v1.0/groups/{GROUP}")), "{asked:?}");
        // What somebody else has made stays, and what cannot be found is named.
        for stub in [Stub::default(), Stub::default().list("displayName eq", json!([group("sec-probe")]))] {
            let (played, asked) = left_while_making(stub).await;
            assert!(!asked.contains(&format!("/v1.0/groups/{GROUP}")), "{asked:?}");
            let error = played[0].outcome.as_ref().unwrap_err().to_string();
            assert!(error.contains("`SEC Probe`"), "{error}");
        }
    }
}
