//! Checklists as people work them, and the items they are made of. Days travel as text.

use domain::Committed;
use domain::read::ChecklistsView;
use leptos::prelude::*;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use edge::{Check, Fields};

/// Every list, those worked by days as of `day`; empty is today in the migration's zone.
#[server(name = ReadChecklists, prefix = "/fn", endpoint = "checklists", output = crate::codec::PageJson)]
pub async fn checklists(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] day: String,
) -> Result<ChecklistsView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    // A day that is none shows today: an address is not a form.
    let day = day.trim().parse().ok();
    let (control, environment) = (&context.control, environment.as_ref());
    super::read(
        control::queries::checklists_view(control, &caller, &migration, environment, day, None)
            .await,
    )
}

/// Ticks an item (`to` is `done`), or takes its tick back (`open`). `seen` is the tick that the page showed, `view` what
/// of the page its address chose.
#[server(prefix = "/fn", endpoint = "mark_check", output = crate::codec::PageJson)]
pub async fn mark_check(
    migration: String,
    #[server(default)] environment: String,
    item: String,
    #[server(default)] day: String,
    #[server(default)] to: String,
    #[server(default)] seen: String,
    #[server(default)] evidence: String,
    #[server(default)] view: String,
) -> Result<Committed, AppError> {
    let fields = [("item", item.as_str()), ("evidence", &evidence)];
    let form = Check::of(
        "mark_check",
        &migration,
        &environment,
        &item,
        &view,
        &fields,
    )?;
    if to == "open" {
        let command = form
            .day(&day)
            .map(|(item, day)| control::commands::UntickCheck {
                migration: form.migration.clone(),
                item,
                day,
                seen: seen.trim().parse().ok(),
                reason: String::new(),
            });
        return form.run(command).await;
    }
    let command = form
        .day(&day)
        .map(|(item, day)| control::commands::TickCheck {
            migration: form.migration.clone(),
            item,
            day,
            evidence,
        });
    form.run(command).await
}

/// Leaves an item out, with a reason.
#[server(prefix = "/fn", endpoint = "skip_check", output = crate::codec::PageJson)]
pub async fn skip_check(
    migration: String,
    #[server(default)] environment: String,
    item: String,
    #[server(default)] day: String,
    #[server(default)] reason: String,
    #[server(default)] view: String,
) -> Result<Committed, AppError> {
    let fields = [("item", item.as_str()), ("reason", &reason)];
    let form = Check::of(
        "skip_check",
        &migration,
        &environment,
        &item,
        &view,
        &fields,
    )?;
    let command = form
        .day(&day)
        .map(|(item, day)| control::commands::SkipCheck {
            migration: form.migration.clone(),
            item,
            day,
            reason,
        });
    form.run(command).await
}

/// Adds an item. `list` is `daily`, `once`, `conditional:hold` or `phase:2:before`.
#[server(prefix = "/fn", endpoint = "add_check", output = crate::codec::PageJson)]
pub async fn add_check(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] list: String,
    #[server(default)] title: String,
    #[server(default)] owner: String,
    #[server(default)] due: String,
    #[server(default)] commands: String,
    #[server(default)] evidence_required: String,
) -> Result<Committed, AppError> {
    let fields = [
        ("list", list.as_str()),
        ("title", &title),
        ("owner", &owner),
        ("due", &due),
        ("commands", &commands),
        ("evidence_required", &evidence_required),
    ];
    let form = Check::of("add_check", &migration, &environment, "new", "", &fields)?;
    let read = edge::list(&list).and_then(|list| Ok((list, edge::due(&due)?)));
    let command = read.map(|(list, due)| control::commands::AddCheck {
        migration: form.migration.clone(),
        list,
        title,
        owner,
        due,
        commands: edge::lines(&commands),
        evidence_required: evidence_required == "yes",
        reason: String::new(),
    });
    form.run(command).await
}

/// Changes an item; its list stays.
#[server(prefix = "/fn", endpoint = "edit_check", output = crate::codec::PageJson)]
pub async fn edit_check(
    migration: String,
    #[server(default)] environment: String,
    item: String,
    #[server(default)] title: String,
    #[server(default)] owner: String,
    #[server(default)] due: String,
    #[server(default)] commands: String,
    #[server(default)] evidence_required: String,
    #[server(default)] version: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let fields: Fields<'_> = [
        ("item", item.as_str()),
        ("title", &title),
        ("owner", &owner),
        ("due", &due),
        ("commands", &commands),
        ("evidence_required", &evidence_required),
        ("reason", &reason),
    ];
    let form = Check::of("edit_check", &migration, &environment, &item, "", &fields)?;
    let read = form.item().and_then(|item| Ok((item, edge::due(&due)?)));
    let command = read.map(|(item, due)| control::commands::EditCheck {
        migration: form.migration.clone(),
        item,
        title: Some(edge::lines(&title)),
        owner: Some(owner),
        due: Some(due),
        commands: Some(edge::lines(&commands)),
        evidence_required: Some(evidence_required == "yes"),
        expected: version.trim().parse().ok(),
        reason,
    });
    form.run(command).await
}

/// Puts an item away.
#[server(prefix = "/fn", endpoint = "archive_check", output = crate::codec::PageJson)]
pub async fn archive_check(
    migration: String,
    #[server(default)] environment: String,
    item: String,
    #[server(default)] version: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let fields = [("item", item.as_str()), ("reason", &reason)];
    let form = Check::of(
        "archive_check",
        &migration,
        &environment,
        &item,
        "",
        &fields,
    )?;
    let command = form.item().map(|item| control::commands::ArchiveCheck {
        migration: form.migration.clone(),
        item,
        expected: version.trim().parse().ok(),
        reason,
    });
    form.run(command).await
}

