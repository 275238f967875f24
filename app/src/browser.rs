//! Everything that exists in a browser alone. On the server each of these does nothing.

#[cfg(feature = "hydrate")]
mod in_browser {
    use js_sys::futures::JsFuture;
    use leptos::prelude::{document, set_timeout, window};
    use leptos::wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen::closure::Closure;
    use web_sys::{
        AbortSignal, Element, FormData, Headers, HtmlDialogElement, HtmlElement, HtmlFormElement,
        PointerEvent, RequestInit, Response, SubmitEvent, UrlSearchParams,
    };

    /// The browser's clock, milliseconds since 1970.
    pub fn now() -> i64 {
        // A double holds milliseconds exactly for the next 280,000 years.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a date is a whole number of milliseconds"
        )]
        let now = js_sys::Date::now() as i64;
        now
    }

    /// Keeps a pointer's events with the element that was pressed, so that a drag goes on outside of it.
    pub fn capture_pointer(event: &PointerEvent) {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        if let Some(target) = target {
            let _only_narrower = target.set_pointer_capture(event.pointer_id());
        }
    }

    /// Width of the picture that a pointer is over, pixels.
    pub fn width_of_svg(event: &PointerEvent) -> i32 {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        target
            .and_then(|target| target.closest("svg").ok().flatten())
            .map_or(0, |svg| svg.client_width())
    }

    /// Goes to another page.
    pub fn follow(address: &str) {
        let _stays = window().location().set_href(address);
    }

    /// Copies `text`; gives `done` a word about how that went, and `None` two seconds later.
    pub fn copy(text: String, done: impl Fn(Option<&'static str>) + 'static) {
        leptos::task::spawn_local(async move {
            let copied = copy_by_clipboard(&text).await || copy_by_selection(&text).is_some();
            done(Some(if copied { "Copied" } else { "Not copied" }));
            set_timeout(move || done(None), std::time::Duration::from_secs(2));
        });
    }

    /// Browsers have a clipboard on pages that came by https or from this machine only.
    async fn copy_by_clipboard(text: &str) -> bool {
        let clipboard = js_sys::Reflect::get(&window().navigator(), &"clipboard".into());
        match clipboard.map(JsCast::dyn_into::<web_sys::Clipboard>) {
            Ok(Ok(clipboard)) => JsFuture::from(clipboard.write_text(text)).await.is_ok(),
            _ => false,
        }
    }

    fn copy_by_selection(text: &str) -> Option<()> {
        let before = document().active_element();
        let area = document().create_element("textarea").ok()?;
        let area: web_sys::HtmlTextAreaElement = area.dyn_into().ok()?;
        area.set_value(text);
        area.set_class_name("visually-hidden");
        // Within an open dialog nothing outside of it can be selected.
        let dialog = document().query_selector("dialog[open]").ok().flatten();
        let place = dialog.or_else(|| document().body().map(Into::into))?;
        place.append_child(&area).ok()?;
        area.select();
        let page: web_sys::HtmlDocument = document().dyn_into().ok()?;
        let copied = page.exec_command("copy").unwrap_or(false);
        area.remove();
        if let Some(before) = before.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            let _it_had_it_before = before.focus();
        }
        copied.then_some(())
    }

    /// The whole address of a path on this server.
    pub fn whole_address(path: &str) -> String {
        format!("{}{path}", window().location().origin().unwrap_or_default())
    }

    fn dialog(id: &str) -> Option<HtmlDialogElement> {
        document().get_element_by_id(id)?.dyn_into().ok()
    }

    /// Opens a `<dialog>`; false when there is none.
    pub fn open_dialog(id: &str) -> bool {
        dialog(id).is_some_and(|dialog| dialog.open() || dialog.show_modal().is_ok())
    }

    /// Closes a `<dialog>`.
    pub fn close_dialog(id: &str) {
        if let Some(dialog) = dialog(id) {
            dialog.close();
        }
    }

    /// Leaves clicks on links to the browser where `mine` says so of their path, before anybody else sees them. Links of
    /// other servers are the browser's anyway, and the palette's is no way to its page.
    pub fn before_click(mine: fn(&str) -> bool) {
        on_click_first(move |event| {
            let target = event
                .target()
                .and_then(|target| target.dyn_into::<Element>().ok());
            let link = target
                .and_then(|target| target.closest("a[href]:not([data-palette])").ok().flatten());
            let path = link
                .and_then(|link| link.dyn_into::<web_sys::HtmlAnchorElement>().ok())
                .map(|link| link.pathname());
            if path.is_some_and(|path| mine(&path)) {
                event.stop_propagation();
            }
        });
    }

    /// Sees every click before anybody else, for as long as the document is there.
    pub fn on_click_first(listener: impl Fn(&web_sys::MouseEvent) + 'static) {
        let function = Closure::<dyn Fn(web_sys::MouseEvent)>::new(move |event| listener(&event));
        let function = function.into_js_value();
        let _the_window_is_there = window().add_event_listener_with_callback_and_bool(
            "click",
            function.unchecked_ref(),
            true,
        );
    }

    /// Listens to what happens in an element, for as long as that is there.
    pub fn on(element: &Element, kind: &str, listener: impl Fn(web_sys::Event) + 'static) {
        let function = Closure::<dyn Fn(web_sys::Event)>::new(listener).into_js_value();
        let _the_element_is_there =
            element.add_event_listener_with_callback(kind, function.unchecked_ref());
    }

    /// Whether what an event is about lies within an element of that kind.
    pub fn is_within(target: Option<web_sys::EventTarget>, selector: &str) -> bool {
        target
            .and_then(|target| target.dyn_into::<Element>().ok())
            .is_some_and(|target| target.closest(selector).ok().flatten().is_some())
    }

    /// Moves the focus.
    pub fn focus(selector: &str) -> bool {
        let found = document().query_selector(selector).ok().flatten();
        found
            .and_then(|element| element.dyn_into::<HtmlElement>().ok())
            .is_some_and(|element| element.focus().is_ok())
    }

    /// Moves the focus by `step` among the elements that `selector` finds.
    pub fn focus_next(selector: &str, step: i32) {
        let Ok(list) = document().query_selector_all(selector) else {
            return;
        };
        let active = document().active_element();
        let length = i32::try_from(list.length()).unwrap_or(i32::MAX);
        let mut here = None;
        for index in 0..list.length() {
            if list.get(index).as_ref() == active.as_ref().map(AsRef::as_ref) {
                here = i32::try_from(index).ok();
            }
        }
        let next = here.map_or(if step > 0 { 0 } else { length - 1 }, |here| here + step);
        let next = u32::try_from(next.clamp(0, (length - 1).max(0))).unwrap_or(0);
        if let Some(element) = list
            .get(next)
            .and_then(|node| node.dyn_into::<HtmlElement>().ok())
        {
            let _focused = element.focus();
        }
    }

    /// Whether what is typed goes into a field.
    pub fn typing() -> bool {
        document().active_element().is_some_and(|element| {
            matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
                && element.get_attribute("type").as_deref() != Some("checkbox")
        })
    }

    /// Whether a dialog is open: single keys are silent then.
    pub fn in_dialog() -> bool {
        document()
            .query_selector("dialog[open]")
            .ok()
            .flatten()
            .is_some()
    }

    /// What this browser was asked to remember.
    pub fn remembered(key: &str) -> Option<String> {
        window().local_storage().ok()??.get_item(key).ok()?
    }

    /// Remembers it in this browser.
    pub fn remember(key: &str, value: &str) {
        if let Ok(Some(storage)) = window().local_storage() {
            let _full_or_forbidden = storage.set_item(key, value);
        }
    }

    /// Posts a form as `submitter` asked, and gives the answer's status and text; `Err` when there was no answer.
    pub async fn post(event: SubmitEvent) -> Result<(u16, String), String> {
        exchange(&event).await.map_err(|error| {
            js_sys::Reflect::get(&error, &"message".into())
                .ok()
                .and_then(|message| message.as_string())
                .unwrap_or_else(|| "no answer".to_owned())
        })
    }

    async fn exchange(event: &SubmitEvent) -> Result<(u16, String), JsValue> {
        let form: HtmlFormElement = event.target().ok_or(JsValue::NULL)?.unchecked_into();
        let fields = FormData::new_with_form(&form)?;
        // The button pressed counts as a field: each reason to roll back is one.
        if let Some(button) = event.submitter()
            && let Some(name) = button.get_attribute("name")
        {
            fields.append_with_str(&name, &button.get_attribute("value").unwrap_or_default())?;
        }
        let request = RequestInit::new();
        request.set_method("POST");
        request.set_body(UrlSearchParams::new_with_str_sequence_sequence(&fields)?.as_ref());
        let headers = Headers::new()?;
        headers.set("accept", "application/json")?;
        request.set_headers(&headers);
        // Its attribute: the property is the field of that name, where there is one.
        let action = form.get_attribute("action").unwrap_or_default();
        let asked = window().fetch_with_str_and_init(&action, &request);
        let answer: Response = JsFuture::from(asked).await?.unchecked_into();
        let text = JsFuture::from(answer.text()?).await?;
        Ok((answer.status(), text.as_string().unwrap_or_default()))
    }

    /// What a form would send of what people fill in.
    pub fn filled(form: &HtmlFormElement) -> Option<String> {
        let fields = FormData::new_with_form(form).ok()?;
        let text = UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()?;
        text.to_string().as_string()
    }

    /// The document at an address as text; `None` without one, or when it is another page than asked for, such as the
    /// one to sign in on. `until` ends the wait.
    pub async fn page(address: &str, until: Option<&AbortSignal>) -> Option<String> {
        let request = RequestInit::new();
        request.set_signal(until);
        let headers = Headers::new().ok()?;
        headers.set("accept", "text/html").ok()?;
        request.set_headers(&headers);
        let asked = window().fetch_with_str_and_init(address, &request);
        let answer: Response = JsFuture::from(asked).await.ok()?.unchecked_into();
        if !answer.ok() || answer.redirected() {
            return None;
        }
        JsFuture::from(answer.text().ok()?).await.ok()?.as_string()
    }

    /// The instant that a `datetime` tells, milliseconds since 1970.
    pub fn instant(text: &str) -> Option<i64> {
        let milliseconds = js_sys::Date::parse(text);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a date is a whole number of milliseconds"
        )]
        let instant = milliseconds as i64;
        milliseconds.is_finite().then_some(instant)
    }

    /// The day so many days after another, both as 2026-12-07.
    pub fn day_after(day: &str, days: i32) -> Option<String> {
        let begin = js_sys::Date::parse(&format!("{day}T00:00:00Z"));
        let at = js_sys::Date::new(&JsValue::from_f64(begin + f64::from(days) * 86_400_000.0));
        let text = begin
            .is_finite()
            .then(|| at.to_iso_string().as_string())??;
        text.get(..10).map(str::to_owned)
    }

    /// An instant in a zone, by the browser's own calendar: `None` is the browser's zone.
    pub fn zoned(milliseconds: i64, zone: Option<&str>) -> Option<String> {
        let options = js_sys::Object::new();
        let mut settings = vec![
            ("year", "numeric"),
            ("month", "2-digit"),
            ("day", "2-digit"),
            ("hour", "2-digit"),
            ("minute", "2-digit"),
            ("second", "2-digit"),
            ("hourCycle", "h23"),
            ("timeZoneName", "short"),
        ];
        settings.extend(zone.map(|zone| ("timeZone", zone)));
        for (name, value) in settings {
            js_sys::Reflect::set(&options, &name.into(), &value.into()).ok()?;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "instants of this century fit a double"
        )]
        let date = js_sys::Date::new(&JsValue::from_f64(milliseconds as f64));
        date.to_locale_string("sv-SE", &options).as_string()
    }
}

