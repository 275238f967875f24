//! The form that moves a phase, and what it proposes.

use domain::read::MovePhaseView;
use domain::schedule::in_calendar;
use domain::{Key, PhaseNumber, Refusal};
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::lanes::days;
use super::load_all;
use crate::{Caller, Control, QueryError};

/// The form that moves a phase. `start` and `end` propose days, `shift_start` and `shift_end` days to go on by.
///
/// # Errors
/// A phase that is not there; a day that is none.
pub async fn move_phase(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    number: PhaseNumber,
    shift: (i32, i32),
) -> Result<MovePhaseView, QueryError> {
    let loaded = load_all(control, caller, migration, environment).await?;
    let record = loaded
        .phases
        .iter()
        .find(|record| record.phase.number == number)
        .ok_or_else(|| Refusal::not_found("phase", number.to_string()))?;
    let moved = |day: Option<Date>, by: i32| {
        let day = day?.saturating_add(i64::from(by).clamp(-36_500, 36_500).days());
        in_calendar(day).then_some(day)
    };
    let (start, end) = (
        moved(record.phase.start, shift.0),
        moved(record.phase.end, shift.1),
    );
    let mut following = vec![number];
    while let Some(more) = loaded
        .dependencies
        .iter()
        .find(|one| following.contains(&one.needs) && !following.contains(&one.phase))
    {
        following.push(more.phase);
    }
    let others = || {
        let others = loaded.phases.iter().map(|record| &record.phase);
        others.filter(|phase| phase.number != number)
    };
    Ok(MovePhaseView {
        number,
        name: record.phase.name.clone(),
        version: record.phase.version,
        planned: days(record.phase.start, record.phase.end),
        proposed: days(start, end),
        followers: others()
            .filter(|phase| following.contains(&phase.number))
            .map(|phase| {
                (
                    phase.number,
                    phase.name.clone(),
                    days(phase.start, phase.end),
                )
            })
            .collect(),
        needs: loaded
            .dependencies
            .iter()
            .filter(|one| one.phase == number)
            .map(|one| one.needs)
            .collect(),
        others: others()
            .map(|phase| (phase.number, phase.name.clone()))
            .collect(),
        frame: loaded.standing.frame,
    })
}
