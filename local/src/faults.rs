//! Faults at the SDK client, because no emulator makes them: throttling, server errors, timeouts
//! before and after the commit, transaction conflicts and unprocessed keys.
//!
//! A [`Fault`] stands between the SDK and its HTTP connection, so everything above it is the
//! production code: the SDK parses the answer, classifies it and retries as it does on AWS.
//!
//! # Retries
//! A fault is spent by one *attempt*, which is one HTTP request. The SDK retries throttling, server
//! errors and timeouts by itself, so `Fault::new(Kind::Throttle)` is healed by its second attempt
//! and the caller sees only the time it took. To let a fault through to the caller, plan as many
//! as the SDK makes attempts: [`Fault::times`]. [`Kind::Conflict`] on a transaction is not retried
//! by the SDK and reaches the caller at once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::{Value, json};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The service refuses for now: `ProvisionedThroughputExceededException` and its kin.
    Throttle,
    /// The service answers 500; nothing was written.
    ServerError,
    /// The request never arrives; the caller waits in vain.
    TimeoutBefore,
    /// The request is carried out, its answer is lost.
    TimeoutAfter,
    /// Another transaction holds an item. Takes DynamoDB's writes and transactions only.
    Conflict,
    /// A batch is answered but for its last entry. Takes DynamoDB's batches of two or more only.
    Unprocessed,
}

/// One planned fault: which attempts it takes, and what happens to them.
#[derive(Clone)]
pub struct Fault {
    kind: Kind,
    operation: Option<String>,
    condition: Option<Arc<Condition>>,
    skip: usize,
    times: usize,
}

type Condition = dyn Fn(&Call) -> bool + Send + Sync;

impl Fault {
    /// Takes the next attempt of any operation, once.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            operation: None,
            condition: None,
            skip: 0,
            times: 1,
        }
    }

    /// Takes only attempts of this operation, such as `TransactWriteItems` or `SendEmail`.
    pub fn on(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Takes only attempts for which the condition holds.
    pub fn when(mut self, condition: impl Fn(&Call) -> bool + Send + Sync + 'static) -> Self {
        self.condition = Some(Arc::new(condition));
        self
    }

    /// Lets this many attempts that it could take go by first.
    pub fn after(mut self, attempts: usize) -> Self {
        self.skip = attempts;
        self
    }

    /// Takes this many attempts in a row.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    fn takes(&self, call: &Call) -> bool {
        let possible = match self.kind {
            Kind::Conflict => call.conflict().is_some(),
            Kind::Unprocessed => call.without_last_entry().is_some(),
            _ => true,
        };
        possible
            && self
                .operation
                .as_ref()
                .is_none_or(|operation| *operation == call.operation)
            && self
                .condition
                .as_ref()
                .is_none_or(|condition| condition(call))
    }
}

/// One attempt as a fault sees it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which service it goes to.
    pub service: Service,
    /// The operation: `PutItem`, `GenerateDataKey`, `SendEmail`.
    pub operation: String,
    /// The request's body; null when it is not JSON.
    pub body: Value,
    /// Where it goes; of a file, that ends with its name.
    pub uri: String,
}

/// The services that a stack's functions call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// DynamoDB.
    Data,
    /// KMS.
    Kms,
    /// SES v2.
    Mail,
    /// The WebSocket API's connections.
    Sockets,
    /// S3.
    Objects,
}

impl Call {
    fn of(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let (service, operation) = match target.split_once('.') {
            Some((prefix, operation)) if prefix.starts_with("DynamoDB") => {
                (Service::Data, operation)
            }
            Some((_, operation)) => (Service::Kms, operation),
            None if request.uri().contains("/@connections/") => {
                let operation = match request.method() {
                    "POST" => "PostToConnection",
                    "DELETE" => "DeleteConnection",
                    _ => "GetConnection",
                };
                (Service::Sockets, operation)
            }
            // Of the services without a target, S3 alone has the hash of the body signed as a header.
            None if request.headers().contains_key("x-amz-content-sha256") => {
                (Service::Objects, object_operation(request))
            }
            None => (Service::Mail, "SendEmail"),
        };
        let body = request
            .body()
            .bytes()
            .and_then(|bytes| serde_json::from_slice(bytes).ok());
        Self {
            service,
            operation: operation.to_owned(),
            body: body.unwrap_or_default(),
            uri: request.uri().to_owned(),
        }
    }

