//! The accepted requests, so that one is found without looking at all.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::emulator::world::{Accepted, Status};

/// Every accepted request, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestLog {
    all: Vec<Accepted>,
    by_id: BTreeMap<Uuid, usize>,
    /// Those that have come to no end.
    open: BTreeSet<usize>,
}

impl RequestLog {
    /// Adds one.
    pub(crate) fn push(&mut self, accepted: Accepted) {
        let at = self.all.len();
        self.by_id.insert(accepted.id, at);
        self.all.push(accepted);
        self.sort(at);
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Accepted> {
        self.all.iter()
    }

    /// The one with this id.
    pub(crate) fn get(&self, id: Uuid) -> Option<&Accepted> {
        self.all.get(*self.by_id.get(&id)?)
    }

    /// Those that have come to no end: somebody must agree, or nothing has come of them yet.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Accepted> {
        self.open.iter().filter_map(|at| self.all.get(*at))
    }

    /// Changes the one with this id.
    pub(crate) fn change<T>(&mut self, id: Uuid, change: impl FnOnce(&mut Accepted) -> T) -> Option<T> {
        let at = *self.by_id.get(&id)?;
        let changed = change(self.all.get_mut(at)?);
        self.sort(at);
        Some(changed)
    }

    fn sort(&mut self, at: usize) {
        let is_open = self.all.get(at).is_some_and(|one| {
            one.status == Status::PendingApproval || (one.status == Status::Granted && one.schedule.is_none())
        });
        if is_open {
            self.open.insert(at);
        } else {
            self.open.remove(&at);
        }
    }
}
