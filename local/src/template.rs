//! `template.yaml` as the embedded stack reads it: the same file that a deployment uses decides
//! here which routes exist, which function answers, with what environment and how long.

mod buckets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::intrinsics::Scope;
use crate::pattern::Pattern;
pub use buckets::{Bucket, LifecycleRule};

pub use crate::intrinsics::{TemplateError, stream_arn, table_arn};
use crate::{ACCOUNT, REGION};

/// The name under which a deployment and this stack look for the template.
pub const FILE_NAME: &str = "template.yaml";

/// The environment variables that this stack sets instead of the template: only a deployment
/// knows its public address, its verified sender and its operator.
pub const REPLACED: [&str; 4] = ["ISSUER", "MAIL_FROM", "OPERATOR_EMAIL", "WEBSOCKET_URL"];

/// What the embedded stack takes from a template and the stacks nested in it.
#[derive(Clone, Debug)]
pub struct Template {
    /// The file it was read from.
    pub path: PathBuf,
    /// Every Lambda function.
    pub functions: Vec<Function>,
    /// Every route of the HTTP API.
    pub routes: Vec<Route>,
    /// The HTTP API's CORS configuration, if it has one.
    pub cors: Option<Cors>,
    /// The WebSocket API, if there is one.
    pub sockets: Option<SocketApi>,
    /// Every table stream that a function reads.
    pub streams: Vec<StreamSource>,
    /// Every schedule that calls a function.
    pub schedules: Vec<Schedule>,
    /// Every rule that brings events of AWS's services to a function.
    pub rules: Vec<Rule>,
    /// Every DynamoDB table.
    pub tables: Vec<Table>,
    /// The ARN of every KMS key.
    pub keys: Vec<String>,
    /// Every S3 bucket.
    pub buckets: Vec<Bucket>,
}

/// One Lambda function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its logical id, also its name in this process.
    pub id: String,
    /// The last part of its `CodeUri`: the folder and name of its crate.
    pub folder: String,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Its environment variables, those of `Globals` included, those [`REPLACED`] left out.
    pub environment: BTreeMap<String, String>,
}

/// One route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method in capitals, `ANY`, or empty for `$default`.
    pub method: String,
    /// The path as written, `{parameter}` and `{rest+}` included; empty for `$default`.
    pub path: String,
    /// The logical id of the function that answers.
    pub function: String,
}

impl Route {
    /// What API Gateway calls this route: `GET /v1/things/{thing}` or `$default`.
    pub fn key(&self) -> String {
        if self.is_default() {
            "$default".into()
        } else {
            format!("{} {}", self.method, self.path)
        }
    }

    /// Whether this route takes what no other one takes.
    pub fn is_default(&self) -> bool {
        self.path.is_empty()
    }
}

/// The method of a route that takes every method for which its path has no other route.
pub const ANY: &str = "ANY";

/// The CORS configuration of an HTTP API, in the template's own words.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub struct Cors {
    /// Origins that may read answers; `*` is any.
    pub allow_origins: Vec<String>,
    /// Methods that a preflight allows.
    pub allow_methods: Vec<String>,
    /// Request headers that a preflight allows.
    pub allow_headers: Vec<String>,
    /// Answer headers that a page may read.
    pub expose_headers: Vec<String>,
    /// Whether cookies may be sent; API Gateway refuses it together with the origin `*`.
    pub allow_credentials: bool,
    /// How long a browser may keep the answer to a preflight.
    #[serde(rename = "MaxAge")]
    pub max_age_seconds: Option<u64>,
}

/// A WebSocket API, of the plain resources that CloudFormation has for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketApi {
    /// The expression that finds the route of a message.
    pub selection: String,
    /// The name of its stage, which is the path it is opened at.
    pub stage: String,
    /// Its routes.
    pub routes: Vec<SocketRoute>,
}

