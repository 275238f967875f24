//! Random secrets: tokens and sign-in links, stored as hashes only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::read::TokenKind;
use rand::TryRngCore as _;
use sha2::{Digest as _, Sha256};

/// Hex SHA-256 of a secret: what is stored and looked up.
pub fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// 256 random bits of the operating system, base64url without padding.
pub fn random() -> std::io::Result<String> {
    let mut bytes = [0u8; 32];
    rand::rngs::OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(std::io::Error::other)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Whether a text is made like [`random`], so that nonsense costs no look-up.
pub fn may_be_random(text: &str) -> bool {
    URL_SAFE_NO_PAD
        .decode(text)
        .is_ok_and(|bytes| bytes.len() == 32)
}

/// A new token: `sb_<kind>_<256 random bits><checksum>`.
pub fn token(kind: TokenKind) -> std::io::Result<String> {
    let body = format!("sb_{}_{}", kind.as_str(), random()?);
    Ok(format!("{body}{}", checksum(&body)))
}

/// The kind of a well-formed token, so that a mistyped one costs no look-up; says nothing about whether it is known.
pub fn token_kind(token: &str) -> Option<TokenKind> {
    let (kind, _) = token.strip_prefix("sb_")?.split_once('_')?;
    let split = token.len().checked_sub(CHECKSUM_LENGTH)?;
    let (body, sum) = (token.get(..split)?, token.get(split..)?);
    (sum == checksum(body))
        .then(|| TokenKind::parse(kind))
        .flatten()
}

/// The first characters, to tell tokens apart in a list: kind and 4 characters of 43.
pub fn hint(token: &str) -> String {
    let kind_length = token
        .split('_')
        .take(2)
        .map(|part| part.len() + 1)
        .sum::<usize>();
    token.chars().take(kind_length + 4).collect()
}

const CHECKSUM_LENGTH: usize = 6;

fn checksum(body: &str) -> String {
    URL_SAFE_NO_PAD.encode(crc32fast::hash(body.as_bytes()).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_token_is_recognised_by_its_checksum() {
        let token = token(TokenKind::Sdk).unwrap();
        assert_eq!(token_kind(&token), Some(TokenKind::Sdk));
        assert_eq!(hint(&token).len(), "sb_sdk_".len() + 4);
        let mut typo = token.clone();
        let last = if token.ends_with('A') { 'B' } else { 'A' };
        typo.pop();
        typo.push(last);
        assert_eq!(token_kind(&typo), None);
        for other in ["", "sb_", "sb_sdk_", "sb_sdk_é", "Bearer x"] {
            assert_eq!(token_kind(other), None);
        }
    }
}
