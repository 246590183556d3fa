//! What the templates promise besides routes: variables, copies of data and how long they last,
//! queues, logs, and permissions that hold only what is named.

mod backups;
mod edge;
mod objective;
mod policies;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;

use harness::{Harness, repository, template};
use local::functions::aws_environment;
use local::intrinsics::Scope;
use serde_json::{Map, Value, json};
use shared::app::Config;
use shared::domain::retention::{DATA_PITR_DAYS, erasure_days};
use shared::store::objects::PASSING;

const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

#[test]
fn the_template_the_emulator_and_the_code_name_the_same_variables() {
    let known: BTreeSet<String> = Config::VARIABLES.map(str::to_owned).into();
    for (function, properties) in functions() {
        let own = scope();
        let globals = &own.section("Globals")["Function"]["Environment"]["Variables"];
        let both = [globals, &properties["Environment"]["Variables"]];
        let set = both.iter().filter_map(|variables| variables.as_object());
        let set: BTreeSet<String> = set.flat_map(|map| map.keys().cloned()).collect();
        let mut known = known.clone();
        // The secret of the relay lies with the one function that needs it.
        if function == "SessionsFunction" {
            known.extend(Config::CALL_VARIABLES.map(str::to_owned));
        }
        assert_eq!(set, known, "{function}");
    }
    let emulator = emulator_variables();
    let (aws, ours): (BTreeSet<_>, BTreeSet<_>) = emulator
        .into_keys()
        .partition(|name| name.starts_with("AWS_"));
    assert_eq!(ours, known, "infra/rie.env");
    assert!(
        aws.is_empty(),
        "infra/rie.env sets {aws:?}, which the driver sets"
    );
}

#[tokio::test]
async fn the_emulators_variables_with_those_of_aws_are_a_whole_configuration() {
    let harness = Harness::start().await;
    let driver = fs::read_to_string(repository().join("tests/outside/emulator.py"));
    let driver = driver.expect("what starts bootstraps under the emulator");
    let mut variables: HashMap<String, String> = emulator_variables().into_iter().collect();
    for (name, value) in aws_environment(&harness.stack.wires) {
        assert!(
            driver.contains(&format!("{name}=")),
            "tests/outside/emulator.py does not set {name}"
        );
        variables.insert(name.to_owned(), value);
    }
    let config = Config::from_vars(&variables).expect("a configuration");
    assert!(config.dynamodb_url.is_some() && config.kms_url.is_some() && config.ses_url.is_some());
    variables.remove("ISSUER");
    assert_eq!(
        Config::from_vars(&variables).err().map(|error| error.0),
        Some("ISSUER")
    );
}

/// Lambda, "Filter criteria": five for an event source, unless AWS is asked for more.
#[test]
fn a_stream_is_filtered_by_as_many_filters_as_lambda_takes() {
    let streams = &template().streams;
    assert!(!streams.is_empty());
    for stream in streams {
        assert!((1..=5).contains(&stream.filters.len()), "{stream:?}");
    }
}

#[test]
fn both_tables_let_ttl_delete_and_only_the_data_table_has_a_stream_and_long_backups() {
    let tables: BTreeMap<String, Value> = resources("AWS::DynamoDB::Table").into_iter().collect();
    assert_eq!(
        tables.keys().collect::<Vec<_>>(),
        ["DataTable", "KeysTable"]
    );
    for (name, table) in &tables {
        let ttl = &table["TimeToLiveSpecification"];
        assert_eq!(
            *ttl,
            json!({ "AttributeName": "ttl", "Enabled": true }),
            "{name}"
        );
        assert_eq!(table["DeletionProtectionEnabled"], true, "{name}");
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "{name}");
        let sealed = &table["SSESpecification"];
        assert_eq!(
            (&sealed["SSEEnabled"], &sealed["SSEType"]),
            (&json!(true), &json!("KMS")),
            "{name}"
        );
        assert_eq!(
            table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
            true
        );
    }
    let days =
        |table: &str| &tables[table]["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"];
    assert_eq!(*days("DataTable"), json!(DATA_PITR_DAYS));
    assert_eq!(*days("KeysTable"), json!(erasure_days::KEYS_PITR));
    let stream = &tables["DataTable"]["StreamSpecification"]["StreamViewType"];
    assert_eq!(stream, "NEW_AND_OLD_IMAGES");
    assert!(
        tables["KeysTable"]["StreamSpecification"].is_null(),
        "a stream copies keys"
    );
    // The embedded tables are made of the same lines.
    for table in &template().tables {
        assert_eq!(
            table.ttl_attribute.as_deref(),
            Some("ttl"),
            "{}",
            table.name
        );
    }
}

