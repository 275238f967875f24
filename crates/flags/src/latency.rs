//! Latencies in logarithmic buckets: small, mergeable, and right to one part in a hundred.
//!
//! The buckets are those of `DDSketch`. A library was looked for and none kept: `sketches-ddsketch` cannot add a value several
//! times, shows no buckets (so that no moments of logarithms can be had) and has no bytes that are the same for the same
//! content; and services link this crate, which is to bring nothing along.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Moments;
use crate::moments::float;

/// Largest relative error of a value that is read back.
const ERROR: f64 = 0.01;
/// How much a bucket's upper bound is above the one before.
const GAMMA: f64 = (1.0 + ERROR) / (1.0 - ERROR);
/// The most that is told from more: an hour, in microseconds. The least is one microsecond.
const MOST: f64 = 3.6e9;
/// As many buckets reach from a microsecond to an hour.
const BUCKETS: usize = 1102;
/// The upper bounds of the buckets, in microseconds. Made by multiplication alone, which every machine does alike, so that the
/// same latency is in the same bucket everywhere.
static BOUNDS: [f64; BUCKETS] = bounds();
/// The first byte of an encoded sketch.
const VERSION: u8 = 1;
/// What stands in the place of a count before a gap.
const GAP: u64 = 0;

/// How often which latency was seen, from a microsecond to an hour; less counts as the least, more as the most.
///
/// A latency read back is within 1 % of one that was recorded. At most 1,102 buckets have a count, some dozens in practice.
/// Sketches merge in any order to the same sketch, and equal sketches have equal bytes.
///
/// In JSON it is a list of pairs of milliseconds and how often, `[[12.5,3],[13.1,1]]`, in any order and as often as wanted, so
/// that whoever has no sketch may send what it measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatencySketch {
    /// Buckets and their counts, by bucket; no count is zero.
    counts: Vec<(u16, u64)>,
    total: u64,
}

/// Bytes are no sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSketch {
    /// There is nothing, or a version that this program does not know.
    #[error("this is no latency sketch, or one of a newer version")]
    Version,
    /// It ends within a number.
    #[error("the latency sketch ends too early")]
    Short,
    /// A number is written longer than it must be, or is none of 64 bits, or a gap is empty or at the end.
    #[error("the latency sketch is not written as it should be")]
    Form,
    /// A bucket above the last.
    #[error("the latency sketch has more buckets than there are")]
    Bucket,
}

const fn bounds() -> [f64; BUCKETS] {
    let mut bounds = [1.0; BUCKETS];
    let mut place = 1;
    while place < BUCKETS {
        #[expect(
            clippy::indexing_slicing,
            reason = "worked out by the compiler, which would refuse"
        )]
        {
            bounds[place] = bounds[place - 1] * GAMMA;
        }
        place += 1;
    }
    bounds
}

impl LatencySketch {
    /// A sketch of nothing.
    pub const fn new() -> Self {
        Self {
            counts: Vec::new(),
            total: 0,
        }
    }

    /// Adds a latency in seconds, `count` times. What is no number is left out.
    pub fn record(&mut self, seconds: f64, count: u64) {
        if count == 0 || seconds.is_nan() {
            return;
        }
        let microseconds = (seconds * 1e6).min(MOST);
        let bucket = BOUNDS.partition_point(|&bound| bound < microseconds);
        self.add(u16::try_from(bucket).unwrap_or(u16::MAX), count);
    }

    /// Adds a latency once.
    pub fn record_duration(&mut self, latency: Duration) {
        self.record(latency.as_secs_f64(), 1);
    }

    /// Adds all that another saw.
    pub fn merge(&mut self, other: &Self) {
        if self.counts.is_empty() {
            self.clone_from(other);
            return;
        }
        for &(bucket, count) in &other.counts {
            self.add(bucket, count);
        }
    }

    fn add(&mut self, bucket: u16, count: u64) {
        self.total = self.total.saturating_add(count);
        match self.counts.binary_search_by_key(&bucket, |&(at, _)| at) {
            Ok(place) => {
                if let Some((_, known)) = self.counts.get_mut(place) {
                    *known = known.saturating_add(count);
                }
            }
            Err(place) => self.counts.insert(place, (bucket, count)),
        }
    }

    /// How many latencies were recorded.
    pub const fn count(&self) -> u64 {
        self.total
    }

