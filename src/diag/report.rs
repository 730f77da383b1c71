//! Findings as people and programs read them.
//!
//! Text from files is never printed raw: what a terminal would obey, or a reader be fooled by, is shown as itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};
use serde_json::{Value, json};

use super::{FileId, Finding, Findings, Label, Severity, SourceFile, SourceMap, is_deceptive};

/// How findings are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// With colours.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// The findings with the lines that they are about, and a last line that counts them. Empty if there are none.
pub fn render(findings: &Findings, sources: &SourceMap, options: Options) -> String {
    let handler = handler(options);
    let width = options.width.max(NARROWEST);
    let mut pages = Pages { sources, pages: BTreeMap::new() };
    let mut out = String::new();
    for finding in findings.sorted() {
        for label in &finding.labels {
            pages.prepare(label.span.file);
        }
        let mut report = Report::new(finding, &pages);
        report.message = wrap(&report.message, width - BESIDE_MESSAGE);
        report.help = report.help.map(|help| wrap(&help, width - BESIDE_HELP));
        if handler.render_report(&mut out, &report).is_err() {
            // Without the snippet, rather than without the finding.
            let _ = writeln!(out, "{report}");
        }
        out.push('\n');
    }
    if !findings.is_empty() {
        out += &counts(findings);
        out.push('\n');
    }
    out
}

/// The findings as data.
pub fn to_json(findings: &Findings, sources: &SourceMap) -> Value {
    let list = findings.sorted().into_iter().map(|finding| {
        let places = finding.labels.iter().filter_map(|label| {
            let place = sources.place(label.span)?;
            Some(json!({ "file": place.file, "line": place.line, "column": place.column, "text": label.text }))
        });
        json!({
            "id": finding.id,
            "severity": word(finding.severity),
            "message": finding.message,
            "help": finding.help,
            "places": places.collect::<Vec<Value>>(),
        })
    });
    let list: Vec<Value> = list.collect();
    json!({
        "version": 1,
        "findings": list,
        "errors": count(findings, Severity::Error),
        "warnings": count(findings, Severity::Warning),
    })
}

/// `3 errors, 1 warning`
pub fn counts(findings: &Findings) -> String {
    let part = |severity| match count(findings, severity) {
        0 => None,
        1 => Some(format!("1 {}", word(severity))),
        many => Some(format!("{many} {}s", word(severity))),
    };
    let parts: Vec<String> = [Severity::Error, Severity::Warning].into_iter().filter_map(part).collect();
    parts.join(", ")
}

fn count(findings: &Findings, severity: Severity) -> usize {
    findings.sorted().into_iter().filter(|finding| finding.severity == severity).count()
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn handler(options: Options) -> GraphicalReportHandler {
    let styles = if options.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let theme = GraphicalTheme { characters: ThemeCharacters::unicode(), styles };
    GraphicalReportHandler::new_themed(theme)
        .with_width(options.width.max(NARROWEST))
        // It would break inside identifiers, dates and addresses.
        .with_wrap_lines(false)
        .with_context_lines(1)
        .with_links(false)
        .with_show_related_as_nested(false)
        .without_syntax_highlighting()
}

/// Terminals are taken to be this wide at least.
const NARROWEST: usize = 40;

/// What stands to the left of a message and of a help line.
const BESIDE_MESSAGE: usize = 6;
const BESIDE_HELP: usize = 10;

/// Breaks lines at spaces and nowhere else, so that identifiers, dates and addresses can be copied.
fn wrap(text: &str, width: usize) -> String {
    let lines = text.split('\n').map(|line| {
        let (mut out, mut used) = (String::with_capacity(line.len()), 0);
        for word in line.split(' ') {
            let length = word.chars().count();
            if used > 0 {
                let fits = used + 1 + length <= width;
                out.push(if fits { ' ' } else { '\n' });
                used = if fits { used + 1 } else { 0 };
            }
            out.push_str(word);
            used += length;
        }
        out
    });
    lines.collect::<Vec<String>>().join("\n")
}

/// Text for one line, with everything a terminal would obey written out.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_deceptive(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// One visible character for each that is not: underlines and columns stay where they are.
fn visible(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        _ if is_deceptive(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

/// The files as they are shown, prepared once for all findings.
struct Pages<'s> {
    sources: &'s SourceMap,
    pages: BTreeMap<FileId, Page<'s>>,
}

/// A file as it is shown.
struct Page<'s> {
    path: String,
    file: Cow<'s, SourceFile>,
    /// Offsets in the file behind each replaced character, and how much longer the shown text is up to there.
    shifts: Vec<(usize, isize)>,
}

impl Pages<'_> {
    fn prepare(&mut self, id: FileId) {
        if let Some(file) = self.sources.file(id) {
            self.pages.entry(id).or_insert_with(|| Page::new(file));
        }
    }
}

