//! `POST /v1/widget/privacy/requests`: a visitor asks the workspace about their data (CHAT-21).
//!
//! Where an address is on file, a link goes there first, and nothing happens before it is confirmed:
//! a browser may be somebody else's.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::{App, limit::Act},
    domain::{
        privacy::{Maker, RequestKind},
        text::{Email, Name, Text},
    },
    http::{Allowance, Client, Json, Problem, Problems, VisitorToken, person},
};
use utoipa::ToSchema;

use crate::{
    making::{self, Asked, Asking, Made, Within},
    request::{Desk, PrivacyRequestView},
};

/// What a visitor asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitorAsks {
    /// What.
    #[serde(rename = "type")]
    #[schema(example = "rectify")]
    request: RequestKind,
    /// What to say with it; a question needs it.
    message: Option<Text>,
    /// The name as it should be: with `rectify` only.
    name: Option<Name>,
    /// The address as it should be: with `rectify` only.
    email: Option<Email>,
    /// Where the answer goes, where no address is on file.
    reply_to: Option<Email>,
}

/// Ask about your data.
///
/// The workspace has 30 days from now. Where it knows an address of yours, a link goes there, and the
/// request waits for it for seven days. Who asks for the same again is told of the first request.
/// A copy (`access`, `export`) is made at once for whoever proved who they are, by that link or by the
/// app that signed for them; for everybody else the workspace decides. `child_report` sets everything aside at once: the session is good for requests only then.
#[utoipa::path(
    post,
    path = "/v1/widget/privacy/requests",
    operation_id = "visitor_make_privacy_request",
    request_body = VisitorAsks,
    responses(
        (status = 202, description = "It was received.", body = PrivacyRequestView),
        (status = 200, description = "It was asked before.", body = PrivacyRequestView),
        Problems,
    ),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: VisitorToken,
    Json(body): Json<VisitorAsks>,
) -> Result<(StatusCode, Allowance, Json<PrivacyRequestView>), Problem> {
    let wanted = person::wanted(token.workspace, token.contact).to_vec();
    let visitor = app.visitor_kept(&token, wanted).await?;
    let whose = visitor.id.to_string();
    let allowed = app.admit(&client, Act::AskAboutData, &whose).await?;
    let entry = &visitor.entry;
    let person =
        person::open_kept(entry.fetched(), entry, visitor.id)?.ok_or_else(Problem::not_found)?;
    let asking = Asking::contact(&person, Maker::Visitor);
    let asked = Asked {
        kind: body.request,
        message: body.message,
        name: body.name,
        email: body.email,
        reply_to: body.reply_to,
    };
    let within = Within {
        entry,
        person: &person,
        actor: visitor.id.into(),
    };
    let made = making::make(&app, Desk::of(entry), asking, asked, Some(within)).await?;
    Ok(match made {
        Made::New(view) => (StatusCode::ACCEPTED, allowed, Json(view)),
        Made::Before(view) => (StatusCode::OK, allowed, Json(view)),
    })
}
