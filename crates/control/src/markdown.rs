//! What people write as Markdown, as HTML that cannot do harm: no script, no style, nothing loaded from elsewhere.
//!
//! HTML within the Markdown is shown as the text it is, and what comes out is cleaned once more against a list of what may
//! be there. Only the server does this; pages get the HTML.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

/// Deepest nesting of quotes, lists and emphasis; what is deeper stands as deep as this.
const DEEPEST: usize = 16;
/// The page's own headings go down to the second level.
const HIGHEST_HEADING: usize = 3;

const TAGS: [&str; 25] = [
    "p",
    "br",
    "hr",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "blockquote",
    "pre",
    "code",
    "em",
    "strong",
    "del",
    "a",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "sup",
    "sub",
];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = Builder::empty();
    cleaner
        .tags(HashSet::from(TAGS))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "title"])),
            ("ol", HashSet::from(["start"])),
        ]))
        .clean_content_tags(HashSet::from(["script", "style"]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("nofollow noopener"));
    cleaner
});

/// The HTML of a text in Markdown.
pub fn to_html(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut shown = String::with_capacity(text.len() * 2);
    html::push_html(&mut shown, tamed(Parser::new_ext(text, options)));
    CLEANER.clean(&shown).to_string()
}

/// HTML becomes text, a picture a link to it, headings fit below the page's own, and nothing is nested without end: a
/// text of brackets alone would keep the cleaner busy for minutes.
fn tamed<'a>(events: impl Iterator<Item = Event<'a>>) -> impl Iterator<Item = Event<'a>> {
    let mut open: Vec<bool> = Vec::new();
    let mut deep = 0;
    let mut headings = Headings::default();
    events.filter_map(move |event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        // A block of HTML is a paragraph of text.
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::Start(Tag::Heading { level, .. }) => {
            let level = headings.next(level);
            Some(Event::Start(Tag::Heading {
                level,
                id: None,
                classes: Vec::new(),
                attrs: Vec::new(),
            }))
        }
        Event::End(TagEnd::Heading(_)) => Some(Event::End(TagEnd::Heading(headings.last()))),
        Event::Start(tag) if nests(tag.to_end()) => {
            let kept = deep < DEEPEST;
            deep += usize::from(kept);
            open.push(kept);
            kept.then(|| Event::Start(without_picture(tag)))
        }
        Event::End(end) if nests(end) => {
            let kept = open.pop().unwrap_or(false);
            deep -= usize::from(kept);
            let end = if end == TagEnd::Image {
                TagEnd::Link
            } else {
                end
            };
            kept.then_some(Event::End(end))
        }
        other => Some(other),
    })
}

fn nests(end: TagEnd) -> bool {
    matches!(
        end,
        TagEnd::BlockQuote(_)
            | TagEnd::List(_)
            | TagEnd::Item
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Link
            | TagEnd::Image
    )
}

