//! The form that brings modules to a mode, on a module's page and for a batch.

use domain::read::Frame;
use domain::{FlagState, Mode, Role};
use leptos::html;
use leptos::prelude::*;

use super::parts::environment_field;
use crate::address::Links;
use crate::components::{CommandAction, CommandForm, Field, FormState, Hidden, lock};
use crate::flash::Flash;
use crate::live::Live;
use crate::words;

/// What a page keeps of its form while the read model is fetched again and again.
#[derive(Clone, Copy)]
pub(super) struct SetControls {
    pub action: CommandAction,
    mode: RwSignal<Option<Mode>>,
    /// The versions shown when the form was first touched: what came between is refused, not overwritten.
    seen: RwSignal<Option<String>>,
    form: NodeRef<html::Form>,
}

impl SetControls {
    pub(super) fn new() -> Self {
        let controls = Self {
            action: CommandAction::new("set_mode"),
            mode: RwSignal::new(None),
            seen: RwSignal::new(None),
            form: NodeRef::new(),
        };
        let value = controls.action.result();
        Effect::new(move |_| {
            let Some(result) = value.get() else { return };
            controls.seen.set(None);
            if result.is_ok() {
                controls.mode.set(None);
                if let Some(form) = controls.form.get_untracked() {
                    form.reset();
                }
            }
        });
        controls
    }

    /// Another page: nothing of the last one's form is true any more.
    pub(super) fn forget(self) {
        self.action.clear();
        self.mode.set(None);
        self.seen.set(None);
    }
}

/// What is to be set.
pub(super) struct Setting<'a> {
    pub frame: &'a Frame,
    /// Keys with commas between; empty for a phase.
    pub modules: String,
    pub phase: String,
    /// Versions as shown now.
    pub versions: String,
    /// What the form proposes.
    pub proposed: FlagState,
    /// What must be typed for `new_only`, and whose key that is.
    pub confirm: (&'static str, String),
    /// Why it cannot be pressed, beside the role.
    pub held: Option<String>,
}

impl Setting<'_> {
    pub(super) fn form(
        self,
        controls: SetControls,
        flash: Option<&Flash>,
    ) -> impl IntoView + use<> {
        let Self {
            frame,
            modules,
            phase,
            versions,
            proposed,
            confirm,
            held,
        } = self;
        let state = FormState::of(controls.action, flash);
        let lock = lock(frame, Role::Operator).or(held);
        let closed = lock.closed();
        let initial = state
            .typed("mode", proposed.mode().as_str())
            .parse()
            .unwrap_or(Mode::OldOnly);
        let fields = vec![
            ("migration", frame.migration.to_string()),
            ("environment", environment_field(frame)),
            ("modules", modules),
            ("phase", phase),
        ];
        let now = versions.clone();
        let touched = move |_| {
            if controls.seen.with_untracked(Option::is_none) {
                controls.seen.set(Some(now.clone()));
            }
        };
        let expected = move || controls.seen.get().unwrap_or_else(|| versions.clone());
        let (problem, done) = (state.problem(), state.done(&Links::of(frame)));
        let reason = state.typed("reason", "");
        let (reason_error, pending, why) = (state.field("reason"), state.pending, lock.why());
        let modes = modes(controls, &state, initial, closed);
        let exposure = exposure(controls, &state, initial, proposed, closed);
        let confirmation = confirmation(controls, &state, initial, confirm, closed);
        view! {
            <CommandForm action=controls.action node_ref=controls.form>
                <div class="form" on:focusin=touched>
                    <Hidden fields=fields />
                    <input type="hidden" name="expected" value=expected />
                    {done}
                    {problem}
                    {modes}
                    {exposure}
                    {confirmation}
                    <Field
                        name="reason"
                        label="Reason"
                        id="set-reason"
                        value=reason
                        error=reason_error
                        maxlength=1_000
                        required=true
                        disabled=closed
                    />
                    <div class="buttons">
                        <button
                            class="button primary"
                            type="submit"
                            disabled=move || closed || pending.get()
                            aria-busy=move || pending.get().then_some("true")
                        >
                            "Set"
                        </button>
                        {why}
                    </div>
                </div>
            </CommandForm>
        }
    }
}

fn modes(
    controls: SetControls,
    state: &FormState,
    initial: Mode,
    closed: bool,
) -> impl IntoView + use<> {
    let error = state.field("mode");
    let choices = Mode::ALL
        .into_iter()
        .map(|mode| {
            view! {
                <label class="choice">
                    <input
                        type="radio"
                        name="mode"
                        value=mode.as_str()
                        checked=mode == initial
                        disabled=closed
                        on:change=move |_| controls.mode.set(Some(mode))
                    />
                    <span>{words::short(mode)}</span>
                    <span class="hint">{words::explained(mode)}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="choices">
            <legend class="field-label">"Mode"</legend>
            {choices}
            {move || error.get().map(|error| view! { <p class="refusal">{error}</p> })}
        </fieldset>
    }
}

/// Asked for one mode alone: hidden for the others once script knows which is chosen.
fn only_for(controls: SetControls, initial: Mode, mode: Mode) -> impl Fn() -> bool + Copy {
    let live = Live::here();
    move || live.awake() && controls.mode.get().unwrap_or(initial) != mode
}

fn exposure(
    controls: SetControls,
    state: &FormState,
    initial: Mode,
    proposed: FlagState,
    closed: bool,
) -> impl IntoView + use<> {
    let share = match proposed.mode() {
        Mode::GradualRollout => proposed.exposure().to_string().replace(" %", ""),
        _ => "10".to_owned(),
    };
    let (value, error) = (state.typed("exposure", &share), state.field("exposure"));
    view! {
        <div hidden=only_for(controls, initial, Mode::GradualRollout)>
            <Field
                name="exposure"
                label="Exposure, percent"
                class="number short"
                value=value
                error=error
                hint="For ramping: the share of subjects that gets new, such as 10 or 0.5."
                maxlength=8
                disabled=closed
            />
        </div>
    }
}

fn confirmation(
    controls: SetControls,
    state: &FormState,
    initial: Mode,
    (whose, key): (&'static str, String),
    closed: bool,
) -> impl IntoView + use<> {
    let error = state.field("confirm");
    view! {
        <div hidden=only_for(controls, initial, Mode::NewOnly)>
            <Field
                name="confirm"
                label=format!("For new only: type the {whose}’s key, {key}")
                class="mono short"
                error=error
                maxlength=64
                disabled=closed
            />
        </div>
    }
}
