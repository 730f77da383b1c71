//! When an assignment begins and ends.

use super::json::{Json, Object};
use super::lengths;
use crate::import::left::{Leaving, Why};
use crate::model::time::DayEdge;
use crate::model::{Duration, Time};

const START: [&str; 4] = ["startDateTime", "startDate", "start", "from"];
const END: [&str; 6] = ["endDateTime", "endDate", "expirationDateTime", "expirationDate", "end", "until"];

/// A schedule as the configuration asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    /// A start that lies ahead.
    pub(super) start: Option<Time>,
    pub(super) end: Asked,
}

/// An end as the configuration asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Permanent,
    Until(Time),
    For(Duration),
    /// It says nothing: the tool asks for the longest that the policy of the role allows.
    Longest,
}

impl Schedule {
    /// How long it lasts, where that is known.
    pub(super) fn length(&self, now: Time) -> Option<Duration> {
        match self.end {
            Asked::For(length) => Some(length),
            Asked::Until(end) => Some(self.start.unwrap_or(now).until(end)),
            Asked::Permanent | Asked::Longest => None,
        }
    }
}

/// Reads the schedule of an assignment. Nothing where nobody can say when it begins or ends; that is noted, and the
/// assignment must not be written.
pub(super) fn schedule(object: &mut Object, now: Time, left: &mut Leaving) -> Option<Schedule> {
    let unclear = object.is_unclear(&["permanent"]);
    let at = object.at("permanent");
    let permanent = object.flag(&["permanent"], left) == Some(true);
    let start = time(object, &START, left);
    let end = time(object, &END, left);
    let length = length(object, left);
    if unclear {
        left.add(&at, Why::NoSchedule);
        return None;
    }
    let (start, end, length) = (start.ok()?, end.ok()?, length.ok()?);
    let begins = start.as_ref().map(|(_, start)| *start);
    let asked = match (end, length) {
        (None, None) if permanent => Asked::Permanent,
        (None, None) => Asked::Longest,
        (None, Some((path, length))) => {
            let asked = running(length, begins, &path, now, left)?;
            if permanent {
                left.say(at, Why::Tightened, format!("`{length}` beside it is less, and is written"));
            }
            asked
        }
        (Some((_, end)), Some((_, length))) => Asked::Until(end.min(later(begins.unwrap_or(now), length))),
        (Some((_, end)), None) => Asked::Until(end),
    };
    if let Asked::Until(end) = asked {
        let from = begins.unwrap_or(now).max(now);
        let path = object.path.clone();
        if end <= now {
            left.say(path, Why::Ended, format!("it ended on {}", end.date()));
            return None;
        }
        if end <= from || end > Time::LATEST || from.until(end) < Duration::SHORTEST_ASSIGNMENT {
            left.add(path, Why::OddTimes);
            return None;
        }
    }
    Some(Schedule { start: begins.filter(|start| *start > now), end: asked })
}

/// A length counts from the start, also from one that has passed.
fn running(length: Duration, start: Option<Time>, path: &str, now: Time, left: &mut Leaving) -> Option<Asked> {
    let shortest = Duration::SHORTEST_ASSIGNMENT;
    if length < shortest {
        left.say(path, Why::OddValue, format!("`{length}`: the service refuses less than {shortest}"));
        return None;
    }
    let past = start.filter(|start| *start <= now);
    Some(past.map_or(Asked::For(length), |start| Asked::Until(later(start, length))))
}

fn later(time: Time, length: Duration) -> Time {
    Time::from_unix(time.as_unix().saturating_add(i64::try_from(length.as_secs()).unwrap_or(i64::MAX)))
}

/// `Err` where something stands that cannot be read; it is noted.
fn length(object: &mut Object, left: &mut Leaving) -> Result<Option<(String, Duration)>, ()> {
    let Some((path, value)) = object.take(&["duration"]).filter(|(_, value)| !value.is_blank()) else {
        return Ok(None);
    };
    let read = value.text().map_or_else(|| Err(not_text(&value)), lengths::exact);
    match read {
        Ok(length) => Ok(Some((path, length))),
        Err(why) => {
            left.say(path, Why::NoSchedule, format!("{why}; {}", Why::NoSchedule.words()));
            Err(())
        }
    }
}

/// `Err` where something stands that cannot be read; it is noted. A day without a time begins at midnight in UTC.
fn time(object: &mut Object, keys: &[&str], left: &mut Leaving) -> Result<Option<(String, Time)>, ()> {
    let Some((path, value)) = object.take(keys).filter(|(_, value)| !value.is_blank()) else { return Ok(None) };
    let read = value.text().map_or_else(
        || Err(not_text(&value)),
        |text| Time::parse(text, DayEdge::Start).map_err(|error| error.to_string()),
    );
    match read {
        Ok(time) => Ok(Some((path, time))),
        Err(why) => {
            left.say(path, Why::NoSchedule, format!("{why}; {}", Why::NoSchedule.words()));
            Err(())
        }
    }
}

fn not_text(value: &Json) -> String {
    format!("expected text, found {}", value.shown())
}
