//! What a query leaves of a collection.

use std::cmp::Ordering;

use serde_json::Value;

use crate::emulator::odata::{Entity, Query};
use crate::emulator::wire::Request;

/// One page.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// What is on it, each with its JSON.
    pub(crate) rows: Vec<(T, Value)>,
    /// How many there are on all pages, if that was asked.
    pub(crate) count: Option<usize>,
    /// Where the next page is.
    pub(crate) next: Option<String>,
}

/// Filters, orders and cuts. `render` gives all properties of an object; it is not called for objects that are on no page
/// of a query without filter and order.
pub(crate) fn page<T>(
    request: &Request,
    query: &Query,
    size: usize,
    items: Vec<T>,
    render: impl Fn(&T) -> Value,
) -> Page<T> {
    let size = query.top.unwrap_or(size);
    let start = query.skip + query.from;
    let (total, mut rows): (usize, Vec<(T, Value)>) = if query.filter.is_none() && query.order.is_empty() {
        let total = items.len();
        let rows = items.into_iter().skip(start).take(size);
        (
            total,
            rows.map(|item| {
                let json = render(&item);
                (item, json)
            })
            .collect(),
        )
    } else {
        let with_json = items.into_iter().map(|item| {
            let json = render(&item);
            (item, json)
        });
        let matches = |(_, json): &(T, Value)| query.filter.as_ref().is_none_or(|filter| filter.matches(json));
        let mut found: Vec<(T, Value)> = with_json.filter(matches).collect();
        found.sort_by(|(_, a), (_, b)| order(query, a, b));
        (found.len(), found.into_iter().skip(start).take(size).collect())
    };
    rows.shrink_to_fit();
    let end = start + rows.len();
    let next = (end < total && !rows.is_empty()).then(|| next_link(request, query.from + rows.len()));
    Page { rows, count: query.count.then_some(total), next }
}

fn order(query: &Query, a: &Value, b: &Value) -> Ordering {
    for (property, descending) in &query.order {
        let text = |value: &Value| match value.get(property.name) {
            Some(Value::String(text)) => text.to_lowercase(),
            Some(Value::Bool(flag)) => flag.to_string(),
            _ => String::new(),
        };
        let ordering = text(a).cmp(&text(b));
        let ordering = if *descending { ordering.reverse() } else { ordering };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}

/// The same query with another place to begin.
fn next_link(request: &Request, from: usize) -> String {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let is_token = |option: &&str| {
        let name = option.split('=').next().unwrap_or_default().to_ascii_lowercase();
        name.ends_with("skiptoken")
    };
    let mut options: Vec<String> =
        query.split('&').filter(|option| !option.is_empty() && !is_token(option)).map(str::to_owned).collect();
    options.push(format!("$skiptoken={}", super::parse::token(from)));
    format!("{}{path}?{}", request.base, options.join("&"))
}

/// Leaves what was selected. Annotations stay.
pub(crate) fn shape(value: Value, query: &Query, entity: &Entity) -> Value {
    let Value::Object(object) = value else { return value };
    let kind = object.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    let derived = entity.derived.iter().find(|derived| kind.strip_prefix("#microsoft.graph.") == Some(derived.name));
    let own = derived.map_or(entity.properties, |derived| derived.properties);
    let keeps = |name: &str| match &query.select {
        _ if name.starts_with('@') => true,
        Some(selected) => selected.iter().any(|property| property.name == name),
        None => own
            .iter()
            .find(|property| property.name == name)
            .is_none_or(|property| !property.on_demand && (query.beta || !property.beta)),
    };
    Value::Object(object.into_iter().filter(|(name, _)| keeps(name)).collect())
}
