//! Figures about use: beacons, by a pseudonym of one week, and the counts of weeks, about nobody.
//!
//! What leads from a contact to its pseudonym lies with the contact. While it is there, an erasure or
//! an objection finds the beacons; when the contact ends, nothing leads to them any more.

use shared_derive::Record;
use uuid::Uuid;

use super::{
    db::{Store, StoreError, key_of},
    field::Field,
    keys::{self, Key, Table},
    query::{Listed, Query},
    subject::RootRef,
};
use crate::{
    domain::{
        ContactId, PseudonymId, Timestamp, WorkspaceId,
        analytics::{Cell, Country, Said, Week, WidgetError},
        device::Browser,
    },
    words,
};

/// How many links are read at once: one for each week of the longest life, and more.
const PAGE: u16 = 100;

/// What a visitor's browser said once: closed words and counts, by a pseudonym of the week.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = beacon(workspace, pseudonym, client_beacon_id),
    lists = beacon_list(workspace, week, pseudonym, client_beacon_id), tenant = workspace,
    within = Contact, class = Analytics, anchor = sent_at,
)]
pub struct Beacon {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// In which week.
    #[non_personal(reason = "a week of the calendar")]
    pub week: Week,
    /// Whose, for this week.
    #[personal(category = Pseudonym, purpose = Improve, erase = Delete, open)]
    pub pseudonym: PseudonymId,
    /// The client's id of it, so that a repeated one counts once.
    #[personal(category = Pseudonym, purpose = Improve, erase = Delete, open)]
    pub client_beacon_id: Uuid,
    /// The family of the browser.
    #[personal(category = Pseudonym, purpose = Improve, erase = Delete, open)]
    pub browser: Option<Browser>,
    /// Its major version.
    #[personal(category = Pseudonym, purpose = Improve, erase = Delete, open)]
    pub browser_major: Option<u64>,
    /// The country that the edge named.
    #[personal(category = Pseudonym, purpose = Improve, erase = Delete, open)]
    pub country: Option<Country>,
    /// What went wrong.
    #[personal(category = Pseudonym, purpose = Improve, erase = Delete, open)]
    pub error: Option<WidgetError>,
    /// How long the widget took to load, in milliseconds.
    #[personal(category = Pseudonym, purpose = Improve, erase = Delete, open)]
    pub load_ms: Option<u64>,
    /// When.
    #[personal(category = Pseudonym, purpose = Improve, erase = Delete, open)]
    pub sent_at: Timestamp,
}

impl Beacon {
    /// What it says.
    pub const fn said(&self) -> Said {
        Said {
            browser: self.browser,
            major: self.browser_major,
            country: self.country,
            error: self.error,
            load_ms: self.load_ms,
        }
    }
}

/// What leads from a contact to its beacons of a week.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = beacon_link(workspace, contact, week), tenant = workspace,
    within = Contact, class = Analytics, anchor = kept_from,
)]
pub struct BeaconLink {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whose.
    #[personal(category = Pseudonym, purpose = Improve, erase = Delete, open)]
    pub contact: ContactId,
    /// Which week.
    #[personal(category = Pseudonym, purpose = Improve, erase = Delete, open)]
    pub week: Week,
    /// Who they are in it.
    #[personal(category = Pseudonym, purpose = Improve, erase = Delete, open)]
    pub pseudonym: PseudonymId,
    /// The end of the week: it leads to every beacon as long as that lives.
    #[personal(category = Pseudonym, purpose = Improve, erase = Delete, open)]
    pub kept_from: Timestamp,
}

words! {
    /// How far a week is.
    pub enum WeekState {
        /// It is counted.
        Counted = "counted",
        /// Its beacons ended before they could be counted.
        Lost = "lost",
        /// It waits to be counted, or is being counted.
        Open = "open",
    }
}

