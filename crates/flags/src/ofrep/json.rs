//! The few pieces of JSON that answers are made of.

/// Appends a string with its quotes; what needs escaping is escaped.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text
        .bytes()
        .any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        text.bytes().for_each(|byte| escaped(out, byte));
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
}

fn escaped(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        0..0x20 => {
            let digit = |value: u8| {
                if value < 10 {
                    b'0' + value
                } else {
                    b'a' + value - 10
                }
            };
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
        }
        _ => out.push(byte),
    }
}

/// Appends a whole number.
pub(super) fn number(out: &mut Vec<u8>, mut value: u64) {
    let start = out.len();
    loop {
        out.push(b'0' + u8::try_from(value % 10).unwrap_or(0));
        value /= 10;
        if value == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// Appends `true` or `false`.
pub(super) fn boolean(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_numbers_are_read_back_as_they_were() {
        let every_control: String = (0..=0x7f_u8).map(char::from).collect();
        for text in ["", "plain", "\"quoted\\\"", "zażółć 🦀", &every_control] {
            let mut out = Vec::new();
            string(&mut out, text);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
        for value in [0, 9, 10, 1234, u64::MAX] {
            let mut out = b"x".to_vec();
            number(&mut out, value);
            assert_eq!(out, format!("x{value}").into_bytes());
        }
    }
}