/// A route of a WebSocket API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketRoute {
    /// `$connect`, `$disconnect`, `$default`, or what the selection finds.
    pub key: String,
    /// The logical id of the function that answers.
    pub function: String,
    /// Whether what the function answers is sent to the client.
    pub answers: bool,
}

/// A function that reads a table's stream.
#[derive(Clone, Debug)]
pub struct StreamSource {
    /// The logical id of the function.
    pub function: String,
    /// The physical name of the table.
    pub table: String,
    /// Which records come: those that fit one of these, or all where there are none.
    pub filters: Vec<Pattern>,
    /// Most records in one batch.
    pub batch_size: usize,
    /// How often a batch is tried again; none means until the records leave the stream.
    pub retry_attempts: Option<u32>,
    /// Whether a failing batch is cut in two, so that one bad record holds up only itself.
    pub bisect: bool,
}

/// A rule of EventBridge.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The logical id of the function.
    pub function: String,
    /// Which events it brings.
    pub pattern: Pattern,
}

/// A schedule of EventBridge Scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The logical id of the function.
    pub function: String,
    /// The name of the event, such as `Sweep`.
    pub name: String,
    /// How often it calls.
    pub every: Duration,
    /// What it calls with, before Scheduler fills in its own words.
    pub input: String,
}

impl Schedule {
    /// The event of a call at `time`: the input with Scheduler's words filled in.
    pub fn event(&self, time: shared::domain::Timestamp, execution: &str) -> String {
        let seconds = shared::domain::Timestamp::from_ms(time.seconds() * 1000);
        let arn = format!(
            "arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{}",
            self.name
        );
        self.input
            .replace(
                "<aws.scheduler.scheduled-time>",
                &seconds.to_string().replace(".000Z", "Z"),
            )
            .replace("<aws.scheduler.execution-id>", execution)
            .replace("<aws.scheduler.attempt-number>", "1")
            .replace("<aws.scheduler.schedule-arn>", &arn)
    }
}

/// `rate(5 minutes)`: the one form of schedule that this stack runs.
fn rate(expression: &str) -> Option<Duration> {
    let inner = expression.strip_prefix("rate(")?.strip_suffix(')')?;
    let (number, unit) = inner.split_once(' ')?;
    let seconds = match unit {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 60 * 60,
        "day" | "days" => 24 * 60 * 60,
        _ => return None,
    };
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    Some(Duration::from_secs(number * seconds))
}

/// A DynamoDB table. Serialised, it is the body of `CreateTable`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Table {
    /// The physical name.
    #[serde(rename = "TableName")]
    pub name: String,
    /// Names and types of the attributes that keys are made of.
    pub attribute_definitions: Vec<Attribute>,
    /// Partition and sort key.
    pub key_schema: Vec<KeyPart>,
    /// The indexes with their projections.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub global_secondary_indexes: Vec<Index>,
    /// `PAY_PER_REQUEST`, whatever the template says: nothing is provisioned here.
    #[serde(skip_deserializing, default = "on_demand")]
    pub billing_mode: &'static str,
    /// What the stream shows, when the table has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_specification: Option<StreamSpecification>,
    /// The attribute whose time deletes an item.
    #[serde(skip)]
    pub ttl_attribute: Option<String>,
}

/// One attribute of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    /// Its name.
    pub attribute_name: String,
    /// `S`, `N` or `B`.
    pub attribute_type: String,
}

/// One part of a key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyPart {
    /// The attribute.
    pub attribute_name: String,
    /// `HASH` or `RANGE`.
    pub key_type: String,
}

/// A global secondary index.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Index {
    /// Its name.
    pub index_name: String,
    /// Partition and sort key.
    pub key_schema: Vec<KeyPart>,
    /// Which attributes it carries.
    pub projection: Projection,
}

/// Which attributes an index carries.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Projection {
    /// `KEYS_ONLY`, `INCLUDE` or `ALL`.
    pub projection_type: String,
    /// The names, for `INCLUDE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub non_key_attributes: Vec<String>,
}

