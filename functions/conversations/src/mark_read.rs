//! `PUT /v1/workspaces/{workspace}/conversations/{conversation}/read`: a member has read so far.
//!
//! A watermark that never goes back. Unread is the difference of two counts, so it is exact
//! whatever arrives twice or late.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ConversationId, Permission, WorkspaceId},
    http::{AccessToken, Code, Json, Path, Problem, Problems, actor::Entry},
    store::{
        CommitError, DataKey, RootRef, Stored, SubjectId, Transaction, Unsealed,
        conversation::{Conversation, ReadMark},
        keys,
        message::{Message, MessageKind, Span},
        record::read_item,
    },
};
use utoipa::ToSchema;

use crate::{
    show,
    view::{self, ReadView},
};

/// How often a watermark is tried against another device's.
const ATTEMPTS: u32 = 6;

/// How far.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkRead {
    /// The number of the last message read.
    #[schema(example = 18, minimum = 0)]
    seq: u64,
}

impl MarkRead {
    /// The number, if the thread has it.
    pub fn within(&self, head: &Conversation) -> Result<u64, Problem> {
        if self.seq <= head.seq {
            Ok(self.seq)
        } else {
            let most = format!("at most {}, the last message", head.seq);
            Err(Problem::invalid("#/seq", "out_of_range", &most))
        }
    }
}

/// Mark a conversation as read.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/read",
    operation_id = "mark_read",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    request_body = MarkRead,
    responses((status = 200, description = "Noted.", body = ReadView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, conversation)): Path<(WorkspaceId, ConversationId)>,
    Json(body): Json<MarkRead>,
) -> Result<Json<ReadView>, Problem> {
    let at_head = keys::conversation(workspace, conversation);
    let wanted = vec![at_head.clone(), keys::data_key(&RootRef::of(&at_head))];
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, wanted)
        .await?;
    member.belongs()?;
    let entry = &member.entry;
    let head = view::seen(&member.entry, &member.sight, conversation)?;
    let key = entry.data_key(&at_head)?.ok_or_else(Problem::not_found)?;
    let seq = body.within(&head)?;
    let mut mark = show::mark(&app, entry, member.id, conversation).await?;
    let in_seq = counts_at(&app, entry, &head, seq, &key).await?.0;
    for _ in 0..ATTEMPTS {
        if let Some(mark) = mark.as_ref().filter(|mark| mark.seq >= seq) {
            return Ok(Json(answer(&head, mark)));
        }
        let rev = mark.as_ref().map_or(0, |mark| mark.rev);
        let next = ReadMark {
            workspace,
            member: member.id,
            conversation,
            seq,
            in_seq,
            read_at: entry.now,
            rev,
        };
        let mut transaction = Transaction::new(entry.now);
        let stored = Stored::next(next, &entry.policy);
        let slot = match mark {
            Some(_) => transaction.replace(&stored, &Unsealed)?,
            None => transaction.create(&stored, &Unsealed)?,
        };
        match app.store.commit(transaction).await {
            Ok(()) => return Ok(Json(answer(&head, stored.record()))),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(refusal)) => {
                mark = match refusal.found(slot) {
                    Some(item) => read_item(item, &Unsealed, entry.lens())?,
                    None => None,
                };
            }
        }
    }
    Err(Problem::new(Code::Unavailable))
}

fn answer(head: &Conversation, mark: &ReadMark) -> ReadView {
    ReadView {
        read_seq: mark.seq,
        unread: head.in_seq.saturating_sub(mark.in_seq),
    }
}

/// How many messages of the visitor, and how many to the visitor, there were up to `seq`.
pub async fn counts_at(
    app: &App,
    entry: &Entry,
    head: &Conversation,
    seq: u64,
    key: &DataKey,
) -> Result<(u64, u64), Problem> {
    if seq == head.seq {
        return Ok((head.in_seq, head.out_seq));
    }
    if seq == 0 {
        return Ok((0, 0));
    }
    // The message itself may have expired; the first one after it still knows the counts before it.
    let found = app
        .store
        .messages(head, Span::After(seq - 1), 1, key, entry.lens())
        .await?;
    Ok(found
        .messages
        .first()
        .map_or((head.in_seq, head.out_seq), |first| {
            if first.seq == seq {
                (first.in_seq, first.out_seq)
            } else {
                before(first)
            }
        }))
}

/// The counts just before a message.
fn before(message: &Message) -> (u64, u64) {
    let text = message.message_kind == MessageKind::Text;
    let from_visitor = text && matches!(message.author, Some(SubjectId::Contact(_)));
    let to_visitor = text && !from_visitor;
    (
        message.in_seq - u64::from(from_visitor),
        message.out_seq - u64::from(to_visitor),
    )
}
