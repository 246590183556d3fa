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
        person::{self, RACES},
    },
    store::{CommitError, Fetched, Transaction, erasure::Erasure},
};
use utoipa::ToSchema;

/// A contact that is going.
#[derive(Serialize, ToSchema)]
pub struct ContactGoing {
    /// The erasure: `GET …/erasures/{erasure}` tells how far it is, and shows its receipt.
    erasure_id: ErasureId,
    /// The erasures of every contact of the person, that one among them.
    erasure_ids: Vec<ErasureId>,
}

/// Erase a contact.
///
/// With everything it wrote, was sent, and told of itself, and with every other contact of the same
/// person. It cannot be undone. The contact is gone
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
        let erasure_ids = person.contact.whole();
        let erasure_ids = erasure_ids.into_iter().map(Erasure::of_contact).collect();
        let whole = app.whole(entry, person).await?;
        let mut transaction = Transaction::new(entry.now);
        whole.fence(&mut transaction, entry, member.id)?;
        match app.store.commit(transaction).await {
            Ok(()) => {
                let going = ContactGoing {
                    erasure_id: Erasure::of_contact(id),
                    erasure_ids,
                };
                return Ok((StatusCode::ACCEPTED, Json(going)));
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(_)) => {
                read_again = Some(app.store.batch(wanted.clone()).await?);
            }
        }
    }
    Err(Problem::new(Code::Conflict))
}
