//! Cobertura XML, as coverage.py, gcovr, Istanbul, coverlet, cargo-llvm-cov and others write it.
//!
//! Lines are those of classes; the same lines stand in methods once more and are counted once. Where a file is split over
//! several classes, a line is covered when it is in any of them.

use std::collections::BTreeMap;

use super::{Counts, Coverage, FileCoverage, MAX_FILES, MAX_LINES, MAX_SOURCES};
use super::{path, too_many_files, too_many_lines};
use crate::text::{excerpt, first_bytes};
use crate::unreadable::Unreadable;
use crate::xml::{Doctype, Element, Node, Xml};

/// A line that was seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    number: u64,
    is_covered: bool,
    branches: Counts32,
}

/// Branches of one line.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Counts32 {
    total: u32,
    covered: u32,
}

pub(crate) fn read(text: &str) -> Result<Coverage, Unreadable> {
    let mut xml = Xml::new(text, Doctype::Named);
    let mut reader = Reader::default();
    loop {
        match xml.next()? {
            Node::Start(element) => reader.begin(&element)?,
            Node::Text(text) => {
                if let Some(source) = &mut reader.source {
                    let room = super::MAX_PATH.saturating_sub(source.len());
                    source.push_str(first_bytes(&text, room));
                }
            }
            Node::End => reader.end(),
            Node::Eof => break,
        }
    }
    Ok(reader.finish())
}

#[derive(Default)]
struct Reader {
    depth: usize,
    totals: Coverage,
    /// Whether branches were looked at anywhere.
    has_branches: bool,
    sources: Vec<String>,
    source: Option<String>,
    files: BTreeMap<String, Vec<Line>>,
    file: Option<String>,
    /// The depth of the element `methods` that is open.
    methods: Option<usize>,
    lines: usize,
}

impl Reader {
    fn begin(&mut self, element: &Element<'_>) -> Result<(), Unreadable> {
        self.depth += 1;
        match element.name() {
            "coverage" if self.depth == 1 => self.root(element)?,
            name if self.depth == 1 => {
                let name = excerpt(name, 40);
                return Err(Unreadable::wrong_format(format!(
                    "the root element is <{name}>: a Cobertura report begins with <coverage>"
                ))
                .at(element.place()));
            }
            "source" if self.sources.len() < MAX_SOURCES => self.source = Some(String::new()),
            "class" => {
                let file = element.get("filename")?.unwrap_or_default();
                let file = path(&file, None).map_err(|error| error.at(element.place()))?;
                if self.files.len() == MAX_FILES && !self.files.contains_key(&file) {
                    return Err(too_many_files().at(element.place()));
                }
                self.files.entry(file.clone()).or_default();
                self.file = Some(file);
            }
            "methods" if self.methods.is_none() => self.methods = Some(self.depth),
            "line" if self.methods.is_none() => self.line(element)?,
            _ => {}
        }
        Ok(())
    }

    fn root(&mut self, element: &Element<'_>) -> Result<(), Unreadable> {
        // Clover reports have the same root element.
        if element.get("line-rate")?.is_none() && element.get("lines-valid")?.is_none() {
            return Err(Unreadable::wrong_format(
                "<coverage> has neither line-rate nor lines-valid: this is no Cobertura report",
            )
            .at(element.place()));
        }
        let counts = |covered: &str, total: &str| -> Result<Option<Counts>, Unreadable> {
            let (covered, total) = (element.count(covered)?, element.count(total)?);
            let (Some(covered), Some(total)) = (covered, total) else {
                return Ok(None);
            };
            if covered > total {
                return Err(Unreadable::value(format!(
                    "{covered} of {total} are covered: that cannot be"
                ))
                .at(element.place()));
            }
            Ok(Some(Counts { covered, total }))
        };
        self.totals.lines = counts("lines-covered", "lines-valid")?.unwrap_or_default();
        self.totals.branches =
            counts("branches-covered", "branches-valid")?.filter(|branches| branches.total > 0);
        Ok(())
    }

    fn line(&mut self, element: &Element<'_>) -> Result<(), Unreadable> {
        let Some(lines) = self.file.as_ref().and_then(|file| self.files.get_mut(file)) else {
            return Ok(());
        };
        self.lines += 1;
        if self.lines > MAX_LINES {
            return Err(too_many_lines().at(element.place()));
        }
        let (Some(number), Some(hits)) = (element.count("number")?, element.count("hits")?) else {
            return Err(Unreadable::value("a line needs number and hits").at(element.place()));
        };
        let branches = match element.get("condition-coverage")? {
            Some(written) => {
                self.has_branches = true;
                conditions(&written).ok_or_else(|| {
                    let written = excerpt(&written, 40);
                    Unreadable::value(format!(
                        "condition-coverage=\"{written}\" is not of the form \"50% (1/2)\""
                    ))
                    .at(element.place())
                })?
            }
            None => Counts32::default(),
        };
        lines.push(Line {
            number,
            is_covered: hits > 0,
            branches,
        });
        Ok(())
    }

    fn end(&mut self) {
        if self.methods == Some(self.depth) {
            self.methods = None;
        }
        self.depth = self.depth.saturating_sub(1);
        if let Some(source) = self.source.take() {
            let source = source.trim();
            if !source.is_empty() {
                self.sources.push(source.to_owned());
            }
        }
    }

    fn finish(self) -> Coverage {
        if self.lines == 0 {
            return Coverage {
                sources: self.sources,
                ..self.totals
            };
        }
        let has_branches = self.has_branches;
        let files = self
            .files
            .into_iter()
            .map(|(path, lines)| file(path, lines, has_branches))
            .collect();
        Coverage::of_files(files, self.sources)
    }
}

fn file(path: String, mut seen: Vec<Line>, has_branches: bool) -> FileCoverage {
    // Of the same line, what was reached and has the most branches comes last, and stays.
    seen.sort_unstable();
    let (mut lines, mut branches) = (Counts::default(), Counts::default());
    for same in seen.chunk_by(|one, other| one.number == other.number) {
        lines.count(same.iter().any(|line| line.is_covered));
        let best = same.iter().map(|line| line.branches).max();
        if let Some(best) = best {
            branches.total += u64::from(best.total);
            branches.covered += u64::from(best.covered);
        }
    }
    FileCoverage {
        path,
        lines,
        branches: has_branches.then_some(branches),
    }
}

/// `50% (1/2)`.
fn conditions(written: &str) -> Option<Counts32> {
    let (_, counts) = written.split_once('(')?;
    let (covered, total) = counts.strip_suffix(')')?.split_once('/')?;
    let (covered, total) = (covered.trim().parse().ok()?, total.trim().parse().ok()?);
    (covered <= total).then_some(Counts32 { total, covered })
}
