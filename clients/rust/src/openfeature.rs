//! A provider for the official `OpenFeature` SDK: the same answers as over its Remote Evaluation Protocol, without a network.
//!
//! | question | answer |
//! | --- | --- |
//! | boolean `<module>` or `<migration>.<module>` | true: use new; variant `new` or `old` |
//! | string `<module>.mode` or `<migration>.<module>.mode` | the mode in effect |
//!
//! The subject is the context's targeting key. Metadata has `revision`, `mode`, `exposure` (in basis points) and `compare`;
//! `killSwitch`, `retired` and `storedMode` where they apply. An error is the SDK's, and the caller's default value stands: let
//! it be `false`.
//!
//! ```
//! use open_feature::{EvaluationContext, OpenFeature};
//! use switchback_client::{Client, Snapshot, openfeature::SwitchbackProvider};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let flags = br#"{"format":1,"migration":"shop","environment":"production","epoch":"e","revision":7,"killSwitch":false,
//! #     "flags":[{"key":"order_intake","mode":"new_only","exposure":10000,"retired":false}]}"#;
//! # let client = Client::builder("http://127.0.0.1:1", "sb_sdk_x").initial(Snapshot::from_json(flags)?).start()?;
//! let mut api = OpenFeature::singleton_mut().await;
//! api.set_provider(SwitchbackProvider::new(client)).await;
//! let features = api.create_client();
//!
//! let user = EvaluationContext::default().with_targeting_key("user-7");
//! let use_new = features.get_bool_value("order_intake", Some(&user), None).await.unwrap_or(false);
//! assert!(use_new);
//! # Ok(())
//! # }
//! ```

use std::time::Duration;

use async_trait::async_trait;
use flags::{FlagState, Reason};
use open_feature::provider::{
    FeatureProvider, ProviderMetadata, ProviderStatus, ResolutionDetails,
};
use open_feature::{
    EvaluationContext, EvaluationErrorCode, EvaluationReason, EvaluationResult, FlagMetadata,
    StructValue,
};

use crate::{Client, EvaluationError, Source};

/// How long the SDK's initialisation waits for flags.
const READY_WITHIN: Duration = Duration::from_secs(3);

/// Answers the `OpenFeature` SDK's questions from a [`Client`].
#[derive(Debug)]
pub struct SwitchbackProvider {
    client: Client,
    metadata: ProviderMetadata,
    ready_within: Duration,
}

impl SwitchbackProvider {
    /// A provider that asks this client.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            metadata: ProviderMetadata::new("switchback"),
            ready_within: READY_WITHIN,
        }
    }

    /// How long the SDK's initialisation waits for flags, 3 s unless set. It goes on without them, and they come later.
    #[must_use]
    pub fn ready_within(mut self, limit: Duration) -> Self {
        self.ready_within = limit;
        self
    }

    /// The error for a question of another type than the flag's.
    fn mismatch<T>(&self, key: &str, asked: &str) -> EvaluationResult<T> {
        let known = self.client.mode(key).map_err(|error| refusal(key, error))?;
        let right = if asks_for_mode(key) {
            "string"
        } else {
            "boolean"
        };
        let message = format!("{key} is no {asked} but a {right} (its mode is {known})");
        Err(open_feature::EvaluationError {
            code: EvaluationErrorCode::TypeMismatch,
            message: Some(message),
        })
    }
}

#[async_trait]
impl FeatureProvider for SwitchbackProvider {
    async fn initialize(&mut self, _context: &EvaluationContext) {
        // Without flags it begins all the same: old for everybody.
        let _ready_or_later = self.client.ready(self.ready_within).await;
    }

    fn status(&self) -> ProviderStatus {
        let status = self.client.status();
        if status.source == Source::CompiledIn && status.revision.is_none() {
            ProviderStatus::NotReady
        } else if status.stale_for.is_some() {
            ProviderStatus::STALE
        } else {
            ProviderStatus::Ready
        }
    }

    fn metadata(&self) -> &ProviderMetadata {
        &self.metadata
    }

