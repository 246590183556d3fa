//! `POST /v1/auth/oidc/{workspace}/start`: where a program leads somebody who signs in through their team.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{Timestamp, WorkspaceId, retention::CHALLENGE_LIFETIME, text::Setting},
    http::{Allowance, Client, Json, MaybeToken, Path, Problem, Problems},
    store::team::Beginner,
};
use utoipa::ToSchema;

use crate::{
    attempt::{self, Wish},
    finish,
};

/// The longest that a proof at the provider may be asked to be old: a day.
const MOST_SECONDS: u64 = 24 * 60 * 60;

/// A sign-in to begin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartTeamSignIn {
    /// Where the provider leads back to: one of those that the owner of the workspace named.
    #[schema(example = "https://app.example.com/signed-in")]
    redirect_uri: Setting,
    /// That whoever signs in says that they are of age: asked for where they come for the first time.
    #[serde(default)]
    adult: bool,
    /// How many seconds ago, at the most, whoever signs in may have proved to the provider who they are; else
    /// they prove it again there. With 0 they do in any case: that is how a session through a team gets a
    /// proof of the last ten minutes.
    #[schema(minimum = 0, maximum = 86400, example = 0)]
    max_age_seconds: Option<u64>,
}

/// A sign-in that has begun.
#[derive(Serialize, ToSchema)]
pub struct TeamSignInStarted {
    /// Where to lead the browser.
    #[schema(example = "https://id.example.com/authorize?response_type=code")]
    authorization_url: String,
    /// To be kept where it began, and brought back to `finish`.
    #[schema(example = "oh_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksxilfrmv2m5qjlbhjfm.dGhlIHNlY3JldA")]
    sign_in: String,
    /// Until when it can be finished.
    expires_at: Timestamp,
}

impl IntoResponse for TeamSignInStarted {
    fn into_response(self) -> Response {
        ([(header::CACHE_CONTROL, "no-store")], Json(self)).into_response()
    }
}

/// Begin a sign-in through the team.
///
/// With an access token the account that it belongs to is joined to whomever the provider vouches for,
/// where their addresses agree.
#[utoipa::path(
    post,
    path = "/v1/auth/oidc/{workspace}/start",
    operation_id = "start_team_sign_in",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = StartTeamSignIn,
    responses((status = 200, description = "Begun; good for ten minutes.", body = TeamSignInStarted), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    Path(workspace): Path<WorkspaceId>,
    token: MaybeToken,
    Json(body): Json<StartTeamSignIn>,
) -> Result<(Allowance, TeamSignInStarted), Problem> {
    if body.max_age_seconds.is_some_and(|age| age > MOST_SECONDS) {
        let detail = format!("from 0 to {MOST_SECONDS}");
        return Err(Problem::invalid(
            "#/max_age_seconds",
            "out_of_range",
            &detail,
        ));
    }
    let allowed = finish::admit(&app, &client, workspace).await?;
    let account = match &token.0 {
        Some(token) => Some(app.signed_in(token, Vec::new()).await?.account),
        None => None,
    };
    let now = app.clock.now();
    let wish = Wish {
        beginner: Beginner::Program,
        redirect_uri: Some(body.redirect_uri),
        account,
        adult_at: Some(now).filter(|_| body.adult),
        max_age_seconds: body.max_age_seconds,
    };
    let begun = attempt::begin(&app, &allowed, workspace, wish).await?;
    let started = TeamSignInStarted {
        sign_in: begun.attempt.handle(&begun.tenant_key),
        authorization_url: begun.authorization_url,
        expires_at: begun.attempt.created_at.plus(CHALLENGE_LIFETIME),
    };
    Ok((allowed, started))
}
