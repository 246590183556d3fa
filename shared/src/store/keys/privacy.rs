//! Keys of requests about one's data.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | request about one's data, its words | data | `PRIVACY#<tenant>#<request>` | `HEAD`, `WORDS` |
//! | letter about a request | data | the same | `L#<version, ten digits>#<letter>` |
//! | what somebody waits for, and their requests | data | `ASKED#<tenant>#<subject>` | `W#<wish>`, `R#<request>` |

use super::{HEAD, IndexKey, Key, data, due, head};
use crate::{
    domain::{RequestId, TenantId, Timestamp, words::Symbol as _},
    store::{
        privacy::{Letter, Wish},
        subject::SubjectId,
    },
};

/// A request about one's data.
pub fn privacy_request(tenant: TenantId, id: RequestId) -> Key {
    head(privacy_partition(tenant, id))
}

/// Whether this is the head of a request about one's data.
pub fn is_privacy_request(head: &Key) -> bool {
    head.pk.starts_with("PRIVACY#") && head.sk == HEAD
}

/// What was said in a request: sealed, so it lies beside the head.
pub fn privacy_words(tenant: TenantId, request: RequestId) -> Key {
    data(privacy_partition(tenant, request), "WORDS")
}

/// A letter about a version of a request.
pub fn privacy_letter(tenant: TenantId, request: RequestId, of: u64, letter: Letter) -> Key {
    let sk = format!("L#{of:010}#{}", letter.word());
    data(privacy_partition(tenant, request), sk)
}

fn privacy_partition(tenant: TenantId, request: RequestId) -> String {
    format!("PRIVACY#{tenant}#{request}")
}

/// Requests of a tenant, by id, which is by receipt.
pub fn privacy_list(tenant: TenantId, id: RequestId) -> IndexKey {
    IndexKey {
        pk: privacy_requests(tenant),
        sk: id.to_string(),
    }
}

/// The list of all requests that a tenant answers.
pub fn privacy_requests(tenant: TenantId) -> String {
    format!("PRIVACY#{tenant}")
}

/// When something has to happen to a request.
pub fn privacy_due(tenant: TenantId, id: RequestId, due_at: Option<Timestamp>) -> Option<IndexKey> {
    due_at.map(|at| due(at, &privacy_partition(tenant, id)))
}

/// That somebody waits for something.
pub fn open_wish(tenant: TenantId, subject: SubjectId, wish: Wish) -> Key {
    data(asked(tenant, subject), format!("W#{}", wish.symbol()))
}

/// That a request is somebody's.
pub fn own_request(tenant: TenantId, subject: SubjectId, request: RequestId) -> Key {
    data(asked(tenant, subject), format!("{OWN_REQUEST}{request}"))
}

/// What the sort keys of somebody's own requests open with.
pub const OWN_REQUEST: &str = "R#";

/// The partition of what somebody asked for.
pub fn asked(tenant: TenantId, subject: SubjectId) -> String {
    format!("ASKED#{tenant}#{subject}")
}

/// The partition of the request that a place in [`asked`] names; none for a place elsewhere, and for
/// what only remembers that something is waited for.
pub fn request_asked(place: &Key) -> Option<String> {
    let asker = place.pk.strip_prefix("ASKED#")?;
    let (tenant, _) = asker.split_once('#')?;
    let request = place.sk.strip_prefix(OWN_REQUEST)?;
    Some(format!("PRIVACY#{tenant}#{request}"))
}
