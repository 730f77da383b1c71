//! The one form in which texts are compared: whoever reads the same means the same.
//!
//! Letters with marks can be written as one character or as several, files come with the line ends of their system, and
//! the service keeps what it was sent. Form is put aside where texts are compared, here and nowhere else.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The characters of a name as they are compared: without case, and composed.
pub fn folded(name: &str) -> impl Iterator<Item = char> + '_ {
    // Of plain letters there is one form only, and nearly all names are made of them.
    let (plain, marked) = if name.is_ascii() { (name, "") } else { ("", name) };
    // Case goes while letters and marks are apart: not every capital with a mark has a character of its own.
    plain.chars().map(|c| c.to_ascii_lowercase()).chain(marked.nfd().flat_map(lower).nfc())
}

/// A letter in lower case, whatever stands around it: sigma has a form of its own at the end of words.
fn lower(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().map(|c| if c == 'ς' { 'σ' } else { c })
}

/// A name as it is compared.
pub fn name_key(name: &str) -> String {
    folded(name).collect()
}

/// True where two names are the same to whoever reads them.
pub fn same_name(one: &str, other: &str) -> bool {
    by_name(one, other).is_eq()
}

/// The order of names, in which the same ones are equal.
pub fn by_name(one: &str, other: &str) -> Ordering {
    if one.is_ascii() && other.is_ascii() {
        let (one, other) = (one.bytes(), other.bytes());
        return one.map(|byte| byte.to_ascii_lowercase()).cmp(other.map(|byte| byte.to_ascii_lowercase()));
    }
    folded(one).cmp(folded(other))
}

/// A text with its letters composed, as nearly every keyboard and service writes them.
pub fn composed(text: &str) -> Cow<'_, str> {
    if is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// The ways in which the same name may be kept, for a service that compares characters: as it is written, with its letters
/// composed, and taken apart.
pub fn spellings(name: &str) -> BTreeSet<String> {
    BTreeSet::from([name.to_owned(), name.nfc().collect(), name.nfd().collect()])
}

/// Code as it is compared: without the blanks around it and at the ends of its lines, whatever ends them. What stands in
/// quotes is data: there, line ends alone are the same.
pub fn code_key(code: &str) -> String {
    let code = code.replace("\r\n", "\n").replace('\r', "\n");
    let (mut out, mut quote, mut blanks) = (String::with_capacity(code.len()), None, String::new());
    for c in code.trim().chars() {
        match (c, quote) {
            ('\n', None) => blanks.clear(),
            (c, None) if c.is_whitespace() => {
                blanks.push(c);
                continue;
            }
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
        out.push_str(&blanks);
        blanks.clear();
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_with_a_mark_is_the_same_however_it_is_written() {
        assert!(same_name("J\u{fc}rgen", "ju\u{308}RGEN"));
        assert!(same_name("\u{c5}sa", "A\u{30a}sa") && same_name("\u{212b}sa", "\u{e5}sa"));
        // Two marks in either order, and a capital that has no character of its own.
        assert!(same_name("a\u{323}\u{302}", "\u{1ead}") && same_name("a\u{302}\u{323}", "\u{1ead}"));
        assert!(same_name("J\u{30c}", "\u{1f0}"));
        assert!(same_name("\u{110b}\u{1161}", "\u{c544}"), "syllables of Hangul");
        assert!(same_name("ΟΔΟΣ", "οδος"));
        assert!(!same_name("Jurgen", "J\u{fc}rgen") && !same_name("a", "a\u{308}"));
        assert_eq!(name_key("SEC-Admins"), "sec-admins");
    }

    #[test]
    fn a_service_is_asked_for_each_spelling_once() {
        assert_eq!(spellings("a").len(), 1);
        assert_eq!(spellings("\u{e4}"), ["a\u{308}".to_owned(), "\u{e4}".to_owned()].into());
        assert!(matches!(composed("\u{e4}"), Cow::Borrowed(_)));
        assert_eq!(composed("a\u{308}"), "\u{e4}");
    }

    #[test]
    fn code_is_the_same_whatever_ends_its_lines() {
        for same in ["a\nb", "a\r\nb\r\n", "a  \rb\t", " a\nb\n\n", "a \u{a0}\nb"] {
            assert_eq!(code_key(same), "a\nb", "{same:?}");
        }
        assert_ne!(code_key("a\n\nb"), code_key("a\nb"));
        assert_ne!(code_key("a\n b"), code_key("a\nb"), "what stands before a line may be meant");
        assert!(code_key(" \r\n").is_empty());
    }

    #[test]
    fn what_stands_in_quotes_is_data() {
        assert_ne!(code_key("x == 'a\u{308}'"), code_key("x == '\u{e4}'"));
        assert_ne!(code_key("x == 'a \nb'"), code_key("x == 'a\nb'"));
        assert_eq!(code_key("x == 'a \r\nb'  \r\n"), code_key("x == 'a \nb'"));
        assert_ne!(code_key("x == \"it's \ny\""), code_key("x == \"it's\ny\""));
        assert_ne!(code_key("A"), code_key("a"));
    }
}
