//! `POST /v1/privacy/child-reports`: somebody says that the data of a child are here (FLOW-61).
//!
//! They need not say who they are, and hear the same whatever is found. A contact that they name is set aside
//! with the report, which a decision undoes; what cannot be found is looked for by the operator.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::{App, limit::Act},
    domain::{
        ContactId, TenantId, WorkspaceId,
        privacy::{Maker, RequestKind},
        text::{Email, Text},
    },
    http::{
        Allowance, Client, Code, Json, Problem, Problems,
        actor::Entry,
        person::{self, Person},
    },
};
use utoipa::ToSchema;

use crate::{
    making::{self, Asked, Asking, Within},
    request::Desk,
};

/// Most characters of a report that goes to the operator: what it names stands behind it.
const MOST_CHARS: usize = 9_800;

/// The report of a child.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportsChild {
    /// What there is to know.
    message: Text,
    /// The address that the child signs in with, if it is known.
    email: Option<Email>,
    /// The workspace that the child talks with, if it is known.
    workspace_id: Option<WorkspaceId>,
    /// The contact that the child is there, if it is known.
    contact_id: Option<ContactId>,
}

/// Report that the data of a child are kept here.
///
/// For anybody, without a token. A contact that is named is set aside at once, and the team that it belongs to
/// decides within a day; every other report the operator looks into, as soon. The reply is the same
/// whatever was found.
#[utoipa::path(
    post,
    path = "/v1/privacy/child-reports",
    operation_id = "report_child",
    request_body = ReportsChild,
    responses((status = 202, description = "It was received."), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    Json(body): Json<ReportsChild>,
) -> Result<(Allowance, StatusCode), Problem> {
    let child = match (&body.contact_id, &body.email) {
        (Some(contact), _) => contact.to_string(),
        (None, Some(email)) => email.identity(),
        (None, None) => body.message.reveal().to_owned(),
    };
    let allowed = app.admit(&client, Act::ReportChild, &child).await?;
    match found(&app, &body).await? {
        Some((entry, person)) => set_aside(&app, &entry, &person, body).await?,
        None => look_into(&app, body).await?,
    }
    Ok((allowed, StatusCode::ACCEPTED))
}

/// The contact that a report names, if it is kept anywhere.
async fn found(app: &App, body: &ReportsChild) -> Result<Option<(Entry, Person)>, Problem> {
    let Some((workspace, contact)) = body.workspace_id.zip(body.contact_id) else {
        return Ok(None);
    };
    let wanted = person::wanted(workspace, contact).to_vec();
    let entry = match app.enter(workspace, wanted).await {
        Ok(entry) => entry,
        Err(problem) if matches!(problem.code(), Code::Unavailable | Code::Internal) => {
            return Err(problem);
        }
        // It does not exist, or is not open: nobody there decides.
        Err(_) => return Ok(None),
    };
    let person = person::open_kept(entry.fetched(), &entry, contact)?;
    Ok(person.map(|person| (entry, person)))
}

async fn set_aside(
    app: &App,
    entry: &Entry,
    person: &Person,
    body: ReportsChild,
) -> Result<(), Problem> {
    let asking = Asking {
        // Nothing goes to a child's address because of a stranger.
        on_file: None,
        ..Asking::contact(person, Maker::Anybody)
    };
    let within = Within {
        entry,
        person,
        actor: person.contact.id.into(),
    };
    let asked = Asked {
        kind: RequestKind::ChildReport,
        message: Some(body.message),
        name: None,
        email: None,
        reply_to: None,
    };
    let made = making::make(app, Desk::of(entry), asking, asked, Some(within));
    made.await.map(|_| ())
}

/// Has the operator look for a child whom the program does not find, or may not set aside: accounts are
/// closed by people.
async fn look_into(app: &App, body: ReportsChild) -> Result<(), Problem> {
    let now = app.clock.now();
    let key = app.store.tenant_key(TenantId::Platform, now).await?;
    let named = [
        body.email.as_ref().map(|email| email.reveal().to_owned()),
        body.workspace_id.map(|id| id.to_string()),
        body.contact_id.map(|id| id.to_string()),
    ];
    let said = body.message.reveal().chars().take(MOST_CHARS);
    let lines = std::iter::once(said.collect()).chain(named.into_iter().flatten());
    let text = lines.collect::<Vec<String>>().join("\n");
    let asked = Asked {
        kind: RequestKind::ChildReport,
        message: Some(Text::parse(&text).unwrap_or(body.message)),
        name: None,
        email: None,
        reply_to: None,
    };
    making::report(app, Desk::platform(&key, now), asked).await
}
