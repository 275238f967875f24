//! The issue log: what may be in an issue, and how it moves.

use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::refusal::FieldError;

/// Longest title, in characters.
pub const MAX_TITLE: usize = 200;
/// Longest body, in bytes.
pub const MAX_BODY: usize = 64 * 1_024;
/// Longest comment, in bytes.
pub const MAX_COMMENT: usize = 64 * 1_024;
/// Longest resolution, in bytes.
pub const MAX_RESOLUTION: usize = 64 * 1_024;
/// Most labels of one issue.
pub const MAX_LABELS: usize = 20;
/// Longest label, in characters (all of them ASCII).
pub const MAX_LABEL: usize = 40;

/// How bad it is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing is promoted while it is not resolved.
    Critical,
    /// Needs a hand today.
    High,
    /// Needs a hand.
    Medium,
    /// Good to know.
    Low,
}

impl Severity {
    /// All severities, worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The word in JSON, SQL and on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == word)
    }
}

/// Where an issue is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueStatus {
    /// Nothing is done about it yet, or not enough.
    Open,
    /// It no longer hurts, but its cause is there.
    Mitigated,
    /// It is done with; a resolution says how.
    Resolved,
}

impl IssueStatus {
    /// All of them, in the order of an issue's life.
    pub const ALL: [Self; 3] = [Self::Open, Self::Mitigated, Self::Resolved];

    /// The word in JSON, SQL and on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Mitigated => "mitigated",
            Self::Resolved => "resolved",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether an issue may go from here to there. Forward, and back to open.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Open, Self::Mitigated | Self::Resolved)
                | (Self::Mitigated, Self::Resolved | Self::Open)
                | (Self::Resolved, Self::Open)
        )
    }

    /// Judges a move. `resolution` is how it was resolved: needed for [`IssueStatus::Resolved`], and for nothing else.
    ///
    /// # Errors
    /// [`Refusal::NoChange`] when it is so already (who made it so is for the caller to fill in), [`Refusal::Invalid`]
    /// on `status` for a move that is not allowed, on `resolution` when that is missing, too long or out of place.
    pub fn move_to(self, next: Self, resolution: Option<&str>) -> Result<(), Refusal> {
        if self == next {
            return Err(Refusal::NoChange {
                summary: format!("the issue is {} already.", next.as_str()),
                other: None,
            });
        }
        if !self.may_become(next) {
            return Err(Refusal::field(
                "status",
                format!(
                    "An issue that is {} cannot become {}. Reopen it first.",
                    self.as_str(),
                    next.as_str()
                ),
            ));
        }
        let resolution = resolution.map(str::trim).filter(|text| !text.is_empty());
        let wrong = match (next, resolution) {
            (Self::Resolved, None) => "Say how it was resolved: whoever meets it again reads this.",
            (Self::Resolved, Some(text)) if text.len() > MAX_RESOLUTION => {
                "A resolution has at most 64 kB. Shorten it, or put the rest in a comment."
            }
            (Self::Open | Self::Mitigated, Some(_)) => {
                "Only a resolved issue has a resolution. Write it as a comment instead."
            }
            _ => return Ok(()),
        };
        Err(Refusal::field("resolution", wrong))
    }
}

/// Whether an issue keeps what it is about from being promoted.
pub fn blocks_promotion(severity: Severity, status: IssueStatus) -> bool {
    severity == Severity::Critical && status != IssueStatus::Resolved
}

/// How one issue is tied to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// The other waits for it.
    Blocks,
    /// The other came of it.
    Causes,
    /// The other says the same.
    Duplicates,
    /// They have to do with each other.
    Relates,
}

impl LinkKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Blocks, Self::Causes, Self::Duplicates, Self::Relates];

    /// The word in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blocks => "blocks",
            Self::Causes => "causes",
            Self::Duplicates => "duplicates",
            Self::Relates => "relates",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What stands on the page before the other issue: "blocks #7".
    pub fn words(self) -> &'static str {
        match self {
            Self::Blocks => "blocks",
            Self::Causes => "causes",
            Self::Duplicates => "duplicates",
            Self::Relates => "relates to",
        }
    }

    /// The same seen from the other issue: "is blocked by #3".
    pub fn inverse_words(self) -> &'static str {
        match self {
            Self::Blocks => "is blocked by",
            Self::Causes => "is caused by",
            Self::Duplicates => "is duplicated by",
            Self::Relates => "relates to",
        }
    }

    /// Whether both ends read the same, so that one link between two issues is enough.
    pub fn is_symmetric(self) -> bool {
        self == Self::Relates
    }
}

/// Judges what a person wrote of an issue.
///
/// # Errors
/// [`Refusal::Invalid`] with every wrong field: `title`, `body`, `labels`.
pub fn check_issue(title: &str, body: &str, labels: &[String]) -> Result<(), Refusal> {
    let mut fields = Vec::new();
    let mut wrong = |field: &str, message: String| {
        fields.push(FieldError {
            field: field.into(),
            message,
        });
    };
    let length = title.trim().chars().count();
    if length == 0 {
        wrong("title", "Give the issue a title.".into());
    } else if length > MAX_TITLE {
        wrong(
            "title",
            format!(
                "A title has at most {MAX_TITLE} characters, this one has {length}: shorten it."
            ),
        );
    }
    if body.len() > MAX_BODY {
        wrong(
            "body",
            "The text has at most 64 kB. Put the rest in a comment.".into(),
        );
    }
    if labels.len() > MAX_LABELS {
        wrong(
            "labels",
            format!("An issue has at most {MAX_LABELS} labels."),
        );
    }
    if let Some(label) = labels.iter().find(|label| !is_label(label)) {
        let shown: String = label.chars().take(MAX_LABEL).collect();
        wrong(
            "labels",
            format!(
                "{shown:?} is no label: write 1 to {MAX_LABEL} of a-z, 0-9, :, _ and -, a letter or digit first."
            ),
        );
    }
    let twice = labels
        .iter()
        .enumerate()
        .find(|(place, label)| labels.iter().take(*place).any(|before| before == *label));
    if let Some((_, label)) = twice.filter(|(_, label)| is_label(label)) {
        wrong(
            "labels",
            format!("The label {label} stands twice. Keep one."),
        );
    }
    if fields.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Invalid { fields })
    }
}

