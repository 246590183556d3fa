//! Who is asking: authority as types that only these functions make.
//!
//! A bearer token is checked without a read first; then one strongly consistent batch reads what
//! decides (session, seat, policy) together with what the operation needs. So a revoked session, a
//! changed role or a blocked visitor holds at the very next call, at no extra round trip.

use super::{
    bearer::{AccessToken, VisitorToken},
    problem::{Code, Problem},
};
use crate::{
    app::App,
    domain::{
        AccountId, AppId, BreakGlassId, ContactId, MemberId, Permission, Policy, Role, SessionId,
        Sight, TeamId, TenantId, Timestamp, VisitId, WorkspaceId,
        policy::{Lens, Module, WayIn},
    },
    store::{
        DataKey, Fetched, Key, Record, SubjectId, TenantKey, Unsealed,
        account::{LoginSession, Seat},
        audit::{Deed, Line, Named},
        contact::{Contact, Visit},
        keys,
        subject::State,
    },
};

/// Somebody signed in, outside of any workspace.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub account: AccountId,
    /// Their session, as it was read.
    pub session: LoginSession,
    /// The server's time for the whole request.
    pub now: Timestamp,
    /// The platform's policy.
    pub policy: Policy,
    /// What the operation asked for.
    pub fetched: Fetched,
}

/// A member of a workspace, with the permission the route names.
#[derive(Debug)]
pub struct Member {
    /// As which member.
    pub id: MemberId,
    /// The sign-in behind it.
    pub account: AccountId,
    /// What they may do.
    pub role: Role,
    /// Which conversations they see.
    pub sight: Sight,
    /// Their session, as it was read.
    pub session: LoginSession,
    /// By which entry they are here, if they are an operator and no colleague.
    pub break_glass: Option<BreakGlassId>,
    /// The workspace as it was entered.
    pub entry: Entry,
}

/// A visitor with a live session.
#[derive(Debug)]
pub struct Visitor {
    /// As which contact.
    pub id: ContactId,
    /// The contact's head.
    pub contact: Contact,
    /// The app they came through.
    pub app: AppId,
    /// The team that gets what they begin, by the app they came through.
    pub team: Option<TeamId>,
    /// Whether they are asked how content they are when what they begin is closed.
    pub asks_rating: Option<bool>,
    /// Whether what the team writes is mailed to them while they are away; it is where nothing says otherwise.
    pub mails_offline: Option<bool>,
    /// The workspace as it was entered.
    pub entry: Entry,
}

impl Visitor {
    /// Refuses somebody who is set aside.
    fn in_use(self) -> Result<Self, Problem> {
        match self.contact.state {
            State::Restricted => Err(Problem::new(Code::Restricted)),
            _ => Ok(self),
        }
    }
}

/// A workspace as one request sees it: one time, one policy, one read.
#[derive(Debug)]
pub struct Entry {
    /// Which workspace.
    pub workspace: WorkspaceId,
    /// The server's time for the whole request.
    pub now: Timestamp,
    /// The present policy.
    pub policy: Policy,
    /// The workspace's key.
    pub tenant_key: TenantKey,
    fetched: Fetched,
}

impl Entry {
    /// What reads are filtered by.
    pub const fn lens(&self) -> Lens<'_> {
        Lens {
            now: self.now,
            policy: &self.policy,
        }
    }

    /// Everything that was read on entry, for code that also reads by itself.
    pub const fn fetched(&self) -> &Fetched {
        &self.fetched
    }

    /// A record that seals nothing, from the batch that was read on entry.
    pub fn open<R: Record<Seal = Unsealed>>(&self, key: &Key) -> Result<Option<R>, Problem> {
        Ok(self.fetched.get(key, &Unsealed, self.lens())?)
    }

    /// A sealed record from the same batch.
    pub fn sealed<R: Record<Seal = DataKey>>(
        &self,
        key: &Key,
        seal: &DataKey,
    ) -> Result<Option<R>, Problem> {
        Ok(self.fetched.get(key, seal, self.lens())?)
    }

    /// The key of a root from the same batch, if the root still has one.
    pub fn data_key(&self, root: &Key) -> Result<Option<DataKey>, Problem> {
        Ok(self.fetched.data_key(root, &self.tenant_key)?)
    }

    /// A line for the audit log, to go into the transaction of the act.
    pub fn line(&self, actor: impl Into<Named>, act: Deed) -> Line<'_> {
        Line::new(&self.tenant_key, self.workspace, actor, act, self.now)
    }

    /// Refuses when the workspace is suspended: for what a route writes beside what its permission
    /// reads.
    ///
    /// # Errors
    /// 403 `workspace_suspended`.
    pub fn in_use(&self) -> Result<(), Problem> {
        in_use(&self.policy)
    }

    /// Refuses when the workspace lacks a capability.
    pub fn require(&self, module: Module) -> Result<(), Problem> {
        if self.policy.has(module) {
            Ok(())
        } else {
            Err(Problem::new(Code::ModuleOff))
        }
    }
}

