//! Whole numbers as JSON has them: `5.0` is the number `5` (JSON Schema, validation, 6.1.1), and some programs write it so.
//!
//! Must not: read from anything but JSON, where a number is known by how it is written.

use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer as _, Unexpected, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Above it a number with a point stands for several whole ones.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads one: `#[serde(deserialize_with = "whole::read")]`.
///
/// # Errors
/// What is no whole number, or not one of these.
pub fn read<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Whole::deserialize(deserializer).map(|Whole(number)| number)
}

/// Reads one, or `null`: `#[serde(default, deserialize_with = "whole::or_none")]`.
///
/// # Errors
/// As [`read`].
pub fn or_none<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.map(|Whole(number)| number))
}

struct Whole<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Number(PhantomData)).map(Self)
    }
}

struct Number<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Number<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        T::deserialize(number.into_deserializer())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        T::deserialize(number.into_deserializer())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        if number.fract() != 0.0 || number.abs() > EXACT {
            return Err(E::invalid_type(Unexpected::Float(number), &self));
        }
        #[allow(clippy::cast_possible_truncation, reason = "it is whole, and exact")]
        let number = number as i64;
        self.visit_i64(number)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Read {
        #[serde(deserialize_with = "super::read")]
        one: i32,
        #[serde(default, deserialize_with = "super::or_none")]
        other: Option<u32>,
    }

    #[test]
    fn a_fraction_of_nothing_is_none() {
        let read = |text: &str| serde_json::from_str::<Read>(text).map(|Read { one, other }| (one, other)).ok();
        assert_eq!(read(r#"{"one": 5, "other": 6}"#), Some((5, Some(6))));
        assert_eq!(read(r#"{"one": -5.0, "other": 6.0}"#), Some((-5, Some(6))));
        assert_eq!(read(r#"{"one": 5e1, "other": null}"#), Some((50, None)));
        assert_eq!(read(r#"{"one": 0.0}"#), Some((0, None)));
        for wrong in ["5.5", "1e-9", "2147483648", "2147483648.0", "1e300", "\"5\"", "null", "true", "[5]"] {
            assert_eq!(read(&format!(r#"{{"one": {wrong}}}"#)), None, "{wrong}");
        }
        for wrong in ["-1", "-1.0", "4294967296.0", "0.5", "\"5\""] {
            assert_eq!(read(&format!(r#"{{"one": 1, "other": {wrong}}}"#)), None, "{wrong}");
        }
    }
}
