//! Backups beside point-in-time recovery: of the data table and the sealed files alone, and no longer than it.

use serde_json::{Value, json};
use shared::domain::retention::DATA_PITR_DAYS;

use super::resources;

/// What is wrong with a plan of backups, what it selects, and the vault.
fn faults(plan: &Value, selection: &Value, vault: &Value) -> Vec<&'static str> {
    let mut faults = Vec::new();
    let days = u64::from(DATA_PITR_DAYS);
    let rules = plan["BackupPlan"]["BackupPlanRule"].as_array();
    let rules = rules.map(Vec::as_slice).unwrap_or_default();
    if rules.is_empty() {
        faults.push("nothing is backed up");
    }
    for rule in rules {
        let kept = rule["Lifecycle"]["DeleteAfterDays"].as_u64();
        if kept.is_none_or(|kept| kept > days) {
            faults.push("a backup outlives what was promised");
        }
        if !rule["Lifecycle"]["MoveToColdStorageAfterDays"].is_null() {
            faults.push("cold storage keeps for 90 days at least");
        }
        if !rule["CopyActions"].is_null() {
            faults.push("a copy elsewhere is another copy");
        }
    }
    // One table and one bucket by their names; tags and conditions let in what nobody looked at.
    let selected = &selection["BackupSelection"];
    if selected["Resources"] != json!([{ "Ref": "DataTableArn" }, { "Ref": "SealedBucketArn" }]) {
        faults.push("something else than the data table and the sealed files is backed up");
    }
    if !selected["ListOfTags"].is_null() || !selected["Conditions"].is_null() {
        faults.push("a tag decides what is backed up");
    }
    let locked = vault["LockConfiguration"]["MaxRetentionDays"].as_u64();
    if locked != Some(days) {
        faults.push("the vault takes longer backups");
    }
    if vault["EncryptionKeyArn"].is_null() {
        faults.push("the vault is not encrypted with our key");
    }
    faults
}

/// The one resource of a kind.
fn only(kind: &str) -> Value {
    let mut found = resources(kind);
    assert_eq!(found.len(), 1, "{kind}");
    found.remove(0).1
}

#[test]
fn the_data_table_and_sealed_files_are_backed_up_daily_and_neither_keys_nor_what_passes_is() {
    let plan = only("AWS::Backup::BackupPlan");
    let selection = only("AWS::Backup::BackupSelection");
    let vault = only("AWS::Backup::BackupVault");
    assert_eq!(faults(&plan, &selection, &vault), Vec::<&str>::new());
    let rule = &plan["BackupPlan"]["BackupPlanRule"][0];
    assert_eq!(rule["ScheduleExpression"], "cron(30 2 * * ? *)");

    // What it is given is the table that is served from, restored or not, and the bucket of what is kept.
    let root = super::scope();
    let given = &root.section("Resources")["Backup"]["Properties"]["Parameters"];
    let table = json!({ "Fn::GetAtt": "Data.Outputs.DataTableArn" });
    assert_eq!(given["DataTableArn"], table);
    let bucket = json!({ "Fn::GetAtt": "Data.Outputs.SealedBucketArn" });
    assert_eq!(given["SealedBucketArn"], bucket);
    for other in ["KeysTable", "Passing"] {
        assert!(!given.to_string().contains(other), "{given}");
    }
    // AWS Backup takes only a bucket that keeps versions and tells EventBridge.
    let buckets = resources("AWS::S3::Bucket");
    let sealed = buckets.iter().find(|(name, _)| name == "Sealed");
    let (_, sealed) = sealed.expect("a bucket");
    let told = &sealed["NotificationConfiguration"]["EventBridgeConfiguration"];
    assert_eq!(told["EventBridgeEnabled"], true);
    assert_eq!(sealed["VersioningConfiguration"]["Status"], "Enabled");

    // Its role reaches the table, the bucket and the vault.
    let roles = resources("AWS::IAM::Role");
    let role = roles
        .iter()
        .map(|(_, role)| role)
        .find(|role| role.to_string().contains("backup.amazonaws.com"))
        .expect("a role for backups");
    let text = role["Policies"].to_string();
    assert!(!text.contains("Keys") && !text.contains("Passing"));
    let statements = &role["Policies"][0]["PolicyDocument"]["Statement"];
    for statement in statements.as_array().expect("statements") {
        let actions = &statement["Action"];
        let wide = *actions == json!(["cloudwatch:GetMetricData", "events:ListRules"]);
        assert_eq!(statement["Resource"] == "*", wide, "{statement}");
        let changes = ["s3:Put", "s3:Delete", "dynamodb:Put", "dynamodb:Update"];
        let own = |text: String| {
            text.replace("s3:PutBucketNotification", "")
                .replace("s3:PutInventoryConfiguration", "")
        };
        let actions = own(actions.to_string());
        assert!(
            !changes.iter().any(|verb| actions.contains(verb)),
            "{actions}"
        );
    }
    assert!(role["ManagedPolicyArns"].is_null());

    type Plant = fn(&mut Value, &mut Value, &mut Value);
    let plants: [Plant; 8] = [
        |plan, _, _| {
            plan["BackupPlan"]["BackupPlanRule"][0]["Lifecycle"]["DeleteAfterDays"] = json!(31)
        },
        |plan, _, _| plan["BackupPlan"]["BackupPlanRule"][0]["Lifecycle"] = Value::Null,
        |plan, _, _| plan["BackupPlan"]["BackupPlanRule"][0]["CopyActions"] = json!([{}]),
        |_, selection, _| {
            let both = json!([{ "Ref": "DataTableArn" }, { "Ref": "KeysTableArn" }]);
            selection["BackupSelection"]["Resources"] = both;
        },
        |_, selection, _| {
            let all = json!([{ "Ref": "DataTableArn" }, { "Ref": "SealedBucketArn" }, { "Ref": "PassingBucketArn" }]);
            selection["BackupSelection"]["Resources"] = all;
        },
        |_, selection, _| selection["BackupSelection"]["ListOfTags"] = json!([{}]),
        |_, _, vault| vault["LockConfiguration"] = Value::Null,
        |_, _, vault| vault["EncryptionKeyArn"] = Value::Null,
    ];
    for (number, plant) in plants.iter().enumerate() {
        let (mut plan, mut selection, mut vault) = (plan.clone(), selection.clone(), vault.clone());
        plant(&mut plan, &mut selection, &mut vault);
        assert_eq!(
            faults(&plan, &selection, &vault).len(),
            1,
            "plant {number} was not seen"
        );
    }
}
