//! Buckets, what their lifecycle says, and who is told of what comes into them.

use serde_json::{Value, json};

use super::{Scope, TemplateError, number};

/// An S3 bucket with versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The physical name.
    pub name: String,
    /// What its lifecycle says.
    pub rules: Vec<LifecycleRule>,
    /// Whether EventBridge is told of what comes into it.
    pub events: bool,
    /// The beginnings of the keys that are scanned for harmful files.
    pub scanned: Vec<String>,
}

/// A rule of a bucket's lifecycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleRule {
    /// The beginning of the keys that it is about; empty for all.
    pub prefix: String,
    /// After how many days an object is hidden behind a marker.
    pub expiration_days: Option<u64>,
    /// After how many days a version goes that is not the current one.
    pub noncurrent_days: Option<u64>,
}

/// A bucket as this stack keeps to it: days of its lifecycle under a prefix, events, and scans.
pub(super) fn read(scope: &Scope, id: &str, properties: &Value) -> Result<Bucket, TemplateError> {
    let place = format!("Resources.{id}.Properties");
    if properties["VersioningConfiguration"]["Status"] != "Enabled" {
        return Err(scope.error(format!(
            "{place}: the embedded stack has buckets with versions only"
        )));
    }
    let name = scope.resolve_text(&json!({ "Ref": id }))?;
    let mut rules = Vec::new();
    let written = properties["LifecycleConfiguration"]["Rules"].as_array();
    for rule in written.into_iter().flatten() {
        if rule["Status"] != "Enabled" {
            continue;
        }
        rules.push(LifecycleRule {
            prefix: rule["Prefix"].as_str().unwrap_or_default().to_owned(),
            expiration_days: number(&scope.resolve(&rule["ExpirationInDays"])?),
            noncurrent_days: number(
                &scope.resolve(&rule["NoncurrentVersionExpiration"]["NoncurrentDays"])?,
            ),
        });
    }
    let told = &properties["NotificationConfiguration"]["EventBridgeConfiguration"];
    let mut scanned = Vec::new();
    for (_, plan) in scope.resources_of_type("AWS::GuardDuty::MalwareProtectionPlan") {
        let protected = &plan["ProtectedResource"]["S3Bucket"];
        if scope.resolve(&protected["BucketName"])? == name.as_str() {
            let prefixes = protected["ObjectPrefixes"].as_array().into_iter().flatten();
            scanned.extend(prefixes.filter_map(Value::as_str).map(str::to_owned));
        }
    }
    Ok(Bucket {
        name,
        rules,
        events: told["EventBridgeEnabled"] == true,
        scanned,
    })
}
