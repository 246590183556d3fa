//! `GET /.well-known/erasure-keys.json`: the public keys that receipts of erasures are checked with.
//!
//! Apart from the keys of access tokens: another private half, read by another function.

use axum::{extract::State, http::header, response::IntoResponse};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use shared::{
    app::App,
    domain::receipt::key_name,
    http::{Json, Problem, Problems},
};
use utoipa::ToSchema;

/// Keys are added, never replaced: old receipts stay good.
const CACHING: &str = "public, max-age=300";

/// A set of keys (RFC 7517, 5).
#[derive(Serialize, ToSchema)]
pub struct ErasureKeys {
    /// The keys, newest first.
    keys: Vec<ErasureKey>,
}

/// An Ed25519 key that checks receipts (RFC 8037, 2).
#[derive(Serialize, ToSchema)]
pub struct ErasureKey {
    /// Always `OKP`.
    #[schema(example = "OKP")]
    kty: &'static str,
    /// Always `Ed25519`.
    #[schema(example = "Ed25519")]
    crv: &'static str,
    /// Always `EdDSA`.
    #[schema(example = "EdDSA")]
    alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    usage: &'static str,
    /// The key's name in a receipt.
    #[schema(example = "d75a980182b10ab7")]
    kid: String,
    /// The 32 bytes of the key in base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
}

/// List the public keys of receipts.
///
/// `sotto verify-receipt` reads this file.
#[utoipa::path(
    get,
    path = "/.well-known/erasure-keys.json",
    operation_id = "list_erasure_keys",
    responses((status = 200, description = "The keys.", body = ErasureKeys), Problems),
    security(()),
)]
pub async fn handle(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let found = app.store.receipt_keys(app.clock.now()).await?;
    let all = found.map(|found| found.keys).unwrap_or_default();
    let key = |public: &Vec<u8>| ErasureKey {
        kty: "OKP",
        crv: "Ed25519",
        alg: "EdDSA",
        usage: "sig",
        kid: key_name(public),
        x: BASE64URL_NOPAD.encode(public),
    };
    let keys = all.iter().map(|bytes| key(&bytes.0)).collect();
    Ok((
        [(header::CACHE_CONTROL, CACHING)],
        Json(ErasureKeys { keys }),
    ))
}
