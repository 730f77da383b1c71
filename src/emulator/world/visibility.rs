//! What has been written and is not shown yet.

use uuid::Uuid;

use crate::emulator::world::World;

impl World {
    /// Keeps a new schedule from the next reads that would show it, if a fault says so.
    pub(crate) fn appears_late(&mut self, schedule: Uuid) {
        if self.directives.unseen_calls > 0 {
            self.late.insert(schedule, self.directives.unseen_calls);
        }
    }

    /// True as long as reads do not show a schedule.
    pub(crate) fn is_late(&self, schedule: Uuid) -> bool {
        self.late.contains_key(&schedule)
    }

    /// Counts a read for the schedules that it would have shown.
    pub(crate) fn missed(&mut self, schedules: &[Uuid]) {
        for id in schedules {
            if let Some(left) = self.late.get_mut(id) {
                *left = left.saturating_sub(1);
            }
        }
        self.late.retain(|_, left| *left > 0);
    }
}
