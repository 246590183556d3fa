//! `POST /sign-in/team`: begins a sign-in, shows the digits that bind it to this browser, and leads on to
//! the provider. By a link: a form may lead nowhere but to our own pages.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::App,
    domain::WorkspaceId,
    http::{
        Client, Code, Problem,
        page::{Form, Page, Reader, Refusals, SessionCookie},
    },
    store::team::Beginner,
    words,
};
use utoipa::ToSchema;

use super::show_team;
use crate::{
    attempt::{self, Begun, Wish},
    finish,
};

words! {
    /// A box that was ticked.
    pub enum Ticked {
        /// It was.
        Yes = "yes",
    }
}

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamForm {
    /// The workspace of the team.
    workspace: String,
    /// That whoever signs in is of age.
    adult: Option<Ticked>,
}

/// Send the form to sign in through a team.
#[utoipa::path(
    post,
    path = "/sign-in/team",
    operation_id = "send_team_sign_in",
    request_body(content = TeamForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Begun: the page leads on to the provider.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    reader: Reader,
    cookie: SessionCookie,
    Form(form): Form<TeamForm>,
) -> Response {
    reader.answer(act(&app, &client, &reader, &cookie, form).await)
}

async fn act(
    app: &App,
    client: &Client,
    reader: &Reader,
    cookie: &SessionCookie,
    form: TeamForm,
) -> Result<Page, Problem> {
    let words = reader.words;
    let typed = form.workspace.trim();
    let unknown =
        || show_team::form(words, typed, Some(words.team_unknown)).because_of(Code::NotFound);
    let Ok(workspace) = typed.parse::<WorkspaceId>() else {
        return Ok(unknown());
    };
    let allowed = finish::admit(app, client, workspace).await?;
    let signed_in = app.browsing(cookie, Vec::new()).await?;
    let wish = Wish {
        beginner: Beginner::Browser,
        redirect_uri: None,
        account: signed_in.map(|signed_in| signed_in.account),
        adult_at: form.adult.map(|_| app.clock.now()),
        max_age_seconds: None,
    };
    let begun = match attempt::begin(app, &allowed, workspace, wish).await {
        Ok(begun) => begun,
        Err(problem) if problem.code() == Code::NotFound => return Ok(unknown()),
        Err(problem) => return Err(problem),
    };
    Ok(leads_on(reader, &begun))
}

fn leads_on(reader: &Reader, begun: &Begun) -> Page {
    let words = reader.words;
    let digits = begun.attempt.digits(&begun.tenant_key);
    let body = html! {
        h1 { (words.team) }
        p { (words.team_remember) }
        p { strong #digits { (digits) } }
        p { a #provider href=(begun.authorization_url) rel="noreferrer" { (words.team_to) " " (begun.host) } }
    };
    Page::new(words.team, body)
}
