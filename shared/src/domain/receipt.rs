//! The ledger of erasures: what an entry says, how it is written, signed, chained and checked.
//!
//! An entry is JSON in the canonical form of RFC 8785, signed with Ed25519 (RFC 8032), and names the
//! SHA-256 of the entry before it. So nobody changes, drops or inserts one unseen. A signature shows
//! who says so and that it is unaltered; it does not show that it is true.
//!
//! An entry names nobody: a subject by a keyed hash, and by the opaque id of the erasure, which says
//! nothing once the subject is gone and finds it again in a backup that was restored.

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AppId, ErasureId, GuestId, Timestamp, WorkspaceId};

/// The layout of entries; another one would take another number.
pub const VERSION: u32 = 1;
/// What the first entry names as the one before it.
pub const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LedgerEntry)]
pub struct Entry {
    /// The layout.
    #[schema(example = 1)]
    pub version: u32,
    /// Its place in the ledger, from 0 on.
    #[schema(example = 41)]
    pub number: u64,
    /// The SHA-256 of the entry before it; 64 zeros for the first one.
    #[schema(example = "3b1c0f5d9a6e4b72c8d1e0f3a5b6c7d8e9f00112233445566778899aabbccdde")]
    pub previous: String,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LedgerEvent)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every entry is a receipt: a box would save nothing"
)]
pub enum Event {
    /// Somebody, or a workspace, was erased.
    Erased(Erased),
    /// A workspace keeps its conversations for a shorter time.
    Shortened(Shortened),
}

/// The receipt of an erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ErasureReceipt)]
pub struct Erased {
    /// The erasure.
    pub erasure: ErasureId,
    /// What was erased: `account`, `calls`, `contact` or `workspace`.
    #[schema(example = "contact")]
    pub kind: String,
    /// Of calls: which ones. Of one call nothing more is said: its id has the bits of the erasure's, as
    /// everybody's has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<CallsMeant>,
    /// Under whose keys it lay: a workspace, or `platform`.
    #[schema(example = "ws_01kf0a1b2c3d4e5f6g7h8j9k0m")]
    pub tenant: String,
    /// The subject, as a keyed hash: who holds the key can tell that it was this one.
    #[schema(example = "n4bqgyhmfwwal7mk2fi7xjbbmr2kmpwl")]
    pub subject: String,
    /// The SHA-256 of the list of everything that is stored, as it was then.
    #[schema(example = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752")]
    pub registry: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When nothing was found any more.
    pub finished_at: Timestamp,
    /// What there was and is, by store and kind.
    pub counts: Vec<Count>,
    /// What stays, why, and until when.
    pub kept: Vec<Kept>,
    /// What lies outside of our reach.
    #[schema(example = json!(["Mails that were delivered"]))]
    pub out_of_reach: Vec<String>,
    /// From when on backups of it cannot be read, because the keys are in none of them any more; of calls,
    /// because they are in no backup any more.
    pub backup_unreadable_at: Timestamp,
}

/// Which calls were deleted: those of which all of this is true.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReceiptCalls)]
pub struct CallsMeant {
    /// Of this app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null))]
    pub app: Option<AppId>,
    /// Of this guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null))]
    pub guest: Option<GuestId>,
    /// Of this reference of the app's, as a keyed hash: who holds the key can tell that it was this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null))]
    pub user_ref: Option<String>,
    /// Made before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
}

/// How many items of a kind there were in a store, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReceiptCount)]
pub struct Count {
    /// The store.
    #[schema(example = "data")]
    pub store: String,
    /// The kind of record.
    #[schema(example = "Message")]
    pub kind: String,
    /// How many there were.
    #[schema(example = 120)]
    pub before: u64,
    /// How many were deleted.
    #[schema(example = 120)]
    pub deleted: u64,
    /// How many there are.
    #[schema(example = 0)]
    pub after: u64,
    /// How: `deleted`, or `key_deleted` for the keys, which makes every copy unreadable.
    #[schema(example = "deleted")]
    pub method: String,
}

