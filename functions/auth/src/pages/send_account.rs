//! `POST /account`: what the buttons of the account's page do.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    app::App,
    domain::SessionId,
    http::{
        Problem,
        page::{Form, Page, Reader, Refusals, SessionCookie},
    },
    store::keys,
    words,
};
use utoipa::ToSchema;

words! {
    /// What a button of the account's page does.
    pub enum Act {
        /// Ends the session that is named, wherever it is.
        EndSession = "end_session",
        /// Ends this session.
        SignOut = "sign_out",
    }
}

/// A button of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountForm {
    /// What to do.
    act: Act,
    /// Which session to end: one of the same account.
    session: Option<SessionId>,
}

/// Press a button of the account's page.
#[utoipa::path(
    post,
    path = "/account",
    operation_id = "send_account",
    request_body(content = AccountForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "It is done."), Refusals),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    reader: Reader,
    cookie: SessionCookie,
    Form(form): Form<AccountForm>,
) -> Response {
    reader.answer(act(&app, &cookie, form).await)
}

async fn act(app: &App, cookie: &SessionCookie, form: AccountForm) -> Result<Page, Problem> {
    let signed_in = app.browsing(cookie, Vec::new()).await?;
    match form.act {
        Act::EndSession => {
            let Some(signed_in) = signed_in else {
                return Page::to("/sign-in");
            };
            let missing = || Problem::invalid("#/session", "required", "this field");
            let session = form.session.ok_or_else(missing)?;
            // Only among the account's own, and one that is over already is as good as ended.
            app.store
                .delete(keys::session(signed_in.account, session))
                .await?;
            Page::to("/account")
        }
        Act::SignOut => {
            if let Some(signed_in) = signed_in {
                let session = keys::session(signed_in.account, signed_in.session.id);
                app.store.delete(session).await?;
            }
            // Without a session that is as good as done.
            Ok(Page::to("/sign-in?signed_out=1")?.signing_out())
        }
    }
}
