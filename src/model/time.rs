//! Points in time and lengths of time, both in whole seconds.
//!
//! The service answers with three to seven decimal places and in several spellings; whole seconds are what can be
//! compared.

use std::fmt;
use std::str::FromStr;

use jiff::fmt::temporal::Pieces;
use jiff::{SignedDuration, SpanRelativeTo, Timestamp, Unit, civil};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// A length of time in whole seconds. Never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

/// What is wrong with the text of a duration.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DurationError {
    /// Not a duration at all.
    #[error("`{0}` is not a duration")]
    Malformed(String),
    /// A month or a year has no fixed length, and the service refuses both.
    #[error("`{0}` counts in months or years, which have no fixed length")]
    Calendar(String),
    /// Nothing can last for no time.
    #[error("`{0}` is no time at all")]
    Zero(String),
    /// Below zero, or finer than seconds.
    #[error("`{0}` is not a whole number of seconds above zero")]
    Fraction(String),
}

impl DurationError {
    /// A way out, for the help line of a message.
    pub const HELP: &'static str = "write a number and a unit, such as `30m`, `8h`, `1h30m`, `365d`";

    /// A few words for the place where it stands.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "not a duration",
            Self::Calendar(_) => "how many days?",
            Self::Zero(_) => "too short",
            Self::Fraction(_) => "not above zero",
        }
    }
}

impl Duration {
    /// No assignment may be shorter: the service refuses it (docs/service.md: schedules-1).
    pub const SHORTEST_ASSIGNMENT: Self = Self::from_minutes(5);

    /// From seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// From minutes.
    pub const fn from_minutes(minutes: u64) -> Self {
        Self(minutes * 60)
    }

    /// From hours.
    pub const fn from_hours(hours: u64) -> Self {
        Self(hours * 3600)
    }

    /// From days of 24 hours.
    pub const fn from_days(days: u64) -> Self {
        Self(days * 86_400)
    }

    /// In seconds.
    pub const fn as_secs(self) -> u64 {
        self.0
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    /// Reads `8h`, `1h30m`, `365d`, and ISO 8601 such as `PT8H` and `P365D`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || DurationError::Malformed(text.to_owned());
        let span: jiff::Span = text.trim().parse().map_err(|_| malformed())?;
        if span.get_years() != 0 || span.get_months() != 0 {
            return Err(DurationError::Calendar(text.to_owned()));
        }
        let seconds = span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).map_err(|_| malformed())?;
        if seconds == 0.0 {
            return Err(DurationError::Zero(text.to_owned()));
        }
        if seconds < 0.0 || seconds.fract() != 0.0 || seconds > 1e11 {
            return Err(DurationError::Fraction(text.to_owned()));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just above")]
        Ok(Self(seconds as u64))
    }
}

impl fmt::Display for Duration {
    /// The shortest exact form: `365d`, `24h`, `1h30m`, `90s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: u64 = 86_400;
        if self.0 >= 2 * DAY && self.0.is_multiple_of(DAY) {
            return write!(f, "{}d", self.0 / DAY);
        }
        let (hours, minutes, seconds) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        if seconds > 0 || self.0 == 0 {
            write!(f, "{seconds}s")?;
        }
        Ok(())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    /// Also takes a length of zero, which occurs in real tenants though nobody may declare it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        match text.parse() {
            Err(DurationError::Zero(_)) => Ok(Self(0)),
            other => other.map_err(de::Error::custom),
        }
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A length of time: `30m`, `8h`, `1h30m`, `365d`, or ISO 8601 such as `PT8H`. No months or years.",
            "pattern": "^(P(\\d+W)?(\\d+D)?(T(\\d+H)?(\\d+M)?(\\d+S)?)?|(\\d+\\s*[a-z]+[ ,]*)+)$"
        })
    }
}

