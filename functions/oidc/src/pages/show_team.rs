//! `GET /sign-in/team`: asks for the workspace of the team. The link that a team gives its members names
//! it already.

use axum::response::Response;
use maud::html;
use serde::Deserialize;
use shared::http::page::{Page, Query, Reader, Refusals, Words};

/// What the link to the page may bring.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    #[serde(default)]
    workspace: String,
}

/// Open the page to sign in through a team.
#[utoipa::path(
    get,
    path = "/sign-in/team",
    operation_id = "show_team_sign_in",
    params(("workspace" = Option<String>, Query, description = "The workspace of the team.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(reader: Reader, Query(arrival): Query<Arrival>) -> Response {
    reader.answer(Ok(form(reader.words, &arrival.workspace, None)))
}

/// The form, for the first time or again.
pub fn form(words: &'static Words, typed: &str, wrong: Option<&'static str>) -> Page {
    let body = html! {
        h1 { (words.team) }
        @if let Some(text) = wrong { p.wrong role="alert" { (text) } }
        form method="post" action="/sign-in/team" {
            label for="workspace" { (words.team_workspace) }
            input #workspace name="workspace" value=(typed) maxlength="40" required
                autocomplete="off" aria-describedby="workspace-hint";
            p #workspace-hint .hint { (words.team_workspace_hint) }
            label {
                input type="checkbox" name="adult" value="yes";
                " " (words.adult)
            }
            p.hint { (words.team_adult_hint) }
            button { (words.go_on) }
        }
        p { a href="/sign-in" { (words.to_sign_in) } }
    };
    Page::new(words.team, body)
}
