//! Keys of what people write to the operator.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | thread, its messages | data | `SUPPORT#platform#<thread>` | `HEAD`, `WRITER`, `M#<message>` |
//! | threads of an account | data | `SUPPORTED#platform#<account>` | `<thread>` |

use super::{HEAD, IndexKey, Key, data, head};
use crate::domain::{AccountId, MessageId, SupportId};

/// A thread.
pub fn support_thread(id: SupportId) -> Key {
    head(support_partition(id))
}

/// Whether this is the head of a thread.
pub fn is_support(head: &Key) -> bool {
    head.pk.starts_with("SUPPORT#") && head.sk == HEAD
}

/// The partition of a thread.
pub fn support_partition(id: SupportId) -> String {
    format!("SUPPORT#platform#{id}")
}

/// Where the answers of a thread go that no account began.
pub fn support_writer(id: SupportId) -> Key {
    data(support_partition(id), "WRITER")
}

/// What was said in a thread.
pub fn support_message(thread: SupportId, id: MessageId) -> Key {
    data(support_partition(thread), format!("{SUPPORT_MESSAGE}{id}"))
}

/// What the sort keys of messages open with.
pub const SUPPORT_MESSAGE: &str = "M#";

/// All threads, by id, which is by their beginning.
pub fn support_list(id: SupportId) -> IndexKey {
    IndexKey {
        pk: support_threads(),
        sk: id.to_string(),
    }
}

/// The list of all threads.
pub fn support_threads() -> String {
    "SUPPORT#platform".to_owned()
}

/// That a thread is somebody's.
pub fn own_support(account: AccountId, thread: SupportId) -> Key {
    data(supported(account), thread.to_string())
}

/// The partition of the threads of an account.
pub fn supported(account: AccountId) -> String {
    format!("SUPPORTED#platform#{account}")
}

/// The thread that a place in [`supported`] names; none for a place elsewhere.
pub fn thread_supported(place: &Key) -> Option<Key> {
    let _ = place.pk.strip_prefix("SUPPORTED#")?;
    Some(support_thread(place.sk.parse().ok()?))
}
