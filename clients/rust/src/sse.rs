//! Server-sent events, read from whatever pieces the network brings.
//!
//! Fields `event`, `data` and `retry` are used. `id` is not: on a reconnect the client names the revision that is in force,
//! which is what the identifier would say, unless what came with it was refused.

use std::time::Duration;

use crate::Problem;

/// What a stream brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// An event with its data.
    Event { name: String, data: String },
    /// How long to wait before connecting again.
    Retry(Duration),
}

/// Puts events together; what it keeps is bounded.
#[derive(Debug)]
pub(crate) struct Parser {
    largest: usize,
    line: Vec<u8>,
    name: String,
    data: String,
    has_data: bool,
    /// The last byte was a carriage return, so that a line feed now belongs to it.
    after_return: bool,
    at_start: bool,
}

impl Parser {
    /// A parser that refuses events of more bytes than `largest`.
    pub(crate) fn new(largest: usize) -> Self {
        Self {
            largest,
            line: Vec::new(),
            name: String::new(),
            data: String::new(),
            has_data: false,
            after_return: false,
            at_start: true,
        }
    }

    /// Takes bytes and appends what they complete.
    ///
    /// # Errors
    /// [`Problem::TooLarge`]; the stream cannot be read any further then.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], items: &mut Vec<Item>) -> Result<(), Problem> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_return) && first == b'\n' {
                bytes = bytes.get(1..).unwrap_or_default();
                continue;
            }
            let end = bytes
                .iter()
                .position(|&byte| byte == b'\n' || byte == b'\r');
            let (piece, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + piece.len() + self.data.len() > self.largest {
                return Err(Problem::TooLarge(self.largest));
            }
            self.line.extend_from_slice(piece);
            if let Some((&ending, rest)) = rest.split_first() {
                self.after_return = ending == b'\r';
                items.extend(self.end_of_line());
                bytes = rest;
            } else {
                bytes = rest;
            }
        }
        Ok(())
    }

    fn end_of_line(&mut self) -> Option<Item> {
        let bytes = std::mem::take(&mut self.line);
        let mut line = bytes.as_slice();
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            return self.end_of_event();
        }
        // What is not UTF-8 is no JSON either and is refused there, with the event as a whole.
        let line = String::from_utf8_lossy(line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(value);
            }
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                return value
                    .parse()
                    .ok()
                    .map(|milliseconds| Item::Retry(Duration::from_millis(milliseconds)));
            }
            _ => {}
        }
        None
    }

    fn end_of_event(&mut self) -> Option<Item> {
        let (name, data) = (
            std::mem::take(&mut self.name),
            std::mem::take(&mut self.data),
        );
        std::mem::take(&mut self.has_data).then(|| Item::Event {
            name: if name.is_empty() {
                "message".to_owned()
            } else {
                name
            },
            data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(name: &str, data: &str) -> Item {
        Item::Event {
            name: name.to_owned(),
            data: data.to_owned(),
        }
    }

    fn parse(pieces: &[&[u8]]) -> Vec<Item> {
        let (mut parser, mut items) = (Parser::new(1 << 20), Vec::new());
        for piece in pieces {
            parser.feed(piece, &mut items).unwrap();
        }
        items
    }

    #[test]
    fn events_come_out_with_name_and_data() {
        let text =
            b"\xef\xbb\xbfretry: 2500\n\nevent: change\nid: e:1\ndata: {\"a\":\ndata:1}\n\n: quiet\n\ndata\n\nevent: x\n\n";
        assert_eq!(
            parse(&[text]),
            [
                Item::Retry(Duration::from_millis(2500)),
                event("change", "{\"a\":\n1}"),
                event("message", "")
            ]
        );
    }

    #[test]
    fn every_line_ending_ends_a_line() {
        for ending in ["\n", "\r\n", "\r"] {
            let text = format!("event: a{ending}data: 1{ending}{ending}");
            assert_eq!(parse(&[text.as_bytes()]), [event("a", "1")], "{ending:?}");
        }
    }

    #[test]
    fn a_retry_that_is_no_number_is_ignored() {
        assert_eq!(parse(&[b"retry: soon\nretry:\nretry: -1\n\n"]), []);
    }

    #[test]
    fn an_event_that_never_ends_is_refused() {
        let (mut parser, mut items) = (Parser::new(100), Vec::new());
        let fed = (0..20).try_for_each(|_| parser.feed(b"data: 12345\n", &mut items));
        assert_eq!(fed, Err(Problem::TooLarge(100)));
        let (mut parser, mut items) = (Parser::new(100), Vec::new());
        let fed = (0..20).try_for_each(|_| parser.feed(b"0123456789", &mut items));
        assert_eq!(fed, Err(Problem::TooLarge(100)));
    }

    proptest! {
        #[test]
        fn where_the_network_cuts_does_not_matter(
            text in "((event: [a-c]|data: [a-cé]{0,5}|retry: 5|: x|id: 1)?(\n|\r\n|\r)){0,30}",
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
        ) {
            let bytes = text.as_bytes();
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            places.extend([0, bytes.len()]);
            places.sort_unstable();
            let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(parse(&pieces), parse(&[bytes]));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Parser::new(64).feed(&bytes, &mut Vec::new());
        }
    }
}
