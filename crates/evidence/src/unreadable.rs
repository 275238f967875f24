//! Why something was not read, where, and what to do.

use std::fmt;

/// Why bytes were not read: the kind, the place where it is known, and a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What kind of trouble it is, for callers that answer differently.
    pub problem: Problem,
    /// Where in the text; none for what concerns the whole, or bytes that are no text.
    pub at: Option<Position>,
    /// What is wrong and what to do, in words.
    pub message: String,
}

/// Kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Problem {
    /// Nothing came, or only white space.
    Empty,
    /// More bytes than are read.
    TooLarge,
    /// Bytes that are not the text they say they are.
    Encoding,
    /// Text that breaks the rules of XML, JSON, LCOV or protobuf.
    Syntax,
    /// Something else than was said, or nothing that is known here.
    WrongFormat,
    /// What is never read from outside: declarations of entities.
    Forbidden,
    /// More items, deeper nesting or longer names than are read.
    TooMany,
    /// A value that cannot be: not finite, out of range, missing, or against another.
    Value,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

impl Position {
    /// The place of a byte of a text; of its end when there is no such byte.
    pub(crate) fn of(text: &str, byte: usize) -> Self {
        let bytes = text.as_bytes().iter().take(byte);
        let line = bytes.filter(|&&byte| byte == b'\n').count();
        let columns =
            text.char_indices()
                .take_while(|&(at, _)| at < byte)
                .fold(
                    0_usize,
                    |column, (_, c)| if c == '\n' { 0 } else { column + 1 },
                );
        Self {
            line: clamp(line).saturating_add(1),
            column: clamp(columns).saturating_add(1),
        }
    }
}

/// A count as 32 bits, the greatest when it is greater.
pub(crate) fn clamp(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Unreadable {
    pub(crate) fn new(problem: Problem, message: impl Into<String>) -> Self {
        Self {
            problem,
            at: None,
            message: message.into(),
        }
    }

    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new(Problem::Value, message)
    }

    pub(crate) fn too_many(message: impl Into<String>) -> Self {
        Self::new(Problem::TooMany, message)
    }

    pub(crate) fn wrong_format(message: impl Into<String>) -> Self {
        Self::new(Problem::WrongFormat, message)
    }

    /// The same at a place, unless it has one already.
    pub(crate) fn at(mut self, at: Position) -> Self {
        self.at.get_or_insert(at);
        self
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.at {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Unreadable {}
