//! The way out of mail about conversations, by a link and without signing in.

use uuid::Uuid;

use super::{ID_BYTES, RACES, committed};
use crate::{
    domain::{ContactId, Policy, Timestamp, WorkspaceId, policy::Lens},
    store::{
        contact::Contact,
        db::{Store, StoreError},
        keyring::{TenantKey, Use},
        keys,
        record::Stored,
        seal::Unsealed,
        transaction::Transaction,
        workspace::WorkspacePolicy,
    },
};

/// What leads out of mail about conversations without signing in: who, where. It is computed when a mail
/// is sent and stored nowhere, and it does not run out (RFC 8058).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadWayOut {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Who.
    pub contact: ContactId,
}

/// What the token opens with.
const WAY_OUT_PREFIX: &str = "ur_";

impl ThreadWayOut {
    fn place(&self) -> Vec<u8> {
        let mut bytes = b"thread".to_vec();
        bytes.extend(self.workspace.uuid().into_bytes());
        bytes.extend(self.contact.uuid().into_bytes());
        bytes
    }

    /// The token of a link, under the key of the platform.
    pub fn token(&self, platform_key: &TenantKey) -> String {
        let mut bytes = self.place();
        bytes.extend(platform_key.sign(Use::WayOut, &self.place()));
        let text = data_encoding::BASE64URL_NOPAD.encode(&bytes[b"thread".len()..]);
        format!("{WAY_OUT_PREFIX}{text}")
    }

    /// Reads a token; `None` when it is anything else than one of ours.
    pub fn read(platform_key: &TenantKey, token: &str) -> Option<Self> {
        let text = token.strip_prefix(WAY_OUT_PREFIX)?;
        let bytes = data_encoding::BASE64URL_NOPAD
            .decode(text.as_bytes())
            .ok()?;
        let (ids, signature) = bytes.split_at_checked(2 * ID_BYTES)?;
        let (workspace, contact) = ids.split_at(ID_BYTES);
        let found = Self {
            workspace: WorkspaceId::from_uuid(Uuid::from_slice(workspace).ok()?),
            contact: ContactId::from_uuid(Uuid::from_slice(contact).ok()?),
        };
        let good = platform_key.verify(Use::WayOut, &found.place(), signature);
        good.then_some(found)
    }
}

impl Store {
    /// Ends mail about conversations for a contact. Repeating it changes nothing more; who is gone
    /// leaves nothing behind.
    ///
    /// # Errors
    /// When storage fails, or loses one race after the other.
    pub async fn refuse_thread_mail(
        &self,
        way_out: ThreadWayOut,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ThreadWayOut { workspace, contact } = way_out;
        let (at_policy, at_contact) = (keys::policy(workspace), keys::contact(workspace, contact));
        for _ in 0..RACES {
            let wanted = vec![at_policy.clone(), at_contact.clone()];
            let fetched = self.batch(wanted).await?;
            let platform = Policy::platform();
            let lens = Lens {
                now,
                policy: &platform,
            };
            let row = fetched.get::<WorkspacePolicy>(&at_policy, &Unsealed, lens)?;
            let Some(policy) = row.map(|row| row.policy()) else {
                return Ok(());
            };
            let lens = Lens {
                now,
                policy: &policy,
            };
            let found = fetched.get::<Contact>(&at_contact, &Unsealed, lens)?;
            let wants = |found: &Contact| found.is_kept() && found.mail_refused_at.is_none();
            let Some(found) = found.filter(wants) else {
                return Ok(());
            };
            let refused = Contact {
                mail_refused_at: Some(now),
                ..found
            };
            let mut transaction = Transaction::new(now);
            transaction.replace(&Stored::next(refused, &policy), &Unsealed)?;
            if committed(self, transaction).await? {
                return Ok(());
            }
        }
        Err(StoreError::Conflict)
    }
}
