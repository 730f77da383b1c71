//! How a tenant file is laid out: each object of a list on a line of its own, so that version control shows what changed.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::TenantFile;
use crate::diag::is_deceptive;

impl TenantFile {
    /// Writes the file, with a line break at its end.
    pub fn write_to(&self, writer: &mut impl Write) -> io::Result<()> {
        self.serialize(&mut Serializer::with_formatter(&mut *writer, Layout::default()))?;
        writer.write_all(b"\n")
    }

    /// The file as text.
    pub fn to_text(&self) -> io::Result<String> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes)?;
        String::from_utf8(bytes).map_err(io::Error::other)
    }
}

#[derive(Default)]
struct Layout {
    open: Vec<Container>,
}

/// A list or object that has been begun.
#[derive(Clone, Copy, PartialEq)]
enum Container {
    /// One entry a line.
    Tall,
    /// All on one line.
    Wide,
    /// A list of which it is not known yet.
    Undecided,
}

impl Layout {
    fn new_line(&self, writer: &mut (impl Write + ?Sized)) -> io::Result<()> {
        writer.write_all(b"\n")?;
        let tall = self.open.iter().filter(|container| **container == Container::Tall).count();
        (0..tall).try_for_each(|_| writer.write_all(b"  "))
    }

    fn end(&mut self, writer: &mut (impl Write + ?Sized), closing: &[u8]) -> io::Result<()> {
        if self.open.pop() == Some(Container::Tall) {
            self.new_line(writer)?;
        }
        writer.write_all(closing)
    }
}

impl Formatter for Layout {
    /// Escapes what a terminal or an editor would act on. The serializer itself only does that below 0x20.
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((before, c, after)) = split_at_deceptive(rest) {
            writer.write_all(before.as_bytes())?;
            c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(writer, "\\u{unit:04x}"))?;
            rest = after;
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        // The top-level lists are tall whatever is in them.
        let container = if self.open.len() == 1 { Container::Tall } else { Container::Undecided };
        self.open.push(container);
        writer.write_all(b"[")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        match self.open.last() {
            Some(Container::Tall) => self.new_line(writer),
            Some(Container::Wide) => writer.write_all(b" "),
            _ => Ok(()),
        }
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"]")
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        if let Some(last) = self.open.last_mut()
            && *last == Container::Undecided
        {
            *last = Container::Wide;
        }
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        // An object as the first entry makes its list a tall one.
        if let Some(last) = self.open.last_mut()
            && *last == Container::Undecided
        {
            *last = Container::Tall;
            self.new_line(writer)?;
        }
        self.open.push(if self.open.is_empty() { Container::Tall } else { Container::Wide });
        writer.write_all(b"{")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        match self.open.last() {
            Some(Container::Tall) => self.new_line(writer),
            _ => writer.write_all(b" "),
        }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let tall = self.open.last() == Some(&Container::Tall);
        self.end(writer, if tall { b"}" } else { b" }" })
    }
}

fn split_at_deceptive(text: &str) -> Option<(&str, char, &str)> {
    let at = text.find(is_deceptive)?;
    let (before, rest) = text.split_at_checked(at)?;
    let mut rest = rest.chars();
    let c = rest.next()?;
    Some((before, c, rest.as_str()))
}
