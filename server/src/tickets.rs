//! Tickets for OFREP's event stream: a browser opens it bare, so the address itself says who may listen.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Tickets made within the same five minutes are the same, so that asking again does not make a browser connect again.
const SLOT: i64 = 5 * 60 * 1_000;
/// A ticket is good for this many slots after its own: between 10 and 15 minutes to connect.
const SLOTS: i64 = 2;

/// Makes and reads tickets. The key lives as long as the process: the ticket is part of a bulk answer's `ETag`, so after a
/// restart, as when a ticket has grown old, evaluating again brings a new one.
pub struct Tickets {
    key: [u8; 32],
}

impl Tickets {
    /// With a new key.
    pub fn new() -> Self {
        Self {
            key: rand::random(),
        }
    }

    /// The ticket for the token with this id.
    pub fn issue(&self, token_id: &str, now: Timestamp) -> String {
        let slot = now.0.div_euclid(SLOT);
        let sum = self
            .mac(token_id, slot)
            .map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
            .unwrap_or_default();
        format!("{token_id}.{slot:x}.{sum}")
    }

    /// The token id of a ticket; `None` for one that is forged or too old.
    pub fn redeem(&self, ticket: &str, now: Timestamp) -> Option<String> {
        let (rest, sum) = ticket.rsplit_once('.')?;
        let (token_id, slot) = rest.rsplit_once('.')?;
        let slot = i64::from_str_radix(slot, 16).ok()?;
        let sum = URL_SAFE_NO_PAD.decode(sum).ok()?;
        self.mac(token_id, slot)?.verify_slice(&sum).ok()?;
        let age = now.0.div_euclid(SLOT).checked_sub(slot)?;
        (0..=SLOTS).contains(&age).then(|| token_id.to_owned())
    }

    fn mac(&self, token_id: &str, slot: i64) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(token_id.as_bytes());
        mac.update(&slot.to_be_bytes());
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_names_its_token_for_a_while() {
        let tickets = Tickets::new();
        let made = Timestamp(10 * SLOT + 7);
        let ticket = tickets.issue("t-1", made);
        assert_eq!(ticket, tickets.issue("t-1", made.plus(SLOT - 8)));
        for minutes in [0, 5, 10] {
            let now = made.plus(minutes * 60_000);
            assert_eq!(tickets.redeem(&ticket, now).as_deref(), Some("t-1"));
        }
        assert_eq!(tickets.redeem(&ticket, made.plus(15 * 60_000)), None);
        assert_eq!(tickets.redeem(&ticket, made.plus(-SLOT)), None, "not yet");
    }

    #[test]
    fn a_forged_ticket_is_none() {
        let (tickets, now) = (Tickets::new(), Timestamp(1_000_000_000));
        let ticket = tickets.issue("t-1", now);
        let other = ticket.replace("t-1", "t-2");
        let elsewhere = Tickets::new().issue("t-1", now);
        for forged in [
            other.as_str(),
            &elsewhere,
            "",
            ".",
            "..",
            "t-1.ff.",
            "t-1.zz.AA",
            &ticket[1..],
        ] {
            assert_eq!(tickets.redeem(forged, now), None, "{forged}");
        }
    }
}
