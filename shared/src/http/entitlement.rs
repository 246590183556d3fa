//! What a plan allows: the one place that is asked, by whichever function makes more of something.
//!
//! Where nothing is sold everything is allowed, and nothing is counted. Whoever is over a limit keeps what
//! there is: a plan that ends takes no member, no app and no message away, it only lets no more in.

use super::{
    actor::Entry,
    problem::{Code, Problem},
};
use crate::{
    app::App,
    domain::{WorkspaceId, billing::plan::Limited},
    store::{Query, StoreError, Transaction, file_room::FileRoom, keys},
};

/// How many are counted at most.
const MOST_COUNTED: u16 = 1000;

/// Whether there is room for one more. A repeated request that made something is answered with it all the
/// same, so whoever asks goes on to the transaction that knows, and says there what it is to fail with.
#[must_use]
pub struct Room(Result<(), Problem>);

impl Room {
    /// Has the transaction fail, where there is no room.
    pub fn bind(&self, transaction: &mut Transaction, workspace: WorkspaceId) {
        if self.0.is_err() {
            // No head is ever of that version.
            transaction.check_unchanged(keys::workspace(workspace), u64::MAX);
        }
    }

    /// What a transaction that was refused, and not by a repetition, is answered with.
    ///
    /// # Errors
    /// 402 `plan_limit`.
    pub fn left(self) -> Result<(), Problem> {
        self.0
    }
}

/// The most bytes of files that a workspace has, where its plan does not say: 100 GiB. Files lie in the
/// account of whoever runs this, so there is an end to them in any case.
const MOST_FILE_BYTES: u64 = 100 * 1024 * 1024 * 1024;
/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1024 * 1024;

/// How many bytes the files of a workspace may take up.
pub struct FileBytes {
    most: u64,
    /// Where more can be bought, if the plan is what limits them.
    upgrade: Option<String>,
}

impl FileBytes {
    /// Refuses a file that there is no room for.
    ///
    /// # Errors
    /// 402 `plan_limit` where another plan would help, and 409 `workspace_files_full` where none would.
    pub fn check(&self, room: &FileRoom, bytes: u64) -> Result<(), Problem> {
        if room.takes(bytes, self.most) {
            return Ok(());
        }
        Err(match &self.upgrade {
            Some(url) => Problem::new(Code::PlanLimit).with_upgrade(url.clone()),
            None => Problem::new(Code::WorkspaceFilesFull),
        })
    }
}

impl App {
    /// How many bytes the files of a workspace may take up.
    pub fn bytes_for_files(&self, entry: &Entry) -> FileBytes {
        let plans = self.config.plans.as_ref();
        let mebibytes =
            plans.and_then(|plans| plans.most_file_mebibytes(entry.policy.plan.as_ref()));
        let limit = mebibytes.map(|mebibytes| u64::from(mebibytes) * MEBIBYTE);
        FileBytes {
            most: limit.unwrap_or(MOST_FILE_BYTES),
            upgrade: limit.map(|_| self.upgrade_of(entry)),
        }
    }

    /// Where a workspace buys another plan.
    fn upgrade_of(&self, entry: &Entry) -> String {
        let path = format!("/v1/workspaces/{}/billing", entry.workspace);
        format!("{}{path}", self.config.issuer)
    }

    /// Whether the plan of a workspace has room for one more of something; if not, the problem says where to
    /// buy more.
    ///
    /// # Errors
    /// When what there is cannot be counted.
    pub async fn room_for(&self, entry: &Entry, what: Limited) -> Result<Room, Problem> {
        let Some(plans) = &self.config.plans else {
            return Ok(Room(Ok(())));
        };
        let Some(most) = plans.most(entry.policy.plan.as_ref(), what) else {
            return Ok(Room(Ok(())));
        };
        if self.used(entry, what).await? < most {
            return Ok(Room(Ok(())));
        }
        let problem = Problem::new(Code::PlanLimit).with_upgrade(self.upgrade_of(entry));
        Ok(Room(Err(problem)))
    }

    /// How many of something a workspace has.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub async fn used(&self, entry: &Entry, what: Limited) -> Result<u32, StoreError> {
        let workspace = entry.workspace;
        let lists = match what {
            Limited::Apps => vec![Query::partition(keys::apps(workspace))],
            Limited::Seats => vec![
                Query::lists(keys::memberships(workspace)),
                Query::lists(keys::invitations(workspace)),
            ],
        };
        let mut sum = 0;
        for list in lists {
            sum += self.store.count(list.limit(MOST_COUNTED)).await?;
        }
        Ok(u32::try_from(sum).unwrap_or(u32::MAX))
    }
}
