//! Text as words, numbers, dates and signs, so that recognition asks for words and not for letters.

use jiff::civil::Date;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// Letters first, then letters, digits and `_`; in lower case.
    Word(Box<str>),
    /// A number in ten-thousandths, so that `0.1 %` stays exact.
    Number(u64),
    /// A date in digits: `2026-01-05`, `5.1.2026`, `1/5/2026` (month first where both could be meant).
    Date(Date),
    /// Anything else. Dashes are all `-`, `≥` is `>`, `≤` is `<`.
    Sign(char),
}

/// A token and where it stands, as bytes of the text.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) token: Token,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A text in tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens(pub(crate) Vec<Placed>);

/// How much of one text is read for meaning, in bytes: far more than a sentence, and a bound on what it costs.
const MAX_TEXT: usize = 4_000;

impl Tokens {
    pub(crate) fn of(text: &str) -> Self {
        let text = text
            .get(..text.floor_char_boundary(MAX_TEXT))
            .unwrap_or(text);
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(c) = rest.chars().next() else { break };
            let (token, length) = if c.is_whitespace() {
                (None, c.len_utf8())
            } else if c.is_ascii_digit()
                || c == '.' && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
            {
                let (token, length) = digits(rest);
                (Some(token), length)
            } else if c.is_alphabetic() {
                let length = rest
                    .find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                let word = rest.get(..length).unwrap_or_default().to_lowercase();
                (Some(Token::Word(word.into())), length)
            } else {
                (Some(Token::Sign(plain_sign(c))), c.len_utf8())
            };
            if let Some(token) = token {
                out.push(Placed {
                    token,
                    start: at,
                    end: at + length,
                });
            }
            at += length;
        }
        Self(out)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Token> {
        self.0.get(at).map(|placed| &placed.token)
    }