/// A point in time, in whole seconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// What is wrong with the text of a point in time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TimeError {
    /// Not a date.
    #[error("`{0}` is not a date")]
    Malformed(String),
    /// Without an offset nobody knows which moment is meant.
    #[error("`{0}` has no offset from UTC")]
    NoOffset(String),
    /// Years have four digits.
    #[error("`{0}` is after 9999-12-31, the latest date there is")]
    TooLate(String),
}

impl TimeError {
    /// A few words for the place where it stands.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "not a date",
            Self::NoOffset(_) => "has no offset",
            Self::TooLate(_) => "too late",
        }
    }

    /// A way out, for the help line of a message.
    pub const HELP: &'static str =
        "write a date such as `2027-01-31`, or a time with its offset such as `2027-01-31T18:00:00Z`";
}

/// Which end of a day a date without a time stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayEdge {
    /// `00:00:00` UTC.
    Start,
    /// `23:59:59` UTC, so that `until: 2027-01-31` includes that day.
    End,
}

impl Time {
    /// From seconds since 1970 in UTC.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The last second of the year 9999: nothing later can be written.
    pub const LATEST: Self = Self(253_402_300_799);

    /// Seconds since 1970 in UTC.
    pub const fn as_unix(self) -> i64 {
        self.0
    }

