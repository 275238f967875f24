//! Makes one part of the document equal to another. What is alike stays the element it was, so that focus, scroll
//! position, open details and a selection stay; what a person has typed stays, with the whole form around it: a form
//! must keep the version that its reader saw.
//!
//! Which of the old children a new one is, is told by marks: the `id`s within it, and what the forms within it are about.
//! Only what holds neither is told by its place. So a row, a section or a form is never taken for another one.

use std::collections::HashMap;

use leptos::prelude::document;
use leptos::wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlTextAreaElement, Node};

/// Set on a form once somebody has changed something in it. The server sets it on a form that proposes something.
pub(super) const TOUCHED: &str = "data-touched";

/// Set on what a person has moved and not sent yet.
pub(super) const MOVED: &str = "data-moved";

/// Parts that are script's own: never changed from outside.
const PART: &str = "data-part";

/// What the server says once, such as how a form ended: stays until the page is left.
const ONCE: &str = "data-once";

/// Hidden fields that tell what a form's reader saw, not what it is about.
const SEEN: &str = "[name=version], [name=expected]";

/// Makes `old` like `new`, which is of the same kind.
pub(super) fn morph(old: &Element, new: &Element) {
    let own = old.has_attribute(PART) || old.has_attribute(ONCE);
    if own || is_held(old) || old.is_equal_node(Some(new)) {
        return;
    }
    attributes(old, new);
    children(old, new);
}

/// Whether it is a person's at the moment: moved, or a form in which somebody has begun to write.
fn is_held(element: &Element) -> bool {
    if element.has_attribute(MOVED) {
        return true;
    }
    if element.tag_name() != "FORM" {
        return false;
    }
    if element.has_attribute(TOUCHED) {
        return true;
    }
    // Text that the browser itself has brought back tells of no event.
    all(element, "input, textarea").into_iter().any(|field| {
        match field.dyn_into::<HtmlInputElement>() {
            Ok(input) => {
                let text = !matches!(input.type_().as_str(), "checkbox" | "radio" | "hidden");
                text && input.value() != input.default_value()
            }
            Err(field) => field
                .dyn_into::<HtmlTextAreaElement>()
                .is_ok_and(|area| area.default_value().is_ok_and(|text| text != area.value())),
        }
    })
}

/// Whether it stays though the new page has nothing like it: it is a person's, or something of a person's is in it.
fn stays(node: &Node) -> bool {
    node.dyn_ref::<Element>().is_some_and(|element| {
        element.has_attribute(ONCE)
            || is_held(element)
            || all(element, "form, [data-moved]").iter().any(is_held)
    })
}

fn attributes(old: &Element, new: &Element) {
    for name in names(new) {
        let value = new.get_attribute(&name);
        // Whether something is unfolded is its reader's choice.
        if name != "open" && old.get_attribute(&name) != value {
            let _name_is_from_a_document = old.set_attribute(&name, &value.unwrap_or_default());
        }
    }
    for name in names(old) {
        if name != "open" && !new.has_attribute(&name) {
            let _name_is_from_a_document = old.remove_attribute(&name);
        }
    }
}

fn names(element: &Element) -> Vec<String> {
    element
        .get_attribute_names()
        .iter()
        .filter_map(|name| name.as_string())
        .collect()
}

/// A child and what tells it from others.
struct Child {
    node: Node,
    name: String,
    id: Option<String>,
    marks: Vec<String>,
}

impl Child {
    fn of(node: Node) -> Self {
        let element = node.dyn_ref::<Element>();
        Self {
            name: node.node_name(),
            id: element.and_then(id),
            marks: element.map(marks).unwrap_or_default(),
            node,
        }
    }

    /// Whether the one can become the other.
    fn is_like(&self, other: &Self) -> bool {
        self.name == other.name && self.id == other.id
    }
}

/// What is there now, to be found by what is wanted.
struct Present {
    children: Vec<Child>,
    taken: Vec<bool>,
    by_mark: HashMap<String, usize>,
    /// What is told by its place comes in order.
    place: usize,
}

impl Present {
    fn of(parent: &Element) -> Self {
        let children = children_of(parent);
        let marks = children.iter().enumerate().flat_map(|(index, child)| {
            let marks = child.marks.iter();
            marks.map(move |mark| (mark.clone(), index))
        });
        Self {
            by_mark: marks.collect(),
            taken: vec![false; children.len()],
            place: 0,
            children,
        }
    }

