//! OFREP over HTTP at several numbers of connections, beside a bare handler and, where it is installed, `unleash-edge`: all
//! through the same load program (`wrk`, one thread) in the same run.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use http_tests::app::{Api, TestApp};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::start::resident_kibibytes;
use crate::{MIGRATION, modules, with_plan};

const CONNECTIONS: [usize; 3] = [1, 32, 128];
/// How long each load lasts, and how often it is repeated: the median counts.
const SECONDS: u64 = 5;
const RUNS: usize = 3;

/// One request, sent over and over.
struct Load {
    name: &'static str,
    url: String,
    method: &'static str,
    headers: Vec<(String, String)>,
    body: Option<Value>,
    /// Whether it names the `ETag` of the answer that it knows, and expects 304.
    conditional: bool,
    /// The load of ours that this one stands beside.
    beside: Option<&'static str>,
}

/// What `wrk` measured.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    rate: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// Ours, the bare handler's and the peer's, interleaved.
pub async fn run() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let keys = modules(&admin).await?;
    gradual_everywhere(&admin, &keys).await?;
    let service = app.sdk(MIGRATION).await?;
    let module = keys.first().context("the plan has modules")?;
    let bare = Bare::start().await?;
    let edge = Edge::start(&keys).await?;
    let mut loads = ours(&app, &service, module)?;
    loads.extend(bare.loads());
    if let Some(edge) = &edge {
        loads.extend(edge.loads(module).await?);
    }
    for connections in CONNECTIONS {
        let mut rounds = vec![Vec::new(); loads.len()];
        for _ in 0..RUNS {
            for (load, runs) in loads.iter().zip(&mut rounds) {
                runs.push(measured(load, connections).await?);
            }
        }
        let ratios: Vec<String> = loads
            .iter()
            .zip(&rounds)
            .filter_map(|(load, runs)| {
                let ours = loads.iter().position(|one| Some(one.name) == load.beside)?;
                let ratio = ratio(rounds.get(ours)?, runs);
                Some(format!("{} is {ratio:.2} x {}", load.beside?, load.name))
            })
            .collect();
        for (load, mut runs) in loads.iter().zip(rounds) {
            runs.sort_by(|a, b| a.rate.total_cmp(&b.rate));
            let median = runs.get(RUNS / 2).copied().unwrap_or_default();
            println!(
                "ofrep, {connections} connections, {}: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms",
                load.name, median.rate, median.p50_ms, median.p99_ms
            );
        }
        for line in ratios {
            println!("ofrep, {connections} connections, {line}");
        }
    }
    println!(
        "ofrep: server {} MiB resident after the load",
        resident_kibibytes(app.process_id().context("the server runs")?)? / 1024
    );
    Ok(())
}

/// How many times as fast ours is: the median over the rounds, in each of which both ran one after the other.
fn ratio(ours: &[Measured], theirs: &[Measured]) -> f64 {
    let mut ratios: Vec<f64> = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| ours.rate / theirs.rate)
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or_default()
}

/// Every module at 50 %, so that each answer hashes its subject.
async fn gradual_everywhere(admin: &Api, keys: &[String]) -> Result<()> {
    let mut versions = serde_json::Map::new();
    for key in keys {
        versions.insert(key.clone(), admin.version(MIGRATION, key).await?.into());
    }
    let body = json!({
        "modules": keys, "mode": "gradual_rollout", "exposure": 50, "reason": "benchmark", "expected_versions": versions,
    });
    admin
        .post(&format!("/api/v1/migrations/{MIGRATION}/flags"), body)
        .await?
        .expect(200)?;
    Ok(())
}

fn ours(app: &TestApp, service: &Api, module: &str) -> Result<Vec<Load>> {
    let token = service.token.clone().context("a token")?;
    let question = json!({ "context": { "targetingKey": "user-1" } });
    let bulk = "/ofrep/v1/evaluate/flags";
    let load = |name, path: String, conditional| Load {
        name,
        url: format!("{}{path}", app.url),
        method: "POST",
        headers: vec![
            ("authorization".to_owned(), format!("Bearer {token}")),
            ("content-type".to_owned(), "application/json".to_owned()),
        ],
        body: Some(question.clone()),
        conditional,
        beside: None,
    };
    Ok(vec![
        load("single", format!("{bulk}/{MIGRATION}.{module}"), false),
        load("bulk of 79", bulk.to_owned(), false),
        load("bulk, 304", bulk.to_owned(), true),
    ])
}

/// The bare handler, in a process of its own.
struct Bare {
    _child: Child,
    url: String,
}

