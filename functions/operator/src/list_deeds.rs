//! `GET /v1/operator/log`: what operators did, newest first. One read besides the one on entry.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{AccountId, AnnouncementId, AppId, AuditId, RequestId, Timestamp, WorkspaceId},
    http::{AccessToken, Json, Page, Paging, Problem, Problems, Query, cursor::List},
    store::{
        self, Unsealed, keys,
        operator::{OperatorAct, OperatorDeed},
        record::read_item,
    },
};
use utoipa::ToSchema;

/// A line of the operators' own log.
#[derive(Serialize, ToSchema)]
pub struct OperatorDeedView {
    /// Its id.
    id: AuditId,
    /// Whose account did it.
    operator_id: AccountId,
    /// What.
    act: OperatorAct,
    /// In which workspace, if in one.
    workspace_id: Option<WorkspaceId>,
    /// To which app, if to one.
    app_id: Option<AppId>,
    /// To which operator, if to one.
    account_id: Option<AccountId>,
    /// Which announcement, if one.
    announcement_id: Option<AnnouncementId>,
    /// About which request, if about one.
    request_id: Option<RequestId>,
    /// When.
    at: Timestamp,
}

impl From<OperatorDeed> for OperatorDeedView {
    fn from(deed: OperatorDeed) -> Self {
        Self {
            id: deed.id,
            operator_id: deed.operator,
            act: deed.act,
            workspace_id: deed.workspace,
            app_id: deed.app,
            account_id: deed.account,
            announcement_id: deed.announcement,
            request_id: deed.request,
            at: deed.created_at,
        }
    }
}

/// List what operators did.
///
/// For the operator of the deployment. A line is there with the act, and gone after twelve months. It
/// names nobody and says no reason but by its ids.
#[utoipa::path(
    get,
    path = "/v1/operator/log",
    operation_id = "list_operator_deeds",
    params(Paging),
    responses((status = 200, description = "A page.", body = Page<OperatorDeedView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<OperatorDeedView>>, Problem> {
    let operator = app.operator(&token, Vec::new()).await?;
    let principal = operator.account.to_string();
    let list = List {
        key: &operator.platform_key,
        principal: &principal,
        name: "operator-log",
    };
    let after = paging.cursor.as_ref();
    let after = after.map(|cursor| list.read::<AuditId>(cursor, operator.now));
    let limit = usize::from(paging.limit.get());
    // One more than asked tells whether there is more.
    let mut query = store::Query::partition(keys::operator_deeds())
        .newest_first()
        .limit(paging.limit.get() + 1);
    if let Some(after) = after.transpose()? {
        query = query.after(keys::operator_deed(after), String::new());
    }
    let items = app.store.query(query).await?;
    let (mut views, mut last) = (Vec::with_capacity(limit), None);
    for item in items.iter().take(limit) {
        if let Some(deed) = read_item::<OperatorDeed>(item, &Unsealed, operator.lens())? {
            last = Some(deed.id);
            views.push(OperatorDeedView::from(deed));
        }
    }
    // What is over is older than everything that is not.
    let next = last.filter(|_| items.len() > limit);
    let next = next.map(|last| list.cursor(last, operator.now));
    Ok(Json(Page::new(views, next.transpose()?)))
}
