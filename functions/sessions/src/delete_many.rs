//! `POST /v1/workspaces/{workspace}/call-deletions`: what is known of many calls goes, by app, guest,
//! reference or date (CALL-16).
//!
//! A POST with a body, where the first design had a query: a reference to a person does not belong into
//! an address line. A request goes through so many calls and says whether there is more; asking again
//! goes on, and what is gone stays gone.

use std::time::Duration;

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        AppId, CallId, GuestId, Permission, Timestamp, WorkspaceId, call::CallState,
        policy::Module, receipt::CallsMeant, text::ExternalId,
    },
    http::{Credential, Json, Path, Problem, Problems, actor::Entry},
    store::{
        self, Unsealed,
        audit::Deed,
        call::{Call, recognise},
        db::listed_id,
        erasing::{CallDeletion, meant},
        keys,
    },
};
use utoipa::ToSchema;

use crate::deleting::{CallsDeleted, Deletion};

/// How many calls a request looks at.
const MOST_LOOKED_AT: usize = 2_000;
/// How many at once.
const PAGE: u16 = 100;
/// How long it goes on: the function itself ends at twice that.
const BUDGET: Duration = Duration::from_secs(5);

/// Which calls. All that is given has to be true of a call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteCalls {
    /// Of this app.
    #[schema(example = json!(null))]
    app_id: Option<AppId>,
    /// Of this guest, whose session ends as well.
    #[schema(example = json!(null))]
    guest_id: Option<GuestId>,
    /// Of whom the app called for, by its own reference; who was blocked and is named without app and guest is
    /// blocked no more.
    #[schema(value_type = Option<String>, max_length = 255, example = json!(null))]
    user_ref: Option<ExternalId>,
    /// Made before this.
    #[schema(example = "2026-01-01T00:00:00.000Z")]
    before: Option<Timestamp>,
    /// Where an earlier request stopped.
    #[schema(example = json!(null))]
    after: Option<CallId>,
}

/// Delete many calls.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/call-deletions",
    operation_id = "delete_calls",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = DeleteCalls,
    responses((status = 200, description = "What was deleted.", body = CallsDeleted), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<DeleteCalls>,
) -> Result<Json<CallsDeleted>, Problem> {
    let named = body.app_id.is_some() || body.guest_id.is_some() || body.user_ref.is_some();
    if !named && body.before.is_none() {
        return Err(Problem::invalid(
            "#/before",
            "required",
            "one of app_id, guest_id, user_ref and before",
        ));
    }
    let caller = app
        .caller(&credential, workspace, Permission::CallsDelete, Vec::new())
        .await?;
    let entry = &caller.entry;
    entry.require(Module::Sessions)?;
    let recognised = body.user_ref.as_ref();
    let recognised = recognised.map(|named| recognise(&entry.tenant_key, named));
    if let Some(guest) = body.guest_id {
        app.store.delete(keys::guest(workspace, guest)).await?;
    }
    let meant = CallsMeant {
        app: body.app_id,
        guest: body.guest_id,
        user_ref: recognised.map(|hash| hash.to_string()),
        before: body.before,
    };
    let line = entry.line(caller.subject, Deed::CallsDeleted);
    let mut deletion = Deletion::of(CallDeletion::of(workspace, meant), line);
    if let Some(whose) = recognised {
        deletion.lift(&app, entry, whose).await?;
    }
    // What goes on is few; what is over is walked from where an earlier request stopped.
    if body.after.is_none() {
        let open = (CallState::Active, None);
        walk(&app, entry, open, &mut deletion).await?;
    }
    let over = (CallState::Ended, body.after);
    let more_after = walk(&app, entry, over, &mut deletion).await?;
    Ok(Json(deletion.end(&app, entry, more_after).await?))
}

/// Walks a list and deletes what is wanted; the last call of the walk when there is more behind it.
async fn walk(
    app: &App,
    entry: &Entry,
    (state, from): (CallState, Option<CallId>),
    deletion: &mut Deletion<'_>,
) -> Result<Option<CallId>, Problem> {
    let workspace = entry.workspace;
    let stop_at = entry.now.plus(BUDGET);
    let mut after = from;
    loop {
        let mut query = store::Query::lists(keys::calls(workspace, state))
            .newest_first()
            .limit(PAGE);
        if let Some(after) = after {
            let place = keys::call_list(workspace, state, after);
            query = query.after(keys::call(workspace, after), place.sk);
        }
        let items = app.store.query(query).await?;
        let ids: Vec<CallId> = items.iter().filter_map(listed_id).collect();
        let Some(last) = ids.last().copied() else {
            return Ok(None);
        };
        let places: Vec<_> = ids.iter().map(|id| keys::call(workspace, *id)).collect();
        let fetched = app.store.batch_all(places.clone()).await?;
        let mut going = Vec::new();
        for place in &places {
            let call = fetched.get::<Call>(place, &Unsealed, entry.lens())?;
            let call = call.filter(|call| meant(deletion.meant(), call));
            going.extend(call.map(|call| call.id));
        }
        deletion.delete(app, &going).await?;
        deletion.looked_at += ids.len();
        if ids.len() < usize::from(PAGE) {
            return Ok(None);
        }
        after = Some(last);
        if deletion.looked_at >= MOST_LOOKED_AT || app.clock.now() >= stop_at {
            return Ok(after);
        }
    }
}
