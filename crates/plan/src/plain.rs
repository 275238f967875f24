//! Text as it is stored: one line, no decoration in front.

/// White space as single spaces; emoji, check marks and bullets in front are dropped.
pub(crate) fn tidy(text: &str) -> String {
    let decoration = |c: char| {
        !c.is_ascii()
            && !c.is_alphanumeric()
            && !matches!(c, '“' | '‘' | '«' | '„' | '§' | '≥' | '≤' | '€' | '£' | '…')
    };
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || decoration(c));
    let mut out = String::with_capacity(text.len());
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// A heading or a label as a name: without the colon at its end.
pub(crate) fn headline(text: &str) -> String {
    let mut text = tidy(text);
    text.truncate(text.trim_end_matches([':', ' ']).len());
    text
}

/// Words behind "Day 3": without the signs that separate them from it.
pub(crate) fn after_days(text: &str) -> &str {
    let sign = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                ':' | '-'
                    | '.'
                    | ')'
                    | ','
                    | '|'
                    | '→'
                    | '–'
                    | '—'
                    | '‑'
                    | '‐'
                    | '‒'
                    | '−'
                    | '：'
                    | '⇒'
                    | '➜'
                    | '➔'
                    | '➡'
            )
    };
    text.trim_start_matches(sign)
}

/// A cell that says "nothing": empty, a dash, `n/a`.
pub(crate) fn cell(text: &str) -> Option<String> {
    let text = tidy(text);
    let nothing = text
        .chars()
        .all(|c| matches!(c, '-' | '–' | '—' | '?' | '/'))
        || text.eq_ignore_ascii_case("n/a");
    (!nothing && !text.eq_ignore_ascii_case("none") && !text.eq_ignore_ascii_case("tbd"))
        .then_some(text)
}

/// `Label: value`, where the label is at most four words of letters. The label comes in lower case.
pub(crate) fn labelled(line: &str) -> Option<(String, &str)> {
    let (label, value) = line.split_once([':', '：'])?;
    let label = tidy(label).to_lowercase();
    let fits = label.split(' ').count() <= 4
        && label
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '_' | '/'));
    (fits && !label.is_empty()).then_some((label, value.trim()))
}
