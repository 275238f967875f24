//! What the tools wrote, read to its exact numbers. `samples/README.md` says which tool wrote which file.
#![expect(
    clippy::expect_used,
    clippy::float_cmp,
    reason = "a failure here is a failed test, and numbers are read to the last digit"
)]

use std::path::Path;

use evidence::{
    Benchmark, Benchmarks, Counts, Coverage, FailedOutcome, Format, Report, TestRun, Unmeasured,
    detect, read,
};

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    std::fs::read(folder.join(name)).expect("a sample")
}

/// Read as what it is found to be, and as what it is said to be.
fn report(name: &str, format: Format) -> Report {
    let bytes = sample(name);
    assert_eq!(detect(&bytes), Ok(format), "{name}");
    let (found, report) = read(&bytes, None).expect("a readable sample");
    assert_eq!(found, format);
    assert_eq!(read(&bytes, Some(format)), Ok((format, report.clone())));
    // What does not belong to the text changes nothing.
    let mut marked = b"\xEF\xBB\xBF".to_vec();
    marked.extend(&bytes);
    assert_eq!(read(&marked, None), Ok((format, report.clone())));
    let text = String::from_utf8(bytes).expect("UTF-8");
    let carriage = text.replace('\n', "\r\n");
    let (_, other) = read(carriage.as_bytes(), None).expect("a readable sample");
    match (&report, &other) {
        // Only what tests say may hold line ends.
        (Report::Tests(one), Report::Tests(other)) => {
            let counts =
                |run: &TestRun| (run.tests, run.passed, run.failures, run.errors, run.skipped);
            assert_eq!(counts(one), counts(other));
        }
        _ => assert_eq!(report, other),
    }
    report
}

fn run(name: &str) -> TestRun {
    match report(name, Format::Junit) {
        Report::Tests(run) => run,
        other => panic!("{other:?}"),
    }
}

fn coverage(name: &str, format: Format) -> Coverage {
    match report(name, format) {
        Report::Coverage(coverage) => coverage,
        other => panic!("{other:?}"),
    }
}

fn benchmarks(name: &str, format: Format) -> Benchmarks {
    match report(name, format) {
        Report::Benchmarks(benchmarks) => benchmarks,
        other => panic!("{other:?}"),
    }
}

fn counts(covered: u64, total: u64) -> Counts {
    Counts { covered, total }
}

fn is_near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-12 * expected.abs()
}

fn named<'a>(found: &'a Benchmarks, name: &str) -> &'a Benchmark {
    found
        .benchmarks
        .iter()
        .find(|benchmark| benchmark.name == name)
        .expect("a benchmark of that name")
}

#[test]
fn pytests_run_is_read() {
    let run = run("pytest-junit.xml");
    assert_eq!((run.tests, run.passed), (8, 4));
    assert_eq!(
        (run.failures, run.errors, run.skipped, run.flaky),
        (1, 1, 2, 0)
    );
    assert_eq!(run.seconds, Some(0.343));
    assert!(!run.is_success());
    let [failed, broken] = run.failed.as_slice() else {
        panic!("{:?}", run.failed);
    };
    assert_eq!(failed.class.as_deref(), Some("tests.test_cart"));
    assert_eq!(failed.name, "test_discount_is_taken_off");
    assert_eq!(failed.outcome, FailedOutcome::Failure);
    assert_eq!(
        failed.message,
        "assert 315 == 316\n +  where 315 = total([100, 250], discount=10)"
    );
    assert_eq!(
        (broken.name.as_str(), broken.outcome),
        ("test_with_database", FailedOutcome::Error)
    );
    assert_eq!(
        broken.message,
        "failed on setup with \"RuntimeError: no database\""
    );
}

#[test]
fn nextests_run_is_read_and_what_passed_at_the_second_try_has_passed() {
    let run = run("nextest-junit.xml");
    assert_eq!((run.tests, run.passed, run.flaky), (3, 2, 1));
    assert_eq!((run.failures, run.errors, run.skipped), (1, 0, 0));
    assert_eq!(run.seconds, Some(0.449));
    let [failed] = run.failed.as_slice() else {
        panic!("{:?}", run.failed);
    };
    assert_eq!(failed.class.as_deref(), Some("shop"));
    assert_eq!(failed.name, "tests::a_discount_is_taken_off");
    assert!(
        failed.message.contains("src/lib.rs:9:44"),
        "{}",
        failed.message
    );
}

#[test]
fn jests_run_is_read() {
    let run = run("jest-junit.xml");
    assert_eq!((run.tests, run.passed), (4, 2));
    assert_eq!((run.failures, run.errors, run.skipped), (1, 0, 1));
    assert_eq!(run.seconds, Some(0.932));
    let [failed] = run.failed.as_slice() else {
        panic!("{:?}", run.failed);
    };
    assert_eq!(failed.name, "cart takes a discount off");
    assert!(failed.message.starts_with(
        "Error: expect(received).toBe(expected) // Object.is equality\n\nExpected: 316\nReceived: 350\n"
    ));
    assert_eq!(failed.message.chars().count(), 600);
    assert!(failed.message.ends_with('…'));
}

