//! Principals by name, for a million look-ups.
//!
//! The directory's own order by name is searched in about twenty steps, each of which waits for memory. Here a look-up
//! takes two. The order of nothing that anybody sees depends on it.

use crate::model::text::folded;
use crate::model::{Directory, Principal, PrincipalKind};

/// Finds principals by kind and name.
pub(super) struct NameIndex<'d> {
    directory: &'d Directory,
    /// Hashes and positions of all principals, ordered by hash.
    entries: Vec<(u64, u32)>,
    /// For each value of the first bits of a hash, where its entries begin.
    starts: Vec<u32>,
    shift: u32,
}

impl<'d> NameIndex<'d> {
    /// Indexes all principals of a directory.
    pub(super) fn new(directory: &'d Directory) -> Self {
        let principals = directory.principals();
        let mut entries: Vec<(u64, u32)> = principals
            .iter()
            .zip(0..)
            .filter_map(|(one, at)| Some((hash(one.kind()?, one.policy_name()), at)))
            .collect();
        entries.sort_unstable();
        let bits = principals.len().max(2).next_power_of_two().ilog2();
        let shift = u64::BITS - bits;
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        for ((hash, _), at) in entries.iter().zip(0..) {
            let bucket = usize::try_from(hash >> shift).unwrap_or(usize::MAX);
            starts.resize(starts.len().max(bucket + 1), at);
        }
        starts.resize((1 << bits) + 1, u32::try_from(entries.len()).unwrap_or(u32::MAX));
        Self { directory, entries, starts, shift }
    }

    /// The principals of a kind with a name, compared as names are.
    pub(super) fn named<'a>(&'a self, kind: PrincipalKind, name: &'a str) -> impl Iterator<Item = &'d Principal> + 'a {
        let hash = hash(kind, name);
        let bucket = usize::try_from(hash >> self.shift).unwrap_or(usize::MAX);
        let start = |bucket: usize| self.starts.get(bucket).copied().unwrap_or_default() as usize;
        let entries = self.entries.get(start(bucket)..start(bucket.saturating_add(1))).unwrap_or_default();
        entries
            .iter()
            .filter(move |(other, _)| *other == hash)
            .filter_map(|(_, at)| self.directory.principals().get(*at as usize))
            .filter(move |one| one.kind() == Some(kind) && folded(one.policy_name()).eq(folded(name)))
    }
}

/// FNV-1a, with its bits spread to the top.
fn hash(kind: PrincipalKind, name: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ kind as u64;
    let hash = folded(name).fold(start, |hash, c| (hash ^ u64::from(c)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::directory::DirectoryParts;
    use crate::model::{PrincipalDetail, PrincipalId};

    #[test]
    fn it_finds_what_the_directory_finds() {
        for count in [0_u32, 1, 2, 3, 100, 1000] {
            let user = |n: u32| Principal {
                id: PrincipalId::new(uuid::Uuid::from_u128(u128::from(n))),
                display_name: "x".into(),
                detail: PrincipalDetail::User {
                    user_principal_name: format!("Üser{}@x", n % 700).into(),
                    enabled: crate::model::Answer::Yes,
                    sort: None,
                },
            };
            let principals = (0..count).map(user).collect();
            let directory = Directory::new(DirectoryParts { principals, ..DirectoryParts::default() });
            let index = NameIndex::new(&directory);
            for name in (0..=count).map(|n| format!("üSER{n}@X")) {
                for kind in [PrincipalKind::User, PrincipalKind::Group] {
                    let expected: Vec<_> = directory.principals_named(kind, &name).collect();
                    assert_eq!(index.named(kind, &name).collect::<Vec<_>>(), expected, "{name}");
                }
            }
        }
    }
}
