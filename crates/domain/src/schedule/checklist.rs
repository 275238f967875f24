//! Checklists as people work them: items, ticks, the run of each day, what was left over.
//!
//! Days are civil, in the migration's zone: a change of clocks makes a day longer or shorter, never two of it or none.

use std::collections::{BTreeSet, HashMap};

use jiff::ToSpan;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{in_calendar, instant};
use crate::migration::{MAX_NAME, MAX_REASON, MAX_TEXT};
use crate::plan_items::ChecklistKind;
use crate::refusal::FieldError;
use crate::{PhaseNumber, Refusal, Thresholds, Timestamp};

/// When in a phase a list is worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Before its first promotion.
    Before,
    /// While its modules move.
    During,
    /// Before it counts as done.
    After,
}

impl Moment {
    /// All moments, in order.
    pub const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];

    /// The word in JSON, SQL and on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|moment| moment.as_str() == word)
    }

    /// How a plan says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Before => "Before the phase",
            Self::During => "During the phase",
            Self::After => "After the phase",
        }
    }
}

/// The list that an item stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// Once in the migration.
    Once,
    /// Once, around a phase.
    Phase {
        /// Which.
        phase: PhaseNumber,
        /// When in it.
        moment: Moment,
    },
    /// Every day of the migration.
    Daily,
    /// When a threshold is crossed.
    Conditional(Threshold),
}

impl List {
    /// The list for an item as a plan writes it. `moment` is when in its phase, where the plan says so; `threshold` what
    /// it waits for if it is a conditional one. Preparation comes before all phases, so it is on the list of none.
    pub fn of(
        kind: ChecklistKind,
        phase: Option<PhaseNumber>,
        moment: Option<Moment>,
        threshold: Threshold,
    ) -> Self {
        match (kind, phase) {
            (ChecklistKind::Day | ChecklistKind::Phase, Some(phase)) => Self::Phase {
                phase,
                moment: moment.unwrap_or(Moment::During),
            },
            (ChecklistKind::Preparation | ChecklistKind::Day | ChecklistKind::Phase, _) => {
                Self::Once
            }
            (ChecklistKind::Daily, _) => Self::Daily,
            (ChecklistKind::Conditional, _) => Self::Conditional(threshold),
        }
    }

    /// What a plan calls an item of this list.
    pub fn kind(self) -> ChecklistKind {
        match self {
            Self::Once => ChecklistKind::Preparation,
            Self::Phase { .. } => ChecklistKind::Phase,
            Self::Daily => ChecklistKind::Daily,
            Self::Conditional(_) => ChecklistKind::Conditional,
        }
    }

    /// The phase it stands around, and when.
    pub fn around(self) -> Option<(PhaseNumber, Moment)> {
        match self {
            Self::Phase { phase, moment } => Some((phase, moment)),
            Self::Once | Self::Daily | Self::Conditional(_) => None,
        }
    }

    /// What its items wait for.
    pub fn threshold(self) -> Option<Threshold> {
        match self {
            Self::Conditional(threshold) => Some(threshold),
            Self::Once | Self::Daily | Self::Phase { .. } => None,
        }
    }

    /// Whether its items are ticked for a day, and are open again on the next: a threshold crossed again is another
    /// case of the same list.
    pub fn by_day(self) -> bool {
        matches!(self, Self::Daily | Self::Conditional(_))
    }
}

/// Days of daily runs that are looked at, today included. Streaks and left-overs reach no further back.
pub const RUN_DAYS: i64 = 366;

/// The days on which the daily checklist is worked: from the first day of the migration, or without one the day its
/// first item was made, to today. At most [`RUN_DAYS`] of them; the first is after the last where it is still to begin.
pub fn active(start: Option<Date>, items: &[Item], today: Date) -> (Date, Date) {
    let made = items
        .iter()
        .filter(|item| item.list == List::Daily)
        .map(|item| item.created)
        .min();
    let first = start.or(made).unwrap_or(today);
    let horizon = today
        .checked_sub((RUN_DAYS - 1).days())
        .unwrap_or(super::FIRST_DAY);
    (first.max(horizon), today)
}

/// A limit of errors on new; the second includes the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// Hold and investigate.
    Hold,
    /// Roll back.
    Rollback,
}

