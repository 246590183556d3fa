//! An announcement as the operator sees it: what it is about and how far it has got, not to whom.

use serde::Serialize;
use shared::{
    domain::{AnnouncementId, Profile, Timestamp, announcement::AnnouncementClass, day::Day},
    store::announcement::{Announcement, AnnouncementMode, AnnouncementState},
};
use utoipa::ToSchema;

/// An announcement, and how far it has got.
#[derive(Serialize, ToSchema)]
pub struct AnnouncementView {
    /// Its id.
    id: AnnouncementId,
    /// What it is about.
    class: AnnouncementClass,
    /// Whether letters are written, or only counted.
    mode: AnnouncementMode,
    /// How far it is. One of a change that matters goes on until the change takes effect, for those
    /// who become owners meanwhile.
    state: AnnouncementState,
    /// The version of the policy that it is about.
    version: Option<Day>,
    /// The profiles whose policy changes.
    profiles: Vec<Profile>,
    /// From when on that version holds.
    effective_at: Option<Timestamp>,
    /// How many accounts were looked at, on the present walk.
    #[schema(example = 25)]
    looked_at: u64,
    /// How many letters were written; of a rehearsal, how many would have been.
    #[schema(example = 20)]
    letters: u64,
    /// When it was asked for.
    created_at: Timestamp,
    /// When everybody had been looked at once.
    finished_at: Option<Timestamp>,
}

impl AnnouncementView {
    /// The view of an announcement.
    pub fn new(announcement: &Announcement) -> Self {
        Self {
            id: announcement.id,
            class: announcement.announcement_class,
            mode: announcement.mode,
            state: announcement.announcement_state,
            version: announcement.policy_version,
            profiles: announcement.profiles.clone(),
            effective_at: announcement.effective_at,
            looked_at: announcement.looked_at,
            letters: announcement.letters,
            created_at: announcement.created_at,
            finished_at: announcement.finished_at,
        }
    }
}
