//! `POST /v1/auth/otp`: somebody wants to sign in.
//!
//! An address without an account gets the same answer and the same rows, but no mail.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use shared::{
    app::App,
    http::{Client, Json, Problem, Problems},
    store::account::ChallengePurpose,
};

use crate::challenge::{self, AskForCode, CodeAsked, Plan};

/// Ask for a code to sign in.
///
/// Mails a code of eight digits, good for ten minutes, if the address has an account. The answer
/// is the same if it has none.
#[utoipa::path(
    post,
    path = "/v1/auth/otp",
    operation_id = "request_code",
    request_body = AskForCode,
    responses((status = 202, description = "Look into your mail.", body = CodeAsked), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    Json(body): Json<AskForCode>,
) -> Result<impl IntoResponse, Problem> {
    let allowed = challenge::admit(&app, &client, &body.email).await?;
    let asked = challenge::ask(&app, &allowed, body.email, plan).await?;
    Ok((StatusCode::ACCEPTED, allowed, Json(asked)))
}

/// What the code is for.
pub const fn plan(has_account: bool) -> Plan {
    Plan {
        purpose: ChallengePurpose::SignIn,
        deliver: has_account,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_with_an_account_gets_mail() {
        let purpose = ChallengePurpose::SignIn;
        assert_eq!(
            plan(true),
            Plan {
                purpose,
                deliver: true
            }
        );
        assert_eq!(
            plan(false),
            Plan {
                purpose,
                deliver: false
            }
        );
    }
}
