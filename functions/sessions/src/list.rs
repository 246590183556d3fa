//! `GET /v1/workspaces/{workspace}/calls`: calls that are over, or that go on, newest first.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{CallId, Permission, WorkspaceId, call::CallState, page::Limit, policy::Module},
    http::{Credential, Json, Page, Paging, Path, Problem, Problems, Query, cursor::List},
    store::{self, Unsealed, call::Call, db::listed_id, keys},
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
    let query = store::Query::lists(keys::calls(workspace, state)).newest_first();
    let place = |id| {
        let listed = keys::call_list(workspace, state, id);
        (keys::call(workspace, id), listed.sk)
    };
    let paging = Paging {
        limit: part.limit,
        cursor: part.cursor,
    };
    let of = (query, &paging, entry.now);
    let (ids, next) = list.ids::<CallId>(&app.store, of, place, listed_id).await?;
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
