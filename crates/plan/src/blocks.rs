//! Markdown as a flat list of blocks with lines: headings, paragraphs, list items, code, tables, HTML.
//!
//! Text is plain already: emphasis and links leave their words, HTML leaves nothing but a block that names it.

use crate::text::{Lines, Text};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A row of a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) line: u32,
    pub(crate) cells: Vec<Text>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A heading of level 1 to 6, outside lists.
    Heading(u8),
    Paragraph,
    /// The first paragraph of a list item.
    Item {
        checked: Option<bool>,
        /// Whether a list stands within the item.
        parent: bool,
    },
    Code {
        language: Option<String>,
    },
    /// The first row names the columns.
    Table(Vec<Row>),
    Html,
    Rule,
}

#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) kind: Kind,
    /// Empty for tables.
    pub(crate) text: Text,
    /// How many lists it stands in; an item's own list counts.
    pub(crate) depth: usize,
}

/// Reads Markdown into blocks.
pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    let mut walk = Walk {
        lines: Lines::of(markdown),
        done: Vec::new(),
        open: None,
        depth: 0,
        strong: 0,
        rows: None,
    };
    for (event, range) in Parser::new_ext(markdown, options).into_offset_iter() {
        walk.event(event, range.start);
    }
    walk.close();
    mark_parents(&mut walk.done);
    walk.done
}

fn mark_parents(blocks: &mut [Block]) {
    let mut nested = false;
    let mut deeper = 0;
    for block in blocks.iter_mut().rev() {
        if let Kind::Item { parent, .. } = &mut block.kind {
            *parent = nested && deeper > block.depth;
            (nested, deeper) = (true, block.depth);
        } else if block.depth == 0 {
            nested = false;
        }
    }
}

struct Walk {
    lines: Lines,
    done: Vec<Block>,
    open: Option<Block>,
    depth: usize,
    strong: usize,
    rows: Option<Vec<Row>>,
}

impl Walk {
    fn event(&mut self, event: Event<'_>, at: usize) {
        match event {
            Event::Start(tag) => self.start(tag, at),
            Event::End(tag) => self.end(tag),
            Event::Text(words) => self.words(&words, at),
            Event::Code(words) => {
                let start = self.text(at).plain.len();
                self.words(&words, at);
                let text = self.text(at);
                text.spans.push((start, text.plain.len()));
            }
            Event::SoftBreak | Event::HardBreak => {
                let line = self.lines.at(at).saturating_add(1);
                let text = self.text(at);
                text.plain.push('\n');
                text.breaks.push((text.plain.len(), line));
            }
            Event::TaskListMarker(ticked) => {
                if let Some(Block {
                    kind: Kind::Item { checked, .. },
                    ..
                }) = &mut self.open
                {
                    *checked = Some(ticked);
                }
            }
            Event::Html(html) => self.html(&html, at),
            Event::InlineHtml(html) if is_line_break(&html) => self.text(at).plain.push('\n'),
            Event::InlineHtml(html) => {
                let mut text = Text {
                    line: self.lines.at(at),
                    ..Text::default()
                };
                text.push(&html, false);
                self.done.push(Block {
                    kind: Kind::Html,
                    text,
                    depth: self.depth,
                });
            }
            Event::Rule => {
                self.close();
                let text = Text {
                    line: self.lines.at(at),
                    ..Text::default()
                };
                self.done.push(Block {
                    kind: Kind::Rule,
                    text,
                    depth: self.depth,
                });
            }
            Event::FootnoteReference(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, at: usize) {
        match tag {
            Tag::Heading { level, .. } => {
                let kind = if self.depth == 0 {
                    Kind::Heading(level as u8)
                } else {
                    Kind::Paragraph
                };
                self.begin(kind, at);
            }
            Tag::Paragraph => {
                let fresh_item = self
                    .open
                    .as_ref()
                    .is_some_and(|open| open.text.plain.is_empty());
                if !fresh_item {
                    self.begin(Kind::Paragraph, at);
                }
            }
            Tag::Item => self.begin(
                Kind::Item {
                    checked: None,
                    parent: false,
                },
                at,
            ),
            Tag::List(_) => {
                self.close();
                self.depth += 1;
            }
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => info
                        .split_whitespace()
                        .next()
                        .filter(|word| is_language(word))
                        .map(str::to_owned),
                    CodeBlockKind::Indented => None,
                };
                self.begin(Kind::Code { language }, at);
                // The fence is not part of the text; the first text event brings its own line.
                self.text(at).line = 0;
            }
            Tag::HtmlBlock | Tag::BlockQuote(_) => self.close(),
            Tag::Table(_) => {
                self.close();
                self.rows = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                let line = self.lines.at(at);
                if let Some(rows) = &mut self.rows {
                    rows.push(Row {
                        line,
                        cells: Vec::new(),
                    });
                }
            }
            Tag::TableCell => self.begin(Kind::Paragraph, at),
            Tag::Strong => self.strong += 1,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::List(_) => {
                self.close();
                self.depth = self.depth.saturating_sub(1);
            }
            TagEnd::Heading(_)
            | TagEnd::Paragraph
            | TagEnd::Item
            | TagEnd::CodeBlock
            | TagEnd::HtmlBlock => {
                self.close();
            }
            TagEnd::TableCell => {
                let text = self.open.take().map(|block| block.text).unwrap_or_default();
                if let Some(row) = self.rows.as_mut().and_then(|rows| rows.last_mut()) {
                    row.cells.push(text);
                }
            }
            TagEnd::Table => {
                let rows = self.rows.take().unwrap_or_default();
                let text = Text {
                    line: rows.first().map_or(0, |row| row.line),
                    ..Text::default()
                };
                self.done.push(Block {
                    kind: Kind::Table(rows),
                    text,
                    depth: self.depth,
                });
            }
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            _ => {}
        }
    }

