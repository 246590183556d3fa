//! What the policy is written from: the code's own rules, and the templates of the deployment.
//! Every number in a sentence comes from here, and from nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value};
use shared::domain::Timestamp;
use shared::domain::billing::kept;
use shared::domain::policy::{Policy, Profile};
use shared::domain::retention::{Class, Expiry, expiry};

use crate::functions::routes_of;
use crate::intrinsics::{Scope, TemplateError};
use crate::template::{Route, Template};

/// Everything a rendering may say.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The rules that a workspace of the profile begins with.
    pub policy: Policy,
    /// What is deployed.
    pub deployment: Deployment,
}

/// What the templates say about a deployment.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// `GET /path` of every route there is.
    pub routes: BTreeSet<String>,
    /// Every AWS service that data passes, and what for.
    pub services: BTreeMap<&'static str, &'static str>,
    /// Days that each table can be restored for, by its logical name.
    pub backup_days: BTreeMap<String, u64>,
    /// Days that a daily copy of the table of data is kept.
    pub vault_days: u64,
    /// The longest that any log is kept.
    pub log_days: u64,
    /// The longest that a queue of failures keeps what failed.
    pub failure_days: u64,
    /// How often the sweep runs.
    pub sweep: Duration,
}

/// What a type of resource means to a reader; `None` where it adds nothing to what others say.
const MEANINGS: &[(&str, Option<(&str, &str)>)] = &[
    (
        "AWS::Backup::BackupVault",
        Some((
            "AWS Backup",
            "keeps daily copies of the table of data and of sealed files, and none of the keys",
        )),
    ),
    ("AWS::Backup::BackupPlan", None),
    ("AWS::Backup::BackupSelection", None),
    ("AWS::Budgets::Budget", None),
    ("AWS::CloudWatch::CompositeAlarm", None),
    ("AWS::CloudWatch::Dashboard", None),
    ("AWS::CloudWatch::Alarm", None),
    (
        "AWS::DynamoDB::Table",
        Some((
            "Amazon DynamoDB",
            "keeps the data and, in a table of their own, the keys",
        )),
    ),
    (
        "AWS::GuardDuty::MalwareProtectionPlan",
        Some((
            "Amazon GuardDuty",
            "looks through every uploaded file for what is harmful, and keeps none of it",
        )),
    ),
    ("AWS::IAM::Role", None),
    (
        "AWS::KMS::Key",
        Some(("AWS KMS", "wraps the keys and encrypts tables and logs")),
    ),
    (
        "AWS::Logs::LogGroup",
        Some((
            "Amazon CloudWatch",
            "technical logs and measurements that name nobody",
        )),
    ),
    ("AWS::SES::ConfigurationSet", None),
    ("AWS::SES::ConfigurationSetEventDestination", None),
    ("AWS::SES::ReceiptRule", None),
    (
        "AWS::S3::Bucket",
        Some((
            "Amazon S3",
            "keeps files: of conversations and exports, sealed under keys of their own, and the record of erasures",
        )),
    ),
    ("AWS::S3::BucketPolicy", None),
    (
        "AWS::SQS::Queue",
        Some((
            "Amazon SQS",
            "positions of work that failed, never its content",
        )),
    ),
    ("AWS::Serverless::Application", None),
    (
        "AWS::Serverless::Function",
        Some(("AWS Lambda", "runs the program")),
    ),
    (
        "AWS::Serverless::HttpApi",
        Some((
            "Amazon API Gateway",
            "receives requests and live connections",
        )),
    ),
    (
        "AWS::Serverless::WebSocketApi",
        Some((
            "Amazon API Gateway",
            "receives requests and live connections",
        )),
    ),
    (
        "AWS::ApiGatewayV2::Api",
        Some((
            "Amazon API Gateway",
            "receives requests and live connections",
        )),
    ),
    ("AWS::ApiGatewayV2::Integration", None),
    ("AWS::ApiGatewayV2::Route", None),
    ("AWS::ApiGatewayV2::RouteResponse", None),
    ("AWS::ApiGatewayV2::Stage", None),
    ("AWS::ApiGatewayV2::Deployment", None),
    ("AWS::Lambda::Permission", None),
];

impl Facts {
    /// The facts of a profile as code and templates have them now.
    pub fn of(profile: Profile, deployment: &Deployment) -> Self {
        Self {
            policy: Policy::of(profile),
            deployment: deployment.clone(),
        }
    }

    /// Whether a deployment has this route, such as `DELETE /v1/account`.
    pub fn has(&self, route: &str) -> bool {
        self.deployment.routes.contains(route)
    }

    /// How long an item of a class lives; none where it goes with something else.
    pub fn length(&self, class: Class) -> Option<Duration> {
        match expiry(class, &self.policy, Timestamp::from_ms(0)) {
            Expiry::With(_) => None,
            Expiry::At(end) => Some(Duration::from_millis(
                u64::try_from(end.ms()).unwrap_or_default(),
            )),
        }
    }

