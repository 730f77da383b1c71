//! Pages of a collection.

use serde_json::{Value, json};

use crate::emulator::wire::{Reply, Request, ServiceFailure};

/// One page of these, and the link to the next one.
pub(super) fn of<T>(
    request: &Request,
    size: usize,
    items: Vec<T>,
    show: impl FnMut(T) -> Value,
) -> Result<Reply, ServiceFailure> {
    let from = match request.option("$skiptoken") {
        None => 0,
        Some(token) => token.parse::<usize>().map_err(|_| {
            ServiceFailure::new(400, "InvalidSkipToken", format!("The skip token '{token}' is none of this service's."))
        })?,
    };
    let next = from.saturating_add(size);
    let more = items.len() > next;
    let value: Vec<Value> = items.into_iter().skip(from).take(size).map(show).collect();
    let mut body = json!({ "value": value });
    if let (true, Some(fields)) = (more, body.as_object_mut()) {
        fields.insert("nextLink".to_owned(), Value::from(link(request, next)));
    }
    Ok(Reply::json(200, body))
}

fn link(request: &Request, next: usize) -> String {
    let path = request.target.split('?').next().unwrap_or_default();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(request.query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("$skiptoken")));
    query.append_pair("$skiptoken", &next.to_string());
    format!("{}{path}?{}", request.base, query.finish())
}
