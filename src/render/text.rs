//! A view as text for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

use anstyle::AnsiColor;

use crate::plan::{Plan, Verdict};

use super::escape::shown;
use super::view::{Block, Cell, Detail, Line, Mark, Section, SectionKind, SpanKind, Tone, View};

/// How text may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to use the basic colours of the terminal.
    pub color: bool,
    /// Columns of the terminal; `usize::MAX` where lines need not be wrapped.
    pub width: usize,
}

/// Where things begin.
const TITLE: usize = 2;
const LINE: usize = 4;
/// From a mark to its text.
const MARK: usize = 2;
/// Between columns, and how far a continued line is indented.
const GAP: usize = 2;

/// The field, the change, and what the change does.
const FIELD_COLUMNS: usize = 3;
/// The group of fields with the longest names.
const NOTIFICATIONS: &str = "notifications.";
/// Before a second title of the same lines.
const AND: &str = "and ";

/// A plan as text.
pub fn text(plan: &Plan, verdict: &Verdict, style: Style) -> String {
    let view = View::new(plan, verdict);
    let mut page = Page { out: String::new(), style, column: 0 };
    if !view.sections.is_empty() {
        page.flow(0, &[&view.title, &view.facts]);
        page.end_line();
        page.end_line();
    }
    for section in &view.sections {
        page.section(section);
    }
    page.flow(0, &[&view.summary]);
    page.end_line();
    page.out
}

/// Text that grows, and the column that it has come to.
struct Page {
    out: String,
    style: Style,
    column: usize,
}

/// A piece of text with a look.
struct Piece<'t> {
    text: Cow<'t, str>,
    tone: Tone,
}

impl Page {
    fn section(&mut self, section: &Section<'_>) {
        self.heading(&section.heading(), section.kind.tone());
        for block in &section.blocks {
            self.block(block, matches!(section.kind, SectionKind::Loosens | SectionKind::Settings));
        }
        self.end_line();
    }

    fn heading(&mut self, heading: &str, tone: Tone) {
        let bold = look(tone).bold();
        if self.style.color {
            let _ = write!(self.out, "{bold}{heading}{bold:#}");
        } else {
            self.out.push_str(heading);
        }
        self.end_line();
    }

    fn block(&mut self, block: &Block<'_>, is_settings: bool) {
        for (number, title) in block.titles.iter().enumerate() {
            self.indent(TITLE);
            // Else the lines below seem to be about the last one only.
            let at = if number > 0 { TITLE + AND.len() } else { TITLE };
            if number > 0 {
                self.put(AND, Tone::Plain);
            }
            let place = place_cell(title.place.as_deref());
            self.flow(at, &[&Cell::name(title.name), &place]);
            self.end_line();
        }
        let at = if block.titles.is_empty() { TITLE } else { LINE };
        let marked = block.lines.iter().any(|line| line.mark != Mark::None);
        let text_at = if marked { at + MARK } else { at };
        let room = self.style.width.saturating_sub(text_at);
        let columns = Columns::of(block, room);
        if is_settings && columns.starts.len() < FIELD_COLUMNS {
            return self.narrow_settings(at, text_at, block);
        }
        for line in &block.lines {
            self.indent(at);
            self.put(line.mark.symbol(), line.mark.tone());
            self.indent(text_at);
            self.line(text_at, line, &columns);
        }
    }

