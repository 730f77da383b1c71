//! `$search` on directory objects: `"displayName:sec" OR "mail:soc"`.

use crate::emulator::odata::filter::Path;
use crate::emulator::odata::{Entity, Filter, Kind, bad};
use crate::emulator::wire::ServiceFailure;

/// Reads a search as a condition. `AND` binds more than `OR`.
// docs/service.md: queries-3
pub(super) fn parse(value: &str, entity: &'static Entity) -> Result<Filter, ServiceFailure> {
    let syntax =
        || bad(format!("Syntax error: '$search={value}' is no list of \"property:value\" with AND or OR between."));
    let mut sums: Vec<Filter> = Vec::new();
    let (mut rest, mut joins) = (value.trim(), false);
    loop {
        let (clause, behind) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')).ok_or_else(syntax)?;
        let word = word(clause, entity)?;
        let before = if joins { sums.pop() } else { None };
        let word = match before {
            Some(before) => Filter::And(Box::new(before), Box::new(word)),
            None => word,
        };
        sums.push(word);
        let behind = behind.trim_start();
        (rest, joins) = match (behind.strip_prefix("AND "), behind.strip_prefix("OR ")) {
            (Some(next), _) => (next.trim_start(), true),
            (None, Some(next)) => (next.trim_start(), false),
            (None, None) if behind.is_empty() => break,
            (None, None) => return Err(syntax()),
        };
    }
    let either = |one, other| Filter::Or(Box::new(one), Box::new(other));
    sums.into_iter().reduce(either).ok_or_else(syntax)
}

fn word(clause: &str, entity: &'static Entity) -> Result<Filter, ServiceFailure> {
    let (name, text) = clause.split_once(':').ok_or_else(|| bad("A property is missing in a clause of '$search'."))?;
    let property = entity.property(name.trim())?;
    if !matches!(property.kind, Kind::Text | Kind::Exact) {
        return Err(bad(format!("The property '{name}' cannot be searched.")));
    }
    Ok(Filter::Word(Path::of(property), text.trim().to_owned()))
}
