//! What holds for every flag, subject and byte sequence, not only for examples.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use flags::ofrep::{Request, write_bulk, write_evaluation, write_mode};
use flags::{
    Epoch, EvaluationError, Exposure, Flag, FlagSet, FlagState, Key, Mode, Murmur3Prefix, Revision,
    Side, Snapshot, bucket, murmur3_x86_32,
};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;

fn key() -> impl Strategy<Value = Key> {
    "[a-z0-9][a-z0-9_-]{0,63}".prop_filter_map("reserved", |text| Key::parse(&text).ok())
}

fn state() -> impl Strategy<Value = FlagState> {
    prop_oneof![
        Just(FlagState::OLD_ONLY),
        Just(FlagState::BOTH_VALIDATE),
        (1..=9999_u16).prop_map(gradual),
        Just(FlagState::NEW_ONLY),
    ]
}

fn gradual(basis_points: u16) -> FlagState {
    FlagState::new(
        Mode::GradualRollout,
        Some(Exposure::from_basis_points(basis_points).unwrap()),
    )
    .unwrap()
}

prop_compose! {
    fn snapshot()(
        migration in key(), environment in key(), epoch in "[A-Za-z0-9_-]{1,64}", number in any::<u64>(),
        kill_switch in any::<bool>(), flags in hash_map(key(), (state(), any::<bool>()), 0..20),
    ) -> Snapshot {
        let mut folded = std::collections::HashSet::new();
        let flags = flags.into_iter().filter(|(module, _)| folded.insert(module.folded()));
        Snapshot {
            migration, environment, kill_switch,
            revision: Revision { epoch: Epoch::parse(&epoch).unwrap(), number },
            flags: flags.map(|(module, (state, retired))| Flag { module, state, retired }).collect(),
        }
    }
}

fn one_flag(state: FlagState) -> FlagSet {
    FlagSet::compile(Snapshot {
        migration: Key::parse("arche").unwrap(),
        environment: Key::parse("production").unwrap(),
        revision: Revision {
            epoch: Epoch::parse("e").unwrap(),
            number: 1,
        },
        kill_switch: false,
        flags: vec![Flag {
            module: Key::parse("memory").unwrap(),
            state,
            retired: false,
        }],
    })
}

