//! The issue log: lists, one issue, and the forms about it.

use domain::Committed;
use domain::read::{IssueFilter, IssueView, IssuesView, NewIssueView};
use leptos::prelude::*;

use crate::error::AppError;

/// Issues of a migration that a filter lets through.
#[server(name = ReadIssues, prefix = "/fn", endpoint = "issues", output = crate::codec::PageJson)]
pub async fn issues(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] filter: IssueFilter,
) -> Result<IssuesView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let control = &context.control;
    super::read(
        control::queries::issues(control, &caller, &migration, environment.as_ref(), &filter).await,
    )
}

/// Everything about one issue.
#[server(name = ReadIssue, prefix = "/fn", endpoint = "issue", output = crate::codec::PageJson)]
pub async fn issue(
    migration: String,
    #[server(default)] environment: String,
    number: String,
) -> Result<IssueView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let number = edge::number(&number)?;
    let control = &context.control;
    super::read(
        control::queries::issue(control, &caller, &migration, environment.as_ref(), number).await,
    )
}

/// The form that opens an issue, about `module` where there is one of that key.
#[server(name = ReadNewIssue, prefix = "/fn", endpoint = "new_issue", output = crate::codec::PageJson)]
pub async fn new_issue(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] module: String,
) -> Result<NewIssueView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    // An address that names no module is no reason to show no form.
    let module = domain::Key::parse(module.trim()).ok();
    let control = &context.control;
    super::read(
        control::queries::new_issue(
            control,
            &caller,
            &migration,
            environment.as_ref(),
            module.as_ref(),
        )
        .await,
    )
}

