//! Keys of figures about use.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | beacon | data | `BEACON#<ws>#<pseudonym>` | `<client id>` |
//! | what leads from a contact to its beacons of a week | data | `CONTACT#<ws>#<contact>` | `WEEK#<week>` |
//! | week of a workspace, and its counts | data | `ANALYTICS#<ws>#<week>` | `HEAD` |
//!
//! In the index `lists` the beacons of a week stand by pseudonym under `BEACON#<ws>#<week>`, and the
//! weeks of all workspaces that are not counted yet under `ANALYTICS#platform`.

use uuid::Uuid;

use super::{IndexKey, Key, contact, data, head};
use crate::{
    domain::{ContactId, PseudonymId, WorkspaceId, analytics::Week},
    store::analytics::WeekState,
};

/// A beacon, by the id that its sender gave it.
pub fn beacon(workspace: WorkspaceId, pseudonym: PseudonymId, client_beacon_id: Uuid) -> Key {
    data(
        beacons(workspace, pseudonym),
        client_beacon_id.hyphenated().to_string(),
    )
}

/// The partition of the beacons of a pseudonym, which are of one week.
pub fn beacons(workspace: WorkspaceId, pseudonym: PseudonymId) -> String {
    format!("BEACON#{workspace}#{pseudonym}")
}

/// The beacons of a week, by pseudonym.
pub fn beacon_list(
    workspace: WorkspaceId,
    week: Week,
    pseudonym: PseudonymId,
    client_beacon_id: Uuid,
) -> IndexKey {
    IndexKey {
        pk: beacons_of(workspace, week),
        sk: format!("{pseudonym}#{}", client_beacon_id.hyphenated()),
    }
}

/// The list of all beacons of a week.
pub fn beacons_of(workspace: WorkspaceId, week: Week) -> String {
    format!("BEACON#{workspace}#{week}")
}

/// What leads from a contact to its beacons of a week.
pub fn beacon_link(workspace: WorkspaceId, contact: ContactId, week: Week) -> Key {
    data(
        self::contact(workspace, contact).pk,
        format!("{BEACON_LINK}{week}"),
    )
}

/// What such links open with, within a contact.
pub const BEACON_LINK: &str = "WEEK#";

/// A week of a workspace.
pub fn analytics_week(workspace: WorkspaceId, week: Week) -> Key {
    head(format!("ANALYTICS#{workspace}#{week}"))
}

/// The weeks that are not counted yet, the oldest first.
pub fn open_week(workspace: WorkspaceId, week: Week, week_state: WeekState) -> Option<IndexKey> {
    (week_state == WeekState::Open).then(|| IndexKey {
        pk: open_weeks(),
        sk: format!("{week}#{workspace}"),
    })
}

/// The list of all weeks that are not counted yet.
pub fn open_weeks() -> String {
    "ANALYTICS#platform".to_owned()
}
