//! Directory roles that come with the service. Their ids are the same in every tenant. Source: the service's own list of
//! built-in roles.

use uuid::Uuid;

use crate::emulator::world::{DirectoryRole, Extra, World};

/// One role a line: its id, a tab, its name.
const ROLES: &str = include_str!("directory-roles.tsv");

/// Adds the built-in roles that the tenant file does not list.
pub(crate) fn add(world: &mut World) {
    for (id, name) in ROLES.lines().filter_map(|line| line.split_once('\t')) {
        let Ok(id) = Uuid::try_parse(id) else { continue };
        let role = || DirectoryRole { id, name: name.to_owned(), custom: false, extra: Extra::new() };
        world.directory_roles.entry(id).or_insert_with(role);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_role_of_its_own() {
        let ids: std::collections::BTreeSet<Uuid> =
            ROLES.lines().map(|line| Uuid::try_parse(line.split_once('\t').unwrap().0).unwrap()).collect();
        assert_eq!(ids.len(), ROLES.lines().count());
        assert!(ids.len() > 100);
    }
}
