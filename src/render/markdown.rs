//! A view as Markdown, for a comment on a pull request.

use std::fmt::Write as _;

use crate::plan::{Plan, Verdict};

use super::escape::{code, prose};
use super::view::{Cell, Detail, Line, Mark, Section, Span, SpanKind, Title, Tone, View};
use super::words;

/// Room for a comment on the large code hosts, which allow 65,536 characters, with some left for what others add.
pub const COMMENT_LIMIT: usize = 60_000;

/// Sections with more lines than this are folded, unless a reviewer must see them.
const OPEN_LINES: usize = 12;
/// Targets named above one list of changes.
const TITLES: usize = 100;
/// Details below one line, such as members of a set.
const DETAILS: usize = 20;
/// Characters of one text. Longer ones are cut, so that nobody can fill the comment to hide what stands below.
const CHARACTERS: usize = 1_000;
/// Kept free for what stands after a cut: the counts of all sections that follow, their folds, and the hint.
const RESERVE: usize = 2_500;

/// A plan as Markdown of at most `limit` bytes (and so at most as many characters). What a reviewer must see comes first
/// and is cut last; how much was cut is said. Below some thousand bytes only the counts remain.
pub fn markdown(plan: &Plan, verdict: &Verdict, limit: usize) -> String {
    let view = View::new(plan, verdict);
    let (title, facts, summary) = (inline(&view.title), inline(&view.facts), inline(&view.summary));
    let mut out = format!("### {title}: {}\n\n{summary}\n\n<sub>{facts}</sub>\n", view.outcome);
    let parts: Vec<Part> = view.sections.iter().map(|section| Part::of(section, limit)).collect();
    let mut room = limit.saturating_sub(RESERVE + out.len());
    let mut to_come: usize = parts.iter().map(|part| part.length).sum();
    let mut cut = 0;
    for (section, part) in view.sections.iter().zip(&parts) {
        to_come -= part.length;
        // A section leaves as much as the later ones need, but need not give up more than half of the room for them.
        let (text, left) = part.fitting((room / 2).max(room.saturating_sub(to_come)));
        room -= text.len();
        cut += left;
        write_section(&mut out, section, &text, left);
    }
    if cut > 0 {
        let cut = words::count(cut, "line was", "lines were");
        let _ = write!(out, "\n{cut} cut to fit. `pimform plan` shows the whole plan.\n");
    }
    out
}

/// Text that is shown or cut as a whole.
struct Chunk {
    text: String,
    tells: usize,
    /// Which of the heads it stands below.
    head: usize,
    is_urgent: bool,
}

/// What several chunks stand below: whole, and as short as it may be.
struct Head {
    whole: String,
    short: String,
}

/// The text of a section, as far as it could be shown at all.
struct Part {
    heads: Vec<Head>,
    chunks: Vec<Chunk>,
    length: usize,
    tells: usize,
}

impl Part {
    fn of(section: &Section<'_>, limit: usize) -> Self {
        let tells = section.blocks.iter().map(|block| block.lines.len() * block.titles.len().max(1)).sum();
        let mut part = Self { heads: Vec::new(), chunks: Vec::new(), length: 0, tells };
        let mut urgent = 0;
        for block in &section.blocks {
            // What is urgent comes first in a block, but other blocks may have more of it.
            if urgent > limit {
                break;
            }
            let head = Head { whole: titles(&block.titles, TITLES), short: titles(&block.titles, 1) };
            part.length += head.whole.len();
            for line in &block.lines {
                let is_urgent = line.mark.is_urgent();
                if if is_urgent { urgent > limit } else { part.length > limit } {
                    break;
                }
                let text = line_text(line, if block.titles.is_empty() { "" } else { "  " });
                part.length += text.len();
                urgent += if is_urgent { text.len() } else { 0 };
                let tells = block.titles.len().max(1);
                part.chunks.push(Chunk { text, tells, head: part.heads.len(), is_urgent });
            }
            part.heads.push(head);
        }
        part
    }

    /// The chunks for which there is room, the urgent ones before all others, and how much the rest would have told.
    fn fitting(&self, room: usize) -> (String, usize) {
        let mut heads: Vec<Option<&str>> = vec![None; self.heads.len()];
        let mut chosen = vec![false; self.chunks.len()];
        let mut left = room;
        for wanted in [true, false] {
            for (chunk, chosen) in self.chunks.iter().zip(&mut chosen).filter(|(chunk, _)| chunk.is_urgent == wanted) {
                let (Some(head), Some(shown)) = (self.heads.get(chunk.head), heads.get_mut(chunk.head)) else {
                    continue;
                };
                let ways = if shown.is_some() { ["", ""] } else { [&*head.whole, &*head.short] };
                let Some(way) = ways.into_iter().find(|way| way.len() + chunk.text.len() <= left) else { continue };
                left -= way.len() + chunk.text.len();
                shown.get_or_insert(way);
                *chosen = true;
            }
        }
        let (mut text, mut untold) = (String::new(), self.tells);
        for (chunk, _) in self.chunks.iter().zip(&chosen).filter(|(_, chosen)| **chosen) {
            text.push_str(heads.get_mut(chunk.head).and_then(Option::take).unwrap_or_default());
            text.push_str(&chunk.text);
            untold -= chunk.tells;
        }
        (text, untold)
    }
}

