//! Bytes that are no reports, too large, too deep, cut off or made up: a clear answer, no panic, in time.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failure here is a failed test"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use evidence::{Format, MAX_BYTES, Position, Problem, Report, Unreadable, detect, read};
use proptest::prelude::*;

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    // Reports alone: metrics have tests of their own.
    files.retain(|file| {
        let name = file.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| {
            !["README", "otlp", "prometheus"]
                .iter()
                .any(|other| name.starts_with(other))
        })
    });
    files.sort();
    assert!(files.len() >= 16);
    files
}

fn refused(text: &str, format: Format) -> Unreadable {
    let begun = Instant::now();
    let error = read(text.as_bytes(), Some(format)).expect_err("a refusal");
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(error.message.len() > 10, "{error}");
    error
}

fn junit(cases: &str) -> String {
    format!("<testsuite tests=\"1\">{cases}</testsuite>")
}

#[test]
fn reports_that_were_cut_anywhere_are_refused_or_read_and_never_a_panic() {
    for file in samples() {
        let bytes = std::fs::read(&file).unwrap();
        let (format, whole) = read(&bytes, None).expect("a readable sample");
        // Every byte of small files; of larger ones, which repeat themselves, every fifth after that.
        let ends = (0..bytes.len()).filter(|end| *end < 2_500 || end % 5 == 0);
        for end in ends {
            let cut = &bytes[..end];
            let found = read(cut, Some(format));
            // Only what follows the end of the report may be missing, or a whole record.
            let is_stream = matches!(format, Format::Lcov | Format::Criterion);
            match found {
                Ok((_, report)) if !is_stream => {
                    assert!(
                        bytes[end..].trim_ascii().is_empty(),
                        "{}: {end}",
                        file.display()
                    );
                    assert_eq!(report, whole);
                }
                Ok(_) => {}
                Err(error) => assert!(!error.message.is_empty()),
            }
        }
        for said in Format::ALL {
            for end in (0..bytes.len()).step_by(97) {
                let _ = read(&bytes[..end], Some(said));
            }
        }
    }
}

#[test]
fn a_report_of_another_format_is_told_as_such() {
    for file in samples() {
        let bytes = std::fs::read(&file).unwrap();
        let format = detect(&bytes).unwrap();
        for said in Format::ALL {
            let found = read(&bytes, Some(said));
            if said == format {
                assert!(found.is_ok());
                continue;
            }
            let Err(error) = found else {
                panic!("{} was read as {said}", file.display());
            };
            assert_eq!(error.problem, Problem::WrongFormat);
            let words = format!("this looks like {format}, not {said} as was said");
            assert!(error.to_string().starts_with(&words), "{error}");
        }
    }
}

#[test]
fn entities_and_declarations_are_never_read() {
    let laughs = "<?xml version=\"1.0\"?>\n<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;\">]>\n<testsuite><testcase name=\"&lol2;\"/></testsuite>";
    let error = refused(laughs, Format::Junit);
    assert_eq!(error.problem, Problem::Forbidden);
    assert_eq!(error.at.map(|at| at.line), Some(2));
    assert_eq!(
        read(laughs.as_bytes(), None).unwrap_err().problem,
        Problem::Forbidden
    );
    let external = "<!DOCTYPE a SYSTEM \"file:///etc/hostname\"><testsuite/>";
    assert_eq!(refused(external, Format::Junit).problem, Problem::Forbidden);
    let external = "<!DOCTYPE coverage [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><coverage line-rate=\"1\"><sources><source>&x;</source></sources></coverage>";
    assert_eq!(
        refused(external, Format::Cobertura).problem,
        Problem::Forbidden
    );
    // A named definition is passed over; what it might define is not there.
    let named = "<!DOCTYPE coverage SYSTEM \"http://example.com/a.dtd\"><coverage line-rate=\"1\"><sources><source>&x;</source></sources></coverage>";
    let error = refused(named, Format::Cobertura);
    assert_eq!(error.problem, Problem::Forbidden);
    assert!(error.message.contains("&x;"));
    let text = junit("<testcase name=\"a\"><failure>&nbsp;</failure></testcase>");
    assert_eq!(refused(&text, Format::Junit).problem, Problem::Forbidden);
    let text = junit("<testcase name=\"&nbsp;\"/>");
    assert_eq!(refused(&text, Format::Junit).problem, Problem::Syntax);
    let resolved = junit("<testcase name=\"a\"><failure>&lt;&#65;&#x42;&amp;</failure></testcase>");
    let Ok((_, Report::Tests(run))) = read(resolved.as_bytes(), None) else {
        panic!("a readable report");
    };
    assert_eq!(run.failed[0].message, "<AB&");
}

