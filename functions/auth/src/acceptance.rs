//! Which version of the policy an account goes on under (FLOW-63), and what is shown of one that is
//! about to begin.
//!
//! Going on is the first renewal of tokens after a version has begun: an access token lives ten
//! minutes, so whoever uses the service renews. It is written in the renewal's own transaction, once.

use serde::Serialize;
use shared::{
    domain::{AccountId, Timestamp, day::Day},
    http::Problem,
    store::{
        Key, Stored, Transaction, Unsealed,
        acceptance::{AnnouncedVersions, PolicyAcceptance},
        keys,
    },
};
use utoipa::ToSchema;

use crate::platform::Platform;

/// What [`go_on`] and [`Standing::of`] need to have been read.
pub fn wanted(account: AccountId) -> [Key; 2] {
    [keys::announced_versions(), keys::acceptance(account)]
}

fn versions(read: &Platform) -> Result<Option<AnnouncedVersions>, Problem> {
    read.open(&keys::announced_versions())
}

fn accepted(read: &Platform, account: AccountId) -> Result<Option<PolicyAcceptance>, Problem> {
    read.open(&keys::acceptance(account))
}

/// Puts into a renewal that the account goes on under the version in force, unless it has already.
pub fn go_on(
    read: &Platform,
    account: AccountId,
    transaction: &mut Transaction,
) -> Result<(), Problem> {
    let in_force = versions(read)?.and_then(|versions| versions.in_force(read.now));
    let Some(in_force) = in_force else {
        return Ok(());
    };
    if accepted(read, account)?.is_some_and(|row| row.version == in_force.version) {
        return Ok(());
    }
    let row = PolicyAcceptance {
        account,
        version: in_force.version,
        accepted_at: read.now,
    };
    transaction.overwrite(&Stored::new(row, &read.policy), &Unsealed)?;
    Ok(())
}

/// How an account stands to the policy.
#[derive(Clone, Serialize, ToSchema)]
pub struct Standing {
    /// A version that was announced and under which the account has not gone on yet: to be shown, for
    /// those whom the mail about it did not reach. Null when there is none.
    notice: Option<PolicyNotice>,
    /// The version under which the account has gone on last; null before the first one.
    accepted: Option<AcceptedPolicy>,
}

/// A version of the policy that begins, or has just begun.
#[derive(Clone, Serialize, ToSchema)]
pub struct PolicyNotice {
    /// The day that its text bears: see `GET /policy/{profile}`.
    version: Day,
    /// From when on it holds.
    effective_at: Timestamp,
}

/// A version of the policy under which somebody went on.
#[derive(Clone, Serialize, ToSchema)]
pub struct AcceptedPolicy {
    /// The day that its text bears.
    version: Day,
    /// When tokens were renewed first after it had begun.
    accepted_at: Timestamp,
}

impl Standing {
    /// The standing of an account, from a batch that asked for [`wanted`].
    pub fn of(read: &Platform, account: AccountId) -> Result<Self, Problem> {
        let newest = versions(read)?.and_then(|versions| versions.newest());
        let accepted = accepted(read, account)?;
        let known = accepted.as_ref().map(|row| row.version);
        let notice = newest.filter(|newest| known != Some(newest.version));
        Ok(Self {
            notice: notice.map(|newest| PolicyNotice {
                version: newest.version,
                effective_at: newest.effective_at,
            }),
            accepted: accepted.map(|row| AcceptedPolicy {
                version: row.version,
                accepted_at: row.accepted_at,
            }),
        })
    }
}
