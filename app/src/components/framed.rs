//! A page of a migration: waits for its read model, refetches it when something changed, frames what it shows.

use domain::read::Frame;
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::address::{Links, query};
use crate::api::flash::read_flash;
use crate::components::frame::migration_frame;
use crate::components::{Rail, flash_banner, problem, problem_page};
use crate::error::AppError;
use crate::flash::Flash;

/// What a page shows, and what stands around it.
pub struct Framed {
    /// The frame of its migration.
    pub frame: Frame,
    /// The document's title, before the migration's name.
    pub title: String,
    /// One sentence for whoever gets the link: `description` and `og:description`.
    pub description: String,
    /// The page.
    pub body: AnyView,
}

/// The page of a read model. `shown` is called again whenever the model was refetched, so signals and actions of the
/// page belong outside it.
pub fn framed<T, S>(model: Resource<Result<T, AppError>>, place: Rail, shown: S) -> impl IntoView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    S: Fn(T, Option<&Flash>) -> Framed + Clone + Send + Sync + 'static,
{
    let (flash, last) = (flash(), Last::new());
    let loading = move || last_frame().map(|frame| migration_frame(&frame, place, None, loading()));
    waiting(loading, move || {
        let shown = shown.clone();
        Suspend::new(async move {
            let flash = flash.await;
            match last.or_fetched(model.await) {
                Ok((model, trouble)) => {
                    whole(place, flash.as_ref(), trouble, shown(model, flash.as_ref()))
                }
                Err(error) => problem_page(&error),
            }
        })
    })
}

/// The page of a read model outside any migration; `shown` brings its own frame.
pub fn served<T, S>(model: Resource<Result<T, AppError>>, shown: S) -> impl IntoView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    S: Fn(T, Option<&Flash>) -> AnyView + Clone + Send + Sync + 'static,
{
    let flash = flash();
    waiting(|| None, move || {
        let shown = shown.clone();
        Suspend::new(async move {
            let flash = flash.await;
            match model.await {
                Ok(model) => shown(model, flash.as_ref()),
                Err(error) => problem_page(&error),
            }
        })
    })
}

fn waiting<L, F, V>(frame: L, content: F) -> impl IntoView
where
    L: Fn() -> Option<AnyView> + Send + Sync + 'static,
    F: Fn() -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    view! {
        <Transition fallback=move || frame().unwrap_or_else(loading)>
            {
                let content = content.clone();
                move || content()
            }
        </Transition>
    }
}

fn loading() -> AnyView {
    view! { <p class="loading" role="status">"Loading…"</p> }.into_any()
}

/// The frame shown last in this browser: stands around the next page while that is fetched.
#[derive(Clone, Copy)]
struct LastFrame(StoredValue<Option<Frame>>);

/// Lets pages hand their frame on.
pub(crate) fn provide_last_frame() {
    provide_context(LastFrame(StoredValue::new(None)));
}

fn last_frame() -> Option<Frame> {
    use_context::<LastFrame>()?.0.get_value()
}

/// The last model that could be fetched: a server that is away for a moment takes no page, and no typed text, away.
struct Last<T: 'static>(StoredValue<Option<T>>);

impl<T> Clone for Last<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Last<T> {}

impl<T: Clone + Send + Sync + 'static> Last<T> {
    fn new() -> Self {
        Self(StoredValue::new(None))
    }

    /// The model fetched; or the last one with why there is no newer.
    fn or_fetched(self, fetched: Result<T, AppError>) -> Result<(T, Option<AppError>), AppError> {
        match fetched {
            Ok(model) => {
                if cfg!(feature = "hydrate") {
                    self.0.set_value(Some(model.clone()));
                }
                Ok((model, None))
            }
            Err(error @ (AppError::Unreachable { .. } | AppError::NotSignedIn)) => {
                match self.0.try_get_value().flatten() {
                    Some(model) => Ok((model, Some(error))),
                    None => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }
}

/// What a form without script was told, by the `?flash=` of the address.
fn flash() -> Resource<Option<Flash>> {
    let id = query("flash");
    Resource::new(
        move || id.get(),
        async |id| if id.is_empty() { None } else { read_flash(id).await.ok().flatten() },
    )
}

fn whole(place: Rail, flash: Option<&Flash>, trouble: Option<AppError>, page: Framed) -> AnyView {
    let Framed { frame, title, description, body } = page;
    let title = format!("{title} · {} · Switchback", frame.name);
    let banner = flash.and_then(|flash| flash_banner(flash, Some(&Links::of(&frame))));
    let banners = view! { {trouble.as_ref().map(problem)} {banner} }.into_any();
    if cfg!(feature = "hydrate")
        && let Some(last) = use_context::<LastFrame>()
    {
        last.0.set_value(Some(frame.clone()));
    }
    let framed = migration_frame(&frame, place, Some(banners), body);
    view! {
        <Title text=title.clone() />
        <Meta name="description" content=description.clone() />
        <Meta property="og:title" content=title />
        <Meta property="og:description" content=description />
        <Meta property="og:type" content="website" />
        <Meta property="og:site_name" content="Switchback" />
        {framed}
    }
    .into_any()
}
