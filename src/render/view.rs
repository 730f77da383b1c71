//! What is said about a plan, and in which order, without any form.

use std::borrow::Cow;

use super::words;

/// All that is said about a plan.
#[derive(Clone, Debug)]
pub(super) struct View<'a> {
    /// Names the tenant.
    pub title: Cell<'a>,
    /// Which tenant it is exactly, and when it was read.
    pub facts: Cell<'a>,
    /// The outcome in a few words.
    pub outcome: &'static str,
    /// In the order in which a reviewer should read them; none is empty.
    pub sections: Vec<Section<'a>>,
    /// All of it in a sentence or two.
    pub summary: Cell<'a>,
}

/// Things of one sort.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    /// Which sort.
    pub kind: SectionKind,
    /// Grouped by what they are about.
    pub blocks: Vec<Block<'a>>,
}

impl Section<'_> {
    /// The heading, with how much there is below it.
    pub(super) fn heading(&self) -> String {
        let lines: usize = self.blocks.iter().map(|block| block.lines.len()).sum();
        let targets: usize = self.blocks.iter().map(|block| block.titles.len()).sum();
        let count = match self.kind {
            SectionKind::Loosens | SectionKind::Settings => words::count(targets, "target", "targets"),
            _ => words::thousands(lines),
        };
        format!("{} ({count})", self.kind.heading())
    }
}

/// Sorts of things, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SectionKind {
    /// Guards that refuse the plan.
    Refused,
    /// Steps that the service would refuse.
    RefusedByService,
    /// Guards that would refuse the plan, had the user not allowed it.
    Allowed,
    /// Who loses access, or has it for less long.
    Loses,
    /// Settings of targets where at least one field loosens.
    Loosens,
    /// Assignments whose condition comes, goes or changes.
    Conditions,
    /// Settings of other targets.
    Settings,
    /// Who gains access.
    Gains,
    /// Assignments that change in place.
    InPlace,
    /// Groups that come into being.
    Groups,
    /// What the service was asked about and did not answer.
    Unanswered,
    /// What could not be read or cannot be changed.
    Blocked,
    /// What is held outside PIM.
    OutsidePim,
    /// What is kept, though not declared.
    Kept,
    /// What was declared until a date that has passed.
    Ended,
    /// What is left as it is.
    LeftAsIs,
    /// What is not looked after.
    Unmanaged,
    /// What is worth knowing.
    Notes,
}

impl SectionKind {
    fn heading(self) -> &'static str {
        match self {
            Self::Refused => "Refused by a guard",
            Self::RefusedByService => "Refused by the service when asked",
            Self::Allowed => "Allowed in spite of a guard",
            Self::Loses => "Loses access",
            Self::Loosens => "Settings that loosen",
            Self::Conditions => "Conditions that change",
            Self::Settings => "Other settings",
            Self::Gains => "Gains access",
            Self::InPlace => "Changes in place",
            Self::Groups => "Groups to create",
            Self::Unanswered => "Not validated: the service gave no answer",
            Self::Blocked => "Blocked: nothing is planned here",
            Self::OutsidePim => "Held outside PIM, not changed",
            Self::Kept => "Not declared, but kept",
            Self::Ended => "Declared, but over",
            Self::LeftAsIs => "Left as is",
            Self::Unmanaged => "Not managed",
            Self::Notes => "Notes",
        }
    }

    /// How the heading looks.
    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Refused | Self::RefusedByService | Self::Loses | Self::Loosens => Tone::Bad,
            Self::Gains | Self::Groups => Tone::Good,
            Self::Allowed | Self::Conditions | Self::Settings | Self::InPlace | Self::Unanswered | Self::Blocked => {
                Tone::Change
            }
            _ => Tone::Plain,
        }
    }

    /// True where a reviewer must not have to unfold anything to see it.
    pub(super) fn always_open(self) -> bool {
        matches!(
            self,
            Self::Refused
                | Self::RefusedByService
                | Self::Allowed
                | Self::Loses
                | Self::Loosens
                | Self::Conditions
                | Self::Blocked
        )
    }
}

/// Lines about the same things.
#[derive(Clone, Debug, Default)]
pub(super) struct Block<'a> {
    /// What the lines are about. Several titles share the same lines; without a title each line names its own.
    pub titles: Vec<Title<'a>>,
    /// What there is to say.
    pub lines: Vec<Line<'a>>,
}