#[test]
fn no_copy_outlives_what_the_sum_of_all_copies_counts() {
    for (name, group) in resources("AWS::Logs::LogGroup") {
        let days = group["RetentionInDays"].as_u64();
        let days = days.unwrap_or_else(|| panic!("{name} keeps logs for ever"));
        assert!(days <= u64::from(erasure_days::LOGS), "{name}: {days} days");
        assert!(
            !group["KmsKeyId"].is_null(),
            "{name} is not encrypted with our key"
        );
    }
    for (name, queue) in resources("AWS::SQS::Queue") {
        // Without the line SQS keeps messages for four days; the promise should be read here.
        let seconds = queue["MessageRetentionPeriod"].as_u64();
        let seconds = seconds.unwrap_or_else(|| panic!("{name} does not say how long"));
        let most = u64::from(erasure_days::DEAD_LETTERS) * SECONDS_OF_A_DAY;
        assert!(seconds <= most, "{name}: {seconds} seconds");
    }
    let buckets = resources("AWS::S3::Bucket");
    let names: BTreeSet<&str> = buckets.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        BTreeSet::from(["Passing", "Sealed"]),
        "another is another copy"
    );
    for (name, bucket) in buckets {
        assert_eq!(
            bucket["VersioningConfiguration"]["Status"], "Enabled",
            "{name}"
        );
        let closed = bucket["PublicAccessBlockConfiguration"].as_object();
        let closed = closed.expect("a block on public access");
        assert!(
            closed.len() == 4 && closed.values().all(|is| *is == true),
            "{name}"
        );
        let sealed = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
        let sealed = &sealed["ServerSideEncryptionByDefault"];
        assert_eq!(sealed["SSEAlgorithm"], "aws:kms", "{name}");
        assert!(
            !sealed["KMSMasterKeyID"].is_null(),
            "{name} is not encrypted with our key"
        );
        assert!(
            bucket["ObjectLockEnabled"].is_null(),
            "a lock forbids erasure"
        );
        assert!(
            bucket["ReplicationConfiguration"].is_null(),
            "a replica is a copy that erasure_days does not count"
        );
        let rules = bucket["LifecycleConfiguration"]["Rules"].as_array();
        let all = rules
            .into_iter()
            .flatten()
            .find(|rule| rule["Prefix"].is_null());
        let all = all.expect("a rule for every file");
        assert_eq!(
            all["NoncurrentVersionExpiration"]["NoncurrentDays"],
            json!(erasure_days::OLD_VERSIONS),
            "{name}"
        );
        assert_eq!(
            all["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"], 1,
            "{name}"
        );
        // Nothing that is kept ends by S3; what passes does, should nobody delete it before.
        let rules = rules.into_iter().flatten();
        let ends = rules.filter(|rule| !rule["ExpirationInDays"].is_null());
        let ends: BTreeSet<&str> = ends.filter_map(|rule| rule["Prefix"].as_str()).collect();
        assert_eq!(ends, BTreeSet::from(PASSING), "{name}");
    }
    for (name, policy) in resources("AWS::S3::BucketPolicy") {
        let denied = &policy["PolicyDocument"]["Statement"][0];
        assert_eq!(
            (
                &denied["Effect"],
                &denied["Condition"]["Bool"]["aws:SecureTransport"]
            ),
            (&json!("Deny"), &json!("false")),
            "{name}"
        );
        let old_tls = &policy["PolicyDocument"]["Statement"][1];
        assert_eq!(
            (
                &old_tls["Effect"],
                &old_tls["Condition"]["NumericLessThan"]["s3:TlsVersion"]
            ),
            (&json!("Deny"), &json!("1.2")),
            "{name}"
        );
    }
    for kind in ["AWS::DynamoDB::GlobalTable", "AWS::Kinesis::Stream"] {
        assert!(
            resources(kind).is_empty(),
            "{kind} is a copy that erasure_days does not count"
        );
    }
}

