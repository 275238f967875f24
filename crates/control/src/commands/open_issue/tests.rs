use std::collections::BTreeMap;

use domain::FlagState;
use domain::issues::{IssueStatus, LinkKind, MAX_COMMENT};
use domain::read::{IssueFilter, IssueOrder, StatusFilter, TimelineItem};

use super::*;
use crate::commands::{
    CommentIssue, EditIssue, LinkIssues, MoveIssue, PressKillSwitch, Resume, Undo, UnlinkIssues,
    undo,
};
use crate::testing::{START, Server, key, refusal};

fn about(module: Option<&str>, severity: Severity) -> OpenIssue {
    OpenIssue {
        migration: key("atlas"),
        title: "Totals differ".into(),
        body: "By *one cent*.".into(),
        severity,
        module: module.map(key),
        environment: None,
        owner: "Ada".into(),
        labels: vec!["Rounding".into(), "money".into()],
        due: None,
        noticed_at: None,
        reason: String::new(),
    }
}

async fn opened(server: &Server, open: OpenIssue) -> u32 {
    let done = open_issue(&server.control, &Server::operator_of("atlas"), open)
        .await
        .unwrap();
    done.subject.unwrap().parse().unwrap()
}

fn moved(number: u32, to: IssueStatus, resolution: Option<&str>, expected: i64) -> MoveIssue {
    MoveIssue {
        migration: key("atlas"),
        number,
        to,
        resolution: resolution.map(ToOwned::to_owned),
        expected: Some(expected),
        reason: String::new(),
    }
}

fn edit(number: u32, expected: Option<i64>) -> EditIssue {
    EditIssue {
        migration: key("atlas"),
        number,
        title: None,
        body: None,
        severity: None,
        module: None,
        owner: None,
        labels: None,
        due: None,
        expected,
        reason: String::new(),
    }
}

fn comment(number: u32, text: &str) -> CommentIssue {
    CommentIssue {
        migration: key("atlas"),
        number,
        comment: text.into(),
    }
}

async fn view(server: &Server, number: u32) -> domain::read::IssueView {
    queries::issue(
        &server.control,
        &Server::viewer_of("atlas"),
        &key("atlas"),
        None,
        number,
    )
    .await
    .unwrap()
}

async fn found(server: &Server, filter: IssueFilter) -> Vec<u32> {
    let (control, viewer) = (&server.control, Server::viewer_of("atlas"));
    let (rows, _) = queries::issue_rows(control, &viewer, &key("atlas"), &filter)
        .await
        .unwrap();
    rows.into_iter().map(|row| row.number).collect()
}

#[tokio::test]
async fn an_issue_keeps_how_its_module_stood_when_it_was_opened() {
    let server = Server::with_modules(&["a", "b"]).await;
    let raised = server.try_set("a", Server::percent(10)).await.unwrap();
    server.control.clock().step(60_000);
    let number = opened(&server, about(Some("a"), Severity::High)).await;
    assert_eq!(number, 1);
    // What happens afterwards changes nothing of it.
    server.roll_back("a").await.unwrap();
    let view = view(&server, number).await;
    let [attachment] = view.attachments.as_slice() else {
        panic!("{:?}", view.attachments);
    };
    assert_eq!(attachment.kind, "standing");
    assert_eq!(attachment.frozen_at, START.plus(60_000));
    let standing: StandingEvidence = serde_json::from_value(attachment.evidence.clone()).unwrap();
    assert_eq!(standing.state, Server::percent(10));
    assert_eq!(standing.version, 2);
    assert_eq!(Some(standing.revision), raised.revision_number);
    let last = standing.last_change.unwrap();
    assert_eq!((last.sequence, last.by.as_str()), (raised.sequence, "root"));
    assert!(last.receipt.is_some(), "a change expects receipts");
    // It is in the audit log, and in its module's.
    let history = queries::module(
        &server.control,
        &Server::root(),
        &key("atlas"),
        None,
        &key("a"),
    )
    .await
    .unwrap();
    assert!(
        history
            .history
            .iter()
            .any(|row| row.audit.action == "issue.open")
    );
    assert_eq!(history.issues.len(), 1);
}