    /// Settings where there is no room for the whole table: what begins most of the long names is written once.
    fn narrow_settings(&mut self, at: usize, text_at: usize, block: &Block<'_>) {
        let widest = |at| block.lines.iter().filter_map(|line| line.rest.get(at)).map(cell_width).max().unwrap_or(0);
        let (change, word) = (widest(0), widest(1));
        let fields_at = |parts| {
            let width =
                |line: &Line<'_>| grouped(line, parts).map_or_else(|| lead_width(line), |(_, it)| GAP + width_of(it));
            block.lines.iter().map(width).max().unwrap_or(0)
        };
        let fits = |parts: &usize| text_at + fields_at(*parts) + GAP + change + GAP + word <= self.style.width;
        let table = [1, 2].into_iter().find(fits);
        let parts = table.unwrap_or(1);
        let change_at = text_at + fields_at(parts) + GAP;
        let mut above = None;
        for line in &block.lines {
            let group = grouped(line, parts);
            let name = group.map(|(name, _)| name);
            if let Some(name) = name.filter(|_| name != above) {
                self.indent(text_at);
                self.put(name, Tone::Plain);
                self.end_line();
            }
            above = name;
            self.indent(at);
            self.put(line.mark.symbol(), line.mark.tone());
            let field_at = if group.is_some() { text_at + GAP } else { text_at };
            self.indent(field_at);
            match group {
                Some((_, short)) => self.put(short, Tone::Plain),
                None => line.lead.iter().for_each(|cell| self.cell(cell)),
            }
            if table.is_some() {
                let starts = [change_at, change_at + change + GAP];
                for (cell, start) in line.rest.iter().zip(starts).filter(|(cell, _)| !cell.is_empty()) {
                    self.indent(start);
                    self.cell(cell);
                }
            } else {
                self.together(field_at, &line.rest);
            }
            self.end_line();
            for detail in &line.details {
                self.detail(field_at + MARK, detail);
            }
        }
    }