    /// Whether nothing was recorded.
    pub const fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The latency, in seconds, that a share `q` of all is at or below (the nearest rank; 0 gives the least, 1 the most); nothing
    /// where nothing was recorded.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let wanted = float(self.total) * q.clamp(0.0, 1.0);
        let mut seen = 0_u64;
        for &(bucket, count) in &self.counts {
            seen = seen.saturating_add(count);
            if float(seen) >= wanted {
                return Some(seconds(bucket));
            }
        }
        let (last, _) = self.counts.last()?;
        Some(seconds(*last))
    }

    /// Moments of the natural logarithms of the latencies in seconds: what ratios of latencies are judged by.
    pub fn log_moments(&self) -> Moments {
        let mut moments = Moments::default();
        for &(bucket, count) in &self.counts {
            moments.merge(&Moments::of_many(seconds(bucket).ln(), count));
        }
        moments
    }

    /// Every latency, in seconds, with its count, from the least.
    pub fn iter(&self) -> impl Iterator<Item = (f64, u64)> {
        let pair = |&(bucket, count)| (seconds(bucket), count);
        self.counts.iter().map(pair)
    }

    /// Every latency in milliseconds with its count, to three digits: as they are sent. Read again it is the same sketch.
    pub fn pairs(&self) -> impl Iterator<Item = (f64, u64)> {
        self.iter()
            .map(|(seconds, count)| (three_digits(seconds * 1e3), count))
    }

    /// The bytes it is stored as: a version, then the counts of neighbouring buckets from the least on, a zero and a number of
    /// buckets for each gap between them, all as little-endian base 128.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + self.counts.len() * 2);
        bytes.push(VERSION);
        let mut next = 0;
        for &(bucket, count) in &self.counts {
            if bucket > next {
                write(&mut bytes, GAP);
                write(&mut bytes, u64::from(bucket - next));
            }
            write(&mut bytes, count);
            next = bucket + 1;
        }
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote, and nothing else.
    ///
    /// # Errors
    /// [`InvalidSketch`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidSketch> {
        let Some((&VERSION, mut rest)) = bytes.split_first() else {
            return Err(InvalidSketch::Version);
        };
        let mut sketch = Self::new();
        let mut bucket = 0_u64;
        let mut after_gap = false;
        while !rest.is_empty() {
            let number = read(&mut rest)?;
            if number == GAP {
                let gap = read(&mut rest)?;
                if gap == 0 || after_gap {
                    return Err(InvalidSketch::Form);
                }
                bucket = bucket.checked_add(gap).ok_or(InvalidSketch::Bucket)?;
                after_gap = true;
                continue;
            }
            let place = u16::try_from(bucket)
                .ok()
                .filter(|&place| usize::from(place) < BUCKETS)
                .ok_or(InvalidSketch::Bucket)?;
            sketch.counts.push((place, number));
            sketch.total = sketch.total.saturating_add(number);
            bucket += 1;
            after_gap = false;
        }
        if after_gap {
            return Err(InvalidSketch::Form);
        }
        Ok(sketch)
    }
}

/// What a bucket stands for: as far, in proportion, from its lower bound as from its upper one.
fn seconds(bucket: u16) -> f64 {
    let bound = BOUNDS.get(usize::from(bucket)).copied();
    bound.unwrap_or(MOST) * (1.0 - ERROR) * 1e-6
}

/// A bucket is 2 % wide, so that a value rounded by half a percent stays in it.
fn three_digits(number: f64) -> f64 {
    format!("{number:.2e}").parse().unwrap_or(number)
}

fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        // The low seven bits, and the mark that there is more.
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn read(bytes: &mut &[u8]) -> Result<u64, InvalidSketch> {
    let mut number = 0_u64;
    let mut shift = 0;
    loop {
        let (&byte, rest) = bytes.split_first().ok_or(InvalidSketch::Short)?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit, and a last byte of zero only makes a number longer.
        if shift > 63 || (shift == 63 && bits > 1) || (byte == 0 && shift > 0) {
            return Err(InvalidSketch::Form);
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
        shift += 7;
    }
}

impl FromIterator<(f64, u64)> for LatencySketch {
    /// Of latencies in seconds, and how often each.
    fn from_iter<I: IntoIterator<Item = (f64, u64)>>(pairs: I) -> Self {
        let mut sketch = Self::new();
        for (seconds, count) in pairs {
            sketch.record(seconds, count);
        }
        sketch
    }
}

impl Serialize for LatencySketch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.pairs())
    }
}

impl<'de> Deserialize<'de> for LatencySketch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut sketch = Self::new();
        for (milliseconds, count) in Vec::<(f64, u64)>::deserialize(deserializer)? {
            if !(0.0..=f64::MAX).contains(&milliseconds) {
                return Err(de::Error::custom(
                    "a latency is a number of milliseconds, 0 or more",
                ));
            }
            sketch.record(milliseconds / 1e3, count);
        }
        Ok(sketch)
    }
}

/// Checked by the compiler: the buckets reach an hour, and no bucket is there in vain.
const _: () = {
    let bounds = bounds();
    assert!(bounds[BUCKETS - 1] >= MOST && bounds[BUCKETS - 2] < MOST);
};
