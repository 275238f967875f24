//! Full texts: `issue_words` and `audit_words`, the tables that only `SQLite` has. Rows of the first are written by the
//! store with each change of an issue's texts, from `issues`, `issue_labels` and `issue_comments`; those of the second by
//! a trigger, once an entry.

use super::{Connection, StoreError};

/// Most words of a search; more say nothing further.
const MOST_WORDS: usize = 20;

/// Writes an issue's row anew from its texts.
pub(crate) async fn index(connection: &mut Connection, id: i64) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO issue_words (rowid, title, labels, body, comments)
         SELECT i.id, i.title,
                (SELECT group_concat(l.label, ' ') FROM issue_labels l WHERE l.issue_id = i.id),
                i.body || char(10) || i.resolution,
                (SELECT group_concat(c.body, char(10)) FROM issue_comments c WHERE c.issue_id = i.id)
         FROM issues i WHERE i.id = $1",
    )
    .bind(id)
    .execute(connection)
    .await?;
    Ok(())
}

/// What people type as a search that cannot be malformed: every word must be there, its beginning is enough. `None`
/// where there is no word in it.
pub(crate) fn search_for(typed: &str) -> Option<String> {
    let words: Vec<String> = typed
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(MOST_WORDS)
        .map(|word| format!("\"{}\"*", word.replace('"', "\"\"").replace('\0', "")))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_type_is_syntax() {
        assert_eq!(
            search_for("cache miss").as_deref(),
            Some("\"cache\"* \"miss\"*")
        );
        assert_eq!(
            search_for("title:x NOT \"y").as_deref(),
            Some("\"title:x\"* \"NOT\"* \"\"\"y\"*")
        );
        assert_eq!(search_for(" !! -- "), None);
        let long = "word ".repeat(100);
        assert_eq!(search_for(&long).unwrap().matches('*').count(), MOST_WORDS);
    }
}
