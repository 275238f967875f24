//! `MurmurHash3`, x86, 32 bit (Austin Appleby, public domain), and the bucket of a subject.
//!
//! Chosen because flagd's `fractional` uses the same hash: an export buckets every subject alike.

use crate::Key;

/// How many buckets subjects fall into: one for each basis point.
const BUCKETS: u64 = 10_000;

const C1: u32 = 0xcc9e_2d51;
const C2: u32 = 0x1b87_3593;

/// `MurmurHash3` x86 32 bit of `bytes`.
pub fn murmur3_x86_32(bytes: &[u8], seed: u32) -> u32 {
    Murmur3Prefix::new(seed).hash_with(bytes)
}

/// The hash of a beginning, kept so that many texts with that beginning are hashed without reading it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Murmur3Prefix {
    state: u32,
    /// Bytes read that do not fill a block yet, lowest first.
    carry: u64,
    /// How many bits of `carry` are in use: 0, 8, 16 or 24.
    carry_bits: u32,
    /// How many bytes were read, modulo 2^32 as the hash has it.
    length: u32,
}

impl Murmur3Prefix {
    /// Nothing read yet.
    pub const fn new(seed: u32) -> Self {
        Self {
            state: seed,
            carry: 0,
            carry_bits: 0,
            length: 0,
        }
    }

    /// The same with `bytes` read as well.
    #[must_use]
    pub fn then(self, bytes: &[u8]) -> Self {
        let Self {
            mut state,
            mut carry,
            mut carry_bits,
            ..
        } = self;
        let (blocks, rest) = bytes.as_chunks::<4>();
        for block in blocks {
            carry |= u64::from(u32::from_le_bytes(*block)) << carry_bits;
            state = mix_block(state, low_half(carry));
            carry >>= 32;
        }
        for &byte in rest {
            carry |= u64::from(byte) << carry_bits;
            carry_bits += 8;
        }
        if carry_bits >= 32 {
            state = mix_block(state, low_half(carry));
            carry >>= 32;
            carry_bits -= 32;
        }
        let length = self.length.wrapping_add(low_half(bytes.len() as u64));
        Self {
            state,
            carry,
            carry_bits,
            length,
        }
    }

    /// The hash of what was read, followed by `bytes`.
    #[inline]
    pub fn hash_with(self, bytes: &[u8]) -> u32 {
        let end = self.then(bytes);
        // A missing tail needs no branch: scrambling zero gives zero.
        finish(end.state ^ scramble(low_half(end.carry)), end.length)
    }

    /// The bucket, 0 to 9999, of what was read, followed by `subject`: `(hash * 10000) >> 32`.
    #[inline]
    pub fn bucket(self, subject: &str) -> u16 {
        let scaled = (u64::from(self.hash_with(subject.as_bytes())) * BUCKETS) >> 32;
        // Always below BUCKETS, which fits.
        u16::try_from(scaled).unwrap_or(u16::MAX)
    }
}

/// The prefix `<migration>.<module>/` that every subject of a module follows.
pub(crate) fn subject_prefix(migration: &Key, module: &Key) -> Murmur3Prefix {
    let whole = Murmur3Prefix::new(0)
        .then(migration.as_str().as_bytes())
        .then(b".");
    whole.then(module.as_str().as_bytes()).then(b"/")
}

/// The bucket of a subject, 0 to 9999: it gets new when its bucket is below the exposure in basis points.
///
/// The hash is taken over `<migration>.<module>/<subject>` with seed 0; the environment is no part of it.
pub fn bucket(migration: &Key, module: &Key, subject: &str) -> u16 {
    subject_prefix(migration, module).bucket(subject)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the low half is what is wanted"
)]
const fn low_half(wide: u64) -> u32 {
    wide as u32
}

const fn scramble(block: u32) -> u32 {
    block.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2)
}

const fn mix_block(state: u32, block: u32) -> u32 {
    (state ^ scramble(block))
        .rotate_left(13)
        .wrapping_mul(5)
        .wrapping_add(0xe654_6b64)
}

const fn finish(state: u32, length: u32) -> u32 {
    let mut hash = state ^ length;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}