impl Threshold {
    /// Both, the lower first.
    pub const ALL: [Self; 2] = [Self::Hold, Self::Rollback];

    /// The word in JSON, SQL and on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Rollback => "rollback",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|threshold| threshold.as_str() == word)
    }
}

impl Threshold {
    /// The one that a plan's words speak of: the first percentage of the item where that is a condition itself, else of
    /// the condition it stands under.
    pub fn in_words(title: &str, condition: &str, limits: Thresholds) -> Self {
        let says = |word: &&str| title.to_lowercase().contains(word);
        let own = title.contains('%') && [">", "above", "over", "exceed"].iter().any(says);
        let words = if own { title } else { condition };
        let back = percentage(words)
            .is_some_and(|share| share >= f64::from(limits.rollback_basis_points) / 100.0);
        if back { Self::Rollback } else { Self::Hold }
    }

    /// How the condition reads, with the migration's limit in it.
    pub fn words(self, limits: Thresholds) -> String {
        format!("Error rate above {}", percent(self.limit(limits)))
    }

    /// Its limit, in basis points.
    pub fn limit(self, limits: Thresholds) -> u16 {
        match self {
            Self::Hold => limits.hold_basis_points,
            Self::Rollback => limits.rollback_basis_points,
        }
    }
}

/// `1 %`, `0.5 %`, `2.25 %`.
fn percent(basis_points: u16) -> String {
    let (whole, part) = (basis_points / 100, basis_points % 100);
    match (part, part % 10) {
        (0, _) => format!("{whole} %"),
        (part, 0) => format!("{whole}.{} %", part / 10),
        (part, _) => format!("{whole}.{part:02} %"),
    }
}

/// The first number in front of a percent sign.
fn percentage(words: &str) -> Option<f64> {
    let (before, _) = words.split_once('%')?;
    let before = before.trim_end();
    let number = before
        .rfind(|c: char| !c.is_ascii_digit() && c != '.')
        .map_or(before, |at| before.get(at..).unwrap_or_default())
        .trim_start_matches(|c: char| !c.is_ascii_digit());
    number.parse().ok()
}

/// Whether an item that waits for `threshold` is shown when `crossed` is the highest one crossed.
pub fn shown(threshold: Threshold, crossed: Option<Threshold>) -> bool {
    crossed.is_some_and(|crossed| crossed >= threshold)
}

/// When an item is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// At this time of each day: daily items.
    Time(Time),
    /// On this day: all others.
    Day(Date),
}

impl Due {
    /// Reads `09:00` or `2026-12-01`; nothing is no due. Which of them an item may have is for [`Item::check`].
    ///
    /// # Errors
    /// [`Refusal::Invalid`] about `due` for any other text.
    pub fn parse(text: &str) -> Result<Option<Self>, Refusal> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let time = || text.parse::<Time>().ok().map(Self::Time);
        let due = if text.contains(':') {
            time()
        } else {
            text.parse::<Date>().ok().map(Self::Day)
        };
        due.map(Some).ok_or_else(|| {
            Refusal::field(
                "due",
                "Write a time of day as 09:00, or a day as 2026-12-01.",
            )
        })
    }
}

/// Something to be checked or done by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its id, never reused.
    pub id: String,
    /// The list it stands on.
    pub list: List,
    /// What to do.
    pub title: String,
    /// Who answers for it; may be empty.
    pub owner: String,
    /// When it is due, if it is.
    pub due: Option<Due>,
    /// Whether a tick as done must carry a link to evidence.
    pub evidence_required: bool,
    /// The first day on which it is worked.
    pub created: Date,
    /// The first day on which it no longer is.
    pub archived: Option<Date>,
}

impl Item {
    /// Whether it is worked on that day.
    pub fn is_worked_on(&self, day: Date) -> bool {
        self.created <= day && self.archived.is_none_or(|archived| day < archived)
    }

