//! coverage.py's JSON report (`coverage json`).

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Counts, Coverage, FileCoverage, MAX_FILES, path};
use crate::json::{self, Entries};
use crate::text::excerpt;
use crate::unreadable::Unreadable;

#[derive(Deserialize)]
struct Report {
    files: Entries<File, MAX_FILES>,
    totals: Summary,
}

#[derive(Deserialize)]
struct File {
    summary: Summary,
}

#[derive(Clone, Copy, Deserialize)]
struct Summary {
    covered_lines: u64,
    num_statements: u64,
    covered_branches: Option<u64>,
    num_branches: Option<u64>,
}

impl Summary {
    fn counts(self, of: &str) -> Result<(Counts, Option<Counts>), Unreadable> {
        let lines = Counts {
            covered: self.covered_lines,
            total: self.num_statements,
        };
        let branches = match (self.covered_branches, self.num_branches) {
            (Some(covered), Some(total)) => Some(Counts { covered, total }),
            _ => None,
        };
        for counts in [Some(lines), branches].into_iter().flatten() {
            if counts.covered > counts.total {
                let of = excerpt(of, 200);
                return Err(Unreadable::value(format!(
                    "{of}: {} of {} are covered, which cannot be",
                    counts.covered, counts.total
                )));
            }
        }
        Ok((lines, branches))
    }
}

pub(crate) fn read(text: &str) -> Result<Coverage, Unreadable> {
    let report: Report = json::read(text)?;
    let (lines, branches) = report.totals.counts("totals")?;
    let mut seen = BTreeSet::new();
    let mut files = Vec::with_capacity(report.files.0.len());
    for (written, file) in report.files.0 {
        let path = path(&written, None)?;
        if !seen.insert(path.clone()) {
            let path = excerpt(&path, 200);
            return Err(Unreadable::value(format!(
                "{path} stands twice: write the report anew"
            )));
        }
        let (lines, branches) = file.summary.counts(&path)?;
        files.push(FileCoverage {
            path,
            lines,
            branches,
        });
    }
    files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(Coverage {
        lines,
        branches,
        sources: Vec::new(),
        files,
    })
}
