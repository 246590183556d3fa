//! What the template allows: every action and every resource by its name.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::store::objects::passes;

use super::{functions, texts};

/// Actions that reach rows without naming their partition.
const SIDE_DOORS: [&str; 5] = [
    "PartiQLDelete",
    "PartiQLInsert",
    "PartiQLSelect",
    "PartiQLUpdate",
    "Scan",
];

/// The one function that may scan.
const SWEEPER: &str = "RetentionFunction";
#[test]
fn permissions_name_every_action_and_every_resource() {
    for (function, properties) in functions() {
        let faults = match function.as_str() {
            SWEEPER => faults_of_policies(&without_scan(&properties["Policies"])),
            _ => faults_of_policies(&properties["Policies"]),
        };
        assert!(faults.is_empty(), "{function}:\n{}", faults.join("\n"));
        assert!(
            properties["Role"].is_null(),
            "{function} has a role from elsewhere"
        );
    }
}

#[test]
fn the_checker_finds_every_planted_permission() {
    let good = [read(), side_doors()];
    assert_eq!(faults_of_policies(&policies(&good)), Vec::<String>::new());
    type Plant = fn(&mut Value);
    let plants: [(&str, Plant); 9] = [
        ("any action", |read| read["Action"] = json!("dynamodb:*")),
        ("some actions", |read| {
            read["Action"] = json!(["kms:Decrypt", "kms:Re*"])
        }),
        ("a scan", |read| read["Action"] = json!(["dynamodb:Scan"])),
        ("everything but", |read| read["NotAction"] = json!("iam:*")),
        ("any resource", |read| read["Resource"] = json!("*")),
        ("some resources", |read| {
            read["Resource"] = json!({ "Fn::Sub": "${T}/index/*" })
        }),
        ("no fence", |read| read["Condition"] = Value::Null),
        ("a fence with a gap", |read| {
            read["Condition"]["Null"] = Value::Null
        }),
        ("a fence around all", |read| {
            read["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] = json!(["*"]);
        }),
    ];
    for (name, plant) in plants {
        let mut bad = read();
        plant(&mut bad);
        let faults = faults_of_policies(&policies(&[bad, side_doors()]));
        assert!(!faults.is_empty(), "nobody saw: {name}");
    }
    assert!(
        !faults_of_policies(&policies(&[read()])).is_empty(),
        "nobody saw the side doors"
    );
    let managed = json!(["AmazonDynamoDBFullAccess"]);
    assert!(
        !faults_of_policies(&managed).is_empty(),
        "nobody saw a managed policy"
    );
    let of_sam = json!([{ "DynamoDBCrudPolicy": { "TableName": "x" } }]);
    assert!(
        !faults_of_policies(&of_sam).is_empty(),
        "nobody saw SAM's own policy"
    );
}

fn policies(statements: &[Value]) -> Value {
    json!([{ "Version": "2012-10-17", "Statement": statements }])
}

fn read() -> Value {
    json!({
        "Effect": "Allow",
        "Action": "dynamodb:Query",
        "Resource": { "Fn::GetAtt": "Data.Outputs.DataTableArn" },
        "Condition": {
            "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["CONTACT#*"] },
            "Null": { "dynamodb:LeadingKeys": "false" },
        },
    })
}

fn side_doors() -> Value {
    let doors = SIDE_DOORS.map(|door| format!("dynamodb:{door}"));
    json!({ "Effect": "Deny", "Action": doors, "Resource": "*" })
}

/// The policies of the sweeper without its scan, which is a statement of its own about the tables
/// alone; as if the scan were denied, like everywhere else.
fn without_scan(policies: &Value) -> Value {
    let mut policies = policies.clone();
    let statements = policies[0]["Statement"].as_array_mut().expect("statements");
    let scans = |statement: &Value| {
        statement["Effect"] == "Allow" && texts(&statement["Action"]) == ["dynamodb:Scan"]
    };
    let scan = statements
        .iter()
        .position(scans)
        .expect("the sweeper scans");
    let scan = statements.remove(scan);
    let tables = json!([{ "Fn::GetAtt": "Data.Outputs.DataTableArn" }, { "Fn::GetAtt": "Data.Outputs.KeysTableArn" }]);
    assert_eq!(scan["Resource"], tables, "only the two tables");
    for statement in statements
        .iter_mut()
        .filter(|statement| statement["Effect"] == "Deny")
    {
        let actions = statement["Action"].as_array_mut().expect("actions");
        assert!(
            !actions.contains(&json!("dynamodb:Scan")),
            "denied and allowed"
        );
        actions.push(json!("dynamodb:Scan"));
    }
    policies
}

/// What is too wide in a function's policies.
fn faults_of_policies(policies: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut reads_tables = false;
    let mut denied = BTreeSet::new();
    for policy in policies.as_array().into_iter().flatten() {
        let Some(statements) = policy["Statement"].as_array() else {
            faults.push(format!("{policy} is not a list of statements"));
            continue;
        };
        for statement in statements {
            let actions = texts(&statement["Action"]);
            if statement["Effect"] != "Allow" {
                denied.extend(actions);
                continue;
            }
            reads_tables |= actions.iter().any(|action| action.starts_with("dynamodb:"));
            faults.extend(faults_of_statement(statement, &actions));
        }
    }
    for door in SIDE_DOORS.map(|door| format!("dynamodb:{door}")) {
        if reads_tables && !denied.contains(&door) {
            faults.push(format!("{door} goes around the fence and is not denied"));
        }
    }
    faults
}

fn faults_of_statement(statement: &Value, actions: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    if actions.is_empty()
        || !statement["NotAction"].is_null()
        || !statement["NotResource"].is_null()
    {
        faults.push(format!(
            "{statement} does not name its actions and resources"
        ));
    }
    for action in actions {
        if action.contains(['*', '?']) {
            faults.push(format!("{action} is more than one action"));
        }
        if action == "dynamodb:Scan" {
            faults.push("dynamodb:Scan reads every tenant".to_owned());
        }
    }
    // What ends so is one API's connections, which have no names before they are there.
    let resource = statement["Resource"]
        .to_string()
        .replace("/@connections/*\"", "\"");
    // Files of one kind, whose names begin with it.
    // What passes through has a bucket of its own.
    let resource = [
        "exports/", "files/", "intake/", "ledger/", "links/", "mail/",
    ]
    .iter()
    .fold(resource, |text, kind| {
        let bucket = match passes(kind) {
            true => "Passing",
            false => "Sealed",
        };
        text.replace(
            &format!("${{Data.Outputs.{bucket}BucketArn}}/{kind}*\""),
            "\"",
        )
    });
    if statement["Resource"].is_null() || resource.contains('*') {
        faults.push(format!("{resource} is more than one resource"));
    }
    if actions.iter().any(|action| action.starts_with("dynamodb:")) {
        let condition = &statement["Condition"];
        let kinds = texts(&condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
        // `KIND#*` fences by kind; anything shorter is no fence.
        let fenced = |kind: &String| {
            let name = kind.strip_suffix("#*").unwrap_or_default();
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase())
        };
        if kinds.is_empty() || !kinds.iter().all(fenced) {
            faults.push(format!("{kinds:?} is no fence around partition kinds"));
        }
        // True of an empty set as well, so requests without a key must be shut out.
        if condition["Null"]["dynamodb:LeadingKeys"] != "false" {
            faults.push("a request without a partition key passes the fence".to_owned());
        }
    }
    faults
}
