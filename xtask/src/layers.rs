//! The layer rules: which crate may know which, and what may stand where.
//!
//! They are checked by `cargo xtask check` and by a unit test, so that no change passes them unseen. Sources are read
//! line by line, without comments and without what follows `#[cfg(test)]`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::inputs::files;
use crate::project::Project;
use crate::tools::note;

/// Which crates of the workspace each crate may depend on.
const MAY_KNOW: [(&str, &[&str]); 12] = [
    ("flags", &[]),
    ("domain", &["flags"]),
    ("plan", &["domain", "flags"]),
    ("evidence", &["flags"]),
    ("charts", &[]),
    ("control", &["domain", "evidence", "flags", "plan"]),
    ("app", &["charts", "control", "domain", "flags"]),
    (
        "server",
        &[
            "app", "charts", "control", "domain", "evidence", "flags", "plan",
        ],
    ),
    ("frontend", &["app"]),
    ("sample-service", &["switchback-client"]),
    ("http-tests", &["domain", "flags"]),
    ("xtask", &[]),
];

/// What a client's crate, under `clients/`, may depend on.
const CLIENT_MAY_KNOW: [&str; 1] = ["flags"];

/// Crates from elsewhere with one home each.
const HOMES: [(&str, &[&str]); 11] = [
    ("sqlx", &["control"]),
    ("plotters", &["charts"]),
    // Plans are read by `plan`; what people write into issues is rendered, and cleaned, by `control`.
    ("pulldown-cmark", &["plan", "control"]),
    ("ammonia", &["control"]),
    ("icalendar", &["control"]),
    ("quick-xml", &["evidence"]),
    ("encoding_rs", &["evidence"]),
    ("opentelemetry-proto", &["evidence"]),
    ("prost", &["evidence"]),
    ("leptos", &["app", "frontend", "server"]),
    ("axum", &["app", "server", "sample-service", "http-tests"]),
];

/// All that `flags` may use from elsewhere: services link it.
const FLAGS_MAY_USE: [&str; 3] = ["serde", "serde_json", "thiserror"];

/// Crates without input, output or clock.
const PURE: [&str; 4] = [
    "crates/flags/src",
    "crates/domain/src",
    "crates/plan/src",
    "crates/evidence/src",
];

/// What a pure crate must not name.
const IMPURE: [&str; 9] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "tokio",
];

/// Names that say nothing about what a file holds.
const DRAWERS: [&str; 7] = [
    "util", "utils", "common", "helper", "helpers", "misc", "shared",
];

/// Rust sources of every crate.
const SOURCES: [&str; 11] = [
    "app",
    "clients",
    "crates",
    "examples",
    "frontend/src",
    "fuzz/fuzz_targets",
    "fuzz/properties",
    "server",
    "tests",
    "xtask/src",
    "xtask/tests",
];

const LONG_FILE: usize = 400;

/// Fails with every rule that is broken, each with its place; long files are only mentioned.
pub fn check(project: &Project) -> Result<()> {
    let mut metadata = project.cargo();
    metadata.args([
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--offline",
    ]);
    let metadata = crate::tools::output_of(&mut metadata).context("cargo metadata failed")?;
    let mut broken = dependency_breaches(&serde_json::from_str(&metadata)?);
    for file in files(&project.root, &SOURCES)? {
        if file.extension().is_some_and(|end| end == "rs") {
            let path = file.strip_prefix(&project.root)?;
            let text = fs::read_to_string(&file)?;
            broken.extend(source_breaches(path, &text));
            let lines = text.lines().count();
            if lines > LONG_FILE {
                note(&format!(
                    "{} has {lines} lines: does it have one subject?",
                    path.display()
                ));
            }
        }
    }
    if !broken.is_empty() {
        bail!("layer rules are broken:\n  {}", broken.join("\n  "));
    }
    Ok(())
}

