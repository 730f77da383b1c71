//! Makes foreign text harmless.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::view::{Span, SpanKind};
use crate::diag::is_deceptive;
pub use crate::diag::visible;

/// A name within plain text: in quotes where it would pose as columns, or as a name with another one behind it.
pub(super) fn name(text: &str) -> Cow<'_, str> {
    let space = |c: char| c.is_whitespace() && !is_deceptive(c);
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    let poses = || {
        text.contains(" (")
            || text.starts_with(|c| space(c) || c == '"')
            || text.ends_with(space)
            || text.chars().zip(text.chars().skip(1)).any(|(one, next)| space(one) && space(next))
            || text.contains(|c| space(c) && c != ' ')
    };
    if plain && !text.starts_with('"') || !poses() {
        return visible(text);
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' ' => out.push(c),
            _ if is_deceptive(c) || c.is_whitespace() => out.extend(c.escape_default()),
            _ => out.push(c),
        }
    }
    out.push('"');
    Cow::Owned(out)
}

/// A piece of a line, as plain text.
pub(super) fn shown<'t>(span: &'t Span<'_>) -> Cow<'t, str> {
    match span.kind {
        SpanKind::Words => visible(&span.text),
        SpanKind::Name => name(&span.text),
        SpanKind::Quoted => Cow::Owned(format!("`{}`", visible(&span.text))),
    }
}

/// A code span. Code spans know no Markdown, no HTML, no mentions and no links; only their own fence can end them.
pub(super) fn code(text: &str) -> String {
    let text = visible(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    // A space beside the fence is dropped by the reader, so that backticks and spaces at the ends stay.
    let edge = |c: char| c == '`' || c == ' ';
    let pad = if text.is_empty() || text.starts_with(edge) || text.ends_with(edge) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Prose without anything that Markdown, HTML or a code host would make more of.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A character of no width keeps mentions, links to issues, addresses and mail addresses from being found.
            '@' | '#' => {
                let _ = write!(out, "{c}&#8203;");
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out.replace("://", ":&#8203;//").replace("www.", "www&#8203;.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_is_ended_by_its_own_fence_only() {
        assert_eq!(code("plain"), "`plain`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`x`"), "`` `x` ``");
        assert_eq!(code(" x"), "`  x `");
        assert_eq!(code(""), "`  `");
        assert_eq!(code("a\nb"), "`a\\nb`");
    }

    #[test]
    fn prose_means_nothing_but_itself() {
        assert_eq!(prose("<b> & *x* | @team #12"), "&lt;b&gt; &amp; \\*x\\* \\| @&#8203;team #&#8203;12");
        assert_eq!(prose("see https://x.example, www.x.example"), "see https:&#8203;//x.example, www&#8203;.x.example");
        assert_eq!(prose("[a](b) `c`"), "\\[a\\](b) \\`c\\`");
    }

    #[test]
    fn a_name_cannot_pose_as_columns() {
        for (text, shown) in [
            ("Paul Kim", "Paul Kim"),
            ("group/SEC-X/member", "group/SEC-X/member"),
            ("Paul  permanent", "\"Paul  permanent\""),
            (" Paul", "\" Paul\""),
            ("Paul ", "\"Paul \""),
            ("Paul (Ada Lovelace)", "\"Paul (Ada Lovelace)\""),
            ("Paul\u{a0}\u{a0}Kim", "\"Paul\\u{a0}\\u{a0}Kim\""),
            ("\"x\"", "\"\\\"x\\\"\""),
            ("a\u{202e}b", "a\\u{202e}b"),
        ] {
            assert_eq!(name(text), shown);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(visible("a\u{1b}[31m\nb\u{202e}c\u{e9}"), "a\\u{1b}[31m\\nb\\u{202e}c\u{e9}");
    }
}
