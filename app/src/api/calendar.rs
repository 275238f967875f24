//! The plan on a calendar: reading it, and every form of its page.

use domain::Committed;
use domain::read::{CalendarFilter, CalendarView, MovePhaseView};
use leptos::prelude::*;

use crate::error::AppError;

/// The calendar in the range that the address asks for.
#[server(prefix = "/fn", endpoint = "calendar", output = crate::codec::PageJson)]
pub async fn calendar(
    migration: String,
    #[server(default)] environment: String,
    filter: CalendarFilter,
) -> Result<CalendarView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    super::read(
        control::queries::calendar(
            &context.control,
            &caller,
            &migration,
            environment.as_ref(),
            &filter,
        )
        .await,
    )
}

/// The form that moves a phase; `shift_start` and `shift_end` propose to go on by so many days.
#[server(prefix = "/fn", endpoint = "move_phase_form", output = crate::codec::PageJson)]
pub async fn move_phase_form(
    migration: String,
    #[server(default)] environment: String,
    phase: String,
    #[server(default)] shift_start: String,
    #[server(default)] shift_end: String,
) -> Result<MovePhaseView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let number = phase
        .parse()
        .map_err(|_| AppError::from(domain::Refusal::not_found("phase", phase)).with_status())?;
    let days = |text: &str| text.trim().parse().unwrap_or_default();
    super::read(
        control::queries::move_phase(
            &context.control,
            &caller,
            &migration,
            environment.as_ref(),
            number,
            (days(&shift_start), days(&shift_end)),
        )
        .await,
    )
}

/// Moves a phase and, when asked, what waits for it.
#[server(prefix = "/fn", endpoint = "move_phase", output = crate::codec::PageJson)]
pub async fn move_phase(
    migration: String,
    #[server(default)] environment: String,
    number: String,
    #[server(default)] start: String,
    #[server(default)] end: String,
    #[server(default)] following: String,
    #[server(default)] overriding: String,
    #[server(default)] version: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    use domain::schedule::phases::Following;
    let fields = [
        ("number", number.as_str()),
        ("start", &start),
        ("end", &end),
        ("following", &following),
        ("overriding", &overriding),
        ("reason", &reason),
    ];
    let back = format!("calendar/phases/{number}");
    let form = Form::of("move_phase", &back, &migration, &environment, &fields)?;
    let mut input = super::input::Input::default();
    let number = input.number("number", &number);
    let start = input.needed_date("start", &start);
    let end = input.needed_date("end", &end);
    let following = input.word("following", &following, Following::parse);
    let all = number.zip(start).zip(end).zip(following);
    let command =
        input.finish(all).map(
            |(((number, start), end), following)| control::commands::MovePhase {
                migration: form.migration.clone(),
                number,
                start,
                end,
                following,
                overriding: !overriding.is_empty(),
                expected: expected(&version),
                reason,
            },
        );
    form.run(command).await
}

/// Says which phases a phase waits for: numbers with commas or spaces between.
#[server(prefix = "/fn", endpoint = "set_needs", output = crate::codec::PageJson)]
pub async fn set_needs(
    migration: String,
    #[server(default)] environment: String,
    number: String,
    #[server(default)] needs: String,
    #[server(default)] overriding: String,
    #[server(default)] version: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let fields = [
        ("number", number.as_str()),
        ("needs", &needs),
        ("overriding", &overriding),
        ("reason", &reason),
    ];
    let back = format!("calendar/phases/{number}");
    let form = Form::of("set_needs", &back, &migration, &environment, &fields)?;
    let mut input = super::input::Input::default();
    let number = input.number("number", &number);
    let needed: Vec<u32> = needs
        .split([',', ' '])
        .filter_map(|part| input.number("needs", part))
        .collect();
    let command = input
        .finish(number)
        .map(|number| control::commands::SetDependencies {
            migration: form.migration.clone(),
            number,
            needs: needed,
            overriding: !overriding.is_empty(),
            expected: expected(&version),
            reason,
        });
    form.run(command).await
}

/// Creates a window, or with an id says what it is from now on.
#[server(prefix = "/fn", endpoint = "save_window", output = crate::codec::PageJson)]
pub async fn save_window(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] id: String,
    #[server(default)] name: String,
    #[server(default)] kind: String,
    #[server(default)] scope: String,
    #[server(default)] starts: String,
    #[server(default)] ends: String,
    #[server(default)] recurrence: String,
    #[server(default)] version: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    use domain::schedule::windows::WindowKind;
    let fields = [
        ("id", id.as_str()),
        ("name", &name),
        ("kind", &kind),
        ("scope", &scope),
        ("starts", &starts),
        ("ends", &ends),
        ("recurrence", &recurrence),
        ("reason", &reason),
    ];
    let form = Form::of(
        "save_window",
        "calendar#windows",
        &migration,
        &environment,
        &fields,
    )?;
    let mut input = super::input::Input::default();
    let kind = input.word("kind", &kind, WindowKind::parse);
    let scope = input.scope("scope", &scope);
    let starts = input.time("starts", &starts);
    let ends = input.time("ends", &ends);
    let all = kind.zip(scope).zip(starts).zip(ends);
    let window =
        input.finish(all).map(
            |(((kind, scope), starts), ends)| control::commands::WindowInput {
                name,
                kind,
                scope,
                starts,
                ends,
                recurrence,
            },
        );
    let migration = form.migration.clone();
    if let Ok(id) = id.trim().parse::<i64>() {
        let command = window.map(|window| control::commands::EditWindow {
            migration,
            id,
            window,
            expected: expected(&version),
            reason,
        });
        form.run(command).await
    } else {
        let command = window.map(|window| control::commands::CreateWindow {
            migration,
            window,
            reason,
        });
        form.run(command).await
    }
}

