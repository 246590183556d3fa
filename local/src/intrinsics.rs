//! CloudFormation's YAML: the short tags, and the functions they stand for.
//!
//! A template becomes plain JSON in its long form (`!Ref X` is `{"Ref": "X"}`), and a [`Scope`]
//! resolves such values the way a deployment would, with names that hold inside this one process.
//! Resolution is lazy: what the embedded stack does not read may use any function there is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

use crate::{ACCOUNT, REGION};

/// Why a template cannot be used; one line, naming the file and the place in it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct TemplateError {
    /// The template file.
    pub path: PathBuf,
    /// What is wrong, and where.
    pub reason: String,
}

/// One template with its parameters' values and its nested stacks.
pub struct Scope {
    path: PathBuf,
    document: Value,
    parameters: Map<String, Value>,
    nested: BTreeMap<String, Scope>,
}

impl Scope {
    /// Reads a template and, below it, each nested stack.
    ///
    /// # Errors
    /// A file that cannot be read or is not YAML, and a parameter without any value.
    pub fn load(path: &Path, arguments: &Map<String, Value>) -> Result<Self, TemplateError> {
        let fail = |reason: String| TemplateError {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
        let Node(document) = serde_saphyr::from_str(&text)
            .map_err(|error| fail(one_line(&error.without_snippet().to_string())))?;
        let mut scope = Self {
            path: path.to_owned(),
            document,
            parameters: Map::new(),
            nested: BTreeMap::new(),
        };
        scope.parameters = scope.parameter_values(arguments);
        let children: Vec<(String, Value)> = scope
            .resources_of_type("AWS::Serverless::Application")
            .map(|(id, properties)| (id.to_owned(), properties.clone()))
            .collect();
        for (id, properties) in children {
            let location = properties["Location"].as_str().ok_or_else(|| {
                scope.error(format!("Resources.{id}.Properties.Location must be a path"))
            })?;
            let arguments = scope.resolve(&properties["Parameters"])?;
            let arguments = arguments.as_object().cloned().unwrap_or_default();
            let folder = path.parent().unwrap_or(Path::new("."));
            let child = Self::load(&folder.join(location), &arguments)?;
            scope.nested.insert(id, child);
        }
        Ok(scope)
    }

    /// The file of this template.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// This template and those nested in it, outermost first.
    pub fn all(&self) -> Vec<&Self> {
        let below = self.nested.values().flat_map(Self::all);
        std::iter::once(self).chain(below).collect()
    }

    /// A top-level section, such as `Globals`; null when absent.
    pub fn section(&self, name: &str) -> &Value {
        &self.document[name]
    }

    /// Logical id and unresolved properties of each resource of one type, in the file's order of
    /// names, except those whose `Condition` does not hold.
    pub fn resources_of_type<'a>(
        &'a self,
        kind: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let resources = self.document["Resources"].as_object();
        resources
            .into_iter()
            .flatten()
            .filter_map(move |(id, resource)| {
                let exists = match resource["Condition"].as_str() {
                    Some(condition) => self.condition(condition).unwrap_or(false),
                    None => true,
                };
                (resource["Type"] == kind && exists).then(|| (id.as_str(), &resource["Properties"]))
            })
    }

