//! `DELETE /v1/workspaces/{workspace}/contacts/{contact}/notes/{note}`: a note goes.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{ContactId, NoteId, Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Code, Path, Problem, Problems, person},
    store::{contact_note::ContactNote, keys},
};

/// Delete a note about a contact.
///
/// One's own; whoever may erase contacts deletes those of others too. The note of another contact of the same
/// person is found as well.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/contacts/{contact}/notes/{note}",
    operation_id = "delete_contact_note",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("contact" = ContactId, Path, description = "The contact."),
        ("note" = NoteId, Path, description = "The note."),
    ),
    responses((status = 204, description = "It is gone."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, contact, id)): Path<(WorkspaceId, ContactId, NoteId)>,
) -> Result<StatusCode, Problem> {
    let wanted = person::wanted(workspace, contact).to_vec();
    let member = app
        .member(&token, workspace, Permission::ContactsManage, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let person = person::open(entry.fetched(), entry, contact)?.ok_or_else(Problem::not_found)?;
    let whole = app.whole(entry, person).await?;
    let place = |contact| keys::contact_note(workspace, contact, id);
    let places = whole.persons().map(|person| place(person.contact.id));
    let fetched = app.store.batch(places.collect()).await?;
    for person in whole.persons() {
        let place = place(person.contact.id);
        let Some(note) = fetched.get::<ContactNote>(&place, &person.key, entry.lens())? else {
            continue;
        };
        if note.member != member.id && !member.role.may(Permission::ContactsDelete) {
            return Err(Problem::new(Code::Forbidden));
        }
        app.store.delete(place).await?;
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found())
}