/// What a table's stream shows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StreamSpecification {
    /// Always true; the template leaves it out, `CreateTable` wants it.
    #[serde(default = "yes")]
    pub stream_enabled: bool,
    /// `NEW_AND_OLD_IMAGES` and so on.
    pub stream_view_type: String,
}

fn yes() -> bool {
    true
}

fn on_demand() -> &'static str {
    "PAY_PER_REQUEST"
}

impl Template {
    /// Gives every function another value of a variable.
    pub fn set(&mut self, variable: &str, value: &str) {
        for function in &mut self.functions {
            let pair = (variable.to_owned(), value.to_owned());
            function.environment.extend([pair]);
        }
    }

    /// The template at `given`, else the one of this folder or of the nearest one above it.
    ///
    /// # Errors
    /// When there is none, and as [`Self::load`].
    pub fn open(given: Option<&Path>) -> Result<Self, TemplateError> {
        let fail = |reason: String| TemplateError {
            path: FILE_NAME.into(),
            reason,
        };
        let found = match given {
            Some(path) => Some(path.to_owned()),
            None => {
                let here = std::env::current_dir().map_err(|error| fail(error.to_string()))?;
                here.ancestors()
                    .map(|folder| folder.join(FILE_NAME))
                    .find(|file| file.is_file())
            }
        };
        let none = || {
            fail(
                "is neither here nor above; start in the repository, or name it with --template"
                    .into(),
            )
        };
        Self::load(&found.ok_or_else(none)?)
    }

    /// Reads a template and what is nested in it.
    ///
    /// # Errors
    /// One line that names the file and the place.
    pub fn load(path: &Path) -> Result<Self, TemplateError> {
        let root = Scope::load(path, &Map::new())?;
        let mut template = Self {
            path: path.to_owned(),
            functions: Vec::new(),
            routes: Vec::new(),
            cors: cors(&root)?,
            sockets: socket_api(&root)?,
            streams: Vec::new(),
            schedules: Vec::new(),
            rules: Vec::new(),
            tables: Vec::new(),
            keys: Vec::new(),
            buckets: Vec::new(),
        };
        for scope in root.all() {
            for (id, properties) in scope.resources_of_type("AWS::DynamoDB::Table") {
                template.tables.push(table(scope, id, properties)?);
            }
            for (id, _) in scope.resources_of_type("AWS::KMS::Key") {
                let arn = scope.resolve_text(&json!({ "Fn::GetAtt": [id, "Arn"] }))?;
                template.keys.push(arn);
            }
            for (id, properties) in scope.resources_of_type("AWS::S3::Bucket") {
                template.buckets.push(buckets::read(scope, id, properties)?);
            }
        }
        for (id, properties) in root.resources_of_type("AWS::Serverless::Function") {
            template.functions.push(function(&root, id, properties)?);
            let events = properties["Events"].as_object().into_iter().flatten();
            for (name, event) in events {
                template.event(&root, id, name, event)?;
            }
        }
        if template.functions.is_empty() {
            return Err(root.error("there is no AWS::Serverless::Function in Resources"));
        }
        Ok(template)
    }

