//! What is asked, as it stands in the address, and the answer to a single question.

use std::borrow::Cow;

use super::{ErrorCode, Request, RequestError, write_error, write_evaluation, write_mode};
use crate::{FlagSet, Revision};

/// Where all flags are asked for; a single one's key follows after a slash.
pub const BULK_PATH: &str = "/ofrep/v1/evaluate/flags";

/// The key asked for, as it stands in the path; empty where none does. What is not valid UTF-8 becomes a character that no
/// key holds.
pub fn asked_key(path: &str) -> Cow<'_, str> {
    let rest = path
        .strip_prefix(BULK_PATH)
        .and_then(|rest| rest.strip_prefix('/'));
    percent_decoded(rest.unwrap_or_default())
}

/// The revision that an event announced to a reader: `flagConfigEtag` in the query, with or without an `ETag`'s quotes.
pub fn announced_revision(query: &str) -> Option<Revision> {
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("flagConfigEtag="))?;
    percent_decoded(value).trim_matches('"').parse().ok()
}

/// Appends the answer to a single question, `key` as [`asked_key`] gives it and `body` as it came; says which error it is.
pub fn answer(out: &mut Vec<u8>, set: &FlagSet, key: &str, body: &[u8]) -> Option<ErrorCode> {
    let question = match Request::parse(body) {
        Ok(question) => question,
        Err(error) => return Some(refuse(out, Some(key), &error)),
    };
    let revision = set.revision().number;
    if key.rsplit('.').next() == Some("mode") {
        let answer = set.mode(key);
        write_mode(out, key, &answer, revision);
        return answer.err().map(ErrorCode::from);
    }
    let answer = set.evaluate(key, question.subject());
    write_evaluation(out, key, &answer, revision);
    answer.err().map(ErrorCode::from)
}

/// Appends what is answered to a body that was not understood; a bulk question has no key.
pub fn refuse(out: &mut Vec<u8>, key: Option<&str>, error: &RequestError) -> ErrorCode {
    let code = error.code();
    write_error(out, key, code, &error.to_string());
    code
}

fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%').then(|| escaped(after)).flatten();
        bytes.push(escaped.unwrap_or(first));
        rest = match escaped {
            Some(_) => after.get(2..).unwrap_or_default(),
            None => after,
        };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// The byte that the two digits behind a percent sign stand for.
fn escaped(digits: &[u8]) -> Option<u8> {
    // Not `u8::from_str_radix`, which takes a sign for a digit.
    let digit = |&byte: &u8| char::from(byte).to_digit(16);
    let value = digit(digits.first()?)? << 4 | digit(digits.get(1)?)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_read_from_the_path() {
        let key = |rest: &str| asked_key(&format!("{BULK_PATH}{rest}")).into_owned();
        assert_eq!(key("/arche.memory"), "arche.memory");
        assert_eq!(key("/arche%2Ememory"), "arche.memory");
        assert_eq!(key("/%c3%a9"), "é");
        assert_eq!(key("/%ff"), "\u{fffd}");
        assert_eq!(key(""), "");
        assert_eq!(asked_key("/elsewhere/a"), "");
    }

    #[test]
    fn a_percent_sign_without_its_digits_stands_for_itself() {
        for rest in ["a%2", "a%", "%%", "%zz", "%2é", "%+5", "%-0"] {
            assert_eq!(asked_key(&format!("{BULK_PATH}/{rest}")), rest);
        }
    }

    #[test]
    fn an_announced_revision_is_read_with_and_without_quotes() {
        let read = |query: &str| announced_revision(query).map(|revision| revision.to_string());
        assert_eq!(read("flagConfigEtag=e:7").as_deref(), Some("e:7"));
        assert_eq!(
            read("a=b&flagConfigEtag=%22e%3A7%22").as_deref(),
            Some("e:7")
        );
        assert_eq!(read("flagConfigEtag=nonsense"), None);
        assert_eq!(read("flagConfigLastModified=1"), None);
    }
}