    /// Judges an item as a person wrote it.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every wrong field: `title` (1 to 200 characters), `owner` (at most 4,000), `due` (a
    /// time for daily items, a day of 1970 to 2200 for all others).
    pub fn check(&self) -> Result<(), Refusal> {
        let mut fields = Vec::new();
        let mut wrong = |field: &str, message: String| {
            fields.push(FieldError {
                field: field.into(),
                message,
            });
        };
        let length = self.title.trim().chars().count();
        if length == 0 {
            wrong("title", "Say what is to be done.".into());
        } else if length > MAX_NAME {
            wrong(
                "title",
                format!("A title has at most {MAX_NAME} characters."),
            );
        }
        if self.owner.chars().count() > MAX_TEXT {
            wrong(
                "owner",
                format!("An owner has at most {MAX_TEXT} characters."),
            );
        }
        match (self.list, self.due) {
            (List::Daily, Some(Due::Day(_))) => {
                wrong(
                    "due",
                    "A daily item is due at a time of day, like 09:00.".into(),
                );
            }
            (List::Once | List::Phase { .. } | List::Conditional(_), Some(Due::Time(_))) => {
                wrong("due", "This item is due on a day, like 2026-12-01.".into());
            }
            (_, Some(Due::Day(day))) if !in_calendar(day) => {
                wrong(
                    "due",
                    format!("{day} is outside of 1970-01-01 to 2200-12-31."),
                );
            }
            _ => {}
        }
        if fields.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Invalid { fields })
        }
    }
}

/// What became of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TickState {
    /// It was done.
    Done,
    /// It was left out on purpose.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// Somebody's word that an item was done or skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// The item's id.
    pub item: String,
    /// The day it is for; of items that are not daily, the day it was made.
    pub day: Date,
    /// What became of it.
    pub state: TickState,
    /// Who says so.
    pub by: String,
    /// When they said so.
    pub at: Timestamp,
    /// Where the evidence is.
    pub evidence: Option<String>,
}

/// Judges a tick on the day `today`.
///
/// # Errors
/// [`Refusal::Archived`] for an item that is put away; [`Refusal::Invalid`] with every wrong field: `day` (before the
/// item was made, or to come), `reason` (1 to 1,000 characters for a skip), `evidence` (an address of http or https of
/// at most 4,000 characters; needed to be done where the item says so).
pub fn check_tick(item: &Item, tick: &Tick, today: Date) -> Result<(), Refusal> {
    if item.archived.is_some_and(|archived| archived <= tick.day) {
        return Err(Refusal::Archived {
            what: format!("The item {:?}", item.title),
        });
    }
    let mut fields = Vec::new();
    let mut wrong = |field: &str, message: String| {
        fields.push(FieldError {
            field: field.into(),
            message,
        });
    };
    if tick.day < item.created {
        wrong(
            "day",
            format!("There was no such item before {}.", item.created),
        );
    } else if tick.day > today {
        wrong(
            "day",
            format!("{} is still to come. Tick it then.", tick.day),
        );
    }
    match &tick.state {
        TickState::Skipped { reason } if reason.trim().is_empty() => {
            wrong("reason", "Say why it is skipped.".into());
        }
        TickState::Skipped { reason } if reason.chars().count() > MAX_REASON => {
            wrong(
                "reason",
                format!("A reason has at most {MAX_REASON} characters."),
            );
        }
        TickState::Done | TickState::Skipped { .. } => {}
    }
    let link = tick
        .evidence
        .as_deref()
        .map(str::trim)
        .filter(|link| !link.is_empty());
    match link {
        None if item.evidence_required && tick.state == TickState::Done => wrong(
            "evidence",
            "This item asks for evidence: give the address where it is.".into(),
        ),
        Some(link) if link.chars().count() > MAX_TEXT => {
            wrong(
                "evidence",
                format!("An address has at most {MAX_TEXT} characters."),
            );
        }
        // Nothing else becomes a link on a page.
        Some(link) if !is_address(link) => {
            wrong(
                "evidence",
                "Write an address that begins with https:// or http://.".into(),
            );
        }
        _ => {}
    }
    if fields.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Invalid { fields })
    }
}

