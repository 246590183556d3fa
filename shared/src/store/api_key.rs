//! Keys of the API: what a customer's own servers come in with.

use shared_derive::Record;

use super::{app::Label, keyring, seal::KeyedHash};
use crate::domain::{
    ApiKeyId, MemberId, Permission, Timestamp, WorkspaceId, api_key::ApiKeyText, time::DAY,
    words::Symbol,
};

/// A key of the API. Its text is stored nowhere.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = api_key(workspace, token), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct ApiKey {
    /// Its id.
    #[non_personal(reason = "the id of a key")]
    pub id: ApiKeyId,
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Its text, as a keyed hash.
    #[non_personal(reason = "the keyed hash of a random text")]
    pub token: KeyedHash,
    /// How its text begins.
    #[non_personal(reason = "the beginning of a random text")]
    pub shown: Beginning,
    /// What the team calls it.
    #[non_personal(reason = "the label of a program")]
    pub name: Label,
    /// What it may do.
    #[non_personal(reason = "permissions of a program")]
    pub scopes: Vec<Permission>,
    /// When it ends, if it does.
    #[non_personal(reason = "when a key ends")]
    pub ends_at: Option<Timestamp>,
    /// The day it was used last.
    #[non_personal(reason = "the day a program came last")]
    pub last_used_on: Option<Timestamp>,
    /// Who made it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub made_by: MemberId,
    /// When it was made.
    #[non_personal(reason = "when a key was made")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl ApiKey {
    /// What the text of a key is stored as.
    pub fn hash(tenant_key: &keyring::TenantKey, text: &ApiKeyText) -> KeyedHash {
        tenant_key.hash(keyring::Use::ApiKey, text.reveal())
    }

    /// Whether it is good at `now`.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| end > now)
    }

    /// The same key, used at `now`; `None` when that day is noted already.
    pub fn used(&self, now: Timestamp) -> Option<Self> {
        let day = i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX);
        let today = Timestamp::from_ms(now.ms() - now.ms().rem_euclid(day));
        (self.last_used_on != Some(today)).then(|| Self {
            last_used_on: Some(today),
            ..self.clone()
        })
    }
}

/// How the text of a key begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning(String);

impl Beginning {
    /// The beginning of a key.
    pub fn of(text: &ApiKeyText) -> Self {
        Self(text.shown().to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Symbol for Beginning {
    fn symbol(&self) -> String {
        self.0.clone()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}
