//! The query options of `OData`, as far as Graph knows them.
//!
//! An [`Entity`] says which properties a type has and which of them a filter may name. [`Query::parse`] refuses everything
//! else; [`page`] filters, orders, cuts and selects.

mod filter;
mod page;
mod parse;
mod search;

#[cfg(test)]
mod tests;

use crate::emulator::wire::ServiceFailure;

pub(crate) use filter::Filter;
pub(crate) use page::{page, shape};

/// What the value of a property is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Text that compares without case.
    Text,
    /// Text that compares with case.
    Exact,
    /// Yes or no.
    Flag,
    /// A point in time.
    Time,
    /// A list of texts, for `any`.
    List,
    /// A structure whose properties a filter can name behind a slash.
    Complex(&'static Entity),
    /// A number.
    Number,
    /// A structure that a filter cannot look into.
    Opaque,
    /// A list of such structures.
    Structures,
}

/// A property of a type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Property {
    /// Its name.
    pub(crate) name: &'static str,
    /// What its value is.
    pub(crate) kind: Kind,
    /// Whether a filter may name it.
    pub(crate) filterable: bool,
    /// Whether it is only there when it is selected.
    pub(crate) on_demand: bool,
    /// Whether only the beta version has it.
    pub(crate) beta: bool,
}

/// A property that a filter may name.
pub(crate) const fn filterable(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, filterable: true, on_demand: false, beta: false }
}

/// A property that a filter may not name.
pub(crate) const fn plain(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, filterable: false, on_demand: false, beta: false }
}

/// Something that `$expand` can bring along.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// Its name.
    pub(crate) name: &'static str,
    /// The type at its other end.
    pub(crate) to: &'static Entity,
}

/// A type of Graph.
#[derive(Debug)]
pub(crate) struct Entity {
    /// Its name without `microsoft.graph.`.
    pub(crate) name: &'static str,
    /// Its properties.
    pub(crate) properties: &'static [Property],
    /// What can be expanded.
    pub(crate) links: &'static [Link],
    /// The types derived from it that occur in its place, with properties of their own.
    pub(crate) derived: &'static [&'static Entity],
}

impl Entity {
    fn property(&self, name: &str) -> Result<&'static Property, ServiceFailure> {
        let derived = self.derived.iter().flat_map(|entity| entity.properties);
        let mut all = self.properties.iter().chain(derived);
        all.find(|property| property.name.eq_ignore_ascii_case(name)).ok_or_else(|| self.unknown(name))
    }

    fn link(&self, name: &str) -> Option<&'static Link> {
        self.links.iter().find(|link| link.name.eq_ignore_ascii_case(name))
    }

    fn unknown(&self, name: &str) -> ServiceFailure {
        bad(format!("Could not find a property named '{name}' on type 'microsoft.graph.{}'.", self.name))
    }
}

/// A refusal of a query.
pub(crate) fn bad(message: impl Into<String>) -> ServiceFailure {
    ServiceFailure::new(400, "BadRequest", message)
}

/// Which options a collection or an object takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// `$select` and `$expand`: a single object.
    One,
    /// All but `$skip` and `$orderby`: directory objects.
    Directory,
    /// All.
    List,
}

/// The options of one query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    /// `$filter`
    pub(crate) filter: Option<Filter>,
    /// `$search`
    pub(crate) search: Option<Filter>,
    /// `$select`
    pub(crate) select: Option<Vec<&'static Property>>,
    /// Links named in `$select`, which change nothing.
    pub(crate) expand: Vec<Expand>,
    /// `$orderby`: the property, and whether the greatest comes first.
    pub(crate) order: Vec<(&'static Property, bool)>,
    /// `$top`
    pub(crate) top: Option<usize>,
    /// `$skip`
    pub(crate) skip: usize,
    /// `$count`
    pub(crate) count: bool,
    /// Where the page begins, from `$skiptoken`.
    pub(crate) from: usize,
    /// Whether the beta version was asked.
    pub(crate) beta: bool,
}

/// One link to bring along, with options of its own.
#[derive(Clone, Debug)]
pub(crate) struct Expand {
    /// Which.
    pub(crate) link: &'static Link,
    /// Its options.
    pub(crate) query: Query,
}

impl Query {
    /// The options that a nested `$expand` brings for a link.
    pub(crate) fn expands(&self, name: &str) -> Option<&Query> {
        self.expand.iter().find(|expand| expand.link.name == name).map(|expand| &expand.query)
    }
}
