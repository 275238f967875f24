//! However phases come to other dates, no dependency between them is broken silently.

use domain::schedule::phases::{Dependency, Following, PhaseDates, newly_broken};
use domain::{Committed, Phase, PhaseNumber};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::{CreatePhase, EditPhase, ImportPlan, MovePhase, SetDependencies, Undo, undo};
use crate::CommandError;
use crate::store::{dependencies, migrations, phases};
use crate::testing::{Server, key};

const ORIGIN: Date = date(2026, 12, 1);

/// One way to bring a phase to other dates. Days count from [`ORIGIN`].
#[derive(Debug, Clone)]
enum Way {
    Move { along: bool },
    EditBoth,
    EditStart,
    EditEnd,
    Import,
    Needs(Vec<PhaseNumber>),
    UndoLast,
}

#[derive(Debug, Clone)]
struct Change {
    way: Way,
    phase: PhaseNumber,
    start: i64,
    length: i64,
    overriding: bool,
}

fn change() -> impl Strategy<Value = Change> {
    let way = prop_oneof![
        any::<bool>().prop_map(|along| Way::Move { along }),
        Just(Way::EditBoth),
        Just(Way::EditStart),
        Just(Way::EditEnd),
        Just(Way::Import),
        prop::sample::subsequence(vec![1, 2, 3], 0..3).prop_map(Way::Needs),
        Just(Way::UndoLast),
    ];
    (
        way,
        1..=3_u32,
        0..40_i64,
        0..12_i64,
        prop::bool::weighted(0.2),
    )
        .prop_map(|(way, phase, start, length, overriding)| Change {
            way,
            phase,
            start,
            length,
            overriding,
        })
}

fn day(number: i64) -> Date {
    ORIGIN.saturating_add(number.days())
}

async fn standing(server: &Server) -> (Vec<Phase>, Vec<PhaseDates>, Vec<Dependency>) {
    let mut connection = server.control.inner().store.read().await.unwrap();
    let id = migrations::by_key(&mut connection, &key("atlas"))
        .await
        .unwrap()
        .unwrap()
        .id;
    let all = phases::of_migration(&mut connection, id).await.unwrap();
    let all: Vec<Phase> = all.into_iter().map(|record| record.phase).collect();
    let dates = all.iter().filter_map(PhaseDates::of).collect();
    let needs = dependencies::of_migration(&mut connection, id)
        .await
        .unwrap();
    (all, dates, needs)
}

async fn carry_out(
    server: &Server,
    change: &Change,
    last: Option<u64>,
) -> Result<Committed, CommandError> {
    let (all, ..) = standing(server).await;
    let phase = all
        .iter()
        .find(|phase| phase.number == change.phase)
        .unwrap();
    let (start, end) = (day(change.start), day(change.start + change.length));
    let reason = if change.overriding {
        "it is agreed"
    } else {
        ""
    };
    let edit = |start: Option<Date>, end: Option<Date>| EditPhase {
        migration: key("atlas"),
        number: change.phase,
        name: None,
        start: start.map(Some),
        end: end.map(Some),
        expected_modules: None,
        validation_days: None,
        notes: None,
        overriding: change.overriding,
        expected: Some(phase.version),
        reason: reason.into(),
    };
    match &change.way {
        Way::Move { along } => {
            let following = if *along {
                Following::MoveAlong
            } else {
                Following::Stay
            };
            let command = MovePhase {
                migration: key("atlas"),
                number: change.phase,
                start,
                end,
                following,
                overriding: change.overriding,
                expected: Some(phase.version),
                reason: reason.into(),
            };
            server.admin(command).await
        }
        Way::EditBoth => server.admin(edit(Some(start), Some(end))).await,
        Way::EditStart => server.admin(edit(Some(start), None)).await,
        Way::EditEnd => server.admin(edit(None, Some(end))).await,
        Way::Import => {
            let file = crate::queries::export_plan(&server.control, &Server::root(), &key("atlas"))
                .await
                .unwrap();
            let was = format!("{} to {}", phase.start.unwrap(), phase.end.unwrap());
            let heading = format!("{} ({was})", phase.name);
            let next = file.replace(&heading, &format!("{} ({start} to {end})", phase.name));
            let command = ImportPlan {
                migration: key("atlas"),
                name: None,
                zone: "UTC".into(),
                plan: plan::parse_markdown(next.as_bytes(), ORIGIN).unwrap(),
                document: "d1".into(),
                archive_absent: false,
                overriding: change.overriding,
                reason: reason.into(),
            };
            server.admin(command).await
        }
        Way::Needs(needs) => {
            let command = SetDependencies {
                migration: key("atlas"),
                number: change.phase,
                needs: needs.clone(),
                overriding: change.overriding,
                expected: Some(phase.version),
                reason: reason.into(),
            };
            server.admin(command).await
        }
        Way::UndoLast => {
            let wanted = Undo {
                migration: key("atlas"),
                sequence: last.unwrap_or(1),
                reason: "mistaken".into(),
                expected: std::collections::BTreeMap::new(),
            };
            undo(&server.control, &Server::root(), wanted).await
        }
    }
}

async fn walk(changes: Vec<Change>) {
    let server = Server::with_modules(&["a"]).await;
    for number in 1..=3_u32 {
        let start = i64::from(number - 1) * 7;
        let create = CreatePhase {
            migration: key("atlas"),
            number: Some(number),
            name: format!("Stretch {number}"),
            start: Some(day(start)),
            end: Some(day(start + 6)),
            expected_modules: None,
            validation_days: None,
            notes: String::new(),
            reason: String::new(),
        };
        server.admin(create).await.unwrap();
    }
    for number in [2, 3] {
        let needs = SetDependencies {
            migration: key("atlas"),
            number,
            needs: vec![number - 1],
            overriding: false,
            expected: Some(1),
            reason: String::new(),
        };
        server.admin(needs).await.unwrap();
    }
    let mut last = None;
    for change in changes {
        let (_, dates, needs) = standing(&server).await;
        let done = carry_out(&server, &change, last).await;
        let (_, dates_now, needs_now) = standing(&server).await;
        let broken = newly_broken((&dates, &needs), (&dates_now, &needs_now));
        match done {
            Ok(done) => {
                last = Some(done.sequence);
                let overridden = change.overriding && !matches!(change.way, Way::UndoLast);
                assert!(broken.is_empty() || overridden, "{change:?}: {broken:?}");
                for one in &broken {
                    let told = done.summary.contains(&one.to_string());
                    let needs = matches!(change.way, Way::Needs(_));
                    assert!(told || needs, "{}: {broken:?}", done.summary);
                }
            }
            Err(CommandError::Refused(refusal)) => {
                assert_eq!((dates, needs), (dates_now, needs_now), "{refusal}");
            }
            Err(other) => panic!("{other}"),
        }
    }
}

proptest! {
    // Each case opens a server.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn no_way_to_other_dates_breaks_a_dependency_silently(
        changes in prop::collection::vec(change(), 1..10),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(walk(changes));
    }
}