/// Refuses a tick of an item that has one for that day: both people meant the same, and the first one's word stays.
///
/// # Errors
/// [`Refusal::NoChange`] (the change that came first is for the caller to fill in).
pub fn refuse_second(item: &Item, said: Option<&Tick>) -> Result<(), Refusal> {
    let Some(said) = said else {
        return Ok(());
    };
    let day = if item.list.by_day() {
        format!(" for {}", said.day)
    } else {
        String::new()
    };
    let state = match &said.state {
        TickState::Done => "done".to_owned(),
        TickState::Skipped { reason } => format!("skipped (\u{201c}{reason}\u{201d})"),
    };
    Err(Refusal::NoChange {
        summary: format!(
            "\u{201c}{}\u{201d} was already {state}{day} by {} at {} UTC. Take that back first to say otherwise.",
            first_line(&item.title),
            said.by,
            said.at.utc_precise(),
        ),
        other: None,
    })
}

/// The line that names an item: titles from a plan may go on below it.
pub fn first_line(title: &str) -> &str {
    title.lines().next().unwrap_or_default()
}

fn is_address(link: &str) -> bool {
    let rest = link
        .strip_prefix("https://")
        .or_else(|| link.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}

/// A daily item on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunItem {
    /// The item's id.
    pub item: String,
    /// The last tick for that day; `None` when it is left.
    pub tick: Option<Tick>,
    /// On today alone, while it is not ticked: the first of the days in an unbroken row, up to yesterday, on which it
    /// was left.
    pub left_since: Option<Date>,
}

/// The daily checklist of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyRun {
    /// The day.
    pub day: Date,
    /// Whether it is still going on.
    pub today: bool,
    /// What is worked on it, in the items' order.
    pub items: Vec<RunItem>,
    /// How many of them were done.
    pub done: u32,
    /// How many were skipped.
    pub skipped: u32,
    /// How many are left.
    pub left: u32,
}

impl DailyRun {
    /// What was left on days before and is not ticked today, with the first day of each row.
    pub fn left_over(&self) -> impl Iterator<Item = (&str, Date)> {
        self.items
            .iter()
            .filter_map(|item| Some((item.item.as_str(), item.left_since?)))
    }
}

/// The runs of the daily checklist: one for each day from the first active one to the last, or to today if that is
/// earlier. Items on other lists are passed over, as are ticks for days on which their item was not worked.
pub fn daily_runs(
    items: &[Item],
    ticks: &[Tick],
    active: (Date, Date),
    today: Date,
) -> Vec<DailyRun> {
    let daily: Vec<_> = items
        .iter()
        .filter(|item| item.list == List::Daily)
        .collect();
    let mut said: HashMap<(&str, Date), &Tick> = HashMap::new();
    for tick in ticks {
        said.entry((&tick.item, tick.day))
            .and_modify(|last| {
                if last.at <= tick.at {
                    *last = tick;
                }
            })
            .or_insert(tick);
    }
    // Since when each item has been left without a break.
    let mut rows: HashMap<&str, Date> = HashMap::new();
    let (first, last) = active;
    let last = last.min(today);
    let mut runs = Vec::new();
    for day in first.series(1.day()).take_while(|day| *day <= last) {
        let mut run = DailyRun {
            day,
            today: day == today,
            items: Vec::new(),
            done: 0,
            skipped: 0,
            left: 0,
        };
        for item in &daily {
            let id = item.id.as_str();
            if !item.is_worked_on(day) {
                rows.remove(id);
                continue;
            }
            let tick = said.get(&(id, day)).copied();
            let mut left_since = None;
            match tick.map(|tick| &tick.state) {
                Some(TickState::Done) => run.done += 1,
                Some(TickState::Skipped { .. }) => run.skipped += 1,
                None => run.left += 1,
            }
            if tick.is_some() {
                rows.remove(id);
            } else {
                left_since = rows.get(id).copied().filter(|_| run.today);
                rows.entry(id).or_insert(day);
            }
            run.items.push(RunItem {
                item: item.id.clone(),
                tick: tick.cloned(),
                left_since,
            });
        }
        runs.push(run);
    }
    runs
}

/// Days on which nothing was left, in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Streak {
    /// Up to yesterday, and today when it is complete.
    pub current: u32,
    /// The longest ever.
    pub longest: u32,
}

/// Counts the days in a row on which nothing was left. A day without items neither counts nor breaks the row; nor does
/// today while something is left.
pub fn streak(runs: &[DailyRun]) -> Streak {
    let mut streak = Streak::default();
    for run in runs.iter().filter(|run| !run.items.is_empty()) {
        if run.left == 0 {
            streak.current += 1;
            streak.longest = streak.longest.max(streak.current);
        } else if !run.today {
            streak.current = 0;
        }
    }
    streak
}

