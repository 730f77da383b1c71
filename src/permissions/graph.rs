//! The least permissions of Microsoft Graph for what is done.

use std::collections::BTreeMap;

use super::needs::Need;
use crate::backend::microsoft::permission::GraphPermission;

/// The least permissions for all needs, each with the needs that it is there for.
///
/// What a broader permission covers, that is needed in any case, is not asked for besides.
pub(super) fn least(needs: impl IntoIterator<Item = Need>) -> BTreeMap<GraphPermission, Vec<Need>> {
    let needs: Vec<(Need, GraphPermission)> =
        needs.into_iter().filter_map(|need| Some((need, need.graph()?))).collect();
    let broader = |one: GraphPermission| {
        let covering = needs.iter().map(|(_, other)| *other).filter(|other| *other != one && other.covers(one));
        // Of several the one that nothing covers in turn, so that every need ends at a permission that is asked for.
        covering.max_by_key(|other| needs.iter().filter(|(_, less)| other.covers(*less)).count())
    };
    let mut least: BTreeMap<GraphPermission, Vec<Need>> = BTreeMap::new();
    for (need, permission) in &needs {
        least.entry(broader(*permission).unwrap_or(*permission)).or_default().push(*need);
    }
    least
}
