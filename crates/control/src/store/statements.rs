//! Every statement of the store is prepared against migrated databases, and its parameters are counted against the
//! `.bind(` calls of its chain: too few binds silently become NULL.

use std::path::Path;

use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _, Statement as _};

use super::{Connection, EVIDENCE_FILE, STATE_FILE, Store, open};

/// A statement as the source has it.
struct Found {
    place: String,
    sql: String,
    binds: usize,
}

#[tokio::test]
async fn every_statement_prepares_and_has_a_bind_for_each_parameter() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.close().await;
    let mut state = open::writer_connection(&directory.path().join(STATE_FILE))
        .await
        .unwrap();
    let mut evidence = open::writer_connection(&directory.path().join(EVIDENCE_FILE))
        .await
        .unwrap();
    let found = statements();
    assert!(
        found.len() > 80,
        "only {} statements were found: does the scan still work?",
        found.len()
    );
    for Found { place, sql, binds } in found {
        let parameters = numbers_of(&sql).last().copied().unwrap_or(0);
        let prepared = match prepare_all(&mut state, &sql).await {
            Ok(found) => Ok(found),
            Err(in_state) => prepare_all(&mut evidence, &sql)
                .await
                .map_err(|in_evidence| (in_state, in_evidence)),
        };
        let found = prepared.unwrap_or_else(|errors| panic!("{place}: {errors:?}\n{sql}"));
        let of_each: usize = sql.split(';').map(|one| numbers_of(one).len()).sum();
        assert_eq!(
            found, of_each,
            "{place}: not every parameter is a $number\n{sql}"
        );
        assert_eq!(
            binds, parameters,
            "{place}: binds and parameters differ\n{sql}"
        );
        for number in 1..=parameters {
            assert!(
                sql.contains(&format!("${number}")),
                "{place}: ${number} is missing\n{sql}"
            );
        }
    }
}

/// Prepares every statement of a text, and counts the parameters of all.
async fn prepare_all(connection: &mut Connection, sql: &str) -> Result<usize, sqlx::Error> {
    let mut parameters = 0;
    for one in sql.split(';').filter(|one| !one.trim().is_empty()) {
        let one = AssertSqlSafe(one.to_owned()).into_sql_str();
        let statement = connection.prepare(one).await?;
        parameters += statement.parameters().unwrap().right().unwrap();
    }
    Ok(parameters)
}

/// The numbers of `$n` in a text, each once, in order.
fn numbers_of(sql: &str) -> Vec<usize> {
    let number = |part: &str| {
        let digits = part
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len());
        part[..digits].parse().ok()
    };
    let mut numbers: Vec<usize> = sql.split('$').skip(1).filter_map(number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[test]
fn the_scan_sees_a_missing_bind() {
    let source = r##"sqlx::query("SELECT $1, \
        $2").bind(a).fetch(c); sqlx::query_scalar::<_, i64>(r#"SELECT ")", $1"#).bind(f(x.bind(2))).fetch(c)"##;
    let found = statements_of("x.rs", source);
    let seen: Vec<(&str, usize)> = found
        .iter()
        .map(|one| (one.sql.as_str(), one.binds))
        .collect();
    assert_eq!(seen, [("SELECT $1, $2", 1), ("SELECT \")\", $1", 1)]);
}

fn statements() -> Vec<Found> {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(store).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name != "statements.rs" {
            found.extend(statements_of(
                &name,
                &std::fs::read_to_string(&path).unwrap(),
            ));
        }
    }
    found
}

fn statements_of(name: &str, source: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices("sqlx::query") {
        let line = source[..at].matches('\n').count() + 1;
        let place = format!("{name}:{line}");
        let after = &source[at..];
        let arguments = after.find('(').unwrap() + 1;
        let literal = after[arguments..].trim_start();
        if name == "open.rs" && literal.starts_with("statement)") {
            // Settings are read back through one function; none has a parameter.
            continue;
        }
        let (sql, rest) = read_literal(literal).unwrap_or_else(|| panic!("{place}: not a literal"));
        found.push(Found {
            binds: count_binds(rest),
            place,
            sql,
        });
    }
    found
}

/// A string literal at the start, and what follows it.
fn read_literal(source: &str) -> Option<(String, &str)> {
    if let Some(raw) = source.strip_prefix('r') {
        let hashes = raw.chars().take_while(|&c| c == '#').count();
        let (open, close) = (hashes + 1, format!("\"{}", "#".repeat(hashes)));
        let body = raw.get(open..)?;
        let end = body.find(&close)?;
        return Some((body[..end].to_owned(), &body[end + close.len()..]));
    }
    let body = source.strip_prefix('"')?;
    let mut sql = String::new();
    let mut characters = body.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((sql, &body[at + 1..])),
            '\\' => match characters.next()?.1 {
                '\n' => while characters.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                'n' => sql.push('\n'),
                escaped => sql.push(escaped),
            },
            other => sql.push(other),
        }
    }
    None
}

/// `.bind(` calls of the chain that a literal begins: those beside it, not those inside its arguments.
fn count_binds(rest: &str) -> usize {
    // Behind the literal stands the call's own closing bracket.
    let mut depth = 1_i32;
    let mut binds = 0;
    for (at, character) in rest.char_indices() {
        match character {
            '(' | '[' | '{' => {
                if depth == 0 && rest.as_bytes()[..at].ends_with(b".bind") {
                    binds += 1;
                }
                depth += 1;
            }
            ')' | ']' | '}' => depth -= 1,
            ';' if depth == 0 => break,
            _ => {}
        }
        if depth < 0 {
            break;
        }
    }
    binds
}
