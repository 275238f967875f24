use super::*;

const JSON: &str = r#"{"format":1,"migration":"arche","environment":"production","epoch":"e1","revision":7,"killSwitch":false,"flags":[{"key":"memory","mode":"gradual_rollout","exposure":1000,"retired":false},{"key":"tools","mode":"new_only","exposure":10000,"retired":true}]}"#;

fn refused(from: &str, to: &str) -> InvalidSnapshot {
    assert!(JSON.contains(from), "{from}");
    Snapshot::from_json(JSON.replacen(from, to, 1).as_bytes()).unwrap_err()
}

#[test]
fn the_wire_form_is_read_and_written_unchanged() {
    let snapshot = Snapshot::from_json(JSON.as_bytes()).unwrap();
    assert_eq!(snapshot.flags.len(), 2);
    assert_eq!(snapshot.revision.to_string(), "e1:7");
    assert_eq!(serde_json::to_string(&snapshot).unwrap(), JSON);
    assert_eq!(serde_json::from_str::<Snapshot>(JSON).unwrap(), snapshot);
}

#[test]
fn fields_added_later_are_ignored() {
    let json = JSON.replacen(r#""format":1"#, r#""format":1,"later":[]"#, 1);
    assert!(Snapshot::from_json(json.as_bytes()).is_ok());
}

#[test]
fn another_format_is_refused_whatever_else_it_holds() {
    assert_eq!(
        Snapshot::from_json(br#"{"format":2}"#),
        Err(InvalidSnapshot::Format { found: 2 })
    );
    let direct = serde_json::from_str::<Snapshot>(&JSON.replacen(":1", ":2", 1))
        .unwrap_err()
        .to_string();
    assert!(direct.contains("format 2"), "{direct}");
}

#[test]
fn keys_that_fold_together_are_refused_naming_both() {
    let first = JSON
        .replacen("memory", "a-b", 1)
        .replacen("tools", "a_b", 1);
    let refusal = Snapshot::from_json(first.as_bytes()).unwrap_err();
    assert_eq!(
        refusal,
        InvalidSnapshot::Duplicate {
            first: Key::parse("a-b").unwrap(),
            second: Key::parse("a_b").unwrap()
        }
    );
}

#[test]
fn one_bad_flag_refuses_the_whole_snapshot_with_its_name() {
    let state = refused(":1000,", ":0,");
    assert!(
        matches!(&state, InvalidSnapshot::Flag(InvalidFlag::State { .. })),
        "{state:?}"
    );
    assert!(
        state.to_string().contains("memory") && state.to_string().contains("both_validate"),
        "{state}"
    );
    let exposure = refused(":1000,", ":70000,");
    assert!(
        matches!(
            exposure,
            InvalidSnapshot::Flag(InvalidFlag::Exposure { .. })
        ),
        "{exposure:?}"
    );
    let mode = refused("gradual_rollout", "gradual");
    assert!(
        matches!(mode, InvalidSnapshot::Flag(InvalidFlag::Mode { .. })),
        "{mode:?}"
    );
    let key = refused("memory", "mode");
    assert_eq!(
        key,
        InvalidSnapshot::Flag(InvalidFlag::Key(InvalidKey::Reserved))
    );
}

#[test]
fn a_missing_kill_switch_is_refused_not_taken_as_off() {
    assert!(matches!(
        refused(r#""killSwitch":false,"#, ""),
        InvalidSnapshot::Json { .. }
    ));
    assert!(matches!(
        refused(r#","retired":false"#, ""),
        InvalidSnapshot::Json { .. }
    ));
    assert!(matches!(
        refused("arche", "Arche"),
        InvalidSnapshot::Migration(_)
    ));
    assert!(matches!(
        refused("production", ""),
        InvalidSnapshot::Environment(_)
    ));
    assert!(matches!(refused("e1", "e:1"), InvalidSnapshot::Epoch(_)));
}
