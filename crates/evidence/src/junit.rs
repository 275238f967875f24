//! A run of tests from `JUnit` XML, as pytest, cargo-nextest, Gradle, Maven, Jest, Google Test and others write it.
//!
//! There is no one standard: what all writers share is `<testsuites>` or `<testsuite>` outside, suites within suites, and
//! in them `<testcase>` with at most an `<error>`, a `<failure>` or a `<skipped>`. Cases are counted one by one; the
//! totals that writers put into attributes differ in what they count, and are not used.
//!
//! | what a case holds | counted as |
//! | --- | --- |
//! | `<error>` | error |
//! | `<failure>` | failure |
//! | `<skipped>`, or `status` of `notrun`, `skipped` or `disabled` | skipped |
//! | only `<flakyFailure>` or `<flakyError>`: failed first, passed at last | passed, and flaky |
//! | nothing of these | passed |

use serde::{Deserialize, Serialize};

use crate::text::excerpt;
use crate::unreadable::Unreadable;
use crate::xml::{Doctype, Element, Node, Xml};

/// Cases of one run at most.
pub const MAX_CASES: u64 = 200_000;
/// Failed tests that are kept with name and message; more are only counted.
pub const MAX_FAILED: usize = 200;
/// Longest kept name, in characters.
pub const MAX_NAME: usize = 500;
/// Longest kept message, in characters.
pub const MAX_MESSAGE: usize = 600;
/// Longest time of a run or a case, in seconds: ten years.
const MAX_SECONDS: f64 = 10.0 * 366.0 * 86_400.0;

/// What became of the tests of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TestRun {
    /// All cases.
    pub tests: u64,
    /// Those that passed, flaky ones too.
    pub passed: u64,
    /// Those whose expectation did not hold.
    pub failures: u64,
    /// Those that ended in another way than they should.
    pub errors: u64,
    /// Those that were not run, or were expected to fail and did.
    pub skipped: u64,
    /// Those that failed first and passed at last; they are among the passed.
    pub flaky: u64,
    /// How long the run took as the writer says, or all of its cases together; none where nothing says it. Seconds.
    pub seconds: Option<f64>,
    /// The first [`MAX_FAILED`] failed tests, in the file's order.
    pub failed: Vec<FailedTest>,
}

impl TestRun {
    /// Whether there are tests and none of them failed.
    pub const fn is_success(&self) -> bool {
        self.tests > 0 && self.failures == 0 && self.errors == 0
    }
}

/// A test that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedTest {
    /// Its class, file or binary, as the writer calls it.
    pub class: Option<String>,
    /// Its name.
    pub name: String,
    /// How it failed.
    pub outcome: FailedOutcome,
    /// The beginning of what it said; empty when it said nothing.
    pub message: String,
}

/// How a test failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedOutcome {
    /// An expectation did not hold.
    Failure,
    /// Something else went wrong.
    Error,
}

/// Reads a document.
pub(crate) fn read(text: &str) -> Result<TestRun, Unreadable> {
    let mut xml = Xml::new(text, Doctype::Refused);
    let mut reader = Reader::default();
    loop {
        match xml.next()? {
            Node::Start(element) => reader.begin(&element)?,
            Node::Text(text) => reader.hear(&text),
            Node::End => reader.end(),
            Node::Eof => break,
        }
    }
    if reader.run.tests == 0 && reader.announced > 0 {
        return Err(Unreadable::value(format!(
            "the report announces {} tests and lists none of them: let the tool write every test case",
            reader.announced
        )));
    }
    Ok(reader.finish())
}

/// Elements that are open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Suites,
    Suite,
    Case,
    /// Within a case: what became of it.
    Outcome,
    /// Anything else, and all that is in it.
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Passed,
    Flaky,
    Skipped,
    Failure,
    Error,
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    run: TestRun,
    case: Option<Case>,
    /// Tests that suites say they have.
    announced: u64,
    times: Times,
}

/// A case that is open.
struct Case {
    class: Option<String>,
    name: String,
    outcome: Outcome,
    message: String,
    /// Whether the text in the open element is the message of its worst outcome.
    listens: bool,
}

/// Times from three places, the best of which is taken.
#[derive(Default)]
struct Times {
    whole: Option<f64>,
    suites: Option<f64>,
    cases: Option<f64>,
}

impl Reader {
    fn begin(&mut self, element: &Element<'_>) -> Result<(), Unreadable> {
        let opened = match (self.open.last(), element.name()) {
            (None, "testsuites") => {
                self.times.whole = seconds(element)?;
                Open::Suites
            }
            (None | Some(Open::Suites | Open::Suite), "testsuite") => {
                self.announced = self
                    .announced
                    .saturating_add(element.count("tests")?.unwrap_or(0));
                // A suite's time covers those within it.
                if self.open.iter().all(|&open| open == Open::Suites)
                    && let Some(time) = seconds(element)?
                {
                    *self.times.suites.get_or_insert(0.0) += time;
                }
                Open::Suite
            }
            (Some(Open::Suite | Open::Suites), "testcase") => {
                self.begin_case(element)?;
                Open::Case
            }
            (Some(Open::Case), name) => self.begin_outcome(name, element)?,
            (None, name) => {
                let name = excerpt(name, 40);
                return Err(Unreadable::wrong_format(format!(
                    "the root element is <{name}>: a JUnit report begins with <testsuites> or <testsuite>"
                ))
                .at(element.place()));
            }
            _ => Open::Other,
        };
        self.open.push(opened);
        Ok(())
    }

