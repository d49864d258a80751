//! What a tool takes: the part of JSON Schema that is understood here, and arguments held against it.
//!
//! An object of plain fields: texts, numbers, whole numbers, yes or no, each with its bounds or its choices. Everything else is refused where
//! a tool is set up: what is not understood would not be checked. (The crate `jsonschema` brings some twenty others.)

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Most fields.
const FIELDS: usize = 20;
/// Most characters of a field's name.
const NAME: usize = 40;
/// Most choices.
const CHOICES: usize = 50;
/// Most characters of a text that nothing else bounds.
const LONGEST: u64 = 1_000;

/// What a tool takes.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    fields: BTreeMap<String, Field>,
    required: Vec<String>,
}

/// As it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Object {
    #[serde(rename = "type")]
    _kind: IsObject,
    #[serde(default)]
    properties: BTreeMap<String, Map<String, Value>>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default, rename = "description")]
    _description: String,
    additional_properties: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum IsObject {
    Object,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    String,
    Number,
    Integer,
    Boolean,
}

/// A field of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Field {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default, rename = "description")]
    _description: String,
    #[serde(rename = "enum")]
    choices: Option<Vec<Value>>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    min_length: Option<u64>,
    max_length: Option<u64>,
}

impl Schema {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, in English, as a part of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let object: Map<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let object: Object = serde_json::from_value(object.into()).map_err(|error| error.to_string())?;
        if object.additional_properties == Some(true) {
            return Err("`additionalProperties` is not true".to_owned());
        }
        if object.properties.len() > FIELDS {
            return Err(format!("it has {FIELDS} properties at most"));
        }
        let mut fields = BTreeMap::new();
        for (name, field) in object.properties {
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || name.len() > NAME || !name.chars().all(fits) {
                return Err(format!("the name of a property has {NAME} letters, digits and _ at most"));
            }
            let field: Field = serde_json::from_value(field.into()).map_err(|error| format!("`{name}`: {error}"))?;
            field.sound().map_err(|why| format!("`{name}`: {why}"))?;
            fields.insert(name, field);
        }
        if let Some(missing) = object.required.iter().find(|name| !fields.contains_key(*name)) {
            let missing: String = missing.chars().take(NAME).collect();
            return Err(format!("`{missing}` is required and no property"));
        }
        Ok(Self { fields, required: object.required })
    }

    /// Whether something is always there.
    pub fn requires(&self, name: &str) -> bool {
        self.required.iter().any(|required| required == name)
    }

    /// Holds arguments against it.
    ///
    /// # Errors
    /// What is wrong with them, in English, for the model that has written them.
    pub fn check(&self, arguments: &Map<String, Value>) -> Result<(), String> {
        if let Some(missing) = self.required.iter().find(|name| !arguments.contains_key(*name)) {
            return Err(format!("`{missing}` is missing"));
        }
        for (name, value) in arguments {
            let Some(field) = self.fields.get(name) else {
                let names: Vec<String> = self.fields.keys().map(|name| format!("`{name}`")).collect();
                return Err(format!("there is none but {}", names.join(", ")));
            };
            field.check(value).map_err(|why| format!("`{name}` is {why}"))?;
        }
        Ok(())
    }
}

