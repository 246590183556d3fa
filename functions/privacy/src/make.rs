//! `POST /v1/workspaces/{workspace}/privacy/requests`: who is responsible in the workspace writes down
//! what a contact asked for, by mail or by word, so that its time is watched.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::{App, limit::Act},
    domain::{
        ContactId, Permission, WorkspaceId,
        privacy::{Maker, RequestKind},
        text::{Email, Name, Text},
    },
    http::{AccessToken, Allowance, Client, Json, Path, Problem, Problems, person},
};
use utoipa::ToSchema;

use crate::{
    making::{self, Asked, Asking, Made, Within},
    request::{Desk, PrivacyRequestView},
};

/// What a contact asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactAsks {
    /// Who asks.
    contact_id: ContactId,
    /// What.
    #[serde(rename = "type")]
    #[schema(example = "rectify")]
    request: RequestKind,
    /// What they said with it; a question needs it.
    message: Option<Text>,
    /// The name as it should be: with `rectify` only.
    name: Option<Name>,
    /// The address as it should be: with `rectify` only.
    email: Option<Email>,
}

/// Enter a request of a contact.
///
/// Its time runs from now. Where an address is on file, the contact is told. `child_report` sets the
/// contact aside at once: nobody reads or writes what is kept about it until somebody has decided,
/// within a day, whether it is erased or used again. `delete_call_metadata` is about the calls of guests whom an
/// app named, and signed for, as it names the contact.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/privacy/requests",
    operation_id = "make_contact_privacy_request",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = ContactAsks,
    responses(
        (status = 202, description = "It is entered.", body = PrivacyRequestView),
        (status = 200, description = "It was asked before.", body = PrivacyRequestView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<ContactAsks>,
) -> Result<(StatusCode, Allowance, Json<PrivacyRequestView>), Problem> {
    let wanted = person::wanted(workspace, body.contact_id).to_vec();
    let member = app
        .member(&token, workspace, Permission::PrivacyManage, wanted)
        .await?;
    let entry = &member.entry;
    let person = person::open_kept(entry.fetched(), entry, body.contact_id)?;
    let person = person.ok_or_else(Problem::not_found)?;
    let whose = body.contact_id.to_string();
    let allowed = app.admit(&client, Act::AskAboutData, &whose).await?;
    let asking = Asking::contact(&person, Maker::Workspace);
    let asked = Asked {
        kind: body.request,
        message: body.message,
        name: body.name,
        email: body.email,
        reply_to: None,
    };
    let within = Within {
        entry,
        person: &person,
        actor: member.id.into(),
    };
    let made = making::make(&app, Desk::of(entry), asking, asked, Some(within)).await?;
    Ok(match made {
        Made::New(view) => (StatusCode::ACCEPTED, allowed, Json(view)),
        Made::Before(view) => (StatusCode::OK, allowed, Json(view)),
    })
}