fn dependency_breaches(metadata: &Value) -> Vec<String> {
    let none = Vec::new();
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .unwrap_or(&none);
    let text = |value: &Value, key: &str| {
        value
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let ours: Vec<String> = packages
        .iter()
        .map(|package| text(package, "name"))
        .collect();
    let mut broken = Vec::new();
    for package in packages {
        let name = text(package, "name");
        let is_client = text(package, "manifest_path").contains("/clients/");
        let table = MAY_KNOW
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, may)| *may);
        let Some(may_know) = table.or_else(|| is_client.then_some(&CLIENT_MAY_KNOW[..])) else {
            broken.push(format!(
                "crate {name} has no place in the table of layers, xtask/src/layers.rs"
            ));
            continue;
        };
        for dependency in package
            .get("dependencies")
            .and_then(Value::as_array)
            .unwrap_or(&none)
        {
            let used = text(dependency, "name");
            let for_tests = dependency.get("kind").and_then(Value::as_str) == Some("dev");
            if ours.contains(&used) {
                if !may_know.contains(&used.as_str()) {
                    broken.push(format!("crate {name} must not depend on {used}"));
                }
                continue;
            }
            if let Some((_, homes)) = HOMES.iter().find(|(known, _)| *known == used)
                && !homes.contains(&name.as_str())
                && !for_tests
            {
                broken.push(format!(
                    "crate {name} must not depend on {used}: it belongs to {}",
                    homes.join(", ")
                ));
            }
            if name == "flags" && !for_tests && !FLAGS_MAY_USE.contains(&used.as_str()) {
                broken.push(format!(
                    "crate flags must not depend on {used}: services link it"
                ));
            }
        }
    }
    broken
}

fn source_breaches(path: &Path, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let name_of =
        |part: &std::ffi::OsStr| part.to_string_lossy().trim_end_matches(".rs").to_owned();
    for part in path.iter().map(name_of) {
        if DRAWERS.contains(&part.as_str()) {
            broken.push(format!(
                "{}: `{part}` does not say what it holds",
                path.display()
            ));
        }
    }
    // This file names what it forbids.
    if path.ends_with("xtask/src/layers.rs") {
        return broken;
    }
    let in_tests = path.iter().any(|part| part == "tests") || path.ends_with("tests.rs");
    for (number, line) in served_lines(text) {
        for rule in broken_by_line(path, line, in_tests) {
            broken.push(format!("{}:{number}: {rule}", path.display()));
        }
    }
    broken
}

/// Lines with their numbers, without comments and without tests.
fn served_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let is_test_body = |index: usize| {
        let is_attribute = lines
            .get(index)
            .is_some_and(|line| line.trim() == "#[cfg(test)]");
        let next = lines.get(index + 1).map_or("", |line| line.trim());
        is_attribute && next.starts_with("mod ") && next.ends_with('{')
    };
    let end = (0..lines.len())
        .find(|&index| is_test_body(index))
        .unwrap_or(lines.len());
    lines
        .into_iter()
        .take(end)
        .enumerate()
        .map(|(index, line)| {
            let code = if line.trim_start().starts_with("//") {
                ""
            } else {
                line
            };
            (index + 1, code.split(" // ").next().unwrap_or(code))
        })
}

fn broken_by_line(path: &Path, line: &str, in_tests: bool) -> Vec<String> {
    let mut broken = Vec::new();
    if PURE.iter().any(|place| path.starts_with(place)) && !in_tests {
        let grouped = line.contains("std::{")
            && ["fs", "net", "env", "thread"]
                .iter()
                .any(|word| has_word(line, word));
        for word in IMPURE.iter().filter(|word| has_word(line, word)) {
            broken.push(format!(
                "`{word}` in a pure crate: time, randomness and files are arguments"
            ));
        }
        if grouped {
            broken.push("std's files, network, environment or threads in a pure crate".to_owned());
        }
    }
    let in_xtask = path.starts_with("xtask");
    if has_word(line, "sqlx")
        && !path.starts_with("crates/control/src/store")
        && !in_xtask
        && !in_tests
    {
        broken.push("`sqlx` outside crates/control/src/store/".to_owned());
    }
    if line.contains("#[server") && !path.starts_with("app/src/api") {
        broken.push("a server function outside app/src/api/".to_owned());
    }
    if path.starts_with("app/src") && (has_word(line, "style=") || line.contains(" style:")) {
        broken.push("a style attribute: the content policy refuses it".to_owned());
    }
    let trimmed = line.trim();
    if trimmed.starts_with("pub use ") && trimmed.ends_with("::*;") {
        broken.push("a glob re-export: name what is public".to_owned());
    }
    broken
}

