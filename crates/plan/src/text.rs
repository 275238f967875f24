//! A piece of plain text with what its markup told, and where its lines are in the source.

/// A piece of plain text with what its markup told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    /// The words; line breaks of the source are `\n`.
    pub(crate) plain: String,
    /// Where code spans stand in `plain`, as byte ranges.
    pub(crate) spans: Vec<(usize, usize)>,
    /// Byte offset and source line of each line after the first.
    pub(crate) breaks: Vec<(usize, u32)>,
    /// First line.
    pub(crate) line: u32,
    /// Bytes of `plain` within strong emphasis.
    pub(crate) strong: usize,
}

impl Text {
    /// Words of one line, without markup.
    pub(crate) fn new(plain: impl Into<String>, line: u32) -> Self {
        Self {
            plain: plain.into(),
            line,
            ..Self::default()
        }
    }

    /// The same with code spans.
    pub(crate) fn with_spans(self, spans: Vec<(usize, usize)>) -> Self {
        Self { spans, ..self }
    }

    /// The source line of a byte of `plain`.
    pub(crate) fn line_at(&self, offset: usize) -> u32 {
        let after = self.breaks.partition_point(|&(at, _)| at <= offset);
        after
            .checked_sub(1)
            .and_then(|place| self.breaks.get(place))
            .map_or(self.line, |&(_, line)| line)
    }

    /// Whether all words are in strong emphasis, a closing colon aside.
    pub(crate) fn is_strong(&self) -> bool {
        let words = self.plain.trim().trim_end_matches(':').len();
        words > 0 && self.strong >= words
    }

    /// The code spans' words.
    pub(crate) fn code(&self) -> impl Iterator<Item = &str> {
        self.spans
            .iter()
            .filter_map(|&(start, end)| self.plain.get(start..end))
    }

    pub(crate) fn push(&mut self, words: &str, strong: bool) {
        self.plain.push_str(words);
        if strong {
            self.strong += words.len();
        }
    }
}

/// Turns offsets, asked for in any order, into lines.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        Self(
            text.bytes()
                .enumerate()
                .filter(|&(_, b)| b == b'\n')
                .map(|(at, _)| at)
                .collect(),
        )
    }

    pub(crate) fn at(&self, offset: usize) -> u32 {
        u32::try_from(self.0.partition_point(|&newline| newline < offset))
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }
}
