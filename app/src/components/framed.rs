//! A page of a migration: waits for its read model, refetches it when something changed, frames what it shows.

use std::sync::Arc;

use domain::read::Frame;
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use serde::de::DeserializeOwned;

use crate::address::{Links, query};
use crate::api::flash::read_flash;
use crate::components::frame::migration_frame;
use crate::components::{Rail, flash_banner, problem, problem_page};
use crate::error::AppError;
use crate::flash::Flash;
use crate::model::{Forgotten, ReadModel};

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
pub fn framed<T, S>(model: ReadModel<T>, place: Rail, shown: S) -> AnyView
where
    T: Clone + DeserializeOwned + 'static,
    S: Fn(T, Option<&Flash>) -> Framed + Send + Sync + 'static,
{
    let last = Last::new();
    let frame = move || last_frame().map(|frame| migration_frame(&frame, place, None, loading()));
    let page = move |fetched, flash: Option<&Flash>| {
        let (model, trouble): (Forgotten, _) = last.or_fetched(fetched)?;
        Ok(whole(place, flash, trouble, shown(model.read()?, flash)))
    };
    waiting(model.resource, Arc::new(frame), Arc::new(page))
}

/// The page of a read model outside any migration; `shown` brings its own frame.
pub fn served<T, S>(model: ReadModel<T>, shown: S) -> AnyView
where
    T: Clone + DeserializeOwned + 'static,
    S: Fn(T, Option<&Flash>) -> AnyView + Send + Sync + 'static,
{
    let page = move |fetched: Fetched, flash: Option<&Flash>| Ok(shown(fetched?.read()?, flash));
    waiting(model.resource, Arc::new(|| None), Arc::new(page))
}

type Fetched = Result<Forgotten, AppError>;
/// What stands around a page that is being fetched.
type Around = Arc<dyn Fn() -> Option<AnyView> + Send + Sync>;
/// Makes the page of what was fetched and what a form without script was told.
type Making = Arc<dyn Fn(Fetched, Option<&Flash>) -> Result<AnyView, AppError> + Send + Sync>;

fn waiting(model: Resource<Fetched>, around: Around, page: Making) -> AnyView {
    let flash = flash();
    view! {
        <Transition fallback=move || around().unwrap_or_else(loading)>
            {
                let page = Arc::clone(&page);
                move || {
                    let page = Arc::clone(&page);
                    Suspend::new(async move {
                        let flash = flash.await;
                        page(model.await, flash.as_ref()).unwrap_or_else(|error| problem_page(&error))
                    })
                }
            }
        </Transition>
    }
    .into_any()
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
#[derive(Clone, Copy)]
struct Last(StoredValue<Option<Forgotten>>);

impl Last {
    fn new() -> Self {
        Self(StoredValue::new(None))
    }

    /// The model fetched; or the last one with why there is no newer.
    fn or_fetched(self, fetched: Fetched) -> Result<(Forgotten, Option<AppError>), AppError> {
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
        async |id| {
            if id.is_empty() {
                None
            } else {
                read_flash(id).await.ok().flatten()
            }
        },
    )
}

fn whole(place: Rail, flash: Option<&Flash>, trouble: Option<AppError>, page: Framed) -> AnyView {
    let Framed {
        frame,
        title,
        description,
        body,
    } = page;
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
