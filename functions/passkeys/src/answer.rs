//! What a browser is asked, and what it answers, on the wire.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Value, json};
use shared::{
    domain::{ChallengeId, Timestamp, retention::CHALLENGE_LIFETIME, text::Fault},
    http::Json,
    store::passkey::PasskeyCeremony,
};
use utoipa::ToSchema;

/// The longest answer: keys and signatures are far below it.
const LONGEST: usize = 64 * 1024;

/// What `navigator.credentials` gave, as `PublicKeyCredential.toJSON()` writes it. Its parts belong to
/// browsers, which add to them; what is not known is passed over.
#[derive(Clone)]
pub struct PasskeyAnswer(String);

impl PasskeyAnswer {
    /// Reads one; `None` when it is no JSON object, or too long.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let read = serde_json::from_str::<Value>(text).ok()?;
        read.is_object().then(|| Self(text.to_owned()))
    }

    /// The JSON.
    pub fn json(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for PasskeyAnswer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::parse(&value.to_string()).ok_or_else(|| {
            let detail = "a PublicKeyCredential as its toJSON() writes it";
            D::Error::custom(Fault::new("bad_credential", detail))
        })
    }
}

/// What a browser is asked. Its parts are WebAuthn's own.
#[derive(Serialize)]
#[serde(transparent)]
struct PasskeyOptions(Value);

/// An object whose parts a standard names, and adds to.
fn of_a_standard(description: &str, example: Value) -> utoipa::openapi::schema::Object {
    use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Type};
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(description))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .examples([example])
        .build()
}

impl utoipa::PartialSchema for PasskeyOptions {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let example = json!({ "challenge": "N3dvVw", "timeout": 600_000 });
        let description = "Options of a WebAuthn ceremony, in the JSON of its Level 3.";
        utoipa::openapi::RefOr::T(of_a_standard(description, example).into())
    }
}

impl ToSchema for PasskeyOptions {}

impl utoipa::PartialSchema for PasskeyAnswer {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let response = json!({ "clientDataJSON": "e30" });
        let example = json!({ "id": "AQID", "type": "public-key", "response": response });
        let description = "A PublicKeyCredential, as its toJSON() writes it.";
        utoipa::openapi::RefOr::T(of_a_standard(description, example).into())
    }
}

impl ToSchema for PasskeyAnswer {}

/// A ceremony that has begun.
#[derive(Serialize, ToSchema)]
pub struct CeremonyBegun {
    /// To be sent back with the answer.
    ceremony_id: ChallengeId,
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON()` or `parseRequestOptionsFromJSON()`
    /// (WebAuthn Level 3, 5.1.8 and 5.1.9).
    public_key: PasskeyOptions,
    /// Until when it can be answered, once.
    expires_at: Timestamp,
}

impl CeremonyBegun {
    /// The ceremony with what the browser is asked.
    pub fn new(ceremony: &PasskeyCeremony, public_key: Value) -> Self {
        Self {
            ceremony_id: ceremony.id,
            public_key: PasskeyOptions(public_key),
            expires_at: ceremony.created_at.plus(CHALLENGE_LIFETIME),
        }
    }

    /// Which ceremony.
    pub const fn id(&self) -> ChallengeId {
        self.ceremony_id
    }

    /// What the browser is asked, as JSON.
    pub fn options(&self) -> String {
        self.public_key.0.to_string()
    }
}

impl IntoResponse for CeremonyBegun {
    fn into_response(self) -> Response {
        ([(header::CACHE_CONTROL, "no-store")], Json(self)).into_response()
    }
}

/// The answer to a ceremony.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerCeremony {
    /// Of the reply that began it.
    pub ceremony_id: ChallengeId,
    /// What the browser gave.
    pub credential: PasskeyAnswer,
}
