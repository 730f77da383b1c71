//! Whether an assignment begins and ends when it should.

use crate::model::{DesiredEnding, DesiredSchedule, Duration, Ending, Expiry, Schedule, Shift, Time, Window};

/// How far the service's clock may be ahead of ours before a difference in time means something.
///
/// The service starts an assignment when it has processed the request, so one that was asked for a length always ends a
/// little later than that length after the request.
pub(crate) const CLOCK_TOLERANCE: Duration = Duration::from_minutes(15);

/// A declared schedule, with the gap filled that the files may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What to ask the service for.
    pub schedule: Schedule,
    /// Extended in place when less than this remains.
    pub renew: Option<Duration>,
    /// True when the files name no end, and the settings gave it.
    pub as_allowed: bool,
}

/// How an existing assignment compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// It is as declared.
    Same,
    /// It ends within the declared window for renewal.
    Renew {
        /// When it ends.
        ends: Time,
    },
    /// It begins or ends at another time.
    Differs(Shift),
}

impl Wanted {
    /// Fills the gap from the longest that the settings allow. Nothing where there is a gap and nobody can say what they
    /// allow.
    pub fn new(declared: &DesiredSchedule, allowed: Option<Expiry>, now: Time) -> Option<Self> {
        let (end, renew) = match declared.end {
            DesiredEnding::Permanent => (Ending::Permanent, None),
            DesiredEnding::Until(end) => (Ending::Until(end), None),
            DesiredEnding::For { length, renew } => (Ending::After(length), renew),
            DesiredEnding::AsAllowed => match allowed? {
                Expiry::Never => (Ending::Permanent, None),
                Expiry::After(longest) => (Ending::After(longest), None),
            },
        };
        // The service replaces a start in the past by the present, so only one that lies ahead is asked for.
        let start = declared.start.filter(|start| *start > now);
        Some(Self { schedule: Schedule { start, end }, renew, as_allowed: declared.end == DesiredEnding::AsAllowed })
    }

    /// Asks for nothing else than what is there.
    pub(super) fn as_found(window: &Window, now: Time) -> Self {
        let schedule = Schedule { start: None, end: Ending::Permanent };
        Self { schedule, renew: None, as_allowed: true }.as_it_is(window, now)
    }

    /// Asks for the times that an assignment has already. A declared length would begin anew.
    pub(super) fn as_it_is(self, window: &Window, now: Time) -> Self {
        let start = window.start.filter(|_| window.is_ahead(now));
        let end = window.end.map_or(Ending::Permanent, Ending::Until);
        Self { schedule: Schedule { start, end }, ..self }
    }

    /// True when the end has been reached already.
    pub fn is_over(&self, now: Time) -> bool {
        matches!(self.schedule.end, Ending::Until(end) if end <= now)
    }

    /// Compares with an assignment that has not ended.
    pub(super) fn compare(&self, window: &Window, now: Time) -> Comparison {
        let shifts = [self.compare_start(window, now), self.compare_end(window, now)];
        if shifts.contains(&Shift::Shortens) {
            return Comparison::Differs(Shift::Shortens);
        }
        if shifts.contains(&Shift::Extends) {
            return Comparison::Differs(Shift::Extends);
        }
        match (window.end, self.renew) {
            (Some(ends), Some(renew)) if !window.is_ahead(now) && now.until(ends) < renew => Comparison::Renew { ends },
            _ => Comparison::Same,
        }
    }

    fn compare_start(&self, window: &Window, now: Time) -> Shift {
        match self.schedule.start {
            None if window.is_ahead(now) => Shift::Extends,
            None => Shift::Keeps,
            Some(start) if window.start.is_some_and(|was| was > start) => Shift::Extends,
            Some(start) if window.start == Some(start) => Shift::Keeps,
            Some(_) => Shift::Shortens,
        }
    }

