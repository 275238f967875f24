//! Which of the forms prepared beforehand a client takes.

/// A form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// `gzip`
    Gzip,
    /// `br`, the smallest.
    Brotli,
}

/// The smallest form that `Accept-Encoding` allows. Something with `q=0` is not allowed; other weights are not told
/// apart, since every form is ready.
pub fn preferred(accept_encoding: &str) -> Encoding {
    let allowed = |wanted: &str| {
        accept_encoding.split(',').any(|item| {
            let mut parts = item.split(';').map(str::trim);
            parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case(wanted))
                && !parts.any(is_zero_weight)
        })
    };
    if allowed("br") {
        Encoding::Brotli
    } else if allowed("gzip") {
        Encoding::Gzip
    } else {
        Encoding::Identity
    }
}

fn is_zero_weight(parameter: &str) -> bool {
    let Some((name, weight)) = parameter.split_once('=') else {
        return false;
    };
    name.trim().eq_ignore_ascii_case("q")
        && weight
            .trim()
            .parse::<f32>()
            .is_ok_and(|weight| weight <= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_allowed_form_is_taken() {
        for (header, encoding) in [
            ("", Encoding::Identity),
            ("gzip, deflate, br", Encoding::Brotli),
            ("gzip;q=1.0, identity; q=0.5", Encoding::Gzip),
            ("br;q=0, gzip", Encoding::Gzip),
            ("br;q=0.000, GZIP;q=0", Encoding::Identity),
            ("brotli", Encoding::Identity),
        ] {
            assert_eq!(preferred(header), encoding, "{header}");
        }
    }
}
