//! Answers every request with whether an item is there, as the SDK's first example would.

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::{Body, Error, Response, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let client = Client::new(&config);
    let table = std::env::var("DATA_TABLE")?;
    run(service_fn(|_| answer(&client, &table))).await
}

async fn answer(client: &Client, table: &str) -> Result<Response<Body>, Error> {
    let item = client
        .get_item()
        .table_name(table)
        .key("pk", AttributeValue::S("STOCK#1".to_owned()))
        .key("sk", AttributeValue::S("HEAD".to_owned()))
        .send()
        .await?;
    let word = match item.item {
        Some(_) => "there",
        None => "absent",
    };
    Ok(Response::new(Body::from(word)))
}
