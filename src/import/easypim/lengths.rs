//! Lengths as the tool spells them, and what is as tight where one cannot be declared.

use crate::model::Duration;

/// The shortest and longest that an assignment's limit may be declared.
pub(super) const SHORTEST_LIMIT: Duration = Duration::from_days(1);
const LONGEST_LIMIT: Duration = Duration::from_days(3650);

/// What became of a length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// It stands in the files as it is stated.
    Exact(Duration),
    /// It is written shorter than it is stated.
    Shortened(Duration),
    /// It is understood, and shorter than anything that can be declared.
    TooShort(Duration),
    /// Nobody can say how long it is; why.
    Unreadable(String),
}

/// ISO 8601, which is all that the tool takes. The error is in words.
pub(super) fn exact(text: &str) -> Result<Duration, String> {
    if !text.trim_start().starts_with(['P', 'p']) {
        return Err(format!("`{text}` is not a duration of ISO 8601"));
    }
    text.parse().map_err(|error: crate::model::time::DurationError| error.to_string())
}

/// The longest activation: half an hour to a day, in half hours.
pub(super) fn activation(text: &str) -> Length {
    let stated = match exact(text).or_else(|error| slipped(text).ok_or(error)) {
        Ok(stated) => stated,
        // A count of months or years is longer than a day in any case.
        Err(_) if at_least(text).is_some() => return Length::Shortened(Duration::from_hours(24)),
        Err(error) => return Length::Unreadable(error),
    };
    let half_hour = Duration::from_minutes(30).as_secs();
    let steps = (stated.as_secs() / half_hour).min(48);
    match Duration::from_secs(steps * half_hour) {
        _ if steps == 0 => Length::TooShort(stated),
        written if written == stated => written_as(text, stated),
        written => Length::Shortened(written),
    }
}

/// The longest assignment: a day to ten years.
pub(super) fn limit(text: &str) -> Length {
    let hours = || slipped(text).filter(|_| !text.trim_end().ends_with(['M', 'm']));
    match exact(text).or_else(|error| hours().ok_or(error)) {
        Ok(stated) if stated < SHORTEST_LIMIT => Length::TooShort(stated),
        Ok(stated) if stated > LONGEST_LIMIT => Length::Shortened(LONGEST_LIMIT),
        Ok(stated) => written_as(text, stated),
        Err(error) => match at_least(text) {
            Some(known) => Length::Shortened(known.min(LONGEST_LIMIT)),
            None => Length::Unreadable(error),
        },
    }
}

fn written_as(text: &str, length: Duration) -> Length {
    if exact(text).is_ok() { Length::Exact(length) } else { Length::Shortened(length) }
}

/// `P8H` and the like: the tool puts the missing `T` in.
fn slipped(text: &str) -> Option<Duration> {
    let number = text.trim().strip_prefix(['P', 'p'])?;
    let digits = number.strip_suffix(['H', 'h', 'M', 'm', 'S', 's'])?;
    let plain = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    plain.then(|| format!("PT{number}").parse().ok()).flatten()
}

/// How long months and years last at the least: 28 days a month, of several two days less than 30 each, and 365 a year.
fn at_least(text: &str) -> Option<Duration> {
    let (mut days, mut number, mut counted) = (0_u64, String::new(), false);
    for c in text.trim().strip_prefix(['P', 'p'])?.chars() {
        if c.is_ascii_digit() && number.len() < 6 {
            number.push(c);
            continue;
        }
        let count: u64 = number.parse().ok()?;
        number.clear();
        counted |= count > 0;
        days += match c.to_ascii_uppercase() {
            'Y' => count * 365,
            'M' => (count * 30).saturating_sub(2),
            'W' => count * 7,
            'D' => count,
            _ => return None,
        };
    }
    (counted && number.is_empty()).then(|| Duration::from_days(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_declared_is_never_longer_than_stated() {
        let (hours, days) = (Duration::from_hours, Duration::from_days);
        for (text, expected) in [
            ("PT8H", Length::Exact(hours(8))),
            ("P8H", Length::Shortened(hours(8))),
            ("P90M", Length::Shortened(Duration::from_minutes(90))),
            ("PT100M", Length::Shortened(Duration::from_minutes(90))),
            ("P3D", Length::Shortened(hours(24))),
            ("P1Y", Length::Shortened(hours(24))),
            ("PT29M", Length::TooShort(Duration::from_minutes(29))),
        ] {
            assert_eq!(activation(text), expected, "{text}");
        }
        for (text, expected) in [
            ("P30D", Length::Exact(days(30))),
            ("P1Y", Length::Shortened(days(365))),
            ("P6M", Length::Shortened(days(178))),
            ("P1Y6M2D", Length::Shortened(days(545))),
            ("P1M", Length::Shortened(days(28))),
            ("P20Y", Length::Shortened(days(3650))),
            ("P48H", Length::Shortened(days(2))),
            ("PT8H", Length::TooShort(hours(8))),
            ("P8H", Length::TooShort(hours(8))),
        ] {
            assert_eq!(limit(text), expected, "{text}");
        }
        for text in ["", "P", "PT0S", "P0D", "P0Y", "-P1D", "eight hours", "8h", "1M", "P1Y2H", "PXD", "P9999999Y"] {
            assert!(matches!(limit(text), Length::Unreadable(_)), "{text}");
            assert!(matches!(activation(text), Length::Unreadable(_)), "{text}");
        }
    }
}
