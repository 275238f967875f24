//! Ramps: one decision at a time, and whole walks under random evidence.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

use domain::evidence::gates::{CiRun, Limits, ModuleEvidence, judge};
use domain::evidence::ramp::{
    Action, MadeRollback, Policy, Ramp, Soaked, Span, StepEvidence, Windows, decide, soaked,
};
use domain::evidence::{Outcome, Rule, SideWindow, Tally, Verdict};
use domain::plan_items::{Step, default_steps};
use domain::schedule::projection::DataShare;
use domain::schedule::windows::{Closed, WindowKind};
use domain::transition::Standing;
use domain::{FlagState, Key, Mode, ModuleStatus, Timestamp};
use jiff::civil::date;
use proptest::prelude::*;

const HOUR: i64 = 3_600_000;
const START: Timestamp = Timestamp(1_800_000_000_000);
const BY_ITSELF: Policy = Policy {
    advances: true,
    rolls_back: true,
};

fn at(hours: i64) -> Timestamp {
    START.plus(hours * HOUR)
}

fn module(state: FlagState) -> Standing {
    Standing {
        module: Key::parse("billing").unwrap(),
        status: ModuleStatus::Active,
        state,
    }
}

fn ramp() -> Ramp {
    Ramp::new(default_steps(), Some(START), START)
}

fn verdicts(rules: &[Rule], errors: u64, uses: u64) -> Vec<Verdict> {
    let evidence = ModuleEvidence {
        new: SideWindow {
            tally: Tally { uses, errors },
            latency: None,
        },
        ci_runs: vec![CiRun {
            name: "build 1".into(),
            mode: Mode::OldOnly,
            at: START,
            tests: 10,
            failed: 0,
            succeeded: true,
            coverage_basis_points: None,
            href: None,
        }],
        ..ModuleEvidence::default()
    };
    judge(rules, &evidence, &Limits::default(), date(2026, 12, 1))
}

fn evidence(errors: u64, uses: u64, hours: i64) -> StepEvidence {
    StepEvidence {
        gates: verdicts(&[Rule::ErrorRate], errors, uses),
        rollback: verdicts(&[Rule::RollbackRate], errors, uses).remove(0),
        soaked: Soaked {
            milliseconds: hours * HOUR,
            counting: true,
            restarted: None,
            share: Some(DataShare::ALL),
        },
    }
}

fn freeze(until: Option<Timestamp>) -> Closed {
    Closed {
        window: "Year's end".into(),
        kind: WindowKind::Freeze,
        since: None,
        until,
    }
}

fn ask(state: FlagState, evidence: &StepEvidence, windows: &Windows) -> Action {
    decide(
        &module(state),
        &ramp(),
        evidence,
        windows,
        Policy::default(),
        at(30),
        Some,
    )
}

