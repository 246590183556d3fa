//! `POST /v1/auth/signup`: somebody wants an account.
//!
//! The address gets a mail with a code either way: one that makes the account, or, where there is
//! one already, one that signs in to it. The answer is the same, so it does not tell which. A
//! password that comes along is hashed either way, and is that of the account only if the code
//! makes one: whoever asks has proved nothing yet.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde::{Deserialize, Deserializer, de::Error as _};
use shared::{
    app::App,
    domain::{
        TenantId,
        text::{Email, Fault},
    },
    http::{Allowance, Client, Json, Problem, Problems},
    store::account::ChallengePurpose,
};
use utoipa::ToSchema;

use crate::{
    challenge::{self, Brought, CodeAsked, Plan},
    password::{self, MIN_ALONE, Typed},
};

/// Who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// The address that the code is mailed to.
    email: Email,
    /// That the account's holder is of age. Has to be `true`; what is kept is when it was said.
    #[schema(value_type = bool, example = true)]
    adult: OfAge,
    /// A password of at least 15 characters. Without one the account signs in by mailed codes.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, min_length = 15, max_length = 256, example = "vexing umbrella 9")]
    password: Option<Typed>,
}

/// That somebody is of age, said by them.
pub struct OfAge;

impl<'de> Deserialize<'de> for OfAge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if bool::deserialize(deserializer)? {
            Ok(Self)
        } else {
            let detail = "true: accounts are for adults";
            Err(D::Error::custom(Fault::new("not_of_age", detail)))
        }
    }
}

/// Sign up.
///
/// Mails a code of eight digits, good for ten minutes. The answer is the same whether or not the
/// address has an account.
#[utoipa::path(
    post,
    path = "/v1/auth/signup",
    operation_id = "sign_up",
    request_body = SignUp,
    responses((status = 202, description = "Look into your mail.", body = CodeAsked), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    Json(body): Json<SignUp>,
) -> Result<impl IntoResponse, Problem> {
    let allowed = challenge::admit(&app, &client, &body.email).await?;
    let typed = body.password.as_ref();
    let asked = sign_up(&app, &allowed, body.email, body.adult, typed).await?;
    Ok((StatusCode::ACCEPTED, allowed, Json(asked)))
}

/// Asks for the code that makes an account, for whoever asks.
pub async fn sign_up(
    app: &App,
    allowed: &Allowance,
    email: Email,
    _: OfAge,
    typed: Option<&Typed>,
) -> Result<CodeAsked, Problem> {
    let now = app.clock.now();
    let password = match typed {
        Some(typed) => {
            typed.is_strong(MIN_ALONE, email.reveal(), "#/password")?;
            let tenant_key = app.store.tenant_key(TenantId::Platform, now).await?;
            Some(password::hash(app, &tenant_key, typed).await?)
        }
        None => None,
    };
    let brought = Brought {
        adult_at: Some(now),
        password,
        ..Brought::default()
    };
    challenge::ask_with(app, allowed, email, plan, brought).await
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
