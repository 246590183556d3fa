//! `GET /v1/workspaces/{workspace}/call-figures`: how reliable calls are. Counted from the calls when
//! somebody asks, kept nowhere, and about nobody: no figure is told of fewer than ten calls.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{
        CallId, Permission, Timestamp, WorkspaceId,
        call::{CallState, EndReason, Side, quality::percentile},
        policy::Module,
        time::DAY,
    },
    http::{Credential, Json, Path, Problem, Problems, Query, actor::Entry},
    store::{
        self, Unsealed,
        call::{Call, CallQuality},
        db::listed_id,
        keys,
    },
};
use utoipa::ToSchema;

/// How many calls are looked at.
const MOST: usize = 2_000;
/// How many at once.
const PAGE: u16 = 100;
/// The fewest calls that a figure is told of.
const FEWEST: u64 = 10;
/// How far back it looks unless asked otherwise.
const DAYS: u32 = 30;

/// Since when.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// Calls that were made from then on; of the last 30 days, unless asked otherwise.
    since: Option<Timestamp>,
}

/// How reliable calls are. What would be a figure of fewer than ten calls is none.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallFigures {
    /// Since when.
    since: Timestamp,
    /// How many calls are over that were made since then.
    #[schema(example = 240)]
    calls: u64,
    /// Of a thousand calls that rang, how many nobody took.
    #[schema(example = 80)]
    missed_permille: Option<u64>,
    /// Of a thousand calls that were taken, in how many something flowed.
    #[schema(example = 985)]
    setup_permille: Option<u64>,
    /// Of a thousand calls that were taken, in how many the devices found no way to each other.
    #[schema(example = 10)]
    failed_ice_permille: Option<u64>,
    /// Of a thousand calls in which something flowed, how many broke off.
    #[schema(example = 12)]
    dropped_permille: Option<u64>,
    /// Of a thousand sides that said so, how many went through a relay.
    #[schema(example = 190)]
    relayed_permille: Option<u64>,
    /// The time until something flowed that 95 of 100 were not above, in ms.
    #[schema(example = 1900)]
    connect_p95_ms: Option<u64>,
    /// Whether all calls were counted; otherwise the newest ones.
    whole: bool,
}

#[derive(Default)]
struct Counts {
    calls: u64,
    rang: u64,
    missed: u64,
    taken: u64,
    flowed: u64,
    failed: u64,
    dropped: u64,
    told: u64,
    relayed: u64,
    connect_ms: Vec<u64>,
}

/// Show how reliable calls are.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/call-figures",
    operation_id = "show_call_figures",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Since),
    responses((status = 200, description = "The figures.", body = CallFigures), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path(workspace): Path<WorkspaceId>,
    Query(asked): Query<Since>,
) -> Result<Json<CallFigures>, Problem> {
    let caller = app
        .caller(&credential, workspace, Permission::CallsRead, Vec::new())
        .await?;
    let entry = &caller.entry;
    entry.require(Module::Sessions)?;
    let since = asked.since.unwrap_or_else(|| entry.now.minus(DAY * DAYS));
    let (counts, whole) = count(&app, entry, since).await?;
    let share = |part: u64, of: u64| (of >= FEWEST).then(|| part * 1000 / of);
    let connected = counts.connect_ms.len() as u64;
    Ok(Json(CallFigures {
        since,
        calls: counts.calls,
        missed_permille: share(counts.missed, counts.rang),
        setup_permille: share(counts.flowed, counts.taken),
        failed_ice_permille: share(counts.failed, counts.taken),
        dropped_permille: share(counts.dropped, counts.flowed),
        relayed_permille: share(counts.relayed, counts.told),
        connect_p95_ms: percentile(counts.connect_ms, 95).filter(|_| connected >= FEWEST),
        whole,
    }))
}

async fn count(app: &App, entry: &Entry, since: Timestamp) -> Result<(Counts, bool), Problem> {
    let workspace = entry.workspace;
    let mut counts = Counts::default();
    let (mut after, mut looked_at): (Option<CallId>, usize) = (None, 0);
    loop {
        let mut query = store::Query::lists(keys::calls(workspace, CallState::Ended))
            .newest_first()
            .limit(PAGE);
        if let Some(after) = after {
            let place = keys::call_list(workspace, CallState::Ended, after);
            query = query.after(keys::call(workspace, after), place.sk);
        }
        let items = app.store.query(query).await?;
        let ids: Vec<CallId> = items.iter().filter_map(listed_id).collect();
        let rows = |id: &CallId| {
            let id = *id;
            let sides = Side::ALL.iter();
            let sides = sides.map(move |side| keys::call_quality(workspace, id, *side));
            std::iter::once(keys::call(workspace, id)).chain(sides)
        };
        if ids.is_empty() {
            return Ok((counts, true));
        }
        let fetched = app
            .store
            .batch_all(ids.iter().flat_map(rows).collect())
            .await?;
        for id in &ids {
            let place = keys::call(workspace, *id);
            let call = fetched.get::<Call>(&place, &Unsealed, entry.lens())?;
            let Some(call) = call else { continue };
            if call.created_at < since {
                return Ok((counts, true));
            }
            let mut told = Vec::new();
            for side in Side::ALL {
                let place = keys::call_quality(workspace, *id, *side);
                told.extend(fetched.get::<CallQuality>(&place, &Unsealed, entry.lens())?);
            }
            counts.add(&call, &told);
        }
        looked_at += ids.len();
        after = ids.last().copied();
        if ids.len() < usize::from(PAGE) {
            return Ok((counts, true));
        }
        if looked_at >= MOST {
            return Ok((counts, false));
        }
    }
}

impl Counts {
    fn add(&mut self, call: &Call, told: &[CallQuality]) {
        self.calls += 1;
        self.rang += u64::from(call.rang_at.is_some());
        self.missed += u64::from(call.rang_at.is_some() && call.course().was_missed());
        self.taken += u64::from(call.accepted_at.is_some());
        self.flowed += u64::from(call.connected_at.is_some());
        self.failed += u64::from(call.reason == Some(EndReason::FailedIce));
        self.dropped += u64::from(call.reason == Some(EndReason::PeerLost));
        for row in told {
            self.told += u64::from(row.relayed.is_some());
            self.relayed += u64::from(row.relayed == Some(true));
            self.connect_ms.extend(row.connect_ms);
        }
    }
}
