//! How a team signs in through its own provider (OpenID Connect): the provider, whom it has vouched
//! for, and the sign-ins that are on their way.

use shared_derive::Record;
use zeroize::Zeroizing;

use super::{
    account::LoginSession,
    db::{Store, StoreError, key_of},
    field::Bytes,
    keyring::{TenantKey, Use},
    keys::{self, Table},
    query::Query,
    record::read_item,
    seal::{KeyedHash, Unsealed},
    transaction::{CommitError, Transaction},
};
use crate::{
    domain::{
        AccountId, Policy, Role, TeamSignInId, Timestamp, WorkspaceId,
        policy::Lens,
        text::{MailDomain, Setting},
        token::{self, Secret},
    },
    words,
};

/// What the `state` of a sign-in opens with.
const STATE_PREFIX: &str = "os";
/// What a program proves with that it began a sign-in.
const HANDLE_PREFIX: &str = "oh";

/// The sign-in service of a team. It belongs to the workspace and says nothing about a person.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = team_provider(workspace), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct TeamProvider {
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Its name for itself, which is where it is asked.
    #[non_personal(reason = "the address of a service")]
    pub issuer: Setting,
    /// What we are called there.
    #[non_personal(reason = "the id of a program at a service")]
    pub client_id: Setting,
    /// What we prove that with, wrapped.
    #[non_personal(reason = "a secret of the customer, sealed under the key of the workspace")]
    pub client_secret: Bytes,
    /// Whose addresses it may vouch for.
    #[non_personal(reason = "the domain of an organisation")]
    pub domains: Vec<MailDomain>,
    /// What somebody who comes for the first time becomes.
    #[non_personal(reason = "a setting of the workspace")]
    pub role: Role,
    /// The words of `amr` and `acr` that mean that the provider saw a second factor.
    #[non_personal(reason = "a setting of the workspace")]
    pub accepted_factors: Vec<Setting>,
    /// Where programs of the customer are led back to.
    #[non_personal(reason = "the address of a program")]
    pub redirect_uris: Vec<Setting>,
    /// Since when it is this one.
    #[non_personal(reason = "when a setting of the workspace changed")]
    pub since: Timestamp,
    /// When there was one first.
    #[non_personal(reason = "when a setting of the workspace was made")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl TeamProvider {
    fn secret_place(workspace: WorkspaceId) -> String {
        format!("team|{workspace}")
    }

    /// A client secret, sealed for storage.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn seal_secret(
        tenant_key: &TenantKey,
        workspace: WorkspaceId,
        secret: &str,
    ) -> Result<Bytes, StoreError> {
        let place = Self::secret_place(workspace);
        Ok(Bytes(tenant_key.seal(&place, secret.as_bytes())?))
    }

    /// The client secret in clear.
    ///
    /// # Errors
    /// When it does not open under this key.
    pub fn secret(&self, tenant_key: &TenantKey) -> Result<Zeroizing<String>, StoreError> {
        let place = Self::secret_place(self.workspace);
        let bytes = tenant_key.open(&place, &self.client_secret.0)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| StoreError::Corrupt("a client secret that is no text"))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// How a session of the provider's own is recognised.
    pub fn session(&self, tenant_key: &TenantKey, name: &str) -> KeyedHash {
        let name = format!("session|{}|{name}", self.issuer.as_str());
        tenant_key.hash(Use::TeamSignIn, &name)
    }

    /// How somebody whom this provider names is recognised.
    pub fn identity(&self, tenant_key: &TenantKey, subject: &str) -> KeyedHash {
        let name = format!("identity|{}|{subject}", self.issuer.as_str());
        tenant_key.hash(Use::TeamSignIn, &name)
    }
}

/// Somebody whom the provider has vouched for. It goes with the account, and not with the membership:
/// whoever was removed from the team does not come back by signing in once more.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = team_identity(workspace, identity), tenant = workspace,
    within = Account, class = Account, anchor = created_at,
)]
pub struct TeamIdentity {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// The provider's name for them, as a keyed hash.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub identity: KeyedHash,
    /// Their account.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub account: AccountId,
    /// Since when.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub created_at: Timestamp,
}

/// A session of the provider's own that somebody signed in with, so that it may end ours by its name
/// alone. It lasts as long as a session of ours can.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = team_session(workspace, session), tenant = workspace,
    within = Account, class = LoginSession, anchor = idle_from,
)]
pub struct TeamSession {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// The provider's name for it, as a keyed hash.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub session: KeyedHash,
    /// Whose account signed in with it.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub account: AccountId,
    /// From when its end is counted.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub idle_from: Timestamp,
}

words! {
    /// Who began a sign-in.
    pub enum Beginner {
        /// A browser on our pages: it types back digits that were shown to it.
        Browser = "browser",
        /// A program of the customer: it brings back a secret that it was given.
        Program = "program",
    }
}

