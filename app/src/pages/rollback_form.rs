//! The rollback form, on its own page and in the dialog of a module's page.

use domain::read::{Frame, Listening, ModuleRow, TrackState};
use domain::{FlagState, PhaseNumber, Role};
use leptos::prelude::*;

use super::parts::{can_go_down, environment_field, module_list, standing_table, who_listens};
use crate::address::Links;
use crate::components::{
    CommandAction, CommandForm, FormState, Hidden, Reasons, Size, icon, lock, track,
};
use crate::words;

/// What a rollback is about.
pub(super) struct Rollback<'a> {
    pub frame: &'a Frame,
    pub modules: &'a [ModuleRow],
    /// The phase, when it is about all of one.
    pub phase: Option<PhaseNumber>,
    /// Who would notice.
    pub listening: Listening,
    /// Distinguishes ids.
    pub prefix: &'static str,
}

impl Rollback<'_> {
    /// `temporal_core`, `3 modules`, `phase 2`.
    pub(super) fn about(&self) -> String {
        match (self.phase, self.modules) {
            (Some(phase), _) => format!("phase {phase}"),
            (None, [row]) => row.key.to_string(),
            (None, rows) => words::count(rows.len(), "module", "modules"),
        }
    }

    /// `50 % → old only` and whom it concerns.
    pub(super) fn lead(&self) -> String {
        let from_to = match self.modules {
            [row] => format!("{} → old only. ", words::track(row.track)),
            rows => {
                let down = rows.iter().filter(|row| can_go_down(row)).count();
                let rest = if down < rows.len() {
                    " The others are on old or retired."
                } else {
                    ""
                };
                format!(
                    "{} → old only.{rest} ",
                    words::count(down, "module", "modules")
                )
            }
        };
        let place = format!("In {}. ", self.frame.environment.key);
        format!("{from_to}{place}{}", who_listens(self.listening))
    }

    /// The form; `way_out` ends its row of buttons.
    pub(super) fn form(
        &self,
        action: CommandAction,
        state: &FormState,
        way_out: AnyView,
    ) -> impl IntoView + use<> {
        let frame = self.frame;
        let nothing = (!self.modules.iter().any(can_go_down))
            .then(|| "Nothing to roll back: it is on old already, or retired.".to_owned());
        let lock = lock(frame, Role::Operator).or(nothing);
        let fields = vec![
            ("migration", frame.migration.to_string()),
            ("environment", environment_field(frame)),
            (
                "modules",
                self.phase
                    .map_or_else(|| module_list(self.modules), |_| String::new()),
            ),
            (
                "phase",
                self.phase
                    .map(|phase| phase.to_string())
                    .unwrap_or_default(),
            ),
        ];
        let (problem, typed) = (state.problem(), state.typed("reason_text", ""));
        let (reason, closed, prefix) = (state.field("reason"), lock.closed(), self.prefix);
        let pending = state.pending;
        let (picture, why) = (self.picture(), lock.why());
        view! {
            <CommandForm action=action>
                <div class="form">
                    <Hidden fields=fields />
                    {problem}
                    {picture}
                    {why}
                    <Reasons prefix=prefix typed=typed disabled=closed pending=pending error=reason>
                        {way_out}
                    </Reasons>
                    <p class="hint">
                        "Stored with your name and reason, then every reader is told. Nothing can hold a rollback up."
                    </p>
                </div>
            </CommandForm>
        }
    }

    fn picture(&self) -> AnyView {
        let [row] = self.modules else {
            return standing_table(self.modules, &Links::of(self.frame)).into_any();
        };
        let old = TrackState {
            state: FlagState::OLD_ONLY,
            killed: false,
            retired: false,
        };
        view! {
            <div class="change">
                <div class="side">
                    {track(row.track, Size::Plain, &[])} <b>{words::track(row.track)}</b>
                </div>
                {icon("advance")}
                <div class="side">{track(old, Size::Plain, &[])} <b>"old only"</b></div>
            </div>
        }
        .into_any()
    }
}
