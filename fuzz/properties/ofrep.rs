//! Whatever is asked in OFREP, the answer is JSON that a caller can use, and agrees with the flags.
//!
//! An input is the address of a question, path and query, up to the first line feed, and its body behind that.

use std::fmt::Write as _;
use std::sync::LazyLock;

use flags::ofrep::{
    BULK_PATH, ErrorCode, Request, RequestError, announced_revision, answer, asked_key, refuse,
    write_bulk,
};
use flags::{Flag, FlagSet, Mode, Snapshot};
use serde_json::{Value, json};

/// The same flags, once with the kill switch off and once with it on.
static SETS: LazyLock<[FlagSet; 2]> = LazyLock::new(|| [false, true].map(set));

fn set(kill_switch: bool) -> FlagSet {
    let flag = |key: &str, mode: &str, exposure: u16, retired: bool| json!({"key": key, "mode": mode, "exposure": exposure, "retired": retired});
    let snapshot = json!({
        "format": 1, "migration": "arche", "environment": "production", "epoch": "e", "revision": u64::MAX,
        "killSwitch": kill_switch,
        "flags": [
            flag("old", "old_only", 0, false), flag("both-v2", "both_validate", 0, false),
            flag("half", "gradual_rollout", 5_000, false), flag("new_1", "new_only", 10_000, false),
            flag("gone", "gradual_rollout", 1, true), flag("arche", "gradual_rollout", 9_999, false),
        ],
    });
    FlagSet::compile(Snapshot::from_json(snapshot.to_string().as_bytes()).expect("valid flags"))
}

/// What must hold of every input.
pub fn holds(input: &[u8]) {
    let mut halves = input.splitn(2, |&byte| byte == b'\n');
    let address = String::from_utf8_lossy(halves.next().unwrap_or_default());
    let body = halves.next().unwrap_or_default();
    let (path, query) = address.split_once('?').unwrap_or((&address, ""));
    question(body);
    key(path);
    announcement(query);
    for set in &*SETS {
        single(set, &asked_key(path), body);
        bulk(set, body);
    }
}

/// A body is understood as any other reader of JSON understands it.
fn question(body: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    // Written anew, because of two fields of one name the other reader takes the last.
    let written = value.to_string();
    let question = Request::parse(written.as_bytes());
    let expected = match (&value, value.get("context")) {
        (Value::Object(_), None) => Ok(None),
        (Value::Object(_), Some(Value::Object(context))) => match context.get("targetingKey") {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(ErrorCode::InvalidContext),
        },
        (Value::Object(_), Some(_)) => Err(ErrorCode::InvalidContext),
        _ => Err(ErrorCode::ParseError),
    };
    let found = question.as_ref().map(Request::subject);
    assert_eq!(found.map_err(RequestError::code), expected, "{written}");
    if let Ok(question) = Request::parse(body) {
        assert_eq!(Ok(question.subject()), expected);
    }
}

/// A key is what stands in the path, and a percent sign that begins no escape stands for itself.
fn key(path: &str) {
    let mut escaped = format!("{BULK_PATH}/");
    for byte in path.bytes() {
        write!(escaped, "%{byte:02X}").expect("memory takes it");
    }
    assert_eq!(asked_key(&escaped), path);
    let mut pieces = path.split('%');
    let mut expected = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits < 2 {
            expected.push(b'%');
            expected.extend(piece.bytes());
        } else {
            let (two, rest) = piece.split_at(2);
            expected.push(u8::from_str_radix(two, 16).expect("two digits"));
            expected.extend(rest.bytes());
        }
    }
    let found = asked_key(&format!("{BULK_PATH}/{path}")).into_owned();
    assert_eq!(found, String::from_utf8_lossy(&expected), "{path}");
}

/// An announced revision is found again as it was written, escaped or not.
fn announcement(query: &str) {
    let Some(revision) = announced_revision(query) else {
        return;
    };
    let escaped = revision.to_string().replace(':', "%3a");
    for text in [
        format!("flagConfigEtag={revision}"),
        format!("x=%&flagConfigEtag=%22{escaped}%22&flagConfigEtag=other"),
    ] {
        assert_eq!(announced_revision(&text).as_ref(), Some(&revision));
    }
}

