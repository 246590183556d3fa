//! The objective and the alarms that guard it: what `infra/watch.yaml` says of them is computed here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::resources;

/// Of requests in 30 days, the share that is not answered with 5xx.
const OBJECTIVE: f64 = 0.999;
const WINDOW_SECONDS: f64 = 30.0 * 24.0 * 60.0 * 60.0;
/// Fewer failures in a window than this ring nothing.
const FEWEST_FAILURES: f64 = 10.0;

/// A pair of windows, and how many times too fast the budget burns where it rings.
struct Burn {
    name: &'static str,
    times: f64,
    long_seconds: f64,
    short_seconds: f64,
    /// The share of the budget that is gone when it rings.
    gone: f64,
}

/// Site Reliability Workbook, chapter 5, table 5-8: a page at 2 % in an hour, one at 5 % in six.
const BURNS: [Burn; 2] = [
    Burn {
        name: "FastBurn",
        times: 14.4,
        long_seconds: 3600.0,
        short_seconds: 300.0,
        gone: 0.02,
    },
    Burn {
        name: "SlowBurn",
        times: 6.0,
        long_seconds: 6.0 * 3600.0,
        short_seconds: 1800.0,
        gone: 0.05,
    },
];

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-9
}

/// The window of an alarm, when it compares failed requests with all of them over the same time.
fn window(alarm: &Value) -> Option<f64> {
    let metrics = alarm["Metrics"].as_array()?;
    let of = |id: &str| metrics.iter().find(|metric| metric["Id"] == id);
    let (share, failed, requests) = (of("share")?, of("failed")?, of("requests")?);
    let expression = format!("IF(failed >= {FEWEST_FAILURES}, failed / requests, 0)");
    let stat = |metric: &Value, name: &str| {
        let stat = &metric["MetricStat"];
        let api = json!([{ "Name": "ApiId", "Value": { "Ref": "ApiId" } }]);
        let right = stat["Metric"]["Namespace"] == "AWS/ApiGateway"
            && stat["Metric"]["MetricName"] == name
            && stat["Metric"]["Dimensions"] == api
            && stat["Stat"] == "Sum"
            && metric["ReturnData"] == false;
        right.then(|| stat["Period"].as_f64()).flatten()
    };
    let (of_failed, of_all) = (stat(failed, "5xx")?, stat(requests, "Count")?);
    let sound = share["Expression"] == expression.as_str()
        && share["ReturnData"] == true
        && near(of_failed, of_all)
        && alarm["EvaluationPeriods"] == 1
        && alarm["ComparisonOperator"] == "GreaterThanThreshold";
    sound.then_some(of_failed)
}

/// Whether an alarm rings for so many failures of so many requests in its window.
fn rings(alarm: &Value, failed: f64, requests: f64) -> bool {
    let share = match failed >= FEWEST_FAILURES {
        true => failed / requests,
        false => 0.0,
    };
    share > alarm["Threshold"].as_f64().expect("a threshold")
}

#[test]
fn the_alarms_of_the_objective_ring_where_their_share_of_the_budget_is_gone() {
    let alarms: BTreeMap<String, Value> = resources("AWS::CloudWatch::Alarm").into_iter().collect();
    let both: BTreeMap<String, Value> = resources("AWS::CloudWatch::CompositeAlarm")
        .into_iter()
        .collect();
    assert_eq!(both.len(), BURNS.len());
    for burn in &BURNS {
        let (long, short) = (format!("{}Long", burn.name), format!("{}Short", burn.name));
        // What the numbers say of each other: a rate over a window is a share of the budget.
        assert!(near(
            burn.times * burn.long_seconds / WINDOW_SECONDS,
            burn.gone
        ));
        assert!(near(burn.long_seconds / burn.short_seconds, 12.0));
        for (name, seconds) in [(&long, burn.long_seconds), (&short, burn.short_seconds)] {
            let alarm = &alarms[name];
            assert_eq!(window(alarm), Some(seconds), "{name}");
            let threshold = alarm["Threshold"].as_f64().expect("a threshold");
            assert!(near(threshold, burn.times * (1.0 - OBJECTIVE)), "{name}");
            assert!(alarm["AlarmActions"].is_null(), "{name} rings alone");
            // One request more than the rate allows rings, and one less does not.
            let requests = 100_000.0;
            let most = (threshold * requests).round();
            assert!(!rings(alarm, most, requests) && rings(alarm, most + 1.0, requests));
            // A failed request of a quiet night is no outage.
            assert!(!rings(alarm, FEWEST_FAILURES - 1.0, FEWEST_FAILURES - 1.0));
            assert!(rings(alarm, FEWEST_FAILURES, FEWEST_FAILURES));
        }
        let rule = both[burn.name]["AlarmRule"]["Fn::Sub"].as_str();
        let said = format!("ALARM(\"${{{long}}}\") AND ALARM(\"${{{short}}}\")");
        assert_eq!(rule, Some(said.as_str()));
        assert!(!both[burn.name]["AlarmActions"].is_null(), "{}", burn.name);
        // A whole outage is noticed long before the budget is gone.
        let until_it_rings = burn.times * (1.0 - OBJECTIVE) * burn.long_seconds;
        let until_it_is_gone = (1.0 - OBJECTIVE) * WINDOW_SECONDS;
        assert!(until_it_rings * 10.0 < until_it_is_gone, "{}", burn.name);
    }
}

