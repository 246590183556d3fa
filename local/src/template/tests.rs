//! A small template with a nested stack, read and misread.

use super::*;

const DATA: &str = "
Parameters: {Kind: {Type: String}}
Resources:
  DataTable:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: changes_pk, AttributeType: S}
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: changes
          KeySchema: [{AttributeName: changes_pk, KeyType: HASH}]
          Projection: {ProjectionType: KEYS_ONLY}
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
  Key: {Type: 'AWS::KMS::Key', Properties: {KeyPolicy: {Version: 2012-10-17}}}
Outputs:
  Name: {Value: !Ref DataTable}
  Stream: {Value: !GetAtt DataTable.StreamArn}
  KeyArn: {Value: !GetAtt Key.Arn}
";
const ROOT: &str = "
Transform: AWS::Serverless-2016-10-31
Parameters: {Stage: {Type: String, Default: dev}, PublicUrl: {Type: String}}
Conditions: {IsProd: !Equals [!Ref Stage, prod]}
Globals:
  Function:
    Timeout: 10
    Environment: {Variables: {DATA_TABLE: !GetAtt Data.Outputs.Name, ISSUER: !Ref PublicUrl}}
  HttpApi: {CorsConfiguration: {AllowOrigins: ['*'], AllowMethods: [GET], MaxAge: 600}}
Resources:
  Data:
    Type: AWS::Serverless::Application
    Properties: {Location: data.yaml, Parameters: {Kind: !Ref Stage}}
  Things:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/things/
      Timeout: !If [IsProd, 30, 5]
      Environment: {Variables: {FROM: !Sub 'a@${Stage}.example', KEY: !GetAtt Data.Outputs.KeyArn}}
      Events:
        Show: {Type: HttpApi, Properties: {Method: get, Path: '/things/{thing}'}}
        Rest: {Type: HttpApi}
        Stream: {Type: DynamoDB, Properties: {Stream: !GetAtt Data.Outputs.Stream, BatchSize: 25}}
";

fn load(root: &str) -> Result<Template, TemplateError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(FILE_NAME);
    std::fs::write(folder.path().join("data.yaml"), DATA).expect("write");
    std::fs::write(&path, root).expect("write");
    Template::load(&path)
}

#[test]
fn routes_functions_and_environment_come_from_the_template() {
    let template = load(ROOT).expect("a good template");
    let function = &template.functions[0];
    assert_eq!(
        (function.folder.as_str(), function.timeout.as_secs()),
        ("things", 5)
    );
    assert_eq!(function.environment["DATA_TABLE"], "DataTable");
    assert_eq!(function.environment["FROM"], "a@dev.example");
    assert_eq!(function.environment["KEY"], template.keys[0]);
    assert!(!function.environment.contains_key("ISSUER"));
    let keys: Vec<String> = template.routes.iter().map(Route::key).collect();
    assert_eq!(keys, ["$default", "GET /things/{thing}"]);
    assert_eq!(template.cors.expect("cors").max_age_seconds, Some(600));
}

#[test]
fn tables_and_streams_come_from_the_nested_stack() {
    let template = load(ROOT).expect("a good template");
    let table = &template.tables[0];
    assert_eq!(table.ttl_attribute.as_deref(), Some("ttl"));
    assert_eq!(
        table.global_secondary_indexes[0].projection.projection_type,
        "KEYS_ONLY"
    );
    assert_eq!(template.streams[0].table, table.name);
    assert_eq!(template.streams[0].batch_size, 25);
    let body = serde_json::to_value(table).expect("json");
    assert_eq!(body["StreamSpecification"]["StreamEnabled"], true);
}

#[test]
fn a_bad_template_is_one_line_that_names_the_place() {
    for (broken, expected) in [
        (
            ROOT.replace("Method: get, ", ""),
            "Things.Properties.Events.Show",
        ),
        (
            ROOT.replace("Outputs.Name", "Outputs.Nome"),
            "Data.Outputs.Nome",
        ),
        (ROOT.replace("data.yaml", "none.yaml"), "none.yaml"),
        ("Resources: [".to_owned(), "template.yaml"),
        ("Resources: {}".to_owned(), "AWS::Serverless::Function"),
    ] {
        let message = load(&broken).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
}
