//! Text from elsewhere, made harmless to look at.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Control characters, line separators, the marks that change the direction of text, and what is not to be seen: all
/// that Unicode lets a reader ignore, the blanks that are no spaces, and the marks around annotations.
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{00AD}'
                | '\u{034F}'
                | '\u{061C}'
                | '\u{115F}'..='\u{1160}'
                | '\u{17B4}'..='\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFFB}'
                | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

/// The text with control characters, line breaks and direction marks made visible, such as `\n` and `\u{202e}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    // Most text is plain ASCII, and this is asked of every text several times.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.contains(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_deceptive(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// An error with all its causes, in one line. A cause that an error has told already is not told again.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let next = source.to_string();
        if !text.ends_with(&next) {
            let _ = write!(text, ": {next}");
        }
        cause = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("no such host")]
        struct Cause;
        #[derive(Debug, thiserror::Error)]
        #[error("cannot connect: {0}")]
        struct Telling(#[source] Cause);
        #[derive(Debug, thiserror::Error)]
        #[error("cannot list")]
        struct Plain(#[source] Telling);
        assert_eq!(chain(&Plain(Telling(Cause))), "cannot list: cannot connect: no such host");
    }

    #[test]
    fn what_cannot_be_seen_or_turns_text_around_is_shown() {
        for (name, from, to) in [
            ("escape", 0x1B, 0x1B),
            ("delete and C1", 0x7F, 0x9F),
            ("soft hyphen", 0xAD, 0xAD),
            ("combining grapheme joiner", 0x34F, 0x34F),
            ("Arabic letter mark", 0x61C, 0x61C),
            ("Hangul fillers", 0x115F, 0x1160),
            ("Khmer vowels", 0x17B4, 0x17B5),
            ("Mongolian selectors", 0x180B, 0x180F),
            ("zero width", 0x200B, 0x200F),
            ("lines and embeddings", 0x2028, 0x202E),
            ("joiners and isolates", 0x2060, 0x206F),
            ("Braille blank", 0x2800, 0x2800),
            ("Hangul filler", 0x3164, 0x3164),
            ("variation selectors", 0xFE00, 0xFE0F),
            ("byte order mark", 0xFEFF, 0xFEFF),
            ("halfwidth Hangul filler", 0xFFA0, 0xFFA0),
            ("annotations", 0xFFF9, 0xFFFB),
            ("shorthand", 0x1BCA0, 0x1BCA3),
            ("musical marks", 0x1D173, 0x1D17A),
            ("tags and more selectors", 0xE0000, 0xE01EF),
        ] {
            for c in (from..=to).filter_map(char::from_u32) {
                let text = format!("a{c}b");
                assert_eq!(visible(&text), format!("a{}b", c.escape_default()), "{name}");
            }
        }
    }

    #[test]
    fn what_people_write_stays() {
        let text = "Zoë O'Neil-Łuk (Jr.) 高橋 محمد Ελένη ½ – 🙂";
        assert_eq!(visible(text), text);
    }
}