impl Member {
    /// The member as a subject.
    pub const fn subject(&self) -> SubjectId {
        SubjectId::Member(self.id)
    }

    /// Refuses unless they proved a factor in the last ten minutes: for what cannot be taken back.
    ///
    /// # Errors
    /// 403 `step_up_required`: `POST /v1/auth/step-up` first.
    pub fn proved(&self) -> Result<(), Problem> {
        fresh(&self.session, self.entry.now)
    }

    /// Refuses an operator who is here to read: they leave no trace but in the audit log.
    ///
    /// # Errors
    /// 403 `forbidden`.
    pub fn belongs(&self) -> Result<(), Problem> {
        match self.break_glass {
            Some(_) => Err(Problem::new(Code::Forbidden)),
            None => Ok(()),
        }
    }
}

impl Visitor {
    /// The visitor as a subject.
    pub const fn subject(&self) -> SubjectId {
        SubjectId::Contact(self.id)
    }
}

impl App {
    /// Somebody signed in, and what lies at `keys`. One round trip.
    ///
    /// # Errors
    /// 401 when the session is over or was revoked; 403 when it began through a team's provider: whoever
    /// runs that one must not get at the account, or at another workspace of it.
    pub async fn signed_in(
        &self,
        token: &AccessToken,
        keys: Vec<Key>,
    ) -> Result<SignedIn, Problem> {
        let signed_in = self.signed_in_anyhow(token, keys).await?;
        match signed_in.session.team {
            Some(_) => Err(Problem::new(Code::TeamSession)),
            None => Ok(signed_in),
        }
    }

    /// As [`App::signed_in`], even through a team's provider: only for what neither tells nor changes
    /// anything about the account outside of that team.
    pub async fn signed_in_anyhow(
        &self,
        token: &AccessToken,
        keys: Vec<Key>,
    ) -> Result<SignedIn, Problem> {
        self.signed_in_by((token.account(), token.session()), keys)
            .await
    }

    /// As [`App::signed_in`], for a session that something else than an access token names; the
    /// caller checks the proof against it.
    pub(super) async fn signed_in_by(
        &self,
        (account, session): (AccountId, SessionId),
        keys: Vec<Key>,
    ) -> Result<SignedIn, Problem> {
        let now = self.clock.now();
        let policy = Policy::platform();
        let at_session = keys::session(account, session);
        let mut wanted = keys;
        wanted.push(at_session.clone());
        let fetched = self.store.batch(wanted).await?;
        let session = fetched
            .get::<LoginSession>(
                &at_session,
                &Unsealed,
                Lens {
                    now,
                    policy: &policy,
                },
            )?
            .ok_or_else(|| Problem::new(Code::TokenInvalid))?;
        Ok(SignedIn {
            account,
            session,
            now,
            policy,
            fetched,
        })
    }

    /// Somebody signed in who proved a factor in the last ten minutes, and what lies at `keys`: for
    /// what cannot be taken back. One round trip.
    ///
    /// # Errors
    /// 401 as [`App::signed_in`]; 403 `step_up_required`: `POST /v1/auth/step-up` first.
    pub async fn proved(&self, token: &AccessToken, keys: Vec<Key>) -> Result<SignedIn, Problem> {
        let signed_in = self.signed_in(token, keys).await?;
        fresh(&signed_in.session, signed_in.now)?;
        Ok(signed_in)
    }

    /// A member of `workspace` who may `permission`, and what lies at `keys`.
    ///
    /// One round trip; one more call, to KMS, when the workspace's key is not remembered.
    ///
    /// # Errors
    /// 401 when the session is over; 404 when the account has no seat there, so that a foreign
    /// workspace cannot be told from one that does not exist; 403 when the workspace asks for a
    /// second factor that the session did not prove (FLOW-26), or the role does not allow it; 423
    /// when the workspace is being deleted.
    pub async fn member(
        &self,
        token: &AccessToken,
        workspace: WorkspaceId,
        permission: Permission,
        keys: Vec<Key>,
    ) -> Result<Member, Problem> {
        self.member_by(
            (token.account(), token.session()),
            workspace,
            permission,
            keys,
        )
        .await
    }

