//! How the service stands with its server, in words: what the client's status means for people.

use jiff::Timestamp;
use switchback_client::{Part, Problem, Source, Status};

/// How changes arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// They are pushed.
    Stream,
    /// They are asked for.
    Polling,
    /// They do not, for now.
    None,
}

impl Connection {
    pub fn of(status: &Status) -> Self {
        if status.stream_connected {
            Self::Stream
        } else if status.source == Source::Network && status.trouble(Part::Poll).is_none() {
            Self::Polling
        } else {
            Self::None
        }
    }

    /// For programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Polling => "polling",
            Self::None => "none",
        }
    }

    /// For people, after "Connected".
    pub const fn label(self) -> &'static str {
        match self {
            Self::Stream => "by stream",
            Self::Polling => "by polling",
            Self::None => "not now",
        }
    }
}

/// Where the flags came from, for programs.
pub const fn source(source: Source) -> &'static str {
    match source {
        Source::Network => "network",
        Source::Disk => "disk",
        Source::CompiledIn => "compiled_in",
    }
}

/// Where the flags came from, for people, after "Flags from".
pub const fn source_label(source: Source) -> &'static str {
    match source {
        Source::Network => "network",
        Source::Disk => "disk, not confirmed yet",
        Source::CompiledIn => "program itself",
    }
}

/// Whether the server answers, be it with something that cannot be used.
pub fn is_reachable(status: &Status) -> bool {
    status.stream_connected
        || match status.trouble(Part::Poll) {
            Some(problem) => !is_away(problem),
            None => status.source == Source::Network,
        }
}

/// What is wrong and what that means; of several troubles the one that weighs most.
pub fn trouble(status: &Status, now: Timestamp) -> Option<String> {
    let meanwhile = if status.revision.is_some() {
        "Serving by the last known revision."
    } else {
        "Serving old, the compiled-in default."
    };
    if let Some(problem) = status.trouble(Part::Poll)
        && is_away(problem)
    {
        let since = now.checked_sub(status.silent_for).unwrap_or(now);
        let since = since.strftime("%H:%M:%S");
        return Some(format!(
            "No flags from the server since {since} UTC: {problem}. {meanwhile}"
        ));
    }
    let refused = status.trouble(Part::Poll);
    if let Some(problem) = refused.or_else(|| status.trouble(Part::Snapshot)) {
        return Some(format!(
            "The server’s flags cannot be used: {problem}. {meanwhile}"
        ));
    }
    if let Some(problem) = status.trouble(Part::Stream) {
        return Some(format!(
            "Changes are asked for, as they are not pushed: {problem}."
        ));
    }
    if let Some(problem) = status.trouble(Part::Receipt) {
        return Some(format!(
            "Flags are obeyed, but the server does not hear of it: {problem}."
        ));
    }
    let problem = status.trouble(Part::Disk)?;
    Some(format!(
        "A start without the server would serve old: {problem}."
    ))
}

const fn is_away(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::Away(_) | Problem::Silent(_) | Problem::Unavailable { .. }
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use switchback_client::Trouble;

    fn status(source: Source, troubles: &[(Part, Problem)]) -> Status {
        let known = (source != Source::CompiledIn).then(|| "e1:7".parse().unwrap());
        let troubles = troubles.iter().map(|(part, problem)| Trouble {
            part: *part,
            problem: problem.clone(),
            ago: Duration::ZERO,
        });
        Status {
            revision: known,
            source,
            stream_connected: false,
            silent_for: Duration::from_secs(5),
            stale_for: None,
            troubles: troubles.collect(),
        }
    }

    fn words(status: &Status) -> String {
        trouble(status, "2026-11-22T14:03:27Z".parse().unwrap()).unwrap_or_default()
    }

    #[test]
    fn a_server_that_is_away_is_told_from_one_that_cannot_be_obeyed() {
        let away = Problem::Away("no connection".to_owned());
        let both = [(Part::Stream, away.clone()), (Part::Poll, away)];
        let found = status(Source::Network, &both);
        let text = words(&found);
        assert!(
            text.starts_with("No flags from the server since 14:03:22 UTC:"),
            "{text}"
        );
        assert!(text.ends_with("last known revision."), "{text}");
        assert!(!is_reachable(&found));
        assert_eq!(Connection::of(&found), Connection::None);
        let text = words(&status(Source::CompiledIn, &both));
        assert!(text.ends_with("compiled-in default."), "{text}");

        let denied = Problem::Denied { status: 401 };
        let found = status(Source::Disk, &[(Part::Poll, denied)]);
        let text = words(&found);
        assert!(
            text.contains("cannot be used") && text.contains("refuses the token"),
            "{text}"
        );
        assert!(is_reachable(&found));
        assert_eq!(Connection::of(&found), Connection::None);
    }

    #[test]
    fn without_the_stream_it_polls_and_with_it_nothing_is_wrong() {
        let silent = Problem::Silent(Duration::from_secs(25));
        let mut found = status(Source::Network, &[(Part::Stream, silent)]);
        assert_eq!(Connection::of(&found), Connection::Polling);
        assert!(is_reachable(&found));
        let text = words(&found);
        assert!(
            text.contains("not pushed: the stream was silent for 25 s"),
            "{text}"
        );

        found.stream_connected = true;
        found.troubles.clear();
        assert_eq!(Connection::of(&found), Connection::Stream);
        assert_eq!(words(&found), "");
    }

    #[test]
    fn before_the_first_answer_nothing_is_wrong_and_nobody_is_reached() {
        for source in [Source::CompiledIn, Source::Disk] {
            let found = status(source, &[]);
            assert!(!is_reachable(&found));
            assert_eq!(Connection::of(&found), Connection::None);
            assert_eq!(words(&found), "");
        }
    }
}
