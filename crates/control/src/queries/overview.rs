//! The overview: what needs a hand, how far, what happened. Kept in memory until something changes or a minute passes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::issues::Severity;
use domain::plan_items::{Criterion, CriterionKind, Step};
use domain::read::{
    AuditRow, CriterionRow, CriterionVerdict, IssueRow, ModeCounts, NeedsHand, Overview,
    PhaseProgress, StatusFilter, StepStanding, Urgency,
};
use domain::{Key, Mode, ModuleStatus, Permission, Phase};
use jiff::civil::Date;

use super::audit::audit_row;
use super::checklists::left_today;
use super::module::{choose_template, walk};
use super::modules::{all_rows, phase_names};
use super::standing::{Standing, count, load, share_on_new, viewer};
use crate::control::authorise;
use crate::store::audit::{AuditSearch, search};
use crate::store::flags::FlagRecord;
use crate::store::issue_lists::{self, IssueSearch};
use crate::store::{StoreError, phases, plan_items};
use crate::{Caller, Control, QueryError};

/// Lines of "needs a hand" at most.
const MOST_NEEDS: usize = 10;
/// Modules being moved that are shown at most.
const MOST_MOVING: usize = 12;
/// Changes shown.
const RECENT_ROWS: u32 = 8;
/// Overviews kept; beyond it all are made anew.
const MOST_KEPT: usize = 256;

/// What an overview depends on beside who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Moment {
    head_sequence: u64,
    minute: i64,
}

/// What an overview is of: a migration, and the environment asked for.
type Subject = (Key, Option<Key>);

/// Overviews by migration and environment.
#[derive(Debug, Default)]
pub struct OverviewCache {
    kept: Mutex<HashMap<Subject, (Moment, Arc<Overview>)>>,
}

impl OverviewCache {
    fn get(&self, of: &Subject, moment: &Moment) -> Option<Arc<Overview>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(of)
            .filter(|(at, _)| at == moment)
            .map(|(_, overview)| Arc::clone(overview))
    }

    fn put(&self, of: Subject, moment: Moment, overview: &Overview) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(of, (moment, Arc::new(overview.clone())));
    }
}

/// The overview page.
pub async fn overview(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
) -> Result<Overview, QueryError> {
    authorise(caller, Permission::View(migration))?;
    let now = control.clock().now();
    let of = (migration.clone(), environment.cloned());
    let moment = Moment {
        head_sequence: control.head_sequence(),
        minute: now.0.div_euclid(60_000),
    };
    let cache = &control.inner().overviews;
    let mut overview = if let Some(kept) = cache.get(&of, &moment) {
        let mut overview = Overview::clone(&kept);
        overview.frame.viewer = viewer(caller, Some(migration));
        overview.frame.now = now;
        overview
    } else {
        let overview = make(control, caller, migration, environment).await?;
        // What was read may be newer than `moment`, never older: at worst it is made once more.
        cache.put(of, moment, &overview);
        overview
    };
    warn_of_laggards(control, &mut overview);
    Ok(overview)
}

