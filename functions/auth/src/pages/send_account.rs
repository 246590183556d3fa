//! `POST /account`: what the buttons of the account's pages do.

use axum::{extract::State, response::Response};
use shared::{
    app::App,
    http::{
        Client, Code, Problem,
        page::{Form, Page, Reader, Refusals, SessionCookie},
    },
};

use super::account::{
    AccountForm, Act, Asked, address, factor, keep, overview, password, preferences, prove,
};
use crate::visit;

/// Press a button of the account's pages.
#[utoipa::path(
    post,
    path = "/account",
    operation_id = "send_account",
    request_body(content = AccountForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What is shown once: a secret, or recovery codes.", body = String, content_type = "text/html"),
        (status = 303, description = "It is done, or a proof comes first."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    reader: Reader,
    cookie: SessionCookie,
    Form(form): Form<AccountForm>,
) -> Response {
    let asked = Asked {
        app: &app,
        client: &client,
        words: reader.words,
    };
    reader.answer(act(&asked, &cookie, &form).await)
}

async fn act(
    asked: &Asked<'_>,
    cookie: &SessionCookie,
    form: &AccountForm,
) -> Result<Page, Problem> {
    match form.act {
        Act::AskKeep => return keep::ask(asked, form).await,
        Act::Keep => return keep::act(asked, form).await,
        _ => {}
    }
    let visit = visit::of(asked.app, cookie).await?;
    let Some(visit) = visit else {
        return match form.act {
            Act::SignOut => overview::sign_out(asked, None).await,
            _ => Page::to("/sign-in"),
        };
    };
    // A session of a team ends itself and does nothing else to the account.
    if visit.session.team.is_some() && form.act != Act::SignOut {
        return Err(Problem::new(Code::TeamSession));
    }
    match form.act {
        Act::AskAddress => address::ask(asked, &visit, form).await,
        Act::AskKeep => keep::ask(asked, form).await,
        Act::BeginFactor => factor::begin(asked, &visit).await,
        Act::ChangePassword => password::act(asked, &visit, form).await,
        Act::ConfirmAddress => address::confirm(asked, &visit, form).await,
        Act::ConfirmFactor => factor::confirm(asked, &visit, form).await,
        Act::EndSession => overview::end_session(asked, &visit, form).await,
        Act::Keep => keep::act(asked, form).await,
        Act::MailCode => prove::mail(asked, &visit, form).await,
        Act::NewCodes => factor::new_codes(asked, &visit).await,
        Act::Prove => prove::act(asked, &visit, form).await,
        Act::RemoveFactor => factor::remove(asked, &visit).await,
        Act::SavePreferences => preferences::act(asked, &visit, form).await,
        Act::SignOut => overview::sign_out(asked, Some(&visit)).await,
    }
}
