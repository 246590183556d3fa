//! An app as the team sees it, and the rule of where it may run.

use serde::Serialize;
use shared::{
    domain::{
        AppId, TeamId, Timestamp,
        text::{BundleId, Origin},
    },
    http::Problem,
    store::{
        TenantKey,
        app::{App, Identity, Platform},
    },
};
use utoipa::ToSchema;

/// The most origins of an app.
const MAX_ORIGINS: usize = 20;

/// A way in for visitors.
#[derive(Serialize, ToSchema)]
pub struct AppView {
    /// Its id.
    id: AppId,
    /// What the team calls it.
    #[schema(example = "Our shop")]
    name: String,
    /// Where it runs.
    platform: Platform,
    /// The origins of the web pages it may be used on; empty for a mobile app.
    origins: Vec<Origin>,
    /// The mobile app it may be used in.
    bundle_id: Option<BundleId>,
    /// Whether visitors come with an identity that the customer signed.
    identity: Identity,
    /// The team that gets what its visitors begin.
    team_id: Option<TeamId>,
    /// Whether visitors are asked how content they are when what they began is closed.
    #[schema(example = false)]
    asks_rating: bool,
    /// Whether devices of its calls speak through a relay only.
    relay_only: bool,
    /// Whether what the team writes is mailed to visitors who are away, where the workspace mails.
    #[schema(example = true)]
    mails_offline: bool,
    /// What the customer's pages name to start a session. Not a secret.
    #[schema(example = "pk_01kf0a1b2c3d4e5f6g7h8j9k0m01kf0a1b2c3d4e5f6g7h8j9k0n")]
    public_key: String,
    /// The secret to sign identities of visitors with (JWT, HS256): these characters are the key.
    /// Only in the reply to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        example = "pHq0y1n4fQ2d8s7Kx3mB6vT9wZ5cR1jL0aE4gU8iO2Y"
    )]
    identity_secret: Option<String>,
    /// Until when the public key before this one starts sessions too.
    former_key_until: Option<Timestamp>,
    /// Until when identities signed with the secret before this one are good too.
    former_secret_until: Option<Timestamp>,
    /// When it was made.
    created_at: Timestamp,
    /// Counts changes.
    #[schema(example = 1)]
    rev: u64,
}

impl AppView {
    /// The view of an app.
    pub fn new(app: &App) -> Self {
        Self {
            id: app.id,
            name: app.name.as_str().to_owned(),
            platform: app.platform,
            origins: app.origins.clone(),
            bundle_id: app.bundle_id.clone(),
            identity: app.identity,
            team_id: app.team,
            asks_rating: app.asks_rating.unwrap_or(false),
            relay_only: app.relay_only.unwrap_or(false),
            mails_offline: app.mails_offline.unwrap_or(true),
            public_key: app.public_key(),
            identity_secret: None,
            former_key_until: app.former_key_until(),
            former_secret_until: app.former_secret_until(),
            created_at: app.created_at,
            rev: app.rev,
        }
    }

    /// The view of an app that was just made, with its secret.
    ///
    /// # Errors
    /// When the secret does not open under this key.
    pub fn with_secret(app: &App, tenant_key: &TenantKey) -> Result<Self, Problem> {
        let secret = app.identity_secret(tenant_key)?;
        let secret = std::str::from_utf8(&secret)
            .map_err(|_| Problem::internal("an identity secret that is not text"))?;
        Ok(Self {
            identity_secret: Some(secret.to_owned()),
            ..Self::new(app)
        })
    }
}

/// A web app names its origins, a mobile app its bundle, and neither the other's.
///
/// # Errors
/// 422 at the field that is missing, too long or out of place.
pub fn check_place(
    platform: Platform,
    origins: &[Origin],
    bundle_id: Option<&BundleId>,
) -> Result<(), Problem> {
    let (pointer, code, detail) = match (platform, origins.len(), bundle_id) {
        (Platform::Web, _, Some(_)) => ("#/bundle_id", "forbidden", "only a mobile app has one"),
        (Platform::Web, 0, None) => ("#/origins", "required", "1 to 20 origins of a web app"),
        (Platform::Web, 1..=MAX_ORIGINS, None) => return Ok(()),
        (Platform::Web, _, None) => ("#/origins", "too_many", "at most 20 origins"),
        (_, 0, None) => (
            "#/bundle_id",
            "required",
            "the identifier of the mobile app",
        ),
        (_, 0, Some(_)) => return Ok(()),
        (_, _, _) => ("#/origins", "forbidden", "only a web app has origins"),
    };
    Err(Problem::invalid(pointer, code, detail))
}

/// The origins, each once, in the order given.
pub fn distinct(origins: Vec<Origin>) -> Vec<Origin> {
    let mut kept: Vec<Origin> = Vec::with_capacity(origins.len());
    for origin in origins {
        if !kept.contains(&origin) {
            kept.push(origin);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_app_has_origins_and_a_mobile_app_a_bundle_and_neither_both() {
        let bundle = BundleId::parse("com.example.shop").expect("a bundle id");
        let origins = |count: usize| -> Vec<Origin> {
            (0..count)
                .map(|i| Origin::parse(&format!("https://{i}.example.com")).expect("an origin"))
                .collect()
        };
        assert!(check_place(Platform::Web, &origins(1), None).is_ok());
        assert!(check_place(Platform::Web, &origins(20), None).is_ok());
        assert!(check_place(Platform::Web, &origins(0), None).is_err());
        assert!(check_place(Platform::Web, &origins(21), None).is_err());
        assert!(check_place(Platform::Web, &origins(1), Some(&bundle)).is_err());
        for mobile in [Platform::Ios, Platform::Android] {
            assert!(check_place(mobile, &[], Some(&bundle)).is_ok());
            assert!(check_place(mobile, &[], None).is_err());
            assert!(check_place(mobile, &origins(1), Some(&bundle)).is_err());
        }
    }

    #[test]
    fn an_origin_given_twice_is_kept_once_and_the_order_stays() {
        let parse = |text| Origin::parse(text).expect("an origin");
        let (a, b) = (parse("https://b.example"), parse("https://a.example"));
        assert_eq!(distinct(vec![a.clone(), b.clone(), a.clone()]), [a, b]);
    }
}
