//! Whether a file lies at or under a path that somebody else wrote.

/// How surely a file lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Its own path says it.
    ByItself,
    /// Its path under one of the report's folders says it.
    UnderSource,
    /// The path is that of the report's only folder, which holds every file.
    IsSource,
}

impl How {
    /// The surest first.
    pub(super) const ALL: [Self; 3] = [Self::ByItself, Self::UnderSource, Self::IsSource];
}

/// A path as whole names.
pub(super) struct Wanted<'a> {
    /// As written, parted at `/`.
    names: Vec<&'a str>,
    /// Parted at dots, for a module's name such as `shop.cart`.
    dotted: Vec<&'a str>,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(path: &'a str) -> Option<Self> {
        let names: Vec<&str> = parts(path).collect();
        let dotted = match names.as_slice() {
            [] => return None,
            [name] if name.contains('.') => {
                name.split('.').filter(|part| !part.is_empty()).collect()
            }
            _ => Vec::new(),
        };
        Some(Self { names, dotted })
    }

    /// Whether the file is there, as surely as is asked for.
    pub(super) fn is_in(&self, sources: &[String], file: &str, how: How) -> bool {
        match how {
            How::ByItself => {
                let file: Vec<&str> = parts(file).collect();
                self.stands_in(&file, 0)
            }
            How::UnderSource => sources.iter().any(|source| {
                let folder = parts(source).count();
                let path: Vec<&str> = parts(source).chain(parts(file)).collect();
                self.stands_in(&path, folder)
            }),
            How::IsSource => match sources {
                [source] => {
                    let source: Vec<&str> = parts(source).collect();
                    source.ends_with(&self.names)
                        || (!self.dotted.is_empty() && source.ends_with(&self.dotted))
                }
                _ => false,
            },
        }
    }

    fn stands_in(&self, path: &[&str], beyond: usize) -> bool {
        stands_in(&self.names, path, beyond) || stands_in(&self.dotted, path, beyond)
    }
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split(['/', '\\'])
        .filter(|part| !part.is_empty() && *part != ".")
}

/// Whether the names stand in the path one after the other and end beyond its first names; the path's last name may stand
/// without its ending.
fn stands_in(names: &[&str], path: &[&str], beyond: usize) -> bool {
    let Some((file, _)) = path.split_last() else {
        return false;
    };
    let stem = file.rsplit_once('.').map_or(*file, |(stem, _)| stem);
    let Some((last, before)) = names.split_last() else {
        return false;
    };
    path.windows(names.len()).enumerate().any(|(at, window)| {
        let end = at + names.len();
        let is_file = end == path.len();
        window.split_last().is_some_and(|(found, folders)| {
            end > beyond && folders == before && (found == last || (is_file && *last == stem))
        })
    })
}