    fn event(
        &mut self,
        scope: &Scope,
        function: &str,
        name: &str,
        event: &Value,
    ) -> Result<(), TemplateError> {
        let place = format!("Resources.{function}.Properties.Events.{name}");
        let properties = scope.resolve(&event["Properties"])?;
        match event["Type"].as_str().unwrap_or_default() {
            "HttpApi" => {
                let text = |key: &str| properties[key].as_str().unwrap_or_default().to_owned();
                let (method, path) = (text("Method").to_uppercase(), text("Path"));
                if method.is_empty() != path.is_empty() {
                    return Err(scope.error(format!("{place} needs Method and Path, or neither")));
                }
                let route = Route {
                    method,
                    path,
                    function: function.to_owned(),
                };
                if self.routes.iter().any(|known| known.key() == route.key()) {
                    return Err(scope.error(format!("{place} repeats the route {}", route.key())));
                }
                self.routes.push(route);
            }
            "DynamoDB" => {
                let stream = properties["Stream"].as_str().unwrap_or_default();
                let table = self
                    .tables
                    .iter()
                    .find(|table| stream_arn(&table.name) == stream);
                let table = table.filter(|table| table.stream_specification.is_some());
                let table = table.ok_or_else(|| {
                    scope.error(format!("{place}.Properties.Stream is not a table's stream"))
                })?;
                let filters = properties["FilterCriteria"]["Filters"].as_array();
                let filters = filters.into_iter().flatten().map(|filter| {
                    let text = filter["Pattern"].as_str().unwrap_or_default();
                    let pattern = serde_json::from_str(text).map_err(|error| error.to_string());
                    pattern.and_then(Pattern::new)
                });
                let filters = filters.collect::<Result<_, _>>().map_err(|cause| {
                    scope.error(format!("{place}.Properties.FilterCriteria: {cause}"))
                })?;
                // AWS's own defaults, where the template says nothing.
                self.streams.push(StreamSource {
                    function: function.to_owned(),
                    table: table.name.clone(),
                    filters,
                    batch_size: number(&properties["BatchSize"]).unwrap_or(100) as usize,
                    retry_attempts: number(&properties["MaximumRetryAttempts"]).map(|n| n as u32),
                    bisect: properties["BisectBatchOnFunctionError"] == true,
                });
            }
            "EventBridgeRule" => self.rules.push(Rule {
                function: function.to_owned(),
                pattern: Pattern::new(properties["Pattern"].clone())
                    .map_err(|cause| scope.error(format!("{place}.Properties.Pattern: {cause}")))?,
            }),
            "ScheduleV2" => {
                let text = |key: &str| properties[key].as_str().unwrap_or_default().to_owned();
                let every = rate(&text("ScheduleExpression")).ok_or_else(|| {
                    scope.error(format!(
                        "{place}.Properties.ScheduleExpression must be a rate(…)"
                    ))
                })?;
                self.schedules.push(Schedule {
                    function: function.to_owned(),
                    name: name.to_owned(),
                    every,
                    input: text("Input"),
                });
            }
            other => {
                return Err(
                    scope.error(format!("{place}: the embedded stack has no event {other}"))
                );
            }
        }
        Ok(())
    }
}

fn function(scope: &Scope, id: &str, properties: &Value) -> Result<Function, TemplateError> {
    let place = format!("Resources.{id}.Properties");
    let globals = &scope.section("Globals")["Function"];
    let either = |key: &str| match &properties[key] {
        Value::Null => &globals[key],
        own => own,
    };
    let code = scope.resolve_text(either("CodeUri"))?;
    let folder = Path::new(&code).file_name().and_then(|name| name.to_str());
    let folder = folder.ok_or_else(|| scope.error(format!("{place}.CodeUri must be a folder")))?;
    // 3 s is Lambda's default.
    let seconds = number(&scope.resolve(either("Timeout"))?).unwrap_or(3);
    let mut environment = BTreeMap::new();
    for source in [globals, properties] {
        let variables = source["Environment"]["Variables"]
            .as_object()
            .into_iter()
            .flatten();
        for (name, value) in variables.filter(|(name, _)| !REPLACED.contains(&name.as_str())) {
            environment.insert(name.clone(), scope.resolve_text(value)?);
        }
    }
    Ok(Function {
        id: id.to_owned(),
        folder: folder.to_owned(),
        timeout: Duration::from_secs(seconds),
        environment,
    })
}

fn table(scope: &Scope, id: &str, properties: &Value) -> Result<Table, TemplateError> {
    let place = format!("Resources.{id}.Properties");
    let mut resolved = scope.resolve(properties)?;
    let ttl = resolved["TimeToLiveSpecification"].take();
    if resolved["TableName"].is_null() {
        resolved["TableName"] = id.into();
    }
    let mut table: Table = typed(scope, &place, resolved)?;
    table.ttl_attribute = (ttl["Enabled"] == true)
        .then(|| ttl["AttributeName"].as_str().map(str::to_owned))
        .flatten();
    Ok(table)
}

