//! What people attest.

use serde::{Deserialize, Serialize};

use super::{Facts, Finding, OldUse, enough, wanted_modules};
use crate::evidence::Outcome;
use crate::evidence::figures::lasting;
use crate::migration::MAX_TEXT;
use crate::plan_items::{Criterion, CriterionKind};
use crate::refusal::FieldError;
use crate::{Refusal, Timestamp};

/// How long nothing may have used old code before it may be attested gone, in days with data.
pub const QUIET_DAYS: u32 = 14;
/// Longest link to evidence, in bytes.
pub const MAX_LINK: usize = 2_000;
/// Most links of one attestation.
const MAX_LINKS: usize = 20;

const DAY: i64 = 24 * crate::schedule::HOUR;

/// What somebody said of a criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Whether it is one for this migration: if so it is attested as met, if not, why.
    pub applies: bool,
    /// What they said.
    pub note: String,
    /// Links to what shows it.
    pub evidence: Vec<String>,
}

/// Judges an attestation before it is taken.
///
/// # Errors
/// [`Refusal::Invalid`] on `criterion` when it is measured, on `by`, `note`, `evidence` for what is missing or no link;
/// [`Refusal::InUse`] as [`check_quiet`].
pub fn check_attestation(
    kind: CriterionKind,
    attestation: &Attestation,
    old_use: OldUse,
) -> Result<(), Refusal> {
    let mut fields = Vec::new();
    let mut wrong = |field: &str, message: &str| {
        fields.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
    };
    if attestation.applies && !is_attested(kind) {
        wrong(
            "criterion",
            "This is measured, so nobody attests it. Send the evidence, or say why it is not one for this migration.",
        );
    }
    if attestation.by.trim().is_empty() {
        wrong("by", "Say who attests it.");
    }
    let note = attestation.note.trim().chars().count();
    if note > MAX_TEXT {
        wrong("note", "A note has at most 4,000 characters: shorten it.");
    } else if !attestation.applies && note == 0 {
        wrong("note", "Say why it is not one for this migration.");
    }
    if attestation.applies && attestation.evidence.is_empty() {
        wrong(
            "evidence",
            "Link to what shows it: a page, a change, a run.",
        );
    }
    if attestation.evidence.len() > MAX_LINKS {
        wrong("evidence", "An attestation has at most 20 links.");
    }
    if !attestation.evidence.iter().all(|link| is_link(link)) {
        wrong(
            "evidence",
            "A link begins with https:// or http:// and has at most 2,000 bytes.",
        );
    }
    if !fields.is_empty() {
        return Err(Refusal::Invalid { fields });
    }
    if kind == CriterionKind::OldCodeRemoved && attestation.applies {
        check_quiet("The old code", old_use)?;
    }
    Ok(())
}

fn is_attested(kind: CriterionKind) -> bool {
    matches!(
        kind,
        CriterionKind::Documentation
            | CriterionKind::OldCodeRemoved
            | CriterionKind::Pipeline
            | CriterionKind::Other
    )
}

fn is_link(link: &str) -> bool {
    let rest = link
        .strip_prefix("https://")
        .or_else(|| link.strip_prefix("http://"));
    link.len() <= MAX_LINK
        && rest.is_some_and(|rest| {
            !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
        })
}

/// Whether nothing has used old code for two weeks with data. `what` begins the sentence; also for retiring one module.
///
/// # Errors
/// [`Refusal::InUse`] with when it was last used and how long is missing.
pub fn check_quiet(what: &str, old_use: OldUse) -> Result<(), Refusal> {
    let left = i64::from(QUIET_DAYS) * DAY - old_use.quiet.max(0);
    if left <= 0 {
        return Ok(());
    }
    let seen = match old_use.last {
        Some(last) => format!("old was last used {} UTC", last.utc()),
        None => "it is not watched for long enough".to_owned(),
    };
    Err(Refusal::InUse {
        what: what.into(),
        why: format!(
            "{seen}. It may go after {QUIET_DAYS} days with data and without a use: {} are left.",
            lasting(left)
        ),
    })
}

/// A criterion that only a person can speak to.
pub(super) fn by_a_person(attestation: Option<&Attestation>) -> Finding {
    match attestation.filter(|attestation| attestation.applies) {
        Some(attestation) => Finding::new(Outcome::Pass, attested(attestation)),
        None => Finding::new(
            Outcome::NoData,
            "Nobody has attested it. Attest it with a link to what shows it.",
        ),
    }
}

fn attested(attestation: &Attestation) -> String {
    let (by, at) = (&attestation.by, attestation.at.utc());
    match attestation.note.trim() {
        "" => format!("Attested by {by} at {at} UTC."),
        note => format!("Attested by {by} at {at} UTC: {note}"),
    }
}

/// Old code is gone: every module is retired, or somebody attested it and nothing has used old since.
pub(super) fn old_code(
    criterion: &Criterion,
    facts: &Facts,
    attestation: Option<&Attestation>,
) -> Finding {
    let wanted = wanted_modules(criterion, &facts.counts);
    let retired = i64::from(facts.counts.retired);
    let counted = format!("{retired} of {wanted} modules are retired");
    let attestation = attestation.filter(|attestation| attestation.applies);
    let used = facts.old_use.last;
    let used_since = attestation.and_then(|attestation| used.filter(|last| *last > attestation.at));
    if let Some(last) = used_since {
        return Finding::new(
            Outcome::Fail,
            format!(
                "It was attested gone, but was used again {} UTC.",
                last.utc()
            ),
        );
    }
    if enough(retired, wanted) == Outcome::Pass {
        return Finding::new(Outcome::Pass, format!("{counted}."));
    }
    if let Some(attestation) = attestation {
        return Finding::new(Outcome::Pass, attested(attestation));
    }
    let why = match check_quiet("The old code", facts.old_use) {
        Err(refusal) => refusal.to_string(),
        Ok(()) => format!(
            "Nothing has used old for {}: it may be removed and attested.",
            lasting(facts.old_use.quiet)
        ),
    };
    Finding::new(enough(retired, wanted), format!("{counted}. {why}"))
}