#[tokio::test]
async fn the_timeline_tells_what_happened_around_it_in_order() {
    let server = Server::with_modules(&["a", "b"]).await;
    let step = |minutes: i64| server.control.clock().step(minutes * 60_000);
    server.set("a", FlagState::BOTH_VALIDATE).await;
    step(40);
    server.set("a", Server::percent(10)).await;
    server.set("b", Server::percent(10)).await;
    step(1);
    let number = opened(&server, about(Some("a"), Severity::High)).await;
    step(1);
    server.admin(comment(number, "Looking.")).await.unwrap();
    step(1);
    let press = PressKillSwitch {
        migration: key("atlas"),
        environment: None,
        reason: "errors".into(),
    };
    server.admin(press).await.unwrap();
    step(1);
    let resolve = moved(number, IssueStatus::Resolved, Some("Rounded later."), 1);
    server.admin(resolve).await.unwrap();
    step(1);
    server.roll_back("a").await.unwrap();
    let view = view(&server, number).await;
    let told: Vec<String> = view
        .timeline
        .iter()
        .map(|item| match item {
            TimelineItem::Comment { text, .. } => text.clone(),
            TimelineItem::Event { action, .. } => action.clone(),
        })
        .collect();
    // Not the change long before, nor the other module's, nor what came after it was resolved.
    assert_eq!(
        told,
        [
            "flag.set",
            "issue.open",
            "Looking.",
            "kill_switch.on",
            "issue.resolve"
        ]
    );
    let receipts = view
        .timeline
        .iter()
        .filter(|item| matches!(item, TimelineItem::Event { receipt, .. } if receipt.is_some()));
    assert_eq!(receipts.count(), 2);
    assert!(!view.more_events);
    assert_eq!(view.resolution, "Rounded later.");
}

#[tokio::test]
async fn a_critical_issue_holds_promotions_up_and_never_a_rollback() {
    let server = Server::with_modules(&["a", "b"]).await;
    let first = server.try_set("a", Server::percent(10)).await.unwrap();
    let number = opened(&server, about(Some("a"), Severity::Critical)).await;
    let higher = Server::percent(50);
    let blocked = refusal(server.try_set("a", higher).await);
    assert_eq!(
        (blocked.code(), blocked.status()),
        ("blocked-by-issue", 409)
    );
    assert!(blocked.to_string().contains("Issue 1, \"Totals differ\""));
    // The other module moves, and so does a batch without this one.
    server.set("b", higher).await;
    // Mitigated is not resolved.
    let mitigate = moved(number, IssueStatus::Mitigated, None, 1);
    server.admin(mitigate).await.unwrap();
    assert_eq!(
        refusal(server.try_set("a", higher).await).code(),
        "blocked-by-issue"
    );
    // Down is always open; and undoing a rollback is a promotion.
    let lowered = server.roll_back("a").await.unwrap();
    let wanted = Undo {
        migration: key("atlas"),
        sequence: lowered.sequence,
        reason: "again".into(),
        expected: BTreeMap::from([(key("a"), server.module("a").await.version)]),
    };
    let undone = undo(&server.control, &Server::root(), wanted.clone()).await;
    assert_eq!(refusal(undone).code(), "blocked-by-issue");
    let resolve = moved(number, IssueStatus::Resolved, Some("Fixed."), 2);
    server.admin(resolve).await.unwrap();
    undo(&server.control, &Server::root(), wanted)
        .await
        .unwrap();
    // Open again, it blocks again; undoing the first promotion only lowers.
    let reopen = moved(number, IssueStatus::Open, None, 3);
    server.admin(reopen).await.unwrap();
    assert_eq!(
        refusal(server.try_set("a", higher).await).code(),
        "blocked-by-issue"
    );
    let wanted = Undo {
        migration: key("atlas"),
        sequence: first.sequence,
        reason: "too early".into(),
        expected: BTreeMap::new(),
    };
    undo(&server.control, &Server::root(), wanted)
        .await
        .unwrap();
}

#[tokio::test]
async fn resuming_brings_no_blocked_module_back() {
    let server = Server::with_modules(&["a", "b"]).await;
    server.set("a", Server::percent(10)).await;
    server.set("b", Server::percent(10)).await;
    let press = PressKillSwitch {
        migration: key("atlas"),
        environment: None,
        reason: "errors".into(),
    };
    server.admin(press).await.unwrap();
    opened(&server, about(Some("a"), Severity::Critical)).await;
    let resume = |digest: String| Resume {
        migration: key("atlas"),
        environment: None,
        digest: Some(digest),
        from_old: false,
        reason: "mended".into(),
    };
    let digest = async || {
        queries::resume(&server.control, &Server::root(), &key("atlas"), None)
            .await
            .unwrap()
            .digest
    };
    let blocked = refusal(server.admin(resume(digest().await)).await);
    assert_eq!(blocked.code(), "blocked-by-issue");
    // Without it, the rest comes back.
    server.roll_back("a").await.unwrap();
    server.admin(resume(digest().await)).await.unwrap();
    assert_eq!(
        server.flag_states().await,
        [
            (key("a"), FlagState::OLD_ONLY),
            (key("b"), Server::percent(10))
        ]
    );
}

