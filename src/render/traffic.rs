//! What reading a tenant took, in one line.

use std::time::Duration;

use super::words::{count, thousands};

/// What was sent and received.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// Requests.
    pub calls: u64,
    /// Bytes of the answers.
    pub bytes: u64,
    /// Answers that asked to slow down.
    pub throttled: u64,
    /// How long it took.
    pub took: Duration,
}

/// `read the tenant: 62 calls, 1.4 MB, 2 throttled, 1.8 s`
pub fn traffic(what: &str, traffic: Traffic) -> String {
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let tenths = traffic.took.as_millis().saturating_add(50) / 100;
    format!(
        "{what}: {}, {}, {} throttled, {}.{} s",
        count(number(traffic.calls), "call", "calls"),
        size(traffic.bytes),
        thousands(number(traffic.throttled)),
        tenths / 10,
        tenths % 10
    )
}

/// Bytes in the largest unit that leaves at least one, with one digit behind the point.
fn size(bytes: u64) -> String {
    let unit =
        [("GB", 1_000_000_000_u64), ("MB", 1_000_000), ("kB", 1000)].into_iter().find(|(_, unit)| bytes >= *unit);
    match unit {
        None => format!("{bytes} B"),
        Some((name, unit)) => {
            let tenths = bytes.saturating_mul(10) / unit;
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_fits_one_and_many() {
        let many = Traffic { calls: 62, bytes: 1_450_000, throttled: 2, took: Duration::from_millis(1849) };
        assert_eq!(traffic("read the tenant", many), "read the tenant: 62 calls, 1.4 MB, 2 throttled, 1.8 s");
        let one = Traffic { calls: 1, bytes: 0, throttled: 0, took: Duration::ZERO };
        assert_eq!(traffic("x", one), "x: 1 call, 0 B, 0 throttled, 0.0 s");
    }

    #[test]
    fn sizes_are_in_units_that_can_be_read() {
        let sizes = [999, 1000, 12_345, 2_500_000_000].map(size);
        assert_eq!(sizes, ["999 B", "1.0 kB", "12.3 kB", "2.5 GB"]);
    }
}