    fn compare_end(&self, window: &Window, now: Time) -> Shift {
        match (window.end, self.schedule.end) {
            (None, Ending::Permanent) => Shift::Keeps,
            (Some(_), Ending::Permanent) => Shift::Extends,
            (None, Ending::Until(_) | Ending::After(_)) => Shift::Shortens,
            (Some(was), Ending::Until(end)) if was == end => Shift::Keeps,
            (Some(was), Ending::Until(end)) if was < end => Shift::Extends,
            (Some(_), Ending::Until(_)) => Shift::Shortens,
            // Left alone while it runs, unless it ends later than anything asked for with this length could.
            (Some(was), Ending::After(length)) => {
                // Counted from the start that is asked for: one that lies ahead may be brought forward, and its end with it.
                let from = self.schedule.start.unwrap_or(now);
                if was > from + length + CLOCK_TOLERANCE { Shift::Shortens } else { Shift::Keeps }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_unix(1_800_000_000);

    fn days(days: u64) -> Duration {
        Duration::from_days(days)
    }

    fn wanted(end: DesiredEnding) -> Wanted {
        Wanted::new(&DesiredSchedule { start: None, end }, Some(Expiry::After(days(365))), NOW).unwrap()
    }

    fn running(end: Option<Time>) -> Window {
        Window { start: Some(Time::from_unix(NOW.as_unix() - 86_400)), end }
    }

    #[test]
    fn a_length_is_left_alone_while_it_runs_and_extended_near_its_end() {
        let wanted = wanted(DesiredEnding::For { length: days(365), renew: Some(days(30)) });
        assert_eq!(wanted.compare(&running(Some(NOW + days(200))), NOW), Comparison::Same);
        assert_eq!(wanted.compare(&running(Some(NOW + days(30))), NOW), Comparison::Same);
        let ends = NOW + days(29);
        assert_eq!(wanted.compare(&running(Some(ends)), NOW), Comparison::Renew { ends });
    }

    #[test]
    fn what_ends_later_than_declared_is_shortened() {
        let thirty = wanted(DesiredEnding::For { length: days(30), renew: None });
        assert_eq!(thirty.compare(&running(Some(NOW + days(31))), NOW), Comparison::Differs(Shift::Shortens));
        assert_eq!(thirty.compare(&running(None), NOW), Comparison::Differs(Shift::Shortens));
        assert_eq!(
            wanted(DesiredEnding::Until(NOW + days(5))).compare(&running(Some(NOW + days(6))), NOW),
            Comparison::Differs(Shift::Shortens)
        );
    }

    #[test]
    fn what_is_brought_forward_and_ends_earlier_for_it_is_shortened() {
        let ten = wanted(DesiredEnding::For { length: days(10), renew: None });
        let ahead = |from, to| Window { start: Some(NOW + days(from)), end: Some(NOW + days(to)) };
        assert_eq!(ten.compare(&ahead(2, 12), NOW), Comparison::Differs(Shift::Shortens));
        assert_eq!(ten.compare(&ahead(2, 9), NOW), Comparison::Differs(Shift::Extends));
    }

    #[test]
    fn what_was_just_created_by_a_clock_ahead_of_ours_is_the_same() {
        let wanted = wanted(DesiredEnding::For { length: days(30), renew: None });
        let end = NOW + days(30) + Duration::from_minutes(2);
        assert_eq!(wanted.compare(&Window { start: Some(NOW), end: Some(end) }, NOW), Comparison::Same);
    }

    #[test]
    fn without_a_schedule_it_lasts_as_long_as_the_settings_allow() {
        let declared = DesiredSchedule { start: None, end: DesiredEnding::AsAllowed };
        let end = |allowed| Wanted::new(&declared, allowed, NOW).map(|wanted| wanted.schedule.end);
        assert_eq!(end(Some(Expiry::Never)), Some(Ending::Permanent));
        assert_eq!(end(Some(Expiry::After(days(90)))), Some(Ending::After(days(90))));
        assert_eq!(end(None), None);
    }

    #[test]
    fn a_start_ahead_is_kept_and_a_start_behind_is_now() {
        let later = NOW + days(3);
        let declared = DesiredSchedule { start: Some(later), end: DesiredEnding::Permanent };
        let ahead = Wanted::new(&declared, None, NOW).unwrap();
        assert_eq!(ahead.compare(&Window { start: Some(later), end: None }, NOW), Comparison::Same);
        assert_eq!(ahead.compare(&running(None), NOW), Comparison::Differs(Shift::Shortens));
        let behind = Wanted::new(&declared, None, NOW + days(4)).unwrap();
        assert_eq!(behind.schedule.start, None);
        assert_eq!(behind.compare(&running(None), NOW + days(4)), Comparison::Same);
    }

    #[test]
    fn a_new_condition_leaves_the_times_of_an_assignment() {
        let wanted = wanted(DesiredEnding::For { length: days(365), renew: None });
        let times = |window: &Window| wanted.as_it_is(window, NOW).schedule.window(NOW);
        let ahead = Window { start: Some(NOW + days(1)), end: Some(NOW + days(2)) };
        assert_eq!(times(&ahead), ahead);
        assert_eq!(times(&running(ahead.end)), Window { start: Some(NOW), end: ahead.end });
        assert_eq!(times(&running(None)), Window { start: Some(NOW), end: None });
    }
}
