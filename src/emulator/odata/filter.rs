//! `$filter`: reading it, and asking it about an object.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::emulator::odata::{Entity, Kind, Property, bad};
use crate::emulator::wire::ServiceFailure;
use crate::emulator::world::Time;

/// A condition.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// One or both.
    Or(Box<Filter>, Box<Filter>),
    /// Not.
    Not(Box<Filter>),
    /// A comparison.
    Compare(Path, Operator, Literal),
    /// One of several.
    In(Path, Vec<Literal>),
    /// Begins with, without case.
    StartsWith(Path, String),
    /// Ends with, without case.
    EndsWith(Path, String),
    /// Has a word that begins with a text, without case.
    Word(Path, String),
    /// An element of a list.
    Any(Path, String),
}

/// Names a property, perhaps inside another.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// The names as the type spells them.
    names: Vec<&'static str>,
    kind: Kind,
}

/// How to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `gt`
    After,
    /// `ge`
    NotBefore,
    /// `lt`
    Before,
    /// `le`
    NotAfter,
}

/// A value in a filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    /// `null`
    Null,
    /// `'text'`
    Text(String),
    /// `true`
    Flag(bool),
    /// `2026-01-01T00:00:00Z`
    Time(Time),
}

impl Literal {
    fn lower(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.to_lowercase()),
            Self::Null | Self::Flag(_) | Self::Time(_) => None,
        }
    }
}

impl Filter {
    /// Reads a filter on a type.
    pub(crate) fn parse(text: &str, entity: &'static Entity) -> Result<Self, ServiceFailure> {
        let mut parser = Parser { tokens: tokens(text)?, at: 0, entity };
        let filter = parser.or()?;
        match parser.next() {
            None => Ok(filter),
            Some(token) => Err(syntax(&format!("'{}' is not expected", token.shown()))),
        }
    }

    /// Whether an object meets it.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        match self {
            Self::And(a, b) => a.matches(object) && b.matches(object),
            Self::Or(a, b) => a.matches(object) || b.matches(object),
            Self::Not(inner) => !inner.matches(object),
            Self::Compare(path, operator, literal) => path.compare(object, *operator, literal),
            Self::In(path, literals) => literals.iter().any(|it| path.compare(object, Operator::Equal, it)),
            Self::StartsWith(path, start) => {
                path.text(object).is_some_and(|text| text.starts_with(&start.to_lowercase()))
            }
            Self::EndsWith(path, end) => path.text(object).is_some_and(|text| text.ends_with(&end.to_lowercase())),
            Self::Word(path, start) => path.text(object).is_some_and(|text| has_word(&text, &start.to_lowercase())),
            Self::Any(path, wanted) => path.value(object).and_then(Value::as_array).is_some_and(|list| {
                list.iter().any(|it| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case(wanted)))
            }),
        }
    }

    /// Whether the directory takes it only as an advanced query.
    pub(crate) fn is_advanced(&self) -> bool {
        match self {
            Self::And(a, b) | Self::Or(a, b) => a.is_advanced() || b.is_advanced(),
            Self::Not(_) | Self::Compare(_, Operator::NotEqual, _) | Self::EndsWith(..) => true,
            Self::Compare(..) | Self::In(..) | Self::StartsWith(..) | Self::Word(..) | Self::Any(..) => false,
        }
    }

    /// The texts, in lower case, one of which a property must equal in all that the filter matches: `name eq 'text'` and
    /// `name in ('text')`, joined with `and` and `or`. Nothing if it may be any.
    pub(crate) fn texts(&self, name: &str) -> Option<BTreeSet<String>> {
        match self {
            Self::And(a, b) => a.texts(name).or_else(|| b.texts(name)),
            Self::Or(a, b) => Some(a.texts(name)?.into_iter().chain(b.texts(name)?).collect()),
            Self::Compare(path, Operator::Equal, literal) if path.names.as_slice() == [name] => {
                literal.lower().map(|text| BTreeSet::from([text]))
            }
            Self::In(path, literals) if path.names.as_slice() == [name] => {
                literals.iter().map(Literal::lower).collect()
            }
            _ => None,
        }
    }

    /// The text that a property must equal, if all that the filter matches has the same: `name eq 'text'`, alone or joined
    /// with `and`.
    pub(crate) fn fixes(&self, name: &str) -> Option<&str> {
        match self {
            Self::And(a, b) => a.fixes(name).or_else(|| b.fixes(name)),
            Self::Compare(path, Operator::Equal, Literal::Text(text)) if path.names.as_slice() == [name] => Some(text),
            _ => None,
        }
    }
}

