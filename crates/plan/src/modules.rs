//! Modules: which words name one, what its key is, and the list they are gathered in.

use std::collections::HashMap;

use flags::{InvalidKey, Key, Mode};

use crate::model::Module;
use crate::plain::{cell, tidy};
use crate::text::Text;
use crate::tokens::Tokens;

/// The key of a module from its name: lower case, anything outside `[a-z0-9_-]` as one `_`.
///
/// # Errors
/// [`InvalidKey`] when nothing usable is left, when it is longer than a key may be, or the reserved word.
pub fn derive_key(name: &str) -> Result<Key, InvalidKey> {
    let mut key = String::with_capacity(name.len());
    for c in name.trim().chars() {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_' {
            key.push(c);
        } else if !key.ends_with('_') {
            key.push('_');
        }
    }
    let trimmed = key.trim_start_matches(['_', '-']);
    // An underscore somebody wrote stays; one that stands for punctuation at the end goes.
    let trimmed = if name.trim_end().ends_with(['_', '-']) {
        trimmed
    } else {
        trimmed.trim_end_matches('_')
    };
    Key::parse(trimmed)
}

/// Modules found so far, unique by folded key.
#[derive(Debug, Default)]
pub(crate) struct ModuleList {
    pub(crate) modules: Vec<Module>,
    by_key: HashMap<String, usize>,
}

/// A module as a place in the text tells it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mention {
    pub(crate) name: String,
    pub(crate) key: Option<String>,
    pub(crate) phase: Option<u32>,
    pub(crate) owner: Option<String>,
    pub(crate) old_path: Option<String>,
    pub(crate) new_path: Option<String>,
    pub(crate) line: u32,
}

impl ModuleList {
    /// Adds a module, or what the mention knows beyond an earlier one; its place in the list.
    ///
    /// # Errors
    /// [`InvalidKey`] when the name makes no key.
    pub(crate) fn add(&mut self, mention: Mention) -> Result<usize, InvalidKey> {
        let name = tidy(&mention.name);
        let key = derive_key(mention.key.as_deref().unwrap_or(&name))?;
        let Mention {
            phase,
            owner,
            old_path,
            new_path,
            line,
            ..
        } = mention;
        let path = |path: Option<String>| path.and_then(|path| cell(&path));
        let (old_path, new_path) = (path(old_path), path(new_path));
        if let Some(&place) = self.by_key.get(&key.folded()) {
            if let Some(module) = self.modules.get_mut(place) {
                module.phase = module.phase.or(phase);
                module.owner = module.owner.take().or(owner);
                module.old_path = module.old_path.take().or(old_path);
                module.new_path = module.new_path.take().or(new_path);
            }
            return Ok(place);
        }
        let place = self.modules.len();
        self.by_key.insert(key.folded(), place);
        self.modules.push(Module {
            key,
            name,
            phase,
            phase_name: None,
            owner,
            old_path,
            new_path,
            line,
        });
        Ok(place)
    }
}

const FILE_ENDINGS: [&str; 22] = [
    "py", "rs", "md", "yml", "yaml", "json", "toml", "js", "ts", "tsx", "sh", "txt", "sql", "go",
    "java", "html", "css", "cfg", "ini", "lock", "xml", "csv",
];

/// Whether a code span may be a module: one word of letters, digits, `_`, `-`, `.`; no file, mode, number or variable.
pub(crate) fn may_name_module(span: &str) -> bool {
    let span = span.trim();
    let characters = span
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let starts = span.starts_with(|c: char| c.is_ascii_alphabetic());
    let ending = span
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    let file = ending.is_some_and(|ending| FILE_ENDINGS.contains(&&*ending));
    let variable = span.contains('_')
        && span
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let mode = Mode::ALL.iter().any(|mode| mode.as_str() == span);
    let word = matches!(
        span,
        "true" | "false" | "main" | "master" | "null" | "none" | "enabled" | "disabled"
    );
    characters && starts && span.len() >= 2 && !file && !variable && !mode && !word
}

