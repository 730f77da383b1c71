//! `$filter` as Azure Resource Manager has it: functions such as `atScope()`, comparisons with `eq`, joined by `and` or `or`.

use std::iter::Peekable;
use std::str::Chars;

use crate::emulator::wire::{Request, ServiceFailure};

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// `atScope()`: at the scope or above it.
    AtScope,
    /// `atScopeAndBelow()`.
    AtScopeAndBelow,
    /// `asTarget()`: for the caller.
    AsTarget,
    /// `asRequestor()`: asked by the caller.
    AsRequestor,
    /// `asApprover()`: waiting for the caller.
    AsApprover,
    /// `assignedTo('id')`: for a principal, also through its groups.
    AssignedTo(String),
    /// `name eq 'value'`.
    Equals(String, String),
}

/// A filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// A condition.
    Term(Term),
    /// All of them.
    And(Vec<Filter>),
    /// Any of them.
    Or(Vec<Filter>),
}

impl Filter {
    /// The filter of a request; one that everything passes if there is none. Refuses what `allowed` does not allow.
    pub(crate) fn of(request: &Request, allowed: impl Fn(&Term) -> bool) -> Result<Self, ServiceFailure> {
        let Some(text) = request.option("$filter") else { return Ok(Self::And(Vec::new())) };
        let filter = Self::parse(text)?;
        match filter.terms().into_iter().find(|term| !allowed(term)) {
            None => Ok(filter),
            Some(_) => Err(invalid(text)),
        }
    }

    /// Reads a filter.
    pub(crate) fn parse(text: &str) -> Result<Self, ServiceFailure> {
        let tokens = tokens(text).ok_or_else(|| invalid(text))?;
        let mut rest = tokens.as_slice();
        let filter = any(&mut rest).filter(|_| rest.is_empty());
        filter.ok_or_else(|| invalid(text))
    }

    /// Every condition in it.
    pub(crate) fn terms(&self) -> Vec<&Term> {
        match self {
            Self::Term(term) => vec![term],
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::terms).collect(),
        }
    }

    /// Whether something passes, given which conditions it meets.
    pub(crate) fn passes(&self, meets: &impl Fn(&Term) -> bool) -> bool {
        match self {
            Self::Term(term) => meets(term),
            Self::And(parts) => parts.iter().all(|part| part.passes(meets)),
            Self::Or(parts) => parts.iter().any(|part| part.passes(meets)),
        }
    }
}

fn invalid(text: &str) -> ServiceFailure {
    ServiceFailure::new(400, "InvalidFilter", format!("The filter '{text}' is not supported here."))
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Open,
    Close,
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut chars = text.chars().peekable();
    let mut found = Vec::new();
    while let Some(next) = chars.next() {
        match next {
            ' ' => {}
            '(' => found.push(Token::Open),
            ')' => found.push(Token::Close),
            '\'' => found.push(Token::Quoted(quoted(&mut chars)?)),
            first => {
                let mut word = String::from(first);
                while let Some(next) = chars.next_if(|next| !" ()'".contains(*next)) {
                    word.push(next);
                }
                found.push(Token::Word(word));
            }
        }
    }
    Some(found)
}

/// The rest of a text in quotes; a doubled quote is one.
fn quoted(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            '\'' if chars.next_if_eq(&'\'').is_none() => return Some(text),
            next => text.push(next),
        }
    }
}

fn any(rest: &mut &[Token]) -> Option<Filter> {
    joined(rest, "or", all).map(|mut parts| if parts.len() == 1 { parts.remove(0) } else { Filter::Or(parts) })
}

fn all(rest: &mut &[Token]) -> Option<Filter> {
    joined(rest, "and", one).map(|mut parts| if parts.len() == 1 { parts.remove(0) } else { Filter::And(parts) })
}

fn joined(rest: &mut &[Token], by: &str, part: fn(&mut &[Token]) -> Option<Filter>) -> Option<Vec<Filter>> {
    let mut parts = vec![part(rest)?];
    while let [Token::Word(word), after @ ..] = *rest
        && word.eq_ignore_ascii_case(by)
    {
        *rest = after;
        parts.push(part(rest)?);
    }
    Some(parts)
}

fn one(rest: &mut &[Token]) -> Option<Filter> {
    let (filter, after) = match *rest {
        [Token::Open, after @ ..] => {
            let mut inner = after;
            let filter = any(&mut inner)?;
            let [Token::Close, after @ ..] = inner else { return None };
            (filter, after)
        }
        [Token::Word(name), Token::Open, Token::Close, after @ ..] => {
            let term = match name.to_ascii_lowercase().as_str() {
                "atscope" => Term::AtScope,
                "atscopeandbelow" => Term::AtScopeAndBelow,
                "astarget" => Term::AsTarget,
                "asrequestor" => Term::AsRequestor,
                "asapprover" => Term::AsApprover,
                _ => return None,
            };
            (Filter::Term(term), after)
        }
        [Token::Word(name), Token::Open, Token::Quoted(id) | Token::Word(id), Token::Close, after @ ..]
            if name.eq_ignore_ascii_case("assignedTo") =>
        {
            (Filter::Term(Term::AssignedTo(id.clone())), after)
        }
        [Token::Word(name), Token::Word(eq), Token::Quoted(value) | Token::Word(value), after @ ..]
            if eq.eq_ignore_ascii_case("eq") =>
        {
            (Filter::Term(Term::Equals(name.clone(), value.clone())), after)
        }
        _ => return None,
    };
    *rest = after;
    Some(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equals(name: &str, value: &str) -> Filter {
        Filter::Term(Term::Equals(name.to_owned(), value.to_owned()))
    }

    #[test]
    fn what_clients_send_is_understood() {
        let both = Filter::And(vec![equals("principalId", "x"), Filter::Term(Term::AtScope)]);
        assert_eq!(Filter::parse("(principalId eq 'x') and atScope()").unwrap(), both);
        assert_eq!(Filter::parse("principalId eq x and atScope()").unwrap(), both);
        assert_eq!(Filter::parse("(principalId eq 'x' and atScope())").unwrap(), both);
        assert_eq!(Filter::parse("roleName eq 'O''Neil'").unwrap(), equals("roleName", "O'Neil"));
        assert_eq!(Filter::parse("assignedTo('x')").unwrap(), Filter::Term(Term::AssignedTo("x".to_owned())));
        let types = Filter::Or(vec![equals("resourceType", "a"), equals("resourceType", "b")]);
        assert_eq!(Filter::parse("resourceType eq 'a' or resourceType eq 'b'").unwrap(), types);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in
            ["", "atScope", "everything()", "a eq", "a ne 'b'", "a eq 'b", "(a eq 'b'", "a eq 'b' and", "a eq 'b' 'c'"]
        {
            assert_eq!(Filter::parse(text).unwrap_err().code, "InvalidFilter", "{text}");
        }
    }
}