/// One point for all targets that the lines below are about.
fn titles(titles: &[Title<'_>], most: usize) -> String {
    let Some((first, others)) = titles.split_first() else { return String::new() };
    // Mostly they are all declared at the same place, which is then said once.
    let same_place = others.iter().all(|title| title.place == first.place);
    let name = |title: &Title<'_>| {
        let place = if same_place { String::new() } else { place(title.place.as_deref()) };
        code(title.name) + &place
    };
    let mut names: Vec<String> = titles.iter().take(most).map(name).collect();
    if titles.len() > most {
        names.push(words::count(titles.len() - most, "more target", "more targets"));
    }
    let last = names.pop().unwrap_or_default();
    let mut text = if names.is_empty() { format!("- {last}") } else { format!("- {} and {last}", names.join(", ")) };
    if same_place {
        text += &place(first.place.as_deref());
    }
    text.push('\n');
    text
}

fn write_section(out: &mut String, section: &Section<'_>, text: &str, left: usize) {
    let lines: usize = section.blocks.iter().map(|block| block.lines.len()).sum();
    let folded = !section.kind.always_open() && lines > OPEN_LINES;
    let heading = section.heading();
    let _ = if folded {
        write!(out, "\n<details><summary><b>{heading}</b></summary>\n\n{text}")
    } else {
        write!(out, "\n#### {heading}\n\n{text}")
    };
    if left > 0 {
        let _ = writeln!(out, "- … and {} more", words::thousands(left));
    }
    if folded {
        out.push_str("\n</details>\n");
    }
}

fn line_text(line: &Line<'_>, indent: &str) -> String {
    let lead: Vec<String> = line.lead.iter().filter(|cell| !cell.is_empty()).map(inline).collect();
    let rest: Vec<String> = line.rest.iter().filter(|cell| !cell.is_empty()).map(inline).collect();
    let colon = if rest.is_empty() { "" } else { ": " };
    let mut text = format!(
        "{indent}- {}{}{colon}{}{}\n",
        mark(line.mark),
        lead.join(" "),
        rest.join("; "),
        place(line.place.as_deref())
    );
    let shown = details_shown(&line.details);
    for detail in line.details.iter().zip(&shown).filter_map(|(detail, shown)| shown.then_some(detail)) {
        let _ = writeln!(text, "{indent}  - {}{}", mark(detail.mark), inline(&detail.cell));
    }
    let hidden = || line.details.iter().zip(&shown).filter(|(_, shown)| !**shown).map(|(detail, _)| detail.mark);
    if hidden().next().is_some() {
        let gone = hidden().filter(|mark| *mark == Mark::Minus).count();
        let come = hidden().count() - gone;
        let parts = [(come, "more"), (gone, "more that go")].into_iter().filter(|(number, _)| *number > 0);
        let parts: Vec<String> = parts.map(|(number, word)| format!("{} {word}", words::thousands(number))).collect();
        let _ = writeln!(text, "{indent}  - … and {}", parts.join(", "));
    }
    text
}

/// Which details are shown: as many of what goes as of what comes, where there are too many of both.
fn details_shown(details: &[Detail<'_>]) -> Vec<bool> {
    let goes = |detail: &Detail<'_>| detail.mark == Mark::Minus;
    let gone = details.iter().filter(|detail| goes(detail)).count();
    let come = details.len() - gone;
    let for_gone = gone.min(DETAILS.saturating_sub(come).max(DETAILS / 2));
    let mut rooms = [DETAILS.saturating_sub(for_gone), for_gone];
    let show = |detail: &Detail<'_>| {
        let Some(room) = rooms.get_mut(usize::from(goes(detail))) else { return true };
        let shown = *room > 0;
        *room = room.saturating_sub(1);
        shown
    };
    details.iter().map(show).collect()
}

fn mark(mark: Mark) -> String {
    if mark == Mark::None { String::new() } else { format!("`{}` ", mark.symbol()) }
}

fn place(place: Option<&str>) -> String {
    place.map(|place| format!(" <sub>{}</sub>", code(place))).unwrap_or_default()
}

fn inline(cell: &Cell<'_>) -> String {
    let (mut out, mut room, mut untold) = (String::new(), CHARACTERS, 0);
    for item in &cell.0 {
        let length = item.text.chars().count();
        if length <= room {
            out += &span(item, &item.text);
        } else if room > 0 {
            out += &span(item, &item.text.chars().take(room).collect::<String>());
        }
        untold += length.saturating_sub(room);
        room = room.saturating_sub(length);
    }
    if untold > 0 {
        let _ = write!(out, " … and {}", words::count(untold, "more character", "more characters"));
    }
    out
}

fn span(span: &Span<'_>, text: &str) -> String {
    match (span.kind, span.tone) {
        (SpanKind::Name | SpanKind::Quoted, _) => code(text),
        // The bold marks must touch the text.
        (SpanKind::Words, Tone::Bad) if !text.trim().is_empty() => {
            let space = if text.starts_with(' ') { " " } else { "" };
            let end = if text.ends_with(' ') { " " } else { "" };
            format!("{space}**{}**{end}", prose(text.trim()))
        }
        (SpanKind::Words, _) => prose(text),
    }
}