/// Words begin where letters or digits follow on something else. The text sought may be of several.
fn has_word(text: &str, start: &str) -> bool {
    let begins =
        |at: usize| text.get(..at).and_then(|before| before.chars().next_back()).is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(start).any(|(at, _)| begins(at))
}

impl Path {
    /// A property of a type by itself.
    pub(super) fn of(property: &'static Property) -> Self {
        Self { names: vec![property.name], kind: property.kind }
    }

    /// A text, without case.
    fn text(&self, object: &Value) -> Option<String> {
        self.value(object).and_then(Value::as_str).map(str::to_lowercase)
    }

    fn value<'v>(&self, object: &'v Value) -> Option<&'v Value> {
        self.names.iter().try_fold(object, |value, name| value.get(name))
    }

    fn compare(&self, object: &Value, operator: Operator, literal: &Literal) -> bool {
        let value = self.value(object).filter(|value| !value.is_null());
        let equal = match (value, literal) {
            (None, Literal::Null) => true,
            (None, _) | (Some(_), Literal::Null) => false,
            (Some(value), Literal::Text(text)) => value.as_str().is_some_and(|value| match self.kind {
                Kind::Exact => value == text,
                _ => value.to_lowercase() == text.to_lowercase(),
            }),
            (Some(value), Literal::Flag(flag)) => value.as_bool() == Some(*flag),
            (Some(value), Literal::Time(time)) => {
                let Some(value) = value.as_str().and_then(Time::parse) else { return false };
                return match operator {
                    Operator::Equal => value == *time,
                    Operator::NotEqual => value != *time,
                    Operator::After => value > *time,
                    Operator::NotBefore => value >= *time,
                    Operator::Before => value < *time,
                    Operator::NotAfter => value <= *time,
                };
            }
        };
        match operator {
            Operator::Equal => equal,
            Operator::NotEqual => !equal,
            // Only times have an order.
            _ => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Comma,
    Word(String),
    Text(String),
}

impl Token {
    fn shown(&self) -> &str {
        match self {
            Self::Open => "(",
            Self::Close => ")",
            Self::Comma => ",",
            Self::Word(text) | Self::Text(text) => text,
        }
    }
}

fn syntax(what: &str) -> ServiceFailure {
    bad(format!("Invalid filter clause: {what}."))
}

fn tokens(text: &str) -> Result<Vec<Token>, ServiceFailure> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '\'' => {
                let mut content = String::new();
                loop {
                    match chars.next() {
                        None => return Err(syntax("there is an unterminated string literal")),
                        Some('\'') if chars.peek() == Some(&'\'') => {
                            chars.next();
                            content.push('\'');
                        }
                        Some('\'') => break,
                        Some(c) => content.push(c),
                    }
                }
                tokens.push(Token::Text(content));
            }
            c => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | ',' | '\'')) {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    entity: &'static Entity,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token) -> Result<(), ServiceFailure> {
        match self.next() {
            Some(next) if next == *token => Ok(()),
            Some(other) => Err(syntax(&format!("'{}' stands where '{}' is expected", other.shown(), token.shown()))),
            None => Err(syntax(&format!("'{}' is missing at the end", token.shown()))),
        }
    }

    fn or(&mut self) -> Result<Filter, ServiceFailure> {
        let mut left = self.and()?;
        while self.eat_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Filter, ServiceFailure> {
        let mut left = self.unary()?;
        while self.eat_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Filter, ServiceFailure> {
        if self.eat_word("not") { Ok(Filter::Not(Box::new(self.unary()?))) } else { self.primary() }
    }

    fn primary(&mut self) -> Result<Filter, ServiceFailure> {
        match self.next() {
            Some(Token::Open) => {
                let inner = self.or()?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Some(Token::Word(word)) if self.peek() == Some(&Token::Open) => self.function(&word),
            Some(Token::Word(word)) => {
                let path = self.path(&word)?;
                self.comparison(path)
            }
            Some(other) => Err(syntax(&format!("'{}' is not expected", other.shown()))),
            None => Err(syntax("it ends where an expression is expected")),
        }
    }

    fn function(&mut self, name: &str) -> Result<Filter, ServiceFailure> {
        self.expect(&Token::Open)?;
        if let Some(list) = name.strip_suffix("/any") {
            let path = self.path(list)?;
            let Some(Token::Word(lambda)) = self.next() else { return Err(syntax("a lambda is expected in 'any'")) };
            let is_plain = lambda.split_once(':').is_some_and(|(a, b)| a == b && !a.is_empty());
            if !is_plain || !matches!(path.kind, Kind::List) || !self.eat_word("eq") {
                return Err(syntax("only any(x:x eq 'text') on a list is supported"));
            }
            let Some(Token::Text(text)) = self.next() else { return Err(syntax("a text is expected in 'any'")) };
            self.expect(&Token::Close)?;
            return Ok(Filter::Any(path, text));
        }
        let make = match name {
            "startswith" => Filter::StartsWith,
            "endswith" => Filter::EndsWith,
            _ => return Err(syntax(&format!("An unknown function with name '{name}' was found"))),
        };
        let Some(Token::Word(word)) = self.next() else {
            return Err(syntax(&format!("a property is expected in '{name}'")));
        };
        let path = self.path(&word)?;
        self.expect(&Token::Comma)?;
        let Some(Token::Text(text)) = self.next() else {
            return Err(syntax(&format!("a text is expected in '{name}'")));
        };
        self.expect(&Token::Close)?;
        if !matches!(path.kind, Kind::Text | Kind::Exact) {
            return Err(syntax(&format!("'{name}' needs a text")));
        }
        Ok(make(path, text))
    }

    fn comparison(&mut self, path: Path) -> Result<Filter, ServiceFailure> {
        let Some(Token::Word(word)) = self.next() else { return Err(syntax("an operator is expected")) };
        if word == "in" {
            self.expect(&Token::Open)?;
            let mut literals = vec![self.literal(&path)?];
            while self.peek() == Some(&Token::Comma) {
                self.at += 1;
                literals.push(self.literal(&path)?);
            }
            self.expect(&Token::Close)?;
            return Ok(Filter::In(path, literals));
        }
        let operator = match word.as_str() {
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "gt" => Operator::After,
            "ge" => Operator::NotBefore,
            "lt" => Operator::Before,
            "le" => Operator::NotAfter,
            other => return Err(syntax(&format!("the operator '{other}' is not supported"))),
        };
        let literal = self.literal(&path)?;
        let ordered = !matches!(operator, Operator::Equal | Operator::NotEqual);
        if ordered && !matches!(literal, Literal::Time(_)) {
            return Err(syntax(&format!("the operator '{word}' is supported for times only")));
        }
        Ok(Filter::Compare(path, operator, literal))
    }

    fn literal(&mut self, path: &Path) -> Result<Literal, ServiceFailure> {
        let literal = match self.next() {
            Some(Token::Text(text)) => Literal::Text(text),
            Some(Token::Word(word)) => match word.as_str() {
                "null" => Literal::Null,
                "true" => Literal::Flag(true),
                "false" => Literal::Flag(false),
                other => match Time::parse_date_or_time(other) {
                    Some(time) => Literal::Time(time),
                    None => return Err(syntax(&format!("'{other}' is no value"))),
                },
            },
            _ => return Err(syntax("a value is expected")),
        };
        let fits = matches!(
            (&literal, path.kind),
            (Literal::Null, _)
                | (Literal::Text(_), Kind::Text | Kind::Exact)
                | (Literal::Flag(_), Kind::Flag)
                | (Literal::Time(_), Kind::Time)
        );
        if fits {
            return Ok(literal);
        }
        Err(bad("A binary operator with incompatible types was detected."))
    }

    fn path(&self, text: &str) -> Result<Path, ServiceFailure> {
        let mut entity = self.entity;
        let mut names = Vec::new();
        let mut parts = text.split('/').peekable();
        while let Some(part) = parts.next() {
            let property = entity.property(part)?;
            names.push(property.name);
            match (property.kind, parts.peek()) {
                (Kind::Complex(inner), Some(_)) => entity = inner,
                (_, Some(more)) => return Err(entity.unknown(more)),
                (kind, None) if property.filterable => return Ok(Path { names, kind }),
                (_, None) => break,
            }
        }
        let message = format!(
            "Unsupported or invalid query filter clause specified for property '{text}' of resource '{}'.",
            self.entity.name
        );
        Err(ServiceFailure::new(400, "Request_UnsupportedQuery", message))
    }
}