/// Judges a comment.
///
/// # Errors
/// [`Refusal::Invalid`] on `comment` when it is empty or longer than 64 kB.
pub fn check_comment(text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::field("comment", "Write something first."));
    }
    if text.len() > MAX_COMMENT {
        return Err(Refusal::field(
            "comment",
            "A comment has at most 64 kB. Write two.",
        ));
    }
    Ok(())
}

/// Whether a text is `[a-z0-9][a-z0-9:_-]{0,39}`.
pub fn is_label(text: &str) -> bool {
    let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    text.len() <= MAX_LABEL
        && text.bytes().next().is_some_and(known)
        && text
            .bytes()
            .all(|byte| known(byte) || matches!(byte, b':' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for severity in Severity::ALL {
            assert_eq!(Severity::parse(severity.as_str()), Some(severity));
            let json = serde_json::to_value(severity).unwrap();
            assert_eq!(json, severity.as_str());
        }
        for status in IssueStatus::ALL {
            assert_eq!(IssueStatus::parse(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for kind in LinkKind::ALL {
            assert_eq!(LinkKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(kind.is_symmetric(), kind.words() == kind.inverse_words());
        }
        assert_eq!(Severity::parse("Critical"), None);
        assert_eq!(IssueStatus::parse("closed"), None);
    }

    #[test]
    fn an_issue_moves_forward_and_is_reopened() {
        use IssueStatus::{Mitigated, Open, Resolved};
        let why = Some("The index was missing.");
        for (from, to, resolution, refused_for) in [
            (Open, Mitigated, None, None),
            (Open, Resolved, why, None),
            (Mitigated, Resolved, why, None),
            (Mitigated, Open, None, None),
            (Resolved, Open, None, None),
            (Resolved, Mitigated, None, Some("Reopen it first")),
            (Open, Resolved, None, Some("Say how")),
            (Mitigated, Resolved, Some(" \n"), Some("Say how")),
            (Open, Mitigated, why, Some("Only a resolved issue")),
            (Open, Open, None, Some("open already")),
        ] {
            match (from.move_to(to, resolution), refused_for) {
                (Ok(()), None) => {}
                (Err(refusal), Some(words)) => {
                    assert!(refusal.to_string().contains(words), "{refusal}");
                }
                (found, _) => panic!("{from:?} -> {to:?}: {found:?}"),
            }
        }
        let long = "x".repeat(MAX_RESOLUTION + 1);
        assert!(Open.move_to(Resolved, Some(&long)).is_err());
    }

    #[test]
    fn only_a_critical_issue_that_is_not_resolved_blocks() {
        let blocking: Vec<_> = Severity::ALL
            .into_iter()
            .flat_map(|severity| IssueStatus::ALL.map(|status| (severity, status)))
            .filter(|(severity, status)| blocks_promotion(*severity, *status))
            .collect();
        assert_eq!(
            blocking,
            [
                (Severity::Critical, IssueStatus::Open),
                (Severity::Critical, IssueStatus::Mitigated)
            ]
        );
    }

    fn wrong_fields(title: &str, body: &str, labels: &[String]) -> Vec<String> {
        match check_issue(title, body, labels) {
            Ok(()) => Vec::new(),
            Err(Refusal::Invalid { fields }) => {
                fields.into_iter().map(|field| field.field).collect()
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn limits_hold_to_the_last_character() {
        let label = |text: &str| text.to_owned();
        let many = |count: usize| (0..count).map(|n| format!("l{n}")).collect::<Vec<_>>();
        let none = Vec::new();
        assert!(wrong_fields(&"ü".repeat(200), &"x".repeat(MAX_BODY), &many(20)).is_empty());
        assert_eq!(wrong_fields(&"ü".repeat(201), "", &none), ["title"]);
        assert_eq!(wrong_fields("  ", "", &none), ["title"]);
        assert_eq!(
            wrong_fields("t", &"x".repeat(MAX_BODY + 1), &none),
            ["body"]
        );
        assert_eq!(wrong_fields("t", "", &many(21)), ["labels"]);
        assert_eq!(wrong_fields("t", "", &[label("a"), label("a")]), ["labels"]);
        assert_eq!(wrong_fields("", "", &[label("")]), ["title", "labels"]);
        for good in ["a", "0", "team:search", "a_b-c", &"a".repeat(40)] {
            assert!(is_label(good), "{good}");
        }
        for bad in ["", "A", "-a", ":a", "_a", "a b", "ä", &"a".repeat(41)] {
            assert!(!is_label(bad), "{bad}");
        }
        assert_eq!(check_comment(&"x".repeat(MAX_COMMENT)), Ok(()));
        assert!(check_comment(&"x".repeat(MAX_COMMENT + 1)).is_err());
        assert!(check_comment(" ").is_err());
    }
}
