//! XML, read once from front to back: bounded depth and attributes, no declarations of entities, every error with its
//! place.

use std::borrow::Cow;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::unreadable::{Position, Problem, Unreadable};

/// Deepest nesting of elements.
const MAX_DEPTH: usize = 64;
/// Attributes of one element that are looked at; none of the formats has as many.
const MAX_ATTRIBUTES: usize = 64;

/// What to do with a `<!DOCTYPE>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doctype {
    /// The format has none.
    Refused,
    /// Some tools name a definition. It is passed over, and fetched from nowhere; one that declares anything in the
    /// document itself is refused.
    Named,
}

/// A document on its way.
pub(crate) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    text: &'a str,
    doctype: Doctype,
    depth: usize,
    /// Whether the root element was seen.
    rooted: bool,
}

/// A piece of a document. Elements without content begin and end like others.
pub(crate) enum Node<'a> {
    Start(Element<'a>),
    End,
    /// A piece of text between tags, entities resolved; text may come in several pieces.
    Text(Cow<'a, str>),
    /// The end of a whole document.
    Eof,
}

/// A tag that begins an element.
pub(crate) struct Element<'a> {
    tag: BytesStart<'a>,
    at: usize,
    text: &'a str,
}

impl<'a> Xml<'a> {
    pub(crate) fn new(text: &'a str, doctype: Doctype) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            text,
            doctype,
            depth: 0,
            rooted: false,
        }
    }

    /// The next piece.
    pub(crate) fn next(&mut self) -> Result<Node<'a>, Unreadable> {
        loop {
            let before = self.offset(self.reader.buffer_position());
            let event = self.reader.read_event().map_err(|error| {
                let at = self.offset(self.reader.error_position());
                syntax(format!("this is not well-formed XML ({error}): send the file as the tool wrote it, to its end"))
                    .at(Position::of(self.text, at))
            })?;
            match event {
                Event::Start(tag) | Event::Empty(tag) => return self.start(tag, before),
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Node::End);
                }
                Event::Text(text) if self.depth > 0 => {
                    return Ok(Node::Text(text.into_inner()));
                }
                Event::CData(text) if self.depth > 0 => {
                    return Ok(Node::Text(text.into_inner()));
                }
                Event::Text(text) if text.trim().is_empty() => {}
                Event::Text(_) | Event::CData(_) => {
                    let error = syntax(
                        "text stands outside of the root element: send the file as the tool wrote it",
                    );
                    return Err(error.at(self.place(before)));
                }
                Event::GeneralRef(name) => {
                    return self.reference(&name.into_inner(), before);
                }
                Event::DocType(text) => self.check_doctype(&text.into_inner(), before)?,
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
                Event::Eof if self.depth > 0 || !self.rooted => {
                    let error = syntax("the document ends in its middle: send the whole file");
                    return Err(error.at(self.place(self.text.len())));
                }
                Event::Eof => return Ok(Node::Eof),
            }
        }
    }

    fn start(&mut self, tag: BytesStart<'a>, at: usize) -> Result<Node<'a>, Unreadable> {
        if self.depth == 0 && self.rooted {
            let error = syntax("a second root element begins here: send one report at a time");
            return Err(error.at(self.place(at)));
        }
        self.rooted = true;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let error = Unreadable::too_many(format!(
                "elements are nested more than {MAX_DEPTH} deep: no report of tests or coverage is"
            ));
            return Err(error.at(self.place(at)));
        }
        Ok(Node::Start(Element {
            tag,
            at,
            text: self.text,
        }))
    }

    fn reference(&self, name: &str, at: usize) -> Result<Node<'a>, Unreadable> {
        let character = name.strip_prefix('#').map(|number| {
            let code = match number.strip_prefix('x') {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32)
        });
        let text = match character {
            None => resolve_predefined_entity(name).map(Cow::Borrowed),
            Some(found) => found.map(|c| Cow::Owned(c.to_string())),
        };
        text.map(Node::Text).ok_or_else(|| {
            let name = crate::text::excerpt(name, 40);
            let error = Unreadable::new(
                Problem::Forbidden,
                format!(
                    "the entity &{name}; is unknown: only those that XML itself defines are read"
                ),
            );
            error.at(self.place(at))
        })
    }

    fn check_doctype(&self, declared: &str, at: usize) -> Result<(), Unreadable> {
        let message = match self.doctype {
            Doctype::Named if !declared.contains('[') && !self.rooted => return Ok(()),
            Doctype::Named => {
                "the DOCTYPE declares entities or elements: remove it; a report needs none, and none is ever fetched"
            }
            Doctype::Refused => {
                "the file has a DOCTYPE: remove it; a report of tests needs none, and entities are never read from one"
            }
        };
        Err(Unreadable::new(Problem::Forbidden, message).at(self.place(at)))
    }

    fn place(&self, byte: usize) -> Position {
        Position::of(self.text, byte)
    }

    fn offset(&self, position: u64) -> usize {
        usize::try_from(position).map_or(self.text.len(), |at| at.min(self.text.len()))
    }
}

impl Element<'_> {
    /// The name without a prefix.
    pub(crate) fn name(&self) -> &str {
        let name = self.tag.name().into_inner();
        name.rsplit(':').next().unwrap_or(name)
    }

    /// The first attribute of that name.
    pub(crate) fn get(&self, name: &str) -> Result<Option<String>, Unreadable> {
        let mut attributes = self.tag.attributes();
        // Looking for repeated ones takes time that grows with their square.
        for attribute in attributes.with_checks(false).take(MAX_ATTRIBUTES) {
            let attribute = attribute.map_err(|error| self.syntax(&error.to_string()))?;
            if attribute.key.into_inner() == name {
                let value = attribute
                    .normalized_value(XmlVersion::Implicit1_0)
                    .map_err(|error| self.syntax(&error.to_string()))?;
                return Ok(Some(value.into_owned()));
            }
        }
        Ok(None)
    }

    /// A whole number in an attribute.
    pub(crate) fn count(&self, name: &str) -> Result<Option<u64>, Unreadable> {
        self.get(name)?
            .map(|value| {
                value.trim().parse().map_err(|_| {
                    let value = crate::text::excerpt(&value, 40);
                    Unreadable::value(format!("{name}=\"{value}\" is no whole number"))
                        .at(self.place())
                })
            })
            .transpose()
    }

    pub(crate) fn place(&self) -> Position {
        Position::of(self.text, self.at)
    }

    fn syntax(&self, what: &str) -> Unreadable {
        syntax(format!(
            "an attribute here is not well-formed ({what}): send the file as the tool wrote it"
        ))
        .at(self.place())
    }
}

fn syntax(message: impl Into<String>) -> Unreadable {
    Unreadable::new(Problem::Syntax, message)
}
