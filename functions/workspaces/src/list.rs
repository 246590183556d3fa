//! `GET /v1/workspaces`: the workspaces of whoever is signed in, oldest first.
//!
//! One query for the seats, one batch read for every 25 workspaces, and a KMS call for each
//! workspace whose key is not remembered: names are sealed under the workspace's own key.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Policy, TenantId, Timestamp, WorkspaceId, policy::Lens},
    http::{AccessToken, Json, Page, Paging, Problem, Problems, Query, cursor::List},
    store::{
        self, Unsealed,
        account::{LoginSession, Seat},
        keys,
        record::read_item,
        subject::State as Liveness,
        workspace::WorkspacePolicy,
    },
};

use crate::workspace::{self, WorkspaceView};

/// How many workspaces fit one batch read: head, two keys and policy of each.
const WORKSPACES_PER_BATCH: usize = store::db::BATCH_KEYS / 4;

/// List your workspaces.
#[utoipa::path(
    get,
    path = "/v1/workspaces",
    operation_id = "list_workspaces",
    params(Paging),
    responses((status = 200, description = "A page.", body = Page<WorkspaceView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<WorkspaceView>>, Problem> {
    let at_platform_key = keys::tenant_key(TenantId::Platform);
    let signed_in = app.signed_in(&token, vec![at_platform_key]).await?;
    let (account, now) = (signed_in.account, signed_in.now);
    let key = app
        .store
        .unwrap_tenant_key(TenantId::Platform, &signed_in.fetched, now)
        .await?;
    let principal = account.to_string();
    let list = List {
        key: &key,
        principal: &principal,
        name: "workspaces",
    };
    let after = paging
        .cursor
        .as_ref()
        .map(|cursor| list.read::<WorkspaceId>(cursor, now));

    let limit = paging.limit.get();
    // One more than asked tells whether there is more.
    let mut query = store::Query::partition(keys::seats(account)).limit(limit + 1);
    if let Some(after) = after.transpose()? {
        query = query.after(keys::seat(account, after), String::new());
    }
    let mut items = app.store.query(query).await?;
    let more = items.len() > usize::from(limit);
    items.truncate(usize::from(limit));
    let lens = Lens {
        now,
        policy: &signed_in.policy,
    };
    let mut seats: Vec<Seat> = Vec::with_capacity(items.len());
    for item in &items {
        let seat = read_item::<Seat>(item, &Unsealed, lens)?;
        seats.extend(seat);
    }
    let next = match seats.last().filter(|_| more) {
        Some(last) => Some(list.cursor(last.workspace, now)?),
        None => None,
    };
    Ok(Json(Page::new(
        views(&app, &seats, &signed_in.session, now).await?,
        next,
    )))
}

/// The workspaces of these seats, in that order, without those that are being erased; from outside
/// where a second factor is asked for and the session did not prove it.
async fn views(
    app: &App,
    seats: &[Seat],
    session: &LoginSession,
    now: Timestamp,
) -> Result<Vec<WorkspaceView>, Problem> {
    let platform = Policy::platform();
    let mut views = Vec::with_capacity(seats.len());
    for seats in seats.chunks(WORKSPACES_PER_BATCH) {
        let places = seats.iter().flat_map(|seat| {
            let [head, key] = workspace::wanted(seat.workspace);
            [
                head,
                key,
                keys::policy(seat.workspace),
                keys::tenant_key(seat.workspace.into()),
            ]
        });
        let fetched = app.store.batch(places.collect()).await?;
        for seat in seats.iter().filter(|seat| seat.is_good(now)) {
            let place = keys::policy(seat.workspace);
            let lens = Lens {
                now,
                policy: &platform,
            };
            let settings = fetched.get::<WorkspacePolicy>(&place, &Unsealed, lens)?;
            let Some(settings) = settings.filter(|row| row.state == Liveness::Live) else {
                continue;
            };
            let policy = settings.policy();
            let lens = Lens {
                now,
                policy: &policy,
            };
            let tenant = seat.workspace.into();
            let tenant_key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
            let found = workspace::open(&fetched, &tenant_key, seat.workspace, lens)?;
            let Some(found) = found else { continue };
            let view = WorkspaceView::new(&found, &policy, seat.member, seat.role);
            views.push(view.seen_in(session, &policy));
        }
    }
    Ok(views)
}
