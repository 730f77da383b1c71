//! From the text of options to a [`Query`].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::emulator::odata::{Entity, Expand, Filter, Property, Query, Takes, bad, search};
use crate::emulator::wire::{Request, ServiceFailure};

impl Query {
    /// Reads the options of a request. The dollar sign may be missing, as on Graph.
    pub(crate) fn parse(request: &Request, entity: &'static Entity, takes: Takes) -> Result<Self, ServiceFailure> {
        let mut query = Self::empty(request);
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in &request.query {
            let plain = name.strip_prefix('$').unwrap_or(name).to_ascii_lowercase();
            if seen.contains(&plain) {
                return Err(bad(format!(
                    "Query option '{name}' was specified more than once, but it must be specified at most once."
                )));
            }
            let known = match takes {
                Takes::One => matches!(plain.as_str(), "select" | "expand"),
                Takes::Directory => !matches!(plain.as_str(), "skip"),
                // Only the directory searches.
                Takes::List => plain != "search",
            };
            if !known || !query.option(&plain, value, entity)? {
                return Err(bad(format!("The query parameter '{name}' is not supported.")));
            }
            seen.push(plain);
        }
        if takes == Takes::Directory {
            query.check_advanced(request)?;
        }
        let both = |one, other| Filter::And(Box::new(one), Box::new(other));
        query.filter = query.filter.into_iter().chain(query.search.take()).reduce(both);
        Ok(query)
    }

    /// No options, of the version that a request asks.
    pub(crate) fn empty(request: &Request) -> Self {
        let beta = request.path.first().is_some_and(|version| version == "beta");
        Self { beta, ..Self::default() }
    }

    /// The directory answers some conditions only in its advanced form, which must be asked for.
    // docs/service.md: queries-1
    fn check_advanced(&self, request: &Request) -> Result<(), ServiceFailure> {
        let eventual = request.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
        if self.search.is_some() && !eventual {
            let message = "Request with $search query parameter only works through MSGraph with a special request header: \
                           'ConsistencyLevel: eventual'";
            return Err(ServiceFailure::new(400, "Request_UnsupportedQuery", message));
        }
        if (self.count && eventual) || !self.filter.as_ref().is_some_and(Filter::is_advanced) {
            return Ok(());
        }
        let message = "Unsupported or invalid query filter clause: it needs the header 'ConsistencyLevel: eventual' and \
                       '$count=true'.";
        Err(ServiceFailure::new(400, "Request_UnsupportedQuery", message))
    }

    /// Takes one option. False if there is none of that name.
    fn option(&mut self, name: &str, value: &str, entity: &'static Entity) -> Result<bool, ServiceFailure> {
        let number = |value: &str| {
            value.parse::<usize>().map_err(|_| bad(format!("Invalid value '{value}' for ${name} query option found.")))
        };
        match name {
            "filter" => self.filter = Some(Filter::parse(value, entity)?),
            "search" => self.search = Some(search::parse(value, entity)?),
            "select" => self.select = select(value, entity, self.beta)?,
            "expand" => self.expand = expand(value, entity, self.beta)?,
            "orderby" => self.order = order(value, entity)?,
            "top" => match number(value)? {
                0 => return Err(bad("Invalid value '0' for $top query option found.")),
                top => self.top = Some(top.min(999)),
            },
            "skip" => self.skip = number(value)?,
            "count" => match value {
                "true" => self.count = true,
                "false" => self.count = false,
                other => return Err(bad(format!("Invalid value '{other}' for $count query option found."))),
            },
            "skiptoken" => {
                let text = URL_SAFE_NO_PAD.decode(value).ok().and_then(|text| String::from_utf8(text).ok());
                let from = text.and_then(|text| text.strip_prefix("from:").and_then(|from| from.parse().ok()));
                self.from = from.ok_or_else(|| bad("The provided skip token is malformed."))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The text of a `$skiptoken`.
pub(super) fn token(from: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("from:{from}"))
}

/// Nothing for `*`.
fn select(value: &str, entity: &'static Entity, beta: bool) -> Result<Option<Vec<&'static Property>>, ServiceFailure> {
    let mut selected = Vec::new();
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if name == "*" {
            return Ok(None);
        }
        // Links may be named; only $expand brings them.
        if entity.link(name).is_none() {
            let property = entity.property(name)?;
            if property.beta && !beta {
                return Err(entity.unknown(name));
            }
            selected.push(property);
        }
    }
    Ok(Some(selected))
}

fn order(value: &str, entity: &'static Entity) -> Result<Vec<(&'static Property, bool)>, ServiceFailure> {
    let one = |text: &str| {
        let mut words = text.split_whitespace();
        let property = entity.property(words.next().unwrap_or_default())?;
        match (words.next(), words.next()) {
            (None | Some("asc"), None) => Ok((property, false)),
            (Some("desc"), None) => Ok((property, true)),
            _ => Err(bad(format!("Syntax error in '$orderby={value}'."))),
        }
    };
    value.split(',').map(one).collect()
}

fn expand(value: &str, entity: &'static Entity, beta: bool) -> Result<Vec<Expand>, ServiceFailure> {
    let mut found = Vec::new();
    for item in split(value, ',')? {
        let item = item.trim();
        let (name, nested) = match item.split_once('(') {
            None => (item, ""),
            Some((name, rest)) => {
                let inner = rest.strip_suffix(')');
                (name.trim(), inner.ok_or_else(|| bad(format!("Syntax error in '$expand={value}'.")))?)
            }
        };
        if item == "*" {
            found.extend(entity.links.iter().map(|link| Expand { link, query: Query { beta, ..Query::default() } }));
            continue;
        }
        let link = entity.link(name).ok_or_else(|| entity.unknown(name))?;
        let mut query = Query { beta, ..Query::default() };
        for option in split(nested, ';')?.into_iter().filter(|option| !option.trim().is_empty()) {
            let (name, value) = option.trim().split_once('=').unwrap_or((option.trim(), ""));
            let plain = name.trim().strip_prefix('$').unwrap_or(name).to_ascii_lowercase();
            if !matches!(plain.as_str(), "select" | "expand") || !query.option(&plain, value, link.to)? {
                return Err(bad(format!("The query parameter '{name}' is not supported within $expand.")));
            }
        }
        found.push(Expand { link, query });
    }
    Ok(found)
}

/// Splits at a character that stands neither in parentheses nor in a text.
fn split(value: &str, at: char) -> Result<Vec<&str>, ServiceFailure> {
    let mut parts = Vec::new();
    let (mut depth, mut quoted, mut begin) = (0_i32, false, 0);
    for (position, c) in value.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            c if c == at && !quoted && depth == 0 => {
                parts.push(value.get(begin..position).unwrap_or_default());
                begin = position + c.len_utf8();
            }
            _ => {}
        }
    }
    if depth != 0 || quoted {
        return Err(bad(format!("Syntax error in '{value}': a parenthesis or a quote is not closed.")));
    }
    parts.push(value.get(begin..).unwrap_or_default());
    Ok(parts)
}
