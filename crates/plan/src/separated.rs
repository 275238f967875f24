//! Modules from text with separators: comma, semicolon or tab.

use crate::rows::{
    LineError, MAX_ERRORS, MAX_ROWS, ModuleInput, ModuleRow, check_modules, clamp, readable,
};

/// Reads modules from CSV: a header with `key` and any of `name`, `phase`, `owner`, `old_path`, `new_path` in any
/// order; separated by commas, semicolons or tabs; cells may be quoted.
///
/// # Errors
/// Every error of the file, by line (the first hundred). No row is returned then.
pub fn parse_modules_csv(bytes: &[u8]) -> Result<Vec<ModuleRow>, Vec<LineError>> {
    // One kind of line end, so that lines are counted as editors do.
    let text = readable(bytes)?.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&text))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let header = match records.next() {
        Some(Ok(record)) => record,
        Some(Err(error)) => return Err(vec![LineError::new(1, None, error.to_string())]),
        None => {
            return Err(vec![LineError::new(
                1,
                None,
                "the file is empty: its first line names the columns, such as key,name,phase,owner,old_path,new_path",
            )]);
        }
    };
    let columns = Columns::read(&header)?;
    let (mut inputs, mut errors) = (Vec::new(), Vec::new());
    for record in records {
        match record {
            Ok(record) => match columns.input(&record) {
                Ok(input) => inputs.push(input),
                Err(error) => errors.push(error),
            },
            Err(error) => {
                let line = error.position().map_or(0, |at| clamp(at.line()));
                errors.push(LineError::new(line, None, error.to_string()));
            }
        }
        if errors.len() >= MAX_ERRORS || inputs.len() > MAX_ROWS {
            break;
        }
    }
    match check_modules(inputs) {
        Ok(rows) if errors.is_empty() => Ok(rows),
        Ok(_) => Err(errors),
        Err(mut more) => {
            more.append(&mut errors);
            more.sort_by_key(|error| error.line);
            more.truncate(MAX_ERRORS);
            Err(more)
        }
    }
}

/// Which column holds what.
struct Columns {
    key: usize,
    others: [Option<usize>; 5],
    count: usize,
}

const OTHER_COLUMNS: [&str; 5] = ["name", "phase", "owner", "old_path", "new_path"];

impl Columns {
    fn read(header: &csv::StringRecord) -> Result<Self, Vec<LineError>> {
        let mut columns = Self {
            key: usize::MAX,
            others: [None; 5],
            count: header.len(),
        };
        let mut errors = Vec::new();
        let mut fail =
            |name: &str, message: &str| errors.push(LineError::new(1, Some(name), message));
        for (at, name) in header.iter().enumerate() {
            let plain = name.to_lowercase().replace([' ', '-'], "_");
            let known = OTHER_COLUMNS.iter().position(|&other| other == plain);
            let slot = known.and_then(|place| columns.others.get_mut(place));
            match slot {
                None if plain == "key" && columns.key == usize::MAX => columns.key = at,
                Some(slot) if slot.is_none() => *slot = Some(at),
                None if plain != "key" => {
                    fail(
                        name,
                        "unknown column: the columns are key, name, phase, owner, old_path and new_path",
                    );
                }
                _ => fail(name, "this column stands twice: keep one"),
            }
        }
        if columns.key == usize::MAX {
            fail(
                "key",
                "the column is missing: the first line names the columns, and key is one of them",
            );
        }
        if errors.is_empty() {
            Ok(columns)
        } else {
            Err(errors)
        }
    }

    fn input(&self, record: &csv::StringRecord) -> Result<ModuleInput, LineError> {
        let line = record.position().map_or(0, |at| clamp(at.line()));
        if record.len() != self.count {
            let message = format!(
                "{} cells where the header names {}: quote cells that hold the separator",
                record.len(),
                self.count
            );
            return Err(LineError::new(line, None, message));
        }
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).map(str::to_owned);
        let [name, phase, owner, old_path, new_path] = self.others.map(cell);
        Ok(ModuleInput {
            key: cell(Some(self.key)).unwrap_or_default(),
            name,
            phase,
            owner,
            old_path,
            new_path,
            line,
        })
    }
}

/// The separator that stands most often in the header; a comma when none does.
fn delimiter(text: &str) -> u8 {
    let header = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let count = |separator: u8| header.bytes().filter(|&b| b == separator).count();
    [b';', b'\t']
        .into_iter()
        .filter(|&s| count(s) > count(b','))
        .max_by_key(|&s| count(s))
        .unwrap_or(b',')
}
