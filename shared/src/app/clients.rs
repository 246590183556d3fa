//! The clients of AWS, built from the configuration: no credential chain, no profile files, one
//! TLS stack, and as its only roots those that Amazon's endpoints chain to.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::{
    behavior_version::BehaviorVersion, http::SharedHttpClient, identity::SharedIdentityCache,
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};

use super::config::Config;

/// Amazon Root CA 1 to 4 and the Starfield root that signed them: every AWS endpoint chains to one
/// of these. Loading the machine's own list would cost most of a cold start.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon_roots.pem");

/// How long one attempt of a call may take; DynamoDB answers in single milliseconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long a call may take with its retries: less than the function's own ten seconds.
const CALL_TIMEOUT: Duration = Duration::from_millis(4500);
/// How often one call is tried.
const ATTEMPTS: u32 = 3;

/// The connections of a function, over TLS with Amazon's roots.
pub fn https() -> SharedHttpClient {
    let trust = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    let builder = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc));
    match TlsContext::builder().with_trust_store(trust).build() {
        Ok(context) => builder.tls_context(context).build_https(),
        Err(_) => builder.build_https(),
    }
}

macro_rules! settings {
    ($service:ident, $config:expr, $http:expr, $url:expr) => {{
        let credentials = Credentials::new(
            &$config.credentials.access_key_id,
            &$config.credentials.secret_access_key,
            $config.credentials.session_token.clone(),
            None,
            "environment",
        );
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(CALL_TIMEOUT)
            .build();
        let mut builder = $service::config::Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region($service::config::Region::new($config.region.clone()))
            .credentials_provider(credentials)
            .identity_cache(SharedIdentityCache::new(
                aws_sdk_dynamodb::config::IdentityCache::no_cache(),
            ))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts)
            .sleep_impl(TokioSleep::new())
            .http_client($http);
        if let Some(url) = &$url {
            builder = builder.endpoint_url(url);
        }
        builder
    }};
}

/// A client of DynamoDB.
pub fn dynamodb(config: &Config, http: SharedHttpClient) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(
        settings!(aws_sdk_dynamodb, config, http, config.dynamodb_url).build(),
    )
}

/// A client of KMS.
pub fn kms(config: &Config, http: SharedHttpClient) -> aws_sdk_kms::Client {
    aws_sdk_kms::Client::from_conf(settings!(aws_sdk_kms, config, http, config.kms_url).build())
}

/// A client of a WebSocket API's connections.
pub fn connections(
    config: &Config,
    http: SharedHttpClient,
) -> aws_sdk_apigatewaymanagement::Client {
    let url = Some(config.websocket_url.clone());
    let settings = settings!(aws_sdk_apigatewaymanagement, config, http, url);
    aws_sdk_apigatewaymanagement::Client::from_conf(settings.build())
}

/// The settings of a client of S3, which is made on first use.
pub fn s3(config: &Config, http: SharedHttpClient) -> aws_sdk_s3::Config {
    settings!(aws_sdk_s3, config, http, config.s3_url)
        .force_path_style(config.s3_url.is_some())
        .build()
}

/// A client of SES v2.
pub fn ses(config: &Config, http: SharedHttpClient) -> aws_sdk_sesv2::Client {
    aws_sdk_sesv2::Client::from_conf(settings!(aws_sdk_sesv2, config, http, config.ses_url).build())
}
