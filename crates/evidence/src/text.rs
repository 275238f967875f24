//! Bytes to text: size, emptiness, byte order marks and declared encodings; and pieces of text as they are kept.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::unreadable::{Position, Problem, Unreadable};

/// Largest file, in bytes, after it was inflated. Uploads are held to less before that, by whoever takes them.
pub const MAX_BYTES: usize = 20 << 20;

/// How much of a file is looked at for a declaration of its encoding, in bytes.
const DECLARATION: usize = 256;

/// The text that bytes are. UTF-8 unless a byte order mark or an XML declaration says otherwise; every byte must be
/// part of a character.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    if bytes.len() > MAX_BYTES {
        return Err(too_large(bytes.len()));
    }
    let (encoding, body) = encoding(bytes)?;
    let text = if encoding == UTF_8 {
        let text = std::str::from_utf8(body).map_err(|error| {
            let (before, _) = body.split_at(error.valid_up_to());
            let before = String::from_utf8_lossy(before);
            Unreadable::new(
                Problem::Encoding,
                "this byte is not UTF-8: write the report as UTF-8, or declare the encoding it is in",
            )
            .at(Position::of(&before, before.len()))
        })?;
        Cow::Borrowed(text)
    } else {
        encoding
            .decode_without_bom_handling_and_without_replacement(body)
            .ok_or_else(|| {
                let name = encoding.name();
                Unreadable::new(
                    Problem::Encoding,
                    format!("the file says that it is {name} and is not: write it as UTF-8"),
                )
            })?
    };
    if text.trim().is_empty() {
        return Err(Unreadable::new(
            Problem::Empty,
            "the file is empty: send the report that the tool wrote, and look whether the tool has run",
        ));
    }
    Ok(text)
}

pub(crate) fn too_large(bytes: usize) -> Unreadable {
    Unreadable::new(
        Problem::TooLarge,
        format!(
            "the file has {bytes} bytes, at most {MAX_BYTES} are read: send it in parts, or leave out what the tool need not write"
        ),
    )
}

/// The encoding of a file, and the file without its byte order mark.
fn encoding(bytes: &[u8]) -> Result<(&'static Encoding, &[u8]), Unreadable> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return Ok((encoding, bytes.get(length..).unwrap_or_default()));
    }
    match bytes {
        [b'<', 0, ..] => return Ok((UTF_16LE, bytes)),
        [0, b'<', ..] => return Ok((UTF_16BE, bytes)),
        _ => {}
    }
    let Some(label) = declared_encoding(bytes) else {
        return Ok((UTF_8, bytes));
    };
    let encoding = Encoding::for_label(label).ok_or_else(|| {
        let label = String::from_utf8_lossy(label);
        Unreadable::new(
            Problem::Encoding,
            format!("the encoding {label:?} is unknown: write the file as UTF-8"),
        )
    })?;
    // A declaration that can be read byte by byte is not UTF-16, whatever it says of itself.
    let is_wide = encoding == UTF_16LE || encoding == UTF_16BE;
    Ok((if is_wide { UTF_8 } else { encoding }, bytes))
}

/// What stands behind `encoding=` in the XML declaration.
fn declared_encoding(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(b"<?xml")?;
    let rest = rest.get(..DECLARATION.min(rest.len()))?;
    let end = rest.windows(2).position(|pair| pair == b"?>")?;
    let declaration = rest.get(..end)?;
    let word = b"encoding";
    let at = declaration.windows(word.len()).position(|w| w == word)?;
    let value = declaration.get(at + word.len()..)?.trim_ascii_start();
    let value = value.strip_prefix(b"=")?.trim_ascii_start();
    let (&quote, value) = value.split_first()?;
    let end = value.iter().position(|&byte| byte == quote)?;
    value.get(..end)
}

/// Text as it is kept and shown: without control characters but line ends and tabs, at most so many characters, with an
/// ellipsis in place of the rest.
pub(crate) fn excerpt(text: &str, characters: usize) -> String {
    let text = text.trim();
    let mut kept = text
        .chars()
        .filter(|&c| matches!(c, '\n' | '\t') || !c.is_control());
    let mut out: String = kept.by_ref().take(characters).collect();
    if kept.next().is_some() {
        out.pop();
        out.push('…');
    }
    out
}

/// The first so many bytes of a text, or as many as are whole characters.
pub(crate) fn first_bytes(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_decide_which_encoding_it_is() {
        let wide = |little: bool| -> Vec<u8> {
            "<a>é</a>"
                .encode_utf16()
                .flat_map(|unit| {
                    if little {
                        unit.to_le_bytes()
                    } else {
                        unit.to_be_bytes()
                    }
                })
                .collect()
        };
        assert_eq!(decode(&wide(true)).unwrap(), "<a>é</a>");
        assert_eq!(decode(&wide(false)).unwrap(), "<a>é</a>");
        let mut marked = vec![0xFF, 0xFE];
        marked.extend(wide(true));
        assert_eq!(decode(&marked).unwrap(), "<a>é</a>");
        assert_eq!(decode(b"\xEF\xBB\xBF{}").unwrap(), "{}");
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>";
        assert!(decode(latin).unwrap().ends_with("<a>é</a>"));
        let narrow = "<?xml version=\"1.0\" encoding=\"utf-16\"?><a>é</a>";
        assert!(decode(narrow.as_bytes()).unwrap().ends_with("<a>é</a>"));
    }

    #[test]
    fn wrong_encodings_are_refused_with_what_to_do() {
        let refused = decode(b"ab\nc\xE9d").unwrap_err();
        assert_eq!(refused.problem, Problem::Encoding);
        assert_eq!(refused.at, Some(Position { line: 2, column: 2 }));
        let unknown = decode(b"<?xml version='1.0' encoding='klingon'?><a/>").unwrap_err();
        assert!(unknown.to_string().contains("\"klingon\""), "{unknown}");
        // Half a character.
        let cut = decode(b"\xFF\xFEa").unwrap_err();
        assert_eq!(cut.problem, Problem::Encoding);
        for empty in [&b""[..], b" \r\n\t", b"\xEF\xBB\xBF"] {
            assert_eq!(decode(empty).unwrap_err().problem, Problem::Empty);
        }
        let large = decode(&vec![b' '; MAX_BYTES + 1]).unwrap_err();
        assert_eq!(large.problem, Problem::TooLarge);
    }

    #[test]
    fn excerpts_are_bounded_and_without_control_characters() {
        assert_eq!(excerpt("  a\u{1b}[31mb\nc ", 10), "a[31mb\nc");
        assert_eq!(excerpt("äöüß", 3), "äö…");
        assert_eq!(excerpt("äöü", 3), "äöü");
    }
}
