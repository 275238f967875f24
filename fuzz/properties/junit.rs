//! Whatever is sent as a run of tests, what is read of it adds up, and what is not read is refused in words.

use evidence::{Format, Report, TestRun, junit, read};

/// What must hold of every input.
pub fn holds(input: &[u8]) {
    match read(input, Some(Format::Junit)) {
        Ok((Format::Junit, Report::Tests(run))) => run_adds_up(&run),
        Err(error) => {
            assert!(!error.message.is_empty() && error.message.len() < 8_192);
            assert!(error.at.is_none_or(|at| at.line > 0 && at.column > 0));
        }
        other => panic!("{other:?}"),
    }
}

fn run_adds_up(run: &TestRun) {
    assert_eq!(
        run.tests,
        run.passed + run.failures + run.errors + run.skipped
    );
    assert!(run.flaky <= run.passed && run.tests <= junit::MAX_CASES);
    let failed = usize::try_from(run.failures + run.errors).expect("a count");
    assert_eq!(run.failed.len(), failed.min(junit::MAX_FAILED));
    for test in &run.failed {
        assert!(test.name.chars().count() <= junit::MAX_NAME);
        assert!(test.message.chars().count() <= junit::MAX_MESSAGE);
    }
    let seconds = run.seconds.unwrap_or(0.0);
    assert!(seconds.is_finite() && seconds >= 0.0);
}
