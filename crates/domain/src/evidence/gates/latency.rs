//! Whether new takes as long as old.

use super::Margin;
use crate::evidence::figures::{counted, grouped, share, slower};
use crate::evidence::statistics::{
    Equivalence, RISK, paired, pairs_needed, samples_needed, unpaired,
};
use crate::evidence::{LogMoments, Outcome, Rule, Verdict};

/// What is compared, in words.
pub(super) struct Words<'a> {
    /// Who takes its time: `New`.
    pub subject: &'a str,
    /// Beside whom: `old`.
    pub other: &'a str,
    /// One observation.
    pub one: &'a str,
    /// Several.
    pub many: &'a str,
}

/// Durations of different uses, from both sides.
pub fn latency(new: Option<&LogMoments>, old: Option<&LogMoments>, margin: Margin) -> Verdict {
    let words = Words {
        subject: "New",
        other: "old",
        one: "use of the rarer side",
        many: "uses of the rarer side",
    };
    independent(Rule::Latency, new, old, margin, &words)
}

/// Two independent samples.
pub(super) fn independent(
    rule: Rule,
    new: Option<&LogMoments>,
    old: Option<&LogMoments>,
    margin: Margin,
    words: &Words<'_>,
) -> Verdict {
    let (Some(new), Some(old)) = (new, old) else {
        let missing = match (new, old) {
            (None, None) => format!("{} and {}", words.subject, words.other),
            (None, _) => words.subject.to_owned(),
            _ => format!("For {}, {}", words.subject, words.other),
        };
        let verb = if new.is_none() && old.is_none() {
            "were"
        } else {
            "was"
        };
        let sentence = format!("{missing} {verb} not timed.");
        return Verdict::nothing(rule, Some(1.0 + margin.share()), sentence);
    };
    let sample = new.count.min(old.count);
    let tests = unpaired(new, old, margin.share(), RISK);
    let wanted = samples_needed(new, old, margin.share(), RISK);
    verdict(rule, sample, tests, wanted, margin, words)
}

/// Durations of the same uses: the moments of `ln(new / old)`.
pub fn paired_latency(differences: Option<&LogMoments>, margin: Margin) -> Verdict {
    let Some(differences) = differences else {
        return Verdict::nothing(
            Rule::PairedLatency,
            Some(1.0 + margin.share()),
            "No use was timed on both sides. Serve with both_validate to compare durations.",
        );
    };
    let words = Words {
        subject: "New",
        other: "old",
        one: "use timed on both",
        many: "uses timed on both",
    };
    let tests = paired(differences, margin.share(), RISK);
    let wanted = pairs_needed(differences, margin.share(), RISK);
    verdict(
        Rule::PairedLatency,
        differences.count,
        tests,
        wanted,
        margin,
        &words,
    )
}

fn verdict(
    rule: Rule,
    sample: u64,
    tests: Option<Equivalence>,
    wanted: Option<u64>,
    margin: Margin,
    words: &Words<'_>,
) -> Verdict {
    let limit = 1.0 + margin.share();
    let (subject, other) = (words.subject, words.other);
    let within = format!("within {} of {other}", share(margin.share()));
    let observed = counted(sample, words.one, words.many);
    let Some(tests) = tests else {
        return Verdict {
            sample,
            needed: Some(2_u64.saturating_sub(sample).max(1)),
            ..Verdict::nothing(
                rule,
                Some(limit),
                format!("{observed}: too few to tell whether {subject} is {within}."),
            )
        };
    };
    let keeps_above = tests.upper < limit;
    let keeps_below = margin.faster_passes || tests.lower > 1.0 / limit;
    let (outcome, bound) = if keeps_above && keeps_below {
        (Outcome::Pass, tests.upper)
    } else if tests.lower >= limit {
        (Outcome::Fail, tests.lower)
    } else if !margin.faster_passes && tests.upper <= 1.0 / limit {
        (Outcome::Fail, tests.upper)
    } else {
        (Outcome::NoData, tests.upper)
    };
    let needed = wanted
        .filter(|_| outcome == Outcome::NoData)
        .map(|wanted| wanted.saturating_sub(sample).max(1));
    let interval = format!(
        "{subject} is {} than {other} over {observed}; with 95 % certainty each way between {} and {}",
        slower(tests.ratio),
        slower(tests.lower),
        slower(tests.upper)
    );
    let said = match (outcome, needed) {
        (Outcome::Pass, _) if tests.lower <= 1.0 / limit => {
            ", and faster is welcome here.".to_owned()
        }
        (Outcome::Pass, _) => format!(", which is {within}."),
        (Outcome::Fail, _) if tests.ratio < 1.0 => {
            format!(", which is not {within}. If that is wanted, let faster pass in the settings.")
        }
        (Outcome::Fail, _) => format!(", which is not {within}."),
        (Outcome::NoData, Some(needed)) => format!(
            ", too wide to tell whether that is {within}. It takes about {} more.",
            grouped(needed)
        ),
        (Outcome::NoData, None) => format!(", too wide to tell whether that is {within}."),
    };
    Verdict {
        outcome,
        rule,
        sample,
        needed,
        estimate: Some(tests.ratio),
        bound: Some(bound),
        limit: Some(limit),
        sentence: interval + &said,
    }
}
