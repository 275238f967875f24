//! The address people and services use for this server: kept for links, the Origin check and the allowed hosts.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use reqwest::Url;
use thiserror::Error;

/// `http(s)://host[:port]`, without path or anything after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    authority: String,
    secure: bool,
}

/// Why a text is not a [`PublicUrl`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidPublicUrl {
    /// Not an address at all.
    #[error("{0:?} is no address: write one such as https://switchback.example.org")]
    Unreadable(String),
    /// Neither http nor https.
    #[error("{0:?} must begin with http:// or https://")]
    Scheme(String),
    /// Something after the host.
    #[error(
        "{0:?} must end after the host and port: a path, a query and a user name are not supported"
    )]
    MoreThanOrigin(String),
}

impl PublicUrl {
    /// Where a server listens.
    pub fn of_address(address: SocketAddr) -> Self {
        let authority = address.to_string();
        Self {
            origin: format!("http://{authority}"),
            authority,
            secure: false,
        }
    }

    /// As browsers write it in `Origin`: no default port, no slash at its end.
    pub fn as_str(&self) -> &str {
        &self.origin
    }

    /// As it stands in `Host`: host, and port unless it is the scheme's own.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether it is https: then cookies are `Secure` and HSTS is sent.
    pub fn is_secure(&self) -> bool {
        self.secure
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidPublicUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPublicUrl> {
        let unreadable = || InvalidPublicUrl::Unreadable(text.to_owned());
        let url = Url::parse(text).map_err(|_| unreadable())?;
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(InvalidPublicUrl::Scheme(text.to_owned())),
        };
        let only_origin = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !only_origin {
            return Err(InvalidPublicUrl::MoreThanOrigin(text.to_owned()));
        }
        let origin = url.origin().ascii_serialization();
        let (_, authority) = origin.split_once("://").ok_or_else(unreadable)?;
        Ok(Self {
            authority: authority.to_owned(),
            secure,
            origin,
        })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

/// Splits `host[:port]` as it stands in `Host`; brackets of an IPv6 address are left out.
pub fn split_authority(authority: &str) -> (&str, Option<&str>) {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']').unwrap_or((rest, ""));
        return (host, after.strip_prefix(':'));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    }
}

/// Whether a `Host` names this machine itself.
pub fn is_loopback_authority(authority: &str) -> bool {
    let (host, _) = split_authority(authority);
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_as_browsers_write_it() {
        for (given, kept, secure) in [
            (
                "https://Switchback.example.org/",
                "https://switchback.example.org",
                true,
            ),
            ("https://a.example:443", "https://a.example", true),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000", false),
            ("http://[::1]:80", "http://[::1]", false),
        ] {
            let url: PublicUrl = given.parse().unwrap();
            assert_eq!((url.as_str(), url.is_secure()), (kept, secure));
            assert!(kept.ends_with(url.authority()));
        }
    }

    #[test]
    fn what_is_more_than_an_origin_is_refused() {
        for text in [
            "",
            "a.example",
            "ftp://a.example",
            "https://a.example/x",
            "https://u@a.example",
            "https://a.example?x",
        ] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for authority in [
            "localhost",
            "LOCALHOST:3000",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:3000",
        ] {
            assert!(is_loopback_authority(authority), "{authority}");
        }
        for authority in [
            "",
            "localhost.example.org",
            "10.0.0.1:3000",
            "127.0.0.1.example.org",
            "[::2]",
        ] {
            assert!(!is_loopback_authority(authority), "{authority}");
        }
    }
}