#[tokio::test]
async fn who_comes_second_is_shown_who_came_first() {
    let server = Server::with_modules(&["a"]).await;
    let number = opened(&server, about(None, Severity::Low)).await;
    let rename = |expected| EditIssue {
        title: Some("Totals differ by a cent".into()),
        ..edit(number, expected)
    };
    let first = server.admin(rename(Some(1))).await.unwrap();
    assert_eq!(first.version, Some(2));
    let stale = refusal(server.admin(rename(Some(1))).await);
    assert_eq!(stale.code(), "stale");
    assert_eq!(stale.other_change().unwrap().sequence, first.sequence);
    let same = refusal(server.admin(rename(Some(2))).await);
    assert_eq!(same.code(), "no-change");
    assert_eq!(
        refusal(server.admin(rename(None)).await).code(),
        "version-required"
    );
    let late = moved(number, IssueStatus::Mitigated, None, 1);
    assert_eq!(refusal(server.admin(late).await).code(), "stale");
    // A comment is no edit of the issue.
    server.admin(comment(number, "hm")).await.unwrap();
    let mitigate = moved(number, IssueStatus::Mitigated, None, 2);
    server.admin(mitigate).await.unwrap();
    let again = refusal(
        server
            .admin(moved(number, IssueStatus::Mitigated, None, 3))
            .await,
    );
    assert_eq!(again.code(), "no-change");
    assert_eq!(again.other_change().unwrap().action, "issue.mitigate");
    let entry = server.entry(first.sequence).await;
    assert_eq!(entry.before, json!({ "title": "Totals differ" }));
    assert_eq!(entry.after, json!({ "title": "Totals differ by a cent" }));
}

#[tokio::test]
async fn what_cannot_be_taken_is_said_field_by_field() {
    let server = Server::with_modules(&["a"]).await;
    let root = Server::root();
    let wrong = OpenIssue {
        title: " ".into(),
        labels: vec!["two words".into()],
        noticed_at: Some(START.plus(3_600_000)),
        ..about(None, Severity::Low)
    };
    let refused = refusal(open_issue(&server.control, &root, wrong).await);
    let domain::Refusal::Invalid { fields } = refused else {
        panic!("{refused}");
    };
    let named: Vec<_> = fields.iter().map(|field| field.field.as_str()).collect();
    assert_eq!(named, ["title", "labels", "noticed_at"]);
    for (open, code) in [
        (about(Some("nobody"), Severity::Low), "not-found"),
        (
            OpenIssue {
                environment: Some(key("moon")),
                ..about(Some("a"), Severity::Low)
            },
            "not-found",
        ),
        (
            OpenIssue {
                body: "with\0nul".into(),
                ..about(None, Severity::Low)
            },
            "invalid",
        ),
    ] {
        let refused = open_issue(&server.control, &root, open).await;
        assert_eq!(refusal(refused).code(), code);
    }
    let number = opened(&server, about(None, Severity::Low)).await;
    let bare = moved(number, IssueStatus::Resolved, Some("  "), 1);
    let refused = refusal(server.admin(bare).await);
    assert!(refused.to_string().starts_with("Say how it was resolved"));
    let long = "x".repeat(MAX_COMMENT + 1);
    let refused = refusal(server.admin(comment(number, &long)).await);
    assert!(refused.to_string().contains("64 kB"), "{refused}");
    assert_eq!(
        refusal(server.admin(comment(9, "hello")).await).code(),
        "not-found"
    );
    assert_eq!(
        refusal(server.admin(edit(9, Some(1))).await).code(),
        "not-found"
    );
}

#[tokio::test]
async fn viewers_write_nothing_and_strangers_see_nothing() {
    let server = Server::with_modules(&["a"]).await;
    let number = opened(&server, about(Some("a"), Severity::Low)).await;
    let (control, viewer) = (&server.control, Server::viewer_of("atlas"));
    let refused = open_issue(control, &viewer, about(Some("a"), Severity::Low)).await;
    assert_eq!(refusal(refused).code(), "forbidden");
    let refused = control.execute(&viewer, comment(number, "hello")).await;
    assert_eq!(refusal(refused).code(), "forbidden");
    let mitigate = moved(number, IssueStatus::Mitigated, None, 1);
    assert_eq!(
        refusal(control.execute(&viewer, mitigate).await).code(),
        "forbidden"
    );
    let stranger = Server::operator_of("borealis");
    let seen = queries::issue(control, &stranger, &key("atlas"), None, number).await;
    assert_eq!(refusal(seen).code(), "not-found");
    let refused = control.execute(&stranger, comment(number, "hello")).await;
    assert_eq!(refusal(refused).code(), "not-found");
}