/// Instances fall behind without an audit entry, so this is looked at each time.
fn warn_of_laggards(control: &Control, overview: &mut Overview) {
    let frame = &overview.frame;
    let laggards = control.laggards(&frame.migration, &frame.environment.key);
    let Some(first) = laggards.names.first() else {
        return;
    };
    let query = if frame.environment.deciding {
        String::new()
    } else {
        format!("?env={}", frame.environment.key)
    };
    let (what, why) = match laggards.count {
        1 => (
            first.clone(),
            "is connected, but has not applied the newest revision for over 10 s".to_owned(),
        ),
        count => {
            let unnamed = count - laggards.names.len();
            let more = match unnamed {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            (
                format!("{count} instances"),
                format!(
                    "are connected, but have not applied the newest revision for over 10 s: {}{more}",
                    laggards.names.join(", ")
                ),
            )
        }
    };
    let line = NeedsHand {
        urgency: Urgency::Attention,
        what,
        why,
        action: "Look".into(),
        href: format!("/m/{}/instances{query}", frame.migration),
    };
    let behind_dangers = overview
        .needs_hand
        .iter()
        .take_while(|line| line.urgency == Urgency::Danger)
        .count();
    overview.needs_hand.insert(behind_dangers, line);
}

async fn make(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
) -> Result<Overview, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let id = standing.migration.id;
    let steps = plan_items::steps(&mut standing.transaction, id).await?;
    let criteria = plan_items::criteria(&mut standing.transaction, id).await?;
    let all_phases: Vec<Phase> = phases::of_migration(&mut standing.transaction, id)
        .await?
        .into_iter()
        .map(|record| record.phase)
        .filter(|phase| phase.archived_at.is_none())
        .collect();
    let recent = recent(&mut standing, migration).await?;
    let now = standing.frame.now;
    let daily = left_today(&mut standing.transaction, &standing.migration, now).await?;
    let names = phase_names(&mut standing).await?;
    let rows = all_rows(&mut standing, &names).await?;
    let today = today(&standing);
    let killed = standing.environment.environment.kill_switch;
    let critical = critical_issues(&mut standing).await?;
    let (needs_hand, next) = needs(&standing, &critical, &steps, &all_phases, daily, today);
    Ok(Overview {
        phases: all_phases
            .iter()
            .map(|phase| progress(phase, &standing.flags, killed, today))
            .collect(),
        criteria: criteria
            .iter()
            .map(|criterion| judge(criterion, &standing))
            .collect(),
        moving: rows
            .iter()
            .map(|(row, _)| row)
            .filter(|row| {
                row.status == ModuleStatus::Active
                    && matches!(
                        row.track.state.mode(),
                        Mode::BothValidate | Mode::GradualRollout
                    )
            })
            .take(MOST_MOVING)
            .cloned()
            .collect(),
        first_module: rows.first().map(|(row, _)| row.key.clone()),
        empty: rows.is_empty() && all_phases.is_empty(),
        frame: standing.frame,
        needs_hand,
        next,
        recent,
    })
}

async fn recent(standing: &mut Standing, migration: &Key) -> Result<Vec<AuditRow>, QueryError> {
    let wanted = AuditSearch {
        migration: Some(migration.to_string()),
        outcome: Some("committed".into()),
        ..AuditSearch::default()
    };
    let records = search(&mut standing.transaction, &wanted, RECENT_ROWS).await?;
    Ok(records
        .iter()
        .map(audit_row)
        .collect::<Result<_, StoreError>>()?)
}

/// The civil date now in the migration's zone.
fn today(standing: &Standing) -> Option<Date> {
    let zone = jiff::tz::TimeZone::get(&standing.frame.zone).ok()?;
    let now = jiff::Timestamp::from_millisecond(standing.frame.now.0).ok()?;
    Some(now.to_zoned(zone).date())
}

pub(super) fn is_current(phase: &Phase, today: Option<Date>) -> bool {
    match (phase.start, phase.end, today) {
        (Some(start), Some(end), Some(today)) => start <= today && today <= end,
        _ => false,
    }
}

fn progress(
    phase: &Phase,
    flags: &[FlagRecord],
    killed: bool,
    today: Option<Date>,
) -> PhaseProgress {
    let of_phase = || flags.iter().filter(|flag| flag.phase == Some(phase.number));
    PhaseProgress {
        number: phase.number,
        name: phase.name.clone(),
        start: phase.start.map(|date| date.to_string()),
        end: phase.end.map(|date| date.to_string()),
        overrun_days: phase.overrun_days,
        counts: count(of_phase(), phase.expected_modules),
        share_on_new: share_on_new(of_phase(), killed),
        current: is_current(phase, today),
    }
}

/// What needs a hand, most urgent first, and what is next when nothing does.
fn needs(
    standing: &Standing,
    critical: &[IssueRow],
    steps: &[Step],
    phases: &[Phase],
    daily: Option<(u32, usize)>,
    today: Option<Date>,
) -> (Vec<NeedsHand>, Option<String>) {
    let base = format!("/m/{}", standing.frame.migration);
    let environment = &standing.environment.environment;
    let query = if environment.deciding {
        String::new()
    } else {
        format!("?env={}", environment.key)
    };
    let mut needs = Vec::new();
    if environment.kill_switch {
        needs.push(NeedsHand {
            urgency: Urgency::Danger,
            what: "kill switch".into(),
            why: format!("is on: everything active serves old in {}", environment.key),
            action: "Resume…".into(),
            href: format!("{base}/resume{query}"),
        });
    }
    needs.extend(critical.iter().map(|issue| blocking(issue, &base, &query)));
    needs.extend(due_steps(standing, steps, &base, &query));
    if let Some(line) = daily.and_then(|daily| daily_check(daily, &base, &query)) {
        // However many steps are due, it is among the lines that are shown.
        needs.insert(needs.len().min(MOST_NEEDS - 1), line);
    }
    needs.extend(
        phases
            .iter()
            .filter(|phase| is_current(phase, today))
            .filter_map(|phase| waiting_in(phase, standing, &base, &query)),
    );
    let more = needs.len().saturating_sub(MOST_NEEDS);
    needs.truncate(MOST_NEEDS);
    if more > 0 {
        needs.push(NeedsHand {
            urgency: Urgency::Next,
            what: format!("{more} more"),
            why: "need a hand too".into(),
            action: "Look".into(),
            href: format!("{base}/modules{query}"),
        });
    }
    let upcoming = phases
        .iter()
        .filter(|phase| phase.start.is_some() && phase.start > today)
        .min_by_key(|phase| phase.start);
    let next = upcoming.and_then(|phase| {
        let start = phase.start?;
        Some(format!("{} begins on {start}.", phase.name))
    });
    (needs, next)
}

