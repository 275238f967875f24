//! What is known about a request before anybody has authenticated.

use std::net::{IpAddr, SocketAddr};

use domain::Actor;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Id and origin of a request; an extension of every request.
#[derive(Debug, Clone)]
pub struct RequestInfo {
    /// Minted here, never taken from outside: in the log, the audit entry and `x-request-id`.
    pub id: String,
    /// The client's address, where the request came over a network.
    pub source: Option<IpAddr>,
    /// Whether it came from this machine without a proxy in between.
    pub from_this_machine: bool,
}

/// Where a request came in.
#[derive(Debug, Clone)]
pub enum Entrance {
    /// Over the network.
    Network(SocketAddr),
    /// From whoever may open the data directory: through the control socket or in this process.
    DataDirectory(Actor),
}

/// Who whoever may open the data directory is; an extension of such requests.
#[derive(Debug, Clone)]
pub struct LocalActor(pub Actor);

/// A new request id: time-ordered, so that logs sort by it.
pub fn new_request_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The client's address: the peer's, or the last one a trusted proxy wrote.
pub fn source(peer: IpAddr, headers: &HeaderMap, trusted: Option<&HeaderName>) -> IpAddr {
    let Some(header) = trusted else { return peer };
    let last = headers
        .get_all(header)
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok());
    let text = last
        .and_then(|list| list.rsplit(',').next())
        .map(str::trim)
        .unwrap_or_default();
    text.parse()
        .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()))
        .unwrap_or(peer)
}

/// Whether a proxy stands between the client and us, so that a loopback peer means nothing.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    ["forwarded", "x-forwarded-for", "x-real-ip"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

/// A header's text, when it is text.
pub fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers
        .get(name)
        .map(HeaderValue::to_str)
        .and_then(Result::ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-forwarded-for",
            HeaderValue::from_static("6.6.6.6, 192.0.2.7"),
        );
        assert_eq!(source(peer, &headers, None), peer);
        let trusted = HeaderName::from_static("x-forwarded-for");
        assert_eq!(
            source(peer, &headers, Some(&trusted)).to_string(),
            "192.0.2.7"
        );
        headers.insert("x-forwarded-for", HeaderValue::from_static("nonsense"));
        assert_eq!(source(peer, &headers, Some(&trusted)), peer);
    }
}
