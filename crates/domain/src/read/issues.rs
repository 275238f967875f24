//! The issue log as pages and the API show it.

use flags::{FlagState, Key};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Frame, Listening, ReceiptView};
use crate::Timestamp;
use crate::issues::{IssueStatus, LinkKind, Severity};

/// Which statuses a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusFilter {
    /// Open and mitigated.
    Unresolved,
    /// Open.
    Open,
    /// Mitigated.
    Mitigated,
    /// Resolved.
    Resolved,
}

impl StatusFilter {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Unresolved,
        Self::Open,
        Self::Mitigated,
        Self::Resolved,
    ];

    /// The word in the address and in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unresolved => "unresolved",
            Self::Open => "open",
            Self::Mitigated => "mitigated",
            Self::Resolved => "resolved",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// What comes first in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueOrder {
    /// What was opened last.
    #[default]
    Newest,
    /// What a search fits best; without a search as [`IssueOrder::Newest`].
    Relevance,
}

impl IssueOrder {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Newest, Self::Relevance];

    /// The word in the address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Relevance => "relevance",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.as_str() == word)
    }
}

/// The query string of the list of issues.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IssueFilter {
    /// Words, all of which must be in the issue; the beginning of a word is enough.
    pub q: String,
    /// Only these.
    pub status: Option<StatusFilter>,
    /// Only of this severity.
    pub severity: Option<Severity>,
    /// Only about this module.
    pub module: Option<Key>,
    /// Only of this owner.
    pub owner: Option<String>,
    /// Only with this label.
    pub label: Option<String>,
    /// What comes first.
    pub sort: IssueOrder,
    /// From 1; 0 counts as 1.
    pub page: u32,
}

/// One issue in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueRow {
    /// Its number in the migration.
    pub number: u32,
    /// What it is called.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is in its life.
    pub status: IssueStatus,
    /// The module it is about.
    pub module: Option<Key>,
    /// Who answers for it; may be empty.
    pub owner: String,
    /// By name.
    pub labels: Vec<String>,
    /// The day it should be resolved by, ISO.
    pub due: Option<String>,
    /// When it was noticed.
    pub noticed_at: Timestamp,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Who opened it.
    pub opened_by: String,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// How many comments it has.
    pub comments: u32,
}

/// An issue in a few words, where it is mentioned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueLine {
    /// Its number in the migration.
    pub number: u32,
    /// What it is called.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is in its life.
    pub status: IssueStatus,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuesView {
    /// What stands around it.
    pub frame: Frame,
    /// The filter as understood.
    pub filter: IssueFilter,
    /// At most 50.
    pub rows: Vec<IssueRow>,
    /// Whether there is a page after this one.
    pub more: bool,
    /// Open and mitigated issues of the migration, whatever the filter says.
    pub unresolved: u32,
    /// Whether the migration has any issue.
    pub any: bool,
    /// Owners of issues, at most 100, to choose from.
    pub owners: Vec<String>,
    /// Labels in use, at most 100, to choose from.
    pub labels: Vec<String>,
    /// Modules with issues, at most 200, to choose from.
    pub modules: Vec<Key>,
}

/// The form that opens an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewIssueView {
    /// What stands around it.
    pub frame: Frame,
    /// Modules to choose from, at most 1,000.
    pub modules: Vec<Key>,
    /// The module asked for, where there is one of that key.
    pub module: Option<Key>,
    /// Who answers for that module.
    pub owner: String,
}

/// Evidence as it was at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttachmentView {
    /// What kind of evidence: `standing`.
    pub kind: String,
    /// What it is of, in words.
    pub about: String,
    /// The moment.
    pub frozen_at: Timestamp,
    /// The evidence, by the kind's own shape: [`StandingEvidence`] for `standing`.
    pub evidence: Value,
    /// The same, read, where the kind is `standing`: a browser that read it itself would load more.
    pub standing: Option<StandingEvidence>,
}

/// How a module stood, and who heard of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingEvidence {
    /// The module.
    pub module: Key,
    /// Where.
    pub environment: Key,
    /// Mode and exposure as stored.
    pub state: FlagState,
    /// Whether the kill switch overrode it.
    pub kill_switch: bool,
    /// The server's epoch.
    pub epoch: String,
    /// The environment's revision.
    pub revision: u64,
    /// The module's version.
    pub version: i64,
    /// Who listened.
    pub listening: Listening,
    /// The last change of its flag there, with its receipt.
    pub last_change: Option<LastChange>,
}

/// A change as evidence holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastChange {
    /// Sequence of its audit entry.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What, in a sentence.
    pub summary: String,
    /// Why.
    pub reason: String,
    /// Who obeyed it, as far as they had said so by then.
    pub receipt: Option<ReceiptView>,
}

/// A tie to another issue, as seen from this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueLink {
    /// How they are tied.
    pub kind: LinkKind,
    /// Whether the other issue is the one that blocks, causes or duplicates this one.
    pub inverse: bool,
    /// The other issue.
    pub other: IssueLine,
}

impl IssueLink {
    /// "blocks", "is blocked by", ...
    pub fn words(&self) -> &'static str {
        if self.inverse {
            self.kind.inverse_words()
        } else {
            self.kind.words()
        }
    }
}

/// Something on an issue's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TimelineItem {
    /// Somebody wrote something.
    Comment {
        /// Its number in the issue, from 1.
        number: u32,
        /// When.
        at: Timestamp,
        /// Who.
        by: String,
        /// What, as Markdown.
        text: String,
        /// The same as HTML that cannot do harm.
        html: String,
    },
    /// A command, or a refusal.
    Event {
        /// When.
        at: Timestamp,
        /// Who.
        by: String,
        /// The audit log's word.
        action: String,
        /// A sentence.
        summary: String,
        /// Why.
        reason: String,
        /// Sequence of the audit entry.
        sequence: u64,
        /// The revision it made.
        revision: Option<u64>,
        /// Where.
        environment: Option<Key>,
        /// Whether it is about the issue itself, and not only about what happened around it.
        own: bool,
        /// Who obeyed it.
        receipt: Option<ReceiptView>,
    },
}

impl TimelineItem {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Comment { at, .. } | Self::Event { at, .. } => *at,
        }
    }
}

/// Everything about one issue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssueView {
    /// What stands around it.
    pub frame: Frame,
    /// What a list says of it.
    pub row: IssueRow,
    /// What was written, as Markdown.
    pub body: String,
    /// The same as HTML that cannot do harm.
    pub html: String,
    /// How it was resolved, as Markdown; empty before.
    pub resolution: String,
    /// The same as HTML that cannot do harm.
    pub resolution_html: String,
    /// Row counter for edits.
    pub version: i64,
    /// Whether it keeps its module from being promoted.
    pub blocks_promotion: bool,
    /// Evidence frozen when it was opened.
    pub attachments: Vec<AttachmentView>,
    /// Ties to other issues.
    pub links: Vec<IssueLink>,
    /// Comments, what was done with the issue, and what happened around it, oldest first.
    pub timeline: Vec<TimelineItem>,
    /// Whether more happened around it than the timeline holds; the audit log has all.
    pub more_events: bool,
}
