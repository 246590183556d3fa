//! Keys of tenants and of roots.
//!
//! KMS wraps the key of a tenant; the key of a tenant wraps the keys of its roots. An unwrapped
//! tenant key is remembered for five minutes, so that most requests make no KMS call; keys of
//! roots are read strongly with every request, so that a deleted one is gone at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::{constant_time, hmac};
use aws_sdk_kms::primitives::Blob;
use shared_derive::Record;
use zeroize::Zeroizing;

use super::{
    db::StoreError,
    field::Bytes,
    keys::Key,
    meter::Meter,
    record::Stored,
    seal::{DataKey, KEY_LENGTH, KeyedHash},
    subject::RootRef,
};
use crate::domain::{TenantId, Timestamp, policy::Policy, retention::Expiry, token::Secret};

/// How long an unwrapped tenant key may be remembered.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);
/// How many tenant keys are remembered at once.
const REMEMBERED_KEYS: usize = 512;

/// The wrapped key of a tenant.
#[derive(Clone, Debug, Record)]
#[record(
    table = Keys, key = tenant_key(tenant), tenant = tenant,
    no_subject = "a key of the tenant, about nobody", class = Workspace, anchor = created_at,
)]
pub struct TenantKeyRow {
    /// Whose key.
    #[non_personal(reason = "the id of a tenant")]
    pub tenant: TenantId,
    /// What KMS made of it.
    #[non_personal(reason = "a key, wrapped by KMS")]
    pub wrapped: Bytes,
    /// When it was made.
    #[non_personal(reason = "when a key was made")]
    pub created_at: Timestamp,
}

/// The wrapped key of a root.
#[derive(Clone, Debug, Record)]
#[record(
    table = Keys, key = root_key(root), tenant = tenant,
    no_subject = "the key of a root: deleted with it, which is what erasure rests on",
    class = Root, anchor = created_at,
)]
pub struct DataKeyRow {
    /// Whose key wraps it.
    #[non_personal(reason = "the id of a tenant")]
    pub tenant: TenantId,
    /// The root.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub root: RootRef,
    /// The key, sealed under the key of the tenant.
    #[non_personal(reason = "a key, wrapped by another")]
    pub wrapped: Bytes,
    /// When it was made.
    #[non_personal(reason = "when a key was made")]
    pub created_at: Timestamp,
}

/// A new root's key: the key to seal with, and the row that keeps it.
#[derive(Debug)]
pub struct NewDataKey {
    /// To seal with.
    pub key: DataKey,
    pub(super) row: DataKeyRow,
}

impl NewDataKey {
    /// The row with its end: that of the root where the root's end is fixed at birth, otherwise
    /// with the root, whose removal takes the key along.
    pub(super) fn stored(&self, root_expiry: Expiry, root_rolls: bool) -> Stored<DataKeyRow> {
        let stored = Stored::new(self.row.clone(), &Policy::platform());
        if root_rolls {
            stored
        } else {
            stored.ending(root_expiry)
        }
    }
}

/// What a key derived from a tenant's key is for; each purpose has a key of its own.
#[derive(Clone, Copy, Debug)]
pub enum Use {
    /// Recognise a key of the API.
    ApiKey,
    /// Recognise an address.
    Address,
    /// Write the audit log: pseudonyms, and the links of its chain.
    Audit,
    /// Recognise whom an app calls for, and make what lets a device back into a call.
    Call,
    /// Sign cursors.
    Cursor,
    /// Make mailed codes.
    Code,
    /// Recognise whom something was disclosed about.
    Disclosure,
    /// Recognise whom an erasure was of, or who may see its receipt.
    Erasure,
    /// Recognise an external id.
    ExternalId,
    /// Recognise a document of a flow.
    Flow,
    /// Make the tokens of what flows wait for outside.
    FlowEvent,
    /// Recognise a repeated request.
    Idempotency,
    /// Make ids for what comes from elsewhere.
    Import,
    /// Recognise an address that said something about mail.
    MailWish,
    /// Recognise devices, and what they were told.
    Push,
    /// Recognise a recovery code.
    RecoveryCode,
    /// Pepper a password.
    Password,
    /// Recognise the address of a contact whom a mail is about.
    Reached,
    /// Make the successor of a refresh token.
    Refresh,
    /// Recognise an address that is not written to any more.
    Suppression,
    /// Make the secrets of endpoints, and the ids of what they are told.
    Webhook,
    /// Sign the link that leads out of a kind of mail.
    WayOut,
    /// Make what a sign-in through a team's provider is bound with, and recognise who comes.
    TeamSignIn,
    /// Wrap keys of roots.
    Wrap,
}

