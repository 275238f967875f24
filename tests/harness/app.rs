//! A real server process on a port of its own, with a data directory of its own, and clients to talk to it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Longest wait for a server to listen.
const START_TIME: Duration = Duration::from_secs(30);

/// A running server. Killed when dropped.
pub struct TestApp {
    child: Child,
    /// Its address, without a slash at the end.
    pub url: String,
    /// The sign-in link that the first start printed; `None` at later starts.
    pub sign_in_link: Option<String>,
    data_dir: TempDir,
    extra: Vec<String>,
}

/// Path of the binary under test: `SWITCHBACK_BIN`, else the debug build of this workspace.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("SWITCHBACK_BIN") {
        return path.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    target.join("debug/switchback")
}

impl TestApp {
    /// Starts a server on an empty data directory.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// The same with further arguments of `serve`.
    pub async fn start_with(extra: &[&str]) -> Result<Self> {
        // Built beside the server, the HTTP client expects to be told whose cryptography to use.
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let data_dir = TempDir::new()?;
        let extra: Vec<String> = extra.iter().map(ToString::to_string).collect();
        let (child, url, sign_in_link) = spawn(data_dir.path(), &extra).await?;
        Ok(Self {
            child,
            url,
            sign_in_link,
            data_dir,
            extra,
        })
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// The server's process id, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    /// `kill -9`, then waits until the process is gone.
    pub async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.context("kill the server")
    }