    /// How long an item of a class lives, in words: `90 days`, or `as long as the account`.
    pub fn life(&self, class: Class) -> String {
        if class == Class::Billing {
            return format!(
                "{} years from the end of the calendar year of its last movement",
                kept::YEARS
            );
        }
        match expiry(class, &self.policy, Timestamp::from_ms(0)) {
            Expiry::With(what) => format!("as long as {what}"),
            Expiry::At(_) => words(self.length(class).unwrap_or_default()),
        }
    }
}

/// A length of time in words: `1 day`, `2 hours and 10 minutes`.
pub fn words(length: Duration) -> String {
    let units = [
        ("day", 86_400),
        ("hour", 3_600),
        ("minute", 60),
        ("second", 1),
    ];
    let mut left = length.as_secs();
    let mut parts = Vec::new();
    for (name, seconds) in units {
        let count = left / seconds;
        left %= seconds;
        if count > 0 {
            let plural = if count == 1 { "" } else { "s" };
            parts.push(format!("{count} {name}{plural}"));
        }
    }
    parts.join(" and ")
}

impl Deployment {
    /// Reads the templates.
    ///
    /// # Errors
    /// When they cannot be read, or hold a type of resource that nobody has explained to readers.
    pub fn read(template: &Template) -> Result<Self, TemplateError> {
        let root = Scope::load(&template.path, &Map::new())?;
        let scopes = root.all();
        let of_type = |kind: &str| -> Vec<(String, Value)> {
            let found = scopes.iter().flat_map(|scope| {
                scope
                    .resources_of_type(kind)
                    .map(|(id, properties)| (id.to_owned(), properties.clone()))
                    .collect::<Vec<_>>()
            });
            found.collect()
        };
        let largest = |kind: &str, pointer: &str| {
            let numbers = of_type(kind)
                .into_iter()
                .filter_map(|(_, properties)| properties.pointer(pointer)?.as_u64());
            numbers.max().unwrap_or_default()
        };
        let backups = of_type("AWS::DynamoDB::Table")
            .into_iter()
            .filter_map(|(id, table)| {
                let days = "/PointInTimeRecoverySpecification/RecoveryPeriodInDays";
                Some((id, table.pointer(days)?.as_u64()?))
            });
        let sweep = template
            .schedules
            .iter()
            .find(|schedule| schedule.input.contains("\"sweep\""))
            .map(|schedule| schedule.every)
            .ok_or_else(|| root.error("there is no schedule of the sweep"))?;
        Ok(Self {
            routes: routes_of(template).iter().map(Route::key).collect(),
            services: services(&root)?,
            backup_days: backups.collect(),
            vault_days: largest(
                "AWS::Backup::BackupPlan",
                "/BackupPlan/BackupPlanRule/0/Lifecycle/DeleteAfterDays",
            ),
            log_days: largest("AWS::Logs::LogGroup", "/RetentionInDays"),
            failure_days: largest("AWS::SQS::Queue", "/MessageRetentionPeriod") / 86_400,
            sweep,
        })
    }

    /// Days of backups of the table of data, and of the table of keys.
    pub fn backups(&self) -> (u64, u64) {
        let days = |table: &str| self.backup_days.get(table).copied().unwrap_or_default();
        (days("DataTable"), days("KeysTable"))
    }
}

/// Every service that the templates use. One that nobody has explained is an error: it would be a
/// subprocessor that readers are not told of.
fn services(root: &Scope) -> Result<BTreeMap<&'static str, &'static str>, TemplateError> {
    let mut services = BTreeMap::new();
    for scope in root.all() {
        for resource in scope
            .section("Resources")
            .as_object()
            .into_iter()
            .flat_map(Map::values)
        {
            let kind = resource["Type"].as_str().unwrap_or_default();
            let meaning = MEANINGS.iter().find(|(known, _)| *known == kind);
            match meaning {
                Some((_, Some((name, what)))) => {
                    services.insert(*name, *what);
                }
                Some((_, None)) => {}
                None => {
                    let reason = format!(
                        "{kind}: say in local/src/policy/facts.rs what it means to readers"
                    );
                    return Err(scope.error(reason));
                }
            }
        }
        let whole = scope.section("Resources").to_string();
        if whole.contains("ses:SendEmail") {
            services.insert("Amazon SES", "sends mail");
        }
        if whole.contains("\"EventBridgeRule\"") {
            services.insert(
                "Amazon EventBridge",
                "tells the program the time, and which mails came back or were not wanted; keeps nothing",
            );
        }
        if scope
            .section("Globals")
            .to_string()
            .contains("\"Tracing\":\"Active\"")
        {
            services.insert(
                "AWS X-Ray",
                "how long the steps of a request took, without content",
            );
        }
    }
    Ok(services)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_said_as_people_say_it() {
        assert_eq!(words(Duration::from_secs(86_400)), "1 day");
        assert_eq!(words(Duration::from_secs(7_800)), "2 hours and 10 minutes");
        assert_eq!(words(Duration::from_secs(90 * 86_400)), "90 days");
    }
}