/// The address of a target.
#[derive(Clone, Debug)]
pub(super) struct Title<'a> {
    /// The address.
    pub name: &'a str,
    /// Where it is declared, where that holds for all lines.
    pub place: Option<String>,
}

/// One thing to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line<'a> {
    /// What happens, as one character.
    pub mark: Mark,
    /// What it is about.
    pub lead: Vec<Cell<'a>>,
    /// What there is to say of it. Cells at the same place in lines of a block form a column.
    pub rest: Vec<Cell<'a>>,
    /// Where it is declared.
    pub place: Option<String>,
    /// More of it, below.
    pub details: Vec<Detail<'a>>,
}

/// A line below a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Detail<'a> {
    /// What happens.
    pub mark: Mark,
    /// What there is to say.
    pub cell: Cell<'a>,
}

/// What happens, as one character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// Nothing happens.
    #[default]
    None,
    /// Something goes.
    Minus,
    /// Something comes.
    Plus,
    /// Something changes.
    Tilde,
    /// Something loosens or is refused.
    Bang,
}

impl Mark {
    /// The character.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Minus => "-",
            Self::Plus => "+",
            Self::Tilde => "~",
            Self::Bang => "!",
        }
    }

    /// True where a reader must not miss it.
    pub(super) fn is_urgent(self) -> bool {
        matches!(self, Self::Minus | Self::Bang)
    }

    /// How it looks.
    pub(super) fn tone(self) -> Tone {
        match self {
            Self::None => Tone::Plain,
            Self::Minus | Self::Bang => Tone::Bad,
            Self::Plus => Tone::Good,
            Self::Tilde => Tone::Change,
        }
    }
}

/// A piece of a line that stays together where there is room.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell<'a>(pub Vec<Span<'a>>);

/// Text of one kind and look. Not escaped yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span<'a> {
    /// What it is.
    pub kind: SpanKind,
    /// How it looks.
    pub tone: Tone,
    /// The text.
    pub text: Cow<'a, str>,
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SpanKind {
    /// Prose; may be wrapped between words.
    Words,
    /// A name, an address or a value; never wrapped.
    Name,
    /// A name within prose, in backticks.
    Quoted,
}

/// What a look means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// Somebody loses, or something loosens or is refused.
    Bad,
    /// Somebody gains, or something tightens.
    Good,
    /// Something changes.
    Change,
    /// Less important.
    Dim,
}

impl<'a> Cell<'a> {
    /// Prose.
    pub(super) fn words(text: impl Into<Cow<'a, str>>) -> Self {
        Self::default().and(SpanKind::Words, Tone::Plain, text)
    }

    /// A name.
    pub(super) fn name(text: impl Into<Cow<'a, str>>) -> Self {
        Self::default().and(SpanKind::Name, Tone::Plain, text)
    }

    /// Prose in which names stand in backticks, as in all messages of the program.
    pub(super) fn message(text: &'a str) -> Self {
        let parts: Vec<&str> = text.split('`').collect();
        if parts.len().is_multiple_of(2) {
            return Self::words(text);
        }
        let kinds = [SpanKind::Words, SpanKind::Quoted].into_iter().cycle();
        let spans = parts.into_iter().zip(kinds);
        Self(spans.map(|(text, kind)| Span { kind, tone: Tone::Plain, text: text.into() }).collect())
    }

    /// With more text at the end.
    #[must_use]
    pub(super) fn and(mut self, kind: SpanKind, tone: Tone, text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            // Most cells hold one span, and there are very many cells.
            self.0.reserve_exact(usize::from(self.0.is_empty()));
            self.0.push(Span { kind, tone, text });
        }
        self
    }

    /// With more prose at the end.
    #[must_use]
    pub(super) fn and_words(self, text: impl Into<Cow<'a, str>>) -> Self {
        self.and(SpanKind::Words, Tone::Plain, text)
    }

    /// With a name at the end.
    #[must_use]
    pub(super) fn and_name(self, text: impl Into<Cow<'a, str>>) -> Self {
        self.and(SpanKind::Name, Tone::Plain, text)
    }

    /// With all of another cell at the end.
    #[must_use]
    pub(super) fn and_cell(mut self, other: Cell<'a>) -> Self {
        self.0.extend(other.0);
        self
    }

    /// True when there is no text.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