fn single(set: &FlagSet, key: &str, body: &[u8]) {
    let mut out = Vec::new();
    let error = answer(&mut out, set, key, body);
    let written = read(&out);
    assert_eq!(written["key"], key);
    let Ok(question) = Request::parse(body) else {
        assert!(matches!(
            error,
            Some(ErrorCode::ParseError | ErrorCode::InvalidContext)
        ));
        return is_error(&written, error);
    };
    let before_suffix = key.strip_suffix(".mode");
    let of_mode = key == "mode" || before_suffix.is_some();
    let asked = before_suffix.unwrap_or(key);
    let module = asked.strip_prefix("arche.").unwrap_or(asked);
    let snapshot = set.snapshot();
    let Some(flag) = snapshot
        .flags
        .iter()
        .find(|flag| flag.module.as_str() == module)
    else {
        assert_eq!(error, Some(ErrorCode::FlagNotFound), "{key}");
        return is_error(&written, error);
    };
    if of_mode {
        assert_eq!(error, None);
        assert_eq!(written["value"], mode_in_effect(snapshot, flag).as_str());
        return is_answer(&written);
    }
    agrees(&written, error, snapshot, flag, question.subject());
}

fn bulk(set: &FlagSet, body: &[u8]) {
    let mut out = Vec::new();
    let question = match Request::parse(body) {
        Ok(question) => question,
        Err(error) => {
            let code = refuse(&mut out, None, &error);
            let written = read(&out);
            assert!(written.get("key").is_none());
            return is_error(&written, Some(code));
        }
    };
    let subject = question.subject();
    write_bulk(&mut out, set, subject, Some("/ofrep/v1/stream?ticket=t"));
    let written = read(&out);
    let snapshot = set.snapshot();
    assert_eq!(written["metadata"]["revision"], snapshot.revision.number);
    let answers = written["flags"].as_array().expect("a list of flags");
    assert_eq!(answers.len(), snapshot.flags.len());
    for (answered, flag) in answers.iter().zip(&snapshot.flags) {
        let key = format!("arche.{}", flag.module);
        assert_eq!(answered["key"], key);
        // The single question has the same answer.
        let mut one = Vec::new();
        let error = answer(&mut one, set, &key, body);
        assert_eq!(*answered, read(&one));
        agrees(answered, error, snapshot, flag, subject);
    }
}

/// The answer about a flag is the one its state gives.
fn agrees(
    written: &Value,
    error: Option<ErrorCode>,
    snapshot: &Snapshot,
    flag: &Flag,
    subject: Option<&str>,
) {
    let value = match mode_in_effect(snapshot, flag) {
        Mode::OldOnly | Mode::BothValidate => false,
        Mode::NewOnly => true,
        Mode::GradualRollout => {
            let Some(subject) = subject.filter(|text| !text.is_empty()) else {
                assert_eq!(error, Some(ErrorCode::TargetingKeyMissing));
                return is_error(written, error);
            };
            let bucket = flags::bucket(&snapshot.migration, &flag.module, subject);
            bucket < flag.state.exposure().basis_points()
        }
    };
    assert_eq!(error, None);
    assert_eq!(written["value"], value);
    assert_eq!(written["variant"], if value { "new" } else { "old" });
    is_answer(written);
}

fn mode_in_effect(snapshot: &Snapshot, flag: &Flag) -> Mode {
    match (flag.retired, snapshot.kill_switch) {
        (true, _) => Mode::NewOnly,
        (false, true) => Mode::OldOnly,
        (false, false) => flag.state.mode(),
    }
}

fn is_answer(written: &Value) {
    assert!(written.get("errorCode").is_none() && written["reason"].is_string());
    assert_eq!(written["metadata"]["revision"], u64::MAX);
}

fn is_error(written: &Value, error: Option<ErrorCode>) {
    let error = error.expect("an error");
    assert!(written.get("value").is_none());
    assert_eq!(written["errorCode"], error.as_str());
    assert!(
        written["errorDetails"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    assert!((400..500).contains(&error.http_status()));
}

fn read(out: &[u8]) -> Value {
    serde_json::from_slice(out).unwrap_or_else(|error| {
        panic!("{error} in {}", String::from_utf8_lossy(out));
    })
}
