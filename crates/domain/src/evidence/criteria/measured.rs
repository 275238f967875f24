//! What evidence says.

use flags::Mode;

use super::{Facts, Finding, ModulePerformance, Stretch, enough, wanted_modules};
use crate::Timestamp;
use crate::evidence::figures::{grouped, lasting, real, share};
use crate::evidence::gates::{self, Margin, of_one};
use crate::evidence::{Outcome, Rule, Tally, Verdict};
use crate::plan_items::Criterion;
use crate::schedule::HOUR;

/// What a criterion asks for where the plan names no number.
const ERRORS: u16 = 10;
const STABLE_DAYS: u32 = 14;
const ALL_TRAFFIC: u16 = 10_000;
const COVERAGE: u16 = 9_000;

/// The criterion's own number as basis points.
fn limit_or(criterion: &Criterion, usual: u16) -> u16 {
    let own = criterion.limit.and_then(|limit| u16::try_from(limit).ok());
    own.filter(|limit| *limit <= 10_000).unwrap_or(usual)
}

pub(super) fn modules(criterion: &Criterion, facts: &Facts) -> Finding {
    let counts = &facts.counts;
    let wanted = wanted_modules(criterion, counts);
    let moved = if facts.kill_switch {
        counts.retired
    } else {
        counts.new_only + counts.retired
    };
    let killed = if facts.kill_switch {
        "; the kill switch holds the others on old"
    } else {
        ""
    };
    let sentence = format!("{moved} of {wanted} modules are on new{killed}.");
    Finding::new(enough(i64::from(moved), wanted), sentence)
}

/// Traffic is counted, not sampled: what was served was served.
pub(super) fn traffic(criterion: &Criterion, facts: &Facts) -> Finding {
    let limit = limit_or(criterion, ALL_TRAFFIC);
    let new = facts.traffic.new;
    let uses = facts.traffic.old.saturating_add(new);
    if uses == 0 {
        return Finding::new(
            Outcome::NoData,
            "No uses were counted, so the share of new is not known.",
        );
    }
    let on_new = real(new) / real(uses);
    // 100 % is reached by the last use alone, whatever rounding says.
    let reached = if limit >= ALL_TRAFFIC {
        facts.traffic.old == 0
    } else {
        on_new >= of_one(limit)
    };
    let outcome = if reached {
        Outcome::Pass
    } else {
        Outcome::Fail
    };
    let old = match facts.traffic.old {
        0 => String::new(),
        old => format!("; old answered {}", grouped(old)),
    };
    Finding::new(
        outcome,
        format!(
            "New answered {} of {} uses{old}. {} are asked for.",
            grouped(new),
            grouped(uses),
            share(of_one(limit))
        ),
    )
}

/// Errors under the limit for so many days, by a clock that counts time with uses alone, from when all were on new.
pub(super) fn errors(criterion: &Criterion, facts: &Facts, now: Timestamp) -> Finding {
    let limit = of_one(limit_or(criterion, ERRORS));
    let days = criterion.days.unwrap_or(STABLE_DAYS);
    let wanted = i64::from(days) * 24 * HOUR;
    let Some(since) = facts.all_on_new else {
        return Finding::new(
            Outcome::NoData,
            format!("The {days} days have not begun: not every module is on new."),
        );
    };
    let (counted, tally) = newest(&facts.stretches, wanted, since, now);
    let verdict = gates::errors_under(Rule::ErrorRate, "New", tally, limit);
    let (outcome, clock) = if counted < wanted && verdict.outcome != Outcome::Fail {
        let clock = format!(
            " {} of {days} days have data, {} are left.",
            counted / (24 * HOUR),
            lasting(wanted - counted)
        );
        (Outcome::NoData, clock)
    } else {
        (
            verdict.outcome,
            format!(" Counted over {}.", lasting(counted)),
        )
    };
    Finding {
        verdicts: vec![verdict.clone()],
        ..Finding::new(outcome, verdict.sentence + &clock)
    }
}