#[test]
fn deep_nesting_is_refused_in_time() {
    let deep = "<testsuite>".repeat(100_000);
    let error = refused(&deep, Format::Junit);
    assert_eq!(error.problem, Problem::TooMany);
    assert_eq!(
        error.at,
        Some(Position {
            line: 1,
            column: 705
        })
    );
    let deep = format!("{{\"benchmarks\":{}", "[".repeat(1_000_000));
    for format in [
        Format::Plain,
        Format::PytestBenchmark,
        Format::Criterion,
        Format::Hyperfine,
    ] {
        refused(&deep, format);
    }
    let deep = format!("{{\"full_id\":\"a\"}}{}", "[".repeat(1_000_000));
    refused(&deep, Format::Criterion);
    let many = format!("<testsuite {}/>", "a=\"1\" ".repeat(1_000_000));
    let begun = Instant::now();
    assert!(read(many.as_bytes(), None).is_ok());
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn too_many_items_are_refused() {
    let cases = junit(&"<testcase/>".repeat(200_001));
    let error = refused(&cases, Format::Junit);
    assert_eq!(error.problem, Problem::TooMany);
    assert!(error.message.contains("200000"), "{error}");
    let cases = junit(&"<testcase/>".repeat(200_000));
    assert!(read(cases.as_bytes(), None).is_ok());
    let entry = "{\"name\":\"a\",\"stats\":null}";
    let benchmarks = format!(
        "{{\"benchmarks\":[{}{entry}]}}",
        format!("{entry},").repeat(10_000)
    );
    assert_eq!(
        refused(&benchmarks, Format::PytestBenchmark).problem,
        Problem::TooMany
    );
    let samples = format!(
        "{{\"results\":[{{\"command\":\"a\",\"times\":[{}1]}}]}}",
        "1,".repeat(1_000_000)
    );
    assert_eq!(
        refused(&samples, Format::Hyperfine).problem,
        Problem::TooMany
    );
    let files = (0..50_001).fold(String::new(), |mut files, n| {
        let _ = writeln!(
            files,
            "SF:{n}
end_of_record"
        );
        files
    });
    assert_eq!(refused(&files, Format::Lcov).problem, Problem::TooMany);
    let name = "x".repeat(501);
    let long = format!("{{\"benchmarks\":[{{\"name\":\"{name}\",\"samples\":[1]}}]}}");
    assert_eq!(refused(&long, Format::Plain).problem, Problem::TooMany);
    let large = " ".repeat(MAX_BYTES + 1);
    assert_eq!(refused(&large, Format::Lcov).problem, Problem::TooLarge);
}

#[test]
fn numbers_that_cannot_be_are_refused_with_their_place() {
    for time in ["NaN", "inf", "-1", "1e300", "1,5", "soon"] {
        let text = junit(&format!("\n<testcase name=\"a\" time=\"{time}\"/>"));
        let error = refused(&text, Format::Junit);
        assert_eq!(
            (error.problem, error.at),
            (Problem::Value, Some(Position { line: 2, column: 1 }))
        );
    }
    let thousands = junit("<testcase name=\"a\" time=\"1,234.5\"/>");
    let Ok((_, Report::Tests(run))) = read(thousands.as_bytes(), None) else {
        panic!("a readable report");
    };
    assert_eq!(run.seconds, Some(1_234.5));
    for value in ["NaN", "Infinity", "1e999", "-1", "1e10", "\"1\"", "null"] {
        let plain = format!("{{\"benchmarks\":[\n{{\"name\":\"a\",\"samples\":[{value}]}}]}}");
        refused(&plain, Format::Plain);
        let hyperfine = format!("{{\"results\":[{{\"command\":\"a\",\"times\":[{value}]}}]}}");
        refused(&hyperfine, Format::Hyperfine);
    }
    let nothing = "{\"full_id\":\"a\"}{\"iters\":[0.0],\"times\":[0.0]}";
    refused(nothing, Format::Criterion);
    let uneven = "{\"full_id\":\"a\"}{\"iters\":[1.0],\"times\":[]}";
    assert!(
        refused(uneven, Format::Criterion)
            .message
            .contains("1 counts of iterations and 0 times")
    );
    for lcov in [
        "SF:a\nDA:1,NaN\nend_of_record",
        "SF:a\nDA:x,1\nend_of_record",
        "SF:a\nLF:-1\nend_of_record",
        "SF:a\nBRDA:1\nend_of_record",
    ] {
        let error = refused(lcov, Format::Lcov);
        assert_eq!(
            (error.problem, error.at.map(|at| at.line)),
            (Problem::Value, Some(2))
        );
    }
    let more = "{\"files\":{},\"totals\":{\"covered_lines\":2,\"num_statements\":1}}";
    assert!(refused(more, Format::CoveragePy).message.contains("2 of 1"));
    let more = "<coverage lines-covered=\"2\" lines-valid=\"1\"/>";
    assert!(refused(more, Format::Cobertura).message.contains("2 of 1"));
    let huge = "<coverage lines-covered=\"2\" lines-valid=\"99999999999999999999\"/>";
    assert_eq!(refused(huge, Format::Cobertura).problem, Problem::Value);
}

#[test]
fn what_is_missing_or_twice_is_said() {
    let says = |text: &str, format: Format, words: &str| {
        let error = refused(text, format);
        assert!(error.to_string().contains(words), "{error}");
    };
    says(
        "<testsuite tests=\"7\"/>",
        Format::Junit,
        "announces 7 tests",
    );
    says("<testsuite>", Format::Junit, "ends in its middle");
    says("<testsuite/><testsuite/>", Format::Junit, "second root");
    says("<testsuite/>x", Format::Junit, "outside of the root");
    says("<testsuite></testsuites>", Format::Junit, "not well-formed");
    says("<html/>", Format::Junit, "root element is <html>");
    says(
        "<coverage generated=\"1\"/>",
        Format::Cobertura,
        "no Cobertura report",
    );
    says("SF:a\nDA:1,1\n", Format::Lcov, "no end_of_record");
    says("TN:\n", Format::Lcov, "no file begins");
    says("DA:1,1\n", Format::Lcov, "outside of a file");
    says("{\"benchmarks\":[]}", Format::Plain, "no benchmarks");
    says(
        "{\"benchmarks\":[{\"name\":\"a\",\"samples\":[]}]}",
        Format::Plain,
        "no measurements",
    );
    says(
        "{\"benchmarks\":[{\"name\":\"a\",\"mean\":1}]}",
        Format::Plain,
        "mean and n",
    );
    says(
        "{\"benchmarks\":[{\"name\":\"a\",\"mean\":1,\"n\":0}]}",
        Format::Plain,
        "mean and n",
    );
    says(
        "{\"benchmarks\":[{\"name\":\"a\",\"mean\":1,\"n\":2,\"min\":3}]}",
        Format::Plain,
        "outside of min and max",
    );
    says(
        "{\"benchmarks\":[{\"name\":\"a\",\"sample\":[1]}]}",
        Format::Plain,
        "unknown field `sample`",
    );
    says(
        "{\"benchmarks\":[{\"name\":\"a\",\"unit\":\"h\",\"samples\":[1]}]}",
        Format::Plain,
        "unit \"h\"",
    );
    says(
        "{\"benchmarks\":[{\"name\":\"a\",\"samples\":[1]},{\"name\":\"a\",\"samples\":[1]}]}",
        Format::Plain,
        "stands twice",
    );
    says(
        "{\"mean\":{},\"std_dev\":{}}",
        Format::Criterion,
        "its benchmark.json comes first",
    );
    says(
        "{\"full_id\":\"a\"}",
        Format::Criterion,
        "sample.json is missing",
    );
    says(
        "\n{\"full_id\":\"a\"}\n{\"x\":1}",
        Format::Criterion,
        "line 3, column 1",
    );
    says(
        "{\"reason\":\"benchmark-complete\"}",
        Format::Criterion,
        "needs id",
    );
    for unknown in ["hello", "{\"a\":1}", "<html/>", "[1]", "\u{1F980}"] {
        assert!(detect(unknown.as_bytes()).is_err(), "{unknown}");
    }
}

#[test]
fn plain_benchmarks_are_read_in_their_unit() {
    let text = r#"{"benchmarks": [
        {"name": "search", "unit": "ms", "samples": [12, 11.5, 12.5]},
        {"name": "insert", "unit": "us", "n": 200, "mean": 81.5, "stddev": 4.2, "median": 80.9, "min": 75.0, "max": 99.1}]}"#;
    let Ok((Format::Plain, Report::Benchmarks(found))) = read(text.as_bytes(), None) else {
        panic!("readable benchmarks");
    };
    let [search, insert] = found.benchmarks.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        (search.n, search.mean, search.median),
        (3, 0.012, Some(0.012))
    );
    assert_eq!((insert.n, insert.samples.len()), (200, 0));
    assert!((insert.mean - 81.5e-6).abs() < 1e-18);
    assert!((insert.stddev.unwrap() - 4.2e-6).abs() < 1e-18);
}