const VERBS: [&str; 32] = [
    "migrate",
    "migrates",
    "migrating",
    "move",
    "moves",
    "moving",
    "port",
    "ports",
    "convert",
    "switch",
    "replace",
    "extract",
    "rewrite",
    "upgrade",
    "transition",
    "cut over",
    "roll out",
    "flip",
    "enable",
    "module",
    "modules",
    "component",
    "service",
    "services",
    "package",
    "flag",
    "flags",
    "applies to",
    "applied to",
    "apply to",
    "covers",
    "affects",
];

/// Names in running text: code spans that a verb such as "migrate" or a noun such as "module" introduces, or that
/// open a list item; and words with `_` right behind such a verb.
pub(crate) fn mentions(text: &Text, tokens: &Tokens) -> Vec<(String, u32)> {
    let mut out = Vec::new();
    let verb = tokens
        .find(&VERBS)
        .and_then(|at| tokens.0.get(at))
        .map(|placed| placed.start);
    for (place, &(start, end)) in text.spans.iter().enumerate() {
        let span = text.plain.get(start..end).unwrap_or_default();
        let opens = text
            .plain
            .get(..start)
            .is_some_and(|before| tidy(before).is_empty());
        let rest = text.plain.get(end..).unwrap_or_default().trim_start();
        let stands_alone =
            rest.is_empty() || rest.starts_with([':', '(', ',', '-', '–', '—', '→', '@']);
        let follows = place > 0 && !out.is_empty() && verb.is_none();
        let introduced = verb.is_some_and(|verb| verb < start);
        if may_name_module(span) && (introduced || opens && stands_alone || follows && stands_alone)
        {
            out.push((span.to_owned(), text.line_at(start)));
        }
    }
    if let Some(at) = tokens
        .find(&["migrate", "port", "move", "convert", "extract"])
        .filter(|_| out.is_empty())
        && let Some(word) = tokens.0.get(at + 1)
    {
        let name = text.plain.get(word.start..word.end).unwrap_or_default();
        let path = text
            .plain
            .get(word.end..)
            .is_some_and(|rest| rest.starts_with(['/', '=', '(']));
        if name.contains('_') && may_name_module(name) && !path {
            out.push((name.to_owned(), text.line_at(word.start)));
        }
    }
    out
}

/// Modules that a command names: `--module X`, `--flag=X`, `--modules a,b`. Placeholders such as `<name>` are none.
pub(crate) fn in_command(line: &str) -> Vec<String> {
    const OPTIONS: [&str; 10] = [
        "--module",
        "--modules",
        "--component",
        "--components",
        "--flag",
        "--flags",
        "--flag-key",
        "--feature",
        "--service",
        "--feature-flag",
    ];
    let mut out = Vec::new();
    let mut words = line.split_whitespace();
    while let Some(word) = words.next() {
        let value = match word.split_once('=') {
            Some((option, value)) if OPTIONS.contains(&option) => value,
            None if OPTIONS.contains(&word) => words.next().unwrap_or_default(),
            _ => continue,
        };
        let names = value
            .trim_matches(['"', '\''])
            .split(',')
            .map(|name| name.trim_matches(['"', '\'', ';']));
        out.extend(
            names
                .filter(|name| may_name_module(name))
                .map(str::to_owned),
        );
    }
    out
}

/// `cp OLD NEW`, `mv OLD NEW`, `git mv OLD NEW`.
pub(crate) fn paths_in_command(line: &str) -> Option<(String, String)> {
    let mut words = line
        .split_whitespace()
        .skip_while(|&word| matches!(word, "$" | "git" | "sudo"));
    let verb = words.next()?;
    let mut paths = words.filter(|word| !word.starts_with('-'));
    let (old, new, rest) = (paths.next()?, paths.next()?, paths.next());
    (matches!(verb, "cp" | "mv") && rest.is_none()).then(|| (old.to_owned(), new.to_owned()))
}