proptest! {
    #[test]
    fn raising_exposure_never_takes_new_from_a_subject(subject in ".{1,40}", a in 1..=9999_u16, b in 1..=9999_u16) {
        let serve = |points| one_flag(gradual(points)).evaluate("memory", Some(&subject)).unwrap().serve;
        prop_assert!(serve(a.min(b)) == Side::Old || serve(a.max(b)) == Side::New);
    }

    #[test]
    fn the_kill_switch_wins_over_every_active_flag(mut snapshot in snapshot(), subject in proptest::option::of(".*")) {
        snapshot.kill_switch = true;
        let set = FlagSet::compile(snapshot);
        for flag in &set.snapshot().flags {
            let answer = set.evaluate(flag.module.as_str(), subject.as_deref()).unwrap();
            prop_assert_eq!(answer.serve, if flag.retired { Side::New } else { Side::Old });
            prop_assert_eq!(answer.kill_switch, !flag.retired);
            prop_assert_eq!(answer.stored, flag.state);
        }
    }

    #[test]
    fn a_snapshot_survives_json(snapshot in snapshot()) {
        let json = serde_json::to_vec(&snapshot).unwrap();
        prop_assert_eq!(Snapshot::from_json(&json), Ok(snapshot));
    }

    #[test]
    fn a_compiled_set_answers_as_the_rules_say(snapshot in snapshot(), subject in ".{1,20}") {
        let set = FlagSet::compile(snapshot.clone());
        for flag in &snapshot.flags {
            let share = flag.state.exposure().basis_points();
            let in_share = bucket(&snapshot.migration, &flag.module, &subject) < share;
            let new = flag.retired || (!snapshot.kill_switch && in_share);
            let full = format!("{}.{}", snapshot.migration, flag.module);
            prop_assert_eq!(set.evaluate(&full, Some(&subject)).unwrap().serve.is_new(), new);
        }
    }

    #[test]
    fn nothing_read_from_outside_panics(bytes in vec(any::<u8>(), 0..200), text in ".*") {
        let _ = Snapshot::from_json(&bytes);
        let _ = Request::parse(&bytes);
        let _ = Snapshot::from_json(text.as_bytes());
        let _ = Request::parse(text.as_bytes());
        let _ = Exposure::from_percent_str(&text);
        let _ = (Key::parse(&text), text.parse::<Revision>(), text.parse::<Mode>());
    }

    #[test]
    fn damaged_json_is_refused_or_read_but_never_panics(snapshot in snapshot(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut json = serde_json::to_vec(&snapshot).unwrap();
        let at = at.index(json.len());
        json[at] = byte;
        if let Ok(read) = Snapshot::from_json(&json) {
            prop_assert_eq!(read.validate(), Ok(()));
        }
        let _ = Request::parse(&json);
    }

    #[test]
    fn a_request_gives_back_any_targeting_key(subject in any::<String>()) {
        let body = serde_json::json!({"context": {"n": [1, {}], "targetingKey": subject}}).to_string();
        let request = Request::parse(body.as_bytes()).unwrap();
        prop_assert_eq!(request.subject(), Some(subject.as_str()));
    }

    #[test]
    fn every_answer_is_json_whatever_was_asked(snapshot in snapshot(), asked in any::<String>(), subject in any::<String>()) {
        let set = FlagSet::compile(snapshot);
        let mut single = Vec::new();
        write_evaluation(&mut single, &asked, &Err(EvaluationError::FlagNotFound), 1);
        prop_assert_eq!(&serde_json::from_slice::<serde_json::Value>(&single).unwrap()["key"], &asked);
        let mut mode = Vec::new();
        write_mode(&mut mode, &asked, &set.mode(&asked), 1);
        prop_assert_eq!(&serde_json::from_slice::<serde_json::Value>(&mode).unwrap()["key"], &asked);
        let mut bulk = Vec::new();
        write_bulk(&mut bulk, &set, Some(&subject), Some(&asked));
        let bulk: serde_json::Value = serde_json::from_slice(&bulk).unwrap();
        prop_assert_eq!(bulk["flags"].as_array().unwrap().len(), set.snapshot().flags.len());
    }

    #[test]
    fn a_hash_in_pieces_is_the_hash_of_the_whole(pieces in vec(vec(any::<u8>(), 0..11), 0..6), seed in any::<u32>()) {
        let whole = murmur3_x86_32(&pieces.concat(), seed);
        let prefix = pieces.iter().fold(Murmur3Prefix::new(seed), |prefix, piece| prefix.then(piece));
        prop_assert_eq!(prefix.hash_with(b""), whole);
        if let Some((last, before)) = pieces.split_last() {
            let prefix = Murmur3Prefix::new(seed).then(&before.concat());
            prop_assert_eq!(prefix.hash_with(last), whole);
        }
    }
}

/// Of 100,000 subjects, the number that gets new lies within 4 standard deviations of the exposure.
#[test]
fn the_share_of_new_is_the_exposure() {
    const SUBJECTS: u32 = 100_000;
    let subjects: Vec<String> = (0..SUBJECTS).map(|i| format!("user-{i}")).collect();
    for points in [1, 50, 1000, 2500, 5000, 9000, 9999] {
        let set = one_flag(gradual(points));
        let new = subjects
            .iter()
            .filter(|s| set.evaluate("memory", Some(s)).unwrap().serve.is_new());
        let new = u32::try_from(new.count()).unwrap();
        let (n, share) = (f64::from(SUBJECTS), f64::from(points) / 10_000.0);
        let sigma = (n * share * (1.0 - share)).sqrt();
        assert!(
            (f64::from(new) - n * share).abs() <= 4.0 * sigma,
            "{new} of {SUBJECTS} at {points} basis points"
        );
    }
}