#[test]
fn records_of_several_tests_add_up_line_by_line() {
    let text = "TN:one\nSF:./a\\b.c\nDA:1,0\nDA:2,1\nBRDA:1,0,0,-\nend_of_record\nTN:two\nSF:a/b.c\nDA:1,1,hash\nDA:2,0\nDA:3,0\nBRDA:1,0,0,2\nend_of_record\nSF:c\nLF:4\nLH:9\nend_of_record\n";
    let Ok((_, Report::Coverage(found))) = read(text.as_bytes(), None) else {
        panic!("readable coverage");
    };
    assert_eq!(found.files.len(), 2);
    let [first, second] = found.files.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        (first.path.as_str(), first.lines.covered, first.lines.total),
        ("a/b.c", 2, 3)
    );
    assert_eq!(first.branches.map(|b| (b.covered, b.total)), Some((1, 1)));
    assert_eq!((second.lines.covered, second.lines.total), (4, 4));
    assert_eq!(found.under("a").map(|(lines, _)| lines.total), Some(3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for format in Format::ALL {
            let _ = read(&bytes, Some(format));
        }
        let _ = read(&bytes, None);
    }

    /// One byte of a sample changed.
    #[test]
    fn a_changed_sample_is_answered(file in 0..16_usize, place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = std::fs::read(&samples()[file]).unwrap();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok((_, Report::Benchmarks(found))) = read(&bytes, None) {
            for benchmark in found.benchmarks {
                prop_assert!(benchmark.n >= 1 && benchmark.mean.is_finite() && benchmark.mean >= 0.0);
                let spread = benchmark.stddev.unwrap_or(0.0);
                prop_assert!(spread.is_finite() && spread >= 0.0);
            }
        }
    }
}