/// The modules that an item of a list of modules names, with paths where it says `old → new`.
pub(crate) fn in_item(text: &Text) -> Vec<Mention> {
    let plain = tidy(&text.plain);
    let named: Vec<&str> = text.code().collect();
    let (first_span, _) = text.spans.first().copied().unwrap_or((usize::MAX, 0));
    let opens = text
        .plain
        .get(..first_span)
        .is_some_and(|before| tidy(before).is_empty());
    let line = text.line;
    if let [first, rest @ ..] = named.as_slice()
        && (opens || !plain.contains([':', '-', '–']))
    {
        let key_like =
            |name: &&&str| may_name_module(name) || !name.contains(['/', ' ', '=', '$', '*', '<']);
        let only_names = only_separators(text);
        let paths: Vec<&str> = rest
            .iter()
            .copied()
            .filter(|path| path.contains(['/', '.']))
            .collect();
        if let ([old, new], true) = (paths.as_slice(), opens) {
            let (old_path, new_path) = (Some((*old).to_owned()), Some((*new).to_owned()));
            return vec![Mention {
                name: (*first).to_owned(),
                old_path,
                new_path,
                line,
                ..Mention::default()
            }];
        }
        let take = if only_names { named.len() } else { 1 };
        return named
            .iter()
            .take(take)
            .filter(key_like)
            .map(|name| Mention {
                name: (*name).to_owned(),
                line,
                ..Mention::default()
            })
            .collect();
    }
    names(&plain)
        .into_iter()
        .map(|name| Mention {
            name,
            line,
            ..Mention::default()
        })
        .collect()
}

/// Whether nothing but separators and "and" stands between the code spans.
fn only_separators(text: &Text) -> bool {
    let (mut at, mut between) = (0, String::new());
    for &(start, end) in &text.spans {
        between.push_str(text.plain.get(at..start).unwrap_or_default());
        between.push(' ');
        at = end;
    }
    between.push_str(text.plain.get(at..).unwrap_or_default());
    between
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '/' | '&' | '+' | '|' | '.'))
        .all(|word| matches!(word, "" | "and"))
}

/// Names without code spans: `auth`, `Billing API - the old one`, `auth, billing and search`.
pub(crate) fn names(plain: &str) -> Vec<String> {
    let head = plain.split([':', '(', '[', '→']).next().unwrap_or_default();
    let head = [" - ", " – ", " — ", " -> ", " @"]
        .iter()
        .fold(head, |head, cut| head.split(cut).next().unwrap_or_default());
    let parts = head
        .split([',', ';'])
        .flat_map(|part| part.split(" and "))
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts
        .map(|part| part.strip_prefix("and ").unwrap_or(part))
        .collect();
    let vague = |part: &&str| {
        let tokens = Tokens::of(part);
        let open = tokens.has(&[
            "remaining",
            "related",
            "other",
            "others",
            "more",
            "etc",
            "rest",
            "all",
            "tbd",
            "various",
            "everything",
        ]);
        open || part.split(' ').count() > 4
            || part.ends_with('.')
            || !part.starts_with(char::is_alphanumeric)
    };
    let single = parts.len() == 1 || parts.iter().all(|part| part.split(' ').count() <= 3);
    if !single {
        return Vec::new();
    }
    parts
        .into_iter()
        .filter(|part| !vague(part))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_derived_from_names() {
        for (name, key) in [
            ("temporal_core", "temporal_core"),
            ("Billing API", "billing_api"),
            ("a-b", "a-b"),
            ("com.acme.Pay", "com_acme_pay"),
            ("Größe (m)", "gr_e_m"),
        ] {
            assert_eq!(derive_key(name).unwrap().as_str(), key);
        }
        assert_eq!(derive_key("Mode"), Err(InvalidKey::Reserved));
        assert_eq!(derive_key("✅"), Err(InvalidKey::Empty));
    }

    #[test]
    fn commands_name_modules_but_placeholders_do_not() {
        assert_eq!(in_command("python migrate.py --module config"), ["config"]);
        assert_eq!(
            in_command("ctl toggle --flag=\"checkout-v2\" --modules a1,b2"),
            ["checkout-v2", "a1", "b2"]
        );
        assert!(in_command("tool --module <name> --module $MODULE --flag true").is_empty());
    }

    #[test]
    fn names_in_lists_end_where_their_description_begins() {
        assert_eq!(names("spr_manager"), ["spr_manager"]);
        assert_eq!(names("Billing API — talks to the bank"), ["Billing API"]);
        assert_eq!(
            names("auth, billing and search"),
            ["auth", "billing", "search"]
        );
        assert!(names("(and related modules)").is_empty());
        assert!(names("all remaining modules").is_empty());
    }
}