    /// The exception and its reasons that a conflict means for this call; none for a read.
    fn conflict(&self) -> Option<Value> {
        match self.operation.as_str() {
            "TransactWriteItems" | "TransactGetItems" => {
                let entries = self.body["TransactItems"].as_array()?.len();
                let reasons: Vec<Value> = (0..entries)
                    .map(|entry| match entry {
                        0 => json!({
                            "Code": "TransactionConflict",
                            "Message": "Transaction is ongoing for the item",
                        }),
                        _ => json!({ "Code": "None" }),
                    })
                    .collect();
                Some(json!({
                    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                    "message": "Transaction cancelled, please refer cancellation reasons for \
                                specific reasons [TransactionConflict]",
                    "CancellationReasons": reasons,
                }))
            }
            "PutItem" | "UpdateItem" | "DeleteItem" => Some(json!({
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
                "message": "Transaction is ongoing for the item",
            })),
            _ => None,
        }
    }

    /// The batch without its last entry, and what the answer names as not processed.
    fn without_last_entry(&self) -> Option<(Value, &'static str, Value)> {
        let answer_field = match self.operation.as_str() {
            "BatchGetItem" => "UnprocessedKeys",
            "BatchWriteItem" => "UnprocessedItems",
            _ => return None,
        };
        let tables = self.body["RequestItems"].as_object()?;
        let entries = |table: &Value| {
            table["Keys"]
                .as_array()
                .or(table.as_array())
                .map_or(0, Vec::len)
        };
        let (last, total) = (
            tables.keys().next_back()?,
            tables.values().map(entries).sum::<usize>(),
        );
        if total < 2 {
            return None;
        }
        let mut sent = self.body.clone();
        let table = &mut sent["RequestItems"][last];
        let mut withheld = table.clone();
        let list = |value: &mut Value| match value {
            Value::Array(list) => std::mem::take(list),
            other => other["Keys"]
                .as_array_mut()
                .map(std::mem::take)
                .unwrap_or_default(),
        };
        let put = |value: &mut Value, entries: Vec<Value>| match value {
            Value::Array(list) => *list = entries,
            other => other["Keys"] = entries.into(),
        };
        let mut kept = list(table);
        put(&mut withheld, kept.pop().into_iter().collect());
        let is_empty = kept.is_empty();
        put(table, kept);
        if is_empty {
            sent["RequestItems"].as_object_mut()?.remove(last);
        }
        Some((sent, answer_field, json!({ last.as_str(): withheld })))
    }

    /// An error in the words of its service: XML for S3, JSON for all others.
    fn answer(
        &self,
        status: u16,
        exception: &'static str,
        message: &str,
    ) -> Result<HttpResponse, ConnectorError> {
        if self.service != Service::Objects {
            let body = json!({ "__type": exception, "message": message });
            return answer(status, exception, &body);
        }
        let status =
            StatusCode::try_from(status).map_err(|error| ConnectorError::user(error.into()))?;
        let body = format!("<Error><Code>{exception}</Code><Message>{message}</Message></Error>");
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        response
            .headers_mut()
            .insert("content-type", "application/xml");
        Ok(response)
    }

    fn throttled(&self) -> (u16, &'static str) {
        match self.service {
            Service::Data => (400, "ProvisionedThroughputExceededException"),
            Service::Kms => (400, "ThrottlingException"),
            Service::Mail => (429, "TooManyRequestsException"),
            Service::Sockets => (429, "LimitExceededException"),
            Service::Objects => (503, "SlowDown"),
        }
    }
}

/// What a request to S3 asks for: the method and the query say so.
fn object_operation(request: &HttpRequest) -> &'static str {
    let query = request.uri().split_once('?').map_or("", |(_, query)| query);
    let lists = query.split('&').any(|part| part.starts_with("versions"));
    match request.method() {
        "PUT" => "PutObject",
        "DELETE" => "DeleteObject",
        "HEAD" => "HeadObject",
        _ if lists => "ListObjectVersions",
        _ => "GetObject",
    }
}

/// The plan of faults of one stack, and the count of its calls. Clones share both.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

