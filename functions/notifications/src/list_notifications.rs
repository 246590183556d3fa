//! `GET /v1/workspaces/{workspace}/notifications`: what concerned a member lately, the newest first.
//!
//! One entry for each conversation, by ids. It is read when the conversation is (`PUT …/read`), and it is
//! gone when the conversation is, when the member does not see it any more, and after thirty days
//! (CHAT-23). So a page may hold fewer than were asked for, and still lead on.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{
        ConversationId, Permission, Timestamp, WorkspaceId, policy::Module, push::NotifyEvent,
    },
    http::{
        AccessToken, Json, Page, Path, Problem, Problems, Query,
        cursor::{List, Paging},
    },
    store::{
        self, Key, Table, Unsealed,
        conversation::{Conversation, ReadMark},
        db::key_of,
        keys,
        notification::News,
        subject::State as Liveness,
    },
};
use utoipa::ToSchema;

/// Something that concerned a member.
#[derive(Serialize, ToSchema)]
pub struct NotificationView {
    /// What.
    event: NotifyEvent,
    /// In which conversation.
    conversation_id: ConversationId,
    /// How far the conversation was then.
    #[schema(example = 4)]
    seq: u64,
    /// When.
    happened_at: Timestamp,
    /// Whether they have read to there.
    #[schema(example = false)]
    read: bool,
}

/// The place of an entry in its list.
#[derive(Deserialize, Serialize)]
struct Place(i64, ConversationId);

/// List what concerned one.
///
/// The last thing of each conversation, as `in_app` of the preferences says. It goes with its conversation.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/notifications",
    operation_id = "list_notifications",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Paging),
    responses((status = 200, description = "A page.", body = Page<NotificationView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<NotificationView>>, Problem> {
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, Vec::new())
        .await?;
    member.belongs()?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let (principal, name) = (
        member.account.to_string(),
        format!("notifications:{workspace}"),
    );
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let after = paging.cursor.as_ref();
    let after = after.map(|cursor| list.read::<Place>(cursor, entry.now));
    let mut query = store::Query::lists(keys::all_news(workspace, member.id))
        .newest_first()
        .limit(paging.limit.get());
    if let Some(Place(ms, conversation)) = after.transpose()? {
        let at = Timestamp::from_ms(ms);
        let place = keys::news_list(workspace, member.id, at, conversation);
        query = query.after(keys::news(workspace, member.id, conversation), place.sk);
    }
    let page = app.store.page(query).await?;
    let places: Vec<Key> = page
        .items
        .iter()
        .filter_map(|item| key_of(Table::Data, item))
        .collect();
    let wanted = places.iter().flat_map(|place| {
        let of = keys::conversation_of_news(place).map(|id| {
            let mark = keys::read_mark(workspace, member.id, id);
            [keys::conversation(workspace, id), mark]
        });
        std::iter::once(place.clone()).chain(of.into_iter().flatten())
    });
    let fetched = app.store.batch_all(wanted.collect()).await?;
    let (mut views, mut last) = (Vec::with_capacity(places.len()), None);
    for (place, item) in places.iter().zip(&page.items) {
        last = place_of(item).or(last);
        let Some(news) = fetched.get::<News>(place, &Unsealed, entry.lens())? else {
            continue;
        };
        let id = news.conversation;
        let head = keys::conversation(workspace, id);
        let head = fetched.get::<Conversation>(&head, &Unsealed, entry.lens())?;
        let seen =
            head.filter(|head| head.state == Liveness::Live && member.sight.sees(head.standing()));
        if seen.is_none() {
            continue;
        }
        let mark = keys::read_mark(workspace, member.id, id);
        let mark = fetched.get::<ReadMark>(&mark, &Unsealed, entry.lens())?;
        views.push(NotificationView {
            event: news.event,
            conversation_id: id,
            seq: news.seq,
            happened_at: news.happened_at,
            read: mark.is_some_and(|mark| mark.seq >= news.seq),
        });
    }
    let next = last.filter(|_| page.more);
    let next = next.map(|last| list.cursor(last, entry.now));
    Ok(Json(Page::new(views, next.transpose()?)))
}

/// Where an entry stands in the list.
fn place_of(item: &store::Item) -> Option<Place> {
    let sort = item.get("lists_sk")?.as_s().ok()?;
    let (ms, conversation) = sort.split_once('#')?;
    Some(Place(ms.parse().ok()?, conversation.parse().ok()?))
}