    /// An error of this template.
    pub fn error(&self, reason: impl Into<String>) -> TemplateError {
        TemplateError {
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    /// The value with every intrinsic function in it replaced by its result.
    ///
    /// # Errors
    /// A function that is unknown here, or one that names nothing.
    pub fn resolve(&self, value: &Value) -> Result<Value, TemplateError> {
        match value {
            Value::Array(items) => items.iter().map(|item| self.resolve(item)).collect(),
            Value::Object(map) => match call(map) {
                Some((function, argument)) => self.apply(function, argument),
                None => {
                    let mut resolved = Map::new();
                    for (key, item) in map {
                        let item = self.resolve(item)?;
                        if !item.is_null() {
                            resolved.insert(key.clone(), item);
                        }
                    }
                    Ok(Value::Object(resolved))
                }
            },
            plain => Ok(plain.clone()),
        }
    }

    /// As [`Self::resolve`], written as text: what an environment variable holds.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn resolve_text(&self, value: &Value) -> Result<String, TemplateError> {
        Ok(match self.resolve(value)? {
            Value::String(text) => text,
            other => other.to_string(),
        })
    }

    fn apply(&self, function: &str, argument: &Value) -> Result<Value, TemplateError> {
        match function {
            "Ref" => self.reference(argument.as_str().unwrap_or_default()),
            "Condition" => self
                .condition(argument.as_str().unwrap_or_default())
                .map(Value::Bool),
            "Fn::GetAtt" => self.attribute(argument),
            "Fn::Sub" => self.substitute(argument),
            "Fn::If" => {
                let branch = if self.condition(argument[0].as_str().unwrap_or_default())? {
                    1
                } else {
                    2
                };
                self.resolve(&argument[branch])
            }
            "Fn::Equals" => {
                let (left, right) = (self.resolve(&argument[0])?, self.resolve(&argument[1])?);
                Ok(Value::Bool(left == right))
            }
            "Fn::Not" => Ok(Value::Bool(self.resolve(&argument[0])? != true)),
            "Fn::And" | "Fn::Or" => {
                let parts = self.resolve(argument)?;
                let parts = parts.as_array().map(Vec::as_slice).unwrap_or_default();
                let holds = |part: &Value| part == true;
                let and = function == "Fn::And";
                Ok(Value::Bool(if and {
                    parts.iter().all(holds)
                } else {
                    parts.iter().any(holds)
                }))
            }
            "Fn::Join" => {
                let items = self.resolve(&argument[1])?;
                let items: Vec<String> = items
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(plain_text)
                    .collect();
                Ok(items.join(argument[0].as_str().unwrap_or_default()).into())
            }
            unknown => Err(self.error(format!("{unknown} is not known to the embedded stack"))),
        }
    }

    fn reference(&self, name: &str) -> Result<Value, TemplateError> {
        if let Some(value) = pseudo_parameter(name).or_else(|| self.parameters.get(name).cloned()) {
            return Ok(value);
        }
        // SAM's own: a part that it makes of a resource, such as a function's alias.
        if name.contains('.') {
            return self.attribute(&name.into());
        }
        let resource = &self.document["Resources"][name];
        if resource.is_null() {
            return Err(self.error(format!(
                "!Ref {name} names neither a parameter nor a resource"
            )));
        }
        // A resource's physical name is the one it asks for, else its logical id: both hold in
        // this process, and logs and errors speak the template's language.
        match resource["Type"].as_str().unwrap_or_default() {
            "AWS::DynamoDB::Table" if !resource["Properties"]["TableName"].is_null() => {
                self.resolve(&resource["Properties"]["TableName"])
            }
            // Names on S3 are lower case.
            "AWS::S3::Bucket" => Ok(name.to_ascii_lowercase().into()),
            _ => Ok(name.into()),
        }
    }

    fn attribute(&self, argument: &Value) -> Result<Value, TemplateError> {
        // `!GetAtt A.B` is text in the short form, a list in the long one.
        let path = match argument {
            Value::Array(parts) => parts.iter().map(plain_text).collect::<Vec<_>>().join("."),
            other => plain_text(other),
        };
        let (name, attribute) = path
            .split_once('.')
            .ok_or_else(|| self.error(format!("!GetAtt {path} has no attribute")))?;
        if let (Some(child), Some(output)) =
            (self.nested.get(name), attribute.strip_prefix("Outputs."))
        {
            let value = &child.document["Outputs"][output]["Value"];
            if value.is_null() {
                return Err(self.error(format!("!GetAtt {path} names no output")));
            }
            return child.resolve(value);
        }
        let physical = plain_text(&self.reference(name)?);
        let kind = self.document["Resources"][name]["Type"]
            .as_str()
            .unwrap_or_default();
        Ok(match (kind, attribute) {
            ("AWS::DynamoDB::Table", "Arn") => table_arn(&physical),
            ("AWS::DynamoDB::Table", "StreamArn") => stream_arn(&physical),
            ("AWS::S3::Bucket", "Arn") => format!("arn:aws:s3:::{physical}"),
            ("AWS::KMS::Key", "Arn") => format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{physical}"),
            // Nothing in this process has such an attribute; who reads it sees where it is from.
            _ => format!("local:{name}.{attribute}"),
        }
        .into())
    }

    fn substitute(&self, argument: &Value) -> Result<Value, TemplateError> {
        let (text, names) = match argument {
            Value::Array(parts) => (plain_text(&parts[0]), self.resolve(&parts[1])?),
            other => (plain_text(other), Value::Null),
        };
        let mut rest = text.as_str();
        let mut result = String::new();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| self.error(format!("!Sub \"{text}\" has an open brace")))?;
            result.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
            } else if !names[name].is_null() {
                result.push_str(&plain_text(&names[name]));
            } else if name.contains('.') {
                result.push_str(&plain_text(&self.attribute(&name.into())?));
            } else {
                result.push_str(&plain_text(&self.reference(name)?));
            }
            rest = after;
        }
        Ok((result + rest).into())
    }

    fn condition(&self, name: &str) -> Result<bool, TemplateError> {
        let condition = &self.document["Conditions"][name];
        if condition.is_null() {
            return Err(self.error(format!("there is no condition {name}")));
        }
        Ok(self.resolve(condition)? == true)
    }

    /// What the caller gives, else the default. A parameter without either stays unknown, and
    /// only a reader of it hears so: a deployment must choose it, this stack need not.
    fn parameter_values(&self, arguments: &Map<String, Value>) -> Map<String, Value> {
        let declared = self.document["Parameters"]
            .as_object()
            .into_iter()
            .flatten();
        declared
            .filter_map(|(name, parameter)| {
                let value = arguments.get(name).or_else(|| parameter.get("Default"))?;
                Some((name.clone(), value.clone()))
            })
            .collect()
    }
}