    /// Reads a date or a time with offset.
    pub fn parse(text: &str, edge: DayEdge) -> Result<Self, TimeError> {
        let text = text.trim();
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Ok(Self(timestamp.as_second()));
        }
        let malformed = || TimeError::Malformed(text.to_owned());
        if text.len() > 10 {
            let pieces = Pieces::parse(text).ok();
            let time = pieces.and_then(|pieces| Some((pieces.date().to_datetime(pieces.time()?), pieces)));
            return match time {
                Some((time, pieces)) => match pieces.to_numeric_offset() {
                    // The library ends a day early, so that any offset may be applied to what it holds.
                    Some(offset) => Self(seconds(time) - i64::from(offset.seconds())).checked(text),
                    None => Err(TimeError::NoOffset(text.to_owned())),
                },
                None if has_long_year(text) => Err(TimeError::TooLate(text.to_owned())),
                None => Err(malformed()),
            };
        }
        let long = |_| if has_long_year(text) { TimeError::TooLate(text.to_owned()) } else { malformed() };
        let date: civil::Date = text.parse().map_err(long)?;
        let midnight = seconds(date.at(0, 0, 0, 0));
        Ok(Self(match edge {
            DayEdge::Start => midnight,
            DayEdge::End => midnight + 86_399,
        }))
    }

    fn checked(self, text: &str) -> Result<Self, TimeError> {
        if self > Self::LATEST { Err(TimeError::TooLate(text.to_owned())) } else { Ok(self) }
    }

    /// How long it is from `self` to `later`; zero if `later` is not later.
    pub fn until(self, later: Time) -> Duration {
        Duration(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// The date in UTC, `2027-01-31`.
    pub fn date(self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

/// Seconds since 1970 of a time that is in UTC.
fn seconds(time: civil::DateTime) -> i64 {
    time.duration_since(EPOCH).as_secs()
}

const EPOCH: civil::DateTime = civil::datetime(1970, 1, 1, 0, 0, 0, 0);

/// Whether a text begins with a year of more than four digits.
fn has_long_year(text: &str) -> bool {
    let year = text.trim_start_matches('+').split('-').next().unwrap_or_default();
    year.len() > 4 && year.chars().all(|c| c.is_ascii_digit())
}

impl std::ops::Add<Duration> for Time {
    type Output = Time;

    /// Never later than [`Time::LATEST`].
    fn add(self, length: Duration) -> Time {
        Time(self.0.saturating_add(i64::try_from(length.0).unwrap_or(i64::MAX))).min(Self::LATEST)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0) {
            Ok(timestamp) => timestamp.fmt(f),
            Err(_) => match EPOCH.checked_add(SignedDuration::from_secs(self.0)) {
                Ok(time) => write!(f, "{time}Z"),
                Err(_) => write!(f, "@{}", self.0),
            },
        }
    }
}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text, DayEdge::Start)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Time {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A date such as `2027-01-31`, or a time with its offset such as `2027-01-31T18:00:00Z`.",
            "pattern": "^\\d{4}-\\d{2}-\\d{2}([Tt ].+)?$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duration(text: &str) -> Result<Duration, DurationError> {
        text.parse()
    }

    #[test]
    fn durations_compare_as_time() {
        assert_eq!(duration("PT24H"), duration("1d"));
        assert_eq!(duration("P365D"), duration("365d"));
        assert_eq!(duration("PT480M"), duration("8h"));
        assert_eq!(duration("1h30m"), duration("90m"));
    }

    #[test]
    fn half_baked_durations_are_refused() {
        assert!(matches!(duration("P8H"), Err(DurationError::Malformed(_))));
        assert!(matches!(duration("365"), Err(DurationError::Malformed(_))));
        assert!(matches!(duration(""), Err(DurationError::Malformed(_))));
        assert!(matches!(duration("PT0S"), Err(DurationError::Zero(_))));
        assert!(matches!(duration("0d"), Err(DurationError::Zero(_))));
        assert!(matches!(duration("1 year"), Err(DurationError::Calendar(_))));
        assert!(matches!(duration("P6M"), Err(DurationError::Calendar(_))));
        assert!(matches!(duration("-8h"), Err(DurationError::Fraction(_))));
        assert!(matches!(duration("10ms"), Err(DurationError::Fraction(_))));
    }

    #[test]
    fn durations_print_in_their_shortest_form() {
        for text in ["365d", "24h", "36h", "1h30m", "30m", "90s", "2d"] {
            let shown = duration(text).unwrap().to_string();
            assert_eq!(duration(&shown), duration(text));
        }
        assert_eq!(duration("P365D").unwrap().to_string(), "365d");
        assert_eq!(duration("PT24H").unwrap().to_string(), "24h");
        assert_eq!(duration("PT1H30M").unwrap().to_string(), "1h30m");
    }

    #[test]
    fn a_date_covers_its_day_and_a_time_needs_its_offset() {
        assert_eq!(Time::parse("2027-01-31", DayEdge::End).unwrap().to_string(), "2027-01-31T23:59:59Z");
        assert_eq!(Time::parse("2027-01-31", DayEdge::Start).unwrap().to_string(), "2027-01-31T00:00:00Z");
        assert_eq!(Time::parse("2027-01-31T18:00:00+02:00", DayEdge::End).unwrap().to_string(), "2027-01-31T16:00:00Z");
        assert!(matches!(Time::parse("2027-01-31T18:00:00", DayEdge::End), Err(TimeError::NoOffset(_))));
        assert!(matches!(Time::parse("2027-02-30", DayEdge::End), Err(TimeError::Malformed(_))));
        assert!(matches!(Time::parse("tomorrow", DayEdge::End), Err(TimeError::Malformed(_))));
    }

    #[test]
    fn the_last_day_there_is_can_be_written_and_read() {
        for text in ["9999-12-30T22:00:00Z", "9999-12-30T23:59:59Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z"] {
            assert_eq!(text.parse::<Time>().unwrap().to_string(), text);
        }
        assert_eq!(Time::parse("9999-12-31", DayEdge::End), Ok(Time::LATEST));
        assert_eq!(Time::parse("9999-12-31T23:59:59.9999999Z", DayEdge::End), Ok(Time::LATEST));
        assert_eq!(Time::parse("9999-12-31T22:59:59-01:00", DayEdge::End), Ok(Time::LATEST));
        assert_eq!(Time::LATEST + Duration::from_days(1), Time::LATEST);
        for text in ["9999-12-31T23:59:59-01:00", "10000-01-01", "+10000-01-01", "99999-01-01T00:00:00Z"] {
            assert!(matches!(Time::parse(text, DayEdge::End), Err(TimeError::TooLate(_))), "{text}");
        }
        assert!(matches!(Time::parse("9999-12-31T00:00:00", DayEdge::End), Err(TimeError::NoOffset(_))));
    }
}
