//! Apps: the ways in for visitors.

use data_encoding::BASE64URL_NOPAD;
use shared_derive::Record;
use zeroize::Zeroizing;

use super::{db::StoreError, field::Bytes, keyring::TenantKey};
use crate::{
    domain::{
        AppId, Timestamp, WorkspaceId, id,
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
    #[non_personal(reason = "the id of an app")]
    pub id: AppId,
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What the team calls it.
    #[non_personal(reason = "the label of a web page or a mobile app")]
    pub name: Label,
    /// Where it runs.
    #[non_personal(reason = "a setting of the app")]
    pub platform: Platform,
    /// The pages it may be used on.
    #[non_personal(reason = "the address of a web site")]
    pub origins: Vec<Origin>,
    /// The mobile app it may be used in.
    #[non_personal(reason = "the identifier of a mobile app")]
    pub bundle_id: Option<BundleId>,
    /// Whether visitors are identified by the customer.
    #[non_personal(reason = "a setting of the app")]
    pub identity: Identity,
    /// The secret that the customer signs identities with (HS256), wrapped.
    #[non_personal(reason = "a secret of the customer, sealed under the key of the workspace")]
    pub identity_secret: Bytes,
    /// When it was made.
    #[non_personal(reason = "when an app was made")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// What a public key opens with.
const PUBLIC_KEY_PREFIX: &str = "pk_";
/// Characters of an id without its kind.
const ID_LENGTH: usize = 26;

impl App {
    /// The key that the customer's pages name: the ids of workspace and app, so that it leads to
    /// the app in one keyed read. It is public by nature and proves nothing.
    pub fn public_key(&self) -> String {
        let (workspace, app) = (
            id::encode(self.workspace.uuid()),
            id::encode(self.id.uuid()),
        );
        format!("{PUBLIC_KEY_PREFIX}{workspace}{app}")
    }

    /// The workspace and the app that a public key names.
    pub fn read_public_key(text: &str) -> Option<(WorkspaceId, AppId)> {
        let (workspace, app) = text
            .strip_prefix(PUBLIC_KEY_PREFIX)?
            .split_at_checked(ID_LENGTH)?;
        let (workspace, app) = (id::decode(workspace)?, id::decode(app)?);
        Some((WorkspaceId::from_uuid(workspace), AppId::from_uuid(app)))
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
        let app = App {
            id: AppId::new(at),
            workspace: WorkspaceId::new(at),
            name: Label("Shop".to_owned()),
            platform: Platform::Web,
            origins: Vec::new(),
            bundle_id: None,
            identity: Identity::Off,
            identity_secret: Bytes(Vec::new()),
            created_at: at,
            rev: 1,
        };
        let key = app.public_key();
        assert_eq!(App::read_public_key(&key), Some((app.workspace, app.id)));
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
    }
}