    /// Cells behind what the line begins with, or all of them on the next line.
    fn together(&mut self, at: usize, cells: &[Cell<'_>]) {
        let width: usize = cells.iter().filter(|cell| !cell.is_empty()).map(|cell| GAP + cell_width(cell)).sum();
        let fits = self.column + width <= self.style.width;
        if !fits {
            self.end_line();
        }
        let cells: Vec<&Cell<'_>> = cells.iter().collect();
        self.flow(if fits { at } else { at + GAP }, &cells);
    }

    /// One line with its details. What is not in a column flows behind.
    fn line(&mut self, at: usize, line: &Line<'_>, columns: &Columns) {
        let place = place_cell(line.place.as_deref());
        let cells: Vec<&Cell<'_>> = line.lead.iter().chain(&line.rest).chain([&place]).collect();
        let (in_columns, behind) = cells.split_at(columns.starts.len().min(cells.len()));
        for (cell, start) in in_columns.iter().zip(&columns.starts).filter(|(cell, _)| !cell.is_empty()) {
            self.indent(at + start);
            self.cell(cell);
        }
        self.flow(at, behind);
        self.end_line();
        for detail in &line.details {
            self.detail(at + MARK, detail);
        }
    }

    fn detail(&mut self, at: usize, detail: &Detail<'_>) {
        self.indent(at);
        self.put(detail.mark.symbol(), detail.mark.tone());
        let text_at = if detail.mark == Mark::None { at } else { at + MARK };
        self.flow(text_at, &[&detail.cell]);
        self.end_line();
    }

    fn cell(&mut self, cell: &Cell<'_>) {
        for piece in cell.0.iter().map(piece) {
            self.put(&piece.text, piece.tone);
        }
    }

    /// Writes cells one after the other. A cell that does not fit begins a new line, and breaks between words only
    /// where a whole line has no room for it. Names are never broken.
    fn flow(&mut self, at: usize, cells: &[&Cell<'_>]) {
        let hang = at + GAP;
        for cell in cells.iter().filter(|cell| !cell.is_empty()) {
            let width = cell_width(cell);
            if self.column <= at {
                self.indent(at);
            } else if self.column.saturating_add(GAP + width) <= self.style.width {
                self.indent(self.column + GAP);
            } else {
                self.end_line();
                self.indent(hang);
            }
            if self.column + width <= self.style.width { self.cell(cell) } else { self.wrap(hang, cell) }
        }
    }

    fn wrap(&mut self, hang: usize, cell: &Cell<'_>) {
        let mut first = true;
        for word in words_of(cell) {
            let width: usize = word.iter().map(|piece| width_of(&piece.text)).sum();
            if !first {
                if self.column + 1 + width <= self.style.width {
                    self.indent(self.column + 1);
                } else {
                    self.end_line();
                    self.indent(hang);
                }
            }
            first = false;
            for piece in word {
                self.put(&piece.text, piece.tone);
            }
        }
    }

    fn put(&mut self, text: &str, tone: Tone) {
        self.column += width_of(text);
        if self.style.color && tone != Tone::Plain {
            let look = look(tone);
            let _ = write!(self.out, "{look}{text}{look:#}");
        } else {
            self.out.push_str(text);
        }
    }

    /// Moves on to a column.
    fn indent(&mut self, column: usize) {
        self.out.extend(std::iter::repeat_n(' ', column.saturating_sub(self.column)));
        self.column = self.column.max(column);
    }

    fn end_line(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }
}

/// The name of a notification field in its first parts, which several fields share, and the rest.
fn grouped<'l>(line: &'l Line<'_>, parts: usize) -> Option<(&'l str, &'l str)> {
    let name = &*line.lead.first()?.0.first()?.text;
    let (end, _) = name.match_indices('.').nth(parts.saturating_sub(1)).filter(|_| name.starts_with(NOTIFICATIONS))?;
    let (group, rest) = name.split_at_checked(end)?;
    Some((group, rest.trim_start_matches('.')))
}

fn lead_width(line: &Line<'_>) -> usize {
    line.lead.iter().map(cell_width).sum()
}

/// Where the columns of a block begin: those for which there is room.
struct Columns {
    starts: Vec<usize>,
}

impl Columns {
    /// Everything in columns, or all but the place, or what the lines are about, or nothing: whatever fits.
    fn of(block: &Block<'_>, room: usize) -> Self {
        let widths = widths(block);
        let mut starts = Vec::with_capacity(widths.len());
        let mut ends = Vec::with_capacity(widths.len());
        let mut next = 0;
        for width in widths {
            starts.push(next);
            ends.push(next + width);
            next += if width > 0 { width + GAP } else { 0 };
        }
        let lead = block.lines.first().map_or(0, |line| line.lead.len());
        let fits = |number: &usize| ends.iter().take(*number).all(|end| *end <= room);
        let fitting = [starts.len(), starts.len().saturating_sub(1), lead].into_iter().find(fits).unwrap_or(0);
        starts.truncate(fitting);
        Self { starts }
    }
}

/// How wide each column must be, the place being the last.
fn widths(block: &Block<'_>) -> Vec<usize> {
    let mut widths: Vec<usize> = Vec::new();
    for line in &block.lines {
        for (at, cell) in line.lead.iter().chain(&line.rest).enumerate() {
            let width = cell_width(cell);
            match widths.get_mut(at) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    widths.push(block.lines.iter().filter_map(|line| line.place.as_deref()).map(width_of).max().unwrap_or(0));
    widths
}

fn place_cell(place: Option<&str>) -> Cell<'_> {
    Cell::default().and(SpanKind::Name, Tone::Dim, place.unwrap_or_default())
}

fn piece<'t>(span: &'t super::view::Span<'_>) -> Piece<'t> {
    Piece { text: shown(span), tone: span.tone }
}

/// The words of a cell: broken at the spaces of prose, but not where prose touches a name.
fn words_of<'t>(cell: &'t Cell<'_>) -> Vec<Vec<Piece<'t>>> {
    let mut words: Vec<Vec<Piece<'t>>> = vec![Vec::new()];
    for span in &cell.0 {
        let piece = piece(span);
        let parts: Vec<String> = match span.kind {
            SpanKind::Words => prose_words(&piece.text),
            SpanKind::Name | SpanKind::Quoted => vec![piece.text.into_owned()],
        };
        for (number, part) in parts.into_iter().enumerate() {
            if number > 0 {
                words.push(Vec::new());
            }
            if let Some(word) = words.last_mut().filter(|_| !part.is_empty()) {
                word.push(Piece { text: part.into(), tone: span.tone });
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Prose at its spaces, but a time of day stays with its date.
fn prose_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let is_time = word.get(..6).is_some_and(|start| start.ends_with('Z') && start.get(2..3) == Some(":"));
        match words.last_mut().filter(|_| is_time) {
            Some(date) => {
                date.push(' ');
                date.push_str(word);
            }
            None => words.push(word.to_owned()),
        }
    }
    words
}

fn cell_width(cell: &Cell<'_>) -> usize {
    cell.0.iter().map(|span| width_of(&piece(span).text)).sum()
}

fn width_of(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

fn look(tone: Tone) -> anstyle::Style {
    let plain = anstyle::Style::new();
    match tone {
        Tone::Plain => plain,
        Tone::Bad => AnsiColor::Red.on_default(),
        Tone::Good => AnsiColor::Green.on_default(),
        Tone::Change => AnsiColor::Yellow.on_default(),
        Tone::Dim => plain.dimmed(),
    }
}
