//! The pages: Leptos, rendered on the server and hydrated in the browser.
//!
//! | module | subject |
//! | --- | --- |
//! | [`shell`] | the document around the pages, with our own hydration tags (server only) |
//! | [`router`] | the one table of page routes |
//! | [`pages`] | one file a page: fetches a read model, composes components, holds the page's actions |
//! | [`components`] | what pages are made of; they only show |
//! | [`api`] | server functions: the only ones; each hands its caller to `control`, which authorises |
//! | [`address`] | which migration and environment a page is about, and links to other pages |
//! | [`live`] | one event source a page: says that something changed, the page fetches the truth |
//! | [`shortcuts`] | single keys: which does what, and the switch that turns them off |
//! | `palette` | the search as a dialog over any page (browser only) |
//! | [`model`] | read models on their way from the server to a page |
//! | [`flash`] | what a form without script is told after its redirect: what was done, or why not with its fields |
//! | `charts` | pictures that the server draws from read models |
//! | [`codec`] | how server functions answer |
//! | [`error`] | what a server function answers instead of a result |
//! | [`times`], [`words`] | instants and flag states as a person reads them |
//! | [`server_context`] | what the server provides to pages and server functions (server only) |
//! | `enhance` | what script adds to pages that the server makes whole (browser only) |
//! | [`browser`] | everything that exists in a browser alone; nothing happens on the server |
//!
//! Every page works without script. With it, results appear in place and changes made elsewhere appear by themselves.
#![recursion_limit = "512"]
#![expect(
    clippy::too_many_arguments,
    reason = "a server function takes one argument for every field of its form"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "Leptos hands components their props by value"
)]

#[cfg(not(any(erase_components, doc)))]
compile_error!(
    "views must be erased, on the server as in the browser, or the one cannot take over what the other rendered: unset \
     RUSTFLAGS, or add `--cfg erase_components` to it"
);

pub mod address;
pub mod api;
pub mod browser;
#[cfg(feature = "ssr")]
mod charts;
pub mod codec;
pub mod components;
#[cfg(feature = "hydrate")]
mod enhance;
pub mod error;
pub mod flash;
pub mod live;
pub mod model;
pub mod pages;
#[cfg(feature = "hydrate")]
mod palette;
pub mod router;
#[cfg(feature = "ssr")]
pub mod server_context;
#[cfg(feature = "ssr")]
pub mod shell;
pub mod shortcuts;
pub mod times;
pub mod words;

#[cfg(feature = "hydrate")]
pub use enhance::enhance;
pub use pages::whole::is_made_whole;
pub use router::App;
#[cfg(feature = "ssr")]
pub use server_context::{Assets, ServerContext, provide_server_context};
#[cfg(feature = "ssr")]
pub use shell::shell;
