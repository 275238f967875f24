use super::*;
use crate::{Epoch, Exposure, Flag};

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn half() -> FlagState {
    FlagState::new(
        Mode::GradualRollout,
        Some(Exposure::from_basis_points(5000).unwrap()),
    )
    .unwrap()
}

fn flag_set(kill_switch: bool) -> FlagSet {
    let flag = |module, state, retired| Flag {
        module: key(module),
        state,
        retired,
    };
    FlagSet::compile(Snapshot {
        migration: key("arche"),
        environment: key("production"),
        revision: Revision {
            epoch: Epoch::parse("e").unwrap(),
            number: 7,
        },
        kill_switch,
        flags: vec![
            flag("old", FlagState::OLD_ONLY, false),
            flag("both", FlagState::BOTH_VALIDATE, false),
            flag("half", half(), false),
            flag("new", FlagState::NEW_ONLY, false),
            flag("gone", half(), true),
            flag("arche", FlagState::NEW_ONLY, false),
        ],
    })
}

#[test]
fn static_flags_need_no_subject() {
    let set = flag_set(false);
    for (module, serve, compare) in [
        ("old", Side::Old, false),
        ("both", Side::Old, true),
        ("new", Side::New, false),
    ] {
        let answer = set.evaluate(module, None).unwrap();
        assert_eq!(
            (answer.serve, answer.reason, answer.state.compare()),
            (serve, Reason::Static, compare),
            "{module}"
        );
        assert_eq!(
            (answer.bucket, answer.kill_switch, answer.module.as_str()),
            (None, false, module)
        );
    }
}

#[test]
fn a_gradual_rollout_splits_by_bucket_and_needs_a_subject() {
    let set = flag_set(false);
    for subject in (0..100).map(|i| format!("user-{i}")) {
        let answer = set.evaluate("half", Some(&subject)).unwrap();
        let bucket = crate::bucket(&key("arche"), &key("half"), &subject);
        assert_eq!(
            (answer.bucket, answer.reason),
            (Some(bucket), Reason::Split)
        );
        assert_eq!(answer.serve.is_new(), bucket < 5000);
    }
    for nobody in [None, Some("")] {
        assert_eq!(
            set.evaluate("half", nobody),
            Err(EvaluationError::TargetingKeyMissing)
        );
    }
}

#[test]
fn the_kill_switch_serves_old_to_all_but_retired_modules() {
    let set = flag_set(true);
    for module in ["old", "both", "half", "new"] {
        let answer = set.evaluate(module, None).unwrap();
        assert_eq!(
            (answer.serve, answer.reason, answer.state),
            (Side::Old, Reason::Static, FlagState::OLD_ONLY)
        );
        assert!(answer.kill_switch, "{module}");
    }
    assert_eq!(set.evaluate("half", None).unwrap().stored, half());
    assert!(!set.evaluate("gone", None).unwrap().kill_switch);
}

#[test]
fn a_retired_module_is_new_for_ever() {
    for kill_switch in [false, true] {
        let set = flag_set(kill_switch);
        let answer = set.evaluate("gone", None).unwrap();
        assert_eq!(
            (answer.serve, answer.state, answer.retired),
            (Side::New, FlagState::NEW_ONLY, true)
        );
        assert_eq!(set.mode("gone.mode").unwrap().state.mode(), Mode::NewOnly);
    }
}

#[test]
fn the_migration_may_be_named_or_left_out() {
    let set = flag_set(false);
    assert_eq!(set.evaluate("arche.new", None), set.evaluate("new", None));
    assert_eq!(set.get("arche.arche").unwrap().full_key(), "arche.arche");
    assert_eq!(set.get("arche").unwrap().full_key(), "arche.arche");
    for absent in [
        "",
        ".",
        "arche.",
        "other.new",
        "arche.arche.new",
        "new.mode",
        "New",
        "nothing",
    ] {
        assert_eq!(
            set.evaluate(absent, None),
            Err(EvaluationError::FlagNotFound),
            "{absent:?}"
        );
    }
}

#[test]
fn a_mode_is_asked_without_a_subject() {
    let set = flag_set(false);
    for question in ["arche.half.mode", "half.mode", "arche.half", "half"] {
        assert_eq!(set.mode(question).unwrap().state, half(), "{question}");
    }
    for absent in [
        "mode",
        ".mode",
        "arche.mode.mode",
        "half.mode.mode",
        "other.half.mode",
    ] {
        assert_eq!(
            set.mode(absent),
            Err(EvaluationError::FlagNotFound),
            "{absent:?}"
        );
    }
    let killed = flag_set(true);
    assert_eq!(killed.mode("half.mode").unwrap().state, FlagState::OLD_ONLY);
}
