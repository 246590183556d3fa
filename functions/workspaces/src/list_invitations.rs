//! `GET /v1/workspaces/{workspace}/invitations`: who has been asked to join and has not yet, oldest
//! first.

use axum::extract::State;
use shared::{
    app::App,
    domain::{InvitationId, Permission, WorkspaceId},
    http::{AccessToken, Json, Page, Paging, Path, Problem, Problems, Query, cursor::List},
    store::{self, db::listed_id, keys},
};

use crate::invitation::{self, InvitationView};

/// How many invitations fit one batch read: head and key of each.
const INVITATIONS_PER_BATCH: usize = store::db::BATCH_KEYS / 2;

/// List invitations.
///
/// Those that wait, and those whose inviter may not give the role any more. Addresses are masked for who may not read personal data.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/invitations",
    operation_id = "list_invitations",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Paging),
    responses((status = 200, description = "A page.", body = Page<InvitationView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<InvitationView>>, Problem> {
    let member = app
        .member(&token, workspace, Permission::MembersRead, Vec::new())
        .await?;
    let entry = &member.entry;
    let (principal, name) = (
        member.account.to_string(),
        format!("invitations:{workspace}"),
    );
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let query = store::Query::lists(keys::invitations(workspace));
    let place = |id| {
        let listed = keys::invitation_list(workspace, id);
        (keys::invitation(workspace, id), listed.sk)
    };
    let of = (query, &paging, entry.now);
    let (ids, next) = list
        .ids::<InvitationId>(&app.store, of, place, listed_id)
        .await?;
    let mut waiting = Vec::with_capacity(ids.len());
    for ids in ids.chunks(INVITATIONS_PER_BATCH) {
        let wanted = ids
            .iter()
            .flat_map(|id| invitation::wanted(workspace, *id))
            .collect();
        let fetched = app.store.batch(wanted).await?;
        for id in ids {
            let found = invitation::open(&fetched, entry, *id)?;
            waiting.extend(found.map(|(found, _)| found));
        }
    }
    let inviters = invitation::inviters(&app, entry, &waiting).await?;
    let view = |found| {
        let state = invitation::state(found, &inviters);
        InvitationView::new(found, state, entry, member.role)
    };
    let views = waiting.iter().map(view).collect();
    Ok(Json(Page::new(views, next)))
}
