//! What stands around every page: the rail of places, the head with the migration's track and its kill switch.

use domain::Timestamp;
use domain::read::{Frame, Viewer};
use leptos::prelude::*;

use crate::address::{Links, encoded};
use crate::browser;
use crate::components::{Size, icon, sum_track};
use crate::live::{Live, LiveState};
use crate::shortcuts::SingleKeys;
use crate::times;
use crate::words;

/// A place in the rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rail {
    /// What needs a hand.
    Overview,
    /// The plan on a calendar.
    Calendar,
    /// The plan as imported.
    Plan,
    /// The table of modules, and each module.
    Modules,
    /// The issue log.
    Issues,
    /// The checklists as people work them.
    Checklists,
    /// What services saw of old and new.
    Evidence,
    /// The audit log, and each change.
    Audit,
    /// Running instances of services.
    Instances,
    /// Connecting a service.
    Connect,
    /// The migration's settings.
    Settings,
    /// None of them: kill switch, resume.
    Nowhere,
}

const FIRST: [(Rail, &str, &str, &str); 5] = [
    (Rail::Overview, "Overview", "overview", ""),
    (Rail::Plan, "Plan", "calendar", "plan"),
    (Rail::Modules, "Modules", "modules", "modules"),
    (Rail::Issues, "Issues", "issues", "issues"),
    (Rail::Checklists, "Checklists", "checklists", "checklists"),
];

const REST: [(Rail, &str, &str, &str); 6] = [
    (Rail::Calendar, "Calendar", "calendar", "calendar"),
    (Rail::Evidence, "Evidence", "evidence", "evidence"),
    (Rail::Audit, "Audit", "audit", "audit"),
    (Rail::Instances, "Instances", "instances", "instances"),
    (Rail::Connect, "Connect", "link", "connect"),
    (Rail::Settings, "Settings", "settings", "settings"),
];

/// The frame of a migration's page around what the page shows.
pub(super) fn migration_frame(
    frame: &Frame,
    place: Rail,
    banners: Option<AnyView>,
    page: AnyView,
) -> AnyView {
    let live = Live::here();
    live.server_said(frame.now);
    let links = Links::of(frame);
    view! {
        <a class="skip" href="#page" rel="external">"Skip to the page"</a>
        <div class="frame">
            {rail(frame, &links, place)}
            {head(frame, &links)}
            <main class="page" id="page" tabindex="-1">
                <div class="banners"><div data-part="lost"><LostBanner /></div> {kill_banner(frame, &links)}</div>
                {banners}
                {page}
            </main>
        </div>
    }
    .into_any()
}

fn rail(frame: &Frame, links: &Links, here: Rail) -> impl IntoView + use<> {
    let entry =
        |(place, name, icon_name, below): (Rail, &'static str, &'static str, &'static str)| {
            let count = (place == Rail::Modules)
                .then(|| view! { <span class="count">{frame.counts.named().to_string()}</span> });
            let current = (place == here).then_some("page");
            view! {
                <li>
                    <a class="place" href=links.page(below) aria-current=current>
                        {icon(icon_name)} <span>{name}</span> {count}
                    </a>
                </li>
            }
        };
    let first = FIRST.into_iter().map(&entry).collect_view();
    let rest = REST.into_iter().map(&entry).collect_view();
    view! {
        <nav class="rail" aria-label="Places">
            <a class="brand" href="/">{icon("brand")}"Switchback"</a>
            <ul class="places first">
                {first}
                <li class="narrow">
                    <button class="place" type="button" popovertarget="rail-rest">
                        {icon("more")} <span>"More"</span>
                    </button>
                </li>
            </ul>
            <div class="rest" id="rail-rest" popover="auto">
                <ul class="places">{rest}</ul>
            </div>
        </nav>
    }
}

fn head(frame: &Frame, links: &Links) -> impl IntoView + use<> {
    let killed = frame.environment.kill_switch;
    let on_new = frame.counts.new_only + frame.counts.retired;
    let all = frame.counts.expected.unwrap_or(0).max(frame.counts.named());
    let kill = if killed {
        view! { <a class="button danger" href=links.page("resume")>{icon("kill")}"Killed · resume…"</a> }
    } else {
        view! { <a class="button danger" href=links.page("kill-switch")>{icon("kill")}"Kill switch…"</a> }
    };
    view! {
        <header class="head">
            <a class="head-name" href=links.overview()>{frame.name.clone()}</a>
            <a class="head-track" href=links.page("modules")>
                {sum_track(frame.counts, Size::Head, killed)}
                <span class="words">
                    {format!("{on_new} of {all} modules")}
                    <span class="traffic">{format!(" · {} of traffic", words::share(frame.share_on_new))}</span>
                </span>
            </a>
            <div class="head-tools">
                <a class="button small plain" href=links.page("search") data-palette="" title="Search everything (Ctrl K)">
                    {icon("search")} <span class="sr">"Search"</span>
                </a>
                {environments(frame)}
                <span data-part="zone" data-zone=frame.zone.clone()>
                    <ZoneMenu migration_zone=frame.zone.clone() />
                </span>
                {person(&frame.viewer)}
            </div>
            <div class="head-kill">
                <span data-part="live" data-made=frame.now.0.to_string()>
                    <LiveMark made=frame.now />
                </span>
                {kill}
            </div>
        </header>
    }
}

