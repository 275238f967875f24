//! How many messages a protobuf request holds, before any of them takes memory: two bytes on the wire can be a hundred in
//! memory.

use super::MAX_MESSAGES;
use crate::unreadable::{Problem, Unreadable};

/// Which fields hold messages that are looked into, level by level: resources, scopes, metrics, their data, points.
const PATH: [&[u64]; 5] = [&[1], &[2], &[2], &[5, 7, 9, 10, 11], &[1]];

/// Fails when there are more than [`MAX_MESSAGES`], or when the bytes are no protobuf.
pub(super) fn check(bytes: &[u8]) -> Result<(), Unreadable> {
    let mut count = 0;
    walk(bytes, 0, &mut count)
}

fn walk(mut rest: &[u8], level: usize, count: &mut usize) -> Result<(), Unreadable> {
    while !rest.is_empty() {
        let key = number(&mut rest)?;
        let length = match key & 7 {
            0 => {
                number(&mut rest)?;
                0
            }
            1 => 8,
            5 => 4,
            2 => number(&mut rest)?,
            _ => return Err(broken()),
        };
        let length = usize::try_from(length).map_err(|_| broken())?;
        let (field, after) = rest.split_at_checked(length).ok_or_else(broken)?;
        rest = after;
        if key & 7 != 2 {
            continue;
        }
        *count += 1;
        if *count > MAX_MESSAGES {
            return Err(too_many_messages());
        }
        if PATH
            .get(level)
            .is_some_and(|fields| fields.contains(&(key >> 3)))
        {
            walk(field, level + 1, count)?;
        }
    }
    Ok(())
}

/// A number of variable length.
fn number(rest: &mut &[u8]) -> Result<u64, Unreadable> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first().ok_or_else(broken)?;
        *rest = after;
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(broken())
}

fn broken() -> Unreadable {
    Unreadable::new(
        Problem::Syntax,
        "this is no protobuf, or not all of it: send a whole ExportMetricsServiceRequest, or set the content type of what you send",
    )
}

pub(super) fn too_many_messages() -> Unreadable {
    Unreadable::too_many(format!(
        "there are more than {MAX_MESSAGES} points and attributes: export smaller batches"
    ))
}
