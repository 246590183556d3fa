//! The contract as a measure: every answer that a test gets is held against the committed
//! `functions/contract/openapi.json`, and so is every body that was accepted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::Validator;
use serde_json::{Value, json};
use shared::http::Code;

use crate::Answer;

const HINT: &str = "\nIf the code is right: cargo run -- openapi > functions/contract/openapi.json";

/// What API Gateway says by itself, without a function.
const EDGE_WORDS: [&str; 5] = [
    "Bad Request",
    "Internal Server Error",
    "Not Found",
    "Request Too Long",
    "Service Unavailable",
];

/// The committed document.
pub fn openapi() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let file = crate::repository().join("functions/contract/openapi.json");
        let text = std::fs::read_to_string(file).expect("the committed document");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("openapi.json: {error}{HINT}"))
    })
}

/// The path template and the operation that a request goes to.
pub fn operation(method: &str, path: &str) -> Option<(&'static str, &'static Value)> {
    let path = path.split('?').next().unwrap_or_default();
    let paths = openapi()["paths"].as_object()?;
    let fits = |template: &str| {
        let parts = || template.split('/').zip(path.split('/'));
        template.split('/').count() == path.split('/').count()
            && parts().all(|(own, part)| own == part || own.starts_with('{') && !part.is_empty())
    };
    let (template, item) = paths
        .get_key_value(path)
        .or_else(|| paths.iter().find(|at| fits(at.0)))?;
    Some((template, item.get(method.to_ascii_lowercase())?))
}

/// What of an answer, or of the body that it accepted, the document does not say.
///
/// # Errors
/// One line. Paths that are not in the document say nothing but problems.
pub fn check(method: &str, path: &str, sent: &[u8], answer: &Answer) -> Result<(), String> {
    let content_type = answer
        .header("content-type")
        .split(';')
        .next()
        .unwrap_or_default();
    if content_type == "application/problem+json" {
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        valid("Problem", &schema, &answer.body)?;
        let known = |code: &&Code| answer.body["code"] == code.word();
        let code = Code::ALL
            .iter()
            .find(known)
            .ok_or("a code that is not in the list")?;
        if (code.status(), &json!(answer.status)) != (answer.status, &answer.body["status"]) {
            return Err(format!("{} is not a {}", code.word(), answer.status));
        }
    }
    let Some((template, operation)) = operation(method, path) else {
        return Ok(());
    };
    let of_the_edge = |word| answer.body == json!({ "message": word });
    if answer.status >= 400 && EDGE_WORDS.into_iter().any(of_the_edge) {
        return Ok(());
    }
    let response = &operation["responses"][answer.status.to_string()];
    if response.is_null() {
        return Err(format!(
            "{method} {template} does not promise {}{HINT}",
            answer.status
        ));
    }
    let name = format!("{method} {template} {}", answer.status);
    match response["content"]
        .as_object()
        .filter(|content| !content.is_empty())
    {
        None if answer.text.is_empty() => {}
        None => return Err(format!("{name} has a body that nobody promised{HINT}")),
        Some(content) => {
            let promised = content.get(content_type);
            let promised =
                promised.ok_or_else(|| format!("{name} came as `{content_type}`{HINT}"))?;
            // A page of HTML has nothing to compare.
            if content_type.ends_with("json") {
                valid(&name, &promised["schema"], &answer.body)?;
            }
        }
    }
    let taken = &operation["requestBody"]["content"]["application/json"]["schema"];
    if answer.status < 300 && !taken.is_null() {
        let sent = serde_json::from_slice(sent).map_err(|error| error.to_string())?;
        valid(&format!("{method} {template} body"), taken, &sent)?;
    }
    Ok(())
}

/// Whether a value is what a schema of the document says, with no field besides.
///
/// # Errors
/// What differs; schemas are compiled once per name.
pub fn valid(name: &str, schema: &Value, value: &Value) -> Result<(), String> {
    static COMPILED: OnceLock<Mutex<HashMap<String, Arc<Validator>>>> = OnceLock::new();
    let compiled = COMPILED.get_or_init(Mutex::default);
    let found = compiled
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(name)
        .cloned();
    let validator = match found {
        Some(validator) => validator,
        None => {
            let mut whole = json!({ "allOf": [schema], "components": openapi()["components"] });
            close(&mut whole);
            let options = jsonschema::options()
                .with_draft(jsonschema::Draft::Draft202012)
                .should_validate_formats(true);
            let built = options
                .build(&whole)
                .map_err(|error| format!("{name}: {error}"))?;
            let validator = Arc::new(built);
            let mut all = compiled.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(name.to_owned(), Arc::clone(&validator));
            validator
        }
    };
    let faults: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("\n  {} at `{}`", error, error.instance_path()))
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(format!("{name}:{}{HINT}", faults.concat()))
    }
}

/// Every field is declared: clients ignore unknown ones, but we do not send any.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(map) => {
            let is_object = map.get("properties").is_some_and(Value::is_object);
            if is_object && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".into(), false.into());
            }
            map.values_mut().for_each(close);
        }
        _ => {}
    }
}

/// A body for an operation, made of the examples of its fields; null when it takes none.
pub fn example(operation: &Value) -> Value {
    example_of(&operation["requestBody"]["content"]["application/json"]["schema"])
}

/// A value made of the examples of a schema and of those within it.
pub fn example_of(schema: &Value) -> Value {
    let given = schema.get("example").or_else(|| schema["examples"].get(0));
    if let Some(given) = given.or_else(|| schema["enum"].get(0)) {
        return given.clone();
    }
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|name| name.rsplit('/').next())
    {
        return example_of(&openapi()["components"]["schemas"][name]);
    }
    if let Some(fields) = schema["properties"].as_object() {
        let fields = fields
            .iter()
            .map(|(name, field)| (name.clone(), example_of(field)));
        return Value::Object(fields.collect());
    }
    let options = ["oneOf", "anyOf", "allOf"]
        .iter()
        .find_map(|word| schema[*word].as_array());
    let option = options.and_then(|all| all.iter().find(|option| option["type"] != "null"));
    match (option, schema["type"].as_str()) {
        (Some(option), _) => example_of(option),
        (None, Some("array")) => json!([example_of(&schema["items"])]),
        (None, Some("boolean")) => false.into(),
        _ => Value::Null,
    }
}
