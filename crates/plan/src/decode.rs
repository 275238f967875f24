//! Bytes in, readable text out: size, emptiness, binary files, and text that was decoded wrongly before it came here.

use crate::exact::is_exact;
use crate::model::Repair;

/// Largest document, in bytes.
pub const MAX_BYTES: usize = 5 << 20;

/// Why a document was not read, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadablePlan {
    /// Nothing in it, or only white space.
    #[error("the file is empty: choose the Markdown file that holds the plan")]
    Empty,
    /// More than [`MAX_BYTES`].
    #[error(
        "the file has {bytes} bytes, at most 5 MiB are read: split the plan, or remove what is not part of it"
    )]
    TooLarge {
        /// How many bytes came.
        bytes: usize,
    },
    /// A zero byte: no text file.
    #[error(
        "line {line} holds a zero byte, so this is not a text file: choose the Markdown file, saved as UTF-8"
    )]
    Binary {
        /// Where the byte is.
        line: u32,
    },
    /// Bytes that are no UTF-8.
    #[error(
        "line {line} is not UTF-8: open the file in an editor, save it as UTF-8, and try again"
    )]
    NotUtf8 {
        /// Where the first such byte is.
        line: u32,
    },
    /// Lists or quotations within each other, deeper than anybody reads.
    #[error(
        "line {line} is nested more than {limit} levels deep: flatten the lists or quotations there"
    )]
    TooDeep {
        /// Where.
        line: u32,
        /// How deep is allowed.
        limit: usize,
    },
}

/// Deepest nesting of lists and quotations.
pub const MAX_DEPTH: usize = 64;

/// Longest excerpt kept of a mended or unrecognised line, in characters.
pub(crate) const EXCERPT: usize = 200;

/// A document as text with `\n` line ends, and the lines that were mended.
pub(crate) fn decode(bytes: &[u8]) -> Result<(String, Vec<Repair>), UnreadablePlan> {
    if bytes.len() > MAX_BYTES {
        return Err(UnreadablePlan::TooLarge { bytes: bytes.len() });
    }
    let line_at = |at: usize| {
        let breaks = bytes.iter().take(at).filter(|&&b| b == b'\n').count();
        u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1)
    };
    if let Some(at) = bytes.iter().position(|&b| b == 0) {
        return Err(UnreadablePlan::Binary { line: line_at(at) });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| UnreadablePlan::NotUtf8 {
        line: line_at(error.valid_up_to()),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(UnreadablePlan::Empty);
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    // What was written out as it is stored needs no mending.
    let exact = is_exact(&text);
    let (mut out, mut repairs) = (String::with_capacity(text.len()), Vec::new());
    for (line, before) in (1_u32..).zip(text.split_inclusive('\n')) {
        check_depth(before, line)?;
        match mend(before) {
            Some(after) if !exact => {
                repairs.push(Repair {
                    before: excerpt(before),
                    after: excerpt(&after),
                    line,
                });
                out.push_str(&after);
            }
            _ => out.push_str(before),
        }
    }
    Ok((out, repairs))
}

/// The first [`EXCERPT`] characters, white space as single spaces.
pub(crate) fn excerpt(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() > 4 * EXCERPT {
            break;
        }
    }
    if let Some((end, _)) = out.char_indices().nth(EXCERPT) {
        out.truncate(end);
        out.push('…');
    }
    out
}

/// Refuses a line that opens more lists and quotations than [`MAX_DEPTH`], before a parser's time grows with them.
fn check_depth(line: &str, number: u32) -> Result<(), UnreadablePlan> {
    let (mut markers, mut columns, mut first) = (0_usize, 0_usize, None);
    let mut differ = false;
    let mut rest = line.as_bytes();
    loop {
        match rest {
            [b' ', tail @ ..] => (columns, rest) = (columns + 1, tail),
            [b'\t', tail @ ..] => (columns, rest) = (columns + 4, tail),
            [b'>', tail @ ..] => (markers, differ, rest) = (markers + 1, true, tail),
            [mark @ (b'-' | b'*' | b'+'), b' ' | b'\t', ..] => {
                differ |= first.is_some_and(|first| first != *mark);
                (markers, first, rest) =
                    (markers + 1, Some(*mark), rest.get(1..).unwrap_or_default());
            }
            [digit, ..] if digit.is_ascii_digit() => {
                let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                match rest.get(digits..) {
                    Some([b'.' | b')', b' ' | b'\t', tail @ ..]) => {
                        (markers, differ, rest) = (markers + 1, true, tail);
                    }
                    _ => break,
                }
            }
            _ => break,
        }
    }
    // `- - - -` alone is a rule, however long.
    let rule = !differ
        && rest
            .iter()
            .all(|&b| b.is_ascii_whitespace() || Some(b) == first);
    let deep = markers > MAX_DEPTH && !rule || markers > 0 && columns > 4 * MAX_DEPTH;
    if deep {
        Err(UnreadablePlan::TooDeep {
            line: number,
            limit: MAX_DEPTH,
        })
    } else {
        Ok(())
    }
}