    pub(crate) fn word(&self, at: usize) -> Option<&str> {
        match self.get(at)? {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(crate) fn number(&self, at: usize) -> Option<u64> {
        match self.get(at)? {
            Token::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A whole number, in digits or as a word up to twelve.
    pub(crate) fn count(&self, at: usize) -> Option<u32> {
        match self.get(at)? {
            Token::Number(number) if number % 10_000 == 0 => u32::try_from(number / 10_000).ok(),
            Token::Word(word) => number_word(word),
            _ => None,
        }
    }

    pub(crate) fn is_sign(&self, at: usize, sign: char) -> bool {
        self.get(at) == Some(&Token::Sign(sign))
    }

    /// Whether nothing stands between this token and the one before it.
    pub(crate) fn is_glued(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.0.get(before));
        before
            .zip(self.0.get(at))
            .is_some_and(|(before, this)| before.end == this.start)
    }

    /// Whether the words of a phrase (separated by spaces) stand from here on, dashes between them aside; where they end.
    pub(crate) fn phrase_at(&self, at: usize, phrase: &str) -> Option<usize> {
        let word = self.word(at)?;
        // Nearly all phrases end here, so this comes before anything that costs.
        let rest = phrase.strip_prefix(word)?;
        if rest.is_empty() {
            return Some(at + 1);
        }
        let mut at = at + 1;
        for part in rest.strip_prefix(' ')?.split(' ') {
            if self.is_sign(at, '-') {
                at += 1;
            }
            if self.word(at)? != part {
                return None;
            }
            at += 1;
        }
        Some(at)
    }

    /// The place of the first of these phrases.
    pub(crate) fn find(&self, phrases: &[&str]) -> Option<usize> {
        self.0
            .iter()
            .enumerate()
            .find_map(|(at, placed)| match &placed.token {
                Token::Word(word) => {
                    let first = word.as_bytes().first();
                    let begins = |phrase: &&&str| phrase.as_bytes().first() == first;
                    phrases
                        .iter()
                        .filter(begins)
                        .any(|phrase| self.phrase_at(at, phrase).is_some())
                        .then_some(at)
                }
                _ => None,
            })
    }

    /// Whether any of these phrases stands somewhere.
    pub(crate) fn has(&self, phrases: &[&str]) -> bool {
        self.find(phrases).is_some()
    }
}

fn plain_sign(c: char) -> char {
    match c {
        '‐' | '‑' | '‒' | '–' | '—' | '−' => '-',
        '≥' => '>',
        '≤' => '<',
        '％' => '%',
        '：' => ':',
        '⇒' | '➜' | '➔' | '➡' => '→',
        c => c,
    }
}

pub(crate) fn number_word(word: &str) -> Option<u32> {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    WORDS
        .iter()
        .position(|&known| known == word)
        .and_then(|place| u32::try_from(place).ok())
}

/// A date or a number at the start of the text, and its length in bytes.
fn digits(text: &str) -> (Token, usize) {
    date(text).map_or_else(
        || number(text),
        |(date, length)| (Token::Date(date), length),
    )
}

fn run(bytes: &[u8], from: usize) -> usize {
    bytes
        .iter()
        .skip(from)
        .take_while(|b| b.is_ascii_digit())
        .count()
}

fn date(text: &str) -> Option<(Date, usize)> {
    let bytes = text.as_bytes();
    let first = run(bytes, 0);
    let separator = *bytes
        .get(first)
        .filter(|b| matches!(b, b'-' | b'/' | b'.'))?;
    let second = run(bytes, first + 1);
    let third_at = first + second + 2;
    if bytes.get(third_at - 1) != Some(&separator) || !(1..=2).contains(&second) {
        return None;
    }
    let third = run(bytes, third_at);
    let part = |from: usize, length: usize| text.get(from..from + length)?.parse::<i16>().ok();
    let (a, b, c) = (
        part(0, first)?,
        part(first + 1, second)?,
        part(third_at, third)?,
    );
    let (year, month, day) = match (first, third, separator) {
        (4, 1 | 2, _) => (a, b, c),
        (1 | 2, 4, b'.') => (c, b, a),
        (1 | 2, 4, b'/') if a > 12 => (c, b, a),
        (1 | 2, 4, b'/') => (c, a, b),
        _ => return None,
    };
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some((date, third_at + third))
}

/// `1,000` groups thousands; `0,5` is a decimal comma.
fn number(text: &str) -> (Token, usize) {
    let bytes = text.as_bytes();
    let (mut whole, mut at) = (0_u64, 0_usize);
    let digit = |at: usize| {
        bytes
            .get(at)
            .filter(|b| b.is_ascii_digit())
            .map(|b| u64::from(b - b'0'))
    };
    loop {
        if let Some(value) = digit(at) {
            whole = whole.saturating_mul(10).saturating_add(value);
            at += 1;
        } else if at > 0 && bytes.get(at) == Some(&b',') && run(bytes, at + 1) == 3 {
            at += 1;
        } else {
            break;
        }
    }
    let mut value = whole.saturating_mul(10_000);
    if matches!(bytes.get(at), Some(b'.' | b',')) && digit(at + 1).is_some() {
        at += 1;
        let mut weight = 1_000;
        while let Some(digit) = digit(at) {
            value = value.saturating_add(digit * weight);
            weight /= 10;
            at += 1;
        }
    }
    (Token::Number(value), at.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_read_as_people_write_them() {
        let tokens = |text| {
            Tokens::of(text)
                .0
                .into_iter()
                .map(|placed| placed.token)
                .collect::<Vec<_>>()
        };
        assert_eq!(tokens("0.1"), [Token::Number(1_000)]);
        assert_eq!(tokens(".1"), [Token::Number(1_000)]);
        assert_eq!(tokens("0,5"), [Token::Number(5_000)]);
        assert_eq!(tokens("1,000"), [Token::Number(10_000_000)]);
        assert_eq!(
            tokens("2026-01-05"),
            [Token::Date(jiff::civil::date(2026, 1, 5))]
        );
        assert_eq!(
            tokens("5.1.2026"),
            [Token::Date(jiff::civil::date(2026, 1, 5))]
        );
        assert_eq!(
            tokens("31/1/2026"),
            [Token::Date(jiff::civil::date(2026, 1, 31))]
        );
        assert_eq!(
            tokens("1–2"),
            [
                Token::Number(10_000),
                Token::Sign('-'),
                Token::Number(20_000)
            ]
        );
    }

    #[test]
    fn phrases_are_found_whatever_their_case_and_dashes() {
        let tokens = Tokens::of("Then Roll-back the Error rate");
        assert_eq!(tokens.find(&["roll back"]), Some(1));
        assert!(tokens.has(&["error rate"]));
        assert!(!tokens.has(&["rate error", "errors"]));
    }
}
