//! An indexed snapshot and the one evaluation function: old or new, for this module and this subject?

use serde::{Deserialize, Serialize};

use crate::index::Index;
use crate::murmur::{Murmur3Prefix, subject_prefix};
use crate::{FlagState, Key, Mode, Revision, Snapshot};

/// Which implementation a caller uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The implementation that is moved to.
    New,
    /// The implementation that is moved away from.
    Old,
}

impl Side {
    /// `new` or `old`, the variant in OFREP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Old => "old",
        }
    }

    /// Whether new is used, the value in OFREP.
    pub const fn is_new(self) -> bool {
        matches!(self, Self::New)
    }
}

/// Why a side was served, in `OpenFeature`'s words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The same for every subject.
    Static,
    /// By the subject's bucket.
    Split,
}

impl Reason {
    /// `STATIC` or `SPLIT`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Static => "STATIC",
            Self::Split => "SPLIT",
        }
    }
}

/// The answer for one module and one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evaluation<'a> {
    /// What to use.
    pub serve: Side,
    /// Why.
    pub reason: Reason,
    /// The state in effect: with kill switch and retirement applied.
    pub state: FlagState,
    /// The state stored beneath.
    pub stored: FlagState,
    /// Whether the kill switch overrides this flag (never a retired one).
    pub kill_switch: bool,
    /// Whether old code is attested gone.
    pub retired: bool,
    /// The module.
    pub module: &'a Key,
    /// The subject's bucket, 0 to 9999, where it decided.
    pub bucket: Option<u16>,
}

/// The mode in effect for one module, whatever the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeEvaluation<'a> {
    /// The state in effect: with kill switch and retirement applied.
    pub state: FlagState,
    /// The state stored beneath.
    pub stored: FlagState,
    /// Whether the kill switch overrides this flag (never a retired one).
    pub kill_switch: bool,
    /// Whether old code is attested gone.
    pub retired: bool,
    /// The module.
    pub module: &'a Key,
}

/// Why there is no answer; callers fall back to old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// The snapshot has no such flag.
    #[error("there is no such flag in this migration and environment")]
    FlagNotFound,
    /// A gradual rollout was asked about without a subject (or with an empty one).
    #[error(
        "a gradual rollout needs a targeting key to choose by: send a targetingKey that is not empty"
    )]
    TargetingKeyMissing,
}

/// One flag, ready to be asked.
#[derive(Clone, Debug)]
pub struct CompiledFlag {
    module: Key,
    full_key: Box<str>,
    /// The hash of `<migration>.<module>/`.
    prefix: Murmur3Prefix,
    effective: FlagState,
    stored: FlagState,
    kill_switch: bool,
    retired: bool,
}

impl CompiledFlag {
    /// The module.
    pub fn module(&self) -> &Key {
        &self.module
    }

    /// `<migration>.<module>`.
    pub fn full_key(&self) -> &str {
        &self.full_key
    }

    /// Old or new for this subject? An empty subject counts as none.
    ///
    /// # Errors
    /// [`EvaluationError::TargetingKeyMissing`] when the answer depends on a subject and there is none.
    #[inline]
    pub fn evaluate(&self, subject: Option<&str>) -> Result<Evaluation<'_>, EvaluationError> {
        let (serve, reason, bucket) = match self.effective.mode() {
            Mode::OldOnly | Mode::BothValidate => (Side::Old, Reason::Static, None),
            Mode::NewOnly => (Side::New, Reason::Static, None),
            Mode::GradualRollout => {
                let subject = subject
                    .filter(|text| !text.is_empty())
                    .ok_or(EvaluationError::TargetingKeyMissing)?;
                let bucket = self.prefix.bucket(subject);
                let new = bucket < self.effective.exposure().basis_points();
                (
                    if new { Side::New } else { Side::Old },
                    Reason::Split,
                    Some(bucket),
                )
            }
        };
        Ok(Evaluation {
            serve,
            reason,
            state: self.effective,
            stored: self.stored,
            kill_switch: self.kill_switch,
            retired: self.retired,
            module: &self.module,
            bucket,
        })
    }

    /// The mode in effect.
    pub fn mode(&self) -> ModeEvaluation<'_> {
        ModeEvaluation {
            state: self.effective,
            stored: self.stored,
            kill_switch: self.kill_switch,
            retired: self.retired,
            module: &self.module,
        }
    }
}