/// Opens an issue.
#[server(prefix = "/fn", endpoint = "open_issue", output = crate::codec::PageJson)]
pub async fn open_issue(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] title: String,
    #[server(default)] body: String,
    #[server(default)] severity: String,
    #[server(default)] module: String,
    #[server(default)] owner: String,
    #[server(default)] labels: String,
    #[server(default)] due: String,
    #[server(default)] noticed_at: String,
) -> Result<Committed, AppError> {
    let at = edge::At::read(&migration, &environment)?;
    let answer = super::Answer {
        form: "open_issue",
        back: at.links.page("issues/new"),
        fields: vec![
            ("title", title.clone()),
            ("body", body.clone()),
            ("severity", severity.clone()),
            ("module", module.clone()),
            ("owner", owner.clone()),
            ("labels", labels.clone()),
            ("due", due.clone()),
            ("noticed_at", noticed_at.clone()),
        ],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let about = match edge::read(&severity, &module, &due, &noticed_at) {
        Ok(about) => about,
        Err(error) => return Err(answer.refused(error.into())),
    };
    let open = control::commands::OpenIssue {
        migration: at.migration.clone(),
        title,
        body,
        severity: about.severity,
        module: about.module,
        environment: at.environment.clone(),
        owner,
        labels: edge::labels(&labels),
        due: about.due,
        noticed_at: about.noticed_at,
        reason: String::new(),
    };
    let done = control::commands::open_issue(&context.control, &caller, open).await;
    answer.done(done, |done| at.opened(done))
}

/// Edits an issue.
#[server(prefix = "/fn", endpoint = "edit_issue", output = crate::codec::PageJson)]
pub async fn edit_issue(
    migration: String,
    #[server(default)] environment: String,
    number: String,
    #[server(default)] title: String,
    #[server(default)] body: String,
    #[server(default)] severity: String,
    #[server(default)] module: String,
    #[server(default)] owner: String,
    #[server(default)] labels: String,
    #[server(default)] due: String,
    #[server(default)] reason: String,
    #[server(default)] expected: String,
) -> Result<Committed, AppError> {
    let at = edge::At::read(&migration, &environment)?;
    let number = edge::number(&number)?;
    let answer = super::Answer {
        form: "edit_issue",
        back: at.links.page(&format!("issues/{number}/edit")),
        fields: vec![
            ("title", title.clone()),
            ("body", body.clone()),
            ("severity", severity.clone()),
            ("module", module.clone()),
            ("owner", owner.clone()),
            ("labels", labels.clone()),
            ("due", due.clone()),
            ("reason", reason.clone()),
        ],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let about = match edge::read(&severity, &module, &due, "") {
        Ok(about) => about,
        Err(error) => return Err(answer.refused(error.into())),
    };
    let command = control::commands::EditIssue {
        migration: at.migration.clone(),
        number,
        title: Some(title),
        body: Some(body),
        severity: Some(about.severity),
        module: Some(about.module),
        owner: Some(owner),
        labels: Some(edge::labels(&labels)),
        due: Some(about.due),
        expected: expected.trim().parse().ok(),
        reason,
    };
    answer.done(context.control.execute(&caller, command).await, |_| {
        at.links.issue(number)
    })
}

/// Mitigates, resolves or reopens an issue.
#[server(prefix = "/fn", endpoint = "move_issue", output = crate::codec::PageJson)]
pub async fn move_issue(
    migration: String,
    #[server(default)] environment: String,
    number: String,
    #[server(default)] to: String,
    #[server(default)] resolution: String,
    #[server(default)] expected: String,
) -> Result<Committed, AppError> {
    let at = edge::At::read(&migration, &environment)?;
    let number = edge::number(&number)?;
    let answer = super::Answer {
        form: "move_issue",
        back: at.links.issue(number),
        fields: vec![("resolution", resolution.clone())],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let Some(to) = domain::issues::IssueStatus::parse(to.trim()) else {
        let wrong = domain::Refusal::field("to", "Choose where the issue is to go.");
        return Err(answer.refused(wrong.into()));
    };
    let command = control::commands::MoveIssue {
        migration: at.migration.clone(),
        number,
        to,
        resolution: Some(resolution),
        expected: expected.trim().parse().ok(),
        reason: String::new(),
    };
    answer.done(context.control.execute(&caller, command).await, |_| {
        at.links.issue(number)
    })
}

/// Comments on an issue.
#[server(prefix = "/fn", endpoint = "comment_issue", output = crate::codec::PageJson)]
pub async fn comment_issue(
    migration: String,
    #[server(default)] environment: String,
    number: String,
    #[server(default)] comment: String,
) -> Result<Committed, AppError> {
    let at = edge::At::read(&migration, &environment)?;
    let number = edge::number(&number)?;
    let answer = super::Answer {
        form: "comment_issue",
        back: at.links.issue(number),
        fields: vec![("comment", comment.clone())],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let command = control::commands::CommentIssue {
        migration: at.migration.clone(),
        number,
        comment,
    };
    answer.done(context.control.execute(&caller, command).await, |_| {
        at.links.issue(number)
    })
}

/// Ties this issue to another: `kind` is a word such as `blocks`, or `is-blocks` for the other way round.
#[server(prefix = "/fn", endpoint = "link_issues", output = crate::codec::PageJson)]
pub async fn link_issues(
    migration: String,
    #[server(default)] environment: String,
    number: String,
    #[server(default)] kind: String,
    #[server(default)] other: String,
) -> Result<Committed, AppError> {
    let at = edge::At::read(&migration, &environment)?;
    let number = edge::number(&number)?;
    let answer = super::Answer {
        form: "link_issues",
        back: at.links.issue(number),
        fields: vec![("kind", kind.clone()), ("other", other.clone())],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let tie = match edge::tie(number, &kind, &other) {
        Ok(tie) => tie,
        Err(error) => return Err(answer.refused(error.into())),
    };
    let command = control::commands::LinkIssues {
        migration: at.migration.clone(),
        number: tie.from,
        kind: tie.kind,
        other: tie.to,
        reason: String::new(),
    };
    answer.done(context.control.execute(&caller, command).await, |_| {
        at.links.issue(number)
    })
}

/// Takes a tie away, named as [`link_issues`] names it.
#[server(prefix = "/fn", endpoint = "unlink_issues", output = crate::codec::PageJson)]
pub async fn unlink_issues(
    migration: String,
    #[server(default)] environment: String,
    number: String,
    #[server(default)] kind: String,
    #[server(default)] other: String,
) -> Result<Committed, AppError> {
    let at = edge::At::read(&migration, &environment)?;
    let number = edge::number(&number)?;
    let answer = super::Answer {
        form: "unlink_issues",
        back: at.links.issue(number),
        fields: Vec::new(),
    };
    let (answer, context, caller) = answer.signed_in()?;
    let tie = match edge::tie(number, &kind, &other) {
        Ok(tie) => tie,
        Err(error) => return Err(answer.refused(error.into())),
    };
    let command = control::commands::UnlinkIssues {
        migration: at.migration.clone(),
        number: tie.from,
        kind: tie.kind,
        other: tie.to,
        reason: String::new(),
    };
    answer.done(context.control.execute(&caller, command).await, |_| {
        at.links.issue(number)
    })
}

#[cfg(feature = "ssr")]
mod edge {
    use domain::issues::{LinkKind, Severity};
    use domain::{Committed, Key, Refusal, Timestamp};
    use jiff::civil::Date;

    use crate::address::Links;
    use crate::api::input::Input;
    use crate::api::{environment, key};
    use crate::error::AppError;

    /// Where a form was pressed.
    pub(super) struct At {
        pub migration: Key,
        pub environment: Option<Key>,
        pub links: Links,
    }

    impl At {
        pub(super) fn read(migration: &str, chosen: &str) -> Result<Self, AppError> {
            let migration = key("migration", migration)?;
            let environment = environment(chosen)?;
            let links = Links::to(&migration, environment.as_ref());
            Ok(Self {
                migration,
                environment,
                links,
            })
        }

        /// The page of the issue that was opened.
        pub(super) fn opened(&self, done: &Committed) -> String {
            let number = done.subject.as_deref().unwrap_or_default();
            self.links.page(&format!("issues/{number}"))
        }
    }

    /// An issue's number from an address. One that cannot be a number names nothing.
    pub(super) fn number(text: &str) -> Result<u32, AppError> {
        text.trim()
            .parse()
            .map_err(|_| AppError::from(Refusal::not_found("issue", text.trim())).with_status())
    }

    /// What of a form is more than text.
    pub(super) struct About {
        pub severity: Severity,
        pub module: Option<Key>,
        pub due: Option<Date>,
        pub noticed_at: Option<Timestamp>,
    }

    pub(super) fn read(
        severity: &str,
        module: &str,
        due: &str,
        noticed_at: &str,
    ) -> Result<About, Refusal> {
        let mut input = Input::default();
        let severity = input.word("severity", severity.trim(), Severity::parse);
        let module = input.optional_key("module", module);
        let due = input.date("due", due);
        let noticed_at = input.moment("noticed_at", noticed_at);
        input.finish(severity.map(|severity| About {
            severity,
            module,
            due,
            noticed_at,
        }))
    }

    /// Labels with commas or spaces between.
    pub(super) fn labels(text: &str) -> Vec<String> {
        text.split([',', ' ', '\n', '\t', '\r'])
            .filter(|label| !label.is_empty())
            .map(ToOwned::to_owned)
            .collect()
    }

    /// A tie as it was made.
    #[derive(Debug, PartialEq, Eq)]
    pub(super) struct Tie {
        pub from: u32,
        pub kind: LinkKind,
        pub to: u32,
    }

    pub(super) fn tie(number: u32, kind: &str, other: &str) -> Result<Tie, Refusal> {
        let (word, inverse) = match kind.trim().strip_prefix("is-") {
            Some(word) => (word, true),
            None => (kind.trim(), false),
        };
        let mut input = Input::default();
        let kind = input.word("kind", word, LinkKind::parse);
        let other = input.number("other", other.trim().trim_start_matches('#'));
        let (kind, other) = input.finish(kind.map(|kind| (kind, other)))?;
        let Some(other) = other else {
            return Err(Refusal::field("other", "Write the other issue's number."));
        };
        let (from, to) = if inverse {
            (other, number)
        } else {
            (number, other)
        };
        Ok(Tie { from, kind, to })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_tie_is_read_from_either_end() {
            let blocks = |from, to| Tie {
                from,
                kind: LinkKind::Blocks,
                to,
            };
            assert_eq!(tie(3, "blocks", "#7").unwrap(), blocks(3, 7));
            assert_eq!(tie(3, "is-blocks", "7").unwrap(), blocks(7, 3));
            assert!(tie(3, "blocks", "").is_err());
            assert!(tie(3, "eats", "7").is_err());
        }

        #[test]
        fn a_moment_is_of_utc() {
            let at = |text| read("low", "", "", text).map(|about| about.noticed_at);
            let two_past_two = Some(Timestamp(1_795_356_120_000));
            assert_eq!(at("2026-11-22T14:02").unwrap(), two_past_two);
            assert_eq!(at("2026-11-22T14:02:00.000Z").unwrap(), two_past_two);
            assert_eq!(at(" ").unwrap(), None);
            assert!(at("yesterday").is_err());
        }

        #[test]
        fn every_wrong_field_is_told() {
            let Err(Refusal::Invalid { fields }) = read("bad", "No Key", "soon", "late") else {
                panic!("it was read");
            };
            let named: Vec<_> = fields.iter().map(|field| field.field.as_str()).collect();
            assert_eq!(named, ["severity", "module", "due", "noticed_at"]);
        }
    }
}