impl Field {
    /// Whether its parts go together.
    fn sound(&self) -> Result<(), &'static str> {
        let (text, number) = (self.kind == Kind::String, matches!(self.kind, Kind::Number | Kind::Integer));
        if !number && (self.minimum.is_some() || self.maximum.is_some()) {
            return Err("`minimum` and `maximum` are of numbers");
        }
        if !text && (self.min_length.is_some() || self.max_length.is_some()) {
            return Err("`minLength` and `maxLength` are of texts");
        }
        let turned = self.minimum.zip(self.maximum).is_some_and(|(least, most)| least > most);
        if turned || self.min_length.unwrap_or_default() > self.longest() {
            return Err("its bounds leave nothing");
        }
        if let Some(choices) = &self.choices {
            if choices.is_empty() || choices.len() > CHOICES {
                return Err("`enum` has from 1 to 50 values");
            }
            if !choices.iter().all(|choice| self.kind.fits(choice)) {
                return Err("a value of `enum` is of another type");
            }
        }
        Ok(())
    }

    fn longest(&self) -> u64 {
        self.max_length.unwrap_or(LONGEST).min(LONGEST)
    }

    /// What it is to be, where a value is not.
    fn check(&self, value: &Value) -> Result<(), String> {
        if !self.kind.fits(value) {
            return Err(self.kind.words().to_owned());
        }
        if let Some(choices) = self.choices.as_ref().filter(|choices| !choices.contains(value)) {
            let choices: Vec<String> = choices.iter().map(Value::to_string).collect();
            return Err(format!("one of {}", choices.join(", ")));
        }
        if let Some(text) = value.as_str() {
            let (length, least) = (text.chars().count() as u64, self.min_length.unwrap_or_default());
            if !(least..=self.longest()).contains(&length) {
                return Err(format!("from {least} to {} characters long", self.longest()));
            }
        }
        if let Some(number) = value.as_f64() {
            if let Some(least) = self.minimum.filter(|least| number < *least) {
                return Err(format!("{least} at least"));
            }
            if let Some(most) = self.maximum.filter(|most| number > *most) {
                return Err(format!("{most} at most"));
            }
        }
        Ok(())
    }
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::String => "a text",
            Self::Number => "a number",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ORDER: &str = r#"{"type":"object","properties":{
        "order":{"type":"string","description":"Its number.","minLength":3,"maxLength":8},
        "lines":{"type":"integer","minimum":1,"maximum":9},
        "weight":{"type":"number","maximum":2.5},
        "gift":{"type":"boolean"},
        "country":{"type":"string","enum":["SE","NO"]}
    },"required":["order"],"additionalProperties":false}"#;

    #[test]
    fn arguments_are_held_against_it() {
        let schema = Schema::parse(ORDER).unwrap();
        assert!(schema.requires("order") && !schema.requires("lines"));
        let check = |value: Value| schema.check(value.as_object().unwrap());
        for good in [
            json!({ "order": "åäö" }),
            json!({ "order": "12345678", "lines": 9, "weight": -1, "gift": false, "country": "NO" }),
            json!({ "order": "123", "weight": 2.5 }),
        ] {
            assert_eq!(check(good.clone()), Ok(()), "{good}");
        }
        for (bad, why) in [
            (json!({}), "`order` is missing"),
            (json!({ "order": null }), "`order` is a text"),
            (json!({ "order": ["123"] }), "`order` is a text"),
            (json!({ "order": "12" }), "`order` is from 3 to 8 characters long"),
            (json!({ "order": "123456789" }), "`order` is from 3 to 8 characters long"),
            (json!({ "order": "123", "lines": 0 }), "`lines` is 1 at least"),
            (json!({ "order": "123", "lines": 10 }), "`lines` is 9 at most"),
            (json!({ "order": "123", "lines": 1.5 }), "`lines` is a whole number"),
            (json!({ "order": "123", "lines": "1" }), "`lines` is a whole number"),
            (json!({ "order": "123", "weight": 2.6 }), "`weight` is 2.5 at most"),
            (json!({ "order": "123", "gift": "no" }), "`gift` is true or false"),
            (json!({ "order": "123", "country": "DE" }), "`country` is one of \"SE\", \"NO\""),
            (json!({ "order": "123", "all": true }), "there is none but `country`, `gift`, `lines`, `order`, `weight`"),
        ] {
            assert_eq!(check(bad.clone()).unwrap_err(), why, "{bad}");
        }
        // What nothing bounds is bounded.
        let free = Schema::parse(r#"{"type":"object","properties":{"q":{"type":"string"}}}"#).unwrap();
        assert!(free.check(json!({ "q": "x".repeat(1_001) }).as_object().unwrap()).is_err());
        assert!(Schema::parse(r#"{"type":"object"}"#).unwrap().check(&Map::new()).is_ok());
    }

    #[test]
    fn what_is_not_understood_is_not_set_up() {
        let many: Vec<String> = (0..=FIELDS).map(|n| format!(r#""f{n}":{{"type":"string"}}"#)).collect();
        let many = format!(r#"{{"type":"object","properties":{{{}}}}}"#, many.join(","));
        for (bad, why) in [
            ("", "EOF"),
            ("[]", "expected a map"),
            (r#"["object"]"#, "expected a map"),
            ("{}", "missing field `type`"),
            (r#"{"type":"string"}"#, "unknown variant"),
            (r#"{"type":"object","$ref":"https://elsewhere.example"}"#, "unknown field `$ref`"),
            (r#"{"type":"object","additionalProperties":true}"#, "additionalProperties"),
            (r#"{"type":"object","required":["a"]}"#, "`a` is required and no property"),
            (r#"{"type":"object","properties":{"a":["string"]}}"#, "expected a map"),
            (r#"{"type":"object","properties":{"a b":{"type":"string"}}}"#, "name of a property"),
            (r#"{"type":"object","properties":{"a":{"type":"object"}}}"#, "unknown variant"),
            (r#"{"type":"object","properties":{"a":{"type":["string","null"]}}}"#, "`a`: "),
            (r#"{"type":"object","properties":{"a":{"type":"string","pattern":"(a+)+"}}}"#, "unknown field `pattern`"),
            (r#"{"type":"object","properties":{"a":{"type":"string","maximum":1}}}"#, "of numbers"),
            (r#"{"type":"object","properties":{"a":{"type":"number","maxLength":1}}}"#, "of texts"),
            (r#"{"type":"object","properties":{"a":{"type":"number","minimum":2,"maximum":1}}}"#, "leave nothing"),
            (r#"{"type":"object","properties":{"a":{"type":"string","minLength":2,"maxLength":1}}}"#, "leave nothing"),
            (r#"{"type":"object","properties":{"a":{"type":"string","minLength":1001}}}"#, "leave nothing"),
            (r#"{"type":"object","properties":{"a":{"type":"string","enum":[]}}}"#, "from 1 to 50"),
            (r#"{"type":"object","properties":{"a":{"type":"integer","enum":["1"]}}}"#, "another type"),
            (many.as_str(), "20 properties"),
        ] {
            let wrong = Schema::parse(bad).unwrap_err();
            assert!(wrong.contains(why), "{bad}: {wrong}");
        }
    }
}
