use super::*;
use crate::{InvalidExposure, InvalidMode};

fn points(basis_points: u16) -> Exposure {
    Exposure::from_basis_points(basis_points).unwrap()
}

fn gradual(basis_points: u16) -> FlagState {
    FlagState::new(Mode::GradualRollout, Some(points(basis_points))).unwrap()
}

#[test]
fn modes_are_read_as_they_are_written() {
    for mode in Mode::ALL {
        assert_eq!(mode.to_string().parse(), Ok(mode));
        assert_eq!(serde_json::to_value(mode).unwrap(), mode.as_str());
    }
    assert_eq!("OldOnly".parse::<Mode>(), Err(InvalidMode));
}

#[test]
fn percentages_become_basis_points() {
    let read = |text| Exposure::from_percent_str(text).map(Exposure::basis_points);
    let good = [
        ("10", 1000),
        ("0.5", 50),
        ("12.34", 1234),
        ("10%", 1000),
        (" 10 % ", 1000),
        ("0", 0),
        ("100.00", 10_000),
    ];
    for (text, expected) in good {
        assert_eq!(read(text), Ok(expected), "{text}");
    }
    for text in [
        "", "%", "x", "-1", "+1", ".5", "5.", "1.234", "1.2.3", "1e1", "10 % %", "٣",
    ] {
        assert_eq!(read(text), Err(InvalidExposure::NotAPercentage), "{text}");
    }
    for text in ["100.01", "101", "655.36", "656", "99999999999999999999"] {
        assert_eq!(read(text), Err(InvalidExposure::OutOfRange), "{text}");
    }
}

#[test]
fn every_exposure_is_shown_as_it_can_be_read() {
    assert_eq!(points(1000).to_string(), "10 %");
    assert_eq!(points(50).to_string(), "0.5 %");
    assert_eq!(points(1205).to_string(), "12.05 %");
    for basis_points in 0..=10_000 {
        assert_eq!(
            Exposure::from_percent_str(&points(basis_points).to_string()),
            Ok(points(basis_points))
        );
    }
    assert_eq!(
        Exposure::from_basis_points(10_001),
        Err(InvalidExposure::OutOfRange)
    );
}

#[test]
fn gradual_at_either_end_is_refused_naming_the_right_mode() {
    let refusal = |exposure| {
        FlagState::new(Mode::GradualRollout, exposure)
            .unwrap_err()
            .to_string()
    };
    assert!(refusal(Some(Exposure::ZERO)).contains("both_validate"));
    assert!(refusal(Some(Exposure::FULL)).contains("new_only"));
    assert!(refusal(None).contains("needs an exposure"));
}

#[test]
fn fixed_modes_take_no_exposure_but_their_own() {
    assert_eq!(FlagState::new(Mode::NewOnly, None), Ok(FlagState::NEW_ONLY));
    assert_eq!(
        FlagState::new(Mode::NewOnly, Some(Exposure::FULL)),
        Ok(FlagState::NEW_ONLY)
    );
    assert_eq!(
        FlagState::new(Mode::BothValidate, Some(Exposure::ZERO)),
        Ok(FlagState::BOTH_VALIDATE)
    );
    assert!(FlagState::new(Mode::OldOnly, Some(points(1))).is_err());
    assert!(FlagState::new(Mode::NewOnly, Some(points(9999))).is_err());
}

#[test]
fn going_down_is_a_rollback_and_going_up_a_promotion() {
    let ladder = [
        FlagState::OLD_ONLY,
        FlagState::BOTH_VALIDATE,
        gradual(1),
        gradual(9999),
        FlagState::NEW_ONLY,
    ];
    for (i, from) in ladder.iter().enumerate() {
        for (j, to) in ladder.iter().enumerate() {
            let expected = match j.cmp(&i) {
                std::cmp::Ordering::Less => Direction::Rollback,
                std::cmp::Ordering::Equal => Direction::NoChange,
                std::cmp::Ordering::Greater => Direction::Promotion,
            };
            assert_eq!(from.direction_to(*to), expected, "{from} -> {to}");
        }
    }
}

#[test]
fn states_are_shown_in_words_and_validated_in_json() {
    assert_eq!(gradual(1000).to_string(), "gradual_rollout 10 %");
    assert_eq!(FlagState::NEW_ONLY.to_string(), "new_only");
    let json = serde_json::to_string(&gradual(1000)).unwrap();
    assert_eq!(json, r#"{"mode":"gradual_rollout","exposure":1000}"#);
    assert_eq!(
        serde_json::from_str::<FlagState>(&json).unwrap(),
        gradual(1000)
    );
    assert!(
        serde_json::from_str::<FlagState>(r#"{"mode":"gradual_rollout","exposure":0}"#).is_err()
    );
    assert!(serde_json::from_str::<FlagState>(r#"{"mode":"new_only","exposure":20000}"#).is_err());
}