fn cors(scope: &Scope) -> Result<Option<Cors>, TemplateError> {
    let api = scope.resources_of_type("AWS::Serverless::HttpApi").next();
    let own = api.map(|(_, properties)| &properties["CorsConfiguration"]);
    let configuration = match own {
        Some(value) if !value.is_null() => value,
        _ => &scope.section("Globals")["HttpApi"]["CorsConfiguration"],
    };
    match scope.resolve(configuration)? {
        Value::Null | Value::Bool(false) => Ok(None),
        // SAM's shorthand: `true` is any origin.
        Value::Bool(true) => Ok(Some(Cors {
            allow_origins: vec!["*".into()],
            ..Cors::default()
        })),
        object => typed(scope, "CorsConfiguration", object).map(Some),
    }
}

/// The one WebSocket API of a template: its routes lead through an integration to a function.
fn socket_api(scope: &Scope) -> Result<Option<SocketApi>, TemplateError> {
    let apis = scope.resources_of_type("AWS::ApiGatewayV2::Api");
    let mut apis = apis.filter(|(_, properties)| properties["ProtocolType"] == "WEBSOCKET");
    let Some((api, properties)) = apis.next() else {
        return Ok(None);
    };
    let resolved = |kind: &'static str| -> Result<Vec<(&str, Value)>, TemplateError> {
        let all = scope.resources_of_type(kind);
        let all = all.map(|(id, properties)| Ok((id, scope.resolve(properties)?)));
        let all: Result<Vec<_>, TemplateError> = all.collect();
        Ok(all?
            .into_iter()
            .filter(|(_, properties)| properties["ApiId"] == api)
            .collect())
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let stages = resolved("AWS::ApiGatewayV2::Stage")?;
    let stage = stages.first().map(|(_, stage)| text(&stage["StageName"]));
    let stage = stage.ok_or_else(|| scope.error(format!("{api} has no stage")))?;
    let integrations = resolved("AWS::ApiGatewayV2::Integration")?;
    let responses = resolved("AWS::ApiGatewayV2::RouteResponse")?;
    let mut routes = Vec::new();
    for (id, route) in resolved("AWS::ApiGatewayV2::Route")? {
        let target = text(&route["Target"]);
        let integration = target.strip_prefix("integrations/").unwrap_or_default();
        let integration = integrations.iter().find(|(id, _)| *id == integration);
        let uri = integration.map(|(_, integration)| text(&integration["IntegrationUri"]));
        // arn:…/functions/<function's ARN>/invocations; an alias is the function itself here.
        let function = uri.as_deref().and_then(|uri| {
            let function = uri
                .split_once("/functions/")?
                .1
                .strip_suffix("/invocations")?;
            function
                .strip_prefix("local:")?
                .split('.')
                .next()
                .map(str::to_owned)
        });
        let function = function.ok_or_else(|| {
            scope.error(format!(
                "Resources.{id}.Properties.Target leads to no function"
            ))
        })?;
        let answers = responses
            .iter()
            .any(|(_, response)| response["RouteId"] == id);
        routes.push(SocketRoute {
            key: text(&route["RouteKey"]),
            function,
            answers,
        });
    }
    let selection = text(&scope.resolve(&properties["RouteSelectionExpression"])?);
    Ok(Some(SocketApi {
        selection,
        stage,
        routes,
    }))
}

fn typed<T: DeserializeOwned>(
    scope: &Scope,
    place: &str,
    value: Value,
) -> Result<T, TemplateError> {
    serde_json::from_value(value).map_err(|error| scope.error(format!("{place}: {error}")))
}

/// A whole number; a parameter's default may be one in quotes.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests;
