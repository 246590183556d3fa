//! `GET /v1/workspaces/{workspace}/audit`: who did what, newest first.
//!
//! With a filter a page may hold fewer lines than were asked for, and still lead on: the log is read
//! to a bound, not to its end.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, page::Limit},
    http::{AccessToken, Json, Page, Path, Problem, Problems, Query, cursor::List},
    store::{KeyedHash, Table, audit::Named, db::key_of, keys::Key},
};

use crate::audit::{self, AuditLineView, Found, Known};

/// How many lines are looked at for one page of a filtered list.
const MOST_LOOKED_AT: usize = 2000;
/// How many are read at once.
const READ: u16 = 200;

/// Which part of the log.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
    actor: Option<String>,
    about: Option<String>,
}

/// List the audit log.
///
/// For owners and admins. A line is there with the act, and gets its place in the chain within
/// minutes; after twelve months it is gone. Nobody is named: members, keys and apps that are still
/// there are shown by their ids, and everybody else by a pseudonym.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/audit",
    operation_id = "list_audit",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("limit" = Option<u16>, Query, description = "How many: 1 to 100, 25 unless asked otherwise.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "Where an earlier page of the same list said it goes on."),
        ("actor" = Option<String>, Query, description = "Only what this member or key did, by its id."),
        ("about" = Option<String>, Query, description = "Only what was done to this one, by its id: a member, key, app, invitation, contact or conversation."),
    ),
    responses((status = 200, description = "A page.", body = Page<AuditLineView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(which): Query<Which>,
) -> Result<Json<Page<AuditLineView>>, Problem> {
    let wanted = vec![audit::platform_wanted()];
    let member = app
        .member(&token, workspace, Permission::AuditRead, wanted)
        .await?;
    let entry = &member.entry;
    let actor = named(which.actor.as_deref(), "?actor")?;
    let about = named(which.about.as_deref(), "?about")?;
    let (principal, name) = (
        member.account.to_string(),
        format!("audit:{workspace}:{:?}:{:?}", which.actor, which.about),
    );
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let after = which.cursor.as_ref();
    let after = after.map(|cursor| list.read::<String>(cursor, entry.now));
    let mut after = after.transpose()?;

    let platform_key = audit::platform_key(&app, entry).await?;
    let known = Known::load(&app, entry, &platform_key).await?;
    let actor = actor.map(|actor| known.pseudonyms(actor));
    let about = about.map(|about| known.pseudonyms(about));
    let limit = usize::from(which.limit.get());
    let (mut views, mut looked_at) = (Vec::new(), 0);
    let next = loop {
        let mut query = audit::log(workspace).limit(READ);
        if let Some(sort_key) = after.take() {
            query = query.after(place(workspace, sort_key), String::new());
        }
        let page = app.store.page(query).await?;
        for item in &page.items {
            // Behind a full page there is at least this one.
            if views.len() == limit {
                break;
            }
            looked_at += 1;
            after = key_of(Table::Data, item).map(|key| key.sk);
            let found = Found::read(item, entry.lens())?;
            let fits =
                |found: &Found| is_among(found.actor(), actor) && is_among(found.target(), about);
            views.extend(found.filter(fits).map(|found| known.view(&found)));
        }
        let last = page.items.last().and_then(|item| key_of(Table::Data, item));
        let more = page.more || last.map(|key| key.sk) != after;
        if !more || page.items.is_empty() {
            break None;
        }
        if views.len() == limit || looked_at >= MOST_LOOKED_AT {
            break after;
        }
    };
    let next = next.map(|sort_key| list.cursor(sort_key, entry.now));
    Ok(Json(Page::new(views, next.transpose()?)))
}

/// Who or what a filter names.
fn named(text: Option<&str>, parameter: &str) -> Result<Option<Named>, Problem> {
    let bad = || {
        let detail = "the id of a member, key, app, invitation, contact or conversation";
        Problem::invalid(parameter, "bad_id", detail)
    };
    text.map(|text| Named::parse(text).ok_or_else(bad))
        .transpose()
}

fn is_among(name: Option<KeyedHash>, wanted: Option<[KeyedHash; 2]>) -> bool {
    wanted.is_none_or(|wanted| name.is_some_and(|name| wanted.contains(&name)))
}

/// The place in the log that a cursor names.
fn place(workspace: WorkspaceId, sort_key: String) -> Key {
    Key {
        table: Table::Data,
        pk: shared::store::keys::audit(workspace),
        sk: sort_key,
    }
}