#[test]
fn every_alarm_is_heard_where_somebody_listens_and_names_nobody() {
    // Names of things that the deployment has, and none of a person, a workspace or a request.
    let known = [
        "ApiId",
        "BackupVaultName",
        "Class",
        "FunctionName",
        "GlobalSecondaryIndexName",
        "Operation",
        "QueueName",
        "Resource",
        "Service",
        "TableName",
        "Type",
    ];
    let mut heard = 0;
    for (name, alarm) in resources("AWS::CloudWatch::Alarm") {
        let part = BURNS.iter().any(|burn| {
            name.strip_prefix(burn.name)
                .is_some_and(|rest| rest == "Long" || rest == "Short")
        });
        let action = &alarm["AlarmActions"][0]["Fn::If"][1];
        assert!(part || action["Ref"] == "AlarmTopicArn", "{name}");
        heard += usize::from(!part);
        assert!(alarm["AlarmDescription"].is_string(), "{name}");
        // What is silent says nothing, or that nothing runs: it has to be decided.
        assert!(alarm["TreatMissingData"].is_string(), "{name}");
        let metrics = alarm["Metrics"].as_array().into_iter().flatten();
        let of_metrics = metrics.map(|metric| &metric["MetricStat"]["Metric"]["Dimensions"]);
        for dimensions in of_metrics.chain([&alarm["Dimensions"]]) {
            for dimension in dimensions.as_array().into_iter().flatten() {
                let dimension = dimension["Name"].as_str().unwrap_or_default();
                assert!(known.contains(&dimension), "{name}: {dimension}");
            }
        }
    }
    assert!(heard >= 15, "only {heard} alarms");
}

/// Who empties the keys table, or writes it in a way that no function has a right to, is noticed.
#[test]
fn the_keys_table_is_watched_for_deletions_and_for_hands() {
    let alarms: BTreeMap<String, Value> = resources("AWS::CloudWatch::Alarm").into_iter().collect();
    let watched = |name: &str| -> Vec<String> {
        let metrics = alarms[name]["Metrics"].as_array().expect("metrics");
        let stats = metrics
            .iter()
            .filter(|metric| metric["ReturnData"] == false);
        let mut found = Vec::new();
        for metric in stats {
            let dimensions = metric["MetricStat"]["Metric"]["Dimensions"].as_array();
            let dimensions = dimensions.expect("dimensions");
            assert_eq!(dimensions[0]["Value"]["Ref"], "KeysTable", "{name}");
            let operation = dimensions.get(1).map(|of| &of["Value"]);
            let operation = operation.and_then(Value::as_str);
            found.push(operation.unwrap_or("TimeToLive").to_owned());
        }
        found
    };
    assert_eq!(watched("KeysDeleted"), ["DeleteItem", "TimeToLive"]);
    let by_hand = watched("KeysTouchedByHand");
    let rights: String = super::functions()
        .into_iter()
        .flat_map(|(_, function)| {
            let policies = function["Policies"].as_array().cloned();
            policies.unwrap_or_default()
        })
        .flat_map(|policy| policy["Statement"].as_array().cloned().unwrap_or_default())
        .filter(|statement| statement["Effect"] == "Allow")
        .map(|statement| statement["Action"].to_string())
        .collect();
    assert!(rights.contains("dynamodb:DeleteItem"));
    for operation in by_hand {
        // PartiQL's operations ask for rights of their own names.
        let right = match operation.as_str() {
            "BatchWriteItem" => "dynamodb:BatchWriteItem",
            _ => "dynamodb:PartiQL",
        };
        assert!(!rights.contains(right), "a function has {right}");
    }
}