/// Time with uses and those uses, from the newest stretches back until there is enough.
fn newest(stretches: &[Stretch], wanted: i64, since: Timestamp, now: Timestamp) -> (i64, Tally) {
    let mut known: Vec<&Stretch> = stretches
        .iter()
        .filter(|stretch| stretch.tally.uses > 0 && stretch.from < stretch.until)
        .filter(|stretch| stretch.from >= since && stretch.until <= now)
        .collect();
    known.sort_by_key(|stretch| std::cmp::Reverse((stretch.until, stretch.from)));
    let (mut counted, mut tally, mut begin) = (0, Tally::default(), now);
    for stretch in known {
        if counted >= wanted {
            break;
        }
        // Time is counted once, also where modules report the same hour by themselves.
        counted += stretch.until.min(begin).since(stretch.from).max(0);
        begin = begin.min(stretch.from);
        tally = tally.plus(stretch.tally);
    }
    (counted, tally)
}

pub(super) fn performance(criterion: &Criterion, facts: &Facts) -> Finding {
    let margin = Margin {
        basis_points: limit_or(criterion, Margin::default().basis_points),
        ..Margin::default()
    };
    let verdicts: Vec<Verdict> = facts
        .performance
        .iter()
        .map(|module| performance_of(module, margin))
        .collect();
    let outcome = Outcome::of_all(verdicts.iter().map(|verdict| verdict.outcome));
    let names = |wanted: Outcome| -> Vec<&str> {
        let all = facts.performance.iter().zip(&verdicts);
        all.filter(|(_, verdict)| verdict.outcome == wanted)
            .map(|(module, _)| module.module.as_str())
            .collect()
    };
    let within = share(margin.share());
    let (passed, total) = (names(Outcome::Pass).len(), verdicts.len());
    let mut sentence = vec![match total {
        0 => "There is no module to measure.".to_owned(),
        total => format!("{passed} of {total} modules are within {within} of their baseline."),
    }];
    for (found, words) in [(Outcome::Fail, "Not"), (Outcome::NoData, "No data")] {
        let which = names(found);
        if !which.is_empty() {
            sentence.push(format!("{words}: {}.", first_of(&which)));
        }
    }
    Finding {
        verdicts,
        ..Finding::new(outcome, sentence.join(" "))
    }
}

fn performance_of(module: &ModulePerformance, margin: Margin) -> Verdict {
    if module.benchmarks.is_empty() {
        return gates::latency(module.new.as_ref(), module.old.as_ref(), margin);
    }
    gates::benchmarks(&module.benchmarks, margin)
}

/// The first five names, and how many more.
fn first_of(names: &[&str]) -> String {
    let listed: Vec<&str> = names.iter().take(5).copied().collect();
    match names.len().saturating_sub(5) {
        0 => listed.join(", "),
        more => format!("{} and {more} more", listed.join(", ")),
    }
}

/// Tests pass on new, and reach enough of the code.
pub(super) fn tests(criterion: &Criterion, facts: &Facts) -> Finding {
    let verdicts = vec![
        gates::tests(Mode::NewOnly, &facts.ci_runs),
        gates::coverage(&facts.ci_runs, limit_or(criterion, COVERAGE)),
    ];
    let sentences: Vec<&str> = verdicts
        .iter()
        .map(|verdict| verdict.sentence.as_str())
        .collect();
    let runs = facts.ci_runs.iter().filter(|run| run.mode == Mode::NewOnly);
    let newest = runs.max_by_key(|run| run.at);
    Finding {
        outcome: Outcome::of_all(verdicts.iter().map(|verdict| verdict.outcome)),
        sentence: sentences.join(" "),
        evidence: newest
            .and_then(|run| run.href.clone())
            .into_iter()
            .collect(),
        verdicts,
    }
}
