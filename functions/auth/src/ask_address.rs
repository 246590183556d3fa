//! `POST /v1/account/address`: somebody wants another address for their account.
//!
//! A fresh proof stands for the old address, a mailed code proves the new one. The answer is the
//! same whether or not the new address belongs to somebody: then no mail goes out.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use shared::{
    app::App,
    http::{AccessToken, Client, Json, Problem, Problems},
};

use crate::challenge::{self, AskForCode, CodeAsked};

/// Ask for another address.
///
/// Mails a code to the new one. Asks for a proof of the last ten minutes.
#[utoipa::path(
    post,
    path = "/v1/account/address",
    operation_id = "ask_for_address",
    request_body = AskForCode,
    responses((status = 202, description = "Look into the mail of the new address.", body = CodeAsked), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    client: Client,
    Json(body): Json<AskForCode>,
) -> Result<impl IntoResponse, Problem> {
    let signed_in = app.proved(&token, Vec::new()).await?;
    let allowed = challenge::admit(&app, &client, &body.email).await?;
    let account = signed_in.account;
    let asked = challenge::ask_for_address(&app, &allowed, body.email, account).await?;
    Ok((StatusCode::ACCEPTED, allowed, Json(asked)))
}
