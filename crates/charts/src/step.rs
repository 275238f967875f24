//! A value that holds until the next: clipped to a range, thinned to what can be seen.

/// A value that holds from an instant on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Milliseconds UTC.
    pub at_ms: i64,
    pub value: f64,
}

/// The levels that can be seen between `from_ms` and `to_ms`: the one that held at the start begins there.
///
/// Levels need not be in order; of those at the same instant the last one given holds.
pub fn clip(levels: impl IntoIterator<Item = Level>, from_ms: i64, to_ms: i64) -> Vec<Level> {
    let mut levels: Vec<Level> = levels
        .into_iter()
        .filter(|level| level.at_ms <= to_ms)
        .collect();
    levels.sort_by_key(|level| level.at_ms);
    let held = levels.partition_point(|level| level.at_ms <= from_ms);
    let mut seen = levels.split_off(held);
    if let Some(level) = levels.last() {
        let at_start = Level {
            at_ms: from_ms,
            ..*level
        };
        seen.insert(0, at_start);
    }
    seen
}

/// The vertices of the line of steps up to `end_ms`.
///
/// Of levels that share a column of the picture (`column` gives an instant's), only the lowest, the highest and the
/// last are kept: a vertical stroke as long as all of them together. So the drawing is bounded by its width, however
/// much happened, and no peak is lost.
pub fn vertices(levels: &[Level], end_ms: i64, column: impl Fn(i64) -> i32) -> Vec<(i64, f64)> {
    let mut vertices: Vec<(i64, f64)> = Vec::new();
    for together in levels.chunk_by(|a, b| column(a.at_ms) == column(b.at_ms)) {
        let (Some(first), Some(last)) = (together.first(), together.last()) else {
            continue;
        };
        let at = first.at_ms;
        let lowest = together.iter().map(|l| l.value).fold(f64::MAX, f64::min);
        let highest = together.iter().map(|l| l.value).fold(f64::MIN, f64::max);
        let before = vertices.last().map(|(_, value)| *value);
        for value in before.into_iter().chain([lowest, highest, last.value]) {
            if vertices.last() != Some(&(at, value)) {
                vertices.push((at, value));
            }
        }
    }
    if let Some(&(at, value)) = vertices.last()
        && at < end_ms
    {
        vertices.push((end_ms, value));
    }
    vertices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(at_ms: i64, value: f64) -> Level {
        Level { at_ms, value }
    }

    #[test]
    fn what_held_at_the_start_begins_there_and_the_future_is_left_out() {
        let all = [level(60, 3.0), level(5, 1.0), level(8, 2.0), level(20, 4.0)];
        assert_eq!(clip(all, 10, 50), [level(10, 2.0), level(20, 4.0)]);
        assert_eq!(clip(all, 20, 50), [level(20, 4.0)]);
        assert_eq!(clip(all, 0, 4), []);
    }

    #[test]
    fn a_level_holds_until_the_next() {
        let steps = vertices(&[level(0, 1.0), level(10, 5.0)], 20, |at| {
            i32::try_from(at).unwrap()
        });
        assert_eq!(steps, [(0, 1.0), (10, 1.0), (10, 5.0), (20, 5.0)]);
    }

    #[test]
    fn a_column_keeps_its_peak_and_where_it_ends() {
        let many = [
            level(0, 1.0),
            level(100, 2.0),
            level(101, 9.0),
            level(102, 0.5),
            level(103, 3.0),
        ];
        let steps = vertices(&many, 200, |at| i32::try_from(at / 50).unwrap());
        let expected = [
            (0, 1.0),
            (100, 1.0),
            (100, 0.5),
            (100, 9.0),
            (100, 3.0),
            (200, 3.0),
        ];
        assert_eq!(steps, expected);
    }
}
