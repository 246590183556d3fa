//! `POST /v1/auth/signup`: somebody wants an account.
//!
//! The address gets a mail with a code either way: one that makes the account, or, where there is
//! one already, one that signs in to it. The answer is the same, so it does not tell which.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use shared::{
    app::App,
    http::{Json, Problem, Problems},
    store::account::ChallengePurpose,
};

use crate::challenge::{self, AskForCode, CodeAsked, Plan};

/// Sign up.
///
/// Mails a code of eight digits, good for ten minutes. The answer is the same whether or not the
/// address has an account.
#[utoipa::path(
    post,
    path = "/v1/auth/signup",
    operation_id = "sign_up",
    request_body = AskForCode,
    responses((status = 202, description = "Look into your mail.", body = CodeAsked), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    Json(body): Json<AskForCode>,
) -> Result<impl IntoResponse, Problem> {
    let asked = challenge::ask(&app, body, plan).await?;
    Ok((StatusCode::ACCEPTED, Json(asked)))
}

const fn plan(has_account: bool) -> Plan {
    let purpose = if has_account {
        ChallengePurpose::HasAccount
    } else {
        ChallengePurpose::SignUp
    };
    Plan {
        purpose,
        deliver: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_an_account_gets_a_code_to_sign_in_instead() {
        let deliver = true;
        assert_eq!(
            plan(false),
            Plan {
                purpose: ChallengePurpose::SignUp,
                deliver
            }
        );
        assert_eq!(
            plan(true),
            Plan {
                purpose: ChallengePurpose::HasAccount,
                deliver
            }
        );
    }
}