#[cfg(feature = "ssr")]
mod edge {
    use control::Caller;
    use domain::schedule::checklist::{Due, List, Moment, Threshold};
    use domain::{Committed, Key, Refusal};
    use jiff::civil::Date;

    use crate::address::Links;
    use crate::api::{Answer, environment, key};
    use crate::error::AppError;
    use crate::server_context::ServerContext;

    /// The fields of the largest form.
    pub(super) type Fields<'a> = [(&'static str, &'a str); 7];

    /// A form about an item: who sent it, and how it is answered.
    pub(super) struct Check {
        pub(super) migration: Key,
        item: String,
        answer: Answer,
        context: ServerContext,
        caller: Caller,
        then: String,
    }

    impl Check {
        /// Reads the place; refuses who is not signed in, with the fields kept.
        pub(super) fn of(
            form: &'static str,
            migration: &str,
            chosen: &str,
            item: &str,
            view: &str,
            fields: &[(&'static str, &str)],
        ) -> Result<Self, AppError> {
            let migration = key("migration", migration)?;
            let links = Links::to(&migration, environment(chosen)?.as_ref());
            let there = |query: &str| match query {
                "" => links.page("checklists"),
                query => links.page(&format!("checklists?{query}")),
            };
            let row = format!("#check-{}", known(item));
            let (back, then) = match form {
                // An archived item is no longer among them.
                "archive_check" | "edit_check" | "add_check" => {
                    (there(&format!("edit={}", known(item))), there(""))
                }
                _ => (there(&view_of(view)) + &row, there(&view_of(view)) + &row),
            };
            let fields = fields
                .iter()
                .map(|(field, value)| (*field, (*value).to_owned()))
                .collect();
            let (answer, context, caller) = Answer { form, back, fields }.signed_in()?;
            Ok(Self {
                migration,
                item: item.to_owned(),
                answer,
                context,
                caller,
                then,
            })
        }

        /// The item's id.
        pub(super) fn item(&self) -> Result<i64, Refusal> {
            let id = self.item.trim();
            id.parse()
                .map_err(|_| Refusal::not_found("checklist item", id))
        }

        /// The item's id, and the day where there is one.
        pub(super) fn day(&self, day: &str) -> Result<(i64, Option<Date>), Refusal> {
            let item = self.item()?;
            match day.trim() {
                "" => Ok((item, None)),
                day => match day.parse() {
                    Ok(day) => Ok((item, Some(day))),
                    Err(_) => Err(Refusal::field(
                        "day",
                        "This is no day: write it as 2026-11-16.",
                    )),
                },
            }
        }

        /// Runs the command that the fields make up, or answers with what is wrong with them.
        pub(super) async fn run<C: control::command::Command>(
            self,
            command: Result<C, Refusal>,
        ) -> Result<Committed, AppError> {
            match command {
                Ok(command) => {
                    let result = self.context.control.execute(&self.caller, command).await;
                    self.answer.done(result, |_| self.then)
                }
                Err(wrong) => Err(self.answer.refused(wrong.into())),
            }
        }
    }

    /// What of a word may stand in an address.
    fn known(word: &str) -> String {
        word.chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
            .take(32)
            .collect()
    }

    /// What the page's address chose, from the text that a form sent: nothing else comes back with it.
    fn view_of(text: &str) -> String {
        text.split('&')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(name, value)| matches!(*name, "day" | "phase" | "list") && !value.is_empty())
            .map(|(name, value)| format!("{name}={}", known(value)))
            .collect::<Vec<_>>()
            .join("&")
    }

    /// The list that an option of the form stands for.
    pub(super) fn list(text: &str) -> Result<List, Refusal> {
        let mut words = text.split(':');
        let word = words.next().unwrap_or_default();
        let (one, other) = (words.next(), words.next());
        let list = match (word, one, other) {
            ("daily", None, None) => Some(List::Daily),
            ("once", None, None) => Some(List::Once),
            ("conditional", Some(threshold), None) => {
                Threshold::parse(threshold).map(List::Conditional)
            }
            ("phase", Some(number), Some(moment)) => number
                .parse()
                .ok()
                .zip(Moment::parse(moment))
                .map(|(phase, moment)| List::Phase { phase, moment }),
            _ => None,
        };
        list.ok_or_else(|| Refusal::field("list", "Choose one of the lists."))
    }

    /// A time of day, a day, or nothing.
    pub(super) fn due(text: &str) -> Result<Option<Due>, Refusal> {
        Due::parse(text)
    }

    /// Text of several lines as it is kept; browsers send another end of line.
    pub(super) fn lines(text: &str) -> String {
        text.replace("\r\n", "\n")
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn an_option_of_the_form_is_a_list() {
            assert_eq!(list("daily").unwrap(), List::Daily);
            let before = List::Phase {
                phase: 2,
                moment: Moment::Before,
            };
            assert_eq!(list("phase:2:before").unwrap(), before);
            for wrong in [
                "",
                "phase:x:before",
                "phase:2",
                "conditional:later",
                "daily:1",
            ] {
                assert!(list(wrong).is_err(), "{wrong}");
            }
        }

        #[test]
        fn nothing_but_what_the_page_knows_comes_back_in_an_address() {
            assert_eq!(
                view_of("day=2026-11-22&list=daily&next=//elsewhere&phase="),
                "day=2026-11-22&list=daily"
            );
            assert_eq!(view_of("day=%0d%0aX: y"), "day=0d0aXy");
        }
    }
}
