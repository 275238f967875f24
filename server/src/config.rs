//! Settings: by flag, by `SWITCHBACK_*` variable, or in a TOML file, in that order. `clap` knows the first two.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use control::evidence::Retention;
use serde::Deserialize;

use crate::public_url::PublicUrl;

/// Where the server listens unless told otherwise.
const DEFAULT_ADDRESS: &str = "127.0.0.1:3000";

/// How log lines are written to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The TOML file of `--config`: the same names as the flags, with `_` for `-`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsFile {
    /// Where to listen.
    pub addr: Option<SocketAddr>,
    /// Where the data is.
    pub data_dir: Option<PathBuf>,
    /// The server's address as people use it.
    pub public_url: Option<String>,
    /// Whether to fill an empty server with a demonstration.
    pub demo: Option<bool>,
    /// Days for which evidence is kept by the minute.
    pub evidence_minutes_days: Option<u32>,
    /// Days for which it is kept by the hour.
    pub evidence_hours_days: Option<u32>,
    /// What to log, as a `tracing` filter.
    pub log: Option<String>,
    /// How to log.
    pub log_format: Option<LogFormat>,
    /// Origins whose pages may ask `/ofrep`.
    pub ofrep_origins: Option<Vec<String>>,
    /// Further values of `Host` to answer to.
    pub allowed_hosts: Option<Vec<String>>,
    /// Header in which a trusted proxy names the client's address.
    pub trusted_proxy_header: Option<String>,
    /// The server that remote commands talk to.
    pub url: Option<String>,
    /// The token they show it.
    pub token: Option<String>,
    /// The environment commands are about.
    pub environment: Option<String>,
}

impl SettingsFile {
    /// Reads the file; none given is an empty one.
    ///
    /// # Errors
    /// When it cannot be read, is no TOML or holds an unknown name.
    pub fn read(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the settings file {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("in the settings file {}", path.display()))
    }
}

/// Flags that say where the data is and how the server is reached: of `serve` and of commands on the data directory.
#[derive(Debug, Clone, Default, clap::Args)]
#[expect(
    clippy::doc_markdown,
    reason = "a help text shows an address as it is typed"
)]
pub struct DataFlags {
    /// Where the data is [default: ./data]
    #[arg(long, env = "SWITCHBACK_DATA_DIR", value_name = "DIRECTORY")]
    pub data_dir: Option<PathBuf>,
    /// The server's address as people use it, for links: https://switchback.example.org
    #[arg(long, env = "SWITCHBACK_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
}

/// Further flags of `serve`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ServeFlags {
    /// Where the data is and how the server is reached
    #[command(flatten)]
    pub data: DataFlags,
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:3000]
    #[arg(long, env = "SWITCHBACK_ADDR", value_name = "ADDRESS:PORT")]
    pub addr: Option<SocketAddr>,
    /// Fill an empty server with a demonstration
    #[arg(long, env = "SWITCHBACK_DEMO", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub demo: Option<bool>,
    /// Days for which evidence is kept by the minute [default: 7]
    #[arg(long, env = "SWITCHBACK_EVIDENCE_MINUTES_DAYS", value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=90))]
    pub evidence_minutes_days: Option<u32>,
    /// Days for which it is kept by the hour; by the day it is kept for good [default: 400]
    #[arg(long, env = "SWITCHBACK_EVIDENCE_HOURS_DAYS", value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub evidence_hours_days: Option<u32>,
    /// What to log to standard error, as a tracing filter [default: info]
    #[arg(long, env = "SWITCHBACK_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// How to log [default: text]
    #[arg(long, env = "SWITCHBACK_LOG_FORMAT", value_enum, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// An origin whose pages may ask /ofrep; may be repeated
    #[arg(
        long = "ofrep-origin",
        env = "SWITCHBACK_OFREP_ORIGINS",
        value_delimiter = ',',
        value_name = "ORIGIN"
    )]
    pub ofrep_origins: Option<Vec<String>>,
    /// A further value of the Host header to answer to; may be repeated
    #[arg(
        long = "allowed-host",
        env = "SWITCHBACK_ALLOWED_HOSTS",
        value_delimiter = ',',
        value_name = "HOST"
    )]
    pub allowed_hosts: Option<Vec<String>>,
    /// Header in which a trusted proxy names the client's address, such as X-Forwarded-For; the last address in it counts
    #[arg(long, env = "SWITCHBACK_TRUSTED_PROXY_HEADER", value_name = "HEADER")]
    pub trusted_proxy_header: Option<String>,
}

/// Where the data is and how the server is reached, settled.
#[derive(Debug, Clone)]
pub struct DataSettings {
    /// Where the data is.
    pub data_dir: PathBuf,
    /// The server's address, where one was given.
    pub public_url: Option<PublicUrl>,
    /// Where the server would listen.
    pub addr: SocketAddr,
}

/// What `serve` runs with.
#[derive(Debug, Clone)]
pub struct ServeSettings {
    /// Where the data is and how the server is reached.
    pub data: DataSettings,
    /// Whether to fill an empty server with a demonstration.
    pub demo: bool,
    /// How long evidence is kept.
    pub retention: Retention,
    /// What to log.
    pub log: String,
    /// How to log.
    pub log_format: LogFormat,
    /// Origins whose pages may ask `/ofrep`.
    pub ofrep_origins: Vec<http::HeaderValue>,
    /// Further values of `Host` to answer to.
    pub allowed_hosts: Vec<String>,
    /// Header in which a trusted proxy names the client's address.
    pub trusted_proxy_header: Option<http::HeaderName>,
}

