//! `set`, `rollback` and `resume`: changes of flags on a running server.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use domain::{Exposure, FlagState, Key, Mode, PhaseNumber};
use http::Method;
use serde_json::{Value, json};

use super::Context;
use super::api::{Api, Request, ServerFlags};
use super::exit::{Exit, Failure};
use super::output::Output;

/// Bring modules to a mode.
#[derive(Debug, Args)]
pub struct Set {
    /// Modules to bring there
    #[arg(
        required_unless_present = "phase",
        conflicts_with = "phase",
        value_name = "MODULE"
    )]
    modules: Vec<Key>,
    /// All modules of a phase instead
    #[arg(long, value_name = "NUMBER")]
    phase: Option<PhaseNumber>,
    /// old_only, both_validate, gradual_rollout or new_only
    #[arg(long)]
    mode: Mode,
    /// Share of subjects that get new, in percent: 10, 0.5; only with gradual_rollout
    #[arg(long, value_name = "PERCENT", value_parser = Exposure::from_percent_str)]
    exposure: Option<Exposure>,
    #[command(flatten)]
    change: Change,
}

/// Roll modules back.
#[derive(Debug, Args)]
pub struct Rollback {
    /// Modules to roll back; none (and no phase) presses the kill switch
    #[arg(conflicts_with = "phase", value_name = "MODULE")]
    modules: Vec<Key>,
    /// All modules of a phase instead
    #[arg(long, value_name = "NUMBER")]
    phase: Option<PhaseNumber>,
    /// How far down [default: old_only]
    #[arg(long, value_name = "MODE")]
    to: Option<Mode>,
    /// With --to gradual_rollout: to which share, in percent
    #[arg(long, value_name = "PERCENT", requires = "to", value_parser = Exposure::from_percent_str)]
    exposure: Option<Exposure>,
    #[command(flatten)]
    change: Change,
}

/// Resume from the kill switch.
#[derive(Debug, Args)]
pub struct Resume {
    /// First lower every module to old_only, so that nothing comes back by itself
    #[arg(long)]
    from_old: bool,
    #[command(flatten)]
    change: Change,
}

/// What every change of flags says.
#[derive(Debug, Args)]
struct Change {
    /// The migration
    #[arg(long, value_name = "KEY")]
    migration: Key,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    server: ServerFlags,
}

impl Rollback {
    /// Whether it is about everything at once.
    pub fn is_kill_switch(&self) -> bool {
        self.modules.is_empty() && self.phase.is_none()
    }
}

/// Sets flags against the versions they have now.
pub async fn set(set: Set, context: &Context) -> Result<Exit, Failure> {
    FlagState::new(set.mode, set.exposure).map_err(|error| Failure::usage(error.to_string()))?;
    let api = Api::server(&set.change.server, &context.file)?;
    let versions = versions(&api, &set, context).await?;
    let mut body = set.change.body(context);
    put(&mut body, "mode", json!(set.mode));
    put(
        &mut body,
        "exposure",
        set.exposure.map_or(Value::Null, percent),
    );
    put(&mut body, "expected_versions", json!(versions));
    put_selection(&mut body, &set.modules, set.phase);
    let answer = api.json(set.change.request("flags")?.json(&body)).await?;
    Ok(context.output.committed(&answer))
}

/// The versions of the modules it is about, as they are now. A module that is not there is the server's to refuse.
async fn versions(
    api: &Api,
    set: &Set,
    context: &Context,
) -> Result<BTreeMap<String, i64>, Failure> {
    let wanted: BTreeSet<&str> = set.modules.iter().map(Key::as_str).collect();
    let mut found = BTreeMap::new();
    let mut page = 1_u64;
    loop {
        let request = Request::new(
            Method::GET,
            &["migrations", set.change.migration.as_str(), "modules"],
        )?
        .query("environment", context.environment.as_ref())
        .query("phase", set.phase.map(|phase| phase.to_string()))
        .query("page", Some(page.to_string()));
        let answer = api.json(request).await?;
        for module in answer
            .get("modules")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let key = module
                .get("key")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let version = module.get("version").and_then(Value::as_i64);
            if let Some(version) = version.filter(|_| wanted.is_empty() || wanted.contains(key)) {
                found.insert(key.to_owned(), version);
            }
        }
        let pages = answer.get("pages").and_then(Value::as_u64).unwrap_or(1);
        if page >= pages || (!wanted.is_empty() && found.len() == wanted.len()) {
            return Ok(found);
        }
        page += 1;
    }
}