/// The unwrapped key of a tenant.
#[derive(Clone)]
pub struct TenantKey {
    tenant: TenantId,
    bytes: Arc<Zeroizing<[u8; KEY_LENGTH]>>,
}

impl std::fmt::Debug for TenantKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TenantKey({})", self.tenant)
    }
}

impl TenantKey {
    /// A key of no KMS, for tests of what is done with one.
    #[cfg(test)]
    pub(crate) fn of_bytes(tenant: TenantId, bytes: [u8; KEY_LENGTH]) -> Self {
        let bytes = Arc::new(Zeroizing::new(bytes));
        Self { tenant, bytes }
    }

    /// Whose key it is.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// HMAC-SHA-256 of `message` under the key for `purpose`.
    fn code(&self, purpose: Use, message: &[u8]) -> [u8; 32] {
        // HKDF-Expand with one block (RFC 5869, 2.3): the tenant's key is uniformly random.
        let root = hmac::Key::new(hmac::HMAC_SHA256, self.bytes.as_slice());
        let derived = hmac::sign(&root, format!("sotto/{purpose:?}\u{1}").as_bytes());
        let key = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        let mut code = [0; 32];
        code.copy_from_slice(hmac::sign(&key, message).as_ref());
        code
    }

    /// A keyed hash of `message`.
    pub fn hash(&self, purpose: Use, message: &str) -> KeyedHash {
        KeyedHash::from_code(self.code(purpose, message.as_bytes()))
    }

    /// A secret that follows from another, and only with this key: see refresh tokens.
    pub fn successor(&self, secret: &Secret) -> Secret {
        Secret::from_bytes(self.code(Use::Refresh, secret.as_bytes()))
    }

    /// What of a password is hashed: without this key there is nothing to guess at.
    pub fn pepper(&self, password: &[u8]) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.code(Use::Password, password))
    }

    /// A mailed code of eight digits for `challenge`: it is computed, not stored.
    pub fn mailed_code(&self, challenge: &str) -> String {
        let code = self.code(Use::Code, challenge.as_bytes());
        let mut number = [0; 8];
        number.copy_from_slice(&code[..8]);
        format!("{:08}", u64::from_be_bytes(number) % 100_000_000)
    }

    /// Signs what a client will bring back.
    pub fn sign(&self, purpose: Use, message: &[u8]) -> Vec<u8> {
        self.code(purpose, message)[..16].to_vec()
    }

    /// Whether this key signed `message`.
    pub fn verify(&self, purpose: Use, message: &[u8], signature: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.sign(purpose, message), signature).is_ok()
    }

    fn wrapping(&self) -> Result<DataKey, StoreError> {
        DataKey::from_bytes(Zeroizing::new(self.code(Use::Wrap, b"")))
    }

    /// Makes the key of a new root.
    pub fn new_data_key(&self, root: &Key, now: Timestamp) -> Result<NewDataKey, StoreError> {
        let key = DataKey::generate()?;
        let wrapped = self.wrapping()?.seal(&root.pk, key.as_bytes())?;
        let row = DataKeyRow {
            tenant: self.tenant,
            root: RootRef::of(root),
            wrapped: Bytes(wrapped),
            created_at: now,
        };
        Ok(NewDataKey { key, row })
    }

    /// Unwraps the key of a root.
    pub fn open_data_key(&self, row: &DataKeyRow) -> Result<DataKey, StoreError> {
        let opened = Zeroizing::new(
            self.wrapping()?
                .open(&row.root.to_string(), &row.wrapped.0)?,
        );
        let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
        if opened.len() != KEY_LENGTH {
            return Err(StoreError::Corrupt("a key of the wrong length"));
        }
        bytes.copy_from_slice(&opened);
        DataKey::from_bytes(bytes)
    }

    /// Seals bytes of the tenant itself, such as the signing key, bound to `place`.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.wrapping()?.seal(place, plain)
    }

    /// Opens them.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.wrapping()?.open(place, sealed).map(Zeroizing::new)
    }
}