/// What stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReceiptRemainder)]
pub struct Kept {
    /// What.
    #[schema(example = "Marks that say only that a conversation is gone")]
    pub what: String,
    /// Why.
    #[schema(example = "So that clients that were offline learn of it")]
    pub why: String,
    /// Until when.
    #[schema(example = "7 days")]
    pub until: String,
}

/// A retention that was shortened: it has to hold for a backup that is restored as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RetentionShortened)]
pub struct Shortened {
    /// Of which workspace.
    pub workspace: WorkspaceId,
    /// For how many days conversations are kept.
    #[schema(example = 30)]
    pub conversation_days: u32,
}

/// An entry with its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignedLedgerEntry)]
pub struct Signed {
    /// What is signed: the canonical form of this.
    pub entry: Entry,
    /// The name of the key, from `/.well-known/erasure-keys.json`.
    #[schema(example = "d75a980182b10ab7")]
    pub key: String,
    /// The Ed25519 signature, in base64url.
    #[schema(example = "hxk4…")]
    pub signature: String,
}

/// What is wrong with an entry or with a ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is no entry.
    #[error("this is no receipt: {0}")]
    Unreadable(String),
    /// It says the same as the entry that was signed, in another form.
    #[error("it is not in the canonical form of RFC 8785, so it is not the file that was signed")]
    NotCanonical,
    /// It is of a layout that this program does not know.
    #[error("it is of layout {0}, and this program reads layout {VERSION}")]
    UnknownVersion(u32),
    /// None of the keys is the one that it names.
    #[error("it was signed with key {0}, which is not among the keys given")]
    UnknownKey(String),
    /// The signature is not of this text.
    #[error("the signature does not fit: it was altered, or another key signed it")]
    BadSignature,
    /// It does not follow the entry before it.
    #[error("it does not follow entry {0}: one was altered, left out or put in")]
    Broken(u64),
    /// An entry is missing.
    #[error("entry {0} is missing")]
    Missing(u64),
    /// It is not in the ledger.
    #[error("the ledger has another entry {0}, or none")]
    NotInLedger(u64),
}

/// The name of a public key: its first bytes.
pub fn key_name(public: &[u8]) -> String {
    HEXLOWER.encode(&public[..public.len().min(8)])
}

/// SHA-256, in hexadecimal.
pub fn hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

/// The canonical form of RFC 8785.
fn canonical<T: Serialize>(value: &T) -> Result<Vec<u8>, Flaw> {
    serde_json_canonicalizer::to_vec(value).map_err(|error| Flaw::Unreadable(error.to_string()))
}

impl Entry {
    /// The entry with the signature of `pair`.
    ///
    /// # Errors
    /// When it has no canonical form, which texts and small numbers always have.
    pub fn sign(self, pair: &Ed25519KeyPair) -> Result<Signed, Flaw> {
        let signature = pair.sign(&canonical(&self)?);
        Ok(Signed {
            entry: self,
            key: key_name(pair.public_key().as_ref()),
            signature: BASE64URL_NOPAD.encode(signature.as_ref()),
        })
    }
}

impl Signed {
    /// The bytes that lie in the ledger.
    ///
    /// # Errors
    /// As [`Entry::sign`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, Flaw> {
        canonical(self)
    }

    /// The entry that these bytes are, byte for byte.
    ///
    /// # Errors
    /// When they are none, or written otherwise.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Flaw> {
        let signed: Self =
            serde_json::from_slice(bytes).map_err(|error| Flaw::Unreadable(error.to_string()))?;
        if signed.entry.version != VERSION {
            return Err(Flaw::UnknownVersion(signed.entry.version));
        }
        if signed.to_bytes()? != bytes {
            return Err(Flaw::NotCanonical);
        }
        Ok(signed)
    }

    /// Checks the signature against the key that the entry names.
    ///
    /// # Errors
    /// [`Flaw::UnknownKey`] or [`Flaw::BadSignature`].
    pub fn verify(&self, keys: &[Vec<u8>]) -> Result<(), Flaw> {
        let key = keys.iter().find(|key| key_name(key) == self.key);
        let key = key.ok_or_else(|| Flaw::UnknownKey(self.key.clone()))?;
        let signature = BASE64URL_NOPAD
            .decode(self.signature.as_bytes())
            .map_err(|_| Flaw::BadSignature)?;
        UnparsedPublicKey::new(&ED25519, key)
            .verify(&canonical(&self.entry)?, &signature)
            .map_err(|_| Flaw::BadSignature)
    }

    /// The receipt, if it is one.
    pub const fn erased(&self) -> Option<&Erased> {
        match &self.entry.event {
            Event::Erased(erased) => Some(erased),
            Event::Shortened(_) => None,
        }
    }
}

