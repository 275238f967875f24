//! The block of `name: value` lines between two `---` that some tools put at the top of a document.

use jiff::civil::Date;

use crate::dates;
use crate::plain::tidy;
use crate::tokens::Tokens;

/// What the block tells, and the document with its lines emptied, so that line numbers stay.
#[derive(Debug, Default)]
pub(crate) struct FrontMatter {
    pub(crate) title: Option<String>,
    pub(crate) date: Option<Date>,
    pub(crate) rest: String,
}

/// Longest block, in lines.
const MAX_LINES: usize = 60;

/// Takes the block off; `None` when the document begins otherwise. A rule at the top of a document is no block.
pub(crate) fn take(text: &str, near: Date) -> Option<FrontMatter> {
    let mut lines = text.split_inclusive('\n');
    if lines.next()?.trim_end() != "---" {
        return None;
    }
    let (mut front, mut length, mut count) = (FrontMatter::default(), text.find('\n')? + 1, 1);
    for line in lines.take(MAX_LINES) {
        length += line.len();
        count += 1;
        let trimmed = line.trim_end();
        if matches!(trimmed, "---" | "...") {
            front.rest = "\n".repeat(count) + text.get(length..)?;
            return (count > 2).then_some(front);
        }
        match trimmed.split_once(':') {
            Some((name, value)) if !name.is_empty() && !name.contains(' ') => {
                let value = value.trim().trim_matches(['"', '\'']);
                match name.to_ascii_lowercase().as_str() {
                    "title" => front.title = Some(tidy(value)).filter(|title| !title.is_empty()),
                    "date" => {
                        front.date =
                            dates::find_date(&Tokens::of(value), near).map(|(date, ..)| date);
                    }
                    _ => {}
                }
            }
            // Nested values, list items, comments.
            _ if trimmed.starts_with([' ', '-', '#', '\t']) => {}
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn title_and_date_are_taken_and_lines_stay() {
        let front = take(
            "---\ntitle: \"Move house\"\ndate: 2026-03-01\ntags:\n  - a\n---\n# x\n",
            date(2026, 1, 1),
        )
        .unwrap();
        assert_eq!(front.title.as_deref(), Some("Move house"));
        assert_eq!(front.date, Some(date(2026, 3, 1)));
        assert_eq!(front.rest, "\n\n\n\n\n\n# x\n");
    }

    #[test]
    fn a_rule_at_the_top_is_no_front_matter() {
        for text in [
            "---\n\n# Title\n\n---\n",
            "---\n---\n",
            "# a\n---\n",
            "---\nplain words\n---\n",
        ] {
            assert!(take(text, date(2026, 1, 1)).is_none(), "{text}");
        }
    }
}
