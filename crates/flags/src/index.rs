//! From a module's name to its place: open addressing with a multiplicative hash.
//!
//! The standard map's hash takes longer than the whole rest of an evaluation. It guards against names chosen to collide;
//! names here are chosen by operators and a question only reads, so that a plain hash suffices.

/// Odd constant with well mixed bits (2^64 divided by the golden ratio).
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Low half of the name's hash, compared before the name itself.
    tag: u32,
    /// The place plus one; 0 is an empty slot.
    place: u32,
}

/// At most half of the slots are used, so that a search always meets an empty one.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    slots: Box<[Slot]>,
    /// How far the hash is shifted down to give a slot.
    shift: u32,
}

impl Index {
    /// Indexes names by their place in the sequence; of equal names the first is found.
    pub(crate) fn build<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> Self {
        let capacity = (names.len() * 2).next_power_of_two().max(2);
        let mut slots = vec![Slot { tag: 0, place: 0 }; capacity].into_boxed_slice();
        let shift = 64 - capacity.trailing_zeros();
        for (name, place) in names.zip(1..) {
            let hash = hash(name.as_bytes());
            let start = slot_of(hash, shift);
            let free = (start..start + capacity).map(|at| at & (capacity - 1));
            let empty = free
                .into_iter()
                .find(|&at| slots.get(at).is_some_and(|slot| slot.place == 0));
            if let Some(slot) = empty.and_then(|at| slots.get_mut(at)) {
                *slot = Slot {
                    tag: low_half(hash),
                    place,
                };
            }
        }
        Self { slots, shift }
    }

    /// The first place under this name's hash that `matches` takes.
    #[inline]
    pub(crate) fn find<T>(&self, name: &str, matches: impl Fn(usize) -> Option<T>) -> Option<T> {
        let hash = hash(name.as_bytes());
        let mask = self.slots.len() - 1;
        let start = slot_of(hash, self.shift);
        for at in start..=start + mask {
            let slot = self.slots.get(at & mask)?;
            let place = slot.place.checked_sub(1)?;
            if slot.tag == low_half(hash)
                && let Some(found) = matches(place as usize)
            {
                return Some(found);
            }
        }
        None
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "at most as many bits as the table's length has, which is a usize"
)]
fn slot_of(hash: u64, shift: u32) -> usize {
    (hash >> shift) as usize
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the low half is what is wanted"
)]
fn low_half(hash: u64) -> u32 {
    hash as u32
}

/// Eight bytes at a time; the last eight may overlap those before, so that no byte is read alone.
#[inline]
fn hash(bytes: &[u8]) -> u64 {
    let mut state = bytes.len() as u64;
    if let Some(last) = bytes.last_chunk::<8>() {
        for block in bytes.as_chunks::<8>().0 {
            state = mix(state, u64::from_le_bytes(*block));
        }
        mix(state, u64::from_le_bytes(*last))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let both =
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
        mix(state, both)
    } else {
        mix(
            state,
            bytes
                .iter()
                .fold(0, |word, &byte| word << 8 | u64::from(byte)),
        )
    }
}

const fn mix(state: u64, word: u64) -> u64 {
    let product = (state.rotate_left(23) ^ word).wrapping_mul(MULTIPLIER);
    product ^ (product >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_of(names: &[String], index: &Index, name: &str) -> Option<usize> {
        index.find(name, |place| (names[place] == name).then_some(place))
    }

    #[test]
    fn every_name_is_found_and_no_other() {
        for count in [0, 1, 2, 79, 10_000] {
            let names: Vec<String> = (0..count)
                .map(|i| format!("{}module-{i}", &"xyzxyzxyz"[..i % 10]))
                .collect();
            let index = Index::build(names.iter().map(String::as_str));
            for (place, name) in names.iter().enumerate() {
                assert_eq!(
                    place_of(&names, &index, name),
                    Some(place),
                    "{name} of {count}"
                );
            }
            for absent in [
                "",
                "m",
                "module",
                "module--1",
                "a name that is longer than all of them",
            ] {
                assert_eq!(
                    place_of(&names, &index, absent),
                    None,
                    "{absent} of {count}"
                );
            }
        }
    }

    #[test]
    fn of_equal_names_the_first_is_found() {
        let names = ["a".to_owned(), "a".to_owned()];
        let index = Index::build(names.iter().map(String::as_str));
        assert_eq!(place_of(&names, &index, "a"), Some(0));
    }

    #[test]
    fn names_that_differ_by_a_number_rarely_share_a_slot() {
        let names: Vec<String> = (0..10_000).map(|i| format!("module-{i}")).collect();
        let shift = 64 - 15;
        let taken: std::collections::HashSet<_> = names
            .iter()
            .map(|n| slot_of(hash(n.as_bytes()), shift))
            .collect();
        // Throwing 10,000 into 32,768 slots at random occupies about 8,620 of them.
        assert!(taken.len() > 8_000, "{}", taken.len());
    }
}
