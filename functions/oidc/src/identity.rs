//! Whose account somebody is whom a provider vouches for.
//!
//! | known to us | then |
//! |---|---|
//! | the provider's own name for them | the account that it was joined to, if it is still a member's |
//! | nobody with their address | an account and a membership are made |
//! | an account with their address, which began this sign-in, being signed in | the two are joined |
//! | an account with their address, which did not | refused: an address alone takes over nothing |
//!
//! The provider vouches only for addresses that it calls verified, in a domain that the owner named.

use serde_json::Value;
use shared::{
    app::{
        App,
        sign_in::{Beginning, NewAccount, idle_from, wait_for_second_factor},
    },
    domain::{
        AccountId, ChallengeId, Policy, TenantId, Timestamp,
        device::Device,
        policy::{Lens, NameRule},
        retention::SESSION_ABSOLUTE,
        text::{Email, Name},
        token,
    },
    http::{Code, Problem, actor::Entry, page::cookie::REFRESH_PREFIX},
    store::{
        CommitError, DataKey, RootRef, Stored, Transaction, Unsealed,
        account::{Account, AddressOwner, Seat},
        audit::Deed,
        keyring::Use,
        keys,
        membership::Joining,
        second_factor::SecondFactor,
        subject::State,
        team::{TeamIdentity, TeamSession},
    },
};

use crate::attempt::{Returned, failed};

/// Somebody as a provider describes them.
pub struct Person {
    /// The provider's name for them.
    pub subject: String,
    /// The provider's name for its own session, if it gives one.
    pub session: Option<String>,
    /// Their address, which the provider calls verified.
    pub email: Email,
    /// What they are called there.
    pub name: Option<String>,
    /// When they proved who they are.
    pub proved_at: Option<Timestamp>,
    /// Whether the provider saw a second factor, by the owner's rule.
    pub second_factor: SecondFactorSeen,
}

/// Whether a provider saw a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactorSeen {
    /// It did, and the owner takes its word.
    There,
    /// Not that we know: our own rules hold.
    NotThere,
}

/// The address that a provider vouches for, if it is one of the team's.
///
/// # Errors
/// 401 `team_sign_in_failed`.
pub fn vouched(
    email: Option<&str>,
    verified: Option<&Value>,
    provider: &shared::store::team::TeamProvider,
) -> Result<Email, Problem> {
    let email = email.and_then(|text| Email::parse(text).ok());
    let email = email.ok_or_else(|| failed("no address"))?;
    let verified = match verified {
        Some(Value::Bool(verified)) => *verified,
        Some(Value::String(word)) => word == "true",
        _ => false,
    };
    if !verified {
        return Err(failed(
            "an address that the provider does not call verified",
        ));
    }
    if provider.domains.iter().any(|domain| domain.has(&email)) {
        Ok(email)
    } else {
        Err(failed("an address of another domain"))
    }
}

/// How a sign-in ends.
pub enum Signed {
    /// A session has begun.
    In {
        /// Whose.
        account: AccountId,
        /// To get tokens with.
        refresh_token: String,
    },
    /// The account's own second factor is next.
    Halfway(ChallengeId),
}

/// What is known of an account before it signs in.
struct Known {
    account: Account,
    factor: Option<SecondFactor>,
    seat: Option<Seat>,
}

