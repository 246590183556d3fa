//! `GET /v1/workspaces/{workspace}/contacts/{contact}/notes`: what the team wrote down about somebody.
//!
//! Besides the batch on entry one query, and of who has several contacts one batch and a query for each.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ContactId, NoteId, Permission, WorkspaceId, policy::Module},
    http::{
        Credential, Json, Page, Paging, Path, Problem, Problems, Query, cursor::List,
        notes::NoteView, person,
    },
};

/// List the notes about a contact.
///
/// The latest first, those about every contact of the same person. They are for who sees personal data.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/contacts/{contact}/notes",
    operation_id = "list_contact_notes",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("contact" = ContactId, Path, description = "The contact."),
        Paging,
    ),
    responses((status = 200, description = "A page.", body = Page<NoteView>), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, contact)): Path<(WorkspaceId, ContactId)>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<NoteView>>, Problem> {
    let wanted = person::wanted(workspace, contact).to_vec();
    let permission = Permission::PersonalDataRead;
    let caller = app.caller(&credential, workspace, permission, wanted);
    let caller = caller.await?;
    let entry = &caller.entry;
    entry.require(Module::Conversations)?;
    let person = person::open(entry.fetched(), entry, contact)?.ok_or_else(Problem::not_found)?;
    let (principal, name) = (caller.subject.to_string(), format!("notes:{contact}"));
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let before = paging.cursor.as_ref();
    let before = before.map(|cursor| list.read::<NoteId>(cursor, entry.now));
    let before = before.transpose()?.map(NoteId::uuid);
    let whole = app.whole(entry, person).await?;
    let limit = usize::from(paging.limit.get());
    // One more than asked tells whether there is more.
    let mut notes = app
        .notes(entry, &whole, before, paging.limit.get() + 1)
        .await?;
    let more = notes.len() > limit;
    notes.truncate(limit);
    let next = match notes.last().filter(|_| more) {
        Some(last) => Some(list.cursor(last.id, entry.now)?),
        None => None,
    };
    app.note_reading(&caller, contact).await?;
    let views = notes.iter().map(NoteView::new).collect();
    Ok(Json(Page::new(views, next)))
}
