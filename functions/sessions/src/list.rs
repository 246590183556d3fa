//! `GET /v1/workspaces/{workspace}/calls`: calls that are over, or that go on, newest first.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{CallId, Permission, WorkspaceId, call::CallState, page::Limit, policy::Module},
    http::{Credential, Json, Page, Path, Problem, Problems, Query, cursor::List},
    store::{self, Unsealed, call::Call, keys},
    words,
};

use crate::view::CallView;

words! {
    /// Which calls.
    pub enum Which {
        /// Those that are over.
        Ended = "ended",
        /// Those that go on: what rings, and what is talked in.
        Open = "open",
    }
}

/// Which part of which list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Which calls; those that are over, unless asked otherwise.
    #[param(inline)]
    state: Option<Which>,
    /// How many: 1 to 100, 25 unless asked otherwise.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 100)]
    limit: Limit,
    /// Where an earlier page of the same list said it goes on.
    cursor: Option<String>,
}

/// List calls.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/calls",
    operation_id = "list_calls",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Part),
    responses((status = 200, description = "A page.", body = Page<CallView>), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path(workspace): Path<WorkspaceId>,
    Query(part): Query<Part>,
) -> Result<Json<Page<CallView>>, Problem> {
    let caller = app
        .caller(&credential, workspace, Permission::CallsRead, Vec::new())
        .await?;
    let entry = &caller.entry;
    entry.require(Module::Sessions)?;
    let which = part.state.unwrap_or(Which::Ended);
    let state = match which {
        Which::Ended => CallState::Ended,
        Which::Open => CallState::Active,
    };
    let principal = caller.subject.to_string();
    let name = format!("calls:{workspace}:{}", which.word());
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let before = part.cursor.as_ref();
    let before = before.map(|cursor| list.read::<CallId>(cursor, entry.now));
    let limit = part.limit.get();
    // One more than asked tells whether there is more.
    let mut query = store::Query::lists(keys::calls(workspace, state))
        .newest_first()
        .limit(limit + 1);
    if let Some(before) = before.transpose()? {
        let place = keys::call_list(workspace, state, before);
        query = query.after(keys::call(workspace, before), place.sk);
    }
    let items = app.store.query(query).await?;
    let ids = items
        .iter()
        .filter_map(|item| item.get("lists_sk")?.as_s().ok()?.parse().ok());
    let mut ids: Vec<CallId> = ids.collect();
    let more = ids.len() > usize::from(limit);
    ids.truncate(usize::from(limit));
    let next = match ids.last().filter(|_| more) {
        Some(last) => Some(list.cursor(last, entry.now)?),
        None => None,
    };
    let places: Vec<_> = ids.iter().map(|id| keys::call(workspace, *id)).collect();
    let fetched = match places.is_empty() {
        true => store::Fetched::default(),
        false => app.store.batch_all(places.clone()).await?,
    };
    let mut views = Vec::with_capacity(places.len());
    for place in &places {
        // Deleted since the index was read.
        let call = fetched.get::<Call>(place, &Unsealed, entry.lens())?;
        views.extend(call.map(|call| CallView::new(&call, entry.now)));
    }
    Ok(Json(Page::new(views, next)))
}