    async fn resolve_bool_value(
        &self,
        flag_key: &str,
        evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<bool>> {
        let subject = evaluation_context.targeting_key.as_deref();
        match self.client.evaluate(flag_key, subject) {
            Ok(found) => {
                let effect = Effect {
                    state: found.state,
                    stored: found.stored,
                    kill_switch: found.kill_switch,
                    retired: found.retired,
                    revision: found.revision,
                };
                Ok(ResolutionDetails {
                    value: found.serve.is_new(),
                    variant: Some(found.serve.as_str().to_owned()),
                    reason: Some(reason(found.reason)),
                    flag_metadata: Some(effect.metadata()),
                })
            }
            // No key holds a dot: `.mode` asks for a mode, which is a string.
            Err(EvaluationError::FlagNotFound) if asks_for_mode(flag_key) => {
                self.mismatch(flag_key, "boolean")
            }
            Err(error) => Err(refusal(flag_key, error)),
        }
    }

    async fn resolve_string_value(
        &self,
        flag_key: &str,
        _evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<String>> {
        if !asks_for_mode(flag_key) {
            return self.mismatch(flag_key, "string");
        }
        let flags = self.client.flags();
        let flags = flags.ok_or_else(|| refusal(flag_key, EvaluationError::NotReady))?;
        let found = flags
            .mode(flag_key)
            .map_err(|error| refusal(flag_key, error.into()))?;
        let mode = found.state.mode().as_str();
        let effect = Effect {
            state: found.state,
            stored: found.stored,
            kill_switch: found.kill_switch,
            retired: found.retired,
            revision: flags.revision().number,
        };
        Ok(ResolutionDetails {
            value: mode.to_owned(),
            variant: Some(mode.to_owned()),
            reason: Some(EvaluationReason::Static),
            flag_metadata: Some(effect.metadata()),
        })
    }

    async fn resolve_int_value(
        &self,
        flag_key: &str,
        _evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<i64>> {
        self.mismatch(flag_key, "whole number")
    }

    async fn resolve_float_value(
        &self,
        flag_key: &str,
        _evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<f64>> {
        self.mismatch(flag_key, "number")
    }

    async fn resolve_struct_value(
        &self,
        flag_key: &str,
        _evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<StructValue>> {
        self.mismatch(flag_key, "structure")
    }
}

/// What metadata says of a flag, in the protocol's words.
struct Effect {
    state: FlagState,
    stored: FlagState,
    kill_switch: bool,
    retired: bool,
    revision: u64,
}

impl Effect {
    fn metadata(&self) -> FlagMetadata {
        let revision = i64::try_from(self.revision).unwrap_or(i64::MAX);
        let mut metadata = FlagMetadata::default()
            .with_value("revision", revision)
            .with_value("mode", self.state.mode().as_str())
            .with_value("exposure", self.state.exposure().basis_points())
            .with_value("compare", self.state.compare());
        if self.kill_switch {
            metadata.add_value("killSwitch", true);
        }
        if self.retired {
            metadata.add_value("retired", true);
        }
        if self.kill_switch || self.retired {
            metadata.add_value("storedMode", self.stored.mode().as_str());
        }
        metadata
    }
}

fn asks_for_mode(key: &str) -> bool {
    key.strip_suffix(".mode").is_some()
}

const fn reason(reason: Reason) -> EvaluationReason {
    match reason {
        Reason::Static => EvaluationReason::Static,
        Reason::Split => EvaluationReason::Split,
    }
}

fn refusal(key: &str, error: EvaluationError) -> open_feature::EvaluationError {
    let code = match error {
        EvaluationError::NotReady => EvaluationErrorCode::ProviderNotReady,
        EvaluationError::FlagNotFound => EvaluationErrorCode::FlagNotFound,
        EvaluationError::TargetingKeyMissing => EvaluationErrorCode::TargetingKeyMissing,
    };
    open_feature::EvaluationError {
        code,
        message: Some(format!("{key}: {error}")),
    }
}
