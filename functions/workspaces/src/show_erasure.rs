//! `GET /v1/workspaces/{workspace}/erasures/{erasure}`: how far an erasure is, and what it came to.
//!
//! Of a contact: for whoever may delete contacts. Of calls: besides for programs that may delete calls. Of the workspace itself: for those who owned it, also
//! when it is gone. There are no seats any more then, so the erasure itself remembers whom it may be
//! shown to, as keyed hashes.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{
        ErasureId, Permission, Policy, TenantId, Timestamp, WorkspaceId, policy::Lens,
        receipt::Signed,
    },
    http::{AccessToken, Code, Credential, Json, Path, Problem, Problems},
    store::{
        Unsealed,
        erasure::{Erasure, ErasureKind, Stage, Tally},
        keys,
    },
};
use utoipa::ToSchema;

/// An erasure.
#[derive(Serialize, ToSchema)]
pub struct ErasureView {
    /// Its id.
    id: ErasureId,
    /// What is erased.
    kind: ErasureKind,
    /// How far it is.
    stage: Stage,
    /// How many items there were.
    #[schema(example = 3400)]
    items_before: u64,
    /// How many items stay until a hold ends.
    #[schema(example = 0)]
    items_held: u64,
    /// What there was, by kind of record.
    counts: Vec<ErasureCount>,
    /// When it began.
    started_at: Timestamp,
    /// Its last step.
    updated_at: Timestamp,
    /// When it was done.
    finished_at: Option<Timestamp>,
    /// The receipt, when it is done: `sotto verify-receipt` checks it.
    receipt: Option<Signed>,
}

/// How many items of a kind there were.
#[derive(Serialize, ToSchema)]
pub struct ErasureCount {
    /// In which table.
    #[schema(example = "data")]
    table: &'static str,
    /// Of which kind.
    #[schema(example = "Message")]
    kind: String,
    /// How many there were.
    #[schema(example = 120)]
    before: u64,
    /// How many there are.
    #[schema(example = 0)]
    after: u64,
}

impl ErasureView {
    fn new(erasure: Erasure) -> Self {
        let (items_before, _) = erasure.totals();
        let count = |tally: Tally| ErasureCount {
            table: tally.table.word(),
            kind: tally.kind,
            before: tally.before,
            after: tally.after,
        };
        Self {
            id: erasure.id,
            kind: erasure.erased,
            stage: erasure.stage,
            items_before,
            items_held: erasure.held,
            counts: erasure.tallies.into_iter().map(count).collect(),
            started_at: erasure.started_at,
            updated_at: erasure.updated_at,
            finished_at: erasure.finished_at,
            receipt: erasure
                .receipt
                .and_then(|bytes| Signed::from_bytes(&bytes.0).ok()),
        }
    }
}

/// Show an erasure.
///
/// For 36 months. A program with `calls.delete` is shown those of calls. That of a contact shows when its first step is done, within minutes; that of a
/// workspace when its seven days are over.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/erasures/{erasure}",
    operation_id = "show_erasure",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("erasure" = ErasureId, Path, description = "The erasure."),
    ),
    responses((status = 200, description = "The erasure.", body = ErasureView), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, id)): Path<(WorkspaceId, ErasureId)>,
) -> Result<Json<ErasureView>, Problem> {
    let place = keys::erasure(id);
    let wanted = vec![place.clone()];
    let token = match &credential {
        Credential::Member(token) => token,
        Credential::Key(_) => {
            let program = app
                .caller(&credential, workspace, Permission::CallsDelete, wanted)
                .await?;
            let erasure = program.entry.open::<Erasure>(&place)?;
            let erasure = erasure.filter(|erasure| is_of(erasure, workspace));
            let erasure = erasure.filter(|erasure| erasure.erased == ErasureKind::Calls);
            let erasure = erasure.ok_or_else(Problem::not_found)?;
            return Ok(Json(ErasureView::new(erasure)));
        }
    };
    let entered = app
        .member(token, workspace, Permission::ContactsDelete, wanted)
        .await;
    let member = match entered {
        Ok(member) => member,
        Err(problem) if matches!(problem.code(), Code::NotFound | Code::WorkspaceClosing) => {
            let found = of_a_gone_workspace(&app, token, workspace, id).await?;
            return found.map(Json).ok_or(problem);
        }
        Err(problem) => return Err(problem),
    };
    let erasure = member.entry.open::<Erasure>(&place)?;
    let erasure = erasure.filter(|erasure| is_of(erasure, workspace));
    let erasure = erasure.ok_or_else(Problem::not_found)?;
    Ok(Json(ErasureView::new(erasure)))
}

/// Whether something of this workspace was erased.
fn is_of(erasure: &Erasure, workspace: WorkspaceId) -> bool {
    erasure.tenant == TenantId::Workspace(workspace)
}

/// The erasure of a workspace, if whoever is signed in owned it.
async fn of_a_gone_workspace(
    app: &App,
    token: &AccessToken,
    workspace: WorkspaceId,
    id: ErasureId,
) -> Result<Option<ErasureView>, Problem> {
    if id != Erasure::of_workspace(workspace) {
        return Ok(None);
    }
    let place = keys::erasure(id);
    let wanted = vec![place.clone(), keys::tenant_key(TenantId::Platform)];
    let signed_in = app.signed_in(token, wanted).await?;
    let policy = Policy::platform();
    let lens = Lens {
        now: signed_in.now,
        policy: &policy,
    };
    let platform_key = app
        .store
        .unwrap_tenant_key(TenantId::Platform, &signed_in.fetched, signed_in.now)
        .await?;
    let reader = Erasure::reader(&platform_key, signed_in.account);
    let found = signed_in
        .fetched
        .get::<Erasure>(&place, &Unsealed, lens)?
        .filter(|erasure| erasure.erased == ErasureKind::Workspace)
        .filter(|erasure| erasure.readers.contains(&reader));
    Ok(found.map(ErasureView::new))
}
