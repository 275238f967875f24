//! Instants as a person reads them. The server writes UTC; a browser rewrites them only when its user asks for a zone.

use domain::Timestamp;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// `2 min ago`, and after a week the date.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let ago = now.since(at);
    match ago {
        i64::MIN..MINUTE if ago > -MINUTE => "just now".to_owned(),
        i64::MIN..0 => utc_minute(at),
        0..HOUR => format!("{} min ago", ago / MINUTE),
        HOUR..DAY => format!("{} h ago", ago / HOUR),
        _ if ago < 2 * DAY => "yesterday".to_owned(),
        _ if ago < 7 * DAY => format!("{} days ago", ago / DAY),
        _ => date(at),
    }
}

/// `2026-11-22 14:02:11 UTC`.
pub fn utc_second(at: Timestamp) -> String {
    format!("{} {} UTC", date(at), clock(at))
}

/// `2026-11-22 14:02:11.204 UTC`.
pub fn utc_precise(at: Timestamp) -> String {
    format!(
        "{} {}.{:03} UTC",
        date(at),
        clock(at),
        at.0.rem_euclid(SECOND)
    )
}

/// `2026-11-22 14:02 UTC`.
pub fn utc_minute(at: Timestamp) -> String {
    let clock = clock(at);
    format!("{} {} UTC", date(at), clock.get(..5).unwrap_or(&clock))
}

/// `14:02:11 UTC`.
pub fn utc_clock(at: Timestamp) -> String {
    format!("{} UTC", clock(at))
}

/// `2026-11-22T14:02:11.204Z`, for `datetime`.
pub fn machine(at: Timestamp) -> String {
    format!("{}T{}.{:03}Z", date(at), clock(at), at.0.rem_euclid(SECOND))
}

fn clock(at: Timestamp) -> String {
    let within = at.0.rem_euclid(DAY);
    format!(
        "{:02}:{:02}:{:02}",
        within / HOUR,
        within % HOUR / MINUTE,
        within % MINUTE / SECOND
    )
}

/// `2026-11-22`. The arithmetic is Howard Hinnant's `civil_from_days`; a calendar crate would weigh more in the browser
/// than this page of it.
pub fn date(at: Timestamp) -> String {
    let days = at.0.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_read_as_the_calendar_says() {
        for milliseconds in [
            0,
            951_782_400_000,
            1_795_356_131_204,
            4_102_444_799_999,
            -1,
            1_709_164_800_000,
        ] {
            let at = Timestamp(milliseconds);
            assert_eq!(machine(at), at.rfc3339());
        }
        assert_eq!(
            utc_minute(Timestamp(1_795_356_131_204)),
            "2026-11-22 14:02 UTC"
        );
        assert_eq!(
            utc_precise(Timestamp(1_795_356_131_204)),
            "2026-11-22 14:02:11.204 UTC"
        );
    }

    #[test]
    fn the_past_is_told_by_its_distance() {
        let now = Timestamp(1_795_356_131_204);
        let told = |ago: i64| relative(now.plus(-ago), now);
        assert_eq!(told(0), "just now");
        assert_eq!(told(59_999), "just now");
        assert_eq!(told(MINUTE), "1 min ago");
        assert_eq!(told(HOUR), "1 h ago");
        assert_eq!(told(DAY), "yesterday");
        assert_eq!(told(3 * DAY), "3 days ago");
        assert_eq!(told(7 * DAY), "2026-11-15");
        assert_eq!(told(-HOUR), "2026-11-22 15:02 UTC");
    }
}
