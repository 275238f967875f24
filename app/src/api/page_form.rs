//! Forms that stand on a page of a migration and lead back to it.

use control::Caller;
use domain::{Key, Refusal};

use crate::address::Links;
use crate::api::{Answer, environment, key};
use crate::error::AppError;
use crate::server_context::ServerContext;

/// A form: what it is about, who sent it, and how it is answered.
pub(super) struct PageForm {
    pub(super) migration: Key,
    links: Links,
    answer: Answer,
    context: ServerContext,
    caller: Caller,
    /// Where it leads when it was carried out.
    pub(super) then: String,
}

impl PageForm {
    /// Reads the place; refuses who is not signed in, with the fields kept. `page` is where the form stands, below the
    /// migration, with its part: it leads back there, too, when it was carried out.
    pub(super) fn of(
        name: &'static str,
        page: &str,
        migration: &str,
        chosen: &str,
        fields: &[(&'static str, &str)],
    ) -> Result<Self, AppError> {
        let migration = key("migration", migration)?;
        let links = Links::to(&migration, environment(chosen)?.as_ref());
        let then = address(&links, page);
        let fields = fields
            .iter()
            .map(|(field, value)| (*field, (*value).to_owned()))
            .collect();
        let answer = Answer {
            form: name,
            back: then.clone(),
            fields,
        };
        let (answer, context, caller) = answer.signed_in()?;
        Ok(Self {
            migration,
            links,
            answer,
            context,
            caller,
            then,
        })
    }

    /// Leads to another page of the migration when it was carried out.
    pub(super) fn leading_to(mut self, page: &str) -> Self {
        self.then = address(&self.links, page);
        self
    }

    /// Runs the command that the fields make up, or answers with what is wrong with them.
    pub(super) async fn run<C: control::command::Command>(
        self,
        command: Result<C, Refusal>,
    ) -> Result<domain::Committed, AppError> {
        match command {
            Ok(command) => {
                let result = self.context.control.execute(&self.caller, command).await;
                self.answer.done(result, |_| self.then)
            }
            Err(wrong) => Err(self.answer.refused(wrong.into())),
        }
    }
}

/// A page with a part of it, in the environment of the links.
fn address(links: &Links, page: &str) -> String {
    match page.split_once('#') {
        Some((page, part)) => format!("{}#{part}", links.page(page)),
        None => links.page(page),
    }
}

/// The version a form was made from; `None` is refused by the command.
pub(super) fn expected(version: &str) -> Option<i64> {
    version.trim().parse().ok()
}

/// The id of a row, as a hidden field has it.
pub(super) fn row(text: &str) -> Result<i64, Refusal> {
    let id = text.trim().parse();
    id.map_err(|_| Refusal::not_found("row", text.trim()))
}
