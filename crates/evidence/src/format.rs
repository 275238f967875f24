//! Which formats of reports there are, and which of them a file is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::json::{self, Keys};
use crate::text::{decode, excerpt};
use crate::unreadable::{Problem, Unreadable};
use crate::xml::{Doctype, Node, Xml};
use crate::{Benchmarks, Coverage, TestRun, benchmarks, coverage, junit};

/// A format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `JUnit` XML: a run of tests.
    Junit,
    /// Cobertura XML: coverage.
    Cobertura,
    /// An LCOV tracefile: coverage.
    Lcov,
    /// coverage.py's JSON: coverage.
    CoveragePy,
    /// pytest-benchmark's JSON.
    PytestBenchmark,
    /// Criterion's files one after the other, or the messages of cargo-criterion.
    Criterion,
    /// hyperfine's JSON.
    Hyperfine,
    /// Google Benchmark's JSON.
    GoogleBenchmark,
    /// Our own JSON of benchmarks.
    Plain,
}

/// What kind of evidence a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A run of tests.
    Tests,
    /// Coverage.
    Coverage,
    /// Benchmarks.
    Benchmarks,
}

/// A report that was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// A run of tests.
    Tests(TestRun),
    /// Coverage.
    Coverage(Coverage),
    /// Benchmarks.
    Benchmarks(Benchmarks),
}

/// A name that is none of a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name:?} is no format: write junit, cobertura, lcov, coverage-py, pytest-benchmark, criterion, hyperfine, google-benchmark or plain"
)]
pub struct UnknownFormat {
    /// What was written.
    pub name: String,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 9] = [
        Self::Junit,
        Self::Cobertura,
        Self::Lcov,
        Self::CoveragePy,
        Self::PytestBenchmark,
        Self::Criterion,
        Self::Hyperfine,
        Self::GoogleBenchmark,
        Self::Plain,
    ];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Junit => "junit",
            Self::Cobertura => "cobertura",
            Self::Lcov => "lcov",
            Self::CoveragePy => "coverage-py",
            Self::PytestBenchmark => "pytest-benchmark",
            Self::Criterion => "criterion",
            Self::Hyperfine => "hyperfine",
            Self::GoogleBenchmark => "google-benchmark",
            Self::Plain => "plain",
        }
    }

    /// What it is a report of.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Junit => Kind::Tests,
            Self::Cobertura | Self::Lcov | Self::CoveragePy => Kind::Coverage,
            Self::PytestBenchmark
            | Self::Criterion
            | Self::Hyperfine
            | Self::GoogleBenchmark
            | Self::Plain => Kind::Benchmarks,
        }
    }

    fn read(self, text: &str) -> Result<Report, Unreadable> {
        match self {
            Self::Junit => junit::read(text).map(Report::Tests),
            Self::Cobertura => coverage::cobertura::read(text).map(Report::Coverage),
            Self::Lcov => coverage::lcov::read(text).map(Report::Coverage),
            Self::CoveragePy => coverage::coverage_py::read(text).map(Report::Coverage),
            Self::PytestBenchmark => benchmarks::pytest::read(text).map(Report::Benchmarks),
            Self::Criterion => benchmarks::criterion::read(text).map(Report::Benchmarks),
            Self::Hyperfine => benchmarks::hyperfine::read(text).map(Report::Benchmarks),
            Self::GoogleBenchmark => benchmarks::google::read(text).map(Report::Benchmarks),
            Self::Plain => benchmarks::plain::read(text).map(Report::Benchmarks),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let known = Self::ALL.into_iter().find(|format| format.as_str() == name);
        known.ok_or_else(|| UnknownFormat {
            name: excerpt(name, 40),
        })
    }
}

/// Which format a file is, by what it begins with.
///
/// # Errors
/// [`Unreadable`] when it is no text, or nothing that is known.
pub fn detect(bytes: &[u8]) -> Result<Format, Unreadable> {
    detect_text(&decode(bytes)?)
}

/// Reads a report of the given format, or of the one that it is found to be.
///
/// # Errors
/// [`Unreadable`], with the place and what to do. A file of another format than was said is told as such.
pub fn read(bytes: &[u8], format: Option<Format>) -> Result<(Format, Report), Unreadable> {
    let text = decode(bytes)?;
    let Some(said) = format else {
        let format = detect_text(&text)?;
        return Ok((format, format.read(&text)?));
    };
    said.read(&text)
        .map(|report| (said, report))
        .map_err(|error| match detect_text(&text) {
            // A bound is one in any format.
            _ if error.problem == Problem::TooMany => error,
            Ok(found) if found != said => Unreadable::wrong_format(format!(
                "this looks like {found}, not {said} as was said ({error}): name the right format, or none"
            )),
            _ => error,
        })
}

fn detect_text(text: &str) -> Result<Format, Unreadable> {
    match text.trim_start().chars().next() {
        Some('<') => detect_xml(text),
        Some('{' | '[') => detect_json(text),
        _ => {
            let is_lcov = text
                .lines()
                .map(str::trim_start)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .take(2)
                .any(|line| line.starts_with("TN:") || line.starts_with("SF:"));
            if is_lcov {
                Ok(Format::Lcov)
            } else {
                Err(unknown("it begins neither as XML nor as JSON nor as LCOV"))
            }
        }
    }
}

fn detect_xml(text: &str) -> Result<Format, Unreadable> {
    // What a DOCTYPE may hold is for the reader of the format to say; one that declares anything is refused by all.
    let mut xml = Xml::new(text, Doctype::Named);
    loop {
        match xml.next()? {
            Node::Start(element) => {
                return match element.name() {
                    "testsuites" | "testsuite" => Ok(Format::Junit),
                    "coverage" => Ok(Format::Cobertura),
                    name => Err(
                        unknown(&format!("its root element is <{}>", excerpt(name, 40)))
                            .at(element.place()),
                    ),
                };
            }
            Node::Eof => return Err(unknown("it has no element")),
            Node::End | Node::Text(_) => {}
        }
    }
}

fn detect_json(text: &str) -> Result<Format, Unreadable> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Keys>();
    let keys = match values.next() {
        Some(keys) => keys.map_err(|error| json::unreadable(&error))?,
        None => Keys::default(),
    };
    let has = |wanted: &[&str]| wanted.iter().all(|key| keys.has(key));
    let found = [
        (&["files", "totals"][..], Format::CoveragePy),
        (&["machine_info", "benchmarks"], Format::PytestBenchmark),
        (&["context", "benchmarks"], Format::GoogleBenchmark),
        (&["results"], Format::Hyperfine),
        (&["full_id"], Format::Criterion),
        (&["reason"], Format::Criterion),
        (&["mean", "std_dev"], Format::Criterion),
        (&["iters", "times"], Format::Criterion),
        (&["benchmarks"], Format::Plain),
    ]
    .into_iter()
    .find(|(wanted, _)| has(wanted));
    found
        .map(|(_, format)| format)
        .ok_or_else(|| unknown("it is JSON with other keys"))
}

fn unknown(what: &str) -> Unreadable {
    Unreadable::new(
        Problem::WrongFormat,
        format!(
            "this is no report that is known ({what}): send JUnit XML, Cobertura XML, LCOV, coverage.py's JSON, or benchmarks of pytest-benchmark, Criterion, hyperfine, Google Benchmark or the plain JSON"
        ),
    )
}