    /// As [`App::member`], for a socket: it was opened by this sign-in, and lives as long.
    pub async fn member_by(
        &self,
        sign_in: (AccountId, SessionId),
        workspace: WorkspaceId,
        permission: Permission,
        keys: Vec<Key>,
    ) -> Result<Member, Problem> {
        let member = self
            .member_of_any(sign_in, workspace, permission, keys)
            .await?;
        refuse_closing(&member.entry.policy)?;
        Ok(member)
    }

    /// As [`App::member`], even of a workspace that is being deleted: for the one route that undoes
    /// it.
    pub async fn member_of_closing(
        &self,
        token: &AccessToken,
        workspace: WorkspaceId,
        permission: Permission,
        keys: Vec<Key>,
    ) -> Result<Member, Problem> {
        let sign_in = (token.account(), token.session());
        self.member_of_any(sign_in, workspace, permission, keys)
            .await
    }

    async fn member_of_any(
        &self,
        (account, session): (AccountId, SessionId),
        workspace: WorkspaceId,
        permission: Permission,
        keys: Vec<Key>,
    ) -> Result<Member, Problem> {
        let now = self.clock.now();
        let at_session = keys::session(account, session);
        let at_seat = keys::seat(account, workspace);
        let mut wanted = keys;
        wanted.extend([at_session.clone(), at_seat.clone()]);
        let fetched = self.entry_batch(workspace, wanted, now).await?;
        let platform = Policy::platform();
        let lens = Lens {
            now,
            policy: &platform,
        };
        let session = fetched
            .get::<LoginSession>(&at_session, &Unsealed, lens)?
            .ok_or_else(|| Problem::new(Code::TokenInvalid))?;
        let seat = fetched
            .get::<Seat>(&at_seat, &Unsealed, lens)?
            .filter(|seat| seat.is_good(now))
            .ok_or_else(Problem::not_found)?;
        // Before anything is told of the workspace, the role included.
        let policy = fetched
            .live_policy(workspace, now)?
            .ok_or_else(Problem::not_found)?;
        check_way_in(&session, &seat, &policy)?;
        if policy.second_factor_required && session.second_factor_at.is_none() {
            return Err(Problem::new(Code::SecondFactorRequired));
        }
        if !seat.role.may(permission) {
            return Err(Problem::new(Code::Forbidden));
        }
        if !permission.only_reads() {
            in_use(&policy)?;
        }
        let entry = self.entry_of_any(workspace, fetched, now).await?;
        Ok(Member {
            id: seat.member,
            account: seat.account,
            role: seat.role,
            sight: seat.sight(),
            session,
            break_glass: seat.break_glass,
            entry,
        })
    }

    /// A visitor, and what lies at `keys`. One round trip, as for a member.
    ///
    /// # Errors
    /// 401 when the session is over, or the contact is gone; 403 `restricted` when it is set aside.
    pub async fn visitor(&self, token: &VisitorToken, keys: Vec<Key>) -> Result<Visitor, Problem> {
        self.visitor_kept(token, keys).await?.in_use()
    }

    /// As [`App::visitor`], set aside or not: only for what somebody asks about their own data.
    ///
    /// # Errors
    /// 401 when the session is over, or the contact is gone.
    pub async fn visitor_kept(
        &self,
        token: &VisitorToken,
        keys: Vec<Key>,
    ) -> Result<Visitor, Problem> {
        let good = |visit: &Visit, now| {
            if !visit.token.matches(token.secret()) {
                return Err(Problem::new(Code::TokenInvalid));
            }
            if visit.token_ends_at <= now {
                Err(Problem::new(Code::TokenExpired))
            } else {
                Ok(())
            }
        };
        self.visitor_if(token.workspace, (token.contact, token.visit()), keys, good)
            .await
    }

    /// As [`App::visitor`], for a socket: it was opened by this session, whose token may have been
    /// renewed since.
    pub async fn visitor_by(
        &self,
        workspace: WorkspaceId,
        session: (ContactId, VisitId),
        keys: Vec<Key>,
    ) -> Result<Visitor, Problem> {
        let visitor = self.visitor_if(workspace, session, keys, |_, _| Ok(()));
        visitor.await?.in_use()
    }

