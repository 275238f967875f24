//! Completion criteria: what a sentence measures, and its numbers.

use crate::model::CriterionKind;
use crate::quantities::{UNITS_THAT_MOVE, durations, module_count, percents};
use crate::tokens::Tokens;

/// What a completion criterion measures, from its words.
pub fn criterion_kind(text: &str) -> CriterionKind {
    let tokens = Tokens::of(text);
    let percents = percents(&tokens);
    let percent = percents.first().map(|percent| percent.basis_points);
    let removed = tokens.has(&[
        "removed",
        "deleted",
        "gone",
        "remove",
        "delete",
        "retired",
        "decommissioned",
        "deprecated",
    ]);
    let old = tokens.has(&["old", "legacy", "previous", "deprecated", "dead"]);
    if removed && old {
        return CriterionKind::OldCodeRemoved;
    }
    if tokens.has(&[
        "error",
        "errors",
        "failures",
        "failure",
        "stability",
        "stable",
        "incidents",
    ]) && (percent.is_some() || tokens.has(&["error", "errors"]))
    {
        let days = durations(&tokens).first().map(|duration| duration.days());
        return CriterionKind::ErrorRate {
            limit: percent,
            days,
        };
    }
    if tokens.has(&[
        "performance",
        "latency",
        "benchmark",
        "benchmarks",
        "throughput",
        "p95",
        "p99",
        "response time",
    ]) {
        return CriterionKind::Performance { within: percent };
    }
    if tokens.has(&["test", "tests", "coverage"]) {
        return CriterionKind::Tests {
            coverage: percent.filter(|_| tokens.has(&["coverage", "covered"])),
        };
    }
    if tokens.has(&[
        "traffic", "requests", "users", "calls", "exposure", "subjects", "sessions",
    ]) && percent.is_some()
    {
        return CriterionKind::TrafficShare { share: percent };
    }
    let moved = tokens.has(&[
        "migrated",
        "moved",
        "ported",
        "converted",
        "migrate",
        "switched",
        "on new",
        "new only",
        "live",
        "transferred",
        "cut over",
        "complete",
        "completed",
    ]);
    if tokens.has(&UNITS_THAT_MOVE) && (moved || module_count(&tokens).is_some()) {
        return CriterionKind::ModulesMigrated {
            modules: module_count(&tokens),
        };
    }
    if tokens.has(&[
        "documentation",
        "docs",
        "documented",
        "runbooks",
        "readme",
        "handbook",
    ]) {
        return CriterionKind::Documentation;
    }
    if tokens.has(&[
        "ci",
        "cd",
        "pipeline",
        "pipelines",
        "build",
        "builds",
        "deployment",
    ]) {
        return CriterionKind::Pipeline;
    }
    CriterionKind::Other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_measured_with_their_numbers() {
        for (text, kind) in [
            (
                "All 12 services moved",
                CriterionKind::ModulesMigrated { modules: Some(12) },
            ),
            (
                "Every module is migrated",
                CriterionKind::ModulesMigrated { modules: None },
            ),
            (
                "100 % of requests served by the new stack",
                CriterionKind::TrafficShare {
                    share: Some(10_000),
                },
            ),
            (
                "Errors under 0.2 % for 30 days",
                CriterionKind::ErrorRate {
                    limit: Some(20),
                    days: Some(30),
                },
            ),
            (
                "p99 latency within 10 % of today",
                CriterionKind::Performance {
                    within: Some(1_000),
                },
            ),
            (
                "Unit tests green, 85 % coverage",
                CriterionKind::Tests {
                    coverage: Some(8_500),
                },
            ),
            ("Runbooks and docs current", CriterionKind::Documentation),
            ("Legacy tables deleted", CriterionKind::OldCodeRemoved),
            (
                "Build pipelines know only the new service",
                CriterionKind::Pipeline,
            ),
            ("The team had cake", CriterionKind::Other),
        ] {
            assert_eq!(criterion_kind(text), kind, "{text}");
        }
    }
}