#[test]
fn every_function_that_nobody_waits_for_has_a_dead_letter_queue() {
    let mut asynchronous = 0;
    for (function, properties) in functions() {
        for (name, event) in properties["Events"].as_object().into_iter().flatten() {
            if event["Type"] == "HttpApi" {
                continue;
            }
            asynchronous += 1;
            if event["Type"] == "EventBridgeRule" {
                faults_of_rule(&format!("{function}.{name}"), &properties, event);
                continue;
            }
            if event["Type"] == "ScheduleV2" {
                faults_of_schedule(&format!("{function}.{name}"), &event["Properties"]);
                continue;
            }
            let of_event = &event["Properties"]["DestinationConfig"]["OnFailure"]["Destination"];
            let queue = of_event["Fn::GetAtt"].as_str().unwrap_or_default();
            let queue = queue.strip_suffix(".Arn").unwrap_or_default();
            let queues = resources("AWS::SQS::Queue");
            assert!(
                queues.iter().any(|(id, _)| id == queue),
                "{function}.{name}: what fails for good is named nowhere"
            );
            let answers = &event["Properties"]["FunctionResponseTypes"];
            assert_eq!(
                *answers,
                json!(["ReportBatchItemFailures"]),
                "{function}.{name}"
            );
            assert_eq!(
                event["Properties"]["BisectBatchOnFunctionError"], true,
                "{function}.{name}"
            );
        }
    }
    assert!(
        asynchronous > 0,
        "no function is asynchronous: this test sees nothing"
    );
}

/// What SES tells of a mail repeats its address: it is tried for an hour, and then forgotten. A queue
/// would keep the address for days. A file of which nothing more is heard ends by itself in a day.
fn faults_of_rule(place: &str, function: &Value, event: &Value) {
    let rule = &event["Properties"];
    let sources = [["aws.ses"], ["aws.s3"], ["aws.guardduty"]].map(|source| json!(source));
    assert!(sources.contains(&rule["Pattern"]["source"]), "{place}");
    for limits in [&rule["RetryPolicy"], &function["EventInvokeConfig"]] {
        let age = limits["MaximumEventAgeInSeconds"].as_u64();
        assert!(age.is_some_and(|age| age <= 3600), "{place}");
        assert!(limits["MaximumRetryAttempts"].is_u64(), "{place}");
    }
    for queue in [
        &rule["DeadLetterConfig"],
        &function["EventInvokeConfig"]["DestinationConfig"],
    ] {
        assert!(queue.is_null(), "{place}: a queue keeps addresses");
    }
}

/// Mail goes out under one name, which follows nobody and keeps no list of addresses.
#[test]
fn mail_is_not_tracked_and_addresses_are_left_in_no_list_of_the_mail_service() {
    let sets = resources("AWS::SES::ConfigurationSet");
    let [(name, set)] = &sets[..] else {
        panic!("{} configuration sets", sets.len())
    };
    assert_eq!(set["SuppressionOptions"]["SuppressedReasons"], json!([]));
    for option in ["TrackingOptions", "ArchivingOptions", "VdmOptions"] {
        assert!(set[option].is_null(), "{option}");
    }
    let told = resources("AWS::SES::ConfigurationSetEventDestination");
    let [(_, told)] = &told[..] else {
        panic!("{} destinations", told.len())
    };
    assert_eq!(told["ConfigurationSetName"], json!({ "Ref": name }));
    let types = &told["EventDestination"]["MatchingEventTypes"];
    assert_eq!(*types, json!(["bounce", "complaint"]));
}

