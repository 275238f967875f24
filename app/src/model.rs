//! Read models on their way to a page.
//!
//! Waiting for a model, handing it from the server to the browser and fetching it again is the same for every page, so it
//! is compiled once, for a model whose type is forgotten. A program that did it anew for each type would be a third
//! larger in the browser.

use std::any::Any;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::Resource;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::AppError;

/// What a page is made from, fetched again whenever what it is about changes.
pub struct ReadModel<T> {
    pub(crate) resource: Resource<Result<Forgotten, AppError>>,
    of: PhantomData<fn() -> T>,
}

/// The model of `about`, as `fetch` brings it. Whatever `about` reads is tracked.
pub fn read_model<A, F, B, T>(
    about: impl Fn() -> A + Send + Sync + 'static,
    fetch: F,
) -> ReadModel<T>
where
    A: Debug + Clone + Send + Sync + 'static,
    F: Fn(A) -> B + Clone + Send + Sync + 'static,
    B: Future<Output = Result<T, AppError>> + Send + 'static,
    T: Serialize + Send + Sync + 'static,
{
    let question = move || {
        let (about, fetch) = (about(), fetch.clone());
        let key = format!("{about:?}");
        let ask = move || {
            let answer = fetch(about.clone());
            Box::pin(async move { answer.await.map(Forgotten::made) }) as Answer
        };
        Question {
            key,
            ask: Arc::new(ask),
        }
    };
    ReadModel {
        resource: resource(Arc::new(question)),
        of: PhantomData,
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Forgotten, AppError>> + Send>>;

/// What to fetch; the same as another when it is about the same.
#[derive(Clone)]
struct Question {
    key: String,
    ask: Arc<dyn Fn() -> Answer + Send + Sync>,
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

fn resource(
    question: Arc<dyn Fn() -> Question + Send + Sync>,
) -> Resource<Result<Forgotten, AppError>> {
    Resource::new(move || question(), |question| (question.ask)())
}

/// A model of any type: as it was made, or as the text the server wrote into the page.
#[derive(Clone)]
pub(crate) enum Forgotten {
    Made(Arc<dyn Any + Send + Sync>, Written),
    Text(Arc<str>),
}

/// How a model is written into the page. The browser reads models and writes none.
#[derive(Clone, Copy)]
pub(crate) struct Written {
    #[cfg(feature = "ssr")]
    write: fn(&(dyn Any + Send + Sync)) -> serde_json::Result<String>,
}

impl Forgotten {
    fn made<T: Serialize + Send + Sync + 'static>(model: T) -> Self {
        let written = Written {
            #[cfg(feature = "ssr")]
            write: |model| serde_json::to_string(&model.downcast_ref::<T>()),
        };
        Self::Made(Arc::new(model), written)
    }

    /// The model, when it is of that type.
    pub(crate) fn read<T: Clone + DeserializeOwned + 'static>(&self) -> Result<T, AppError> {
        match self {
            Self::Made(model, _) => {
                model
                    .downcast_ref::<T>()
                    .cloned()
                    .ok_or_else(|| AppError::Unreachable {
                        why: "another model".to_owned(),
                    })
            }
            Self::Text(text) => serde_json::from_str(text).map_err(|error| AppError::Unreachable {
                why: error.to_string(),
            }),
        }
    }

    #[cfg(feature = "ssr")]
    fn text(&self) -> serde_json::Result<String> {
        match self {
            Self::Made(model, written) => (written.write)(model.as_ref()),
            Self::Text(text) => Ok(text.to_string()),
        }
    }

    #[cfg(not(feature = "ssr"))]
    #[expect(
        clippy::unnecessary_wraps,
        reason = "as on the server, where writing may fail"
    )]
    fn text(&self) -> serde_json::Result<String> {
        match self {
            Self::Made(..) => Ok("null".to_owned()),
            Self::Text(text) => Ok(text.to_string()),
        }
    }
}

impl Serialize for Forgotten {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.text().map_err(serde::ser::Error::custom)?;
        RawValue::from_string(text)
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Forgotten {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: Box<RawValue> = Deserialize::deserialize(deserializer)?;
        Ok(Self::Text(text.get().into()))
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_model_reaches_the_browser_as_it_was() {
        let made: Result<_, AppError> = Ok(Forgotten::made(vec![
            "a".to_owned(),
            "</script>".to_owned(),
        ]));
        let text = serde_json::to_string(&made).unwrap();
        assert_eq!(text, r#"{"Ok":["a","</script>"]}"#);
        let read: Result<Forgotten, AppError> = serde_json::from_str(&text).unwrap();
        assert_eq!(
            read.unwrap().read::<Vec<String>>().unwrap(),
            ["a", "</script>"]
        );
    }

    #[test]
    fn a_refusal_reaches_the_browser_as_a_refusal() {
        let refused: Result<Forgotten, AppError> = Err(AppError::NotSignedIn);
        let text = serde_json::to_string(&refused).unwrap();
        let read: Result<Forgotten, AppError> = serde_json::from_str(&text).unwrap();
        assert_eq!(read.err(), Some(AppError::NotSignedIn));
    }
}
