//! Answers with one object or a page of objects.

use serde_json::{Map, Value};

use crate::emulator::odata::{Entity, Query, page, shape};
use crate::emulator::wire::{Reply, Request, ServiceFailure};

/// `@odata.context` of an answer.
pub(super) fn context(request: &Request, what: &str) -> String {
    let version = request.path.first().map_or("v1.0", String::as_str);
    format!("{}/{version}/$metadata#{what}", request.base)
}

/// How to print one kind of object.
pub(super) struct Print<'a, T> {
    /// Its type.
    pub(super) entity: &'static Entity,
    /// All its properties.
    pub(super) render: &'a dyn Fn(&T) -> Value,
    /// What is behind a link, with the options for it.
    pub(super) expand: &'a dyn Fn(&T, &str, &Query) -> Value,
}

impl<T> Print<'_, T> {
    fn finish(&self, item: &T, value: Value, query: &Query) -> Value {
        let mut value = shape(value, query, self.entity);
        if let Value::Object(object) = &mut value {
            for expand in &query.expand {
                object.insert(expand.link.name.to_owned(), (self.expand)(item, expand.link.name, &expand.query));
            }
        }
        value
    }

    /// A page of a collection.
    pub(super) fn list(&self, request: &Request, what: &str, size: usize, query: &Query, items: Vec<T>) -> Reply {
        let page = page(request, query, size, items, self.render);
        let rows: Vec<Value> = page.rows.into_iter().map(|(item, value)| self.finish(&item, value, query)).collect();
        let mut body = Map::new();
        body.insert("@odata.context".to_owned(), context(request, what).into());
        if let Some(count) = page.count {
            body.insert("@odata.count".to_owned(), count.into());
        }
        if let Some(next) = page.next {
            body.insert("@odata.nextLink".to_owned(), next.into());
        }
        body.insert("value".to_owned(), rows.into());
        Reply::json(200, body.into())
    }

    /// One object.
    pub(super) fn one(&self, request: &Request, status: u16, what: &str, query: &Query, item: &T) -> Reply {
        let value = self.finish(item, (self.render)(item), query);
        Reply::json(status, with_context(request, what, value))
    }
}

/// An object with its `@odata.context`.
pub(super) fn with_context(request: &Request, what: &str, mut value: Value) -> Value {
    if let Value::Object(object) = &mut value {
        object.insert("@odata.context".to_owned(), format!("{}/$entity", context(request, what)).into());
    }
    value
}

/// What was made a moment ago: it shows what a read without `$select` would.
pub(super) fn created(request: &Request, what: &str, entity: &Entity, value: Value) -> Reply {
    Reply::json(201, with_context(request, what, shape(value, &Query::empty(request), entity)))
}

/// What is expanded, with its own selection.
pub(super) fn nested(value: Value, query: &Query, entity: &Entity) -> Value {
    shape(value, query, entity)
}

/// What an answer has behind a link, as an answer of its own.
pub(super) fn behind(request: &Request, reply: Reply, link: &str) -> Result<Reply, ServiceFailure> {
    let found = reply.body.and_then(|body| match body {
        Value::Object(object) => object.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(link)),
        _ => None,
    });
    match found {
        Some((name, value)) if !value.is_null() => Ok(Reply::json(200, with_context(request, &name, value))),
        _ => Err(not_found()),
    }
}

/// Whether an answer is of a type, named without its namespace.
pub(super) fn is_a(reply: &Reply, type_name: &str) -> bool {
    let own = reply.body.as_ref().and_then(|body| body.get("@odata.type")?.as_str());
    own.and_then(|own| own.rsplit('.').next()).is_some_and(|own| own.eq_ignore_ascii_case(type_name))
}

/// Nothing can be expanded.
pub(super) fn no_links<T>(_: &T, _: &str, _: &Query) -> Value {
    Value::Null
}

/// The directory's words for an object that is not there.
pub(super) fn no_object(id: &str) -> ServiceFailure {
    let message =
        format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present.");
    ServiceFailure::new(404, "Request_ResourceNotFound", message)
}

/// PIM's words for something that is not there.
pub(super) fn not_found() -> ServiceFailure {
    ServiceFailure::new(404, "ResourceNotFound", "The resource is not found.")
}

/// A verb that a path does not take.
pub(super) fn wrong_method(request: &Request) -> ServiceFailure {
    let message = format!("The HTTP method '{}' is not supported for this path.", request.method);
    ServiceFailure::new(405, "Request_BadRequest", message)
}
