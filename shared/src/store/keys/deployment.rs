//! Keys of the deployment itself: operator, erasures, announcements, counts, signing.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | announcement | data | `ANNOUNCEMENT#platform#<announcement>` | `HEAD` |
//! | announced versions of the policy | data | `VERSIONS#platform` | `HEAD` |
//! | operator | data | `OPERATOR#platform` | `<account>` |
//! | line of the operators' own log | data | `OPERATOR#platform#DEEDS` | `<line>` |
//! | settings of the deployment | data | `DEPLOYMENT#platform` | `SETTINGS` |
//! | public signing keys | data | `JWKS#platform` | `HEAD` |
//! | erasure, and the list of those that are not done | data | `ERASURE#platform#<erasure>` | `HEAD` |
//! | address for the last mail of an erased account | data | `FAREWELL#platform#<erasure>` | `HEAD` |
//! | how far the sweep has got | data | `SWEEP#platform` | `<table>#<segment>` |
//! | count of a limit | data | `COUNTER#platform#<keyed hash>` | `COUNT` |
//! | what was heard before | data | `HEARD#platform#<keyed hash>` | `ENTRY` |
//! | salt of a day, for counts | keys | `SALT#platform#<day>` | `KEY` |
//! | how long the ledger of erasures is | data | `LEDGER#platform` | `HEAD` |
//! | public keys of receipts, private one | data, keys | `ATTEST#platform` | `HEAD`, `KEY` |
//! | private signing key | keys | `SIGNING#platform` | `KEY` |

use super::{IndexKey, Key, Table, data, head};
use crate::{
    domain::{AccountId, AnnouncementId, AuditId, ErasureId, JobId, Timestamp, words::Symbol},
    store::{announcement::AnnouncementState, erasure::Stage, job::SweepSegment, seal::KeyedHash},
};

/// The versions of the policy that were announced.
pub fn announced_versions() -> Key {
    head("VERSIONS#platform".to_owned())
}

/// An announcement.
pub fn announcement(id: AnnouncementId) -> Key {
    head(format!("ANNOUNCEMENT#platform#{id}"))
}

/// Announcements that are not done, by id.
pub fn announcement_list(id: AnnouncementId, state: AnnouncementState) -> Option<IndexKey> {
    (state != AnnouncementState::Done).then(|| IndexKey {
        pk: open_announcements(),
        sk: id.to_string(),
    })
}

/// The list of announcements that are not done.
pub fn open_announcements() -> String {
    "ANNOUNCEMENT#platform#OPEN".to_owned()
}

/// That an account is an operator of the deployment.
pub fn operator_seat(account: AccountId) -> Key {
    data(operator_seats(), account.to_string())
}

/// The partition of all operators.
pub fn operator_seats() -> String {
    "OPERATOR#platform".to_owned()
}

/// A line of the operators' own log.
pub fn operator_deed(id: AuditId) -> Key {
    data(operator_deeds(), id.to_string())
}

/// The partition of that log, oldest first.
pub fn operator_deeds() -> String {
    "OPERATOR#platform#DEEDS".to_owned()
}

/// What the operators have decided for the deployment.
pub fn deployment_settings() -> Key {
    data("DEPLOYMENT#platform".to_owned(), "SETTINGS")
}

/// The public halves of the signing keys.
pub fn signing_keys() -> Key {
    head("JWKS#platform".to_owned())
}

/// An erasure: how far it is, and what it came to.
pub fn erasure(id: ErasureId) -> Key {
    head(format!("ERASURE#platform#{id}"))
}

/// Erasures that are not done, by when they go on.
pub fn erasure_list(id: ErasureId, stage: Stage, due_at: Timestamp) -> Option<IndexKey> {
    (stage != Stage::Done).then(|| IndexKey {
        pk: open_erasures(),
        sk: format!("{:015}#{id}", due_at.ms()),
    })
}

/// The list of erasures that are not done, by when they go on.
pub fn open_erasures() -> String {
    "ERASURE#platform#OPEN".to_owned()
}

/// The public keys that receipts are checked with.
pub fn receipt_keys() -> Key {
    head("ATTEST#platform".to_owned())
}

/// The private key that receipts are signed with; only `retention` may read it.
pub fn receipt_key() -> Key {
    Key {
        table: Table::Keys,
        pk: "ATTEST#platform".to_owned(),
        sk: "KEY".to_owned(),
    }
}

/// How long the ledger of erasures is.
pub fn ledger_length() -> Key {
    head("LEDGER#platform".to_owned())
}

/// Where the last mail of an erased account goes.
pub fn farewell(id: ErasureId) -> Key {
    head(format!("FAREWELL#platform#{id}"))
}

/// That a job is not done.
pub fn open_job(job: JobId) -> Key {
    data(open_jobs(), job.to_string())
}

/// The partition of all jobs that are not done, oldest first.
pub fn open_jobs() -> String {
    "JOBS#platform".to_owned()
}

/// A count. Not a head: nothing hears of its end.
pub fn counter(of: KeyedHash) -> Key {
    data(format!("COUNTER#platform#{of}"), "COUNT")
}

/// What was heard before.
pub fn heard(what: KeyedHash) -> Key {
    data(format!("HEARD#platform#{what}"), "ENTRY")
}

/// An address that is not written to, where that may be.
pub fn suppression(address: KeyedHash) -> Key {
    data(format!("SUPPRESSED#platform#{address}"), "ENTRY")
}

/// How far the sweep has got in one segment of a table.
pub fn sweep(segment: SweepSegment) -> Key {
    data("SWEEP#platform".to_owned(), segment.symbol())
}

/// The salt of the day that begins at `since`.
pub fn salt(since: Timestamp) -> Key {
    Key {
        table: Table::Keys,
        pk: format!("SALT#platform#{:015}", since.ms()),
        sk: "KEY".to_owned(),
    }
}

/// The private signing key of access tokens; only `auth` may read it.
pub fn signing_key() -> Key {
    Key {
        table: Table::Keys,
        pk: "SIGNING#platform".to_owned(),
        sk: "KEY".to_owned(),
    }
}