/// Whether a deletion of the item with this key, in DynamoDB's JSON, is ignored.
type Ignores = dyn Fn(&Value) -> bool + Send + Sync;

/// Whether a deletion of the file at this address is ignored.
type IgnoresFiles = dyn Fn(&str) -> bool + Send + Sync;

#[derive(Default)]
struct Plan {
    faults: Vec<Fault>,
    ignores: Option<Arc<Ignores>>,
    ignores_files: Option<Arc<IgnoresFiles>>,
    attempts: BTreeMap<String, usize>,
    spent: usize,
}

impl Faults {
    /// Adds a fault. Of two that could take an attempt, the earlier one takes it.
    pub fn plan(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// Acknowledges the deletions of some items and does not carry them out: an eraser that is
    /// switched off, for tests that must then find what is left.
    pub fn ignore_deletions(&self, of: impl Fn(&Value) -> bool + Send + Sync + 'static) {
        self.lock().ignores = Some(Arc::new(of));
    }

    /// The same of files, by the address that a deletion goes to.
    pub fn ignore_deletions_of_files(&self, of: impl Fn(&str) -> bool + Send + Sync + 'static) {
        self.lock().ignores_files = Some(Arc::new(of));
    }

    /// How many attempts of an operation were made since the stack started or [`Self::reset`].
    pub fn attempts(&self, operation: &str) -> usize {
        self.lock().attempts.get(operation).copied().unwrap_or(0)
    }

    /// How many attempts were made in all.
    pub fn all_attempts(&self) -> usize {
        self.lock().attempts.values().sum()
    }

    /// How many attempts a fault has taken. Zero after a run says that the run made fewer calls
    /// than the fault let go by: the end of a walk over "fault at call k, for every k".
    pub fn spent(&self) -> usize {
        self.lock().spent
    }

    /// Drops every planned fault and every count.
    pub fn reset(&self) {
        *self.lock() = Plan::default();
    }

    /// The client, with these faults in front of it.
    pub fn in_front_of(&self, client: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(FaultyClient {
            client,
            faults: self.clone(),
        })
    }

    /// Counts an attempt and says which fault takes it.
    fn next(&self, call: &Call) -> Option<Kind> {
        let mut plan = self.lock();
        *plan.attempts.entry(call.operation.clone()).or_default() += 1;
        // A fault that lets this attempt go by counts it, and the next fault is asked.
        let taken = plan.faults.iter_mut().position(|fault| {
            let takes = fault.takes(call);
            let waits = takes && fault.skip > 0;
            fault.skip -= usize::from(waits);
            takes && !waits
        })?;
        plan.spent += 1;
        let fault = &mut plan.faults[taken];
        let kind = fault.kind;
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            plan.faults.remove(taken);
        }
        Some(kind)
    }

