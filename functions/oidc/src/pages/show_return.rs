//! `GET /sign-in/team/{workspace}`: where the provider leads back to. It reads nothing and changes
//! nothing; the digits and the button do.

use axum::response::Response;
use maud::html;
use serde::Deserialize;
use shared::{
    domain::WorkspaceId,
    http::{
        Code, Path, Problem,
        page::{Page, Query, Reader, Refusals, Words},
    },
};

/// What a provider adds to the address. Some add more than the standard has.
#[derive(Deserialize)]
pub struct Led {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
}

/// Open the page where a provider leads back to.
#[utoipa::path(
    get,
    path = "/sign-in/team/{workspace}",
    operation_id = "show_team_return",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace of the team."),
        ("code" = Option<String>, Query, description = "The code of the provider."),
        ("state" = Option<String>, Query, description = "Which sign-in it answers."),
        ("iss" = Option<String>, Query, description = "Who answers."),
    ),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    reader: Reader,
    workspace: Result<Path<WorkspaceId>, Problem>,
    Query(led): Query<Led>,
) -> Response {
    reader.answer(workspace.map(|Path(workspace)| page(&reader, workspace, led)))
}

fn page(reader: &Reader, workspace: WorkspaceId, led: Led) -> Page {
    let words = reader.words;
    let (Some(code), Some(state)) = (led.code, led.state) else {
        return over(words).because_of(Code::ValidationFailed);
    };
    let action = format!("/sign-in/team/{workspace}");
    let body = html! {
        h1 { (words.team) }
        form method="post" action=(action) {
            input type="hidden" name="code" value=(code);
            input type="hidden" name="state" value=(state);
            @if let Some(iss) = led.iss { input type="hidden" name="iss" value=(iss); }
            label for="digits" { (words.team_digits) }
            input #digits name="digits" inputmode="numeric" maxlength="4" required autofocus
                autocomplete="off" aria-describedby="digits-hint";
            p #digits-hint .hint { (words.team_digits_hint) }
            button { (words.go_on) }
        }
    };
    Page::new(words.team, body)
}

/// The page that says that it did not work.
pub fn over(words: &'static Words) -> Page {
    let body = html! {
        h1 { (words.team) }
        p.wrong role="alert" { (words.team_failed) }
        p { a href="/sign-in/team" { (words.begin_again) } }
        p { a href="/sign-in" { (words.to_sign_in) } }
    };
    Page::new(words.team, body)
}
