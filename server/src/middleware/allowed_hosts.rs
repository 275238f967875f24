//! Which values of `Host` this server answers to, so that a page of another name cannot be pointed at it.

use crate::public_url::{PublicUrl, is_loopback_authority, split_authority};

/// The public URL's host, what was configured beside it, and on a loopback address every name of this machine.
#[derive(Debug, Clone)]
pub struct AllowedHosts {
    public: String,
    public_default_port: String,
    others: Vec<String>,
    loopback: bool,
}

impl AllowedHosts {
    /// `loopback`: whether the server listens on a loopback address.
    pub fn new(public_url: &PublicUrl, others: &[String], loopback: bool) -> Self {
        let port = if public_url.is_secure() { 443 } else { 80 };
        Self {
            public: public_url.authority().to_ascii_lowercase(),
            public_default_port: format!("{}:{port}", public_url.authority().to_ascii_lowercase()),
            others: others
                .iter()
                .map(|host| host.to_ascii_lowercase())
                .collect(),
            loopback,
        }
    }

    /// Whether a request with this `Host` is answered.
    pub fn allow(&self, host: &str) -> bool {
        if host.eq_ignore_ascii_case(&self.public)
            || host.eq_ignore_ascii_case(&self.public_default_port)
        {
            return true;
        }
        let (name, _) = split_authority(host);
        self.others
            .iter()
            .any(|other| host.eq_ignore_ascii_case(other) || name.eq_ignore_ascii_case(other))
            || self.is_local(host)
    }

    /// Whether this is a name of this machine, and those are allowed.
    pub fn is_local(&self, host: &str) -> bool {
        self.loopback && is_loopback_authority(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_name_is_not_answered() {
        let url: PublicUrl = "https://sb.example.org".parse().unwrap();
        let hosts = AllowedHosts::new(&url, &["switchback.internal".into()], false);
        for host in [
            "sb.example.org",
            "SB.example.org:443",
            "switchback.internal:3000",
        ] {
            assert!(hosts.allow(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "sb.example.org:80",
            "localhost",
            "127.0.0.1:3000",
            "sb.example.org.evil.example",
        ] {
            assert!(!hosts.allow(host), "{host}");
        }
    }

    #[test]
    fn a_loopback_server_answers_to_every_name_of_its_machine() {
        let url: PublicUrl = "http://127.0.0.1:3000".parse().unwrap();
        let hosts = AllowedHosts::new(&url, &[], true);
        assert!(hosts.allow("localhost:3000") && hosts.allow("[::1]:3000"));
        assert!(!hosts.allow("rebound.example:3000"));
    }
}
