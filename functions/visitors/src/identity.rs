//! The customer's word for who a visitor is: a short-lived JWT, signed with the app's secret.
//!
//! HS256 and nothing else, for this workspace and nothing else (RFC 8725). The token is only
//! verified, never stored.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use shared::{
    domain::{
        Timestamp, WorkspaceId,
        text::{Email, ExternalId, Name},
    },
    http::{Code, Problem},
};

/// How far ahead a token may end.
const MAX_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How far the customer's clock may be off.
const LEEWAY: Duration = Duration::from_secs(60);

/// Who a visitor is, by the customer's word.
#[derive(Debug, Deserialize)]
pub struct Signed {
    /// The customer's own identifier of the person.
    #[serde(rename = "sub")]
    pub external_id: ExternalId,
    /// A name.
    pub name: Option<Name>,
    /// An address. It joins nobody to anybody.
    pub email: Option<Email>,
    /// Good until, in seconds; RFC 7519 allows fractions.
    exp: f64,
    /// Not good before, in seconds.
    nbf: Option<f64>,
}

/// What to tell a developer whose tokens are refused.
const RULES: &str = "an identity token is a JWT with alg HS256 under the app's identity secret, \
    aud the id of the workspace, exp at most an hour ahead, sub of 1 to 200 characters, and \
    optionally name and email";

