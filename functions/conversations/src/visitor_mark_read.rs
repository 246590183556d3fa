//! `PUT /v1/widget/conversations/{conversation}/read`: the visitor has read so far.

use axum::extract::State;
use shared::{
    app::App,
    domain::ConversationId,
    http::{
        Code, Json, Path, Problem, Problems, VisitorToken,
        thread::{self, Thread},
    },
    store::{
        CommitError, Stored, Transaction, Unsealed, conversation::Conversation, record::read_item,
        subject::State as Liveness,
    },
};

use crate::{
    mark_read::{MarkRead, counts_at},
    view::ReadView,
};

/// How often a watermark is tried against messages that arrive meanwhile.
const ATTEMPTS: u32 = 6;

/// Mark a conversation as read, as a visitor.
#[utoipa::path(
    put,
    path = "/v1/widget/conversations/{conversation}/read",
    operation_id = "visitor_mark_read",
    params(("conversation" = ConversationId, Path, description = "The conversation.")),
    request_body = MarkRead,
    responses((status = 200, description = "Noted.", body = ReadView), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path(conversation): Path<ConversationId>,
    Json(body): Json<MarkRead>,
) -> Result<Json<ReadView>, Problem> {
    let wanted = thread::wanted(token.workspace, conversation);
    let visitor = app.visitor(&token, wanted).await?;
    let entry = &visitor.entry;
    let Thread { mut head, key } = thread::own(entry, visitor.id, conversation)?;
    let seq = body.within(&head)?;
    let out_seq = counts_at(&app, entry, &head, seq, &key).await?.1;
    for _ in 0..ATTEMPTS {
        if head.visitor_read_seq >= seq {
            return Ok(Json(answer(&head)));
        }
        head.visitor_read_seq = seq;
        head.visitor_read_out = out_seq;
        head.touch(entry.now);
        let stored = Stored::next(head, &entry.policy);
        let mut transaction = Transaction::new(entry.now);
        let slot = transaction.replace(&stored, &Unsealed)?;
        match app.store.commit(transaction).await {
            Ok(()) => return Ok(Json(answer(stored.record()))),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(refusal)) => {
                let item = refusal.found(slot).ok_or_else(Problem::not_found)?;
                head = read_item::<Conversation>(item, &Unsealed, entry.lens())?
                    .filter(|head| head.state == Liveness::Live)
                    .ok_or_else(Problem::not_found)?;
            }
        }
    }
    Err(Problem::new(Code::Unavailable))
}

fn answer(head: &Conversation) -> ReadView {
    let unread = head.out_seq.saturating_sub(head.visitor_read_out);
    ReadView {
        read_seq: head.visitor_read_seq,
        unread,
    }
}
