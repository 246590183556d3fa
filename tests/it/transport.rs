//! What travels, travels encrypted.

use std::fs;

use harness::{Harness, repository};
use serde_json::json;
use shared::app::{App, Config, Egress, clients};
use shared::http::Routes;

use super::deployment::resources;

/// The header by which a browser comes by TLS only.
const HEADER: &str = "strict-transport-security";

/// What a function answers whose deployment lies at `issuer`.
async fn answer_at(harness: &Harness, issuer: &str) -> reqwest::Response {
    let config = Config {
        issuer: issuer.to_owned(),
        ..harness.app_of("contract").config.clone()
    };
    let clock = harness.stack.clock.clone();
    let app = App::new(config, clock, clients::https(), Egress::public());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Routes::new().router(app);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let answer = reqwest::get(format!("http://{address}/anything")).await;
    answer.expect("an answer")
}

/// FLOW-24: TLS in (API Gateway speaks nothing else, and browsers are told to ask for nothing else),
/// between the parts, and out with the mail.
#[tokio::test]
async fn everything_travels_by_tls_and_browsers_are_told_so() {
    let harness = Harness::start().await;
    let told = answer_at(&harness, "https://api.example.com").await;
    assert_eq!(told.headers()[HEADER], "max-age=31536000");
    let plain = answer_at(&harness, "http://127.0.0.1:8000").await;
    assert_eq!(plain.headers().get(HEADER), None, "RFC 6797, 7.2");

    let mail = resources("AWS::SES::ConfigurationSet");
    assert_eq!(mail.len(), 1);
    assert_eq!(mail[0].1["DeliveryOptions"]["TlsPolicy"], "REQUIRE");
    for file in ["template.yaml", "infra/data.yaml"] {
        let text = fs::read_to_string(repository().join(file)).expect("a template");
        assert!(!text.contains("http://"), "{file} names a plain address");
    }
    let policies = resources("AWS::S3::BucketPolicy");
    for (bucket, _) in resources("AWS::S3::Bucket") {
        let closed = policies.iter().any(|(_, policy)| {
            let denied = &policy["PolicyDocument"]["Statement"][0];
            let plain = &denied["Condition"]["Bool"]["aws:SecureTransport"];
            policy["Bucket"].to_string().contains(&bucket)
                && (&denied["Effect"], &denied["Action"]) == (&json!("Deny"), &json!("s3:*"))
                && *plain == "false"
        });
        assert!(closed, "{bucket} answers without TLS");
    }
}