    fn begin(&mut self, kind: Kind, at: usize) {
        self.close();
        let text = Text {
            line: self.lines.at(at),
            ..Text::default()
        };
        self.open = Some(Block {
            kind,
            text,
            depth: self.depth,
        });
    }

    /// The open text; opened as a paragraph where the text of an item goes on after something else.
    fn text(&mut self, at: usize) -> &mut Text {
        let (lines, depth) = (&self.lines, self.depth);
        let open = self.open.get_or_insert_with(|| Block {
            kind: Kind::Paragraph,
            text: Text {
                line: lines.at(at),
                ..Text::default()
            },
            depth,
        });
        &mut open.text
    }

    fn words(&mut self, words: &str, at: usize) {
        let (line, strong) = (self.lines.at(at), self.strong > 0);
        let text = self.text(at);
        if text.line == 0 {
            text.line = line;
        }
        text.push(words, strong);
    }

    /// HTML blocks come line by line: one block for all lines that follow each other.
    fn html(&mut self, html: &str, at: usize) {
        if let Some(Block {
            kind: Kind::Html,
            text,
            ..
        }) = &mut self.open
        {
            text.push(html, false);
        } else {
            self.begin(Kind::Html, at);
            self.words(html, at);
        }
    }

    fn close(&mut self) {
        if let Some(mut block) = self.open.take() {
            if matches!(block.kind, Kind::Code { .. }) {
                let length = block.text.plain.trim_end_matches('\n').len();
                block.text.plain.truncate(length);
            }
            let keep =
                matches!(block.kind, Kind::Item { .. }) || !block.text.plain.trim().is_empty();
            if keep {
                self.done.push(block);
            }
        }
    }
}

/// Whether the first word behind a fence names a language, rather than attributes.
pub(crate) fn is_language(word: &str) -> bool {
    word.len() <= 40
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '.' | '#' | '-'))
}

fn is_line_break(html: &str) -> bool {
    let inner = html
        .trim_start_matches('<')
        .trim_end_matches('>')
        .trim_end_matches('/')
        .trim();
    inner.eq_ignore_ascii_case("br")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(markdown: &str) -> Vec<String> {
        let name = |block: &Block| {
            let kind = match &block.kind {
                Kind::Heading(level) => format!("h{level}"),
                Kind::Paragraph => "p".to_owned(),
                Kind::Item { checked, parent } => format!("item {checked:?} {parent}"),
                Kind::Code { language } => format!("code {language:?}"),
                Kind::Table(rows) => format!("table {}", rows.len()),
                Kind::Html => "html".to_owned(),
                Kind::Rule => "rule".to_owned(),
            };
            format!(
                "{} {kind} @{} {:?}",
                block.depth, block.text.line, block.text.plain
            )
        };
        blocks(markdown).iter().map(name).collect()
    }

    #[test]
    fn every_block_knows_its_line_and_depth() {
        let markdown = "# A *b*\n\ntext `c`\nmore\n\n- [ ] **x**\n  ```sh\n  run\n\n  it\n  ```\n- y\n  - z\n\n    para\n\n---\n";
        assert_eq!(
            shape(markdown),
            [
                "0 h1 @1 \"A b\"",
                "0 p @3 \"text c\\nmore\"",
                "1 item Some(false) false @6 \"x\"",
                "1 code Some(\"sh\") @8 \"run\\n\\nit\"",
                "1 item None true @12 \"y\"",
                "2 item None false @13 \"z\"",
                "2 p @15 \"para\"",
                "0 rule @17 \"\"",
            ]
        );
    }

    #[test]
    fn html_is_set_apart_and_tables_keep_their_rows() {
        let markdown =
            "<script>\nalert(1)\n</script>\n\na <b>c</b>\n\n| a | b |\n|---|---|\n| 1 | 2<br>3 |\n";
        let shapes = shape(markdown);
        assert_eq!(shapes.len(), 5, "{shapes:?}");
        assert_eq!(
            shapes[0],
            "0 html @1 \"<script>\\nalert(1)\\n</script>\\n\""
        );
        assert!(shapes.contains(&"0 p @5 \"a c\"".to_owned()), "{shapes:?}");
        assert_eq!(shapes[4], "0 table 2 @7 \"\"");
    }

    #[test]
    fn a_byte_of_a_paragraph_has_its_own_line() {
        let paragraph = blocks("\none\ntwo `three`\nfour\n").remove(0).text;
        let at = |word: &str| paragraph.line_at(paragraph.plain.find(word).unwrap());
        assert_eq!(
            (at("one"), at("two"), at("three"), at("four")),
            (2, 3, 3, 4)
        );
        assert_eq!(paragraph.code().collect::<Vec<_>>(), ["three"]);
    }
}
