//! `POST /v1/workspaces/{workspace}/contacts/{contact}/disclosures/{disclosure}/approve`: a second
//! person agrees, and the copy is made.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{ContactId, DisclosureId, Permission, WorkspaceId},
    http::{AccessToken, Code, Json, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction,
        audit::Deed,
        disclosure::{DisclosedPart, Disclosure, DisclosureState},
        export::Export,
    },
};

use crate::{
    disclosure::{DisclosureView, Places, Waiting},
    export,
};

/// Approve a disclosure.
///
/// By another owner or admin than the one who proposed it, with a factor that was proved in the last
/// ten minutes. The copy holds the named conversations without the notes of the team; it is fetched
/// as other exports are, for seven days. The person is told by mail, where an address of theirs was proved, and
/// finds the disclosure in their own copy of their data; where the law forbids to tell them yet, on the day it
/// does not any more.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/contacts/{contact}/disclosures/{disclosure}/approve",
    operation_id = "approve_disclosure",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("contact" = ContactId, Path, description = "The contact."),
        ("disclosure" = DisclosureId, Path, description = "The disclosure."),
    ),
    responses((status = 202, description = "The copy is being made.", body = DisclosureView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, contact, id)): Path<(WorkspaceId, ContactId, DisclosureId)>,
) -> Result<(StatusCode, Json<DisclosureView>), Problem> {
    let at = Places::of(workspace, contact, id);
    let member = app
        .member(&token, workspace, Permission::DataExport, at.wanted())
        .await?;
    member.proved()?;
    let entry = &member.entry;
    let waiting = Waiting::read(entry, contact, &at)?;
    if waiting.disclosure.proposed_by == member.id {
        let detail = "somebody else than who proposed it has to approve it";
        return Err(Problem::new(Code::Forbidden).with_detail(detail));
    }
    let (part, contact_key) = waiting.part.ok_or_else(Problem::not_found)?;
    let export =
        Export::of_conversations(workspace, contact, part.conversations.clone(), entry.now);
    export::room_for(&app, &export).await?;
    let approved = Disclosure {
        disclosure_state: DisclosureState::Approved,
        decided_by: Some(member.id),
        decided_at: Some(entry.now),
        export: Some(export.id),
        ..waiting.disclosure
    };
    let view = DisclosureView::of(&approved);
    let part = DisclosedPart {
        approved_at: Some(entry.now),
        tell_at: Some(part.silent_until.unwrap_or(entry.now).max(entry.now)),
        ..part
    };
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&Stored::next(approved, &entry.policy), &waiting.key)?;
    transaction.replace(&Stored::next(part, &entry.policy), &contact_key)?;
    transaction.begin_export(export, &entry.tenant_key)?;
    let line = entry.line(member.id, Deed::DisclosureApproved);
    transaction.audit(line.about(contact).begun())?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok((StatusCode::ACCEPTED, Json(view))),
        // Decided meanwhile, or the contact is being erased.
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}
