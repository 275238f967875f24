//! Makes one part of the document equal to another. What is alike stays the element it was, so that focus, scroll
//! position, open details and a selection stay; what a person has typed stays, with the whole form around it: a form
//! must keep the version that its reader saw.

use leptos::prelude::document;
use leptos::wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlInputElement, HtmlTextAreaElement, Node};

/// Set on a form once somebody has changed something in it.
pub(super) const TOUCHED: &str = "data-touched";

/// Set on what a person has moved and not sent yet.
pub(super) const MOVED: &str = "data-moved";

/// Parts that are script's own: never changed from outside.
const PART: &str = "data-part";

/// What the server says once, such as how a form ended: stays until the page is left.
const ONCE: &str = "data-once";

/// Makes `old` like `new`, which is of the same kind.
pub(super) fn morph(old: &Element, new: &Element) {
    if old.has_attribute(PART) || is_held(old) {
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
    let Ok(fields) = element.query_selector_all("input, textarea") else {
        return false;
    };
    (0..fields.length())
        .filter_map(|index| fields.get(index))
        .any(|field| match field.dyn_into::<HtmlInputElement>() {
            Ok(input) => {
                let text = !matches!(input.type_().as_str(), "checkbox" | "radio" | "hidden");
                text && input.value() != input.default_value()
            }
            Err(field) => field
                .dyn_into::<HtmlTextAreaElement>()
                .is_ok_and(|area| area.default_value().is_ok_and(|text| text != area.value())),
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

fn children(old: &Element, new: &Element) {
    let mut here = old.first_child();
    let mut wanted = new.first_child();
    while let Some(node) = wanted {
        wanted = node.next_sibling();
        while let Some(kept) = here
            .clone()
            .filter(|here| stays(here) && !alike(here, &node))
        {
            here = kept.next_sibling();
        }
        let found = match id(&node) {
            Some(id) => child_with(old, &id).filter(|child| alike(child, &node)),
            None => here.clone().filter(|here| alike(here, &node)),
        };
        match found {
            Some(found) if here.as_ref() == Some(&found) => {
                here = found.next_sibling();
                patch(&found, &node);
            }
            Some(found) => {
                let _its_parent_is_old = old.insert_before(&found, here.as_ref());
                patch(&found, &node);
            }
            None => {
                if let Ok(copy) = document().import_node_with_deep(&node, true) {
                    let _here_is_a_child = old.insert_before(&copy, here.as_ref());
                }
            }
        }
    }
    while let Some(node) = here {
        here = node.next_sibling();
        if !stays(&node) {
            let _it_is_a_child = old.remove_child(&node);
        }
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

fn stays(node: &Node) -> bool {
    node.dyn_ref::<Element>()
        .is_some_and(|element| element.has_attribute(ONCE) || is_held(element))
}

/// Whether the one can become the other.
fn alike(old: &Node, new: &Node) -> bool {
    old.node_name() == new.node_name() && id(old) == id(new)
}

/// Its attribute: the property of a form is the field of that name, where it has one.
fn id(node: &Node) -> Option<String> {
    let id = node.dyn_ref::<Element>()?.get_attribute("id");
    id.filter(|id| !id.is_empty())
}

fn child_with(parent: &Element, id: &str) -> Option<Node> {
    let mut child = parent.first_element_child();
    while let Some(element) = child {
        child = element.next_element_sibling();
        if self::id(&element).as_deref() == Some(id) {
            return Some(element.into());
        }
    }
    None
}