/// KMS, and the tenant keys it unwrapped lately.
#[derive(Clone)]
pub struct Keyring {
    kms: aws_sdk_kms::Client,
    kms_key_id: String,
    meter: Meter,
    remembered: Arc<Mutex<HashMap<TenantId, (TenantKey, Timestamp)>>>,
}

impl Keyring {
    /// A keyring over a KMS key.
    pub fn new(kms: aws_sdk_kms::Client, kms_key_id: String, meter: Meter) -> Self {
        Self {
            kms,
            kms_key_id,
            meter,
            remembered: Arc::default(),
        }
    }

    /// The key of `tenant`, if it was unwrapped in the last five minutes.
    pub fn remembered(&self, tenant: TenantId, now: Timestamp) -> Option<TenantKey> {
        let remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (key, since) = remembered.get(&tenant)?;
        (now < since.plus(REMEMBERED)).then(|| key.clone())
    }

    fn remember(&self, key: &TenantKey, now: Timestamp) {
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_KEYS {
            remembered.retain(|_, (_, since)| now < since.plus(REMEMBERED));
        }
        if remembered.len() >= REMEMBERED_KEYS {
            remembered.clear();
        }
        remembered.insert(key.tenant, (key.clone(), now));
    }

    /// Makes a key for a new tenant. It is not remembered: the transaction may yet fail.
    pub async fn generate(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<(TenantKey, TenantKeyRow), StoreError> {
        let begun = self.meter.begin("GenerateDataKey");
        let answer = self
            .kms
            .generate_data_key()
            .key_id(&self.kms_key_id)
            .key_spec(aws_sdk_kms::types::DataKeySpec::Aes256)
            .encryption_context("tenant", tenant.to_string())
            .send()
            .await;
        self.meter.end_free(begun);
        let answer = answer.map_err(|error| StoreError::kms(&error))?;
        let plain = answer
            .plaintext
            .map(|blob| Zeroizing::new(blob.into_inner()));
        let (Some(plain), Some(wrapped)) = (plain, answer.ciphertext_blob) else {
            return Err(StoreError::Corrupt("a key that KMS did not make"));
        };
        let key = TenantKey {
            tenant,
            bytes: tenant_key_bytes(&plain)?,
        };
        let row = TenantKeyRow {
            tenant,
            wrapped: Bytes(wrapped.into_inner()),
            created_at: now,
        };
        Ok((key, row))
    }

    /// Unwraps the key of a tenant and remembers it.
    pub async fn unwrap(
        &self,
        row: &TenantKeyRow,
        now: Timestamp,
    ) -> Result<TenantKey, StoreError> {
        let begun = self.meter.begin("Decrypt");
        let answer = self
            .kms
            .decrypt()
            .key_id(&self.kms_key_id)
            .ciphertext_blob(Blob::new(row.wrapped.0.as_slice()))
            .encryption_context("tenant", row.tenant.to_string())
            .send()
            .await;
        self.meter.end_free(begun);
        let plain = answer
            .map_err(|error| StoreError::kms(&error))?
            .plaintext
            .map(|blob| Zeroizing::new(blob.into_inner()))
            .ok_or(StoreError::Corrupt("a key that KMS did not open"))?;
        let key = TenantKey {
            tenant: row.tenant,
            bytes: tenant_key_bytes(&plain)?,
        };
        self.remember(&key, now);
        Ok(key)
    }
}

fn tenant_key_bytes(plain: &[u8]) -> Result<Arc<Zeroizing<[u8; KEY_LENGTH]>>, StoreError> {
    let bytes = plain
        .try_into()
        .map_err(|_| StoreError::Corrupt("a key of the wrong length"))?;
    Ok(Arc::new(Zeroizing::new(bytes)))
}
