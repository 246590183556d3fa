//! `DELETE /v1/workspaces/{workspace}/contacts/{contact}`: a person is to be forgotten (CHAT-19).
//!
//! The contact is fenced at once: nobody sees it, its widget sessions are no good, and nothing can be
//! added to it. The schedule of the minute erases what its edges lead to, and last the contact.

use axum::{extract::State, http::StatusCode};
use serde::Serialize;
use shared::{
    app::App,
    domain::{ContactId, ErasureId, Permission, WorkspaceId, policy::Module},
    http::{
        AccessToken, Code, Json, Path, Problem, Problems,
        person::{self, RACES, recognise},
    },
    store::{CommitError, Fetched, Transaction, audit::Deed, erasure::Erasure},
};
use utoipa::ToSchema;

/// A contact that is going.
#[derive(Serialize, ToSchema)]
pub struct ContactGoing {
    /// The erasure: `GET …/erasures/{erasure}` tells how far it is, and shows its receipt.
    erasure_id: ErasureId,
}

/// Erase a contact.
///
/// With everything it wrote, was sent, and told of itself. It cannot be undone. The contact is gone
/// for everybody with the answer, and erased within minutes. A conversation on hold stays until it is
/// released.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/contacts/{contact}",
    operation_id = "delete_contact",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("contact" = ContactId, Path, description = "The contact."),
    ),
    responses((status = 202, description = "It is gone; its conversations are being erased.", body = ContactGoing), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, ContactId)>,
) -> Result<(StatusCode, Json<ContactGoing>), Problem> {
    let wanted = person::wanted(workspace, id).to_vec();
    let member = app
        .member(
            &token,
            workspace,
            Permission::ContactsDelete,
            wanted.clone(),
        )
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let mut read_again: Option<Fetched> = None;
    for _ in 0..RACES {
        let fetched = read_again.as_ref().unwrap_or_else(|| entry.fetched());
        let person = person::open(fetched, entry, id)?.ok_or_else(Problem::not_found)?;
        let external = person.profile.external_id.as_ref();
        let external = external.map(|external| recognise(entry, external));
        let mut transaction = Transaction::new(entry.now);
        transaction.fence_contact(person.contact, external, entry.lens())?;
        let line = entry.line(member.id, Deed::ContactErased);
        transaction.audit(line.about(id).begun())?;
        match app.store.commit(transaction).await {
            Ok(()) => {
                let erasure_id = Erasure::of_contact(id);
                return Ok((StatusCode::ACCEPTED, Json(ContactGoing { erasure_id })));
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(_)) => {
                read_again = Some(app.store.batch(wanted.clone()).await?);
            }
        }
    }
    Err(Problem::new(Code::Conflict))
}
