//! Numbers as they stand in sentences, and counts as real numbers.

/// A count as a real number; above 2^53 the nearest one.
pub(crate) fn real(count: u64) -> f64 {
    let low = u32::try_from(count & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// The least count that is not below the number; `None` when there is none that can be told.
pub(crate) fn count_reaching(number: f64) -> Option<u64> {
    if !number.is_finite() || number > 1e15 {
        return None;
    }
    first_count(0, 1 << 52, |count| real(count) >= number)
}

/// The first count in `from..=to` that holds, where all after one that holds do too.
pub(crate) fn first_count(from: u64, to: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    if from > to || !holds(to) {
        return None;
    }
    let (mut low, mut high) = (from, to);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}

/// `12,400`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 use`, `12,400 uses`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A share as a percentage: two decimals, more where it is so small that they would be zeros.
pub fn share(value: f64) -> String {
    percent_with(value * 100.0, decimals(value * 100.0))
}

/// A bound from above, rounded away from what it bounds, and never so that it reads like the limit beside it.
pub(crate) fn bound_above(value: f64, limit: f64) -> String {
    bound(value, limit, f64::ceil)
}

/// As [`bound_above`], from below.
pub(crate) fn bound_below(value: f64, limit: f64) -> String {
    bound(value, limit, f64::floor)
}

fn bound(value: f64, limit: f64, round: fn(f64) -> f64) -> String {
    let percent = value * 100.0;
    let least = decimals(percent);
    let apart = |places: &u32| {
        let scale = 10_f64.powi(i32::try_from(*places).unwrap_or(0));
        // What is written with fewer digits than it has must not jump to the next because of its last bit.
        let rounded = round((percent * scale * 1e6).round() / 1e6) / scale;
        let side = |number: f64| number.partial_cmp(&(limit * 100.0));
        (side(rounded) == side(percent)).then_some((rounded, *places))
    };
    let found = (least..=least + 4).find_map(|places| apart(&places));
    let (number, places) = found.unwrap_or((percent, least + 4));
    percent_with(number, places)
}

fn decimals(percent: f64) -> u32 {
    let size = percent.abs();
    [(0.1, 2), (0.01, 3), (0.001, 4)]
        .into_iter()
        .find_map(|(least, places)| (size >= least || size == 0.0).then_some(places))
        .unwrap_or(5)
}

fn percent_with(percent: f64, places: u32) -> String {
    let places = usize::try_from(places).unwrap_or(2);
    let text = format!("{percent:.places$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{} %", if text == "-0" { "0" } else { text })
}

/// How much longer (or shorter) something takes, from a ratio new : old: `3.2 % slower`, `1 % faster`.
pub(crate) fn slower(ratio: f64) -> String {
    let change = ratio - 1.0;
    let word = if change < 0.0 { "faster" } else { "slower" };
    format!("{} {word}", share(change.abs()))
}

/// Hours and minutes: `3 h`, `1 h 30 min`, `12 min`, from 3 days on `5 days 2 h`.
pub(crate) fn lasting(milliseconds: i64) -> String {
    const MINUTE: i64 = 60_000;
    let minutes = milliseconds.max(0) / MINUTE + i64::from(milliseconds.max(0) % MINUTE > 0);
    let (days, hours, rest) = (minutes / 1_440, minutes / 60, minutes % 60);
    match (days, hours, rest) {
        (days @ 3.., _, _) => match hours - days * 24 {
            0 => format!("{days} days"),
            hours => format!("{days} days {hours} h"),
        },
        (_, 0, minutes) => format!("{minutes} min"),
        (_, hours, 0) => format!("{hours} h"),
        (_, hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [0, 7, 999, 1_000, 12_400, 1_234_567].map(grouped),
            ["0", "7", "999", "1,000", "12,400", "1,234,567"]
        );
        let shares = [0.0, 0.01, 0.0031, 0.5, 0.000_31, 0.000_001, 1.0];
        assert_eq!(
            shares.map(share),
            [
                "0 %", "1 %", "0.31 %", "50 %", "0.031 %", "0.0001 %", "100 %"
            ]
        );
        assert_eq!(slower(1.032), "3.2 % slower");
        assert_eq!(slower(0.99), "1 % faster");
        let minutes = [0, 12, 60, 90, 48 * 60, 122 * 60, 72 * 60].map(|minutes| minutes * 60_000);
        assert_eq!(
            minutes.map(lasting),
            [
                "0 min",
                "12 min",
                "1 h",
                "1 h 30 min",
                "48 h",
                "5 days 2 h",
                "3 days"
            ]
        );
    }

    #[test]
    fn a_bound_never_reads_like_its_limit() {
        assert_eq!(bound_above(0.004_12, 0.01), "0.42 %");
        assert_eq!(bound_above(0.009_996, 0.01), "0.9996 %");
        assert_eq!(bound_below(0.010_001, 0.01), "1.0001 %");
        assert_eq!(bound_above(0.01, 0.01), "1 %");
        assert_eq!(bound_above(0.42 / 100.0, 0.01), "0.42 %");
    }

    #[test]
    fn counts_become_numbers_and_come_back() {
        for count in [0, 1, 4_294_967_295, 4_294_967_296, 1 << 52] {
            assert_eq!(
                count_reaching(real(count)),
                (count <= 1_000_000_000_000_000).then_some(count)
            );
        }
        assert_eq!(count_reaching(2994.2), Some(2995));
        assert_eq!(count_reaching(f64::NAN), None);
        assert_eq!(count_reaching(-3.0), Some(0));
        assert_eq!(first_count(3, 9, |_| false), None);
    }
}
