//! Live updates: one event source a page. An event only bumps a counter; pages refetch the truth when it moves.

use leptos::prelude::*;

/// Whether changes made elsewhere appear by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveState {
    /// The page as the server made it: no script yet, or none at all.
    Still,
    /// Changes appear within a second.
    Live,
    /// The stream has stopped; tried again by itself.
    Lost {
        /// Since when, by the browser's clock.
        since: i64,
    },
}

/// The page's one subscription.
#[derive(Clone, Copy)]
pub struct Live {
    changes: RwSignal<u64>,
    state: RwSignal<LiveState>,
    ticks: RwSignal<u32>,
    awake: RwSignal<bool>,
    served: StoredValue<Option<(i64, i64)>>,
}

impl Live {
    /// Makes it known to all pages.
    pub fn provide() -> Self {
        let live = Self {
            changes: RwSignal::new(0),
            state: RwSignal::new(LiveState::Still),
            ticks: RwSignal::new(0),
            awake: RwSignal::new(false),
            served: StoredValue::new(None),
        };
        provide_context(live);
        live
    }

    /// The one provided.
    pub fn here() -> Self {
        expect_context()
    }

    /// How often something changed; part of every resource's key. Tracked.
    pub fn changes(self) -> u64 {
        self.changes.get()
    }

    /// Whether updates arrive. Tracked.
    pub fn state(self) -> LiveState {
        self.state.get()
    }

    /// Whether script has taken over; false at first on both sides. Tracked.
    pub fn awake(self) -> bool {
        self.awake.get()
    }

    /// From now on script is there.
    #[cfg(feature = "hydrate")]
    pub(crate) fn wake(self) {
        self.awake.set(true);
    }

    /// Asks the page to fetch the truth again.
    pub fn refetch(self) {
        self.changes.update(|changes| *changes += 1);
    }

    /// Fetches again every two seconds for the first minute of a page: reading a flag rings no bell.
    pub fn follow(self) {
        Effect::new(move |_| {
            let left = StoredValue::new(30_u8);
            let timer = set_interval_with_handle(
                move || {
                    if left.get_value() > 0 && !document().hidden() {
                        left.update_value(|left| *left -= 1);
                        self.refetch();
                    }
                },
                std::time::Duration::from_secs(2),
            );
            on_cleanup(move || {
                if let Ok(timer) = timer {
                    timer.clear();
                }
            });
        });
    }

    /// Notes the server's clock, so that relative times can go on between fetches.
    pub fn server_said(self, now: domain::Timestamp) {
        if self.awake.get_untracked() {
            self.served.set_value(Some((now.0, crate::browser::now())));
        }
    }

    /// The server's clock now: `made` as long as nothing is known of the time since. Tracked, moves every half minute.
    pub fn now(self, made: domain::Timestamp) -> domain::Timestamp {
        if self.ticks.get() == 0 {
            return made;
        }
        self.clock().map_or(made, |now| now.max(made))
    }

    /// The server's clock now, as far as the browser knows. Moves on by itself; tracked every half minute.
    pub fn clock(self) -> Option<domain::Timestamp> {
        self.ticks.track();
        let (server, browser) = self.served.get_value()?;
        let since = (crate::browser::now() - browser).max(0);
        Some(domain::Timestamp(server + since))
    }
}

/// Keeps the page's subscription; shows nothing.
#[component]
pub fn LiveUpdates() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    {
        let live = Live::here();
        Effect::new(move |_| {
            live.wake();
            // What was rendered by awaiting is attached in between: two frames later everything is.
            request_animation_frame(|| request_animation_frame(say_ready));
        });
        let path = leptos_router::hooks::use_location().pathname;
        subscription::keep(live, path.into());
    }
}

/// Keeps the subscription of the migration in `path`, for as long as the surrounding owner lives.
#[cfg(feature = "hydrate")]
pub(crate) fn subscribe(live: Live, path: Signal<String>) {
    subscription::keep(live, path);
}

/// From now on clicks and forms are the program's; see the document's shell.
#[cfg(feature = "hydrate")]
pub(crate) fn say_ready() {
    if let Some(root) = document().document_element() {
        let _only_for_odd_names = root.set_attribute("data-ready", "");
    }
}

#[cfg(feature = "hydrate")]
mod subscription {
    use std::time::Duration;

    use leptos::prelude::*;
    use leptos::wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use web_sys::EventSource;