/// Unresolved issues of severity critical: they hold promotions back.
async fn critical_issues(standing: &mut Standing) -> Result<Vec<IssueRow>, QueryError> {
    let search = IssueSearch {
        status: Some(StatusFilter::Unresolved.as_str()),
        severity: Some(Severity::Critical.as_str()),
        ..IssueSearch::default()
    };
    let id = standing.migration.id;
    let most = u32::try_from(MOST_NEEDS).unwrap_or(u32::MAX);
    Ok(issue_lists::list(&mut standing.transaction, id, &search, most, 0).await?)
}

fn blocking(issue: &IssueRow, base: &str, query: &str) -> NeedsHand {
    let holds = issue.module.as_ref().map_or_else(
        || "is critical and not resolved".to_owned(),
        |module| format!("is critical: {module} is not promoted until it is resolved"),
    );
    NeedsHand {
        urgency: Urgency::Danger,
        what: format!("{}. {}", issue.number, issue.title),
        why: holds,
        action: "Open".into(),
        href: format!("{base}/issues/{}{query}", issue.number),
    }
}

/// Modules whose soak is over and whose template has a further step.
fn due_steps(standing: &Standing, steps: &[Step], base: &str, query: &str) -> Vec<NeedsHand> {
    let now = standing.frame.now;
    let moving = standing.flags.iter().filter(|flag| {
        flag.status == ModuleStatus::Active
            && matches!(flag.state.mode(), Mode::BothValidate | Mode::GradualRollout)
    });
    moving
        .filter_map(|flag| {
            let (template, _) = choose_template(steps, flag.phase);
            let rows = walk(&template, flag.state, flag.changed_at, flag.status, now);
            let here = rows.iter().find(|row| row.standing == StepStanding::Here)?;
            let soak = i64::from(here.soak_hours) * 3_600_000;
            if flag.changed_at.is_none_or(|since| now.since(since) < soak) {
                return None;
            }
            let next = rows.iter().find(|row| row.standing == StepStanding::Next)?;
            Some(NeedsHand {
                urgency: Urgency::Attention,
                what: flag.module.to_string(),
                why: format!("{} is due: {}", next.state, here.detail),
                action: "Look".into(),
                href: format!("{base}/modules/{}{query}", flag.module),
            })
        })
        .collect()
}

/// Today's run of the daily checklist while some of it is left: `2 of 6 left today`.
fn daily_check((left, items): (u32, usize), base: &str, query: &str) -> Option<NeedsHand> {
    (left > 0).then(|| NeedsHand {
        urgency: Urgency::Attention,
        what: "daily check".into(),
        why: format!("{left} of {items} left today"),
        action: "Open".into(),
        href: format!("{base}/checklists{query}"),
    })
}

/// Modules of a running phase that have not begun.
fn waiting_in(phase: &Phase, standing: &Standing, base: &str, query: &str) -> Option<NeedsHand> {
    let waiting = standing
        .flags
        .iter()
        .filter(|flag| {
            flag.phase == Some(phase.number)
                && flag.status == ModuleStatus::Active
                && flag.state.mode() == Mode::OldOnly
        })
        .count();
    let environment = if query.is_empty() {
        String::new()
    } else {
        query.replacen('?', "&", 1)
    };
    (waiting > 0).then(|| NeedsHand {
        urgency: Urgency::Attention,
        what: phase.name.clone(),
        why: format!("is running, and {waiting} of its modules have not begun"),
        action: "Open".into(),
        href: format!("{base}/modules?phase={}{environment}", phase.number),
    })
}

