//! `.../$count`: how many there are, as a bare number.

use serde_json::Value;

use crate::emulator::wire::{Reply, Request, ServiceFailure};

/// Answers by asking for the list with `$count=true`.
// docs/service.md: queries-2
pub(super) fn answer(
    request: &Request,
    list: impl FnOnce(&Request) -> Result<Reply, ServiceFailure>,
) -> Result<Reply, ServiceFailure> {
    if !request.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual")) {
        return Err(ServiceFailure::new(400, "Request_BadRequest", "$count is not currently supported."));
    }
    let mut inner = request.clone();
    inner.path.pop();
    inner.query.retain(|(name, _)| !name.trim_start_matches('$').eq_ignore_ascii_case("count"));
    inner.query.push(("$count".to_owned(), "true".to_owned()));
    let count = list(&inner)?.body.and_then(|body| body.get("@odata.count").and_then(Value::as_u64));
    let count = count.ok_or_else(|| ServiceFailure::new(400, "Request_BadRequest", "$count is not supported here."))?;
    Ok(Reply::json(200, count.into()))
}