    use super::{Live, LiveState};
    use crate::browser;

    /// A burst of events is one refetch.
    const GATHER: Duration = Duration::from_millis(120);
    /// Relative times move this often.
    const TICK: Duration = Duration::from_secs(30);

    /// An open event source; dropping it closes it.
    struct Connection {
        source: EventSource,
        _listeners: [Closure<dyn FnMut()>; 3],
    }

    impl Drop for Connection {
        fn drop(&mut self) {
            self.source.set_onopen(None);
            self.source.set_onmessage(None);
            self.source.set_onerror(None);
            self.source.close();
        }
    }

    #[derive(Clone, Copy)]
    struct Keeper {
        live: Live,
        open: StoredValue<Option<Connection>, LocalStorage>,
        again: RwSignal<u32>,
        gathering: StoredValue<bool>,
        failures: StoredValue<u32>,
    }

    /// Opens a stream for the migration in the address bar, closes it while the page is hidden, tries again for ever.
    pub(super) fn keep(live: Live, path: Signal<String>) {
        let migration = Memo::new(move |_| {
            path.with(|path| {
                path.strip_prefix("/m/")?
                    .split('/')
                    .next()
                    .map(str::to_owned)
            })
        });
        let keeper = Keeper {
            live,
            open: StoredValue::new_local(None),
            again: RwSignal::new(0),
            gathering: StoredValue::new(false),
            failures: StoredValue::new(0),
        };
        Effect::new(move |_| {
            keeper.again.track();
            keeper.open.set_value(None);
            match migration.get() {
                Some(_) if document().hidden() => {}
                Some(key) => keeper.connect(&format!("/m/{key}/live")),
                None => live.state.set(LiveState::Still),
            }
        });
        let visible = window_event_listener_untyped("visibilitychange", move |_| {
            keeper.again.update(|times| *times += 1);
        });
        let offline = window_event_listener_untyped("offline", move |_| keeper.lose());
        let online = window_event_listener_untyped("online", move |_| {
            keeper.again.update(|times| *times += 1);
        });
        let ticking = set_interval_with_handle(
            move || {
                live.ticks
                    .update(|ticks| *ticks = ticks.wrapping_add(1).max(1));
            },
            TICK,
        );
        on_cleanup(move || {
            visible.remove();
            offline.remove();
            online.remove();
            if let Ok(ticking) = ticking {
                ticking.clear();
            }
            keeper.open.set_value(None);
        });
    }

    impl Keeper {
        fn connect(self, address: &str) {
            let Ok(source) = EventSource::new(address) else {
                return self.lose();
            };
            let opened = Closure::<dyn FnMut()>::new(move || self.heard(true));
            let told = Closure::<dyn FnMut()>::new(move || self.heard(false));
            let failed = Closure::<dyn FnMut()>::new(move || self.failed());
            source.set_onopen(Some(opened.as_ref().unchecked_ref()));
            source.set_onmessage(Some(told.as_ref().unchecked_ref()));
            source.set_onerror(Some(failed.as_ref().unchecked_ref()));
            self.open.set_value(Some(Connection {
                source,
                _listeners: [opened, told, failed],
            }));
        }

        /// Something arrived. What happened before the stream opened was missed, so opening counts as a change, too.
        fn heard(self, opened: bool) {
            if self.live.state.get_untracked() != LiveState::Live {
                self.live.state.set(LiveState::Live);
            }
            if opened {
                self.failures.set_value(0);
            }
            if self.gathering.get_value() {
                return;
            }
            self.gathering.set_value(true);
            set_timeout(
                move || {
                    self.gathering.set_value(false);
                    self.live.refetch();
                },
                GATHER,
            );
        }

        fn lose(self) {
            if !matches!(self.live.state.get_untracked(), LiveState::Lost { .. }) {
                self.live.state.set(LiveState::Lost {
                    since: browser::now(),
                });
            }
        }

        /// The browser retries a stream that broke, but not one that was answered with an error.
        fn failed(self) {
            self.lose();
            let closed = self.open.with_value(|open| {
                open.as_ref()
                    .is_none_or(|open| open.source.ready_state() == EventSource::CLOSED)
            });
            if closed {
                let failures = self.failures.get_value();
                self.failures.set_value(failures + 1);
                let wait = Duration::from_secs(2_u64 << failures.min(4));
                set_timeout(move || self.again.update(|times| *times += 1), wait);
            }
        }
    }
}