/// A sign-in that a provider was asked for: good once, for ten minutes. What it is bound with (state,
/// nonce, verifier, digits) follows from its id and is stored nowhere.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = team_attempt(workspace, id), tenant = workspace,
    no_subject = "who signs in shows only when they come back; gone in ten minutes",
    class = Challenge, anchor = created_at,
)]
pub struct TeamAttempt {
    /// Its id.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub id: TeamSignInId,
    /// Into which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Who began it.
    #[non_personal(reason = "which way was taken")]
    pub beginner: Beginner,
    /// Where the provider leads back to.
    #[non_personal(reason = "the address of a program")]
    pub redirect_uri: Setting,
    /// Whose account began it, if somebody was signed in: they may join the two.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub account: Option<AccountId>,
    /// When it was said that whoever signs in is of age.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub adult_at: Option<Timestamp>,
    /// How many seconds before the sign-in began they may have proved who they are, if that was asked.
    #[non_personal(reason = "how fresh a proof was asked for")]
    pub max_age_seconds: Option<u64>,
    /// Since when the provider was the one that was asked.
    #[non_personal(reason = "when a setting of the workspace changed")]
    pub provider_since: Timestamp,
    /// When it began.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl TeamAttempt {
    fn derived(&self, tenant_key: &TenantKey, what: &str) -> Secret {
        let hash = tenant_key.hash(Use::TeamSignIn, &format!("{what}|{}", self.id));
        Secret::from_bytes(*hash.as_bytes())
    }

    fn written(&self, tenant_key: &TenantKey, prefix: &str) -> String {
        let ids = [self.workspace.uuid(), self.id.uuid()];
        token::write(prefix, &ids, &self.derived(tenant_key, prefix))
    }

    /// The `state` that the provider sends back.
    pub fn state(&self, tenant_key: &TenantKey) -> String {
        self.written(tenant_key, STATE_PREFIX)
    }

    /// What the program that began it brings back.
    pub fn handle(&self, tenant_key: &TenantKey) -> String {
        self.written(tenant_key, HANDLE_PREFIX)
    }

    /// The `nonce` that the ID token repeats.
    pub fn nonce(&self, tenant_key: &TenantKey) -> Secret {
        self.derived(tenant_key, "nonce")
    }

    /// The verifier of PKCE (RFC 7636).
    pub fn verifier(&self, tenant_key: &TenantKey) -> Secret {
        self.derived(tenant_key, "verifier")
    }

    /// The digits that the browser that began it was shown.
    pub fn digits(&self, tenant_key: &TenantKey) -> String {
        let secret = self.derived(tenant_key, "digits");
        let [a, b, ..] = secret.as_bytes();
        format!("{:04}", u16::from_be_bytes([*a, *b]) % 10_000)
    }

    /// Which sign-in a `state` names.
    pub fn read_state(text: &str) -> Option<(WorkspaceId, TeamSignInId)> {
        let ([workspace, id], _) = token::read::<2>(STATE_PREFIX, text)?;
        Some((
            WorkspaceId::from_uuid(workspace),
            TeamSignInId::from_uuid(id),
        ))
    }
}

/// How many identities one page holds.
const PAGE: u16 = 50;
/// How many sessions of one account are looked at.
const SESSIONS: u16 = 100;

impl Store {
    /// Ends the sessions that an account began through the provider of a workspace: all of them, or those
    /// that began with one session of the provider's own. Their sockets close with them. Safe to repeat.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn end_team_sessions(
        &self,
        workspace: WorkspaceId,
        account: AccountId,
        session: Option<KeyedHash>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let meant = |one: &LoginSession| {
            one.team == Some(workspace) && (session.is_none() || one.team_session == session)
        };
        let all = Query::partition(keys::sessions(account)).limit(SESSIONS);
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        for item in self.query(all).await? {
            let found = read_item::<LoginSession>(&item, &Unsealed, lens)?;
            if let Some(found) = found.filter(&meant) {
                self.delete(keys::session(account, found.id)).await?;
            }
        }
        Ok(())
    }

    /// Forgets whom the provider of a workspace has vouched for, page by page, and ends their
    /// sessions; false when there was no time for all of them. Safe to repeat: what is done is gone.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn forget_team_identities(
        &self,
        workspace: WorkspaceId,
        now: Timestamp,
        most: usize,
    ) -> Result<bool, StoreError> {
        let mut left = most;
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        loop {
            let page = Query::partition(keys::team_sign_in(workspace))
                .between(keys::TEAM_IDENTITY, format!("{}~", keys::TEAM_IDENTITY))
                .limit(PAGE);
            let items = self.query(page).await?;
            if items.is_empty() {
                return Ok(true);
            }
            for item in &items {
                if left == 0 {
                    return Ok(false);
                }
                left -= 1;
                if let Some(known) = read_item::<TeamIdentity>(item, &Unsealed, lens)? {
                    self.end_team_sessions(workspace, known.account, None, now)
                        .await?;
                }
                let Some(place) = key_of(Table::Data, item) else {
                    continue;
                };
                let mut transaction = Transaction::new(now);
                transaction.remove(place);
                match self.commit(transaction).await {
                    Ok(()) | Err(CommitError::Refused(_)) => {}
                    Err(CommitError::Store(error)) => return Err(error),
                }
            }
        }
    }
}
