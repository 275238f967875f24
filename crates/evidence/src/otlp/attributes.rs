//! Attributes of points and of what they stand in: which module and side, which stream, whether it failed.

use std::hash::{DefaultHasher, Hash, Hasher};

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{ResourceMetrics, ScopeMetrics};

/// What a point stands in.
pub(super) struct Attributes<'a> {
    resource: &'a [KeyValue],
    /// Of all that is around the point. Two halves, so that streams do not meet by chance.
    halves: [DefaultHasher; 2],
}

impl<'a> Attributes<'a> {
    pub(super) fn of_resource(resource: &'a ResourceMetrics) -> Self {
        let resource = resource
            .resource
            .as_ref()
            .map_or(&[][..], |resource| &resource.attributes);
        let mut halves = [DefaultHasher::new(), DefaultHasher::new()];
        for (number, half) in halves.iter_mut().enumerate() {
            number.hash(half);
            hash_all(resource, half);
        }
        Self { resource, halves }
    }

    pub(super) fn scope(&self, scope: &ScopeMetrics) -> Self {
        self.with(|half| {
            if let Some(scope) = &scope.scope {
                (&scope.name, &scope.version).hash(half);
                hash_all(&scope.attributes, half);
            }
        })
    }

    pub(super) fn metric(&self, name: &str) -> Self {
        self.with(|half| name.hash(half))
    }

    fn with(&self, mut more: impl FnMut(&mut DefaultHasher)) -> Self {
        let mut halves = self.halves.clone();
        halves.iter_mut().for_each(&mut more);
        Self {
            resource: self.resource,
            halves,
        }
    }

    /// The identity of the stream of a point with these attributes.
    pub(super) fn stream(&self, own: &[KeyValue]) -> u128 {
        let [high, low] = self
            .with(|half| hash_all(own, half))
            .halves
            .map(|half| u128::from(half.finish()));
        high << 64 | low
    }

    /// A text that the point has, or its resource.
    pub(super) fn text<'b>(&'b self, own: &'b [KeyValue], key: &str) -> Result<&'b str, String> {
        match get(own, key).or_else(|| get(self.resource, key)) {
            Some(Value::StringValue(text)) => Ok(text),
            Some(_) => Err(format!("the attribute {key} is to be a text")),
            None => Err(format!("a point has no attribute {key}")),
        }
    }
}

fn get<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.as_ref()?.value.as_ref()
}

/// Whether a point is about uses that failed.
pub(super) fn is_error(own: &[KeyValue]) -> bool {
    let says_so = match get(own, "error") {
        Some(Value::BoolValue(error)) => *error,
        Some(Value::StringValue(error)) => !matches!(error.as_str(), "" | "0" | "false" | "False"),
        Some(Value::IntValue(error)) => *error != 0,
        _ => false,
    };
    let has_type = match get(own, "error.type") {
        Some(Value::StringValue(kind)) => !kind.is_empty(),
        Some(_) => true,
        None => false,
    };
    says_so || has_type
}

/// The same for the same attributes in any order.
fn hash_all(attributes: &[KeyValue], hasher: &mut DefaultHasher) {
    let mut sorted: Vec<&KeyValue> = attributes.iter().collect();
    sorted.sort_by(|one, other| one.key.cmp(&other.key));
    sorted.len().hash(hasher);
    for attribute in sorted {
        attribute.key.hash(hasher);
        hash_value(attribute.value.as_ref(), hasher);
    }
}

/// Nesting is bounded by the parsers.
fn hash_value(value: Option<&AnyValue>, hasher: &mut DefaultHasher) {
    let value = value.and_then(|value| value.value.as_ref());
    value.map(std::mem::discriminant).hash(hasher);
    match value {
        None => {}
        Some(Value::StringValue(text)) => text.hash(hasher),
        Some(Value::BoolValue(is)) => is.hash(hasher),
        Some(Value::IntValue(number)) => number.hash(hasher),
        Some(Value::DoubleValue(number)) => number.to_bits().hash(hasher),
        Some(Value::BytesValue(bytes)) => bytes.hash(hasher),
        Some(Value::StringValueStrindex(index)) => index.hash(hasher),
        Some(Value::ArrayValue(array)) => {
            array.values.len().hash(hasher);
            for value in &array.values {
                hash_value(Some(value), hasher);
            }
        }
        Some(Value::KvlistValue(list)) => hash_all(&list.values, hasher),
    }
}