impl<'s> Page<'s> {
    fn new(file: &'s SourceFile) -> Self {
        let path = escape(file.path()).into_owned();
        let plain = file.text().replace("\r\n", "\n").chars().all(|c| c == visible(c));
        if plain {
            return Self { path, file: Cow::Borrowed(file), shifts: Vec::new() };
        }
        let (mut text, mut shifts) = (String::with_capacity(file.text().len()), Vec::new());
        let mut chars = file.text().char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let ends_line = c == '\r' && chars.peek().is_some_and(|(_, next)| *next == '\n');
            let shown = if ends_line { c } else { visible(c) };
            text.push(shown);
            if shown.len_utf8() != c.len_utf8() {
                let behind = at + c.len_utf8();
                shifts.push((behind, text.len().cast_signed() - behind.cast_signed()));
            }
        }
        Self { path, file: Cow::Owned(SourceFile::new(file.path(), text)), shifts }
    }

    /// Where an offset of the file is in the shown text.
    fn shown(&self, offset: u32) -> usize {
        let offset = offset as usize;
        let passed = self.shifts.partition_point(|(behind, _)| *behind <= offset);
        let shift = passed.checked_sub(1).and_then(|last| self.shifts.get(last)).map_or(0, |(_, shift)| *shift);
        offset.saturating_add_signed(shift).min(self.file.text().len())
    }
}

impl Page<'_> {
    /// True when the lines around a range of the shown text are too long to show.
    fn is_wide(&self, start: usize, end: usize) -> bool {
        let read = self.read(start, end.saturating_sub(start), (1, 1));
        read.is_some_and(|(_, lines, ..)| lines.lines().any(|line| line.len() > WIDEST))
    }

    /// Whole lines around a range of the shown text. Columns are counted in characters, where the library itself would
    /// count bytes.
    fn read(&self, from: usize, length: usize, context: (usize, usize)) -> Option<(usize, &str, u32, u32)> {
        let text = self.file.text();
        let to = from.saturating_add(length);
        let (before, after) = (text.get(..from)?, text.get(to..)?);
        let start = before.rmatch_indices('\n').nth(context.0).map_or(0, |(at, _)| at + 1);
        let stop = after.match_indices('\n').nth(context.1).map_or(text.len(), |(at, _)| to + at + 1);
        // The library asks once for the lines, and once without any around them for the line and column to print.
        let position = if context == (0, 0) { from } else { start };
        let (line, column) = self.file.line_column(u32::try_from(position).unwrap_or(u32::MAX));
        Some((start, text.get(start..stop)?, line, column))
    }
}

/// Lines around places that are shown as one, at an offset of their own, so that the main place comes first and those
/// of other files last.
struct Snippet<'p> {
    page: &'p Page<'p>,
    file: FileId,
    line: u32,
}

/// Places at most so many lines apart are shown as one.
const NEAR: u32 = 3;

/// A snippet with a line longer than this, in bytes, would fill the screen and show nothing.
const WIDEST: usize = 1000;

/// Offsets of one snippet never reach those of the next: files are smaller than 4 GiB.
const APART: usize = 1 << 33;

/// One finding in the library's words.
struct Report<'p> {
    message: String,
    severity: Severity,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    snippets: Vec<Snippet<'p>>,
}

impl<'p> Report<'p> {
    fn new(finding: &Finding, pages: &'p Pages<'p>) -> Self {
        let mut report = Self {
            message: format!("{}[{}]: {}", word(finding.severity), finding.id, escape(&finding.message)),
            severity: finding.severity,
            help: finding.help.as_deref().map(|help| escape(help).into_owned()),
            labels: Vec::new(),
            snippets: Vec::new(),
        };
        for label in &finding.labels {
            report.add(label, pages);
        }
        report
    }

    fn add(&mut self, label: &Label, pages: &'p Pages<'p>) {
        let file = label.span.file;
        let Some(page) = pages.pages.get(&file) else { return };
        let (start, end) = (page.shown(label.span.start), page.shown(label.span.end));
        let (line, column) = page.file.line_column(u32::try_from(start).unwrap_or(u32::MAX));
        if page.is_wide(start, end) {
            let _ = write!(self.message, "\nat {}:{line}:{column}, in lines too long to show", page.path);
            return;
        }
        let near = |snippet: &Snippet<'_>| snippet.file == file && snippet.line.abs_diff(line) <= NEAR;
        let at = self.snippets.iter().position(near).unwrap_or_else(|| {
            self.snippets.push(Snippet { page, file, line });
            self.snippets.len() - 1
        });
        let span = SourceSpan::from((at * APART + start, end.saturating_sub(start)));
        let text = Some(escape(&label.text).into_owned());
        let new = if self.labels.is_empty() { LabeledSpan::new_primary_with_span } else { LabeledSpan::new_with_span };
        self.labels.push(new(text, span));
    }
}

