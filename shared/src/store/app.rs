//! Apps: the ways in for visitors.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use shared_derive::Record;
use zeroize::Zeroizing;

use super::{db::StoreError, field::Bytes, keyring::TenantKey};
use crate::{
    domain::{
        AppId, TeamId, Timestamp, WorkspaceId, id,
        text::{BundleId, Origin},
        token::Secret,
        words::Symbol,
    },
    words,
};

words! {
    /// Where an app runs.
    pub enum Platform {
        /// Android.
        Android = "android",
        /// iOS.
        Ios = "ios",
        /// Pages of the web.
        Web = "web",
    }
}

words! {
    /// Whether visitors of an app come with the customer's signed identity.
    pub enum Identity {
        /// A signed identity is refused.
        Off = "off",
        /// With or without.
        Optional = "optional",
        /// Without one nobody gets in.
        Required = "required",
    }
}

/// An app. It belongs to the workspace, says nothing about a person, and its signing secret is
/// wrapped by the key of the workspace.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = app(workspace, id), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct App {
    /// Its id.
    #[non_personal(reason = "the id of an app", export)]
    pub id: AppId,
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What the team calls it.
    #[non_personal(reason = "the label of a web page or a mobile app", export)]
    pub name: Label,
    /// Where it runs.
    #[non_personal(reason = "a setting of the app", export)]
    pub platform: Platform,
    /// The pages it may be used on.
    #[non_personal(reason = "the address of a web site", export)]
    pub origins: Vec<Origin>,
    /// The mobile app it may be used in.
    #[non_personal(reason = "the identifier of a mobile app", export)]
    pub bundle_id: Option<BundleId>,
    /// Whether visitors are identified by the customer.
    #[non_personal(reason = "a setting of the app", export)]
    pub identity: Identity,
    /// The team that gets what visitors begin.
    #[non_personal(reason = "a setting of the app", export)]
    pub team: Option<TeamId>,
    /// Whether visitors are asked how content they are when what they began is closed.
    #[non_personal(reason = "a setting of the app", export)]
    pub asks_rating: Option<bool>,
    /// Whether devices of its calls speak through a relay only, so that neither learns the address of
    /// the other.
    #[non_personal(reason = "a setting of the app", export)]
    pub relay_only: Option<bool>,
    /// Whether what the team writes is mailed to visitors who are away; it is where nothing says otherwise.
    #[non_personal(reason = "a setting of the app", export)]
    pub mails_offline: Option<bool>,
    /// The secret that the customer signs identities with (HS256), wrapped.
    #[non_personal(reason = "a secret of the customer, sealed under the key of the workspace")]
    pub identity_secret: Bytes,
    /// The secret before it, good for a day after the rotation.
    #[non_personal(reason = "a secret of the customer, sealed under the key of the workspace")]
    pub previous_secret: Option<Bytes>,
    /// When the secret was rotated last.
    #[non_personal(reason = "when a secret was changed")]
    pub secret_rotated_at: Option<Timestamp>,
    /// What the public key ends with, since it was rotated.
    #[non_personal(reason = "a random part of a public key")]
    pub key_salt: Option<u64>,
    /// What it ended with before; nothing, when there was one rotation only.
    #[non_personal(reason = "a random part of a public key")]
    pub previous_key_salt: Option<u64>,
    /// When the public key was rotated last.
    #[non_personal(reason = "when a public key was changed")]
    pub key_rotated_at: Option<Timestamp>,
    /// Since when the operator lets nobody in by it.
    #[non_personal(reason = "the state of an app")]
    pub disabled_at: Option<Timestamp>,
    /// How many widget sessions may begin in a minute, where the operator said so.
    #[non_personal(reason = "a limit of an app")]
    pub sessions_per_minute: Option<u64>,
    /// When it was made.
    #[non_personal(reason = "when an app was made", export)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// What a public key opens with.
const PUBLIC_KEY_PREFIX: &str = "pk_";
/// Characters of an id without its kind.
const ID_LENGTH: usize = 26;
/// Characters of the random end of a rotated public key.
const SALT_LENGTH: usize = 16;
/// How long what was rotated away is still good, so that pages and servers can follow.
pub const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a public key leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// To which workspace.
    pub workspace: WorkspaceId,
    /// To which app.
    pub app: AppId,
    /// Its random end; the first key of an app has none.
    salt: Option<u64>,
}

impl App {
    /// The key that the customer's pages name: the ids of workspace and app, so that it leads to
    /// the app in one keyed read. It is public by nature and proves nothing.
    pub fn public_key(&self) -> String {
        let (workspace, app) = (
            id::encode(self.workspace.uuid()),
            id::encode(self.id.uuid()),
        );
        let salt = self.key_salt.map(|salt| format!("{salt:016x}"));
        let salt = salt.unwrap_or_default();
        format!("{PUBLIC_KEY_PREFIX}{workspace}{app}{salt}")
    }

    /// What a public key names. Whether the app still goes by it, [`App::goes_by`] says.
    pub fn read_public_key(text: &str) -> Option<PublicKey> {
        let rest = text.strip_prefix(PUBLIC_KEY_PREFIX)?;
        let (workspace, rest) = rest.split_at_checked(ID_LENGTH)?;
        let (app, salt) = rest.split_at_checked(ID_LENGTH)?;
        let (workspace, app) = (id::decode(workspace)?, id::decode(app)?);
        let hexadecimal = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        let salt = match salt {
            "" => None,
            salt if salt.len() == SALT_LENGTH && salt.bytes().all(hexadecimal) => {
                Some(u64::from_str_radix(salt, 16).ok()?)
            }
            _ => return None,
        };
        Some(PublicKey {
            workspace: WorkspaceId::from_uuid(workspace),
            app: AppId::from_uuid(app),
            salt,
        })
    }