/// What flags alone can say about a criterion; evidence says the rest, and until then it is NO DATA.
fn judge(criterion: &Criterion, standing: &Standing) -> CriterionRow {
    let counts = &standing.frame.counts;
    let (verdict, detail) = match criterion.kind {
        CriterionKind::ModulesMigrated => on_new(criterion, counts),
        CriterionKind::TrafficShare => traffic(criterion, standing.frame.share_on_new),
        CriterionKind::OldCodeRemoved => removed(counts),
        _ => (CriterionVerdict::NoData, "no evidence yet".to_owned()),
    };
    CriterionRow {
        position: criterion.position,
        text: criterion.text.clone(),
        verdict,
        detail,
    }
}

fn of_all(counts: &ModeCounts) -> i64 {
    i64::from(counts.expected.unwrap_or_default().max(counts.named()))
}

fn on_new(criterion: &Criterion, counts: &ModeCounts) -> (CriterionVerdict, String) {
    let done = i64::from(counts.new_only + counts.retired);
    let wanted = criterion.limit.unwrap_or_else(|| of_all(counts));
    let verdict = match (wanted, done >= wanted) {
        (0, _) => CriterionVerdict::NoData,
        (_, true) => CriterionVerdict::Pass,
        (_, false) => CriterionVerdict::Fail,
    };
    (verdict, format!("{done} of {wanted} modules on new"))
}

fn traffic(criterion: &Criterion, share: u16) -> (CriterionVerdict, String) {
    let percent = f64::from(share) / 100.0;
    if i64::from(share) < criterion.limit.unwrap_or(10_000) {
        return (
            CriterionVerdict::Fail,
            format!("flags send {percent} % of subjects to new"),
        );
    }
    (
        CriterionVerdict::NoData,
        "flags send everything to new; no traffic was measured".into(),
    )
}

fn removed(counts: &ModeCounts) -> (CriterionVerdict, String) {
    let wanted = of_all(counts);
    let retired = i64::from(counts.retired);
    let verdict = match (wanted, retired >= wanted) {
        (0, _) => CriterionVerdict::NoData,
        (_, true) => CriterionVerdict::Pass,
        (_, false) => CriterionVerdict::Fail,
    };
    (verdict, format!("{retired} of {wanted} modules retired"))
}

#[cfg(test)]
mod tests {
    use domain::FlagState;

    use super::*;
    use crate::directory::Identity;
    use crate::instances::Hello;
    use crate::testing::{Server, key};

    async fn warnings(server: &Server) -> Vec<NeedsHand> {
        let overview = overview(&server.control, &Server::root(), &key("atlas"), None).await;
        let needs = overview.unwrap().needs_hand;
        let of_instances = |line: &NeedsHand| line.href.ends_with("/instances");
        needs.into_iter().filter(of_instances).collect()
    }

    #[tokio::test]
    async fn a_connected_instance_that_stays_behind_is_warned_of_until_it_obeys() {
        let server = Server::with_modules(&["a"]).await;
        let identity = Identity {
            token_id: "1".into(),
            name: "checkout".into(),
            kind: domain::read::TokenKind::Sdk,
            migration: Some(key("atlas")),
            environment: Some(key("production")),
            actor: None,
        };
        let hello = Hello {
            instance: "checkout-1".into(),
            service: "checkout".into(),
            sdk: "rust/0.1".into(),
        };
        let _stream = server.control.joined(&identity, hello.clone()).unwrap();
        server.set("a", FlagState::BOTH_VALIDATE).await;
        let mut events = server.control.feed().subscribe();
        assert_eq!(warnings(&server).await, []);
        server.control.clock().step(11_000);
        server.control.announce_laggards();
        let told = events.try_recv().unwrap();
        assert_eq!(told.topics, [crate::feed::Topic::Receipts]);
        let lines = warnings(&server).await;
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].what, "checkout-1");
        let published = server
            .control
            .snapshots()
            .get(&key("atlas"), &key("production"));
        let revision = published.unwrap().set.revision().clone();
        let now = server.control.clock().now();
        server
            .control
            .acknowledged(&identity, hello, Some((revision, now)))
            .unwrap();
        assert_eq!(warnings(&server).await, []);
    }
}
