//! `GET /v1/account/passkeys`: the passkeys of an account. One read.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{PasskeyId, Timestamp},
    http::{
        AccessToken, Json, Problem, Problems,
        platform::{Platform, Proof},
        second_factor,
    },
    store::passkey::{Passkey, Passkeys},
};
use utoipa::ToSchema;

/// A passkey as its owner sees it.
#[derive(Serialize, ToSchema)]
pub struct PasskeyView {
    /// Its id.
    pub id: PasskeyId,
    /// What its owner calls it.
    #[schema(example = "blue key")]
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last proved something; null until then.
    pub used_at: Option<Timestamp>,
}

impl PasskeyView {
    /// What its owner sees.
    pub fn of(passkey: &Passkey) -> Self {
        Self {
            id: passkey.id,
            name: passkey.name.reveal().to_owned(),
            created_at: passkey.created_at,
            used_at: passkey.used_at,
        }
    }
}

/// The passkeys of an account, in the order in which they were added.
#[derive(Serialize, ToSchema)]
pub struct PasskeyList {
    /// All of them: ten at most.
    #[schema(max_items = 10)]
    data: Vec<PasskeyView>,
}

/// List the passkeys.
#[utoipa::path(
    get,
    path = "/v1/account/passkeys",
    operation_id = "list_passkeys",
    responses((status = 200, description = "The passkeys of the account.", body = PasskeyList), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
) -> Result<Json<PasskeyList>, Problem> {
    let wanted = second_factor::wanted(token.account());
    let (_, read) = Platform::of(&app, &token, wanted, Proof::Any).await?;
    let passkeys = of(&read, &token)?;
    let data = passkeys.iter().map(PasskeyView::of).collect();
    Ok(Json(PasskeyList { data }))
}

/// The passkeys out of a batch that asked for them.
pub fn of(read: &Platform, token: &AccessToken) -> Result<Passkeys, Problem> {
    let (found, _) = second_factor::of(read, token.account())?;
    Ok(found.map_or_else(Passkeys::default, |factor| factor.passkeys))
}