    fn begin_case(&mut self, element: &Element<'_>) -> Result<(), Unreadable> {
        if self.run.tests == MAX_CASES {
            return Err(Unreadable::too_many(format!(
                "there are more than {MAX_CASES} test cases: send the suites in parts"
            ))
            .at(element.place()));
        }
        self.run.tests += 1;
        if let Some(time) = seconds(element)? {
            *self.times.cases.get_or_insert(0.0) += time;
        }
        let status = element.get("status")?;
        let not_run = matches!(
            status.as_deref(),
            Some("notrun" | "skipped" | "disabled" | "pending")
        );
        self.case = Some(Case {
            class: element
                .get("classname")?
                .map(|class| excerpt(&class, MAX_NAME))
                .filter(|class| !class.is_empty()),
            name: excerpt(&element.get("name")?.unwrap_or_default(), MAX_NAME),
            outcome: if not_run {
                Outcome::Skipped
            } else {
                Outcome::Passed
            },
            message: String::new(),
            listens: false,
        });
        Ok(())
    }

    fn begin_outcome(&mut self, name: &str, element: &Element<'_>) -> Result<Open, Unreadable> {
        let outcome = match name {
            "error" => Outcome::Error,
            "failure" => Outcome::Failure,
            "skipped" => Outcome::Skipped,
            "flakyFailure" | "flakyError" => Outcome::Flaky,
            _ => return Ok(Open::Other),
        };
        if let Some(case) = &mut self.case
            && outcome > case.outcome
        {
            case.outcome = outcome;
            case.message = excerpt(&element.get("message")?.unwrap_or_default(), MAX_MESSAGE);
            case.listens = case.message.is_empty() && outcome >= Outcome::Failure;
        }
        Ok(Open::Outcome)
    }

    fn hear(&mut self, text: &str) {
        if self.open.last() != Some(&Open::Outcome) {
            return;
        }
        if let Some(case) = self.case.as_mut().filter(|case| case.listens) {
            // More than is kept, so that the excerpt knows of it; four bytes are the longest character.
            let room = (8 * MAX_MESSAGE).saturating_sub(case.message.len());
            let text = if case.message.is_empty() {
                text.trim_start()
            } else {
                text
            };
            case.message.push_str(crate::text::first_bytes(text, room));
        }
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some(Open::Outcome) => {
                if let Some(case) = &mut self.case {
                    case.listens = false;
                }
            }
            Some(Open::Case) => {
                if let Some(case) = self.case.take() {
                    self.count(case);
                }
            }
            _ => {}
        }
    }

    fn count(&mut self, case: Case) {
        let run = &mut self.run;
        let outcome = match case.outcome {
            Outcome::Flaky => {
                run.passed += 1;
                run.flaky += 1;
                return;
            }
            Outcome::Passed => {
                run.passed += 1;
                return;
            }
            Outcome::Skipped => {
                run.skipped += 1;
                return;
            }
            Outcome::Failure => {
                run.failures += 1;
                FailedOutcome::Failure
            }
            Outcome::Error => {
                run.errors += 1;
                FailedOutcome::Error
            }
        };
        if run.failed.len() < MAX_FAILED {
            run.failed.push(FailedTest {
                class: case.class,
                name: case.name,
                outcome,
                message: excerpt(&case.message, MAX_MESSAGE),
            });
        }
    }

    fn finish(mut self) -> TestRun {
        let Times {
            whole,
            suites,
            cases,
        } = self.times;
        self.run.seconds = whole.or(suites).or(cases);
        self.run
    }
}

/// The `time` of an element, in seconds.
fn seconds(element: &Element<'_>) -> Result<Option<f64>, Unreadable> {
    let Some(written) = element.get("time")? else {
        return Ok(None);
    };
    let plain = written.trim();
    if plain.is_empty() {
        return Ok(None);
    }
    // Some writers part thousands by commas.
    let number = if plain.contains('.') {
        plain.replace(',', "").parse()
    } else {
        plain.parse::<f64>()
    };
    match number {
        Ok(seconds) if (0.0..=MAX_SECONDS).contains(&seconds) => Ok(Some(seconds)),
        _ => {
            let written = excerpt(plain, 40);
            Err(Unreadable::value(format!(
                "time=\"{written}\" is no time in seconds: write a number such as 1.25, from 0 to {MAX_SECONDS}"
            ))
            .at(element.place()))
        }
    }
}
