//! `GET /v1/workspaces/{workspace}/contacts`: who the team talks with, newest first.
//!
//! Besides the batch on entry one query of the list index, and one batch read for 25 contacts (for
//! 100 where personal data is masked: none of it is read then).

use std::collections::BTreeSet;

use axum::extract::State;
use shared::{
    app::App,
    domain::{ContactId, Permission, WorkspaceId, policy::Module},
    http::{
        Credential, Json, Page, Paging, Path, Problem, Problems, Query, actor::Entry, cursor::List,
        person,
    },
    store::{self, Fetched, Key, db::BATCH_KEYS, keys},
};

use crate::contact::{self, ContactView, Detail};

/// List contacts.
///
/// Somebody with several contacts that the team said are one person is listed once.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/contacts",
    operation_id = "list_contacts",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Paging),
    responses((status = 200, description = "A page.", body = Page<ContactView>), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path(workspace): Path<WorkspaceId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<ContactView>>, Problem> {
    let caller = app
        .caller(&credential, workspace, Permission::ContactsRead, Vec::new())
        .await?;
    let entry = &caller.entry;
    entry.require(Module::Conversations)?;
    let (principal, name) = (caller.subject.to_string(), format!("contacts:{workspace}"));
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let before = paging
        .cursor
        .as_ref()
        .map(|cursor| list.read::<ContactId>(cursor, entry.now));
    let limit = paging.limit.get();
    // One more than asked tells whether there is more.
    let mut ids = ids(&app, workspace, before.transpose()?, limit + 1).await?;
    let more = ids.len() > usize::from(limit);
    ids.truncate(usize::from(limit));
    let next = match ids.last().filter(|_| more) {
        Some(last) => Some(list.cursor(last, entry.now)?),
        None => None,
    };

    let detail = Detail::for_caller(&caller);
    let mut views = Vec::with_capacity(ids.len());
    let keys_each = ids
        .first()
        .map_or(1, |id| contact::wanted_by(detail, workspace, *id).len());
    for ids in ids.chunks(BATCH_KEYS / keys_each) {
        let wanted = ids
            .iter()
            .flat_map(|id| contact::wanted_by(detail, workspace, *id));
        let fetched = app.store.batch(wanted.collect()).await?;
        let behind = behind(&app, entry, &fetched, ids).await?;
        for id in ids.iter().filter(|id| !behind.contains(id)) {
            views.extend(contact::view(&fetched, entry, *id, detail)?);
        }
    }
    Ok(Json(Page::new(views, next)))
}

/// Those of the contacts of a page for whom another contact of the same person stands. No read where
/// nobody has two.
async fn behind(
    app: &App,
    entry: &Entry,
    fetched: &Fetched,
    ids: &[ContactId],
) -> Result<Vec<ContactId>, Problem> {
    let mut before: Vec<(ContactId, Vec<ContactId>)> = Vec::new();
    for id in ids {
        if let Some(head) = person::head(fetched, entry, *id)? {
            let first = head.whole().into_iter().take_while(|other| other != id);
            before.push((*id, first.collect()));
        }
    }
    let wanted: BTreeSet<ContactId> = before.iter().flat_map(|(_, first)| first.clone()).collect();
    let at = |id: &ContactId| keys::contact(entry.workspace, *id);
    let wanted: Vec<Key> = wanted.iter().map(at).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let fetched = app.store.batch_all(wanted).await?;
    let mut behind = Vec::new();
    for (id, first) in before {
        for other in first {
            if person::head(&fetched, entry, other)?.is_some() {
                behind.push(id);
                break;
            }
        }
    }
    Ok(behind)
}

/// Up to `limit` ids of contacts that are older than `before`, newest first, from the list index.
async fn ids(
    app: &App,
    workspace: WorkspaceId,
    before: Option<ContactId>,
    limit: u16,
) -> Result<Vec<ContactId>, Problem> {
    let mut query = store::Query::lists(keys::contacts(workspace))
        .newest_first()
        .limit(limit);
    if let Some(before) = before {
        let place = keys::contact_list(workspace, before);
        query = query.after(keys::contact(workspace, before), place.sk);
    }
    let items = app.store.query(query).await?;
    Ok(items
        .iter()
        .filter_map(|item| item.get("lists_sk")?.as_s().ok()?.parse().ok())
        .collect())
}
