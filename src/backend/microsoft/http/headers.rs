//! What the headers of an answer say: how long to wait, how much quota is left, how to find the request.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

/// What an answer says besides its status and body.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Signs {
    /// How long to wait before asking again (docs/service.md: limits-3).
    pub(super) retry_after: Option<Duration>,
    /// How many requests are left in the scarcest of the buckets that ARM names.
    pub(super) remaining: Option<u64>,
    /// How much of a limit of Graph is used up: 1.0 is all of it. Sent from 0.8 on.
    pub(super) used: Option<f64>,
    /// The id by which Microsoft finds the request.
    pub(super) request_id: Option<String>,
    /// When the service answered, by its own clock.
    pub(super) date: Option<Timestamp>,
}

impl Signs {
    /// Reads headers. `now` is for dates in `Retry-After`.
    pub(super) fn read(headers: &HeaderMap, now: Timestamp) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let remaining = headers
            .iter()
            .filter(|(name, _)| name.as_str().starts_with("x-ms-ratelimit-remaining-"))
            .filter_map(|(_, value)| value.to_str().ok()?.trim().parse().ok())
            .min();
        Self {
            retry_after: retry_after(text, now),
            remaining,
            used: text("x-ms-throttle-limit-percentage").and_then(|value| value.parse().ok()),
            request_id: text("request-id")
                .or_else(|| text("x-ms-request-id"))
                .filter(|id| id.len() <= 128)
                .map(str::to_owned),
            date: text("date").and_then(date),
        }
    }
}

/// How long to wait: milliseconds are finer than seconds, so they come first.
pub(super) fn retry_after<'a>(text: impl Fn(&str) -> Option<&'a str>, now: Timestamp) -> Option<Duration> {
    let milliseconds = || {
        let value = text("x-ms-retry-after-ms").or_else(|| text("retry-after-ms"))?;
        value.parse().ok().map(Duration::from_millis)
    };
    milliseconds().or_else(|| wait(text("retry-after")?, now))
}

/// `Retry-After` is a number of seconds, or a date.
fn wait(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some(Duration::try_from(date(value)?.duration_since(now)).unwrap_or_default())
}

fn date(value: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(value).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(headers: &[(&'static str, &str)]) -> Signs {
        let map = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect::<HeaderMap>();
        Signs::read(&map, "2026-01-01T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn every_way_to_ask_for_patience_is_understood() {
        let after = |headers: &[(&'static str, &str)]| signs(headers).retry_after;
        assert_eq!(after(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(after(&[("retry-after", "Thu, 01 Jan 2026 00:00:30 GMT")]), Some(Duration::from_secs(30)));
        assert_eq!(after(&[("retry-after", "Thu, 01 Jan 1970 00:00:30 GMT")]), Some(Duration::ZERO));
        assert_eq!(after(&[("x-ms-retry-after-ms", "1500"), ("retry-after", "2")]), Some(Duration::from_millis(1500)));
        assert_eq!(after(&[("retry-after-ms", "20")]), Some(Duration::from_millis(20)));
        assert_eq!(after(&[("retry-after", "soon")]), None);
        assert_eq!(after(&[]), None);
    }

    #[test]
    fn the_scarcest_bucket_counts() {
        let signs = signs(&[
            ("x-ms-ratelimit-remaining-subscription-reads", "240"),
            ("x-ms-ratelimit-remaining-subscription-global-reads", "17"),
            ("x-ms-throttle-limit-percentage", "0.9"),
            ("x-ms-request-id", "r-1"),
        ]);
        assert_eq!((signs.remaining, signs.used, signs.request_id.as_deref()), (Some(17), Some(0.9), Some("r-1")));
    }
}
