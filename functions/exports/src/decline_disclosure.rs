//! `DELETE /v1/workspaces/{workspace}/contacts/{contact}/disclosures/{disclosure}`: turns a
//! disclosure down, or withdraws it. The register keeps that it was proposed.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{ContactId, DisclosureId, Permission, WorkspaceId},
    http::{AccessToken, Code, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction,
        audit::Deed,
        disclosure::{Disclosure, DisclosureState},
    },
};

use crate::disclosure::{Places, Waiting};

/// Decline a disclosure that waits for approval.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/contacts/{contact}/disclosures/{disclosure}",
    operation_id = "decline_disclosure",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("contact" = ContactId, Path, description = "The contact; it may be gone by now."),
        ("disclosure" = DisclosureId, Path, description = "The disclosure."),
    ),
    responses((status = 204, description = "Declined; nothing is handed over."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, contact, id)): Path<(WorkspaceId, ContactId, DisclosureId)>,
) -> Result<StatusCode, Problem> {
    let at = Places::of(workspace, contact, id);
    let member = app
        .member(&token, workspace, Permission::DataExport, at.wanted())
        .await?;
    let entry = &member.entry;
    let waiting = Waiting::read(entry, contact, &at)?;
    let declined = Disclosure {
        disclosure_state: DisclosureState::Declined,
        decided_by: Some(member.id),
        decided_at: Some(entry.now),
        ..waiting.disclosure
    };
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&Stored::next(declined, &entry.policy), &waiting.key)?;
    if let Some((part, _)) = &waiting.part {
        transaction.consume_version(at.part, part.rev);
    }
    transaction.audit(
        entry
            .line(member.id, Deed::DisclosureDeclined)
            .about(contact),
    )?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        // Decided meanwhile.
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}