    async fn visitor_if(
        &self,
        workspace: WorkspaceId,
        (contact, visit): (ContactId, VisitId),
        keys: Vec<Key>,
        good: impl Fn(&Visit, Timestamp) -> Result<(), Problem>,
    ) -> Result<Visitor, Problem> {
        let now = self.clock.now();
        let at_visit = keys::visit(workspace, contact, visit);
        let at_contact = keys::contact(workspace, contact);
        let mut wanted = keys;
        wanted.extend([at_visit.clone(), at_contact.clone()]);
        let fetched = self.entry_batch(workspace, wanted, now).await?;
        let policy = fetched
            .live_policy(workspace, now)?
            .ok_or_else(|| Problem::new(Code::TokenInvalid))?;
        let lens = Lens {
            now,
            policy: &policy,
        };
        let visit = fetched
            .get::<Visit>(&at_visit, &Unsealed, lens)?
            .ok_or_else(|| Problem::new(Code::TokenInvalid))?;
        good(&visit, now)?;
        let contact = fetched
            .get::<Contact>(&at_contact, &Unsealed, lens)?
            .filter(Contact::is_kept)
            .ok_or_else(|| Problem::new(Code::TokenInvalid))?;
        in_use(&policy)?;
        let entry = self.entry(workspace, fetched, now).await?;
        Ok(Visitor {
            id: contact.id,
            contact,
            app: visit.app,
            team: visit.team,
            asks_rating: visit.asks_rating,
            mails_offline: visit.mails_offline,
            entry,
        })
    }

    /// Adds what every entry needs to `wanted`, and reads it all at once.
    pub(super) async fn entry_batch(
        &self,
        workspace: WorkspaceId,
        mut wanted: Vec<Key>,
        now: Timestamp,
    ) -> Result<Fetched, Problem> {
        super::asked::of(workspace);
        wanted.push(keys::policy(workspace));
        let tenant = TenantId::Workspace(workspace);
        if self.store.keyring().remembered(tenant, now).is_none() {
            wanted.push(keys::tenant_key(tenant));
        }
        Ok(self.store.batch(wanted).await?)
    }

    /// The workspace itself, when those who enter have been checked.
    pub(super) async fn entry(
        &self,
        workspace: WorkspaceId,
        fetched: Fetched,
        now: Timestamp,
    ) -> Result<Entry, Problem> {
        let entry = self.entry_of_any(workspace, fetched, now).await?;
        refuse_closing(&entry.policy)?;
        Ok(entry)
    }

    async fn entry_of_any(
        &self,
        workspace: WorkspaceId,
        fetched: Fetched,
        now: Timestamp,
    ) -> Result<Entry, Problem> {
        let policy = fetched
            .live_policy(workspace, now)?
            .ok_or_else(Problem::not_found)?;
        let tenant = TenantId::Workspace(workspace);
        let tenant_key = self.store.unwrap_tenant_key(tenant, &fetched, now).await?;
        Ok(Entry {
            workspace,
            now,
            policy,
            tenant_key,
            fetched,
        })
    }

    /// A workspace that nobody has proved to belong to yet: for app keys and invitations.
    pub async fn enter(&self, workspace: WorkspaceId, keys: Vec<Key>) -> Result<Entry, Problem> {
        let now = self.clock.now();
        let fetched = self.entry_batch(workspace, keys, now).await?;
        let entry = self.entry(workspace, fetched, now).await?;
        in_use(&entry.policy)?;
        Ok(entry)
    }
}

/// Refuses a session that began in a way that is not open here. A session of a team's provider is
/// good for that team's workspace, and while it is the team's provider; where there is no other way,
/// only owners come in by their accounts.
fn check_way_in(session: &LoginSession, seat: &Seat, policy: &Policy) -> Result<(), Problem> {
    match (session.team, policy.team_sign_in) {
        (Some(team), _) if team != seat.workspace => Err(Problem::new(Code::TeamSession)),
        (Some(_), Some(present)) if session.started_at >= present.since => Ok(()),
        (Some(_), _) => Err(Problem::new(Code::TokenInvalid)),
        // Whoever breaks the glass is the operator, and no member of the team.
        (None, Some(_)) if seat.break_glass.is_some() => Ok(()),
        (None, Some(present)) if present.ways == WayIn::Team && seat.role != Role::Owner => {
            Err(Problem::new(Code::TeamSignInRequired))
        }
        (None, _) => Ok(()),
    }
}

/// Refuses a session that proved nothing lately.
fn fresh(session: &LoginSession, now: Timestamp) -> Result<(), Problem> {
    if session.is_proved(now) {
        Ok(())
    } else {
        Err(Problem::new(Code::StepUpRequired))
    }
}

/// Refuses a workspace whose owner ended it.
fn refuse_closing(policy: &Policy) -> Result<(), Problem> {
    match policy.closes_at {
        Some(_) => Err(Problem::new(Code::WorkspaceClosing)),
        None => Ok(()),
    }
}

/// Refuses what a suspended workspace does not do.
pub(super) fn in_use(policy: &Policy) -> Result<(), Problem> {
    if policy.suspended {
        Err(Problem::new(Code::WorkspaceSuspended))
    } else {
        Ok(())
    }
}