impl Bare {
    async fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("bare")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let out = child.stdout.take().context("it writes its address")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).await?;
        let url = line.trim().trim_start_matches("listening: ").to_owned();
        Ok(Self { _child: child, url })
    }

    fn loads(&self) -> Vec<Load> {
        let load = |name, path, method, body, beside| Load {
            name,
            url: format!("{}{path}", self.url),
            method,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body,
            conditional: false,
            beside: Some(beside),
        };
        let question = json!({ "context": { "targetingKey": "user-1" } });
        vec![
            load(
                "bare handler, single",
                "/one",
                "POST",
                Some(question),
                "single",
            ),
            load(
                "bare handler, prepared 12 kB",
                "/prepared",
                "GET",
                None,
                "bulk of 79",
            ),
        ]
    }
}

/// `unleash-edge` in its offline mode, with as many features at 50 %.
struct Edge {
    child: Child,
    url: String,
    features: usize,
    _file: tempfile::NamedTempFile,
}

/// Its offline mode takes any token; one asks for answers, the other for definitions.
const FRONTEND_TOKEN: &str = "*:development.benchmark-frontend";
const CLIENT_TOKEN: &str = "*:development.benchmark-client";

impl Edge {
    /// `None` when `UNLEASH_EDGE_BIN` names none: `cargo xtask bench ofrep` installs and names it.
    async fn start(keys: &[String]) -> Result<Option<Self>> {
        let Some(program) = std::env::var_os("UNLEASH_EDGE_BIN") else {
            println!("ofrep: no unleash-edge here, so nothing to compare with");
            return Ok(None);
        };
        let version = Command::new(&program).arg("--version").output().await;
        let version = version.context("unleash-edge does not start")?.stdout;
        println!("ofrep: beside {}", String::from_utf8_lossy(&version).trim());
        let features: Vec<Value> = keys
            .iter()
            .map(|key| {
                json!({
                    "name": key, "type": "release", "enabled": true, "project": "default", "stale": false,
                    "impressionData": false, "variants": [],
                    "strategies": [{
                        "name": "flexibleRollout", "constraints": [], "segments": [],
                        "parameters": { "rollout": "50", "stickiness": "userId", "groupId": key },
                    }],
                })
            })
            .collect();
        let mut file = tempfile::Builder::new().suffix(".json").tempfile()?;
        file.write_all(
            json!({ "version": 2, "features": features })
                .to_string()
                .as_bytes(),
        )?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let child = Command::new(program)
            .args(["--port", &port.to_string(), "--interface", "127.0.0.1"])
            .args(["offline", "--client-tokens", CLIENT_TOKEN])
            .args(["--frontend-tokens", FRONTEND_TOKEN])
            .arg("--bootstrap-file")
            .arg(file.path())
            // It would log every request.
            .env("RUST_LOG", "error")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut edge = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
            features: keys.len(),
            _file: file,
        };
        edge.ready().await?;
        Ok(Some(edge))
    }

    async fn ready(&mut self) -> Result<()> {
        let client = http_tests::app::plain_client();
        let url = format!("{}/internal-backstage/health", self.url);
        for _ in 0..100 {
            if let Some(status) = self.child.try_wait()? {
                bail!("unleash-edge ended with {status}");
            }
            if client
                .get(&url)
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("unleash-edge does not start");
    }

    /// Its three questions beside ours of the same meaning, and a service's own way to stay up to date: the definitions.
    async fn loads(&self, feature: &str) -> Result<Vec<Load>> {
        let single = format!("/api/frontend/features/{feature}?userId=user-1");
        let all = "/api/frontend/all?userId=user-1";
        let definitions = "/api/client/features";
        let answer = self.ask(&single, FRONTEND_TOKEN).await?;
        ensure!(
            field(&answer, "name")? == feature && field(&answer, "enabled")?.is_boolean(),
            "unleash-edge answers {answer} when asked for {feature}"
        );
        let answer = self.ask(all, FRONTEND_TOKEN).await?;
        self.complete(field(&answer, "toggles")?)?;
        let answer = self.ask(definitions, CLIENT_TOKEN).await?;
        self.complete(field(&answer, "features")?)?;
        if let Some(process) = self.child.id() {
            println!(
                "ofrep: unleash-edge {} MiB resident",
                resident_kibibytes(process)? / 1024
            );
        }
        let load = |name, path: &str, token: &str, conditional, beside| Load {
            name,
            url: format!("{}{path}", self.url),
            method: "GET",
            headers: vec![("authorization".to_owned(), token.to_owned())],
            body: None,
            conditional,
            beside: Some(beside),
        };
        Ok(vec![
            load(
                "unleash-edge, single",
                &single,
                FRONTEND_TOKEN,
                false,
                "single",
            ),
            load(
                "unleash-edge, all 79",
                all,
                FRONTEND_TOKEN,
                false,
                "bulk of 79",
            ),
            load(
                "unleash-edge, all 79, 304",
                all,
                FRONTEND_TOKEN,
                true,
                "bulk, 304",
            ),
            load(
                "unleash-edge, definitions, 304",
                definitions,
                CLIENT_TOKEN,
                true,
                "bulk, 304",
            ),
        ])
    }

    async fn ask(&self, path: &str, token: &str) -> Result<Value> {
        let answer = http_tests::app::plain_client()
            .get(format!("{}{path}", self.url))
            .header("authorization", token)
            .send()
            .await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Whether a list holds every feature.
    fn complete(&self, list: &Value) -> Result<()> {
        let found = list.as_array().map_or(0, Vec::len);
        ensure!(
            found == self.features,
            "unleash-edge has {found} features instead of {}",
            self.features
        );
        Ok(())
    }
}

/// The load's request sent once, with what it knows already: its status and `ETag`.
async fn sent(load: &Load, known: Option<&str>) -> Result<(u16, Option<String>)> {
    let mut request = http_tests::app::plain_client().request(load.method.parse()?, &load.url);
    for (name, value) in &load.headers {
        request = request.header(name, value);
    }
    if let Some(etag) = known {
        request = request.header("if-none-match", etag);
    }
    if let Some(body) = &load.body {
        request = request.body(body.to_string());
    }
    let answer = request.send().await?;
    let etag = answer.headers().get("etag");
    let etag = etag.map(|etag| etag.to_str().map(ToOwned::to_owned));
    Ok((answer.status().as_u16(), etag.transpose()?))
}

/// Measures one load. The server renews its `ETag` at times, with the ticket that a bulk answer carries: it is asked for
/// just before, and a run in which it was renewed, so that some answers were whole ones, is run again.
async fn measured(load: &Load, connections: usize) -> Result<Measured> {
    for _ in 0..2 {
        let (status, etag) = sent(load, None).await?;
        ensure!(status == 200, "{}: answered {status}", load.name);
        if !load.conditional {
            return wrk(load, None, connections).await;
        }
        let etag = etag.with_context(|| format!("{}: has no ETag", load.name))?;
        let (before, _) = sent(load, Some(&etag)).await?;
        let measured = wrk(load, Some(&etag), connections).await?;
        let (after, _) = sent(load, Some(&etag)).await?;
        if (before, after) == (304, 304) {
            return Ok(measured);
        }
    }
    bail!("{}: its ETag does not last for a run", load.name);
}

/// Runs one load; fails when an answer is an error.
async fn wrk(load: &Load, known: Option<&str>, connections: usize) -> Result<Measured> {
    let mut script = tempfile::Builder::new().suffix(".lua").tempfile()?;
    let mut lines = format!("wrk.method = \"{}\"\n", load.method);
    for (name, value) in &load.headers {
        writeln!(lines, "wrk.headers[{name:?}] = {value:?}")?;
    }
    if let Some(etag) = known {
        writeln!(lines, "wrk.headers[\"if-none-match\"] = {etag:?}")?;
    }
    if let Some(body) = &load.body {
        writeln!(lines, "wrk.body = {:?}", body.to_string())?;
    }
    // Nothing is done for each answer: the load program has one core as well.
    lines.push_str(
        "done = function(summary, latency)\n\
         print(string.format('figures %f %f %f %d', summary.requests / (summary.duration / 1e6), \
         latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.errors.status))\nend\n",
    );
    script.write_all(lines.as_bytes())?;
    let output = Command::new("wrk")
        .args([
            "-t",
            "1",
            "-c",
            &connections.to_string(),
            "-d",
            &format!("{SECONDS}s"),
            "-s",
        ])
        .arg(script.path())
        .arg(&load.url)
        .output()
        .await
        .context("wrk does not start: install it (apt-get install wrk)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text
        .lines()
        .find_map(|line| line.strip_prefix("figures "))
        .with_context(|| format!("wrk measured nothing: {text}"))?
        .split(' ')
        .filter_map(|figure| figure.parse().ok())
        .collect();
    let [rate, p50_ms, p99_ms, wrong] = figures[..] else {
        bail!("wrk says {text}");
    };
    ensure!(wrong == 0.0, "{}: {wrong} answers were errors", load.name);
    Ok(Measured {
        rate,
        p50_ms,
        p99_ms,
    })
}

fn field<'a>(answer: &'a Value, name: &str) -> Result<&'a Value> {
    answer
        .get(name)
        .with_context(|| format!("unleash-edge answers {answer}, without `{name}`"))
}