#[cfg(feature = "hydrate")]
pub use in_browser::{
    before_click, capture_pointer, close_dialog, copy, day_after, filled, focus, focus_next,
    follow, in_dialog, instant, is_within, now, on, on_click_first, open_dialog, page, post,
    remember, remembered, typing, whole_address, width_of_svg, zoned,
};

#[cfg(not(feature = "hydrate"))]
mod on_server {
    /// No browser, no clock of it.
    pub fn now() -> i64 {
        0
    }

    /// There is nowhere to go.
    pub fn follow(_address: &str) {}

    /// Nothing to copy to.
    pub fn copy(_text: String, _done: impl Fn(Option<&'static str>) + 'static) {}

    /// The path alone.
    pub fn whole_address(path: &str) -> String {
        path.to_owned()
    }

    /// Nothing is posted.
    pub async fn post(_event: leptos::ev::SubmitEvent) -> Result<(u16, String), String> {
        Err("there is no browser".to_owned())
    }

    /// No dialog opens.
    pub fn open_dialog(_id: &str) -> bool {
        false
    }

    /// No dialog is open.
    pub fn close_dialog(_id: &str) {}

    /// Nothing has the focus.
    pub fn focus(_selector: &str) -> bool {
        false
    }

    /// Nothing has the focus.
    pub fn focus_next(_selector: &str, _step: i32) {}

    /// Nobody types.
    pub fn typing() -> bool {
        false
    }

    /// No dialog is open.
    pub fn in_dialog() -> bool {
        false
    }

    /// Nothing is remembered.
    pub fn remembered(_key: &str) -> Option<String> {
        None
    }

    /// Nothing is remembered.
    pub fn remember(_key: &str, _value: &str) {}

    /// The server writes UTC.
    pub fn zoned(_milliseconds: i64, _zone: Option<&str>) -> Option<String> {
        None
    }
}

#[cfg(not(feature = "hydrate"))]
pub use on_server::{
    close_dialog, copy, focus, focus_next, follow, in_dialog, now, open_dialog, post, remember,
    remembered, typing, whole_address, zoned,
};
