//! JSON text, walked over piece by piece without building it. A small piece takes fifty times its text once it is built.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Deserializer;

/// The text is not the JSON that it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// A place in a text.
struct Walk<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    fn of(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at += self.rest().iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
    }

    /// Takes a mark if it is the next.
    fn mark(&mut self, mark: u8) -> bool {
        self.space();
        let found = self.rest().first() == Some(&mark);
        self.at += usize::from(found);
        found
    }

    /// Builds the next value.
    fn value<T: Deserialize<'a>>(&mut self) -> Result<T, Broken> {
        let mut values = Deserializer::from_slice(self.rest()).into_iter();
        let value = values.next().and_then(Result::ok).ok_or(Broken)?;
        self.at += values.byte_offset();
        Ok(value)
    }

    /// The text of the next value.
    fn piece(&mut self) -> Result<&'a [u8], Broken> {
        self.space();
        let start = self.at;
        self.value::<IgnoredAny>()?;
        self.text.get(start..self.at).ok_or(Broken)
    }

    fn end(&mut self) -> Result<(), Broken> {
        self.space();
        if self.rest().is_empty() { Ok(()) } else { Err(Broken) }
    }
}

/// Visits the fields of an object, each with the text of its value.
pub(super) fn fields<'a>(text: &'a [u8], mut visit: impl FnMut(&str, &'a [u8])) -> Result<(), Broken> {
    let mut walk = Walk::of(text);
    if !walk.mark(b'{') {
        return Err(Broken);
    }
    if !walk.mark(b'}') {
        loop {
            let name: String = walk.value()?;
            if !walk.mark(b':') {
                return Err(Broken);
            }
            visit(&name, walk.piece()?);
            if walk.mark(b'}') {
                break;
            }
            if !walk.mark(b',') {
                return Err(Broken);
            }
        }
    }
    walk.end()
}

/// The elements of an array, each as its text. Stops at the first that is broken.
pub(super) struct Elements<'a> {
    walk: Walk<'a>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Within,
    Done,
}

/// The elements of an array.
pub(super) fn elements(text: &[u8]) -> Elements<'_> {
    Elements { walk: Walk::of(text), state: State::Start }
}

impl<'a> Elements<'a> {
    fn step(&mut self) -> Result<Option<&'a [u8]>, Broken> {
        let first = self.state == State::Start;
        if first && !self.walk.mark(b'[') {
            return Err(Broken);
        }
        self.state = State::Within;
        if self.walk.mark(b']') {
            self.state = State::Done;
            return self.walk.end().map(|()| None);
        }
        if !first && !self.walk.mark(b',') {
            return Err(Broken);
        }
        self.walk.piece().map(Some)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<&'a [u8], Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Done {
            return None;
        }
        let step = self.step();
        if step.is_err() {
            self.state = State::Done;
        }
        step.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Result<Vec<&str>, Broken> {
        elements(text.as_bytes()).map(|piece| piece.map(|piece| std::str::from_utf8(piece).unwrap())).collect()
    }

    fn named(text: &str) -> Result<Vec<(String, &str)>, Broken> {
        let mut all = Vec::new();
        fields(text.as_bytes(), |name, piece| all.push((name.to_owned(), std::str::from_utf8(piece).unwrap())))?;
        Ok(all)
    }

    #[test]
    fn arrays_fall_into_their_elements() {
        assert_eq!(split("[]"), Ok(vec![]));
        assert_eq!(
            split(" [ 1 ,\n{} , [ [] ],\"]\",null,-1.5e3,true ] "),
            Ok(vec!["1", "{}", "[ [] ]", "\"]\"", "null", "-1.5e3", "true"])
        );
        for broken in ["", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1]]", "{}", "1", "[1}", "[\"]"] {
            assert_eq!(split(broken), Err(Broken), "{broken}");
        }
    }

    #[test]
    fn objects_fall_into_their_fields() {
        assert_eq!(named("{}"), Ok(vec![]));
        let fields = named("{\"a\" : [1, 2], \"\\u0062\":\"}\" ,\"a\":7}");
        assert_eq!(fields, Ok(vec![("a".into(), "[1, 2]"), ("b".into(), "\"}\""), ("a".into(), "7")]));
        for broken in
            ["", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{1:1}", "{}}", "[]"]
        {
            assert_eq!(named(broken), Err(Broken), "{broken}");
        }
    }

    #[test]
    fn any_depth_is_walked_over() {
        let deep = format!("[{}{}]", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(split(&deep).map(|pieces| pieces.len()), Ok(1));
    }
}
