//! Flag states and counts as a person reads them.

use domain::read::{ModeCounts, TrackState};
use domain::{FlagState, Mode};

/// `old only`, `comparing`, `10 %`, `new only`.
pub fn state(state: FlagState) -> String {
    match state.mode() {
        Mode::GradualRollout => state.exposure().to_string(),
        mode => short(mode).to_owned(),
    }
}

/// A mode in a table: what callers do, in a word or two.
pub fn short(mode: Mode) -> &'static str {
    match mode {
        Mode::OldOnly => "old only",
        Mode::BothValidate => "comparing",
        Mode::GradualRollout => "ramping",
        Mode::NewOnly => "new only",
    }
}

/// What a mode does, for the form that sets it.
pub fn explained(mode: Mode) -> &'static str {
    match mode {
        Mode::OldOnly => "everybody gets old",
        Mode::BothValidate => "everybody gets old; new runs beside it and is compared",
        Mode::GradualRollout => "a share of subjects gets new",
        Mode::NewOnly => "everybody gets new",
    }
}

/// A track in words: what lies beneath a kill switch is said, too.
pub fn track(track: TrackState) -> String {
    if track.retired {
        return "retired".to_owned();
    }
    if track.killed {
        return format!("killed, {} beneath", state(track.state));
    }
    state(track.state)
}

/// `10 % on new, 90 % on old` and its like.
pub fn served(track: TrackState) -> String {
    if track.retired {
        return "New only, old code is gone".to_owned();
    }
    let beneath = match track.state.mode() {
        Mode::OldOnly => "Old only".to_owned(),
        Mode::BothValidate => "Old only, new compared".to_owned(),
        Mode::NewOnly => "New only".to_owned(),
        Mode::GradualRollout => {
            let points = track.state.exposure().basis_points();
            format!(
                "{} on new, {} on old",
                share(points),
                share(10_000 - points.min(10_000))
            )
        }
    };
    if track.killed {
        return format!(
            "Kill switch: everything on old. Beneath it: {}",
            lower_first(&beneath)
        );
    }
    beneath
}

/// Basis points as a percentage: `8.4 %`.
pub fn share(basis_points: u16) -> String {
    let (whole, rest) = (basis_points / 100, basis_points % 100);
    match (rest, rest % 10) {
        (0, _) => format!("{whole} %"),
        (_, 0) => format!("{whole}.{} %", rest / 10),
        _ => format!("{whole}.{rest:02} %"),
    }
}

/// A share of uses: `0.31 %`.
#[cfg(feature = "ssr")]
pub fn percent_of(part: u64, whole: u64) -> String {
    let tally = domain::evidence::Tally {
        uses: whole,
        errors: part,
    };
    tally
        .rate()
        .map_or_else(String::new, domain::evidence::figures::share)
}

/// `12,400`.
#[cfg(feature = "ssr")]
pub fn grouped(count: u64) -> String {
    domain::evidence::figures::grouped(count)
}

/// `3 new · 6 ramping · 9 comparing · 61 old`.
pub fn counts(counts: ModeCounts) -> String {
    format!(
        "{} new · {} ramping · {} comparing · {} old",
        counts.new_only + counts.retired,
        counts.gradual_rollout,
        counts.both_validate,
        counts.old_only
    )
}

/// `1 module`, `3 modules`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {many}")
    }
}

/// An audit action as a verb in the past: `flag.rollback` -> `rolled back`.
pub fn action(action: &str) -> String {
    match action {
        "flag.set" => "set".to_owned(),
        "flag.rollback" => "rolled back".to_owned(),
        "flag.undo" => "undone".to_owned(),
        "kill_switch.on" => "kill switch on".to_owned(),
        "kill_switch.off" => "resumed".to_owned(),
        other => other.replace(['.', '_'], " "),
    }
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_lowercase().chain(characters).collect())
        .unwrap_or_default()
}
