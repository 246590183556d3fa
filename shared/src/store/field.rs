//! How a single value lies in an item.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};

use data_encoding::BASE64;
use serde_json::Value;

use super::seal::KeyedHash;
use crate::domain::{time::Timestamp, token::SecretHash, words::Symbol};

/// A value with a form in storage. Absent values are absent attributes.
pub trait Field: Sized {
    /// The attribute; `None` for an absent value.
    fn write(&self) -> Option<AttributeValue>;
    /// The value of an attribute; `None` when it is not such a value.
    fn read(value: Option<&AttributeValue>) -> Option<Self>;

    /// The value in an archive.
    fn tell(&self) -> Value {
        self.write().as_ref().map_or(Value::Null, json_of_attribute)
    }

    /// The value that [`Field::tell`] wrote; `None` when it is not such a value.
    fn retell(value: &Value) -> Option<Self> {
        Self::read(attribute_of_json(value)?.as_ref())
    }
}

fn json_of_attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => text.as_str().into(),
        // Every number of ours is a whole one.
        AttributeValue::N(number) => serde_json::from_str(number).unwrap_or(Value::Null),
        AttributeValue::Bool(is) => (*is).into(),
        AttributeValue::B(bytes) => BASE64.encode(bytes.as_ref()).into(),
        AttributeValue::L(list) => list.iter().map(json_of_attribute).collect(),
        _ => Value::Null,
    }
}

/// The outer `None` for what no item holds.
fn attribute_of_json(value: &Value) -> Option<Option<AttributeValue>> {
    Some(Some(match value {
        Value::Null => return Some(None),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::Bool(is) => AttributeValue::Bool(*is),
        Value::Array(_) | Value::Object(_) => return None,
    }))
}

/// A value that recognises a person or a secret without telling it: a keyed or salted hash.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a keyed hash: a `keyed` field holds a `KeyedHash` or a `SecretHash`"
)]
pub trait Irreversible {}

impl Irreversible for KeyedHash {}
impl Irreversible for SecretHash {}
impl<T: Irreversible> Irreversible for Option<T> {}
impl<T: Irreversible> Irreversible for Vec<T> {}

impl<T: Symbol> Field for T {
    fn write(&self) -> Option<AttributeValue> {
        Some(AttributeValue::S(self.symbol()))
    }

    fn read(value: Option<&AttributeValue>) -> Option<Self> {
        T::from_symbol(value?.as_s().ok()?)
    }
}

impl Field for u64 {
    fn write(&self) -> Option<AttributeValue> {
        Some(AttributeValue::N(self.to_string()))
    }

    fn read(value: Option<&AttributeValue>) -> Option<Self> {
        value?.as_n().ok()?.parse().ok()
    }
}

impl Field for u32 {
    fn write(&self) -> Option<AttributeValue> {
        Some(AttributeValue::N(self.to_string()))
    }

    fn read(value: Option<&AttributeValue>) -> Option<Self> {
        value?.as_n().ok()?.parse().ok()
    }
}

impl Field for bool {
    fn write(&self) -> Option<AttributeValue> {
        Some(AttributeValue::Bool(*self))
    }

    fn read(value: Option<&AttributeValue>) -> Option<Self> {
        value?.as_bool().ok().copied()
    }
}

impl Field for Timestamp {
    fn write(&self) -> Option<AttributeValue> {
        Some(AttributeValue::N(self.ms().to_string()))
    }

    fn read(value: Option<&AttributeValue>) -> Option<Self> {
        value?.as_n().ok()?.parse().ok().map(Self::from_ms)
    }

    // For people, who read archives too.
    fn tell(&self) -> Value {
        self.to_string().into()
    }

    fn retell(value: &Value) -> Option<Self> {
        let told: Self = serde::Deserialize::deserialize(value).ok()?;
        (value.as_str() == Some(told.to_string().as_str())).then_some(told)
    }
}

impl Field for SecretHash {
    fn write(&self) -> Option<AttributeValue> {
        Some(AttributeValue::B(Blob::new(self.as_bytes())))
    }

    fn read(value: Option<&AttributeValue>) -> Option<Self> {
        Some(Self::from_stored(value?.as_b().ok()?.clone().into_inner()))
    }
}

impl Field for KeyedHash {
    fn write(&self) -> Option<AttributeValue> {
        Some(AttributeValue::B(Blob::new(self.as_bytes())))
    }

    fn read(value: Option<&AttributeValue>) -> Option<Self> {
        Self::from_stored(value?.as_b().ok()?.as_ref())
    }
}

/// Bytes that tell nothing by themselves: ciphertext, or a public key.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bytes({})", self.0.len())
    }
}

impl Field for Bytes {
    fn write(&self) -> Option<AttributeValue> {
        Some(AttributeValue::B(Blob::new(self.0.as_slice())))
    }

    fn read(value: Option<&AttributeValue>) -> Option<Self> {
        Some(Self(value?.as_b().ok()?.clone().into_inner()))
    }
}

impl<T: Field> Field for Option<T> {
    fn write(&self) -> Option<AttributeValue> {
        self.as_ref().and_then(Field::write)
    }

    fn read(value: Option<&AttributeValue>) -> Option<Self> {
        match value {
            None => Some(None),
            Some(_) => T::read(value).map(Some),
        }
    }

    fn tell(&self) -> Value {
        self.as_ref().map_or(Value::Null, Field::tell)
    }

    fn retell(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            _ => T::retell(value).map(Some),
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn write(&self) -> Option<AttributeValue> {
        Some(AttributeValue::L(
            self.iter().filter_map(Field::write).collect(),
        ))
    }

    fn read(value: Option<&AttributeValue>) -> Option<Self> {
        value?
            .as_l()
            .ok()?
            .iter()
            .map(|value| T::read(Some(value)))
            .collect()
    }

    fn tell(&self) -> Value {
        self.iter().map(Field::tell).collect()
    }

    fn retell(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::retell).collect()
    }
}