/// A week of a workspace: how far it is counted, and the counts.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = analytics_week(workspace, week), lists = open_week(workspace, week, week_state),
    tenant = workspace, no_subject = "counts of a week; nobody can be told from them, and none is about fewer than ten people",
    class = Workspace, anchor = created_at,
)]
pub struct AnalyticsWeek {
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Which week.
    #[non_personal(reason = "a week of the calendar")]
    pub week: Week,
    /// How far it is.
    #[non_personal(reason = "how far a week is counted")]
    pub week_state: WeekState,
    /// How many of the [`SLICES`] parts are counted.
    #[non_personal(reason = "how far a week is counted")]
    pub slices: u64,
    /// The counts, while it is being counted with small ones among them.
    #[non_personal(reason = "counts without ids; small ones are put together at the end")]
    pub cells: Vec<Cell>,
    /// How many beacons there were.
    #[non_personal(reason = "a count of a week of a whole workspace")]
    pub beacons: u64,
    /// When its first beacon came.
    #[non_personal(reason = "when a week of a workspace began")]
    pub created_at: Timestamp,
    /// When it was counted.
    #[non_personal(reason = "when a week was counted")]
    pub counted_at: Option<Timestamp>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// Into how many parts the pseudonyms of a week fall, by their first two characters. A position in a
/// week is a part, so that no pseudonym has to be remembered.
pub const SLICES: u64 = 256;

/// The alphabet of ids, in its order.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The place in the list of a week where a part begins.
pub fn slice_start(slice: u64) -> String {
    let digit = |n: u64| {
        let at = usize::try_from(n % 32).unwrap_or_default();
        char::from(ALPHABET[at])
    };
    match slice < SLICES {
        true => format!(
            "{}_{}{}",
            PseudonymId::PREFIX,
            digit(slice / 32),
            digit(slice)
        ),
        false => format!("{}_~", PseudonymId::PREFIX),
    }
}

/// The part that a pseudonym falls into.
pub const fn slice_of(pseudonym: PseudonymId) -> u64 {
    (pseudonym.uuid().as_u128() >> 120) as u64
}

impl AnalyticsWeek {
    /// A week that begins with its first beacon.
    pub const fn begin(workspace: WorkspaceId, week: Week, now: Timestamp) -> Self {
        Self {
            workspace,
            week,
            week_state: WeekState::Open,
            slices: 0,
            cells: Vec::new(),
            beacons: 0,
            created_at: now,
            counted_at: None,
            rev: 1,
        }
    }
}

impl Store {
    /// The partitions of the beacons of a contact, read strongly.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn partitions_of_beacons(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        let mut after: Option<Key> = None;
        loop {
            let (from, to) = (
                keys::BEACON_LINK.to_owned(),
                format!("{}~", keys::BEACON_LINK),
            );
            let links = keys::contact(workspace, contact).pk;
            let mut links = Query::partition(links).between(from, to).limit(PAGE);
            if let Some(after) = after.take() {
                links = links.after(after, String::new());
            }
            let Listed { items, more } = self.page(links).await?;
            // Over or not: what is over leads to what is over.
            let pseudonyms = items
                .iter()
                .filter_map(|item| PseudonymId::read(item.get("pseudonym")));
            found.extend(pseudonyms.map(|pseudonym| keys::beacons(workspace, pseudonym)));
            after = items.last().and_then(|item| key_of(Table::Data, item));
            if !more {
                return Ok(found);
            }
        }
    }

    /// Deletes every beacon of a contact; says how many went. Doing it again is safe.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn forget_beacons(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Result<u64, StoreError> {
        let mut gone = 0;
        for partition in self.partitions_of_beacons(workspace, contact).await? {
            let root = RootRef::from_partition(&partition);
            gone += self.remove_children(&root, u32::MAX).await?;
        }
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pseudonym_lies_behind_the_beginning_of_its_part_and_before_the_next() {
        for bits in [
            0u128,
            1 << 119,
            1 << 120,
            0x7f << 120,
            0xff << 120,
            u128::MAX,
        ] {
            let id = PseudonymId::from_uuid(Uuid::from_u128(bits));
            let (slice, text) = (slice_of(id), id.to_string());
            assert!(slice < SLICES);
            assert!(slice_start(slice) <= text, "{text}");
            assert!(text < slice_start(slice + 1), "{text}");
        }
    }
}