/// A schedule names its limits and its queue, and takes no name that a second stack would want.
fn faults_of_schedule(place: &str, schedule: &Value) {
    let queue = schedule["DeadLetterConfig"]["Arn"]["Fn::GetAtt"]
        .as_str()
        .unwrap_or_default();
    let queues = resources("AWS::SQS::Queue");
    let known = queues.iter().any(|(id, _)| queue == format!("{id}.Arn"));
    assert!(
        known,
        "{place}: a call that was never taken is named nowhere"
    );
    assert_eq!(schedule["OmitName"], true, "{place}");
    assert!(
        schedule["RetryPolicy"]["MaximumEventAgeInSeconds"]
            .as_u64()
            .is_some_and(|age| age <= 3600),
        "{place}"
    );
    assert!(
        schedule["RetryPolicy"]["MaximumRetryAttempts"]
            .as_u64()
            .is_some(),
        "{place}"
    );
}

#[test]
fn every_schedule_asks_for_a_task_of_its_own_and_the_sweep_runs_often_enough() {
    use shared::lambda::schedule::{Task, Tick};
    let mut tasks = BTreeMap::new();
    let template = template();
    let schedules = template.schedules.iter();
    let ours = ["BillingFunction", "RetentionFunction"];
    for schedule in schedules.filter(|schedule| ours.contains(&schedule.function.as_str())) {
        let event = schedule.event(harness::START, "id");
        let tick: Tick =
            serde_json::from_str(&event).unwrap_or_else(|error| panic!("{event}: {error}"));
        assert_eq!(tick.scheduled_at, harness::START, "{}", schedule.name);
        assert!(
            tasks.insert(tick.task, schedule.every).is_none(),
            "{:?} twice",
            tick.task
        );
    }
    assert_eq!(
        tasks.keys().copied().collect::<Vec<_>>(),
        Task::ALL,
        "every task has a schedule"
    );
    // Nothing stays longer than 24 hours past its end, so a run may fail a few times.
    assert!(tasks[&Task::Sweep] <= std::time::Duration::from_secs(6 * 60 * 60));
}

#[test]
fn every_function_has_a_log_group_of_its_own() {
    let groups: BTreeSet<String> = resources("AWS::Logs::LogGroup")
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    let mut used = BTreeSet::new();
    for (function, properties) in functions() {
        let group = properties["LoggingConfig"]["LogGroup"]["Ref"]
            .as_str()
            .unwrap_or_default();
        assert!(
            groups.contains(group),
            "{function} logs into `{group}`, which is not declared"
        );
        assert!(
            used.insert(group.to_owned()),
            "{function} shares the log group {group}"
        );
    }
}

/// One text, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

fn scope() -> Scope {
    let scope = Scope::load(&template().path, &Map::new());
    scope.unwrap_or_else(|error| panic!("{error}"))
}

/// Logical id and properties of every resource of a kind, in the template and those nested in it.
pub fn resources(kind: &str) -> Vec<(String, Value)> {
    let root = scope();
    let all = root.all();
    let found = all.iter().flat_map(|scope| scope.resources_of_type(kind));
    found
        .map(|(id, properties)| (id.to_owned(), properties.clone()))
        .collect()
}

fn functions() -> Vec<(String, Value)> {
    let functions = resources("AWS::Serverless::Function");
    assert!(functions.len() >= 7, "only {} functions", functions.len());
    functions
}

fn emulator_variables() -> BTreeMap<String, String> {
    let text = fs::read_to_string(repository().join("infra/rie.env")).expect("infra/rie.env");
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once('=').expect("NAME=value"));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