/// Whether a word stands in a line, not as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let is_part =
            |character: char| character.is_alphanumeric() || character == '_' || character == '-';
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line
            .get(start + word.len()..)
            .and_then(|text| text.chars().next());
        let ends_open = word.ends_with('=');
        !before.is_some_and(is_part) && (ends_open || !after.is_some_and(is_part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn breaches(path: &str, text: &str) -> usize {
        source_breaches(Path::new(path), text).len()
    }

    #[test]
    fn the_tree_keeps_the_layer_rules() {
        if let Err(error) = check(&Project::locate().unwrap()) {
            panic!("{error:#}");
        }
    }

    #[test]
    fn a_crate_that_knows_a_higher_one_is_named() {
        let package = |name: &str, uses: &[&str]| {
            let dependencies: Vec<Value> = uses
                .iter()
                .map(|used| json!({"name": used, "kind": null}))
                .collect();
            json!({"name": name, "manifest_path": "/a/Cargo.toml", "dependencies": dependencies})
        };
        let found =
            |packages: Vec<Value>| dependency_breaches(&json!({"packages": packages})).len();
        assert_eq!(
            found(vec![
                package("domain", &["flags"]),
                package("flags", &["serde"])
            ]),
            0
        );
        assert_eq!(
            found(vec![package("flags", &["domain"]), package("domain", &[])]),
            1
        );
        assert_eq!(found(vec![package("server", &["sqlx"])]), 1);
        assert_eq!(found(vec![package("flags", &["tokio"])]), 1);
        assert_eq!(found(vec![package("stranger", &[])]), 1);
    }

    #[test]
    fn a_clock_or_a_file_in_a_pure_crate_is_found() {
        assert_eq!(
            breaches("crates/domain/src/a.rs", "let now = Instant::now();"),
            1
        );
        assert_eq!(breaches("crates/plan/src/a.rs", "use std::{fmt, fs};"), 1);
        assert_eq!(breaches("crates/flags/src/a.rs", "use std::fs;"), 1);
        assert_eq!(breaches("crates/control/src/a.rs", "use std::fs;"), 0);
        assert_eq!(
            breaches(
                "crates/flags/src/a.rs",
                "/// Unlike std::fs, this is pure.\nfn offset() {}"
            ),
            0
        );
        assert_eq!(
            breaches(
                "crates/flags/src/a.rs",
                "#[cfg(test)]\nmod tests {\n    use std::fs;\n}"
            ),
            0
        );
    }

    #[test]
    fn sql_and_server_functions_have_one_home() {
        assert_eq!(
            breaches(
                "crates/control/src/commands/rollback.rs",
                "sqlx::query(\"\")"
            ),
            1
        );
        assert_eq!(
            breaches("crates/control/src/store/flags.rs", "sqlx::query(\"\")"),
            0
        );
        assert_eq!(breaches("app/src/pages/overview.rs", "#[server]"), 1);
        assert_eq!(
            breaches(
                "app/src/api/overview.rs",
                "#[server(endpoint = \"overview\")]"
            ),
            0
        );
    }

    #[test]
    fn style_attributes_globs_and_drawers_are_found() {
        assert_eq!(breaches("app/src/pages/a.rs", "<p style=\"width:1px\">"), 1);
        assert_eq!(breaches("app/src/pages/a.rs", "<p style:width=\"1px\">"), 1);
        assert_eq!(breaches("app/src/pages/a.rs", "<p class=\"style\">"), 0);
        assert_eq!(
            breaches("crates/flags/src/lib.rs", "pub use snapshot::*;"),
            1
        );
        assert_eq!(
            breaches("crates/flags/src/lib.rs", "pub use snapshot::Snapshot;"),
            0
        );
        assert_eq!(breaches("crates/flags/src/utils.rs", ""), 1);
        assert_eq!(breaches("app/src/components/common/a.rs", ""), 1);
    }
}
