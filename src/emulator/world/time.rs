//! Points in time to a ten-millionth of a second, as the service prints them, and lengths of time.

use jiff::fmt::temporal::Pieces;
use jiff::{SignedDuration, SpanRelativeTo, Unit, civil};

/// Ten-millionths of a second in a second.
const TICKS: i64 = 10_000_000;
const EPOCH: civil::DateTime = civil::datetime(1970, 1, 1, 0, 0, 0, 0);

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(i64);

impl Time {
    /// Reads a time with an offset. Nothing if it is none or has no offset.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let pieces = Pieces::parse(text.trim()).ok()?;
        let offset = pieces.to_numeric_offset()?;
        let time = pieces.date().to_datetime(pieces.time()?);
        Some(Self::of(time).later(-i64::from(offset.seconds())))
    }

    /// Reads a date, or a time with an offset, as a tenant file has them.
    pub(crate) fn parse_date_or_time(text: &str) -> Option<Self> {
        match text.trim().parse::<civil::Date>() {
            Ok(date) if text.trim().len() == 10 => Some(Self::of(date.at(0, 0, 0, 0))),
            _ => Self::parse(text),
        }
    }

    fn of(time: civil::DateTime) -> Self {
        let since = time.duration_since(EPOCH);
        Self(since.as_secs() * TICKS + i64::from(since.subsec_nanos()) / 100)
    }

    /// From the system's clock.
    pub(crate) fn from_timestamp(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp.as_second() * TICKS + i64::from(timestamp.subsec_nanosecond()) / 100)
    }

    /// So many seconds later, or earlier.
    pub(crate) fn later(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(TICKS)))
    }

    /// Seconds from `self` to `other`, rounded down.
    pub(crate) fn seconds_until(self, other: Self) -> i64 {
        (other.0 - self.0).div_euclid(TICKS)
    }

    /// Whole seconds since 1970.
    pub(crate) fn unix(self) -> i64 {
        self.0.div_euclid(TICKS)
    }

    fn civil(self) -> civil::DateTime {
        let nanos = i32::try_from(self.0.rem_euclid(TICKS) * 100).unwrap_or(0);
        EPOCH.checked_add(SignedDuration::new(self.0.div_euclid(TICKS), nanos)).unwrap_or(civil::DateTime::MAX)
    }

    /// `2026-11-21T12:00:00.1234567Z`, as requests on Graph have it. Zeros at the end of the fraction are left out, and so
    /// is a fraction of nothing.
    pub(crate) fn ticks(self) -> String {
        format!("{}Z", self.civil())
    }

    /// `2026-11-21T12:00:00.123Z`, as schedules on Graph have it.
    pub(crate) fn millis(self) -> String {
        format!("{}Z", Self(self.0.div_euclid(10_000) * 10_000).civil())
    }

    /// `2026-11-21T12:00:00Z`.
    pub(crate) fn seconds(self) -> String {
        format!("{}Z", self.seconds_without_offset())
    }

    /// `20261121T120000Z`.
    pub(crate) fn compact(self) -> String {
        self.seconds().replace(['-', ':'], "")
    }

    /// `2026-11-21T12:00:00`.
    pub(crate) fn seconds_without_offset(self) -> String {
        Self(self.0.div_euclid(TICKS) * TICKS).civil().to_string()
    }
}

/// A length of time in seconds, from ISO 8601 such as `P365D` or `PT1H30M`.
///
/// Nothing for months and years, which the service refuses, and for what is no such length.
pub(crate) fn iso_seconds(text: &str) -> Option<i64> {
    if text.starts_with('P') { length_seconds(text) } else { None }
}

/// A length of time in seconds, in ISO 8601 or as a tenant file has it: `8h`, `365d`.
pub(crate) fn length_seconds(text: &str) -> Option<i64> {
    let span: jiff::Span = text.parse().ok()?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    let whole = length.round(Unit::Second).ok()? == length;
    (whole && !length.is_negative()).then(|| length.as_secs())
}

/// `P365D`, `PT8H`, `PT1H30M`.
pub(crate) fn iso_length(seconds: i64) -> String {
    const DAY: i64 = 86_400;
    if seconds > 0 && seconds % DAY == 0 {
        return format!("P{}D", seconds / DAY);
    }
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = "PT".to_owned();
    for (number, unit) in [(hours, 'H'), (minutes, 'M'), (rest, 'S')] {
        if number != 0 || (unit == 'S' && seconds == 0) {
            text.push_str(&number.to_string());
            text.push(unit);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_offset_and_printed_in_utc() {
        let time = Time::parse("2026-11-21T13:00:00.1234567+01:00").unwrap();
        assert_eq!(time.ticks(), "2026-11-21T12:00:00.1234567Z");
        assert_eq!(time.millis(), "2026-11-21T12:00:00.123Z");
        assert_eq!(time.seconds(), "2026-11-21T12:00:00Z");
        assert_eq!(Time::parse("9999-12-31T23:59:59Z").unwrap().seconds(), "9999-12-31T23:59:59Z");
        for bad in ["2026-11-21", "2026-11-21T12:00:00", "soon", ""] {
            assert!(Time::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(Time::parse_date_or_time("2026-11-21").unwrap().seconds(), "2026-11-21T00:00:00Z");
    }

    #[test]
    fn lengths_are_counted_in_seconds_and_months_are_none() {
        assert_eq!(iso_seconds("P1D"), iso_seconds("PT24H"));
        assert_eq!(iso_seconds("PT1H30M"), Some(5400));
        for bad in ["P6M", "P1Y", "8h", "", "P", "PT0.5S", "-P1D"] {
            assert_eq!(iso_seconds(bad), None, "{bad}");
        }
        assert_eq!(length_seconds("8h"), Some(28_800));
        for length in ["P365D", "PT8H", "PT1H30M", "PT45S", "PT0S"] {
            assert_eq!(iso_length(iso_seconds(length).unwrap()), length);
        }
    }
}
