//! Passkeys (WebAuthn): second factors that lie beside the authenticator app, and a ceremony that
//! waits for its answer.
//!
//! What a passkey is made of is in the encoding of the library that checks it (`functions/passkeys`);
//! here it is bytes.

use std::fmt;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use shared_derive::Record;

use crate::{
    domain::{
        AccountId, ChallengeId, PasskeyId, SessionId, Timestamp, personal::Personal, text::Name,
    },
    words,
};

/// The most passkeys of one account.
pub const MOST_PASSKEYS: usize = 10;
/// Bytes of what changes with each use: flags and the counter.
pub const STATE_LENGTH: usize = 7;

/// A passkey.
#[derive(Clone, PartialEq, Eq)]
pub struct Passkey {
    /// What we call it.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: Name,
    /// What the authenticator calls it.
    pub credential: Vec<u8>,
    /// Its public key, with what was settled when it was made.
    pub key: Vec<u8>,
    /// What changes with each use: flags and the counter.
    pub state: [u8; STATE_LENGTH],
    /// How the authenticator is reached, as far as the browser knew.
    pub transports: u8,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last proved something.
    pub used_at: Option<Timestamp>,
}

impl fmt::Debug for Passkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passkey(**)")
    }
}

/// The passkeys of an account, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passkeys(Vec<Passkey>);

impl Passkeys {
    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Passkey> {
        self.0.iter()
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// The one that the authenticator calls this.
    pub fn of_credential(&self, credential: &[u8]) -> Option<&Passkey> {
        self.iter().find(|one| one.credential == credential)
    }

    /// The same with one more.
    pub fn with(&self, passkey: Passkey) -> Self {
        Self(self.iter().cloned().chain([passkey]).collect())
    }

    /// The same with another one in the place of the one of this id.
    pub fn replacing(&self, passkey: &Passkey) -> Self {
        let placed = |one: &Passkey| {
            let same = one.id == passkey.id;
            (if same { passkey } else { one }).clone()
        };
        Self(self.iter().map(placed).collect())
    }

    /// The same without one; `None` when there is none of this id.
    pub fn without(&self, id: PasskeyId) -> Option<Self> {
        let left: Vec<Passkey> = self.iter().filter(|one| one.id != id).cloned().collect();
        (left.len() < self.count()).then_some(Self(left))
    }
}

/// A passkey as it is sealed.
#[derive(Serialize, Deserialize)]
struct Written {
    id: PasskeyId,
    name: String,
    credential: String,
    key: String,
    state: [u8; STATE_LENGTH],
    transports: u8,
    created_ms: i64,
    used_ms: Option<i64>,
}

/// A passkey as an archive tells it.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    added: String,
    last_used: Option<String>,
}

impl Personal for Passkeys {
    fn to_bytes(&self) -> Vec<u8> {
        let written = self.iter().map(|one| Written {
            id: one.id,
            name: one.name.reveal().to_owned(),
            credential: BASE64.encode(&one.credential),
            key: BASE64.encode(&one.key),
            state: one.state,
            transports: one.transports,
            created_ms: one.created_at.ms(),
            used_ms: one.used_at.map(Timestamp::ms),
        });
        let written: Vec<Written> = written.collect();
        // Numbers and texts are always JSON.
        serde_json::to_vec(&written).unwrap_or_default()
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let written: Vec<Written> = serde_json::from_slice(&bytes).ok()?;
        let read = written.into_iter().map(|one| {
            Some(Passkey {
                id: one.id,
                name: Name::from_bytes(one.name.into_bytes())?,
                credential: BASE64.decode(one.credential.as_bytes()).ok()?,
                key: BASE64.decode(one.key.as_bytes()).ok()?,
                state: one.state,
                transports: one.transports,
                created_at: Timestamp::from_ms(one.created_ms),
                used_at: one.used_ms.map(Timestamp::from_ms),
            })
        });
        read.collect::<Option<Vec<Passkey>>>().map(Self)
    }

    fn unwritten() -> Option<Self> {
        Some(Self::default())
    }

