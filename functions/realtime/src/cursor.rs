//! Where a sync goes on, and what a change looks like.
//!
//! A walk reads everything that changed since its cursor, in pages. Its end is a cursor that says
//! when the walk *began*, by the server's clock: whatever changes while it walks, or shows late in
//! the index, is found by the next one, which begins a minute before that. So a change may be told
//! twice, with the same `rev`, and is never left out.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::{
    domain::{ConversationId, Timestamp, retention::TOMBSTONE_LIFETIME},
    http::{Code, Problem, cursor::List},
    words,
};
use utoipa::ToSchema;

/// How much the index may lag, and clocks may differ: read again.
const OVERLAP: Duration = Duration::from_secs(60);

words! {
    /// What changed.
    pub enum Changed {
        /// A conversation.
        Conversation = "conversation",
    }
}

/// A change: how far something is now, or that it is gone. The content is fetched by its id.
#[derive(Debug, Serialize, ToSchema)]
pub struct Change {
    /// What it is.
    #[serde(rename = "type")]
    kind: Changed,
    /// Which.
    pub id: ConversationId,
    /// The present version. Absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 41)]
    rev: Option<u64>,
    /// The number of the last message. Absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 18)]
    seq: Option<u64>,
    /// There, and true, when it is gone: deleted, expired, or no longer yours to see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null))]
    gone: Option<bool>,
}

impl Change {
    /// It is as far as this.
    pub const fn to(id: ConversationId, rev: u64, seq: u64) -> Self {
        Self {
            kind: Changed::Conversation,
            id,
            rev: Some(rev),
            seq: Some(seq),
            gone: None,
        }
    }

    /// It is gone.
    pub const fn gone(id: ConversationId) -> Self {
        Self {
            kind: Changed::Conversation,
            id,
            rev: None,
            seq: None,
            gone: Some(true),
        }
    }
}

/// A part of what changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changes {
    /// The changes; the same one may come twice.
    pub changes: Vec<Change>,
    /// For the next call, at once when there is more.
    #[schema(example = "eyJzIjoxNzY4NDc4NDAwMDAwfQ")]
    pub next_cursor: String,
    /// Whether there is more already.
    pub more: bool,
}

/// Where a walk stands: what a cursor says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// When the walk before it began; absent in the first one, which lists everything.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none", default)]
    since_ms: Option<i64>,
    /// When this walk began.
    #[serde(rename = "b")]
    began_ms: i64,
    /// The last entry that was read; absent at the beginning.
    #[serde(rename = "a", skip_serializing_if = "Option::is_none", default)]
    pub after: Option<String>,
    /// What the client knows, where it is few: what is missing from it is gone.
    #[serde(rename = "k", skip_serializing_if = "Vec::is_empty", default)]
    pub known: Vec<ConversationId>,
}

impl Walk {
    /// The walk that a cursor goes on with, or the first one.
    ///
    /// # Errors
    /// 400 for what is no cursor of this list, 410 for one that is older than what is remembered
    /// of what is gone.
    pub fn of(list: &List<'_>, cursor: Option<&str>, now: Timestamp) -> Result<Self, Problem> {
        let Some(cursor) = cursor else {
            return Ok(Self {
                since_ms: None,
                began_ms: now.ms(),
                after: None,
                known: Vec::new(),
            });
        };
        let walk: Self = list.open(cursor)?;
        let oldest = Timestamp::from_ms(walk.since_ms.unwrap_or(walk.began_ms));
        if oldest.plus(TOMBSTONE_LIFETIME) <= now {
            return Err(Problem::new(Code::CursorExpired));
        }
        Ok(match walk.after {
            Some(_) => walk,
            // The end of a walk is where the next one begins.
            None => Self {
                since_ms: Some(walk.began_ms),
                began_ms: now.ms(),
                ..walk
            },
        })
    }

    /// Whether it lists everything: then nobody knows anything that could be gone.
    pub const fn is_first(&self) -> bool {
        self.since_ms.is_none()
    }

    /// The earliest change that it tells of.
    pub fn since(&self) -> Timestamp {
        self.since_ms.map_or(Timestamp::from_ms(0), |ms| {
            Timestamp::from_ms(ms).minus(OVERLAP)
        })
    }

    /// The cursor after a page: of the same walk when there is more, else of the next one.
    pub fn next(self, list: &List<'_>, more: Option<String>) -> Result<String, Problem> {
        list.seal(&Self {
            after: more,
            ..self
        })
    }
}
