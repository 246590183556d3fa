//! `GET /v1/widget/conversations/{conversation}/messages`: a visitor reads its thread.
//!
//! Notes among members keep their number and nothing else, so that a visitor's client can tell a
//! lost message from one that was not for it.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::ConversationId,
    http::{Json, Path, Problem, Problems, Query, VisitorToken, view::MessageView},
    store::message::{Audience, Message},
    words,
};
use utoipa::ToSchema;

use crate::thread::{self, Part};

words! {
    /// What stands in the place of a note.
    pub enum Hidden {
        /// A message that is not for the visitor.
        Internal = "internal",
    }
}

/// A message, or the place of one that is not for the visitor.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum VisitorView {
    /// A message.
    Message(Box<MessageView>),
    /// The place of a message among members, or of the system to them.
    Hidden {
        /// Its number.
        seq: u64,
        /// Always `internal`.
        kind: Hidden,
    },
}

/// A part of a thread, in the order of its numbers.
#[derive(Serialize, ToSchema)]
pub struct VisitorMessageList {
    /// The messages.
    data: Vec<VisitorView>,
    /// The number of the last message there is.
    #[schema(example = 18)]
    head_seq: u64,
    /// The oldest number that has not expired, when this part reaches so far back.
    #[schema(example = 1)]
    min_seq: Option<u64>,
}

/// List messages as a visitor.
#[utoipa::path(
    get,
    path = "/v1/widget/conversations/{conversation}/messages",
    operation_id = "visitor_list_messages",
    params(("conversation" = ConversationId, Path, description = "The conversation."), Part),
    responses((status = 200, description = "A part of the thread.", body = VisitorMessageList), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path(conversation): Path<ConversationId>,
    Query(part): Query<Part>,
) -> Result<Json<VisitorMessageList>, Problem> {
    let span = part.span()?;
    let wanted = thread::wanted(token.workspace, conversation);
    let visitor = app.visitor(&token, wanted).await?;
    let entry = &visitor.entry;
    let thread = thread::own(entry, visitor.id, conversation)?;
    let found = app
        .store
        .messages(
            &thread.head,
            span,
            part.limit.get(),
            &thread.key,
            entry.lens(),
        )
        .await?;
    let policy = thread.head.policy(entry.lens());
    let view = |message: &Message| match message.audience {
        Audience::Team => VisitorView::Hidden {
            seq: message.seq,
            kind: Hidden::Internal,
        },
        Audience::Both => VisitorView::Message(Box::new(MessageView::new(message, &policy))),
    };
    Ok(Json(VisitorMessageList {
        data: found.messages.iter().map(view).collect(),
        head_seq: thread.head.seq,
        min_seq: found.min_seq,
    }))
}