/// Signs somebody in: two reads, three for an account that was there before, and one transaction.
pub async fn sign_in(
    app: &App,
    returned: &Returned,
    person: Person,
    device: Device,
) -> Result<Signed, Problem> {
    let Returned {
        attempt,
        provider,
        entry,
    } = returned;
    let (workspace, now) = (entry.workspace, entry.now);
    let platform_key = app.store.tenant_key(TenantId::Platform, now).await?;
    let hash = provider.identity(&entry.tenant_key, &person.subject);
    let at_identity = keys::team_identity(workspace, hash);
    let at_address = keys::address(platform_key.hash(Use::Address, &person.email.identity()));
    let places = vec![at_identity.clone(), at_address.clone()];
    let fetched = app.store.batch(places).await?;
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let identity = fetched.get::<TeamIdentity>(&at_identity, &Unsealed, lens)?;
    let owner = fetched.get::<AddressOwner>(&at_address, &Unsealed, lens)?;
    let owner = owner.map(|owner| owner.account);
    let mut transaction = Transaction::new(now);
    // The provider is the one that was asked, and the workspace is there.
    transaction.check_unchanged(keys::team_provider(workspace), provider.rev);
    transaction.check_live(keys::policy(workspace));
    let known = match (&identity, owner) {
        (Some(identity), _) => Some(identity.account),
        (None, Some(owner)) if attempt.account == Some(owner) => Some(owner),
        (None, Some(_)) => return Err(Problem::new(Code::LinkRequired)),
        (None, None) => None,
    };
    // Somebody signed in who comes back as somebody else.
    if attempt.account.is_some() && attempt.account != known {
        return Err(failed("another account began it"));
    }
    let (account, factor, seat) = match known {
        Some(id) => {
            let Known {
                account,
                factor,
                seat,
            } = read(app, entry, &platform_key, id).await?;
            transaction.check_live(keys::account(id));
            (account, factor, seat)
        }
        None => {
            let adult_at = attempt.adult_at;
            if adult_at.is_none() {
                let detail = "said by whoever signs in for the first time: they are of age";
                return Err(Problem::invalid("#/adult", "required", detail));
            }
            let made = NewAccount {
                email: person.email.clone(),
                adult_at,
                password: None,
            };
            let account = made.place(&mut transaction, &platform_key, now)?;
            (account, None, None)
        }
    };
    match (&identity, seat) {
        // They were removed from the team. Only the team brings them back.
        (Some(_), None) => return Err(failed("no member any more")),
        (Some(_), Some(_)) => {}
        (None, seat) => {
            let joined = TeamIdentity {
                workspace,
                identity: hash,
                account: account.id,
                created_at: now,
            };
            transaction.create(&Stored::new(joined, &entry.policy), &Unsealed)?;
            if seat.is_none() {
                join(&mut transaction, returned, &account, &person)?;
            }
        }
    }
    let team_session = person.session.as_deref();
    let team_session = team_session.map(|name| provider.session(&entry.tenant_key, name));
    if let Some(session) = team_session {
        let known = TeamSession {
            workspace,
            session,
            account: account.id,
            // As late as that of a session that begins now can be.
            idle_from: idle_from(now, now.plus(SESSION_ABSOLUTE)),
        };
        // Whoever signs in again with it is the same person.
        transaction.overwrite(&Stored::new(known, &entry.policy), &Unsealed)?;
    }
    let seen = person.second_factor == SecondFactorSeen::There;
    let active = factor.as_ref().is_some_and(SecondFactor::is_active);
    let signed = if active && !seen {
        let through = (Some(workspace), team_session);
        let wait = wait_for_second_factor(&mut transaction, account.id, through, now)?;
        Signed::Halfway(wait)
    } else {
        app.tell_of_device(&mut transaction, account.id, device, now)
            .await?;
        let beginning = Beginning {
            account: account.id,
            proved_at: person.proved_at,
            second_factor_at: Some(now).filter(|_| seen),
            team: Some(workspace),
            team_session,
            device,
        };
        let (session, secret) = beginning.place(&mut transaction, now)?;
        let ids = [account.id.uuid(), session.uuid()];
        Signed::In {
            account: account.id,
            refresh_token: token::write(REFRESH_PREFIX, &ids, &secret),
        }
    };
    match app.store.commit(transaction).await {
        Ok(()) => Ok(signed),
        Err(CommitError::Store(error)) => Err(error.into()),
        // The address was taken, the account is going, or the owner changed the provider.
        Err(CommitError::Refused(_)) => Err(failed("something changed meanwhile")),
    }
}

/// An account that was there before, with its second factor and its seat.
async fn read(
    app: &App,
    entry: &Entry,
    platform_key: &shared::store::TenantKey,
    id: AccountId,
) -> Result<Known, Problem> {
    let (head, at_seat) = (keys::account(id), keys::seat(id, entry.workspace));
    let at_factor = keys::second_factor(id);
    let wanted = vec![
        keys::data_key(&RootRef::of(&head)),
        head.clone(),
        at_seat.clone(),
        at_factor.clone(),
    ];
    let fetched = app.store.batch(wanted).await?;
    let policy = Policy::platform();
    let lens = Lens {
        now: entry.now,
        policy: &policy,
    };
    let gone = || failed("no account any more");
    let key: DataKey = fetched.data_key(&head, platform_key)?.ok_or_else(gone)?;
    let account = fetched.get::<Account>(&head, &key, lens)?;
    let account = account.filter(|account| account.state == State::Live);
    Ok(Known {
        account: account.ok_or_else(|| Problem::new(Code::AccountClosing))?,
        factor: fetched.get(&at_factor, &key, lens)?,
        // The operator who broke the glass is no member of the team.
        seat: fetched
            .get(&at_seat, &Unsealed, lens)?
            .filter(|seat: &Seat| seat.break_glass.is_none()),
    })
}

/// Makes a member of whoever comes for the first time.
fn join(
    transaction: &mut Transaction,
    returned: &Returned,
    account: &Account,
    person: &Person,
) -> Result<(), Problem> {
    let Returned {
        provider, entry, ..
    } = returned;
    let name = match entry.policy.profile.member_name() {
        NameRule::Forbidden => None,
        NameRule::Required => Some(called(person)?),
    };
    let joining = Joining {
        account: account.id,
        workspace: entry.workspace,
        tenant_key: &entry.tenant_key,
        policy: &entry.policy,
        role: provider.role,
        name,
        now: entry.now,
    };
    let (member, _) = joining.place_beside_account(transaction)?;
    transaction.audit(entry.line(member, Deed::MemberJoined))?;
    Ok(())
}

/// What colleagues call somebody: by the provider's word, or what stands before the @.
fn called(person: &Person) -> Result<Name, Problem> {
    let local = person.email.reveal().split('@').next().unwrap_or_default();
    let name = person
        .name
        .as_deref()
        .and_then(|name| Name::parse(name).ok());
    name.map_or_else(|| Name::parse(local), Ok)
        .map_err(|_| failed("no name"))
}
