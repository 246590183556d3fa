//! `GET /v1/account`: who is signed in, and how they want to use the product. One read.

use axum::extract::State;
use shared::{
    app::App,
    http::{AccessToken, Problem, Problems, Versioned},
};

use crate::{
    account::{self, Own, OwnAccount},
    platform::{Platform, Proof},
};

/// Show the account.
#[utoipa::path(
    get,
    path = "/v1/account",
    operation_id = "show_account",
    responses((status = 200, description = "The account of whoever is signed in.", body = OwnAccount), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
) -> Result<Versioned<OwnAccount>, Problem> {
    let id = token.account();
    let (_, read) = Platform::of(&app, &token, account::wanted(id), Proof::Anyhow).await?;
    let own = Own::read(&read, id)?;
    Ok(Versioned {
        rev: own.preferences.rev,
        view: own.view(),
    })
}