/// Rolls back, or presses the kill switch. That it was so already is as good.
pub async fn roll_back(rollback: Rollback, context: &Context) -> Result<Exit, Failure> {
    let api = Api::server(&rollback.change.server, &context.file)?;
    let mut body = rollback.change.body(context);
    let verb = if rollback.is_kill_switch() {
        if rollback.to.is_some() {
            return Err(Failure::usage(
                "--to needs modules or a phase: the kill switch always brings old_only",
            ));
        }
        "kill-switch"
    } else {
        put_selection(&mut body, &rollback.modules, rollback.phase);
        if let Some(mode) = rollback.to {
            FlagState::new(mode, rollback.exposure)
                .map_err(|error| Failure::usage(error.to_string()))?;
            put(
                &mut body,
                "to",
                json!({ "mode": mode, "exposure": rollback.exposure.map(percent) }),
            );
        }
        "rollback"
    };
    match api.json(rollback.change.request(verb)?.json(&body)).await {
        Ok(answer) => Ok(context.output.committed(&answer)),
        Err(failure) if failure.is_code("no-change") => {
            let problem = failure.problem.unwrap_or_default();
            context.output.either(&problem, || failure.message);
            Ok(Exit::DONE)
        }
        Err(failure) => Err(failure),
    }
}

/// Shows exactly what comes back, then resumes by the digest of that list.
pub async fn resume(resume: Resume, context: &Context) -> Result<Exit, Failure> {
    let api = Api::server(&resume.change.server, &context.file)?;
    let mut body = resume.change.body(context);
    put(&mut body, "from_old", json!(resume.from_old));
    if !resume.from_old {
        let request = Request::new(
            Method::GET,
            &["migrations", resume.change.migration.as_str(), "resume"],
        )?
        .query("environment", context.environment.as_ref());
        let list = api.json(request).await?;
        if !context.output.json {
            Output::text(&describe_returning(&list));
        }
        put(
            &mut body,
            "digest",
            list.get("digest").cloned().unwrap_or_default(),
        );
    }
    let answer = api
        .json(resume.change.request("resume")?.json(&body))
        .await?;
    Ok(context.output.committed(&answer))
}

fn describe_returning(list: &Value) -> String {
    let returning = list
        .get("returning")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let staying = list
        .get("staying_old")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    let mut lines = vec![format!(
        "Coming back: {}. Staying old: {staying}.",
        returning.len()
    )];
    for item in returning {
        let module = item
            .get("module")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let state = item
            .get("state")
            .cloned()
            .and_then(|state| serde_json::from_value::<FlagState>(state).ok());
        lines.push(format!(
            "  {module}: {}",
            state.map(|state| state.to_string()).unwrap_or_default()
        ));
    }
    lines.join("\n")
}

impl Change {
    fn body(&self, context: &Context) -> Value {
        json!({ "reason": self.reason, "environment": context.environment })
    }

    fn request(&self, verb: &str) -> Result<Request, Failure> {
        Request::new(Method::POST, &["migrations", self.migration.as_str(), verb])
    }
}

fn put(body: &mut Value, name: &str, value: Value) {
    if let Some(members) = body.as_object_mut()
        && !value.is_null()
    {
        members.insert(name.to_owned(), value);
    }
}

fn put_selection(body: &mut Value, modules: &[Key], phase: Option<PhaseNumber>) {
    match phase {
        Some(phase) => put(body, "phase", phase.into()),
        None => put(body, "modules", json!(modules)),
    }
}

/// Percent as the API takes it: two decimals are all there are.
fn percent(exposure: Exposure) -> Value {
    let text = exposure.to_string();
    serde_json::from_str(text.trim_end_matches([' ', '%'])).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exposure_is_sent_in_percent_as_it_was_typed() {
        for text in ["10", "0.5", "12.34", "0.01"] {
            let exposure = Exposure::from_percent_str(text).unwrap();
            assert_eq!(percent(exposure).to_string(), text);
        }
    }

    #[test]
    fn what_comes_back_is_named() {
        let list = json!({ "returning": [{ "module": "a", "state": { "mode": "gradual_rollout", "exposure": 1000 } }], "staying_old": 3 });
        assert_eq!(
            describe_returning(&list),
            "Coming back: 1. Staying old: 3.\n  a: gradual_rollout 10 %"
        );
    }
}