    /// Their names and times; what proves somebody stays here.
    fn tell(&self) -> Option<String> {
        let shown = self.iter().map(|one| Shown {
            name: one.name.reveal(),
            added: one.created_at.to_string(),
            last_used: one.used_at.map(|at| at.to_string()),
        });
        serde_json::to_string(&shown.collect::<Vec<Shown<'_>>>()).ok()
    }
}

/// What the library remembers of a ceremony until it is answered.
#[derive(Clone, PartialEq, Eq)]
pub struct CeremonyState(pub Vec<u8>);

impl fmt::Debug for CeremonyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CeremonyState(**)")
    }
}

impl Personal for CeremonyState {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        Some(Self(bytes))
    }
}

words! {
    /// What a ceremony is for. An answer to one is none to another.
    pub enum CeremonyPurpose {
        /// Adds a passkey.
        Register = "register",
        /// Proves the second factor of a sign-in.
        SignIn = "sign_in",
        /// Proves once more that it is still the same person.
        StepUp = "step_up",
    }
}

/// A ceremony that waits for its answer: one, within ten minutes.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = passkey_ceremony(id), tenant = Platform,
    within = Account, class = Challenge, anchor = created_at,
)]
pub struct PasskeyCeremony {
    /// Its id; at sign-in that of the sign-in that waits.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub id: ChallengeId,
    /// Whose.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub account: AccountId,
    /// What for.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub purpose: CeremonyPurpose,
    /// By which session, where somebody is signed in.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub session: Option<SessionId>,
    /// The challenge, and what it allows.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete)]
    pub state: CeremonyState,
    /// When it began.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub created_at: Timestamp,
}

impl PasskeyCeremony {
    /// Whether an answer from there may end it.
    pub fn is_of(
        &self,
        account: AccountId,
        session: Option<SessionId>,
        purpose: CeremonyPurpose,
    ) -> bool {
        self.account == account && self.session == session && self.purpose == purpose
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_768_478_400_000);

    fn passkey(credential: &[u8]) -> Passkey {
        Passkey {
            id: PasskeyId::new(NOW),
            name: Name::parse("blue key").expect("a name"),
            credential: credential.to_vec(),
            key: vec![1, 2, 3],
            state: [1, 0, 255, 255, 0, 0, 2],
            transports: 3,
            created_at: NOW,
            used_at: None,
        }
    }

    #[test]
    fn passkeys_read_back_as_they_were_sealed_and_an_older_row_has_none() {
        let passkeys = Passkeys::default()
            .with(passkey(&[0, 255]))
            .with(passkey(&[7; 300]));
        let read = Passkeys::from_bytes(passkeys.to_bytes());
        assert_eq!(read, Some(passkeys));
        assert_eq!(Passkeys::unwritten().map(|none| none.count()), Some(0));
        assert_eq!(Passkeys::from_bytes(b"no list".to_vec()), None);
    }

    #[test]
    fn an_archive_names_them_and_keeps_what_proves_somebody() {
        let one = passkey(b"what the authenticator calls it");
        let told = Passkeys::default().with(one.clone()).tell();
        let told = told.expect("a text");
        assert_eq!(
            told,
            r#"[{"name":"blue key","added":"2026-01-15T12:00:00.000Z","last_used":null}]"#
        );
        assert_eq!(format!("{one:?}"), "Passkey(**)");
    }

    #[test]
    fn one_is_replaced_or_taken_away_and_the_others_stay() {
        let (first, second) = (passkey(b"1"), passkey(b"2"));
        let both = Passkeys::default().with(first.clone()).with(second.clone());
        let used = Passkey {
            used_at: Some(NOW),
            ..second
        };
        let next = both.replacing(&used);
        assert_eq!(next.of_credential(b"1"), Some(&first));
        assert_eq!(next.of_credential(b"2"), Some(&used));
        let left = next.without(first.id).expect("one was there");
        assert_eq!((left.count(), left.of_credential(b"1")), (1, None));
        assert_eq!(left.without(first.id), None);
    }
}
