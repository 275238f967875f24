//! A modal `<dialog>`, opened by script alone: without it the link that would open it leads to a page with the same form.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use crate::browser;

/// A dialog, closed at first on both sides.
#[component]
pub fn Dialog(
    /// Its id, to open and close it by.
    id: &'static str,
    /// Id of its heading.
    labelled_by: &'static str,
    /// What stands in it.
    children: Children,
) -> impl IntoView {
    view! { <dialog class="dialog" id=id aria-labelledby=labelled_by>{children()}</dialog> }
}

/// Opens the dialog instead of following the link it is put on; follows it where there is no such dialog.
pub fn opens_dialog(id: &'static str) -> impl Fn(MouseEvent) + Clone {
    move |event: MouseEvent| {
        let plain = !event.ctrl_key() && !event.meta_key() && !event.shift_key();
        if plain && event.button() == 0 && browser::open_dialog(id) {
            event.prevent_default();
        }
    }
}