fn environments(frame: &Frame) -> impl IntoView + use<> {
    let base = format!("/m/{}", frame.migration);
    let items = frame
        .environments
        .iter()
        .map(|environment| {
            let href = if environment.deciding {
                base.clone()
            } else {
                format!("{base}?env={}", encoded(environment.key.as_str()))
            };
            let current = (environment.key == frame.environment.key).then_some("true");
            let killed = environment
                .kill_switch
                .then(|| view! { <span class="quiet">" · killed"</span> });
            view! {
                <a class="item" href=href aria-current=current>
                    {environment.key.to_string()} {killed}
                </a>
            }
        })
        .collect_view();
    view! {
        <details class="menu wide">
            <summary class="button small plain">
                {frame.environment.key.to_string()} {icon("down")}
            </summary>
            <div class="menu-panel">
                <span class="title">"Environment"</span>
                {items}
            </div>
        </details>
    }
}

fn person(viewer: &Viewer) -> impl IntoView + use<> {
    let role = viewer
        .role
        .map_or_else(String::new, |role| format!(" · {}", role.as_str()));
    let administers = viewer.administers_server.then(|| {
        view! {
            <a class="item" href="/settings/users">"Users"</a>
            <a class="item" href="/settings/tokens">"Tokens"</a>
        }
    });
    view! {
        <details class="menu">
            <summary class="button small plain">
                {icon("person")} <span class="wide">{viewer.name.clone()}</span>
                <span class="sr">"Person menu"</span> {icon("down")}
            </summary>
            <div class="menu-panel">
                <span class="title">{format!("{}{role}", viewer.name)}</span>
                <a class="item" href="/">"All migrations"</a>
                {administers}
                <span data-part="keys">
                    <SingleKeysButton />
                </span>
                <hr />
                <form method="post" action="/sign-out">
                    <button class="item" type="submit">"Sign out"</button>
                </form>
            </div>
        </details>
    }
}

/// Turns single keys off and on; there only with script, without which no key does anything.
#[component]
pub(crate) fn SingleKeysButton() -> impl IntoView {
    let (live, keys) = (Live::here(), SingleKeys::here());
    view! {
        <button
            class="item"
            type="button"
            hidden=move || !live.awake()
            on:click=move |_| keys.turn()
        >
            {move || if keys.on() { "Single keys: on" } else { "Single keys: off" }}
        </button>
    }
}

/// `live`, `last heard ...`, or, before script and without it, as of when the page was made.
#[component]
pub(crate) fn LiveMark(
    /// When the page was made, by the server's clock.
    made: Timestamp,
) -> impl IntoView {
    let live = Live::here();
    let class = move || match live.state() {
        LiveState::Lost { .. } => "live lost",
        LiveState::Live | LiveState::Still => "live",
    };
    let words = move || match live.state() {
        LiveState::Live => "live".to_owned(),
        LiveState::Still => format!("as of {}", times::utc_clock(made)),
        LiveState::Lost { since } => format!("last heard {}", times::utc_clock(Timestamp(since))),
    };
    let icon_class = move || match live.state() {
        LiveState::Live => "icon i-live",
        LiveState::Still => "icon i-hold",
        LiveState::Lost { .. } => "icon i-lost",
    };
    view! {
        <span class=class role="status">
            <span class=icon_class aria-hidden="true"></span>
            <span>{words}</span>
        </span>
    }
}

/// Says that nothing is heard any more.
#[component]
pub(crate) fn LostBanner() -> impl IntoView {
    let live = Live::here();
    move || match live.state() {
        LiveState::Lost { since } => Some(view! {
            <div class="banner hand" role="status">
                {icon("lost")}
                <div class="grow">
                    <p>
                        <b>{format!("No live updates since {}. ", times::utc_clock(Timestamp(since)))}</b>
                        "What you see may be older. Everything can still be pressed; it is tried again by itself."
                    </p>
                </div>
                <a class="button small" href="" rel="external">"Load again"</a>
            </div>
        }),
        LiveState::Live | LiveState::Still => None,
    }
}

