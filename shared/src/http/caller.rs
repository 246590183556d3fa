//! A member, or a program of the customer with a key of the API: who may call the routes that both
//! may.
//!
//! Those routes take a [`Credential`]; every other member route takes an access token, so a key opens
//! nothing that was not meant for it.

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{
    actor::{Entry, Member},
    bearer::{AccessToken, bearer},
    problem::{Code, Problem},
};
use crate::{
    app::App,
    domain::{
        AccountId, Permission, Policy, Role, Sight, TenantId, Timestamp, WorkspaceId,
        api_key::{self, ApiKeyText},
        policy::Lens,
    },
    store::{
        CommitError, Key, Stored, SubjectId, TenantKey, Transaction, Unsealed,
        api_key::ApiKey,
        audit::{Deed, Named},
        keyring::TenantKeyRow,
        keys,
    },
};

/// What a member or a program brings. Nothing has been read yet.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A key of the API whose checksum is right.
    Key(ApiKeyText),
    /// A member's access token.
    Member(AccessToken),
}

impl FromRequestParts<App> for Credential {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let text = bearer(parts)?;
        if text.starts_with(api_key::PREFIX) {
            let key = ApiKeyText::parse(text).ok_or_else(|| Problem::new(Code::TokenInvalid))?;
            return Ok(Self::Key(key));
        }
        let token = AccessToken::from_request_parts(parts, app).await?;
        Ok(Self::Member(token))
    }
}

/// A member or a program in a workspace, with the permission the route names.
#[derive(Debug)]
pub struct Caller {
    /// Who: what it writes is theirs.
    pub subject: SubjectId,
    /// Which conversations they see.
    pub sight: Sight,
    /// The workspace as it was entered.
    pub entry: Entry,
    operator: Option<AccountId>,
    grants: Grants,
}

#[derive(Debug)]
enum Grants {
    Role(Role),
    Scopes(Vec<Permission>),
}

impl Caller {
    /// Whether they may do what a route does besides its own permission.
    pub fn may(&self, permission: Permission) -> bool {
        match &self.grants {
            Grants::Role(role) => role.may(permission),
            Grants::Scopes(scopes) => scopes.contains(&permission),
        }
    }
}

impl Caller {
    /// Refuses an operator who is here to read: they take nothing along, and look for nothing.
    ///
    /// # Errors
    /// 403 `forbidden`.
    pub fn belongs(&self) -> Result<(), Problem> {
        match self.operator {
            Some(_) => Err(Problem::new(Code::Forbidden)),
            None => Ok(()),
        }
    }
}

impl From<Member> for Caller {
    fn from(member: Member) -> Self {
        Self {
            subject: member.subject(),
            sight: member.sight,
            operator: member.break_glass.map(|_| member.account),
            grants: Grants::Role(member.role),
            entry: member.entry,
        }
    }
}

impl App {
    /// A member or a program that may `permission` in `workspace`, and what lies at `keys`.
    ///
    /// For a member as [`App::member`]. For a program one round trip as well, while the key of the
    /// workspace is remembered; and one write at its first call of a day, which notes the day.
    ///
    /// # Errors
    /// As [`App::member`]; 401 for a key that is none of this workspace, has ended or was revoked;
    /// 403 when its scopes do not hold the permission.
    pub async fn caller(
        &self,
        credential: &Credential,
        workspace: WorkspaceId,
        permission: Permission,
        keys: Vec<Key>,
    ) -> Result<Caller, Problem> {
        match credential {
            Credential::Key(text) => self.program(text, workspace, permission, keys).await,
            Credential::Member(token) => {
                let member = self.member(token, workspace, permission, keys).await?;
                Ok(member.into())
            }
        }
    }

    /// Writes down that an operator who is here by break-glass read something, before it is shown.
    /// Of everybody else nothing is written, and nothing is called.
    ///
    /// # Errors
    /// When it cannot be written: then it is not shown.
    pub async fn note_reading(
        &self,
        caller: &Caller,
        what: impl Into<Named>,
    ) -> Result<(), Problem> {
        let Some(operator) = caller.operator else {
            return Ok(());
        };
        let line = caller
            .entry
            .line(Named::Operator(operator), Deed::BreakGlassRead);
        let mut transaction = Transaction::new(caller.entry.now);
        transaction.audit(line.about(what))?;
        match self.store.commit(transaction).await {
            Ok(()) => Ok(()),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
        }
    }

    async fn program(
        &self,
        text: &ApiKeyText,
        workspace: WorkspaceId,
        permission: Permission,
        keys: Vec<Key>,
    ) -> Result<Caller, Problem> {
        let invalid = || Problem::new(Code::TokenInvalid);
        let now = self.clock.now();
        let tenant_key = self.known_tenant(workspace, now).await?;
        let tenant_key = tenant_key.ok_or_else(invalid)?;
        let place = keys::api_key(workspace, ApiKey::hash(&tenant_key, text));
        let mut wanted = keys;
        wanted.push(place.clone());
        let fetched = self.entry_batch(workspace, wanted, now).await?;
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let key: ApiKey = fetched
            .get(&place, &Unsealed, lens)?
            .filter(|key: &ApiKey| key.is_good(now))
            .ok_or_else(invalid)?;
        if !key.scopes.contains(&permission) {
            return Err(Problem::new(Code::Forbidden));
        }
        let entry = self.entry(workspace, fetched, now).await?;
        if !permission.only_reads() {
            super::actor::in_use(&entry.policy)?;
        }
        self.note_use(&key, now).await;
        Ok(Caller {
            subject: SubjectId::Key(key.id),
            sight: Sight::everything(),
            entry,
            operator: None,
            grants: Grants::Scopes(key.scopes),
        })
    }

    /// The key of a workspace, if there is such a workspace.
    async fn known_tenant(
        &self,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<Option<TenantKey>, Problem> {
        let tenant = TenantId::Workspace(workspace);
        if let Some(key) = self.store.keyring().remembered(tenant, now) {
            return Ok(Some(key));
        }
        let place = keys::tenant_key(tenant);
        let fetched = self.store.batch(vec![place.clone()]).await?;
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let row = fetched.get::<TenantKeyRow>(&place, &Unsealed, lens)?;
        let Some(row) = row else {
            return Ok(None);
        };
        Ok(Some(self.store.keyring().unwrap(&row, now).await?))
    }

    /// Notes the day of a key's use. Whoever is beaten to it, or cannot, goes on without.
    async fn note_use(&self, key: &ApiKey, now: Timestamp) {
        let Some(used) = key.used(now) else {
            return;
        };
        let mut transaction = Transaction::new(now);
        let stored = Stored::next(used, &Policy::platform());
        let placed = transaction.replace(&stored, &Unsealed);
        let noted = match placed {
            Ok(_) => self.store.commit(transaction).await,
            Err(error) => Err(CommitError::Store(error)),
        };
        if let Err(CommitError::Store(error)) = noted {
            tracing::warn!(cause = %error, "the use of a key was not noted");
        }
    }
}
