//! `GET /.well-known/jwks.json`: the public keys of access tokens, for whoever wants to check one.
//!
//! Ed25519 keys as RFC 8037 writes them, newest first.

use axum::{extract::State, http::header, response::IntoResponse};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use shared::{
    app::App,
    http::{Json, Problem, Problems},
    store::signing,
};
use utoipa::ToSchema;

/// Who rotates keys publishes a new one for longer than this before it signs.
const CACHING: &str = "public, max-age=300";

/// A set of keys (RFC 7517, 5).
#[derive(Serialize, ToSchema)]
pub struct JwkSet {
    /// The keys, newest first.
    keys: Vec<Jwk>,
}

/// An Ed25519 key that checks signatures (RFC 8037, 2).
#[derive(Debug, Serialize, ToSchema)]
pub struct Jwk {
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
    /// The key's name in the header of a token.
    #[schema(example = "d75a980182b10ab7")]
    kid: String,
    /// The 32 bytes of the key in base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
}

impl Jwk {
    fn new(public: &[u8]) -> Self {
        Self {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            usage: "sig",
            kid: signing::key_id(public),
            x: BASE64URL_NOPAD.encode(public),
        }
    }
}

/// List the public keys.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    operation_id = "list_public_keys",
    responses((status = 200, description = "The keys.", body = JwkSet), Problems),
    security(()),
)]
pub async fn handle(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let public = app.store.public_keys(app.clock.now()).await?;
    let keys = public.keys.iter().map(|key| Jwk::new(&key.0)).collect();
    Ok(([(header::CACHE_CONTROL, CACHING)], Json(JwkSet { keys })))
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 8037, A.2.
    #[test]
    fn a_key_is_written_as_the_rfc_writes_it() {
        let public = data_encoding::HEXLOWER
            .decode(b"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
            .expect("hex");
        assert_eq!(
            serde_json::to_value(Jwk::new(&public)).expect("json"),
            serde_json::json!({
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
                "kid": "d75a980182b10ab7",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            })
        );
    }
}
