//! `POST /v1/workspaces/{workspace}/contacts/{contact}/notes`: the team writes something down about somebody.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ContactId, NoteId, Permission, WorkspaceId, policy::Module, text::Text},
    http::{
        AccessToken, Code, IdempotencyKey, Json, Path, Problem, Problems, idempotent::Ask,
        notes::NoteView, person,
    },
    store::{CommitError, Stored, Transaction, contact_note::ContactNote, keys},
};
use utoipa::ToSchema;

/// What to write down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteNote {
    /// What it says.
    #[schema(example = "Prefers to be called in the afternoon")]
    text: Text,
}

/// Write a note about a contact.
///
/// The contact never sees it: the team decides what of it goes into a copy of the person's data. It is there
/// as long as the contact, and goes with it.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/contacts/{contact}/notes",
    operation_id = "write_contact_note",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("contact" = ContactId, Path, description = "The contact."),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeated request with the same key writes one."),
    ),
    request_body = WriteNote,
    responses(
        (status = 201, description = "Written.", body = NoteView),
        (status = 200, description = "Had been written before, by the same request.", body = NoteView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, contact)): Path<(WorkspaceId, ContactId)>,
    idempotency: IdempotencyKey,
    Json(WriteNote { text }): Json<WriteNote>,
) -> Result<Response, Problem> {
    let wanted = person::wanted(workspace, contact).to_vec();
    let member = app
        .member(&token, workspace, Permission::ContactsManage, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let person = person::open(entry.fetched(), entry, contact)?.ok_or_else(Problem::not_found)?;
    let content = format!("{contact}\u{1}{}", text.reveal());
    let ask = Ask {
        tenant_key: &entry.tenant_key,
        principal: member.subject(),
        operation: "write_contact_note",
        content: &content,
        now: entry.now,
    };
    let note = ContactNote {
        id: NoteId::new(entry.now),
        workspace,
        contact,
        text,
        member: member.id,
        written_at: entry.now,
    };
    let note = Stored::new(note, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&note, &person.key)?;
    transaction.check_live(keys::contact(workspace, contact));
    let slot = idempotency.remember(&mut transaction, ask, note.record().id)?;
    let (status, note) = match app.store.commit(transaction).await {
        Ok(()) => (StatusCode::CREATED, note.into_record()),
        Err(CommitError::Store(error)) => return Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            let before = IdempotencyKey::replayed::<NoteId>(&refusal, slot, ask)?;
            let before = before.ok_or_else(|| Problem::new(Code::Conflict))?;
            let place = keys::contact_note(workspace, contact, before);
            let fetched = app.store.batch(vec![place.clone()]).await?;
            let note = fetched.get::<ContactNote>(&place, &person.key, entry.lens())?;
            (StatusCode::OK, note.ok_or_else(Problem::not_found)?)
        }
    };
    Ok((status, Json(NoteView::new(&note))).into_response())
}
