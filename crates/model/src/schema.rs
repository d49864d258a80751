//! How types that are text on the wire describe themselves in OpenAPI.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};

/// Text that matches a pattern.
pub(crate) fn text(pattern: &str, format: Option<&str>) -> RefOr<Schema> {
    let format = format.map(|f| match f {
        "date-time" => SchemaFormat::KnownFormat(KnownFormat::DateTime),
        other => SchemaFormat::Custom(other.to_owned()),
    });
    RefOr::T(Schema::Object(
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).format(format).build(),
    ))
}
