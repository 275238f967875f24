//! Coverage from Cobertura XML, LCOV and coverage.py's JSON: how many lines and branches tests reach, file by file.

pub(crate) mod cobertura;
pub(crate) mod coverage_py;
pub(crate) mod lcov;
mod paths;

use serde::{Deserialize, Serialize};

use crate::unreadable::{Position, Unreadable};

/// Files of one report at most.
pub const MAX_FILES: usize = 50_000;
/// Lines of all files of one report at most.
pub const MAX_LINES: usize = 5_000_000;
/// Longest path, in bytes.
pub const MAX_PATH: usize = 4_096;
/// Folders that a report says its paths are in, at most.
pub const MAX_SOURCES: usize = 100;

/// What tests reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Lines of all files.
    pub lines: Counts,
    /// Branches of all files; none where the tool did not look at them.
    pub branches: Option<Counts>,
    /// Folders that the files' paths may begin at, as the tool says.
    pub sources: Vec<String>,
    /// Every file, by path. Empty when the report has totals alone.
    pub files: Vec<FileCoverage>,
}

/// What tests reach of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCoverage {
    /// As the tool writes it, with `/` between folders.
    pub path: String,
    /// Its lines.
    pub lines: Counts,
    /// Its branches; none where the tool did not look at them.
    pub branches: Option<Counts>,
}

/// Some of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// How many were reached.
    pub covered: u64,
    /// How many there are; never fewer.
    pub total: u64,
}

impl Counts {
    /// The share that was reached in hundredths of a percent, rounded down: what is under a limit never shows as at it.
    /// None when there is nothing to reach.
    pub fn basis_points(self) -> Option<u32> {
        let share = u128::from(self.covered) * 10_000;
        let share = share.checked_div(u128::from(self.total))?;
        u32::try_from(share).ok()
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            covered: self.covered.saturating_add(other.covered),
            total: self.total.saturating_add(other.total),
        }
    }

    fn count(&mut self, is_covered: bool) {
        self.total += 1;
        self.covered += u64::from(is_covered);
    }
}

impl Coverage {
    /// Lines, and branches where they were looked at, of the files at or under a path: a folder, a file, or a module's
    /// name with dots. None when no file is there.
    ///
    /// Reports and plans begin their paths at different folders, so the path may stand anywhere in a file's path, or in
    /// the path under one of the `sources`, but only as whole names: `shop/cart` finds `src/shop/cart/total.py` and
    /// `shop/cart.py`, not `shop/carts.py`. Files whose own path has it go before those whose folder has it; the folder
    /// itself stands for all its files.
    pub fn under(&self, path: &str) -> Option<(Counts, Option<Counts>)> {
        let wanted = paths::Wanted::new(path)?;
        paths::How::ALL.into_iter().find_map(|how| {
            let files = self
                .files
                .iter()
                .filter(|file| wanted.is_in(&self.sources, &file.path, how));
            sum(files)
        })
    }

    /// A report from its files; each path stands once.
    fn of_files(files: Vec<FileCoverage>, sources: Vec<String>) -> Self {
        let (lines, branches) = sum(&files).unwrap_or_default();
        Self {
            lines,
            branches,
            sources,
            files,
        }
    }
}

/// Lines and branches of all these files; none of no file.
fn sum<'a>(files: impl IntoIterator<Item = &'a FileCoverage>) -> Option<(Counts, Option<Counts>)> {
    files.into_iter().fold(None, |sum, file| {
        let (lines, branches) = sum.unwrap_or_default();
        Some((lines.plus(file.lines), together(branches, file.branches)))
    })
}

fn together(one: Option<Counts>, other: Option<Counts>) -> Option<Counts> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.plus(other)),
        (one, other) => one.or(other),
    }
}

/// A path as it is kept.
fn path(written: &str, at: Option<Position>) -> Result<String, Unreadable> {
    let place = |error: Unreadable| match at {
        Some(at) => error.at(at),
        None => error,
    };
    if written.len() > MAX_PATH {
        return Err(place(Unreadable::too_many(format!(
            "a path has {} bytes, at most {MAX_PATH} are read",
            written.len()
        ))));
    }
    let plain = written.trim().replace('\\', "/");
    let plain = plain.strip_prefix("./").unwrap_or(&plain);
    if plain.is_empty() || plain.chars().any(char::is_control) {
        return Err(place(Unreadable::value(
            "a file has no path, or one with control characters: every file of a report needs one",
        )));
    }
    Ok(plain.to_owned())
}

fn too_many_files() -> Unreadable {
    Unreadable::too_many(format!(
        "there are more than {MAX_FILES} files: send the report in parts, or leave out what is not yours"
    ))
}

fn too_many_lines() -> Unreadable {
    Unreadable::too_many(format!(
        "there are more than {MAX_LINES} lines: send the report in parts, or leave out what is not yours"
    ))
}
