//! The JSON Schema of a policy file, for editors.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::decode::Decode;
use super::document::PolicyFile;

/// Where the schema is published.
pub const SCHEMA_ID: &str = "https://pimform.dev/schemas/policy.schema.json";

/// The JSON Schema (2020-12) of a policy file.
pub fn policy_schema() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<PolicyFile>();
    schema.insert("$id".to_owned(), SCHEMA_ID.into());
    schema.insert("title".to_owned(), "pimform policy file".into());
    schema.to_value()
}

/// Builds the schema of a map with known keys.
pub(super) struct MapSchema {
    description: String,
    properties: Map<String, Value>,
    required: Vec<&'static str>,
}

impl MapSchema {
    /// Begins with what the map is.
    pub(super) fn new(description: &str) -> Self {
        Self { description: description.trim().to_owned(), properties: Map::new(), required: Vec::new() }
    }

    /// Adds a key.
    pub(super) fn key<T: Decode>(
        &mut self,
        generator: &mut SchemaGenerator,
        key: &'static str,
        description: &str,
        examples: &[Value],
    ) {
        let mut schema = generator.subschema_for::<T::Schema>();
        schema.insert("description".to_owned(), description.trim().into());
        if !examples.is_empty() {
            schema.insert("examples".to_owned(), examples.into());
        }
        self.properties.insert(key.to_owned(), schema.to_value());
        if T::left_out().is_none() {
            self.required.push(key);
        }
    }

    /// The finished schema.
    pub(super) fn into_schema(self) -> Schema {
        let Self { description, properties, required } = self;
        let mut schema = schemars::json_schema!({
            "type": "object",
            "description": description,
            "properties": properties,
            "additionalProperties": false
        });
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema
    }
}