/// The ARN of a table of this process.
pub fn table_arn(table: &str) -> String {
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}")
}

/// The ARN of that table's stream.
pub fn stream_arn(table: &str) -> String {
    format!("{}/stream/embedded", table_arn(table))
}

/// `{"Fn::X": …}`, `{"Ref": …}` or `{"Condition": "…"}`, when the map is one.
fn call(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (key, argument) = map.iter().next().filter(|_| map.len() == 1)?;
    let is_call =
        key == "Ref" || key.starts_with("Fn::") || (key == "Condition" && argument.is_string());
    is_call.then_some((key, argument))
}

fn pseudo_parameter(name: &str) -> Option<Value> {
    Some(match name {
        "AWS::Region" => REGION.into(),
        "AWS::AccountId" => ACCOUNT.into(),
        "AWS::Partition" => "aws".into(),
        "AWS::URLSuffix" => "amazonaws.com".into(),
        "AWS::StackName" => "sotto".into(),
        "AWS::NoValue" => Value::Null,
        _ => return None,
    })
}

fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A YAML node as JSON, its tag turned into the long form of the function.
struct Node(Value);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let serde_saphyr::Tagged(Untagged(value), tag) = Deserialize::deserialize(deserializer)?;
        let Some(name) = tag.as_deref().and_then(|tag| tag.strip_prefix('!')) else {
            return Ok(Self(value));
        };
        let function = match name {
            "Ref" | "Condition" => name.to_owned(),
            _ => format!("Fn::{name}"),
        };
        Ok(Self(json!({ function: value })))
    }
}

struct Untagged(Value);

impl<'de> Deserialize<'de> for Untagged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree).map(Self)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Node(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((Node(key), Node(value))) = entries.next_entry()? {
            // A date such as 2012-10-17 and a number are fine keys; a list is not.
            if key.is_array() || key.is_object() {
                return Err(A::Error::custom("a key must be plain"));
            }
            map.insert(plain_text(&key), value);
        }
        Ok(map.into())
    }
}