impl SourceCode for Report<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let base = span.offset() / APART * APART;
        let snippet = self.snippets.get(span.offset() / APART).ok_or(MietteError::OutOfBounds)?;
        let read = snippet.page.read(span.offset() - base, span.len(), (lines_before, lines_after));
        let (start, data, line, column) = read.ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(MietteSpanContents::new_named(
            snippet.page.path.clone(),
            data.as_bytes(),
            SourceSpan::from((base + start, data.len())),
            line as usize - 1,
            column as usize - 1,
            data.lines().count(),
        )))
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Report<'_> {}

impl Diagnostic for Report<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Span;
    use super::*;

    fn span(sources: &SourceMap, file: u32, needle: &str) -> Span {
        let start = sources.file(FileId(file)).unwrap().text().find(needle).unwrap();
        let (start, end) = (u32::try_from(start).unwrap(), u32::try_from(start + needle.len()).unwrap());
        Span { file: FileId(file), start, end }
    }

    fn show(findings: &Findings, sources: &SourceMap) -> String {
        render(findings, sources, Options { color: false, width: 100 })
    }

    #[test]
    fn several_places_of_one_file_are_one_snippet_and_other_files_follow() {
        let mut sources = SourceMap::default();
        sources.add(SourceFile::new("policies/a.yaml", "floor: x\n# é é é\nfloor: \"é\" # y\n".to_owned()));
        sources.add(SourceFile::new("policies/b.yaml", "floor: z\n".to_owned()));
        let mut findings = Findings::default();
        findings.push(
            Finding::error("duplicate-key", "`floor` is declared twice")
                .at(span(&sources, 0, "y"), "again")
                .at(span(&sources, 0, "floor"), "first")
                .at(span(&sources, 1, "floor"), "and here")
                .help("keep one"),
        );
        findings.push(Finding::warning("unused-profile", "nothing uses the profile `x`"));
        insta::assert_snapshot!(show(&findings, &sources), @r#"
          ⚠ warning[unused-profile]: nothing uses the profile `x`

          × error[duplicate-key]: `floor` is declared twice
           ╭─[policies/a.yaml:3:14]
         1 │ floor: x
           · ──┬──
           ·   ╰── first
         2 │ # é é é
         3 │ floor: "é" # y
           ·              ┬
           ·              ╰── again
           ╰────
           ╭─[policies/b.yaml:1:1]
         1 │ floor: z
           · ──┬──
           ·   ╰── and here
           ╰────
          help: keep one

        1 error, 1 warning
        "#);
    }

    #[test]
    fn nothing_in_a_file_can_command_the_terminal() {
        let mut sources = SourceMap::default();
        sources.add(SourceFile::new("a\u{1b}.yaml", "a: \u{1b}[31m\u{202e}x\u{0} name\r\nb: 1\r\n".to_owned()));
        let mut findings = Findings::default();
        findings
            .push(Finding::error("bad-value", "`\u{1b}[31m\n` is bad").at(span(&sources, 0, "name"), "this\u{202e}"));
        let shown = show(&findings, &sources);
        assert!(!shown.chars().any(|c| is_deceptive(c) && c != '\n'), "{shown:?}");
        insta::assert_snapshot!(shown, @r#"
          × error[bad-value]: `\u{1b}[31m\n` is bad
           ╭─[a\u{1b}.yaml:1:13]
         1 │ a: ␛[31m�x␀ name
           ·             ──┬─
           ·               ╰── this\u{202e}
         2 │ b: 1
           ╰────

        1 error
        "#);
    }

    #[test]
    fn lines_break_at_spaces_only() {
        let id = "00000000-0000-4000-8000-000000000001";
        assert_eq!(wrap(&format!("one of `{id}`, `{id}`"), 46), format!("one of `{id}`,\n`{id}`"));
        assert_eq!(wrap(id, 10), id);
        assert_eq!(wrap("a b\nc d e", 3), "a b\nc d\ne");
    }

    #[test]
    fn the_data_form_counts_columns_in_characters() {
        let mut sources = SourceMap::default();
        sources.add(SourceFile::new("a.yaml", "é: é x\n".to_owned()));
        let mut findings = Findings::default();
        findings.push(Finding::error("bad-value", "bad").at(span(&sources, 0, "x"), "here").help("do"));
        let json = to_json(&findings, &sources);
        assert_eq!(
            json,
            json!({
                "findings": [{
                    "id": "bad-value", "severity": "error", "message": "bad", "help": "do",
                    "places": [{ "file": "a.yaml", "line": 1, "column": 6, "text": "here" }]
                }],
                "version": 1,
                "errors": 1, "warnings": 0
            })
        );
    }
}
