//! "did you mean".

/// The one candidate that begins with `wanted`, or the one most like it, if one is alike enough to be a slip of the
/// keyboard.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    let (mut nearest, mut longer): (Option<(usize, &str)>, Vec<&str>) = (None, Vec::new());
    for candidate in candidates {
        let lower = candidate.to_lowercase();
        if wanted.len() >= SHORTEST_BEGINNING && lower.starts_with(&wanted) && longer.len() < 2 {
            longer.push(candidate);
        }
        if let Some(distance) = distance(&wanted, &lower) {
            nearest = nearest.into_iter().chain([(distance, candidate)]).min();
        }
    }
    match (longer.as_slice(), nearest) {
        (_, Some((0 | 1, candidate))) => Some(candidate),
        ([one], _) => Some(one),
        (_, nearest) => nearest.map(|(_, candidate)| candidate),
    }
}

/// Fewer characters are the beginning of too many things.
const SHORTEST_BEGINNING: usize = 4;

/// How many slips lie between two texts, unless they are too many.
fn distance(wanted: &str, candidate: &str) -> Option<usize> {
    // Everybody of a company has the same domain, which makes nobody alike.
    let (wanted, candidate) = match (wanted.split_once('@'), candidate.split_once('@')) {
        (Some((wanted, domain)), Some((candidate, other))) if domain == other => (wanted, candidate),
        _ => (wanted, candidate),
    };
    // In a short word one slip makes another word, and more than two slips are seldom made.
    let most = match wanted.chars().count().min(candidate.chars().count()) {
        0..=2 => 0,
        3..=4 => 1,
        // Addresses are long, and what differs may be one part of them.
        long if wanted.contains('/') && !wanted.starts_with('/') => 1 + long / 4,
        _ => 2,
    };
    if wanted.len().abs_diff(candidate.len()) > most * char::MAX.len_utf8() {
        return None;
    }
    let distance = strsim::damerau_levenshtein(wanted, candidate);
    (distance <= most).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn offers_the_nearest_and_nothing_far_off() {
        assert_eq!(nearest("eligble", ["active", "eligible"]), Some("eligible"));
        assert_eq!(nearest("Global Admin", ["Billing Administrator"]), None);
        assert_eq!(nearest("a", ["b"]), None);
        assert_eq!(nearest("SEC-App-Admins", ["SEC-Web-Admins"]), None);
    }

    #[test]
    fn the_one_that_begins_so_is_meant() {
        let roles = ["Global Reader", "Global Administrator", "Security Reader", "Security Operator"];
        assert_eq!(nearest("global admin", roles), Some("Global Administrator"));
        assert_eq!(nearest("Security", roles), None);
        assert_eq!(nearest("Glo", roles), None);
    }

    #[test]
    fn a_domain_makes_nobody_alike() {
        assert_eq!(nearest("eve@contoso.example", ["ada@contoso.example"]), None);
        assert_eq!(nearest("adda@contoso.example", ["ada@contoso.example"]), Some("ada@contoso.example"));
        assert_eq!(nearest("ada@contso.example", ["ada@contoso.example"]), Some("ada@contoso.example"));
    }
}