/// A snapshot with an index: each question is one hash look-up and, in a gradual rollout, one hash of the subject.
#[derive(Clone, Debug)]
pub struct FlagSet {
    snapshot: Snapshot,
    flags: Vec<CompiledFlag>,
    index: Index,
    /// `<migration>.`, which a question may begin with.
    migration_prefix: Box<str>,
}

impl FlagSet {
    /// Indexes a snapshot. One built by hand wants [`Snapshot::validate`] first: of two flags with one key the first answers.
    pub fn compile(snapshot: Snapshot) -> Self {
        let compile_flag = |flag: &crate::Flag| {
            let kill_switch = snapshot.kill_switch && !flag.retired;
            let effective = match (flag.retired, kill_switch) {
                (true, _) => FlagState::NEW_ONLY,
                (false, true) => FlagState::OLD_ONLY,
                (false, false) => flag.state,
            };
            CompiledFlag {
                module: flag.module.clone(),
                full_key: format!("{}.{}", snapshot.migration, flag.module).into(),
                prefix: subject_prefix(&snapshot.migration, &flag.module),
                effective,
                stored: flag.state,
                kill_switch,
                retired: flag.retired,
            }
        };
        let flags: Vec<_> = snapshot.flags.iter().map(compile_flag).collect();
        let index = Index::build(flags.iter().map(|flag| flag.module.as_str()));
        let migration_prefix = format!("{}.", snapshot.migration).into();
        Self {
            snapshot,
            flags,
            index,
            migration_prefix,
        }
    }

    /// The flag a question means: `<migration>.<module>` or `<module>`.
    #[inline]
    pub fn get(&self, key: &str) -> Option<&CompiledFlag> {
        // No key holds a dot, so a module never begins with the prefix by itself.
        let module = key.strip_prefix(&*self.migration_prefix).unwrap_or(key);
        self.index.find(module, |entry| {
            let flag = self.flags.get(entry)?;
            (flag.module.as_str() == module).then_some(flag)
        })
    }

    /// Old or new for this flag (`<migration>.<module>` or `<module>`) and this subject? Allocates nothing.
    ///
    /// # Errors
    /// [`EvaluationError`]; callers fall back to old.
    #[inline]
    pub fn evaluate(
        &self,
        key: &str,
        subject: Option<&str>,
    ) -> Result<Evaluation<'_>, EvaluationError> {
        self.get(key)
            .ok_or(EvaluationError::FlagNotFound)?
            .evaluate(subject)
    }

    /// The mode in effect for `<migration>.<module>.mode`; `<migration>.` and `.mode` may each be left out.
    ///
    /// # Errors
    /// [`EvaluationError::FlagNotFound`].
    pub fn mode(&self, key: &str) -> Result<ModeEvaluation<'_>, EvaluationError> {
        let flag = self.get(key.strip_suffix(".mode").unwrap_or(key));
        flag.map(CompiledFlag::mode)
            .ok_or(EvaluationError::FlagNotFound)
    }

    /// Every flag, in the snapshot's order.
    pub fn iter(&self) -> std::slice::Iter<'_, CompiledFlag> {
        self.flags.iter()
    }

    /// What this set was made of.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The snapshot's revision.
    pub fn revision(&self) -> &Revision {
        &self.snapshot.revision
    }
}

impl<'a> IntoIterator for &'a FlagSet {
    type Item = &'a CompiledFlag;
    type IntoIter = std::slice::Iter<'a, CompiledFlag>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests;
