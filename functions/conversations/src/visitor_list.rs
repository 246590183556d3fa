//! `GET /v1/widget/conversations`: the visitor's own conversations, the latest first.
//!
//! They are found by the edges of the visitor as a data subject, read strongly: what a visitor sees
//! and what an erasure finds is the same list.

use axum::extract::State;
use shared::{
    app::App,
    domain::{TenantId, policy::Module},
    http::{Json, Page, Paging, Problem, Problems, Query, VisitorToken, cursor::List},
    store::{
        self, Key, Unsealed,
        conversation::Conversation,
        keys,
        subject::{Edge, RootRef, State as Liveness},
    },
};

use crate::view::ConversationView;

/// List conversations as a visitor.
#[utoipa::path(
    get,
    path = "/v1/widget/conversations",
    operation_id = "visitor_list_conversations",
    params(Paging),
    responses((status = 200, description = "A page.", body = Page<ConversationView>), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<ConversationView>>, Problem> {
    let visitor = app.visitor(&token, Vec::new()).await?;
    let entry = &visitor.entry;
    entry.require(Module::Conversations)?;
    let principal = visitor.id.to_string();
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: "own conversations",
    };
    let partition =
        keys::subject_partition(TenantId::Workspace(entry.workspace), visitor.subject());
    let opens = format!("{}CONVERSATION#{}#", keys::EDGE, entry.workspace);
    let limit = paging.limit.get();
    let mut query = store::Query::partition(partition.clone())
        .between(opens.clone(), format!("{opens}~"))
        .newest_first()
        .limit(limit + 1);
    if let Some(cursor) = &paging.cursor {
        let sk: String = list.read(cursor, entry.now)?;
        let after = Key {
            table: store::Table::Data,
            pk: partition,
            sk: sk.clone(),
        };
        query = query.after(after, sk);
    }
    let items = app.store.query(query).await?;
    let mut sorts: Vec<String> = items
        .iter()
        .filter_map(|item| item.get("sk")?.as_s().ok().cloned())
        .collect();
    let more = sorts.len() > usize::from(limit);
    sorts.truncate(usize::from(limit));
    let next = match sorts.last().filter(|_| more) {
        Some(sort) => Some(list.cursor(sort, entry.now)?),
        None => None,
    };
    let roots: Vec<RootRef> = sorts
        .iter()
        .filter_map(|sort| Edge::root_of(sort))
        .collect();
    let found = app
        .store
        .batch(roots.iter().map(RootRef::head).collect())
        .await?;
    let mut data = Vec::with_capacity(roots.len());
    for root in &roots {
        let head = found.get::<Conversation>(&root.head(), &Unsealed, entry.lens())?;
        if let Some(head) = head.filter(|head| head.state == Liveness::Live) {
            data.push(ConversationView::for_visitor(&head, entry));
        }
    }
    Ok(Json(Page::new(data, next)))
}