    fn take(&mut self, wanted: &Child) -> Option<usize> {
        let is_free = |index: &usize| {
            let child = self.children.get(*index);
            self.taken.get(*index) == Some(&false)
                && child.is_some_and(|child| child.is_like(wanted))
        };
        let found = if wanted.marks.is_empty() {
            let plain = |index: &usize| {
                let child = self.children.get(*index);
                child.is_some_and(|child| child.marks.is_empty() && !is_once(&child.node))
            };
            let found =
                (self.place..self.children.len()).find(|index| plain(index) && is_free(index))?;
            self.place = found + 1;
            found
        } else {
            let marked = |mark: &String| self.by_mark.get(mark).copied();
            wanted.marks.iter().filter_map(marked).find(is_free)?
        };
        if let Some(taken) = self.taken.get_mut(found) {
            *taken = true;
        }
        Some(found)
    }
}

fn children(old: &Element, new: &Element) {
    let mut present = Present::of(old);
    let wanted: Vec<(Child, Option<usize>)> = children_of(new)
        .into_iter()
        .map(|child| {
            let found = present.take(&child);
            (child, found)
        })
        .collect();
    let mut kept = Vec::new();
    for (child, taken) in present.children.iter().zip(&present.taken) {
        if *taken {
            continue;
        }
        if stays(&child.node) {
            kept.push(child.node.clone());
        } else {
            let _it_is_a_child = old.remove_child(&child.node);
        }
    }
    let mut here = old.first_child();
    for (child, found) in wanted {
        while let Some(node) = here.as_ref().filter(|here| kept.contains(here)) {
            here = node.next_sibling();
        }
        match found.and_then(|found| present.children.get(found)) {
            Some(found) => {
                if here.as_ref() == Some(&found.node) {
                    here = found.node.next_sibling();
                } else {
                    move_before(old, &found.node, here.as_ref());
                }
                patch(&found.node, &child.node);
            }
            None => {
                if let Ok(copy) = document().import_node_with_deep(&child.node, true) {
                    let _here_is_a_child = old.insert_before(&copy, here.as_ref());
                }
            }
        }
    }
}

/// Moves a child, and the focus with it.
fn move_before(parent: &Element, child: &Node, here: Option<&Node>) {
    let focus = document().active_element();
    let focus = focus.filter(|active| child.contains(Some(active)));
    let _it_is_a_child = parent.insert_before(child, here);
    if let Some(focus) = focus.and_then(|active| active.dyn_into::<HtmlElement>().ok()) {
        let _it_had_it_before = focus.focus();
    }
}

fn patch(old: &Node, new: &Node) {
    match (old.dyn_ref::<Element>(), new.dyn_ref::<Element>()) {
        (Some(old), Some(new)) => morph(old, new),
        _ if old.node_value() != new.node_value() => {
            old.set_node_value(new.node_value().as_deref());
        }
        _ => {}
    }
}

fn children_of(parent: &Element) -> Vec<Child> {
    let mut children = Vec::new();
    let mut next = parent.first_child();
    while let Some(node) = next {
        next = node.next_sibling();
        children.push(Child::of(node));
    }
    children
}

fn is_once(node: &Node) -> bool {
    node.dyn_ref::<Element>()
        .is_some_and(|element| element.has_attribute(ONCE))
}

/// Its attribute: the property of a form is the field of that name, where it has one.
fn id(element: &Element) -> Option<String> {
    element.get_attribute("id").filter(|id| !id.is_empty())
}

/// Its own `id` alone; without one those of what is in it, and what the forms are about.
fn marks(element: &Element) -> Vec<String> {
    if let Some(id) = id(element) {
        return vec![format!("#{id}")];
    }
    let mut marks = Vec::new();
    let is_form = element.tag_name() == "FORM";
    let own = is_form.then(|| element.clone());
    for one in own.into_iter().chain(all(element, "[id], form")) {
        match id(&one) {
            Some(id) => marks.push(format!("#{id}")),
            None if one.tag_name() == "FORM" => marks.push(about(&one)),
            None => {}
        }
    }
    marks
}

/// Where a form goes, and what it sends without being asked.
fn about(form: &Element) -> String {
    let mut about = form.get_attribute("action").unwrap_or_default();
    for field in all(form, "input[type=hidden]") {
        if !field.matches(SEEN).unwrap_or(false) {
            for name in ["name", "value"] {
                about.push('\n');
                about += &field.get_attribute(name).unwrap_or_default();
            }
        }
    }
    about
}

fn all(element: &Element, selector: &str) -> Vec<Element> {
    let Ok(list) = element.query_selector_all(selector) else {
        return Vec::new();
    };
    (0..list.length())
        .filter_map(|index| list.get(index)?.dyn_into().ok())
        .collect()
}
