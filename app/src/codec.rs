//! How server functions answer: JSON, read as text.
//!
//! The encoding `server_fn` brings reads bytes. A page's resources are read as text, and the code that reads a model from
//! either weighs as much again in the browser; so both read text.

use leptos::server_fn::codec::Post;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::Serialize;
use serde::de::{DeserializeOwned, Error};

/// The output of every server function.
pub type PageJson = Post<PageEncoding>;

/// JSON, read as text.
pub struct PageEncoding;

impl ContentType for PageEncoding {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for PageEncoding {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for PageEncoding {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_string(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for PageEncoding {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        serde_json::from_str(std::str::from_utf8(&bytes).map_err(serde_json::Error::custom)?)
    }
}
