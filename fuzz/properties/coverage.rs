//! Whatever is sent as coverage, what is read of it adds up, and what is not read is refused in words.

use evidence::{Counts, Coverage, Format, Report, Unreadable, read};

/// What must hold of every input, in whatever format.
pub fn holds(input: &[u8]) {
    for format in [Format::Cobertura, Format::Lcov, Format::CoveragePy] {
        match answered(read(input, Some(format))) {
            Some((found, Report::Coverage(coverage))) => {
                assert_eq!(found, format);
                coverage_adds_up(&coverage, format);
            }
            None => {}
            other => panic!("{other:?}"),
        }
    }
    // What it is found to be is read as it would be if that were said.
    if let Some((found, report)) = answered(read(input, None)) {
        assert_eq!(read(input, Some(found)), Ok((found, report)));
    }
}

fn coverage_adds_up(coverage: &Coverage, format: Format) {
    let all = [Some(coverage.lines), coverage.branches];
    let files = coverage.files.iter();
    let each = files.flat_map(|file| [Some(file.lines), file.branches]);
    for counts in each.chain(all).flatten() {
        assert!(counts.covered <= counts.total);
        assert!(counts.basis_points().unwrap_or(0) <= 10_000);
    }
    let paths = coverage.files.array_windows();
    assert!(paths.into_iter().all(|[one, other]| one.path < other.path));
    // Only coverage.py writes its totals beside its files.
    if format != Format::CoveragePy && !coverage.files.is_empty() {
        let files = coverage.files.iter();
        let sum = files.fold(Counts::default(), |sum, file| sum.plus(file.lines));
        assert_eq!(sum, coverage.lines);
    }
    for file in &coverage.files {
        // A file is found under its own path, unless that is made of nothing but separators and dots.
        let names = file
            .path
            .split('/')
            .any(|name| !name.is_empty() && name != ".");
        assert_eq!(coverage.under(&file.path).is_some(), names, "{}", file.path);
    }
}

fn answered<T>(read: Result<T, Unreadable>) -> Option<T> {
    read.map_err(|error| {
        assert!(!error.message.is_empty() && error.message.len() < 8_192);
        if let Some(at) = error.at {
            assert!(at.line > 0 && at.column > 0);
        }
    })
    .ok()
}