/// Who the bearer of `token` is.
///
/// # Errors
/// 401 `token_expired` when its time is over, 401 `token_invalid` for anything else.
pub fn verify(
    token: &str,
    secret: &[u8],
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Signed, Problem> {
    let invalid = || Problem::new(Code::TokenInvalid).with_detail(RULES);
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_audience(&[workspace]);
    rules.set_required_spec_claims(&["exp", "aud", "sub"]);
    // The library asks the machine's clock; ours can be moved, so we compare ourselves.
    rules.validate_exp = false;
    let key = DecodingKey::from_secret(secret);
    let decoded = jsonwebtoken::decode::<Signed>(token, &key, &rules).map_err(|_| invalid())?;
    // An extension that must be understood is not (RFC 7515, 4.1.11).
    if decoded.header.crit.is_some() {
        return Err(invalid());
    }
    let signed = decoded.claims;
    if signed.exp <= seconds(now) {
        return Err(Problem::new(Code::TokenExpired));
    }
    let too_long = signed.exp > seconds(now.plus(MAX_LIFETIME).plus(LEEWAY));
    let too_early = signed
        .nbf
        .is_some_and(|nbf| nbf > seconds(now.plus(LEEWAY)));
    if too_long || too_early {
        Err(invalid())
    } else {
        Ok(signed)
    }
}

/// Seconds since the epoch, with their fraction.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of our age fit the 53 bits"
)]
fn seconds(at: Timestamp) -> f64 {
    at.ms() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &[u8] = b"pHq0y1n4fQ2d8s7Kx3mB6vT9wZ5cR1jL0aE4gU8iO2Y";

    fn now() -> Timestamp {
        Timestamp::from_ms(1_768_478_400_500)
    }

    fn claims(change: Value) -> Value {
        let mut claims = json!({
            "sub": "user-1", "aud": WorkspaceId::new(Timestamp::from_ms(1)).to_string(),
            "exp": now().seconds() + 600, "name": "Ada", "plan": "gold",
        });
        for (name, value) in change.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims
    }

    fn token(algorithm: Algorithm, secret: &[u8], claims: &Value) -> String {
        encode(
            &Header::new(algorithm),
            claims,
            &EncodingKey::from_secret(secret),
        )
        .expect("a token")
    }

    /// Checks against the audience that `claims` names, whatever that is.
    fn check(token: &str, claims: &Value) -> Result<Signed, Code> {
        let audience = match &claims["aud"] {
            Value::String(id) => id.parse().unwrap_or_else(|_| WorkspaceId::new(now())),
            Value::Array(all) => all[0]
                .as_str()
                .and_then(|id| id.parse().ok())
                .expect("an id"),
            _ => WorkspaceId::new(now()),
        };
        verify(token, SECRET, audience, now()).map_err(|problem| problem.code())
    }

    #[test]
    fn a_good_token_says_who_it_is() {
        let claims = claims(json!({ "email": "ada@example.com" }));
        let signed = check(&token(Algorithm::HS256, SECRET, &claims), &claims).expect("good");
        assert_eq!(signed.external_id.reveal(), "user-1");
        assert_eq!(
            signed.name.map(|name| name.reveal().to_owned()).as_deref(),
            Some("Ada")
        );
        assert_eq!(
            signed
                .email
                .map(|email| email.reveal().to_owned())
                .as_deref(),
            Some("ada@example.com")
        );
    }

    #[test]
    fn an_audience_may_be_one_of_several_and_a_time_may_have_a_fraction() {
        let id = WorkspaceId::new(Timestamp::from_ms(1)).to_string();
        let several = claims(json!({ "aud": [id, "other"], "exp": 1_768_479_000.25 }));
        assert!(check(&token(Algorithm::HS256, SECRET, &several), &several).is_ok());
    }

    #[test]
    fn other_algorithms_keys_and_audiences_are_refused() {
        let good = claims(json!({}));
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            let token = token(algorithm, SECRET, &good);
            assert_eq!(
                check(&token, &good).err(),
                Some(Code::TokenInvalid),
                "{algorithm:?}"
            );
        }
        let foreign = token(
            Algorithm::HS256,
            b"another secret of enough length....",
            &good,
        );
        assert_eq!(check(&foreign, &good).err(), Some(Code::TokenInvalid));
        let signed = token(Algorithm::HS256, SECRET, &good);
        let other = WorkspaceId::new(now());
        let refused = verify(&signed, SECRET, other, now())
            .err()
            .map(|problem| problem.code());
        assert_eq!(refused, Some(Code::TokenInvalid));
        // `alg: none`, written by hand because no library writes it.
        let body = signed.split('.').nth(1).expect("a body");
        for unsigned in [
            format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}."),
            format!("eyJhbGciOiJub25lIn0.{body}.e30"),
        ] {
            assert_eq!(check(&unsigned, &good).err(), Some(Code::TokenInvalid));
        }
        for garbage in ["", ".", "..", "a.b.c", "\u{e4}.\u{f6}.\u{fc}"] {
            assert_eq!(
                check(garbage, &good).err(),
                Some(Code::TokenInvalid),
                "{garbage}"
            );
        }
    }

    #[test]
    fn an_extension_that_must_be_understood_is_refused() {
        let good = claims(json!({}));
        let header = Header {
            crit: Some(vec!["b64".to_owned()]),
            ..Header::new(Algorithm::HS256)
        };
        let token = encode(&header, &good, &EncodingKey::from_secret(SECRET)).expect("a token");
        assert_eq!(check(&token, &good).err(), Some(Code::TokenInvalid));
    }

    #[test]
    fn time_is_over_at_its_end_and_an_hour_is_the_most() {
        let at = now().seconds();
        let cases = [
            (json!({ "exp": at }), Some(Code::TokenExpired)),
            (json!({ "exp": at - 4000 }), Some(Code::TokenExpired)),
            (json!({ "exp": at + 1 }), None),
            (json!({ "exp": at + 3660 }), None),
            (json!({ "exp": at + 3662 }), Some(Code::TokenInvalid)),
            (json!({ "exp": "soon" }), Some(Code::TokenInvalid)),
            (json!({ "exp": null }), Some(Code::TokenInvalid)),
            (json!({ "nbf": at + 600 }), Some(Code::TokenInvalid)),
            (json!({ "nbf": at }), None),
        ];
        for (change, code) in cases {
            let claims = claims(change.clone());
            let refused = check(&token(Algorithm::HS256, SECRET, &claims), &claims).err();
            assert_eq!(refused, code, "{change}");
        }
    }

    #[test]
    fn claims_out_of_bounds_are_refused() {
        let long = "x".repeat(201);
        for change in [
            json!({ "sub": "" }),
            json!({ "sub": long }),
            json!({ "sub": null }),
            json!({ "sub": 7 }),
            json!({ "email": "no address" }),
            json!({ "name": "a\u{0}b" }),
            json!({ "aud": null }),
        ] {
            let claims = claims(change.clone());
            let refused = check(&token(Algorithm::HS256, SECRET, &claims), &claims).err();
            assert_eq!(refused, Some(Code::TokenInvalid), "{change}");
        }
    }
}
