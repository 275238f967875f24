//! LCOV tracefiles, as lcov, coverage.py, cargo-llvm-cov, Istanbul and others write them.
//!
//! Read are `SF` (a file begins), `DA` (a line and how often it ran), `LF`/`LH` (totals, where no `DA` stands), `BRDA` (a
//! branch and how often it was taken, `-` for never reached), `BRF`/`BRH` and `end_of_record`; of `BRDA` only the line and the
//! count, since writers disagree about the rest. What else there is in a tracefile (functions, versions, conditions) is
//! passed over. A file may have several records, of several tests: a line is covered when any of them ran it.

use std::collections::BTreeMap;

use super::{Counts, Coverage, FileCoverage, MAX_FILES, MAX_LINES};
use super::{path, too_many_files, too_many_lines};
use crate::text::excerpt;
use crate::unreadable::{Position, Unreadable, clamp};

/// All records of one file.
#[derive(Default)]
struct Records {
    /// Line and whether it ran.
    lines: Vec<(u64, bool)>,
    /// The branch as written, and whether it was taken.
    branches: Vec<(String, bool)>,
    /// Totals of a record, for a file without lines.
    lines_found: Counts,
    branches_found: Counts,
}

pub(crate) fn read(text: &str) -> Result<Coverage, Unreadable> {
    let mut files: BTreeMap<String, Records> = BTreeMap::new();
    let (mut open, mut entries) = (None::<String>, 0_usize);
    let mut ended = true;
    for (number, line) in text.lines().enumerate() {
        let place = |error: Unreadable| {
            error.at(Position {
                line: clamp(number).saturating_add(1),
                column: 1,
            })
        };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == "end_of_record" {
            (open, ended) = (None, true);
            continue;
        }
        let Some((kind, rest)) = line.split_once(':') else {
            let line = excerpt(line, 40);
            return Err(place(Unreadable::new(
                crate::Problem::Syntax,
                format!(
                    "{line:?} is no record of LCOV, such as DA:12,1: send the tracefile as the tool wrote it"
                ),
            )));
        };
        if kind == "SF" {
            let path = path(rest, None).map_err(place)?;
            if files.len() == MAX_FILES && !files.contains_key(&path) {
                return Err(place(too_many_files()));
            }
            files.entry(path.clone()).or_default();
            (open, ended) = (Some(path), false);
            continue;
        }
        entries += 1;
        if entries > MAX_LINES {
            return Err(place(too_many_lines()));
        }
        let Some(records) = open.as_ref().and_then(|path| files.get_mut(path)) else {
            if matches!(kind, "DA" | "BRDA" | "LF" | "LH" | "BRF" | "BRH") {
                return Err(place(Unreadable::value(
                    "this stands outside of a file: a line SF:path comes first",
                )));
            }
            continue;
        };
        records.take(kind, rest).map_err(place)?;
    }
    if files.is_empty() {
        return Err(Unreadable::wrong_format(
            "no file begins here (SF:path): this is no LCOV tracefile, or nothing was measured",
        ));
    }
    if !ended {
        return Err(Unreadable::new(
            crate::Problem::Syntax,
            "the last file has no end_of_record: send the whole tracefile",
        ));
    }
    let has_branches = files
        .values()
        .any(|file| !file.branches.is_empty() || file.branches_found.total > 0);
    let files = files
        .into_iter()
        .map(|(path, records)| records.finish(path, has_branches))
        .collect();
    Ok(Coverage::of_files(files, Vec::new()))
}

impl Records {
    fn take(&mut self, kind: &str, rest: &str) -> Result<(), Unreadable> {
        let malformed = || {
            let rest = excerpt(rest, 40);
            Unreadable::value(format!("{kind}:{rest} cannot be read as numbers"))
        };
        match kind {
            "DA" => {
                let mut fields = rest.split(',');
                let line = fields.next().and_then(|line| line.trim().parse().ok());
                let count = fields.next().and_then(is_above_zero);
                let (Some(line), Some(ran)) = (line, count) else {
                    return Err(malformed());
                };
                self.lines.push((line, ran));
            }
            "BRDA" => {
                let (branch, taken) = rest.rsplit_once(',').ok_or_else(malformed)?;
                let line = branch.split(',').next().unwrap_or_default();
                if line.trim().parse::<u64>().is_err() || branch.len() > super::MAX_PATH {
                    return Err(malformed());
                }
                let taken = taken.trim();
                let was_taken = if taken == "-" {
                    false
                } else {
                    is_above_zero(taken).ok_or_else(malformed)?
                };
                self.branches.push((branch.to_owned(), was_taken));
            }
            "LF" | "LH" | "BRF" | "BRH" => {
                let count: u64 = rest.trim().parse().map_err(|_| malformed())?;
                let found = match kind {
                    "LF" => &mut self.lines_found.total,
                    "LH" => &mut self.lines_found.covered,
                    "BRF" => &mut self.branches_found.total,
                    _ => &mut self.branches_found.covered,
                };
                // Of several records, the one that reaches the most.
                *found = count.max(*found);
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(mut self, path: String, has_branches: bool) -> FileCoverage {
        let lines = if self.lines.is_empty() {
            bounded(self.lines_found)
        } else {
            any_of(&mut self.lines)
        };
        let branches = if self.branches.is_empty() {
            bounded(self.branches_found)
        } else {
            any_of(&mut self.branches)
        };
        FileCoverage {
            path,
            lines,
            branches: has_branches.then_some(branches),
        }
    }
}

/// Whether a count is above zero. Counts may be written as floating-point numbers, and be negative after an overflow.
fn is_above_zero(written: &str) -> Option<bool> {
    let count: f64 = written.trim().parse().ok()?;
    count.is_finite().then_some(count > 0.0)
}

fn bounded(counts: Counts) -> Counts {
    Counts {
        covered: counts.covered.min(counts.total),
        ..counts
    }
}

/// Each thing once, reached when it was in any of its records.
fn any_of<T: Ord>(seen: &mut [(T, bool)]) -> Counts {
    seen.sort_unstable();
    let mut counts = Counts::default();
    for same in seen.chunk_by(|(one, _), (other, _)| one == other) {
        counts.count(same.iter().any(|(_, is_covered)| *is_covered));
    }
    counts
}