fn kill_banner(frame: &Frame, links: &Links) -> Option<impl IntoView + use<>> {
    let (environment, href) = (frame.environment.key.to_string(), links.page("resume"));
    frame.environment.kill_switch.then(|| {
        view! {
            <div class="banner danger" role="status">
                {icon("kill")}
                <div class="grow">
                    <p>
                        <b>{format!("The kill switch of {environment} is on. ")}</b>
                        "Everything active serves old; the flags beneath are kept. " <a href=href>"Resume…"</a>
                    </p>
                </div>
            </div>
        }
    })
}

/// The zone that times are written in: UTC until somebody asks for another.
#[derive(Clone, Copy)]
pub struct Zone(RwSignal<ZoneChoice>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum ZoneChoice {
    Utc,
    Browser,
    Migration(String),
}

const REMEMBERED_ZONE: &str = "switchback.zone";

impl Zone {
    /// Makes the choice known to all pages; what this browser remembers is applied after hydration.
    pub(crate) fn provide() {
        let zone = Self(RwSignal::new(ZoneChoice::Utc));
        provide_context(zone);
        Effect::new(
            move |_| match browser::remembered(REMEMBERED_ZONE).as_deref() {
                None | Some("utc") => {}
                Some("browser") => zone.0.set(ZoneChoice::Browser),
                Some(name) => zone.0.set(ZoneChoice::Migration(name.to_owned())),
            },
        );
    }

    /// The one provided.
    #[cfg(feature = "hydrate")]
    pub(crate) fn here() -> Self {
        expect_context()
    }

    /// The instant in the zone chosen; `None` for UTC, which needs no browser. Tracked.
    pub(crate) fn write(self, at: Timestamp) -> Option<String> {
        self.0.with(|choice| match choice {
            ZoneChoice::Utc => None,
            ZoneChoice::Browser => browser::zoned(at.0, None),
            ZoneChoice::Migration(name) => browser::zoned(at.0, Some(name)),
        })
    }

    fn choose(self, choice: ZoneChoice) {
        let remembered = match &choice {
            ZoneChoice::Utc => "utc",
            ZoneChoice::Browser => "browser",
            ZoneChoice::Migration(name) => name,
        };
        browser::remember(REMEMBERED_ZONE, remembered);
        self.0.set(choice);
    }
}

/// Chooses the zone; there only with script, since the server writes UTC.
#[component]
pub(crate) fn ZoneMenu(
    /// The zone of the migration, by its name in the IANA database.
    migration_zone: String,
) -> impl IntoView {
    let live = Live::here();
    let Some(zone) = use_context::<Zone>() else {
        return ().into_any();
    };
    let now = move || match zone.0.get() {
        ZoneChoice::Utc => "UTC".to_owned(),
        ZoneChoice::Browser => "local".to_owned(),
        ZoneChoice::Migration(name) => name,
    };
    let item = move |choice: ZoneChoice, words: String| {
        let mine = choice.clone();
        view! {
            <button
                class="item"
                type="button"
                aria-current=move || (zone.0.get() == mine).then_some("true")
                on:click=move |_| zone.choose(choice.clone())
            >
                {words}
            </button>
        }
    };
    let migrations = ZoneChoice::Migration(migration_zone.clone());
    view! {
        <details class="menu roomy" hidden=move || !live.awake()>
            <summary class="button small plain">{now} {icon("down")}</summary>
            <div class="menu-panel">
                <span class="title">"Times in"</span>
                {item(ZoneChoice::Utc, "UTC".to_owned())}
                {item(ZoneChoice::Browser, "This browser’s zone".to_owned())}
                {item(migrations, format!("{migration_zone}, the migration’s"))}
            </div>
        </details>
    }
    .into_any()
}

/// The frame of a page of the server, outside any migration.
#[component]
pub fn ServerFrame(
    /// Who looks.
    viewer: Viewer,
    /// The document's title.
    #[prop(into)]
    title: String,
    /// What the page shows.
    children: Children,
) -> impl IntoView {
    view! {
        <leptos_meta::Title text=format!("{title} · Switchback") />
        <a class="skip" href="#page" rel="external">"Skip to the page"</a>
        <div class="frame alone">
            <header class="head">
                <a class="brand" href="/">{icon("brand")}"Switchback"</a>
                <div class="head-tools">{person(&viewer)}</div>
            </header>
            <main class="page" id="page" tabindex="-1">{children()}</main>
        </div>
    }
}

/// The frame of a page before a session: one card in the middle.
#[component]
pub fn Door(
    /// The document's title.
    #[prop(into)]
    title: String,
    /// What the page shows.
    children: Children,
) -> impl IntoView {
    view! {
        <leptos_meta::Title text=format!("{title} · Switchback") />
        <div class="door">
            <main id="page" tabindex="-1">
                <span class="brand">{icon("brand")}"Switchback"</span>
                {children()}
            </main>
        </div>
    }
}