/// The byte that Windows-1252 shows as this character. The five bytes it leaves undefined show as C1 controls.
fn windows_1252(c: char) -> Option<u8> {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match u32::from(c) {
        code @ (0x80..=0xff) => u8::try_from(code).ok(),
        code if code > 0xff => {
            let place = HIGH.iter().position(|&high| high == c)?;
            u8::try_from(place).ok().map(|place| 0x80 + place)
        }
        _ => None,
    }
}

/// UTF-8 that was shown as Windows-1252, turned back; `None` when nothing in the line looks like that.
///
/// Three and four byte sequences cannot be meant otherwise. Two bytes can (`«CAFÉ»`), so they are taken when they
/// begin with `Ã` or `Â`, as Latin letters do, or when two or more stand side by side, as Greek and Cyrillic do.
fn mend(line: &str) -> Option<String> {
    if line.is_ascii() {
        return None;
    }
    let characters: Vec<char> = line.chars().collect();
    let (mut out, mut changed, mut at) = (String::with_capacity(line.len()), false, 0);
    while let Some(&c) = characters.get(at) {
        let tail = characters.get(at..).unwrap_or_default();
        match sequence(tail) {
            Some((mended, length))
                if length > 2 || matches!(c, 'Ã' | 'Â') || has_neighbour(&characters, at) =>
            {
                out.push(mended);
                changed = true;
                at += length;
            }
            _ => {
                out.push(c);
                at += 1;
            }
        }
    }
    changed.then_some(out)
}

fn has_neighbour(characters: &[char], at: usize) -> bool {
    let is_two = |from: usize| {
        characters
            .get(from..)
            .and_then(sequence)
            .is_some_and(|(_, length)| length == 2)
    };
    is_two(at + 2) || at.checked_sub(2).is_some_and(is_two)
}

/// The character whose UTF-8 bytes the first characters of `tail` show, and how many they are.
fn sequence(tail: &[char]) -> Option<(char, usize)> {
    let lead = windows_1252(*tail.first()?)?;
    let length = match lead {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let bytes: Option<Vec<u8>> = tail
        .get(..length)?
        .iter()
        .map(|&c| windows_1252(c))
        .collect();
    let bytes = bytes?;
    let mended = std::str::from_utf8(&bytes).ok()?.chars().next()?;
    (!mended.is_control()).then_some((mended, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_shown_as_windows_1252_is_turned_back() {
        for (before, after) in [
            ("âœ… done", "✅ done"),
            ("ðŸŽ¯ QUICK START", "🎯 QUICK START"),
            ("dâ€™accord, cafÃ©", "d’accord, café"),
            ("ÐŸÐ»Ð°Ð½", "План"),
            ("Â§ 4", "§ 4"),
        ] {
            assert_eq!(mend(before).as_deref(), Some(after), "{before}");
        }
    }

    #[test]
    fn text_that_is_meant_so_stays() {
        for text in [
            "café",
            "«CAFÉ»",
            "Größe ≥ 5 %",
            "✅ 🎯",
            "Müller–Lüdenscheidt",
            "plain",
        ] {
            assert_eq!(mend(text), None, "{text}");
        }
    }

    #[test]
    fn unreadable_files_are_told_apart() {
        assert_eq!(decode(b""), Err(UnreadablePlan::Empty));
        assert_eq!(decode(b"\xef\xbb\xbf \n"), Err(UnreadablePlan::Empty));
        assert_eq!(
            decode(b"# a\nb\0c"),
            Err(UnreadablePlan::Binary { line: 2 })
        );
        assert_eq!(
            decode(b"# a\n\nb\xffc"),
            Err(UnreadablePlan::NotUtf8 { line: 3 })
        );
        assert_eq!(
            decode(&vec![b'a'; MAX_BYTES + 1]),
            Err(UnreadablePlan::TooLarge {
                bytes: MAX_BYTES + 1
            })
        );
        let deep = format!("text\n{}x", ">".repeat(65));
        assert_eq!(
            decode(deep.as_bytes()),
            Err(UnreadablePlan::TooDeep {
                line: 2,
                limit: MAX_DEPTH
            })
        );
        let deep = format!("{}- x", " ".repeat(300));
        assert_eq!(
            decode(deep.as_bytes()),
            Err(UnreadablePlan::TooDeep {
                line: 1,
                limit: MAX_DEPTH
            })
        );
        assert!(decode("- ".repeat(200).as_bytes()).is_ok());
    }

    #[test]
    fn line_ends_and_the_byte_order_mark_do_not_matter() {
        assert_eq!(
            decode("\u{feff}a\r\nb\rc".as_bytes()),
            Ok(("a\nb\nc".to_owned(), Vec::new()))
        );
    }
}
