//! What happens to a request before its handler, and to the answer after it.
//!
//! [`edge`] is around everything. The data plane (`/ofrep`, `/api/v1/flags`) has nothing else around it; the management
//! API has [`sessions`], [`authentication`], [`origin`] and [`body`]; pages have those and [`pages`].

pub mod allowed_hosts;
pub mod authentication;
pub mod body;
pub mod edge;
pub mod origin;
pub mod pages;
pub mod rate_limit;
pub mod request;
pub mod sessions;
