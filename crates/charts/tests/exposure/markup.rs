//! The element is safe in a page, says what it is, and leaves colours to the style sheet.

use charts::{MarkKind, exposure};
use roxmltree::Document;

use crate::{DAY, START, chart, mark, texts};

#[test]
fn no_text_becomes_markup() {
    let hostile = "a<script>alert('1')</script>&\"b";
    let mut chart = chart(&[(START, 0)]);
    chart.title = hostile.to_owned();
    chart.description = hostile.to_owned();
    chart.marks = vec![mark(START + DAY, "<b>&\"'", MarkKind::Rollback)];
    let svg = exposure(&chart).unwrap();
    assert!(!svg.contains("<script") && !svg.contains("<b>"));
    let document = Document::parse(&svg).unwrap();
    for (name, id) in [("title", "exposure-title"), ("desc", "exposure-desc")] {
        let node = document
            .descendants()
            .find(|node| node.attribute("id") == Some(id))
            .unwrap();
        assert_eq!(node.tag_name().name(), name);
        assert_eq!(node.text(), Some(hostile));
    }
    assert!(texts(&svg).contains(&"<b>&\"'".to_owned()));
}

#[test]
fn it_names_itself_scales_and_brings_no_colours_of_its_own() {
    let mut chart = chart(&[(START, 0), (START + DAY, 1_000)]);
    chart.marks = vec![
        mark(START + DAY, "10 %", MarkKind::Change),
        mark(START + 3 * DAY, "rolled back", MarkKind::Rollback),
        mark(START + 6 * DAY, "kill switch", MarkKind::KillSwitch),
    ];
    let svg = exposure(&chart).unwrap();
    let document = Document::parse(&svg).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "svg");
    assert_eq!(root.attribute("role"), Some("img"));
    let labelled = root.attribute("aria-labelledby");
    assert_eq!(labelled, Some("exposure-title exposure-desc"));
    assert_eq!(root.attribute("viewBox"), Some("0 0 720 260"));
    assert_eq!(root.attribute("width"), None);
    assert_eq!(root.attribute("height"), None);
    let forbidden = [
        "style",
        "fill",
        "stroke",
        "opacity",
        "font-family",
        "font-size",
        "stroke-width",
        "onload",
    ];
    for node in document.descendants() {
        for name in forbidden {
            assert_eq!(node.attribute(name), None, "{node:?}");
        }
    }
    assert!(!svg.contains('#') && !svg.contains("rgb("));
}

#[test]
fn every_class_is_in_the_style_sheet() {
    let sheet = include_str!("../../../../style/components/chart.css");
    let mut chart = chart(&[(START, 0), (START + DAY, 1_000)]);
    chart.marks = vec![
        mark(START + DAY, "10 %", MarkKind::Change),
        mark(START + 3 * DAY, "rolled back", MarkKind::Rollback),
        mark(START + 6 * DAY, "kill switch", MarkKind::KillSwitch),
    ];
    let svg = exposure(&chart).unwrap();
    let document = Document::parse(&svg).unwrap();
    for node in document.descendants() {
        if let Some(class) = node.attribute("class") {
            let selector = format!(".{}", class.replace(' ', "."));
            let known = sheet
                .split([',', '{', '}', '\n'])
                .any(|part| part.trim() == selector);
            assert!(known, "{selector}");
        }
    }
}