/// Puts a window away.
#[server(prefix = "/fn", endpoint = "archive_window", output = crate::codec::PageJson)]
pub async fn archive_window(
    migration: String,
    #[server(default)] environment: String,
    id: String,
    #[server(default)] version: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let fields = [("id", id.as_str()), ("reason", &reason)];
    let form = Form::of(
        "archive_window",
        "calendar#windows",
        &migration,
        &environment,
        &fields,
    )?;
    let command = row(&id).map(|id| control::commands::ArchiveWindow {
        migration: form.migration.clone(),
        id,
        expected: expected(&version),
        reason,
    });
    form.run(command).await
}

/// Creates a milestone, or with an id changes it.
#[server(prefix = "/fn", endpoint = "save_milestone", output = crate::codec::PageJson)]
pub async fn save_milestone(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] id: String,
    #[server(default)] name: String,
    #[server(default)] day: String,
    #[server(default)] version: String,
) -> Result<Committed, AppError> {
    let fields = [("id", id.as_str()), ("name", &name), ("day", &day)];
    let form = Form::of(
        "save_milestone",
        "calendar#milestones",
        &migration,
        &environment,
        &fields,
    )?;
    let mut input = super::input::Input::default();
    let day = input.needed_date("day", &day);
    let day = input.finish(day);
    let migration = form.migration.clone();
    if let Ok(id) = id.trim().parse::<i64>() {
        let command = day.map(|day| control::commands::EditMilestone {
            migration,
            id,
            name: Some(name),
            day: Some(day),
            archive: false,
            expected: expected(&version),
            reason: String::new(),
        });
        form.run(command).await
    } else {
        let command = day.map(|day| control::commands::CreateMilestone {
            migration,
            name,
            day,
            reason: String::new(),
        });
        form.run(command).await
    }
}

/// Puts a milestone away.
#[server(prefix = "/fn", endpoint = "archive_milestone", output = crate::codec::PageJson)]
pub async fn archive_milestone(
    migration: String,
    #[server(default)] environment: String,
    id: String,
    #[server(default)] version: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let fields = [("id", id.as_str()), ("reason", &reason)];
    let form = Form::of(
        "archive_milestone",
        "calendar#milestones",
        &migration,
        &environment,
        &fields,
    )?;
    let command = row(&id).map(|id| control::commands::EditMilestone {
        migration: form.migration.clone(),
        id,
        name: None,
        day: None,
        archive: true,
        expected: expected(&version),
        reason,
    });
    form.run(command).await
}

/// Takes the plan as it is for the baseline.
#[server(prefix = "/fn", endpoint = "set_baseline", output = crate::codec::PageJson)]
pub async fn set_baseline(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let fields = [("reason", reason.as_str())];
    let form = Form::of(
        "set_baseline",
        "calendar#baseline",
        &migration,
        &environment,
        &fields,
    )?;
    let command = control::commands::SetBaseline {
        migration: form.migration.clone(),
        reason,
    };
    form.run(Ok(command)).await
}

#[cfg(feature = "ssr")]
use super::page_form::{PageForm as Form, expected, row};

/// Makes an address under which a calendar program reads the migration; it is shown once.
#[server(prefix = "/fn", endpoint = "create_calendar_feed", output = crate::codec::PageJson)]
pub async fn create_calendar_feed(
    migration: String,
    #[server(default)] environment: String,
) -> Result<(), AppError> {
    let key = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let links = crate::address::Links::to(&key, environment.as_ref());
    let back = format!("{}#subscribe", links.page("calendar"));
    let answer = super::Answer {
        form: "create_calendar_feed",
        back: back.clone(),
        fields: Vec::new(),
    };
    let (answer, context, caller) = answer.signed_in()?;
    let made = control::commands::create_calendar_feed(&context.control, &caller, key).await;
    let base = context.public_url.trim_end_matches('/').to_owned();
    let flash = |(_, secret): &(Committed, String)| crate::flash::Flash::Secret {
        title: "Your calendar address. It is shown this once: copy it now".to_owned(),
        text: format!("{base}/calendar/{secret}.ics"),
    };
    answer.said(made, &back, flash).map(drop)
}

/// Ends such an address.
#[server(prefix = "/fn", endpoint = "revoke_calendar_feed", output = crate::codec::PageJson)]
pub async fn revoke_calendar_feed(
    migration: String,
    #[server(default)] environment: String,
    id: String,
) -> Result<Committed, AppError> {
    let fields = [("id", id.as_str())];
    let form = Form::of(
        "revoke_calendar_feed",
        "calendar#subscribe",
        &migration,
        &environment,
        &fields,
    )?;
    form.run(Ok(control::commands::RevokeCalendarFeed {
        id,
        reason: String::new(),
    }))
    .await
}
