//! What the library is asked, and what its answer means. No other file knows it.
//!
//! The relying party is the host of the deployment's public address, and that address is the one origin:
//! a passkey is used on our own pages, and nowhere else. Presence of somebody is asked for, and not that
//! the device recognised them: it stands beside a first factor.

use std::num::NonZeroU32;

use serde_json::Value;
use shared::{
    domain::{AccountId, PasskeyId, Timestamp, retention::CHALLENGE_LIFETIME, text::Name},
    http::Problem,
    store::{
        account::Account,
        passkey::{CeremonyState, Passkey, Passkeys},
    },
};
use webauthn_rp::{
    AuthenticatedCredential,
    bin::{Decode, Encode},
    request::{
        AsciiDomain, Credentials, DomainOrigin, PublicKeyCredentialDescriptor, RpId,
        auth::{
            AllowedCredentials, AuthenticationVerificationOptions,
            NonDiscoverableAuthenticationServerState, NonDiscoverableCredentialRequestOptions,
        },
        register::{
            PublicKeyCredentialCreationOptions, PublicKeyCredentialUserEntity,
            RegistrationServerState, RegistrationVerificationOptions, UserHandle, Username,
        },
    },
    response::{
        AuthTransports, CredentialId,
        auth::{error::AuthCeremonyErr, ser_relaxed::NonDiscoverableAuthenticationRelaxed},
        register::{DynamicState, StaticState, ser_relaxed::RegistrationRelaxed},
    },
};

use crate::answer::PasskeyAnswer;

/// Bytes of what authenticators know an account by.
const HANDLE: usize = 16;
/// What the browser shows for an address that its standard has no room for.
const ANONYMOUS: &str = "account";

/// Who asks: the host, and the origin that browsers must say they are on.
pub struct Asker {
    id: RpId,
    origin: String,
}

/// A ceremony that begins.
pub struct Begun {
    /// What the browser is asked.
    pub options: Value,
    /// What is remembered until it answers.
    pub state: CeremonyState,
}

/// Why an answer is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The counter of the passkey has gone back: there may be a copy of it.
    Copied,
    /// It proves nothing; why, is for the log.
    Wrong(&'static str),
}

impl Asker {
    /// The deployment of this public address.
    ///
    /// # Errors
    /// When it is none.
    pub fn of(issuer: &str) -> Result<Self, Problem> {
        let broken = || Problem::internal("a public address without a host");
        // A number is no relying party to browsers; the embedded stack has a name besides.
        let origin = issuer.replacen("://127.0.0.1", "://localhost", 1);
        let parsed = DomainOrigin::try_from(origin.as_str()).map_err(|_| broken())?;
        let host = AsciiDomain::try_from(parsed.host.to_owned()).map_err(|_| broken())?;
        let id = RpId::Domain(host);
        Ok(Self { id, origin })
    }

    fn origins(&self) -> Result<[DomainOrigin<'_, '_>; 1], Refused> {
        let origin = DomainOrigin::try_from(self.origin.as_str());
        origin
            .map(|origin| [origin])
            .map_err(|_| Refused::Wrong("an address that is none"))
    }

    /// Begins to add a passkey to those that an account has.
    ///
    /// # Errors
    /// When the library cannot begin.
    pub fn registration(&self, account: &Account, passkeys: &Passkeys) -> Result<Begun, Problem> {
        let handle = handle(account.id);
        let name = Username::try_from(account.email.reveal())
            .or_else(|_| Username::try_from(ANONYMOUS))
            .map_err(|_| broken("a name"))?;
        let user = PublicKeyCredentialUserEntity {
            name,
            id: &handle,
            display_name: None,
        };
        let known = passkeys.iter().map(descriptor).collect::<Result<_, _>>()?;
        let mut options = PublicKeyCredentialCreationOptions::second_factor(&self.id, user, known);
        options.timeout = patience();
        let begun = options.start_ceremony();
        let (server, client) = begun.map_err(|_| broken("a ceremony"))?;
        let state = server.encode().map_err(|_| broken("a time"))?;
        Ok(Begun {
            options: serde_json::to_value(client).map_err(|_| broken("options"))?,
            state: CeremonyState(state),
        })
    }

