//! A thread that somebody may use: its living head and its key, out of the batch read on entry.

use super::{actor::Entry, problem::Problem};
use crate::{
    domain::{ContactId, ConversationId, Sight, WorkspaceId, policy::Module},
    store::{DataKey, Key, RootRef, conversation::Conversation, keys, subject::State},
};

/// The head of a thread and the key of its texts.
#[derive(Debug)]
pub struct Thread {
    /// The head.
    pub head: Conversation,
    /// The key.
    pub key: DataKey,
}

/// What entering a thread reads.
pub fn wanted(workspace: WorkspaceId, conversation: ConversationId) -> Vec<Key> {
    let head = keys::conversation(workspace, conversation);
    let key = keys::data_key(&RootRef::of(&head));
    vec![head, key]
}

/// The thread, if it lives. Expired, erased and foreign threads look alike.
///
/// # Errors
/// 404 without it; 403 where the workspace has no conversations.
pub fn open(entry: &Entry, conversation: ConversationId) -> Result<Thread, Problem> {
    let head = head(entry, conversation)?;
    let place = keys::conversation(entry.workspace, conversation);
    let key = entry.data_key(&place)?.ok_or_else(Problem::not_found)?;
    Ok(Thread { head, key })
}

fn head(entry: &Entry, conversation: ConversationId) -> Result<Conversation, Problem> {
    entry.require(Module::Conversations)?;
    let place = keys::conversation(entry.workspace, conversation);
    entry
        .open::<Conversation>(&place)?
        .filter(|head| head.state == State::Live)
        .ok_or_else(Problem::not_found)
}

/// The head of the thread alone, if it lives and is this visitor's: where no text of it is read.
///
/// # Errors
/// As [`open`].
pub fn own_head(
    entry: &Entry,
    visitor: ContactId,
    conversation: ConversationId,
) -> Result<Conversation, Problem> {
    let head = head(entry, conversation)?;
    match head.contact == visitor {
        true => Ok(head),
        false => Err(Problem::not_found()),
    }
}

/// The thread, if it lives and is this visitor's.
///
/// # Errors
/// As [`open`].
pub fn own(
    entry: &Entry,
    visitor: ContactId,
    conversation: ConversationId,
) -> Result<Thread, Problem> {
    let head = own_head(entry, visitor, conversation)?;
    let place = keys::conversation(entry.workspace, conversation);
    let key = entry.data_key(&place)?.ok_or_else(Problem::not_found)?;
    Ok(Thread { head, key })
}

/// The head of the thread alone, if it lives and the reader sees it.
///
/// # Errors
/// As [`open`].
pub fn seen_head(
    entry: &Entry,
    sight: &Sight,
    conversation: ConversationId,
) -> Result<Conversation, Problem> {
    let head = head(entry, conversation)?;
    match sight.sees(head.standing()) {
        true => Ok(head),
        false => Err(Problem::not_found()),
    }
}

/// The thread, if it lives and the reader sees it.
///
/// # Errors
/// As [`open`].
pub fn seen(entry: &Entry, sight: &Sight, conversation: ConversationId) -> Result<Thread, Problem> {
    let thread = open(entry, conversation)?;
    if sight.sees(thread.head.standing()) {
        Ok(thread)
    } else {
        Err(Problem::not_found())
    }
}