/// The instant at which something is due at a time of a day.
pub fn due_instant(day: Date, time: Time, zone: &TimeZone) -> Timestamp {
    instant(day.to_datetime(time), zone)
}

/// What is still open on the list before a phase, and so keeps its first promotion: items that are not archived and
/// have no tick, done or skipped.
pub fn before_list_open<'a>(
    items: &'a [Item],
    ticks: &[Tick],
    phase: PhaseNumber,
) -> Vec<&'a Item> {
    let list = List::Phase {
        phase,
        moment: Moment::Before,
    };
    let ticked: BTreeSet<_> = ticks.iter().map(|tick| tick.item.as_str()).collect();
    items
        .iter()
        .filter(|item| item.list == list && item.archived.is_none())
        .filter(|item| !ticked.contains(item.id.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};
    use proptest::prelude::*;

    fn day(day: i8) -> Date {
        date(2026, 12, day)
    }

    fn item(id: &str, list: List) -> Item {
        Item {
            id: id.into(),
            list,
            title: format!("Do {id}"),
            owner: String::new(),
            due: None,
            evidence_required: false,
            created: day(1),
            archived: None,
        }
    }

    fn daily(id: &str) -> Item {
        item(id, List::Daily)
    }

    fn done(item: &str, on: i8) -> Tick {
        Tick {
            item: item.into(),
            day: day(on),
            state: TickState::Done,
            by: "ada".into(),
            at: Timestamp(i64::from(on)),
            evidence: None,
        }
    }

    fn skipped(item: &str, on: i8) -> Tick {
        Tick {
            state: TickState::Skipped {
                reason: "holiday".into(),
            },
            ..done(item, on)
        }
    }

    fn left_over(run: &DailyRun) -> Vec<(&str, Date)> {
        run.left_over().collect()
    }

    #[test]
    fn what_was_left_yesterday_is_shown_today() {
        let items = [daily("a"), daily("b"), daily("c"), item("x", List::Once)];
        let ticks = [done("a", 1), skipped("b", 1), done("c", 2), done("x", 1)];
        let runs = daily_runs(&items, &ticks, (day(1), day(9)), day(3));
        let counts: Vec<_> = runs
            .iter()
            .map(|run| (run.done, run.skipped, run.left))
            .collect();
        assert_eq!(counts, [(1, 1, 1), (1, 0, 2), (0, 0, 3)]);
        assert!(left_over(&runs[1]).is_empty());
        // c was left on the 1st, but ticked on the 2nd: that cleared it.
        assert_eq!(left_over(&runs[2]), [("a", day(2)), ("b", day(2))]);
        // A tick today clears it too.
        let ticks = [ticks.as_slice(), &[done("a", 3)]].concat();
        let runs = daily_runs(&items, &ticks, (day(1), day(9)), day(3));
        assert_eq!(left_over(&runs[2]), [("b", day(2))]);
        // What is left for longer says since when, and a late tick for that day shortens the row.
        let runs = daily_runs(&items, &ticks, (day(1), day(9)), day(5));
        assert_eq!(
            left_over(&runs[4]),
            [("a", day(4)), ("b", day(2)), ("c", day(3))]
        );
        let ticks = [ticks.as_slice(), &[done("b", 3)]].concat();
        let runs = daily_runs(&items, &ticks, (day(1), day(9)), day(5));
        assert_eq!(left_over(&runs[4])[1], ("b", day(4)));
        // After the last day nothing is carried over.
        let runs = daily_runs(&items, &[], (day(1), day(2)), day(5));
        assert!(
            runs.iter()
                .all(|run| left_over(run).is_empty() && !run.today)
        );
    }

    #[test]
    fn an_item_is_worked_from_its_first_day_until_it_is_archived() {
        let mut late = daily("late");
        (late.created, late.archived) = (day(2), Some(day(4)));
        let runs = daily_runs(&[late], &[done("late", 5)], (day(1), day(6)), day(4));
        let sizes: Vec<_> = runs.iter().map(|run| run.items.len()).collect();
        assert_eq!(sizes, [0, 1, 1, 0]);
        assert!(daily_runs(&[], &[], (day(5), day(4)), day(9)).is_empty());
        assert!(daily_runs(&[], &[], (day(5), day(9)), day(4)).is_empty());
    }

    #[test]
    fn the_last_word_on_a_day_counts() {
        let mut later = skipped("a", 1);
        later.at = Timestamp(9);
        for ticks in [[done("a", 1), later.clone()], [later.clone(), done("a", 1)]] {
            let runs = daily_runs(&[daily("a")], &ticks, (day(1), day(1)), day(1));
            assert_eq!((runs[0].done, runs[0].skipped), (0, 1));
        }
    }

    #[test]
    fn a_streak_counts_back_from_yesterday_and_today_when_complete() {
        let streak_of = |ticked: &[i8], today| {
            let ticks: Vec<_> = ticked.iter().map(|on| done("a", *on)).collect();
            streak(&daily_runs(
                &[daily("a")],
                &ticks,
                (day(1), day(20)),
                day(today),
            ))
        };
        let told = |current, longest| Streak { current, longest };
        assert_eq!(streak_of(&[], 1), told(0, 0));
        assert_eq!(streak_of(&[1], 1), told(1, 1));
        assert_eq!(streak_of(&[1, 2], 3), told(2, 2));
        assert_eq!(streak_of(&[1, 2, 3], 3), told(3, 3));
        assert_eq!(streak_of(&[1, 2], 4), told(0, 2));
        assert_eq!(streak_of(&[1, 2, 4], 4), told(1, 2));
        // Days before the item was made are no work done.
        let mut late = daily("a");
        late.created = day(3);
        let runs = daily_runs(&[late], &[done("a", 3)], (day(1), day(9)), day(4));
        assert_eq!(streak(&runs), told(1, 1));
    }

    #[test]
    fn the_list_before_a_phase_is_open_until_all_is_ticked() {
        let before = |phase| List::Phase {
            phase,
            moment: Moment::Before,
        };
        let during = List::Phase {
            phase: 1,
            moment: Moment::During,
        };
        let mut gone = item("gone", before(1));
        gone.archived = Some(day(2));
        let items = [
            item("a", before(1)),
            item("b", before(1)),
            item("c", before(2)),
            item("d", during),
            gone,
        ];
        let open = |ticks: &[Tick]| {
            let open = before_list_open(&items, ticks, 1);
            open.iter().map(|item| item.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(open(&[]), ["a", "b"]);
        assert_eq!(open(&[done("a", 1), done("c", 1)]), ["b"]);
        assert!(open(&[done("a", 1), skipped("b", 3)]).is_empty());
    }

    #[test]
    fn ticks_that_cannot_be_are_refused() {
        let mut asks = daily("a");
        asks.evidence_required = true;
        let told = |tick: Tick| match check_tick(&asks, &tick, day(5)) {
            Ok(()) => String::new(),
            Err(refusal) => refusal.to_string(),
        };
        let with = |link: &str| Tick {
            evidence: Some(link.into()),
            ..done("a", 5)
        };
        assert_eq!(told(with("https://ci.example/1")), "");
        assert_eq!(told(skipped("a", 5)), "");
        assert!(told(done("a", 5)).contains("asks for evidence"));
        assert!(told(with("  ")).contains("asks for evidence"));
        assert!(told(with("javascript:alert(1)")).contains("begins with https://"));
        assert!(told(with("https://a b")).contains("begins with https://"));
        assert!(told(with(&format!("https://{}", "a".repeat(MAX_TEXT)))).contains("at most 4000"));
        assert!(told(skipped("a", 6)).contains("still to come"));
        let early = Tick {
            day: date(2026, 11, 30),
            ..skipped("a", 1)
        };
        assert!(told(early).contains("no such item before 2026-12-01"));
        for (reason, words) in [
            (" ".to_owned(), "Say why"),
            ("x".repeat(1_001), "at most 1000"),
        ] {
            let state = TickState::Skipped { reason };
            let tick = Tick {
                state,
                ..done("a", 5)
            };
            assert!(told(tick).contains(words));
        }
        asks.archived = Some(day(4));
        let refused = check_tick(&asks, &skipped("a", 4), day(5)).unwrap_err();
        assert_eq!(refused.code(), "archived");
        assert_eq!(check_tick(&asks, &skipped("a", 3), day(5)), Ok(()));
    }

    #[test]
    fn items_that_cannot_be_are_refused() {
        let with = |list, due| Item {
            due: Some(due),
            ..item("a", list)
        };
        let (at, on) = (Due::Time(time(9, 0, 0, 0)), Due::Day(day(3)));
        assert_eq!(with(List::Daily, at).check(), Ok(()));
        assert_eq!(with(List::Once, on).check(), Ok(()));
        let told = |item: Item| item.check().unwrap_err().to_string();
        assert!(told(with(List::Daily, on)).contains("a time of day"));
        assert!(told(with(List::Once, at)).contains("on a day"));
        let far = Due::Day(date(2201, 1, 1));
        assert!(told(with(List::Once, far)).contains("outside of 1970"));
        let titled = |title: String| Item {
            title,
            ..daily("a")
        };
        assert!(told(titled(" ".into())).contains("what is to be done"));
        assert!(told(titled("x".repeat(201))).contains("at most 200"));
        let mut owned = daily("a");
        owned.owner = "x".repeat(MAX_TEXT + 1);
        assert!(told(owned).contains("at most 4000"));
    }

    #[test]
    fn a_conditional_item_is_shown_from_its_threshold_on() {
        use Threshold::{Hold, Rollback};
        assert!(shown(Hold, Some(Hold)) && shown(Hold, Some(Rollback)));
        assert!(shown(Rollback, Some(Rollback)) && !shown(Rollback, Some(Hold)));
        assert!(!shown(Hold, None) && !shown(Rollback, None));
    }

    #[test]
    fn plans_kinds_have_their_lists_and_words_are_read_back() {
        let of = |kind, phase| List::of(kind, phase, None, Threshold::Rollback);
        let around = |moment| List::Phase { phase: 2, moment };
        assert_eq!(of(ChecklistKind::Preparation, None), List::Once);
        assert_eq!(of(ChecklistKind::Preparation, Some(2)), List::Once);
        let before = List::of(
            ChecklistKind::Phase,
            Some(2),
            Some(Moment::Before),
            Threshold::Hold,
        );
        assert_eq!(before, around(Moment::Before));
        assert_eq!(of(ChecklistKind::Phase, None), List::Once);
        assert_eq!(of(ChecklistKind::Day, Some(2)), around(Moment::During));
        assert_eq!(of(ChecklistKind::Phase, Some(2)), around(Moment::During));
        assert_eq!(of(ChecklistKind::Daily, Some(2)), List::Daily);
        let conditional = List::Conditional(Threshold::Rollback);
        assert_eq!(of(ChecklistKind::Conditional, None), conditional);
        for moment in Moment::ALL {
            assert_eq!(Moment::parse(moment.as_str()), Some(moment));
        }
        for threshold in Threshold::ALL {
            assert_eq!(Threshold::parse(threshold.as_str()), Some(threshold));
        }
    }

    #[test]
    fn the_words_of_a_plan_say_which_threshold_is_meant() {
        let limits = Thresholds::default();
        let of = |title: &str, condition: &str| Threshold::in_words(title, condition, limits);
        assert_eq!(of("Find the cause", "Error Rate > 1%"), Threshold::Hold);
        assert_eq!(of("Consider it", "errors above 5 %"), Threshold::Rollback);
        assert_eq!(
            of("Roll back if error rate > 5%", "error rate > 1%"),
            Threshold::Rollback
        );
        // A share of something else is no condition.
        assert_eq!(of("Compare 10 % of all", "rate > 1%"), Threshold::Hold);
        assert_eq!(of("Tell the lead", "issues are found"), Threshold::Hold);
        assert_eq!(of("Tell the lead", "%"), Threshold::Hold);
        assert_eq!(Threshold::Hold.words(limits), "Error rate above 1 %");
        let odd = Thresholds {
            hold_basis_points: 50,
            rollback_basis_points: 205,
        };
        assert_eq!(Threshold::Hold.words(odd), "Error rate above 0.5 %");
        assert_eq!(Threshold::Rollback.words(odd), "Error rate above 2.05 %");
    }

    #[test]
    fn a_due_is_read_as_people_write_it() {
        assert_eq!(Due::parse(" "), Ok(None));
        assert_eq!(Due::parse("9:5").unwrap_err().code(), "invalid");
        assert_eq!(Due::parse("09:05"), Ok(Some(Due::Time(time(9, 5, 0, 0)))));
        assert_eq!(Due::parse("2026-12-01"), Ok(Some(Due::Day(day(1)))));
        assert_eq!(Due::parse("tomorrow").unwrap_err().code(), "invalid");
        assert_eq!(Due::parse("2026-02-30").unwrap_err().code(), "invalid");
    }

    #[test]
    fn a_second_tick_is_told_who_came_first() {
        let item = daily("smoke");
        assert_eq!(refuse_second(&item, None), Ok(()));
        let told = refuse_second(&item, Some(&done("smoke", 3)))
            .unwrap_err()
            .to_string();
        assert!(
            told.contains("“Do smoke” was already done for 2026-12-03 by"),
            "{told}"
        );
        let skipped = Tick {
            state: TickState::Skipped {
                reason: "no traffic".into(),
            },
            ..done("smoke", 3)
        };
        let told = refuse_second(&item, Some(&skipped)).unwrap_err();
        assert_eq!(told.code(), "no-change");
        assert!(told.to_string().contains("skipped (“no traffic”)"));
    }

    #[test]
    fn daily_items_are_worked_from_the_first_day_of_the_migration_on() {
        let items = [daily("a"), item("b", List::Once)];
        assert_eq!(active(Some(day(3)), &items, day(9)), (day(3), day(9)));
        assert_eq!(active(None, &items, day(9)), (day(1), day(9)));
        assert_eq!(active(None, &[], day(9)), (day(9), day(9)));
        // Still to begin: no run.
        let ahead = active(Some(day(20)), &items, day(9));
        assert_eq!(daily_runs(&items, &[], ahead, day(9)), []);
        let old = active(Some(date(2020, 1, 1)), &items, day(9));
        assert_eq!(daily_runs(&items, &[], old, day(9)).len(), 366);
    }

    const ZONES: [&str; 14] = [
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "America/St_Johns",
        "Pacific/Chatham",
        "Africa/Casablanca",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "Asia/Tehran",
        "Pacific/Apia",
        "Africa/Cairo",
        "America/Havana",
        "Asia/Beirut",
    ];

    proptest! {
        #[test]
        fn each_active_day_has_one_run_whatever_the_clocks_do(
            zone in prop::sample::select(&ZONES[..]),
            first in 0i32..20_000,
            length in 0i32..500,
            hours in 0i64..12_000,
            minute in 0i8..60,
            hour in 0i8..24,
        ) {
            let zone = TimeZone::get(zone).unwrap();
            let first = date(1990, 1, 1).saturating_add(first.days());
            let last = first.saturating_add(length.days());
            let now = instant(first.at(0, 0, 0, 0), &zone).plus(hours * super::super::HOUR);
            let today = super::super::civil(now, &zone).date();
            let mut worked = daily("a");
            worked.created = first;
            let runs = daily_runs(&[worked], &[], (first, last), today);
            let mut expected = first;
            for run in &runs {
                prop_assert_eq!(run.day, expected);
                prop_assert_eq!((run.items.len(), run.left, run.today), (1, 1, run.day == today));
                expected = expected.tomorrow().unwrap();
            }
            prop_assert_eq!(runs.last().map(|run| run.day), Some(last.min(today)));
            // What is due on each day is due in its order, and at the wall's time unless that was skipped.
            let mut before = None;
            for run in &runs {
                let at = time(hour, minute, 0, 0);
                let due = due_instant(run.day, at, &zone);
                let told = super::super::civil(due, &zone);
                let gap = zone.to_ambiguous_timestamp(run.day.to_datetime(at)).offset();
                if matches!(gap, jiff::tz::AmbiguousOffset::Gap { .. }) {
                    prop_assert!(told > run.day.to_datetime(at));
                } else {
                    prop_assert_eq!(told, run.day.to_datetime(at));
                    prop_assert!(before.is_none_or(|before| before < due));
                    before = Some(due);
                }
            }
        }
    }
}