    /// SIGTERM, then waits until the process has ended in order.
    pub async fn stop(&mut self) -> Result<()> {
        let id = self.child.id().context("the server runs")?.to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await?;
        ensure!(sent.success(), "the server cannot be told to stop");
        let status = self.child.wait().await?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    /// Starts it again on the same data directory.
    pub async fn start_again(&mut self) -> Result<()> {
        let (child, url, _) = spawn(self.data_dir.path(), &self.extra).await?;
        self.child = child;
        self.url = url;
        Ok(())
    }

    /// Runs the command line on this server's data directory.
    pub async fn cli(&self, arguments: &[&str]) -> Result<Output> {
        cli(self.data_dir.path(), arguments).await
    }

    /// The same; fails unless it exits with 0, and answers its standard output.
    pub async fn cli_ok(&self, arguments: &[&str]) -> Result<String> {
        let output = self.cli(arguments).await?;
        ensure!(
            output.status.success(),
            "switchback {arguments:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// A management client with a server-wide token of this kind.
    pub async fn api(&self, kind: &str) -> Result<Api> {
        let token = self
            .cli_ok(&[
                "token",
                "create",
                "--name",
                &format!("test-{kind}"),
                "--kind",
                kind,
            ])
            .await?;
        Ok(Api {
            client: Client::new(),
            url: self.url.clone(),
            token: Some(token),
        })
    }

    /// A client of the data plane for a migration's deciding environment.
    pub async fn sdk(&self, migration: &str) -> Result<Api> {
        let arguments = [
            "token",
            "create",
            "--name",
            "service",
            "--kind",
            "sdk",
            "--migration",
            migration,
        ];
        let token = self.cli_ok(&arguments).await?;
        Ok(Api {
            client: Client::new(),
            url: self.url.clone(),
            token: Some(token),
        })
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Api {
        Api {
            client: plain_client(),
            url: self.url.clone(),
            token: None,
        }
    }

    /// A browser's client, signed in as the first admin by the link of the first start.
    pub async fn browser(&self) -> Result<Browser> {
        let link = self
            .sign_in_link
            .as_deref()
            .context("no sign-in link was printed")?;
        Browser::sign_in(&self.url, link).await
    }
}

/// Runs the command line on a data directory.
pub async fn cli(data_dir: &Path, arguments: &[&str]) -> Result<Output> {
    Command::new(binary())
        .args(arguments)
        .env("SWITCHBACK_DATA_DIR", data_dir)
        .env_remove("SWITCHBACK_URL")
        .env_remove("SWITCHBACK_TOKEN")
        .stdin(Stdio::null())
        .output()
        .await
        .with_context(|| format!("run {}", binary().display()))
}

async fn spawn(data_dir: &Path, extra: &[String]) -> Result<(Child, String, Option<String>)> {
    let mut child = Command::new(binary())
        .args(["serve", "--addr", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .args(extra)
        .env_remove("SWITCHBACK_DATA_DIR")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("start {}", binary().display()))?;
    let stdout = child.stdout.take().context("no standard output")?;
    let mut lines = BufReader::new(stdout).lines();
    let mut link = None;
    let url = tokio::time::timeout(START_TIME, async {
        let mut url = None;
        while let Some(line) = lines.next_line().await? {
            if let Some(found) = line.strip_prefix("sign-in: ") {
                link = Some(found.to_owned());
            }
            if let Some(found) = line.strip_prefix("listening: ") {
                url = Some(found.trim_end_matches('/').to_owned());
                break;
            }
        }
        url.context("the server ended before it listened")
    })
    .await
    .context("the server did not listen in time")??;
    // The link comes before or right after `listening:`; the rest of the output is drained.
    let (sender, receiver) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut sender = Some(sender);
        while let Ok(Some(line)) = lines.next_line().await {
            if let (Some(found), Some(sender)) = (line.strip_prefix("sign-in: "), sender.take()) {
                let _nobody_waits = sender.send(found.to_owned());
            }
        }
    });
    let first_start = link.is_none() && !data_dir.join("test-started-before").exists();
    if first_start {
        link = tokio::time::timeout(Duration::from_secs(2), receiver)
            .await
            .ok()
            .and_then(Result::ok);
    }
    std::fs::write(data_dir.join("test-started-before"), "")?;
    Ok((child, url, link))
}

/// A client that follows no redirect and keeps no cookie.
pub fn plain_client() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap_or_default()
}

/// A client of the JSON API.
#[derive(Clone)]
pub struct Api {
    /// The HTTP client.
    pub client: Client,
    /// The server's address.
    pub url: String,
    /// The token it shows, if any.
    pub token: Option<String>,
}

impl Api {
    /// A request with the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        Answer::of(self.request(Method::GET, path).send().await?).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Result<Answer> {
        Answer::of(self.request(Method::POST, path).json(&body).send().await?).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Result<Answer> {
        Answer::of(self.request(Method::PATCH, path).json(&body).send().await?).await
    }

    /// Imports a plan into a migration.
    pub async fn import(&self, migration: &str, start: &str, plan: &str) -> Result<Answer> {
        let path = format!("/api/v1/migrations/{migration}/plan?start={start}");
        let request = self
            .request(Method::POST, &path)
            .header("content-type", "text/markdown")
            .body(plan.to_owned());
        Answer::of(request.send().await?).await
    }

    /// A module's version, as an edit must send it.
    pub async fn version(&self, migration: &str, module: &str) -> Result<i64> {
        let answer = self
            .get(&format!("/api/v1/migrations/{migration}/modules/{module}"))
            .await?;
        answer
            .json
            .get("version")
            .and_then(Value::as_i64)
            .context("a module has a version")
    }

    /// Sets a module's mode with the version it has now.
    pub async fn set(
        &self,
        migration: &str,
        module: &str,
        mode: &str,
        exposure: Option<f64>,
    ) -> Result<Answer> {
        let version = self.version(migration, module).await?;
        let mut body = serde_json::json!({
            "modules": [module], "mode": mode, "reason": "a test moves it",
            "expected_versions": { module: version },
        });
        if let Some(exposure) = exposure
            && let Some(fields) = body.as_object_mut()
        {
            fields.insert("exposure".to_owned(), exposure.into());
        }
        self.post(&format!("/api/v1/migrations/{migration}/flags"), body)
            .await
    }

    /// Rolls a module back.
    pub async fn roll_back(&self, migration: &str, module: &str) -> Result<Answer> {
        let body = serde_json::json!({ "modules": [module], "reason": "a test rolls it back" });
        self.post(&format!("/api/v1/migrations/{migration}/rollback"), body)
            .await
    }

    /// Asks OFREP for one flag.
    pub async fn evaluate(&self, key: &str, subject: &str) -> Result<Answer> {
        let body = serde_json::json!({ "context": { "targetingKey": subject } });
        self.post(&format!("/ofrep/v1/evaluate/flags/{key}"), body)
            .await
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: reqwest::header::HeaderMap,
    /// Its body.
    pub text: String,
    /// The body as JSON; `Null` when it is none.
    pub json: Value,
}

impl Answer {
    /// Reads it whole.
    pub async fn of(response: Response) -> Result<Self> {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Self {
            status,
            headers,
            text,
            json,
        })
    }

    /// A header as text, empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Fails unless the status is this one.
    pub fn expect(self, status: u16) -> Result<Self> {
        if self.status.as_u16() != status {
            bail!("expected {status}, got {}: {}", self.status, self.text);
        }
        Ok(self)
    }
}

/// A browser's client without script: cookies kept, redirects looked at by the test.
pub struct Browser {
    /// The HTTP client, with its cookies.
    pub client: Client,
    /// The server's address.
    pub url: String,
}

impl Browser {
    /// Signs in by a link.
    pub async fn sign_in(url: &str, link: &str) -> Result<Self> {
        let client = Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let browser = Self {
            client,
            url: url.to_owned(),
        };
        let answer = browser
            .post_form("/sign-in", &[("link", secret_of(link))])
            .await?;
        ensure!(
            answer.status.is_redirection(),
            "sign-in failed: {} {}",
            answer.status,
            answer.text
        );
        Ok(browser)
    }

    /// GET of a page.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        let request = self
            .client
            .get(format!("{}{path}", self.url))
            .header("accept", "text/html");
        Answer::of(request.send().await?).await
    }

    /// A form post as a browser without script sends it.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("accept", "text/html,application/xhtml+xml")
            .header("origin", &self.url)
            .form(fields);
        Answer::of(request.send().await?).await
    }
}

/// The secret in a sign-in link.
pub fn secret_of(link: &str) -> &str {
    link.split("link=").nth(1).unwrap_or_default()
}
