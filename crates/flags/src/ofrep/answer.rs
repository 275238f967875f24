//! What a caller is told.

use super::{ErrorCode, json};
use crate::{Evaluation, EvaluationError, FlagSet, FlagState, ModeEvaluation};

/// About what one flag takes in an answer, in bytes, so that a bulk answer grows its buffer once.
const BYTES_PER_FLAG: usize = 224;

/// Appends the answer to one question, `key` as it shall stand in the answer: a boolean, or the error.
pub fn write_evaluation(
    out: &mut Vec<u8>,
    key: &str,
    answer: &Result<Evaluation<'_>, EvaluationError>,
    revision: u64,
) {
    match answer {
        Ok(found) => {
            begin(out, key);
            json::boolean(out, found.serve.is_new());
            out.extend_from_slice(b",\"reason\":\"");
            out.extend_from_slice(found.reason.as_str().as_bytes());
            out.extend_from_slice(b"\",\"variant\":\"");
            out.extend_from_slice(found.serve.as_str().as_bytes());
            out.push(b'"');
            let effect = Effect {
                state: found.state,
                stored: found.stored,
                kill_switch: found.kill_switch,
                retired: found.retired,
            };
            metadata(out, &effect, revision);
        }
        Err(error) => write_error(out, Some(key), (*error).into(), details(*error)),
    }
}

/// Appends the answer to a `.mode` question, `key` as it was asked: the mode in effect as a string, or the error.
pub fn write_mode(
    out: &mut Vec<u8>,
    key: &str,
    answer: &Result<ModeEvaluation<'_>, EvaluationError>,
    revision: u64,
) {
    match answer {
        Ok(found) => {
            let mode = found.state.mode().as_str();
            begin(out, key);
            json::string(out, mode);
            out.extend_from_slice(b",\"reason\":\"STATIC\",\"variant\":");
            json::string(out, mode);
            let effect = Effect {
                state: found.state,
                stored: found.stored,
                kill_switch: found.kill_switch,
                retired: found.retired,
            };
            metadata(out, &effect, revision);
        }
        Err(error) => write_error(out, Some(key), (*error).into(), details(*error)),
    }
}

/// Appends the answer about every flag; a flag without an answer is an entry with its error.
///
/// `event_stream`: where changes are announced (`requestUri`), when they are. The bulk's own metadata carries the revision.
pub fn write_bulk(
    out: &mut Vec<u8>,
    set: &FlagSet,
    subject: Option<&str>,
    event_stream: Option<&str>,
) {
    let revision = set.revision().number;
    out.reserve(set.iter().len() * BYTES_PER_FLAG + 256);
    out.extend_from_slice(b"{\"flags\":[");
    for (place, flag) in set.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write_evaluation(out, flag.full_key(), &flag.evaluate(subject), revision);
    }
    out.extend_from_slice(b"],\"metadata\":{\"revision\":");
    json::number(out, revision);
    out.push(b'}');
    if let Some(uri) = event_stream {
        out.extend_from_slice(
            b",\"eventStreams\":[{\"type\":\"sse\",\"endpoint\":{\"requestUri\":",
        );
        json::string(out, uri);
        out.extend_from_slice(b"}}]");
    }
    out.push(b'}');
}

/// Appends an error. A bulk request that failed as a whole has no key.
pub fn write_error(out: &mut Vec<u8>, key: Option<&str>, code: ErrorCode, details: &str) {
    out.push(b'{');
    if let Some(key) = key {
        out.extend_from_slice(b"\"key\":");
        json::string(out, key);
        out.push(b',');
    }
    out.extend_from_slice(b"\"errorCode\":\"");
    out.extend_from_slice(code.as_str().as_bytes());
    out.extend_from_slice(b"\",\"errorDetails\":");
    json::string(out, details);
    out.push(b'}');
}

/// The texts of [`EvaluationError`], without allocating one for every flag of a bulk.
const fn details(error: EvaluationError) -> &'static str {
    match error {
        EvaluationError::FlagNotFound => "there is no such flag in this migration and environment",
        EvaluationError::TargetingKeyMissing => {
            "a gradual rollout needs a targeting key to choose by: send a targetingKey that is not empty"
        }
    }
}

fn begin(out: &mut Vec<u8>, key: &str) {
    out.extend_from_slice(b"{\"key\":");
    json::string(out, key);
    out.extend_from_slice(b",\"value\":");
}

/// What metadata says of a flag.
struct Effect {
    state: FlagState,
    stored: FlagState,
    kill_switch: bool,
    retired: bool,
}

/// Appends the metadata and closes the answer.
fn metadata(out: &mut Vec<u8>, effect: &Effect, revision: u64) {
    out.extend_from_slice(b",\"metadata\":{\"revision\":");
    json::number(out, revision);
    out.extend_from_slice(b",\"mode\":\"");
    out.extend_from_slice(effect.state.mode().as_str().as_bytes());
    out.extend_from_slice(b"\",\"exposure\":");
    json::number(out, u64::from(effect.state.exposure().basis_points()));
    out.extend_from_slice(b",\"compare\":");
    json::boolean(out, effect.state.compare());
    if effect.kill_switch {
        out.extend_from_slice(b",\"killSwitch\":true");
    }
    if effect.retired {
        out.extend_from_slice(b",\"retired\":true");
    }
    if effect.kill_switch || effect.retired {
        out.extend_from_slice(b",\"storedMode\":\"");
        out.extend_from_slice(effect.stored.mode().as_str().as_bytes());
        out.push(b'"');
    }
    out.extend_from_slice(b"}}");
}

#[cfg(test)]
mod tests;