    /// Begins to ask for one of these passkeys.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn proof(&self, passkeys: &Passkeys) -> Result<Begun, Problem> {
        let mut allowed = AllowedCredentials::with_capacity(passkeys.count());
        for passkey in passkeys.iter() {
            allowed.push(descriptor(passkey)?.into());
        }
        let options = NonDiscoverableCredentialRequestOptions::second_factor(&self.id, allowed);
        let mut options = options.map_err(|_| Problem::not_found())?;
        options.options().timeout = patience();
        let begun = options.start_ceremony();
        let (server, client) = begun.map_err(|_| broken("a ceremony"))?;
        let state = server.encode().map_err(|_| broken("a time"))?;
        Ok(Begun {
            options: serde_json::to_value(client).map_err(|_| broken("options"))?,
            state: CeremonyState(state),
        })
    }

    /// The passkey that an answer makes, named by its owner.
    pub fn register(
        &self,
        state: &CeremonyState,
        answer: &PasskeyAnswer,
        name: Name,
        now: Timestamp,
    ) -> Result<Passkey, Refused> {
        let state = RegistrationServerState::<HANDLE>::decode(&state.0)
            .map_err(|_| Refused::Wrong("a ceremony of another kind"))?;
        let answer = serde_json::from_str::<RegistrationRelaxed>(answer.json())
            .map_err(|_| Refused::Wrong("no registration"))?
            .0;
        let origins = self.origins()?;
        let options =
            RegistrationVerificationOptions::<'_, '_, DomainOrigin<'_, '_>, DomainOrigin<'_, '_>> {
                allowed_origins: &origins,
                // Authenticators say more than they are asked.
                error_on_unsolicited_extensions: false,
                ..RegistrationVerificationOptions::default()
            };
        let made = state.verify(&self.id, &answer, &options).map_err(|error| {
            tracing::info!(?error, "a passkey was not added");
            Refused::Wrong("a registration that is none")
        })?;
        let infallible = |_| Refused::Wrong("a passkey that cannot be written");
        Ok(Passkey {
            id: PasskeyId::new(now),
            name,
            credential: made.id().as_ref().to_vec(),
            key: made.static_state().encode().map_err(infallible)?,
            state: made.dynamic_state().encode().map_err(infallible)?,
            transports: made.transports().encode().map_err(infallible)?,
            created_at: now,
            used_at: None,
        })
    }

    /// The passkey that an answer proves, as it is from now on.
    pub fn prove(
        &self,
        account: AccountId,
        state: &CeremonyState,
        passkeys: &Passkeys,
        answer: &PasskeyAnswer,
        now: Timestamp,
    ) -> Result<Passkey, Refused> {
        let state = NonDiscoverableAuthenticationServerState::decode(&state.0)
            .map_err(|_| Refused::Wrong("a ceremony of another kind"))?;
        let read =
            serde_json::from_str::<NonDiscoverableAuthenticationRelaxed<HANDLE>>(answer.json());
        let answer = read.map_err(|_| Refused::Wrong("no proof"))?.0;
        let passkey = passkeys
            .of_credential(answer.raw_id().as_ref())
            .ok_or(Refused::Wrong("a passkey that is not the account's"))?;
        let corrupt = Refused::Wrong("a passkey that does not read");
        let handle = handle(account);
        let id = CredentialId::<&[u8]>::decode(&passkey.credential).map_err(|_| corrupt)?;
        let settled = StaticState::decode(&passkey.key).map_err(|_| corrupt)?;
        let changing = DynamicState::decode(passkey.state).map_err(|_| corrupt)?;
        let known = AuthenticatedCredential::new(id, &handle, settled, changing);
        let mut known = known.map_err(|_| corrupt)?;
        let origins = self.origins()?;
        let options = AuthenticationVerificationOptions::<
            '_,
            '_,
            DomainOrigin<'_, '_>,
            DomainOrigin<'_, '_>,
        > {
            allowed_origins: &origins,
            error_on_unsolicited_extensions: false,
            ..AuthenticationVerificationOptions::default()
        };
        match state.verify(&self.id, &answer, &mut known, &options) {
            Ok(_) => Ok(Passkey {
                state: known.dynamic_state().encode().map_err(|_| corrupt)?,
                used_at: Some(now),
                ..passkey.clone()
            }),
            Err(AuthCeremonyErr::SignatureCounter) => Err(Refused::Copied),
            Err(error) => {
                tracing::info!(?error, "a passkey was refused");
                Err(Refused::Wrong("a proof that is none"))
            }
        }
    }
}

/// What authenticators know an account by: its id, which names nobody.
fn handle(account: AccountId) -> UserHandle<HANDLE> {
    match UserHandle::decode(*account.uuid().as_bytes()) {
        Ok(handle) => handle,
        Err(never) => match never {},
    }
}

fn descriptor(passkey: &Passkey) -> Result<PublicKeyCredentialDescriptor<Vec<u8>>, Problem> {
    let id = CredentialId::<Vec<u8>>::decode(passkey.credential.clone());
    Ok(PublicKeyCredentialDescriptor {
        id: id.map_err(|_| broken("a name of a passkey"))?,
        transports: AuthTransports::decode(passkey.transports).map_err(|_| broken("transports"))?,
    })
}

/// How long a browser waits for somebody, in milliseconds: as long as the ceremony is good.
fn patience() -> NonZeroU32 {
    u32::try_from(CHALLENGE_LIFETIME.as_millis())
        .ok()
        .and_then(NonZeroU32::new)
        .unwrap_or(NonZeroU32::MIN)
}

fn broken(what: &'static str) -> Problem {
    tracing::error!(what, "the library of passkeys does not take it");
    Problem::internal("a ceremony that cannot begin")
}
