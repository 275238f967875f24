//! Read models: what pages and the API show. Plain data, made by `control`'s queries, never patched in the browser.

mod audit;
mod calendar;
mod checklists;
mod evidence;
mod forms;
mod frame;
mod import;
mod instances;
mod issues;
mod module;
mod modules;
mod overview;
mod plan;
mod search;
mod settings;

pub use audit::{AuditFilter, AuditPage, AuditRow, ChainState};
pub use calendar::{
    AxisMark, Bar, CalendarFilter, CalendarLayout, CalendarView, DayCell, DayEntry, Days,
    EntryKind, FeedRow, MilestoneRow, ModuleLane, MovePhaseView, PhaseLane, StepBar, WindowRow,
};
pub use checklists::{
    CheckRow, Checklists, ChecklistsView, ConditionalList, DayRow, PhaseLists, TickRow, left,
};
pub use evidence::{
    ComparisonEvidence, ComparisonPoint, EvidenceMark, EvidenceMarkKind, EvidenceRange,
    EvidenceRow, EvidenceView, MismatchRow, ModuleEvidenceView, SideEvidence, SidePoint, SideTotal,
};
pub use forms::{ChangeView, KillSwitchView, ResumeItem, ResumeView, RollbackView};
pub use frame::{EnvironmentChoice, Frame, MigrationRow, ModeCounts, TrackState, Viewer};
pub use import::{ImportPreview, PreviewItem, PreviewSection, UploadedPlan};
pub use instances::{InstanceRow, InstancesView, Listening, ReceiptView};
pub use issues::{
    AttachmentView, IssueFilter, IssueLine, IssueLink, IssueOrder, IssueRow, IssueView, IssuesView,
    LastChange, NewIssueView, StandingEvidence, StatusFilter, TimelineItem,
};
pub use module::{HistoryRow, ModuleView, StepRow, StepStanding};
pub use modules::{GroupBy, ModuleFilter, ModuleGroup, ModuleRow, ModulesView, SortBy};
pub use overview::{CriterionRow, CriterionVerdict, NeedsHand, Overview, PhaseProgress, Urgency};
pub use plan::PlanView;
pub use search::{HitKind, SearchHit, SearchView};
pub use settings::{ConnectView, ReaderRow, TokenKind, TokenRow, TokensView, UserRow, UsersView};