#[test]
fn coverage_of_one_run_is_the_same_in_three_formats() {
    let xml = coverage("coverage-py-cobertura.xml", Format::Cobertura);
    let json = coverage("coverage-py.json", Format::CoveragePy);
    let lcov = coverage("coverage-py.lcov", Format::Lcov);
    for found in [&xml, &json, &lcov] {
        assert_eq!(found.lines, counts(10, 13));
        assert_eq!(found.branches, Some(counts(4, 6)));
        assert_eq!(found.lines.basis_points(), Some(7_692));
        assert_eq!(found.files.len(), 3);
        // Cobertura's paths begin below the folder it names as the source.
        assert_eq!(
            found.under("shop/cart.py"),
            Some((counts(6, 7), Some(counts(3, 4))))
        );
        assert_eq!(
            found.under("shop.stock"),
            Some((counts(4, 6), Some(counts(1, 2))))
        );
        assert_eq!(found.under("shop/sto"), None);
        assert_eq!(found.under("shop"), Some((found.lines, found.branches)));
        assert_eq!(found.under(""), None);
    }
    assert_eq!(xml.sources, ["/src/shop/shop"]);
    for found in [&json, &lcov] {
        assert_eq!(found.files[1].path, "shop/cart.py");
    }
}

#[test]
fn coverage_of_jest_and_gcovr_is_read() {
    let xml = coverage("jest-cobertura.xml", Format::Cobertura);
    let lcov = coverage("jest.lcov", Format::Lcov);
    for found in [&xml, &lcov] {
        assert_eq!(found.lines, counts(5, 6));
        assert_eq!(found.branches, Some(counts(3, 5)));
        assert_eq!(found.files[0].path, "cart.js");
    }
    let gcovr = coverage("gcovr-cobertura.xml", Format::Cobertura);
    assert_eq!(gcovr.lines, counts(2, 3));
    assert_eq!(gcovr.branches, Some(counts(1, 2)));
    assert_eq!(gcovr.under("t.c"), Some((counts(2, 3), Some(counts(1, 2)))));
}

#[test]
fn pytest_benchmarks_are_read() {
    let found = benchmarks("pytest-benchmark.json", Format::PytestBenchmark);
    assert_eq!(found.benchmarks.len(), 2);
    let one = named(&found, "tests/test_speed.py::test_total_of_a_hundred");
    // What the tool computed from the same measurements.
    assert_eq!((one.n, one.samples.len()), (12, 12));
    assert!(is_near(one.mean, 1.434_995_016_704_003e-6));
    assert!(is_near(one.stddev.unwrap(), 1.822_061_717_548_27e-7));
    assert!(is_near(one.median.unwrap(), 1.501_200_022_175_908e-6));
    assert_eq!(one.min, Some(1.055_580_069_078_132_6e-6));
    assert_eq!(one.max, Some(1.601_380_063_220_858_6e-6));
    assert_eq!(one.samples[0], 1.601_380_063_220_858_6e-6);
}

#[test]
fn hyperfines_benchmarks_are_read() {
    let found = benchmarks("hyperfine.json", Format::Hyperfine);
    assert_eq!(found.benchmarks.len(), 2);
    let old = named(&found, "old: sort");
    assert_eq!((old.n, old.samples.len()), (8, 8));
    assert!(is_near(old.mean, 0.003_142_742_125));
    assert!(is_near(old.stddev.unwrap(), 0.002_139_046_988_244_694));
    assert!(is_near(old.median.unwrap(), 0.002_500_226));
    assert_eq!(
        (old.min, old.max),
        (Some(0.001_119_529), Some(0.006_338_398))
    );
}

#[test]
fn google_benchmarks_are_read_with_and_without_repetitions() {
    let single = benchmarks("google-benchmark.json", Format::GoogleBenchmark);
    let failed = Unmeasured {
        name: "BM_Missing".to_owned(),
        reason: "no such table".to_owned(),
    };
    assert_eq!(single.unmeasured, [failed]);
    assert_eq!(single.benchmarks.len(), 3);
    let fill = named(&single, "BM_Fill");
    assert_eq!((fill.n, fill.stddev), (1, None));
    // In microseconds there.
    assert!(is_near(fill.mean, 9.561_998_037_135_92e-7));
    let repeated = benchmarks("google-benchmark-repeated.json", Format::GoogleBenchmark);
    let sum = named(&repeated, "BM_Sum/8");
    assert_eq!((sum.n, sum.samples.len()), (5, 5));
    assert!(is_near(sum.samples[0], 6.499_713_947_789_42e-9));
    let aggregates = benchmarks("google-benchmark-aggregates.json", Format::GoogleBenchmark);
    let sum = named(&aggregates, "BM_Sum/8");
    assert_eq!((sum.n, sum.samples.len()), (5, 0));
    assert!(is_near(sum.mean, 8.562_171_715_590_09e-9));
    assert!(is_near(sum.median.unwrap(), 8.755_945_776_300_44e-9));
    assert!(is_near(sum.stddev.unwrap(), 3.421_970_854_799_97e-9));
    assert_eq!((sum.min, sum.max), (None, None));
}

#[test]
fn criterions_files_and_messages_are_read() {
    let files = benchmarks("criterion-files.json", Format::Criterion);
    assert_eq!(files.benchmarks.len(), 2);
    let thousand = named(&files, "total/sum/1000");
    assert_eq!((thousand.n, thousand.samples.len()), (10, 10));
    assert!(is_near(thousand.mean, 1.945_070_262_070_33e-7));
    assert!(is_near(thousand.median.unwrap(), 1.876_346_125_066_12e-7));
    assert!(is_near(thousand.stddev.unwrap(), 3.455_868_419_771_56e-8));
    let messages = benchmarks("criterion-messages.jsonl", Format::Criterion);
    assert_eq!(messages.benchmarks.len(), 2);
    let ten = named(&messages, "total/sum/10");
    assert_eq!((ten.n, ten.samples.len()), (10, 10));
    // The tool's own estimates, in nanoseconds.
    assert!(is_near(ten.mean, 4.697_874_502_680_181e-9));
    assert!(is_near(ten.median.unwrap(), 3.912_220_505_782_355e-9));
    assert!(is_near(ten.samples[0], 2_025_179e-9 / 546_836.0));
}