    /// Whether `key` is the app's own at `now`, or was until less than a day ago.
    pub fn goes_by(&self, key: &PublicKey, now: Timestamp) -> bool {
        let former = self.former_key_until().is_some_and(|until| until > now);
        key.salt == self.key_salt || (former && key.salt == self.previous_key_salt)
    }

    /// Until when the public key before this one is good.
    pub fn former_key_until(&self) -> Option<Timestamp> {
        Some(self.key_rotated_at?.plus(OVERLAP))
    }

    /// Until when the identity secret before this one is good.
    pub fn former_secret_until(&self) -> Option<Timestamp> {
        Some(self.secret_rotated_at?.plus(OVERLAP))
    }

    /// Gives the app another public key from `now` on.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn rotate_public_key(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let mut salt = [0; 8];
        aws_lc_rs::rand::fill(&mut salt).map_err(|_| StoreError::Random)?;
        self.previous_key_salt = self.key_salt.replace(u64::from_be_bytes(salt));
        self.key_rotated_at = Some(now);
        Ok(())
    }

    /// Gives the app another identity secret from `now` on.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn rotate_identity_secret(
        &mut self,
        tenant_key: &TenantKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let secret = Self::new_identity_secret(tenant_key, self.workspace, self.id)?;
        self.previous_secret = Some(std::mem::replace(&mut self.identity_secret, secret));
        self.secret_rotated_at = Some(now);
        Ok(())
    }

    /// What an identity secret is bound to.
    pub fn secret_place(workspace: WorkspaceId, app: AppId) -> String {
        format!("identity|{workspace}|{app}")
    }

    /// A new secret to sign identities with, sealed for storage: 256 bits, as 43 characters.
    ///
    /// The characters themselves are the HS256 key, because that is how libraries take a secret.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new_identity_secret(
        tenant_key: &TenantKey,
        workspace: WorkspaceId,
        app: AppId,
    ) -> Result<Bytes, StoreError> {
        let secret = Secret::generate().ok_or(StoreError::Random)?;
        let text = Zeroizing::new(BASE64URL_NOPAD.encode(secret.as_bytes()));
        let sealed = tenant_key.seal(&Self::secret_place(workspace, app), text.as_bytes())?;
        Ok(Bytes(sealed))
    }

    /// The secret that identities are signed with, in clear.
    ///
    /// # Errors
    /// When it does not open under this key.
    pub fn identity_secret(
        &self,
        tenant_key: &TenantKey,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        tenant_key.open(
            &Self::secret_place(self.workspace, self.id),
            &self.identity_secret.0,
        )
    }

    /// The secret before it, in clear, while it is good.
    ///
    /// # Errors
    /// When it does not open under this key.
    pub fn former_identity_secret(
        &self,
        tenant_key: &TenantKey,
        now: Timestamp,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let good = self.former_secret_until().is_some_and(|until| until > now);
        let place = Self::secret_place(self.workspace, self.id);
        let former = self.previous_secret.as_ref().filter(|_| good);
        former
            .map(|secret| tenant_key.open(&place, &secret.0))
            .transpose()
    }
}

/// The label of an app: 1 to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label(String);

impl Label {
    /// From a name that was parsed at the edge.
    pub fn new(name: &crate::domain::text::Name) -> Self {
        Self(name.reveal().to_owned())
    }

    /// The label.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Symbol for Label {
    fn symbol(&self) -> String {
        self.0.clone()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_reads_back_as_it_was_written_and_nothing_else_does() {
        let at = Timestamp::from_ms(1_768_478_400_000);
        let mut app = App {
            id: AppId::new(at),
            workspace: WorkspaceId::new(at),
            name: Label("Shop".to_owned()),
            platform: Platform::Web,
            origins: Vec::new(),
            bundle_id: None,
            identity: Identity::Off,
            team: None,
            asks_rating: None,
            relay_only: None,
            mails_offline: None,
            identity_secret: Bytes(Vec::new()),
            previous_secret: None,
            secret_rotated_at: None,
            key_salt: None,
            previous_key_salt: None,
            key_rotated_at: None,
            disabled_at: None,
            sessions_per_minute: None,
            created_at: at,
            rev: 1,
        };
        let key = app.public_key();
        let read = App::read_public_key(&key).expect("a key");
        assert_eq!((read.workspace, read.app), (app.workspace, app.id));
        let longer = format!("{key}0");
        let multibyte = format!("pk_{}", "\u{e4}".repeat(26));
        for bad in [
            "",
            "pk_",
            &key[3..],
            &key[..54],
            &longer,
            &key.to_uppercase(),
            &multibyte,
        ] {
            assert!(App::read_public_key(bad).is_none(), "{bad} was read");
        }
        // Rotated twice: the one before is good for a day, the one before that not at all.
        let (day, ms) = (OVERLAP, Duration::from_millis(1));
        app.rotate_public_key(at).expect("random");
        let second = App::read_public_key(&app.public_key()).expect("a key");
        assert!(app.goes_by(&read, at.plus(day).minus(ms)) && !app.goes_by(&read, at.plus(day)));
        app.rotate_public_key(at.plus(ms)).expect("random");
        assert!(app.goes_by(&second, at.plus(day)) && !app.goes_by(&second, at.plus(day + ms)));
        assert!(!app.goes_by(&read, at.plus(ms)));
        let third = App::read_public_key(&app.public_key()).expect("a key");
        assert!(app.goes_by(&third, at.plus(day * 100)));
    }
}
