//! Places: where a deployment keeps what it has, and that nobody is asked where they live.

use std::fs;

use harness::contract::openapi;
use harness::{Harness, repository, template};
use local::intrinsics::Scope;
use serde_json::{Map, Value, json};

use crate::deployment::resources;

/// Kinds of resources that carry data elsewhere.
const CARRIERS: [&str; 7] = [
    "AWS::DynamoDB::GlobalTable",
    "AWS::ECR::ReplicationConfiguration",
    "AWS::KMS::ReplicaKey",
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::S3::MultiRegionAccessPoint",
    "AWS::SecretsManager::Secret",
    "AWS::SES::MultiRegionEndpoint",
];

/// Properties that name another region or a copy in one.
const COPIES: [&str; 7] = [
    "CopyActions",
    "DestinationRegion",
    "MultiRegion",
    "Region",
    "ReplicaRegions",
    "Replicas",
    "ReplicationConfiguration",
];

/// Everything in a value, with the name of the property that holds it.
fn walk<'a>(name: &'a str, value: &'a Value, found: &mut Vec<(&'a str, &'a Value)>) {
    found.push((name, value));
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(name, value)| walk(name, value, found)),
        Value::Array(list) => list.iter().for_each(|value| walk(name, value, found)),
        _ => {}
    }
}

/// `eu-central-1`: a part of the world, a direction, a number.
fn names_a_region(text: &str) -> bool {
    let words: Vec<&str> = text
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .collect();
    words.windows(3).any(|three| {
        let [part, direction, number] = three else {
            return false;
        };
        let directions = ["north", "south", "east", "west", "central"];
        part.len() == 2
            && directions.iter().any(|known| direction.starts_with(known))
            && number.len() == 1
            && number.chars().all(|digit| digit.is_ascii_digit())
    })
}

/// FLOW-59: data stay in the region that a company has chosen: no resource of the templates copies
/// them to another, and none is bound to one by its name.
#[test]
fn nothing_of_a_deployment_lies_in_another_region_or_is_copied_there() {
    assert!(names_a_region("arn:aws:s3:eu-central-1:1:x") && !names_a_region("us-gov"));
    for kind in CARRIERS {
        assert!(resources(kind).is_empty(), "{kind} carries data elsewhere");
    }
    let root = Scope::load(&template().path, &Map::new()).expect("the templates");
    let mut seen = 0;
    for scope in root.all() {
        let all = scope.section("Resources");
        let mut found = Vec::new();
        walk("Resources", all, &mut found);
        for (name, value) in found {
            let is_of_a_service = name == "Region" && value["Ref"] == "AWS::Region";
            assert!(
                !COPIES.contains(&name) || is_of_a_service || *value == json!(false),
                "{name}: {value}"
            );
            if let Some(text) = value.as_str() {
                seen += 1;
                assert!(!names_a_region(text), "{name}: {text}");
            }
        }
    }
    assert!(seen > 1000, "only {seen} texts were read");
}

/// CALL-36: rights are everybody's. Whoever asks is answered alike, wherever a network says that they
/// are and whatever they speak, and no request has a place to say where somebody lives.
#[tokio::test]
async fn whoever_asks_has_the_same_rights_wherever_they_live() {
    let mut answers = Vec::new();
    for (country, language) in [("DE", "de-DE"), ("US", "en-US"), ("IN", "hi"), ("", "")] {
        let harness = Harness::start().await;
        let ada = harness.sign_up("ada@example.com").await;
        let client = match country {
            "" => ada.with_header("x-nothing", "said"),
            _ => ada
                .with_header("cloudfront-viewer-country", country)
                .with_header("accept-language", language),
        };
        let mut seen = Vec::new();
        for kind in ["access", "export", "opt_out", "question", "object", "erase"] {
            let asked = match kind {
                "question" | "object" => json!({ "type": kind, "message": "Please" }),
                _ => json!({ "type": kind }),
            };
            let answer = client.post("/v1/privacy/requests", asked, 202).await;
            let fields = ["type", "status", "processing_details", "expected_by"];
            seen.push(fields.map(|field| answer[field].clone()));
        }
        answers.push(seen);
    }
    assert!(answers.iter().all(|one| *one == answers[0]), "{answers:#?}");

    let mut fields = Vec::new();
    walk("paths", &openapi()["paths"], &mut fields);
    // Where invoices go is an address, as Stripe was given it, and says nothing of whose rights these are.
    let mut components = openapi()["components"].clone();
    let schemas = components["schemas"].as_object_mut().expect("schemas");
    let address = schemas.remove("BillingAddress").expect("an address");
    assert!(address["properties"]["country"].is_object());
    walk("components", &components, &mut fields);
    let asks = [
        "country",
        "region",
        "residence",
        "jurisdiction",
        "citizenship",
    ];
    for (name, _) in fields {
        assert!(!asks.contains(&name), "the API has a field {name}");
    }
    // And the code that carries rights out has no word for it.
    for folder in [
        "functions/privacy/src",
        "functions/exports/src",
        "shared/src/store/erasing",
    ] {
        let files = fs::read_dir(repository().join(folder)).expect(folder);
        for file in files {
            let path = file.expect("a file").path();
            let code = fs::read_to_string(&path).expect("code").to_lowercase();
            let word = asks.iter().find(|word| code.contains(*word));
            assert_eq!(word, None, "{}", path.display());
        }
    }
}