fn missing(action: &Action) -> Vec<String> {
    match action {
        Action::Hold { missing, .. } => missing.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_step_is_due_when_gates_pass_and_it_has_soaked() {
    let open = Windows::default();
    let compare = FlagState::BOTH_VALIDATE;
    let Action::Advance { to, proposed } = ask(compare, &evidence(0, 500, 24), &open) else {
        panic!("not due");
    };
    assert_eq!(
        (to.label.as_str(), to.position, proposed),
        ("10 %", 2, true)
    );
    let held = ask(compare, &evidence(0, 500, 3), &open);
    assert_eq!(missing(&held), ["Soaked for 3 h of 24 h: 21 h left."]);
    let Action::Hold { expected, next, .. } = held else {
        panic!("due");
    };
    assert_eq!((expected, next.unwrap().position), (Some(at(51)), 2));
    let held = ask(compare, &evidence(0, 100, 24), &open);
    assert_eq!(
        missing(&held),
        [
            "Errors on new: NO DATA. New fails for 0 % of 100 uses, too few to tell whether that is under the limit of 1 %. It takes 199 more without an error."
        ]
    );
    let Action::Hold { expected, .. } = held else {
        panic!("due");
    };
    assert_eq!(expected, None);
}

#[test]
fn all_that_is_missing_is_told() {
    let mut step = evidence(0, 500, 24);
    step.gates.clear();
    let everything = Windows {
        closed: Some(freeze(Some(at(40)))),
        kill_switch: true,
        phase_begins: Some(at(31)),
        broken: vec![domain::schedule::phases::Broken {
            phase: 2,
            needs: 1,
            starts: date(2026, 12, 1),
            earliest: date(2026, 12, 2),
        }],
        issues: vec![(7, "Totals differ".into())],
        checklist: Some((2, vec!["Record benchmarks".into()])),
    };
    let mut ramp = Ramp::new(default_steps(), None, START);
    ramp.made_rollback = Some(MadeRollback {
        at: START,
        issue: 9,
        resolved: false,
    });
    let state = FlagState::BOTH_VALIDATE;
    let held = decide(
        &module(state),
        &ramp,
        &step,
        &everything,
        BY_ITSELF,
        at(30),
        Some,
    );
    assert_eq!(
        missing(&held),
        [
            "Nobody has started its ramp.",
            "No gate is set for this step.",
            "The kill switch is on.",
            "It was rolled back automatically: resolve issue 9 first.",
            "Issue 7, \"Totals differ\", is critical and not resolved.",
            "Phase 2 needs phase 1, which has not ended.",
            "Its phase begins 2027-01-16 15:00 UTC.",
            "The list before phase 2 has 1 item left.",
            "Freeze \"Year's end\" is on until 2027-01-17 00:00 UTC.",
        ]
    );
    // What is dealt with is no longer missing.
    ramp.started = Some(START);
    ramp.made_rollback = ramp.made_rollback.map(|made| MadeRollback {
        resolved: true,
        ..made
    });
    let step = evidence(0, 500, 24);
    let windows = Windows {
        checklist: Some((2, vec![])),
        ..Windows::default()
    };
    let due = decide(
        &module(state),
        &ramp,
        &step,
        &windows,
        BY_ITSELF,
        at(30),
        Some,
    );
    assert!(matches!(
        due,
        Action::Advance {
            proposed: false,
            ..
        }
    ));
    let none = Ramp::new(vec![], Some(START), START);
    let held = decide(
        &module(state),
        &none,
        &step,
        &windows,
        BY_ITSELF,
        at(30),
        Some,
    );
    assert_eq!(missing(&held), ["The plan has no steps for it."]);
}

#[test]
fn the_expected_time_waits_for_promotions_to_open() {
    let windows = Windows {
        closed: Some(freeze(Some(at(40)))),
        ..Windows::default()
    };
    let expected = |soaked: i64, open_from: &dyn Fn(Timestamp) -> Option<Timestamp>| {
        let step = evidence(0, 500, soaked);
        let state = FlagState::BOTH_VALIDATE;
        match decide(
            &module(state),
            &ramp(),
            &step,
            &windows,
            BY_ITSELF,
            at(30),
            open_from,
        ) {
            Action::Hold { expected, .. } => expected,
            other => panic!("{other:?}"),
        }
    };
    let thaw = |from: Timestamp| Some(from.max(at(40)));
    assert_eq!(expected(24, &thaw), Some(at(40)));
    assert_eq!(expected(20, &thaw), Some(at(40)));
    assert_eq!(expected(4, &thaw), Some(at(50)));
    assert_eq!(expected(24, &|_| None), None);
}

#[test]
fn a_proven_failure_rolls_back_through_any_freeze() {
    let closed = Windows {
        closed: Some(freeze(None)),
        kill_switch: true,
        issues: vec![(1, "Old".into())],
        ..Windows::default()
    };
    let bad = evidence(100, 1_000, 0);
    for state in [FlagState::BOTH_VALIDATE, FlagState::NEW_ONLY] {
        let Action::RollBack {
            to,
            verdict,
            proposed,
        } = ask(state, &bad, &closed)
        else {
            panic!("not rolled back");
        };
        assert_eq!((to, proposed), (FlagState::OLD_ONLY, false));
        assert_eq!(
            verdict.sentence,
            "New fails for 10 % of 1,000 uses; with 95 % certainty for more than 8.47 %, over the limit of 5 %."
        );
    }
    let by_hand = Policy {
        rolls_back: false,
        ..Policy::default()
    };
    let state = FlagState::NEW_ONLY;
    let told = decide(&module(state), &ramp(), &bad, &closed, by_hand, START, Some);
    assert!(matches!(told, Action::RollBack { proposed: true, .. }));
    // There is nothing below old.
    assert!(matches!(
        ask(FlagState::OLD_ONLY, &bad, &closed),
        Action::Hold { .. }
    ));
}

#[test]
fn the_last_step_is_watched_and_then_done() {
    let frozen = Windows {
        closed: Some(freeze(None)),
        ..Windows::default()
    };
    let new = FlagState::NEW_ONLY;
    let watched = ask(new, &evidence(0, 500, 100), &frozen);
    assert_eq!(
        missing(&watched),
        ["Soaked for 4 days 4 h of 7 days: 68 h left."]
    );
    let Action::Hold { expected, next, .. } = watched else {
        panic!("done");
    };
    assert_eq!((expected, next), (Some(at(98)), None));
    let done = ask(new, &evidence(0, 500, 168), &frozen);
    assert_eq!(
        done,
        Action::Done {
            status: ModuleStatus::Active
        }
    );
    for status in [ModuleStatus::Retired, ModuleStatus::Archived] {
        let gone = Standing {
            status,
            ..module(new)
        };
        let bad = evidence(500, 500, 0);
        let told = decide(&gone, &ramp(), &bad, &frozen, BY_ITSELF, START, Some);
        assert_eq!(told, Action::Done { status });
    }
}

#[test]
fn a_state_between_steps_belongs_to_the_lower_one() {
    let mut steps = default_steps();
    steps.reverse();
    let ramp = Ramp::new(steps, None, START);
    let between = FlagState::new(
        Mode::GradualRollout,
        domain::Exposure::from_basis_points(2_500).ok(),
    )
    .unwrap();
    let label = |step: Option<&Step>| step.map(|step| step.label.clone()).unwrap_or_default();
    assert_eq!(label(ramp.current(between)), "10 %");
    assert_eq!(label(ramp.next(between)), "50 %");
    assert_eq!(ramp.current(FlagState::OLD_ONLY), None);
    assert_eq!(label(ramp.next(FlagState::OLD_ONLY)), "Compare");
    assert_eq!(ramp.next(FlagState::NEW_ONLY), None);
}

/// What happens in half an hour.
#[derive(Debug, Clone)]
enum Event {
    /// New is used so often and fails so often, per thousand.
    Uses(u64, u64),
    /// Nothing arrives.
    Silence,
    /// The server restarts: all that is kept is read back.
    Restart,
    Freeze(i64),
    KillSwitch(bool),
    Issue(bool),
    /// The issue of the automatic rollback is resolved.
    Resolved,
    Stop,
    Begin,
    /// Runs of the tests are known, or lost.
    Tests(bool),
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => (100_u64..900, Just(0_u64)).prop_map(|(uses, errors)| Event::Uses(uses, errors)),
        3 => (0_u64..900, 0_u64..30).prop_map(|(uses, errors)| Event::Uses(uses, errors)),
        1 => (0_u64..900, 30_u64..1_000).prop_map(|(uses, errors)| Event::Uses(uses, errors)),
        2 => Just(Event::Silence),
        1 => Just(Event::Restart),
        1 => (1_i64..6).prop_map(Event::Freeze),
        1 => any::<bool>().prop_map(Event::KillSwitch),
        1 => any::<bool>().prop_map(Event::Issue),
        3 => Just(Event::Resolved),
        1 => Just(Event::Stop),
        2 => Just(Event::Begin),
        2 => any::<bool>().prop_map(Event::Tests),
    ]
}

/// A module in a world with a clock that is stepped.
#[derive(Debug)]
struct World {
    now: Timestamp,
    module: Standing,
    ramp: Ramp,
    policy: Policy,
    /// New since the step began, or since the last failure.
    tally: Tally,
    spans: Vec<Span>,
    frozen_until: Timestamp,
    kill_switch: bool,
    issue: bool,
    tests: bool,
    /// The soak, counted by itself.
    counted: i64,
    advanced: u32,
    rolled_back: u32,
}

const HALF: i64 = HOUR / 2;

impl World {
    fn new(policy: Policy) -> Self {
        let mut steps = default_steps();
        for step in &mut steps {
            step.soak_hours = 2;
        }
        Self {
            now: START,
            module: module(FlagState::OLD_ONLY),
            ramp: Ramp::new(steps, Some(START), START),
            policy,
            tally: Tally::default(),
            spans: vec![],
            frozen_until: START,
            kill_switch: false,
            issue: false,
            tests: true,
            counted: 0,
            advanced: 0,
            rolled_back: 0,
        }
    }

    fn windows(&self) -> Windows {
        let frozen = self.now < self.frozen_until;
        Windows {
            closed: frozen.then(|| freeze(Some(self.frozen_until))),
            kill_switch: self.kill_switch,
            issues: self
                .issue
                .then(|| (3, "Broken".to_owned()))
                .into_iter()
                .collect(),
            ..Windows::default()
        }
    }

    fn evidence(&self) -> StepEvidence {
        let (errors, uses) = (self.tally.errors, self.tally.uses);
        let mut gates = if self.tests {
            verdicts(&[Rule::TestsOnOld], 0, 0)
        } else {
            let (nothing, limits) = (ModuleEvidence::default(), Limits::default());
            judge(&[Rule::TestsOnOld], &nothing, &limits, date(2026, 12, 1))
        };
        if self.module.state != FlagState::OLD_ONLY {
            gates.extend(verdicts(&[Rule::ErrorRate], errors, uses));
        }
        StepEvidence {
            gates,
            rollback: verdicts(&[Rule::RollbackRate], errors, uses).remove(0),
            soaked: soaked(&self.spans, self.ramp.since, self.now),
        }
    }

    fn decide(&self) -> Action {
        let thaw = self.frozen_until;
        decide(
            &self.module,
            &self.ramp,
            &self.evidence(),
            &self.windows(),
            self.policy,
            self.now,
            |from| Some(from.max(thaw)),
        )
    }

    fn step(&mut self, event: &Event) -> Result<(), TestCaseError> {
        let mut data = false;
        match event {
            Event::Uses(uses, per_thousand) => {
                let on_new = self.module.state != FlagState::OLD_ONLY && !self.kill_switch;
                if on_new && *uses > 0 {
                    data = true;
                    self.tally = self.tally.plus(Tally {
                        uses: *uses,
                        errors: uses * per_thousand / 1_000,
                    });
                }
            }
            Event::Silence => {}
            Event::Restart => {
                let kept = serde_json::to_string(&(&self.ramp, &self.spans, self.tally)).unwrap();
                (self.ramp, self.spans, self.tally) = serde_json::from_str(&kept).unwrap();
            }
            Event::Freeze(hours) => self.frozen_until = self.now.plus(hours * HOUR),
            Event::KillSwitch(on) => self.kill_switch = *on,
            Event::Issue(open) => self.issue = *open,
            Event::Resolved => {
                if let Some(made) = &mut self.ramp.made_rollback {
                    made.resolved = true;
                }
            }
            Event::Stop => self.ramp.started = None,
            Event::Tests(known) => self.tests = *known,
            Event::Begin => self.ramp.started = Some(self.now),
        }
        let from = self.now;
        self.now = from.plus(HALF);
        let (errors, uses) = (self.tally.errors, self.tally.uses);
        let outcome = verdicts(&[Rule::ErrorRate], errors, uses)[0].outcome;
        self.spans.push(Span {
            from,
            until: self.now,
            data,
            outcome,
        });
        match outcome {
            Outcome::Fail => self.counted = 0,
            Outcome::Pass if data => self.counted += HALF,
            _ => {}
        }
        let action = self.decide();
        prop_assert_eq!(&action, &self.decide());
        self.check(&action)?;
        self.carry_out(&action);
        if outcome == Outcome::Fail {
            self.tally = Tally::default();
        }
        Ok(())
    }

    fn check(&self, action: &Action) -> Result<(), TestCaseError> {
        let state = self.module.state;
        let (errors, uses) = (self.tally.errors, self.tally.uses);
        let must_go = verdicts(&[Rule::RollbackRate], errors, uses)[0].outcome == Outcome::Fail
            && state != FlagState::OLD_ONLY;
        if must_go {
            let by_itself = matches!(
                action,
                Action::RollBack {
                    proposed: false,
                    ..
                }
            );
            let told = matches!(action, Action::RollBack { .. });
            prop_assert!(told && by_itself == self.policy.rolls_back, "{action:?}");
        }
        match action {
            Action::Advance { to, proposed } => {
                prop_assert_eq!(*proposed, !self.policy.advances);
                prop_assert!(!must_go);
                prop_assert!(self.now >= self.frozen_until, "frozen");
                prop_assert!(!self.kill_switch && !self.issue, "blocked");
                prop_assert!(self.ramp.started.is_some(), "not started");
                prop_assert!(self.tests, "no data of tests");
                let resolved = self.ramp.made_rollback.is_none_or(|made| made.resolved);
                prop_assert!(resolved, "rolled back and not resolved");
                prop_assert!(to.state.rank() > state.rank());
                if state != FlagState::OLD_ONLY {
                    let rate = verdicts(&[Rule::ErrorRate], errors, uses).remove(0);
                    prop_assert_eq!(rate.outcome, Outcome::Pass);
                    prop_assert!(self.counted >= 2 * HOUR, "soaked {} only", self.counted);
                }
                let between = self.ramp.steps().iter().filter(|step| {
                    step.state.rank() > state.rank() && step.state.rank() < to.state.rank()
                });
                prop_assert_eq!(between.count(), 0);
            }
            Action::Hold { missing, .. } => prop_assert!(!missing.is_empty()),
            Action::RollBack { .. } => prop_assert!(must_go),
            Action::Done { .. } => {
                prop_assert_eq!(state, FlagState::NEW_ONLY);
                prop_assert!(self.counted >= 2 * HOUR);
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, action: &Action) {
        let to = match action {
            Action::Advance {
                to,
                proposed: false,
            } => {
                self.advanced += 1;
                to.state
            }
            Action::RollBack {
                to,
                proposed: false,
                ..
            } => {
                self.rolled_back += 1;
                self.ramp.made_rollback = Some(MadeRollback {
                    at: self.now,
                    issue: self.rolled_back,
                    resolved: false,
                });
                *to
            }
            _ => return,
        };
        self.module.state = to;
        self.ramp.since = self.now;
        self.tally = Tally::default();
        self.counted = 0;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_walk_breaks_a_rule(
        events in prop::collection::vec(any_event(), 1..120),
        advances in prop::bool::weighted(0.8),
        rolls_back in prop::bool::weighted(0.8),
    ) {
        let mut world = World::new(Policy { advances, rolls_back });
        for event in &events {
            world.step(event)?;
        }
        if !advances {
            prop_assert_eq!(world.advanced, 0);
        }
    }
}

#[test]
fn a_quiet_walk_comes_to_its_end_in_its_time() {
    let mut world = World::new(BY_ITSELF);
    let mut taken = 0;
    while !matches!(world.decide(), Action::Done { .. }) {
        world.step(&Event::Uses(800, 0)).unwrap();
        taken += 1;
        assert!(taken < 100, "{:?}", world.decide());
    }
    // Half an hour until it is looked at first, and four steps of two hours.
    assert_eq!(
        (taken, world.advanced, world.rolled_back),
        (1 + 4 * 4, 4, 0)
    );
    assert_eq!(world.module.state, FlagState::NEW_ONLY);
}

#[test]
fn a_bad_half_hour_takes_it_back_until_the_issue_is_resolved() {
    let mut world = World::new(BY_ITSELF);
    for _ in 0..8 {
        world.step(&Event::Uses(800, 0)).unwrap();
    }
    assert_eq!(world.module.state.mode(), Mode::GradualRollout);
    world.step(&Event::Freeze(1)).unwrap();
    for _ in 0..6 {
        world.step(&Event::Uses(900, 400)).unwrap();
    }
    assert_eq!(
        (world.module.state, world.rolled_back),
        (FlagState::OLD_ONLY, 1)
    );
    assert_eq!(
        missing(&world.decide()),
        ["It was rolled back automatically: resolve issue 1 first."]
    );
    world.step(&Event::Resolved).unwrap();
    assert_eq!(world.module.state, FlagState::BOTH_VALIDATE);
}