fn without_picture(tag: Tag<'_>) -> Tag<'_> {
    match tag {
        Tag::Image {
            dest_url,
            title,
            id,
            ..
        } => Tag::Link {
            link_type: LinkType::Inline,
            dest_url,
            title: if title.is_empty() {
                CowStr::Borrowed("A picture elsewhere")
            } else {
                title
            },
            id,
        },
        other => other,
    }
}

/// Headings one below the other, whatever numbers were written: a page that leaves a level out confuses who listens.
#[derive(Default)]
struct Headings {
    /// Levels as written, of the headings that the next may be under.
    written: Vec<HeadingLevel>,
}

impl Headings {
    fn next(&mut self, level: HeadingLevel) -> HeadingLevel {
        self.written.retain(|above| *above < level);
        self.written.push(level);
        self.last()
    }

    fn last(&self) -> HeadingLevel {
        let level = HIGHEST_HEADING + self.written.len().saturating_sub(1);
        HeadingLevel::try_from(level).unwrap_or(HeadingLevel::H6)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn what_people_write_is_shown() {
        let html = to_html(
            "# Cause\n\nThe `cache` was **cold**.\n\n1. warm it\n2. look\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        );
        for part in [
            "<h3>Cause</h3>",
            "<code>cache</code>",
            "<strong>cold</strong>",
            "<ol>",
            "<tbody>",
            "<td>2</td>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn no_script_comes_through() {
        for text in [
            "<script>alert(1)</script>",
            "a <script>alert(1)</script> b",
            "<img src=x onerror=alert(1)>",
            "<svg onload=alert(1)>",
            "<iframe src=\"https://example.org\"></iframe>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](&#106;avascript:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "<javascript:alert(1)>",
            "![x](javascript:alert(1))",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<p style=\"position:fixed\">x</p>",
            "<style>*{display:none}</style>",
            "`<script>`\n\n    <script>alert(1)</script>",
            "<<script>script>alert(1)<</script>/script>",
            "<form action=/fn/press_kill_switch method=post><button>x</button></form>",
            "[x](https://example.org \"\\\" onmouseover=\\\"alert(1)\")",
            "| <script> |\n|---|\n| <img src=x onerror=alert(1)> |",
        ] {
            let html = to_html(text);
            // As text all of it is harmless; what counts is what stands in a tag.
            for tag in html.split('<').skip(1) {
                let tag = tag.split('>').next().unwrap();
                let name = tag
                    .trim_start_matches('/')
                    .split([' ', '/'])
                    .next()
                    .unwrap();
                assert!(TAGS.contains(&name), "{text}: <{tag}>");
                let mut parts = tag[tag.find(name).unwrap() + name.len()..].split('"');
                while let (Some(attribute), Some(value)) = (parts.next(), parts.next()) {
                    let known = [" href=", " title=", " rel=", " start="];
                    assert!(known.contains(&attribute), "{text}: <{tag}>");
                    let address = value.trim().to_ascii_lowercase();
                    assert!(!address.starts_with("javascript"), "{text}: <{tag}>");
                    assert!(!address.starts_with("data"), "{text}: <{tag}>");
                }
            }
        }
    }

    #[test]
    fn html_is_shown_as_text_and_not_lost() {
        let html = to_html("It said <div> & died");
        assert_eq!(html.trim(), "<p>It said &lt;div&gt; &amp; died</p>");
    }

    #[test]
    fn links_promise_nothing_and_pictures_are_not_loaded() {
        let html = to_html("[a](https://example.org/x) ![graph](https://example.org/g.png)");
        assert_eq!(html.matches("rel=\"nofollow noopener\"").count(), 2);
        assert!(html.contains(">graph</a>"), "{html}");
    }

    #[test]
    fn headings_leave_no_level_out() {
        let html = to_html("#### a\n\n###### b\n\n# c\n\n## d\n\n### e\n\n#### f\n\n##### g\n");
        let levels: Vec<&str> = html.split("<h").skip(1).map(|part| &part[..1]).collect();
        assert_eq!(levels, ["3", "4", "3", "4", "5", "6", "6"]);
    }

    #[test]
    fn hostile_nesting_costs_no_time() {
        for text in [
            ">".repeat(60_000),
            "> ".repeat(30_000),
            "- ".repeat(30_000),
            "*a ".repeat(20_000),
            "[".repeat(60_000),
            "![".repeat(30_000),
            "<div>".repeat(12_000),
            "`".repeat(60_000),
            "|a".repeat(30_000),
            format!("{}\n{}\n", "|a".repeat(1_000), "|-".repeat(1_000)),
            "a\n\n".repeat(20_000),
        ] {
            let begun = Instant::now();
            let html = to_html(&text);
            let took = begun.elapsed();
            assert!(
                took < Duration::from_secs(2),
                "{took:?} for {} of {} bytes",
                &text[..10],
                html.len()
            );
        }
    }
}
