//! `GET /v1/workspaces/{workspace}/billing/invoices`: what was billed, paid and given back, the latest
//! movement first.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{
        Permission, Policy, TenantId, Timestamp, WorkspaceId,
        billing::{
            StripeId,
            paper::{AdjustmentKind, InvoiceStatus},
        },
        policy::Lens,
    },
    http::{AccessToken, Json, Page, Paging, Path, Problem, Problems, Query, cursor::List},
    store::{self, Key, RootRef, Table, billing::BillingPaper, db::key_of, keys},
};
use utoipa::ToSchema;

use crate::account;

/// A document of a payment. Amounts are in the smallest unit of the currency.
#[derive(Serialize, ToSchema)]
pub struct InvoiceView {
    /// Its id.
    id: StripeId,
    /// The number that it bears.
    #[schema(example = "A1B2C3-0001")]
    number: Option<String>,
    /// How it stands; absent for a payment that went back without an invoice.
    status: Option<InvoiceStatus>,
    /// Three letters.
    #[schema(example = "eur")]
    currency: Option<String>,
    /// What is to be paid.
    #[schema(example = 1500)]
    total: Option<i64>,
    /// What was paid.
    #[schema(example = 1500)]
    paid: Option<i64>,
    /// When it was made.
    issued_at: Option<Timestamp>,
    /// What corrected it.
    adjustments: Vec<AdjustmentView>,
    /// Until when it is kept.
    kept_until: Timestamp,
}

/// What corrected an invoice.
#[derive(Serialize, ToSchema)]
pub struct AdjustmentView {
    /// Its id.
    id: StripeId,
    /// What it is.
    kind: AdjustmentKind,
    /// The number that it bears.
    number: Option<String>,
    /// How much.
    #[schema(example = 500)]
    amount: i64,
    /// Whether it was taken back.
    voided: bool,
    /// When it was made.
    made_at: Timestamp,
}

impl InvoiceView {
    fn of(row: BillingPaper) -> Self {
        let at = |seconds: i64| Timestamp::from_ms(seconds * 1000);
        let kept_until = shared::domain::billing::kept::until(row.moved_at);
        let (id, paper) = (row.id, row.paper);
        let invoice = paper.invoice.as_ref();
        let adjustments = paper.adjustments.iter().map(|(id, one)| AdjustmentView {
            id: id.clone(),
            kind: one.kind,
            number: one.number.clone(),
            amount: one.amount,
            voided: one.voided,
            made_at: at(one.made_at),
        });
        Self {
            id,
            number: invoice.and_then(|one| one.number.clone()),
            status: invoice.map(|one| one.status),
            currency: invoice
                .map(|one| one.currency.clone())
                .or_else(|| Some(paper.adjustments.values().next()?.currency.clone())),
            total: invoice.map(|one| one.total),
            paid: invoice.map(|one| one.paid),
            issued_at: invoice.map(|one| at(one.issued_at)),
            adjustments: adjustments.collect(),
            kept_until,
        }
    }
}

/// List invoices and payments.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/billing/invoices",
    operation_id = "list_invoices",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Paging),
    responses((status = 200, description = "A page.", body = Page<InvoiceView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<InvoiceView>>, Problem> {
    let entered = account::enter(&app, &token, workspace, Permission::BillingRead).await?;
    let entry = &entered.member.entry;
    let (principal, name) = (
        entered.member.account.to_string(),
        format!("invoices:{workspace}"),
    );
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let after = paging.cursor.as_ref();
    let after = after.map(|cursor| list.read::<(StripeId, String)>(cursor, entry.now));
    let after = after.transpose()?;
    let Some(account) = &entered.account else {
        return Ok(Json(Page::new(Vec::new(), None)));
    };
    let limit = paging.limit.get();
    // One more than asked tells whether there is more.
    let mut query = store::Query::lists(keys::papers(account.customer.clone()))
        .newest_first()
        .limit(limit + 1);
    if let Some((paper, sort_key)) = after {
        query = query.after(keys::paper(paper), sort_key);
    }
    let items = app.store.query(query).await?;
    let more = items.len() > usize::from(limit);
    let heads = items.iter().take(usize::from(limit));
    let heads: Vec<Key> = heads.filter_map(|item| key_of(Table::Data, item)).collect();
    let papers = read(&app, &heads, entry.now).await?;
    let next = match papers.last().filter(|_| more) {
        Some(last) => {
            let index = keys::paper_list(last.id.clone(), last.customer.clone(), last.moved_at);
            Some(list.cursor((last.id.clone(), index.sk), entry.now)?)
        }
        None => None,
    };
    let views = papers.into_iter().map(InvoiceView::of).collect();
    Ok(Json(Page::new(views, next)))
}

/// Documents by their places, as far as they are there.
pub async fn read(app: &App, heads: &[Key], now: Timestamp) -> Result<Vec<BillingPaper>, Problem> {
    let mut wanted = heads.to_vec();
    wanted.extend(heads.iter().map(|head| keys::data_key(&RootRef::of(head))));
    wanted.push(keys::tenant_key(TenantId::Platform));
    let fetched = app.store.batch_all(wanted).await?;
    let platform_key = app
        .store
        .unwrap_tenant_key(TenantId::Platform, &fetched, now)
        .await?;
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let mut found = Vec::with_capacity(heads.len());
    for head in heads {
        if let Some(key) = fetched.data_key(head, &platform_key)? {
            found.extend(fetched.get::<BillingPaper>(head, &key, lens)?);
        }
    }
    Ok(found)
}
