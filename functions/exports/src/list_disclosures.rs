//! `GET /v1/workspaces/{workspace}/disclosures`: the register, newest first.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ContactId, DisclosureId, Permission, WorkspaceId, page::Limit},
    http::{AccessToken, Json, Page, Path, Problem, Problems, Query, cursor::List},
    store::{self, RootRef, disclosure::Disclosure, keys, record::read_item},
};

use crate::disclosure::DisclosureView;

/// Which part of the register.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
    contact: Option<ContactId>,
}

/// List disclosures.
///
/// For owners and admins. An entry is kept for 36 months, also when the contact is gone; with a
/// filter a page may hold fewer entries than were asked for, and still lead on.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/disclosures",
    operation_id = "list_disclosures",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("limit" = Option<u16>, Query, description = "How many: 1 to 100, 25 unless asked otherwise.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "Where an earlier page of the same list said it goes on."),
        ("contact" = Option<ContactId>, Query, description = "Only what is about this contact."),
    ),
    responses((status = 200, description = "A page.", body = Page<DisclosureView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(which): Query<Which>,
) -> Result<Json<Page<DisclosureView>>, Problem> {
    let at_workspace = keys::workspace(workspace);
    let wanted = vec![keys::data_key(&RootRef::of(&at_workspace))];
    let member = app
        .member(&token, workspace, Permission::DataExport, wanted)
        .await?;
    let entry = &member.entry;
    let about = which
        .contact
        .map(|contact| Disclosure::pseudonym(&entry.tenant_key, contact));
    let (principal, name) = (
        member.account.to_string(),
        format!("disclosures:{workspace}:{:?}", which.contact),
    );
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let after = which.cursor.as_ref();
    let after = after.map(|cursor| list.read::<DisclosureId>(cursor, entry.now));
    let limit = which.limit.get();
    // One more than asked tells whether there is more.
    let mut query = store::Query::partition(keys::disclosures(workspace))
        .newest_first()
        .limit(limit + 1);
    if let Some(after) = after.transpose()? {
        query = query.after(keys::disclosure(workspace, after), String::new());
    }
    let items = app.store.query(query).await?;
    let key = entry.data_key(&at_workspace)?;
    let key = key.ok_or_else(|| Problem::internal("a workspace without a key"))?;
    let mut found = Vec::with_capacity(items.len());
    for item in items.iter().take(usize::from(limit)) {
        found.extend(read_item::<Disclosure>(item, &key, entry.lens())?);
    }
    let more = items.len() > usize::from(limit);
    let next = match found.last().filter(|_| more) {
        Some(last) => Some(list.cursor(last.id, entry.now)?),
        None => None,
    };
    let fits = |one: &&Disclosure| about.is_none_or(|about| one.about == about);
    let views = found.iter().filter(fits).map(DisclosureView::of);
    Ok(Json(Page::new(views.collect(), next)))
}
