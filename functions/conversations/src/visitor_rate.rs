//! `PUT /v1/widget/conversations/{conversation}/rating`: how content a visitor is, once, within a week of
//! being asked.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::ConversationId,
    http::{
        Code, Json, Path, Problem, Problems, Versioned, VisitorToken,
        thread::{own, wanted},
    },
    store::{
        conversation::Conversation,
        message::Event,
        transcript::{Changed, Line, Step},
    },
};
use utoipa::ToSchema;

use crate::view::ConversationView;

/// How content somebody is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// From 1, not at all, to 5, entirely.
    #[schema(minimum = 1, maximum = 5, example = 4)]
    rating: u64,
}

/// Rate a conversation.
///
/// The team asks when it closes one, where the app wants it. The same answer again is no change.
#[utoipa::path(
    put,
    path = "/v1/widget/conversations/{conversation}/rating",
    operation_id = "visitor_rate_conversation",
    params(("conversation" = ConversationId, Path, description = "The conversation.")),
    request_body = Rate,
    responses((status = 200, description = "Noted.", body = ConversationView), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path(conversation): Path<ConversationId>,
    Json(Rate { rating }): Json<Rate>,
) -> Result<Versioned<ConversationView>, Problem> {
    if !(1..=5).contains(&rating) {
        return Err(Problem::invalid("#/rating", "out_of_range", "1 to 5"));
    }
    let visitor = app
        .visitor(&token, wanted(token.workspace, conversation))
        .await?;
    if visitor.contact.blocked {
        return Err(Problem::new(Code::Blocked));
    }
    let entry = &visitor.entry;
    let thread = own(entry, visitor.id, conversation)?;
    let (actor, now) = (Some(visitor.subject()), entry.now);
    let decide = |head: &Conversation| {
        match head.rating {
            Some(given) if given == rating => return Ok(None),
            Some(_) => return Err(Problem::new(Code::NotChangeable)),
            None => {}
        }
        if head.rating_until().is_none_or(|until| until <= now) {
            let detail = "only within a week after the team has asked";
            return Err(Problem::invalid("#/rating", "not_asked", detail));
        }
        let mut step = Step::on(head, now);
        step.head.rating = Some(rating);
        step.head.rated_at = Some(now);
        step.line(Line::new(Event::Rated, actor));
        Ok(Some(step))
    };
    let changed = app
        .store
        .change(thread.head, &thread.key, entry.lens(), None, decide);
    match changed.await? {
        Changed::Done(head) | Changed::Unchanged(head) => Ok(Versioned {
            rev: head.rev,
            view: ConversationView::for_visitor(&head, entry),
        }),
        Changed::Missing | Changed::Gone => Err(Problem::not_found()),
    }
}