/// Reads a whole ledger, from entry 0 on: every signature, and that each entry follows the one before
/// it. The number is that of the entry that is at fault.
///
/// # Errors
/// The first flaw.
pub fn read_ledger(files: &[Vec<u8>], keys: &[Vec<u8>]) -> Result<Vec<Signed>, (u64, Flaw)> {
    let mut previous = NOTHING.to_owned();
    let mut ledger = Vec::with_capacity(files.len());
    for (number, bytes) in (0..).zip(files) {
        let fault = |flaw| (number, flaw);
        let signed = Signed::from_bytes(bytes).map_err(fault)?;
        signed.verify(keys).map_err(fault)?;
        let before = number.saturating_sub(1);
        if signed.entry.number != number || signed.entry.previous != previous {
            return Err(fault(Flaw::Broken(before)));
        }
        previous = hash(bytes);
        ledger.push(signed);
    }
    Ok(ledger)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: Timestamp = Timestamp::from_ms(1_768_478_400_000);

    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key")
    }

    fn keys() -> Vec<Vec<u8>> {
        vec![pair().public_key().as_ref().to_vec()]
    }

    fn erased(counts: u64) -> Event {
        Event::Erased(Erased {
            erasure: ErasureId::new(AT),
            kind: "contact".to_owned(),
            calls: None,
            tenant: WorkspaceId::new(AT).to_string(),
            subject: NOTHING.to_owned(),
            registry: NOTHING.to_owned(),
            started_at: AT,
            finished_at: AT,
            counts: vec![Count {
                store: "data".to_owned(),
                kind: "Message".to_owned(),
                before: counts,
                deleted: counts,
                after: 0,
                method: "deleted".to_owned(),
            }],
            kept: Vec::new(),
            out_of_reach: vec!["mailboxes \u{20ac} \"quoted\"\n".to_owned()],
            backup_unreadable_at: AT,
        })
    }

    /// A ledger of so many entries, as files.
    fn ledger(length: u64) -> Vec<Vec<u8>> {
        let mut previous = NOTHING.to_owned();
        let mut files = Vec::new();
        for number in 0..length {
            let event = match number % 3 {
                2 => Event::Shortened(Shortened {
                    workspace: WorkspaceId::new(AT),
                    conversation_days: 30,
                }),
                _ => erased(number),
            };
            let entry = Entry {
                version: VERSION,
                number,
                previous,
                at: AT,
                event,
            };
            let bytes = entry.sign(&pair()).expect("signed").to_bytes();
            let bytes = bytes.expect("written");
            previous = hash(&bytes);
            files.push(bytes);
        }
        files
    }

    // RFC 8785, 3.2.4 and the property order of 3.2.3.
    #[test]
    fn the_form_is_that_of_the_rfc() {
        let value: serde_json::Value = serde_json::from_str(
            r#"{"peach":"This sorting order","literals":[null,true,false],"\u20ac":"Euro Sign","1":"One"}"#,
        )
        .expect("json");
        let text = String::from_utf8(canonical(&value).expect("canonical")).expect("text");
        assert_eq!(
            text,
            "{\"1\":\"One\",\"literals\":[null,true,false],\"peach\":\"This sorting order\",\"\u{20ac}\":\"Euro Sign\"}"
        );
    }

    proptest! {
        #[test]
        fn a_ledger_that_nobody_touched_is_read_to_its_end(length in 0u64..12) {
            let read = read_ledger(&ledger(length), &keys());
            prop_assert_eq!(read.expect("whole").len() as u64, length);
        }

        #[test]
        fn whatever_byte_is_altered_is_seen(length in 1u64..6, entry: prop::sample::Index, byte: prop::sample::Index, with in 1u8..=255) {
            let mut files = ledger(length);
            let entry = entry.index(files.len());
            let byte = byte.index(files[entry].len());
            files[entry][byte] ^= with;
            prop_assert!(read_ledger(&files, &keys()).is_err());
        }

        #[test]
        fn an_entry_that_is_left_out_doubled_or_moved_is_seen(length in 3u64..9, at: prop::sample::Index, how in 0..3) {
            let mut files = ledger(length);
            // What is cut off at the end leaves a ledger that is whole: only a witness sees that.
            let at = at.index(files.len() - 1);
            match how {
                0 => { files.remove(at); }
                1 => files.insert(at, files[at].clone()),
                _ => files.swap(at, at + 1),
            }
            prop_assert!(read_ledger(&files, &keys()).is_err());
        }
    }

    #[test]
    fn another_key_another_form_and_another_layout_are_told_apart() {
        let file = ledger(1).remove(0);
        let signed = Signed::from_bytes(&file).expect("an entry");
        signed.verify(&keys()).expect("ours");
        let stranger = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).expect("a key");
        let stranger = stranger.public_key().as_ref().to_vec();
        assert!(matches!(
            signed.verify(&[stranger]),
            Err(Flaw::UnknownKey(_))
        ));
        let pretty = serde_json::to_vec_pretty(&signed).expect("json");
        assert_eq!(Signed::from_bytes(&pretty), Err(Flaw::NotCanonical));
        let mut other = signed.clone();
        other.entry.version = 2;
        let other = other.to_bytes().expect("written");
        assert_eq!(Signed::from_bytes(&other), Err(Flaw::UnknownVersion(2)));
        assert!(matches!(
            Signed::from_bytes(b"{}"),
            Err(Flaw::Unreadable(_))
        ));
        let mut forged = signed;
        forged.entry.at = AT.plus(std::time::Duration::from_millis(1));
        assert_eq!(forged.verify(&keys()), Err(Flaw::BadSignature));
    }

    // FIPS 180-4, and what anybody computes with `sha256sum`.
    #[test]
    fn a_hash_is_the_sha_256_that_anybody_can_compute() {
        assert_eq!(
            hash(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn only_the_entry_of_an_erasure_is_a_receipt() {
        let ledger = read_ledger(&ledger(3), &keys()).expect("whole");
        let kinds = ledger.iter().map(|signed| signed.erased().is_some());
        assert_eq!(kinds.collect::<Vec<_>>(), [true, true, false]);
        let receipt = ledger[1].erased().expect("a receipt");
        assert_eq!(receipt.counts[0].before, 1);
    }

    /// An entry with a good signature that says it stands there and follows that.
    fn claims(number: u64, previous: String) -> Vec<u8> {
        let entry = Entry {
            version: VERSION,
            number,
            previous,
            at: AT,
            event: erased(1),
        };
        let signed = entry.sign(&pair()).expect("signed");
        signed.to_bytes().expect("written")
    }

    #[test]
    fn an_entry_has_to_have_both_its_number_and_the_one_before_it_right() {
        let first = ledger(1).remove(0);
        let read = |second| read_ledger(&[first.clone(), second], &keys());
        assert!(read(claims(1, hash(&first))).is_ok());
        let broken = Some((1, Flaw::Broken(0)));
        assert_eq!(read(claims(2, hash(&first))).err(), broken);
        assert_eq!(read(claims(1, NOTHING.to_owned())).err(), broken);
    }
}