impl DataSettings {
    /// Settles flags, variables and file.
    ///
    /// # Errors
    /// When the public URL is none.
    pub fn settle(flags: DataFlags, addr: Option<SocketAddr>, file: &SettingsFile) -> Result<Self> {
        let public_url = flags
            .public_url
            .or_else(|| file.public_url.clone())
            .map(|text| text.parse::<PublicUrl>().context("--public-url"))
            .transpose()?;
        let addr = match addr.or(file.addr) {
            Some(addr) => addr,
            None => DEFAULT_ADDRESS.parse()?,
        };
        let data_dir = flags
            .data_dir
            .or_else(|| file.data_dir.clone())
            .unwrap_or_else(|| "data".into());
        Ok(Self {
            data_dir,
            public_url,
            addr,
        })
    }

    /// The address used in links: the one given, or the loopback address it would listen on.
    pub fn link_base(&self) -> PublicUrl {
        self.public_url
            .clone()
            .unwrap_or_else(|| PublicUrl::of_address(self.addr))
    }
}

impl ServeSettings {
    /// Settles flags, variables and file.
    ///
    /// # Errors
    /// When a value is unusable, or a server that others can reach has no public URL.
    pub fn settle(flags: ServeFlags, file: &SettingsFile) -> Result<Self> {
        let data = DataSettings::settle(flags.data, flags.addr, file)?;
        if !data.addr.ip().is_loopback() && data.public_url.is_none() {
            bail!(
                "listening on {} lets others reach this server, so it must know its own address: \
                 give --public-url (or SWITCHBACK_PUBLIC_URL), such as https://switchback.example.org",
                data.addr
            );
        }
        let origins = flags
            .ofrep_origins
            .or_else(|| file.ofrep_origins.clone())
            .unwrap_or_default();
        let ofrep_origins = origins
            .iter()
            .map(|text| {
                let origin: PublicUrl = text.parse().context("--ofrep-origin")?;
                Ok(http::HeaderValue::from_str(origin.as_str())?)
            })
            .collect::<Result<_>>()?;
        let trusted_proxy_header = flags
            .trusted_proxy_header
            .or_else(|| file.trusted_proxy_header.clone())
            .map(|text| {
                text.parse()
                    .context("--trusted-proxy-header is no header name")
            })
            .transpose()?;
        let defaults = Retention::default();
        Ok(Self {
            data,
            demo: flags.demo.or(file.demo).unwrap_or(false),
            retention: Retention {
                minutes_days: days(
                    "evidence_minutes_days",
                    flags.evidence_minutes_days.or(file.evidence_minutes_days),
                    defaults.minutes_days,
                    90,
                )?,
                hours_days: days(
                    "evidence_hours_days",
                    flags.evidence_hours_days.or(file.evidence_hours_days),
                    defaults.hours_days,
                    3_650,
                )?,
            },
            log: flags
                .log
                .or_else(|| file.log.clone())
                .unwrap_or_else(|| "info".into()),
            log_format: flags.log_format.or(file.log_format).unwrap_or_default(),
            ofrep_origins,
            allowed_hosts: flags
                .allowed_hosts
                .or_else(|| file.allowed_hosts.clone())
                .unwrap_or_default(),
            trusted_proxy_header,
        })
    }
}

/// A number of days within its limits.
fn days(name: &str, given: Option<u32>, default: u32, most: u32) -> Result<u32> {
    let days = given.unwrap_or(default);
    anyhow::ensure!(
        (1..=most).contains(&days),
        "{name} is 1 to {most} days, not {days}"
    );
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_file() {
        let file: SettingsFile =
            toml::from_str("addr = '127.0.0.1:4000'\ndata_dir = '/srv/sb'\ndemo = true").unwrap();
        let flags = ServeFlags {
            addr: Some("127.0.0.1:5000".parse().unwrap()),
            ..ServeFlags::default()
        };
        let settings = ServeSettings::settle(flags, &file).unwrap();
        assert_eq!(settings.data.addr.port(), 5000);
        assert_eq!(settings.data.data_dir, Path::new("/srv/sb"));
        assert!(settings.demo);
    }

    #[test]
    fn an_unknown_name_in_the_file_is_refused() {
        assert!(toml::from_str::<SettingsFile>("adr = '127.0.0.1:4000'").is_err());
    }

    #[test]
    fn a_server_others_can_reach_must_know_its_address() {
        let open = || ServeFlags {
            addr: Some("0.0.0.0:3000".parse().unwrap()),
            ..ServeFlags::default()
        };
        let refusal = ServeSettings::settle(open(), &SettingsFile::default())
            .unwrap_err()
            .to_string();
        assert!(refusal.contains("--public-url"), "{refusal}");
        let mut flags = open();
        flags.data.public_url = Some("https://sb.example.org".into());
        let settings = ServeSettings::settle(flags, &SettingsFile::default()).unwrap();
        assert_eq!(settings.data.link_base().as_str(), "https://sb.example.org");
    }
}
