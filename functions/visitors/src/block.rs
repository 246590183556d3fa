//! `PUT /v1/workspaces/{workspace}/contacts/{contact}/block`: this visitor may write no more.
//!
//! It holds at the visitor's next call: every call reads the contact.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ContactId, Permission, WorkspaceId, policy::Module},
    http::{
        AccessToken, Code, Path, Problem, Problems, Versioned,
        person::{self, RACES},
    },
    store::{CommitError, Fetched, Stored, Transaction, Unsealed},
};

use crate::contact::ContactView;

/// Block a contact.
///
/// With every other contact of the same person. Blocking a blocked contact changes nothing.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/contacts/{contact}/block",
    operation_id = "block_contact",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("contact" = ContactId, Path, description = "The contact."),
    ),
    responses((status = 200, description = "The contact.", body = ContactView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, contact)): Path<(WorkspaceId, ContactId)>,
) -> Result<Versioned<ContactView>, Problem> {
    set(&app, &token, workspace, contact, true).await
}

/// Blocks a contact or lets it write again; a contact that is so already is left as it is.
pub async fn set(
    app: &App,
    token: &AccessToken,
    workspace: WorkspaceId,
    id: ContactId,
    blocked: bool,
) -> Result<Versioned<ContactView>, Problem> {
    let wanted = person::wanted(workspace, id).to_vec();
    let member = app
        .member(token, workspace, Permission::ContactsManage, wanted.clone())
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let mut read_again: Option<Fetched> = None;
    for _ in 0..RACES {
        let fetched = read_again.as_ref().unwrap_or_else(|| entry.fetched());
        let person = person::open(fetched, entry, id)?.ok_or_else(Problem::not_found)?;
        let mut whole = app.whole(entry, person).await?;
        let mut transaction = Transaction::new(entry.now);
        let mut changes = false;
        for person in whole.persons_mut() {
            if person.contact.blocked != blocked {
                person.contact.blocked = blocked;
                let head = Stored::next(person.contact.clone(), &entry.policy);
                transaction.replace(&head, &Unsealed)?;
                person.contact = head.into_record();
                changes = true;
            }
        }
        let done = match changes {
            true => app.store.commit(transaction).await,
            false => Ok(()),
        };
        match done {
            Ok(()) => {
                let view = ContactView::new(&whole.asked, member.role);
                return Ok(Versioned {
                    rev: view.rev,
                    view,
                });
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(_)) => {
                read_again = Some(app.store.batch(wanted.clone()).await?);
            }
        }
    }
    Err(Problem::new(Code::Conflict))
}