    /// What is left of a request without the deletions that are ignored; none when all of it is left.
    fn without_ignored(&self, call: &Call) -> Option<Value> {
        if call.operation == "DeleteObject" {
            let ignores = self.lock().ignores_files.clone()?;
            return ignores(&call.uri).then_some(Value::Null);
        }
        let ignores = self.lock().ignores.clone()?;
        let is_ignored = |deletion: &Value| ignores(&deletion["Key"]);
        let mut sent = call.body.clone();
        let (before, after) = match call.operation.as_str() {
            "DeleteItem" if is_ignored(&sent) => return Some(Value::Null),
            "TransactWriteItems" => {
                let entries = sent["TransactItems"].as_array_mut()?;
                let before = entries.len();
                entries.retain(|entry| !is_ignored(&entry["Delete"]));
                (before, entries.len())
            }
            "BatchWriteItem" => {
                let tables = sent["RequestItems"].as_object_mut()?;
                let (mut before, mut after) = (0, 0);
                for entries in tables.values_mut().filter_map(Value::as_array_mut) {
                    before += entries.len();
                    entries.retain(|entry| !is_ignored(&entry["DeleteRequest"]));
                    after += entries.len();
                }
                tables.retain(|_, entries| entries.as_array().is_some_and(|list| !list.is_empty()));
                (before, after)
            }
            _ => return None,
        };
        match after {
            0 => Some(Value::Null),
            _ if after == before => None,
            _ => Some(sent),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults")
            .field("planned", &self.lock().faults.len())
            .finish()
    }
}

#[derive(Debug)]
struct FaultyClient {
    client: SharedHttpClient,
    faults: Faults,
}

impl HttpClient for FaultyClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(FaultyConnector {
            connector: self.client.http_connector(settings, components),
            faults: self.faults.clone(),
        })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_base_client_config(&self.client, components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_final_config(&self.client, components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.client.connector_metadata()
    }
}

#[derive(Debug)]
struct FaultyConnector {
    connector: SharedHttpConnector,
    faults: Faults,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let call = Call::of(&request);
        let Some(kind) = self.faults.next(&call) else {
            match self.faults.without_ignored(&call) {
                None => {}
                Some(Value::Null) => return ready(acknowledged()),
                Some(rest) => replace_body(&mut request, &rest),
            }
            return self.connector.call(request);
        };
        match kind {
            Kind::Throttle => {
                let (status, exception) = call.throttled();
                ready(call.answer(status, exception, "Rate exceeded"))
            }
            Kind::ServerError => {
                let exception = match call.service {
                    Service::Objects => "InternalError",
                    _ => "InternalServerError",
                };
                ready(call.answer(500, exception, "planned"))
            }
            Kind::TimeoutBefore => ready(Err(timeout())),
            Kind::TimeoutAfter => {
                let sent = self.connector.call(request);
                HttpConnectorFuture::new(async move {
                    let carried_out = sent.await?;
                    drop(carried_out);
                    Err(timeout())
                })
            }
            Kind::Conflict => ready(answer(
                400,
                "TransactionCanceledException",
                &call.conflict().unwrap_or_default(),
            )),
            Kind::Unprocessed => {
                let Some((sent, field, withheld)) = call.without_last_entry() else {
                    return self.connector.call(request);
                };
                replace_body(&mut request, &sent);
                let sent = self.connector.call(request);
                HttpConnectorFuture::new(
                    async move { add_field(sent.await?, field, withheld).await },
                )
            }
        }
    }
}

fn ready(result: Result<HttpResponse, ConnectorError>) -> HttpConnectorFuture {
    HttpConnectorFuture::ready(result)
}

fn timeout() -> ConnectorError {
    ConnectorError::timeout("a planned fault: the answer does not come".into())
}

fn acknowledged() -> Result<HttpResponse, ConnectorError> {
    let mut response = HttpResponse::new(status_of(200)?, SdkBody::from("{}"));
    response
        .headers_mut()
        .insert("content-type", "application/x-amz-json-1.0");
    Ok(response)
}

fn status_of(status: u16) -> Result<StatusCode, ConnectorError> {
    StatusCode::try_from(status).map_err(|error| ConnectorError::user(error.into()))
}

fn answer(
    status: u16,
    exception: &'static str,
    body: &Value,
) -> Result<HttpResponse, ConnectorError> {
    let mut response = HttpResponse::new(status_of(status)?, SdkBody::from(body.to_string()));
    response
        .headers_mut()
        .insert("content-type", "application/x-amz-json-1.0");
    // SES speaks REST and names its errors here; the JSON protocols read `__type` first.
    response.headers_mut().insert("x-amzn-errortype", exception);
    Ok(response)
}

fn replace_body(request: &mut HttpRequest, body: &Value) {
    let text = body.to_string();
    request
        .headers_mut()
        .insert("content-length", text.len().to_string());
    *request.body_mut() = SdkBody::from(text);
}

async fn add_field(
    response: HttpResponse,
    field: &'static str,
    value: Value,
) -> Result<HttpResponse, ConnectorError> {
    let status = response.status();
    let bytes = http_body_util::BodyExt::collect(response.into_body())
        .await
        .map_err(ConnectorError::io)?
        .to_bytes();
    let mut body: Value = serde_json::from_slice(&bytes)
        .map_err(|error| ConnectorError::other(error.into(), None))?;
    body[field] = value;
    let mut changed = HttpResponse::new(status, SdkBody::from(body.to_string()));
    changed
        .headers_mut()
        .insert("content-type", "application/x-amz-json-1.0");
    Ok(changed)
}

#[cfg(test)]
mod tests;