#[tokio::test]
async fn links_are_seen_from_both_ends_and_taken_away() {
    let server = Server::with_modules(&["a"]).await;
    for _ in 0..3 {
        opened(&server, about(None, Severity::Low)).await;
    }
    let link = |number, kind, other| LinkIssues {
        migration: key("atlas"),
        number,
        kind,
        other,
        reason: String::new(),
    };
    server.admin(link(1, LinkKind::Blocks, 2)).await.unwrap();
    server.admin(link(3, LinkKind::Relates, 1)).await.unwrap();
    let seen = |view: &domain::read::IssueView| -> Vec<(&str, u32)> {
        view.links
            .iter()
            .map(|link| (link.words(), link.other.number))
            .collect()
    };
    assert_eq!(
        seen(&view(&server, 1).await),
        [("blocks", 2), ("relates to", 3)]
    );
    assert_eq!(seen(&view(&server, 2).await), [("is blocked by", 1)]);
    for (again, code) in [
        (link(1, LinkKind::Blocks, 2), "no-change"),
        (link(1, LinkKind::Relates, 3), "no-change"),
        (link(1, LinkKind::Blocks, 1), "invalid"),
        (link(1, LinkKind::Blocks, 9), "not-found"),
    ] {
        assert_eq!(refusal(server.admin(again).await).code(), code);
    }
    let unlink = |number, kind, other| UnlinkIssues {
        migration: key("atlas"),
        number,
        kind,
        other,
        reason: String::new(),
    };
    let wrong_way = unlink(2, LinkKind::Blocks, 1);
    assert_eq!(refusal(server.admin(wrong_way).await).code(), "not-found");
    server.admin(unlink(1, LinkKind::Relates, 3)).await.unwrap();
    server.admin(unlink(1, LinkKind::Blocks, 2)).await.unwrap();
    assert!(view(&server, 1).await.links.is_empty());
    // And it can be made again.
    server.admin(link(1, LinkKind::Blocks, 2)).await.unwrap();
}

#[tokio::test]
async fn search_finds_words_of_every_text_and_filters_narrow() {
    let server = Server::with_modules(&["tax_table", "b"]).await;
    let first = opened(&server, about(Some("tax_table"), Severity::High)).await;
    let second = opened(
        &server,
        OpenIssue {
            title: "Ärger mit dem Cache".into(),
            labels: vec![],
            owner: "Bob".into(),
            ..about(Some("b"), Severity::Low)
        },
    )
    .await;
    server
        .admin(comment(first, "See `tax_table`: the kraken sleeps"))
        .await
        .unwrap();
    let words = |q: &str| IssueFilter {
        q: q.into(),
        ..IssueFilter::default()
    };
    for (q, numbers) in [
        ("totals", vec![first]),
        ("cent", vec![second, first]),
        ("rounding", vec![first]),
        ("krak", vec![first]),
        ("totals kraken", vec![first]),
        ("tax_table", vec![first]),
        ("arger cache", vec![second]),
        ("nothing of that", vec![]),
        ("\" OR title:", vec![]),
        ("!!", vec![]),
    ] {
        assert_eq!(found(&server, words(q)).await, numbers, "{q}");
        let best = IssueFilter {
            sort: IssueOrder::Relevance,
            ..words(q)
        };
        assert_eq!(found(&server, best).await.len(), numbers.len(), "{q}");
    }
    let resolve = moved(first, IssueStatus::Resolved, Some("The walrus did it."), 1);
    server.admin(resolve).await.unwrap();
    assert_eq!(found(&server, words("walrus")).await, [first]);
    let none = IssueFilter::default;
    for (filter, numbers) in [
        (none(), vec![second, first]),
        (
            IssueFilter {
                status: Some(StatusFilter::Unresolved),
                ..none()
            },
            vec![second],
        ),
        (
            IssueFilter {
                severity: Some(Severity::High),
                ..none()
            },
            vec![first],
        ),
        (
            IssueFilter {
                module: Some(key("b")),
                ..words("cent")
            },
            vec![second],
        ),
        (
            IssueFilter {
                owner: Some("Ada".into()),
                ..words("cent")
            },
            vec![first],
        ),
        (
            IssueFilter {
                label: Some("money".into()),
                ..none()
            },
            vec![first],
        ),
        (IssueFilter { page: 2, ..none() }, vec![]),
    ] {
        assert_eq!(found(&server, filter.clone()).await, numbers, "{filter:?}");
    }
    // What is edited away is not found any more.
    let renamed = EditIssue {
        title: Some("Trouble".into()),
        labels: Some(vec![]),
        ..edit(second, Some(1))
    };
    server.admin(renamed).await.unwrap();
    assert!(found(&server, words("cache")).await.is_empty());
    assert_eq!(found(&server, words("trouble")).await, [second]);
}
