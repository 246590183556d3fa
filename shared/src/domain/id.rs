//! Identifiers: TypeIDs (a kind prefix and a UUIDv7 in base32), one Rust type per kind.
//!
//! Specification: TypeID 0.3. An id sorts by its time of birth and says what it names, so an id
//! pasted into the wrong field is refused by its prefix.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use uuid::Uuid;

use super::{text::Fault, time::Timestamp, words::Symbol};

/// TypeID's alphabet: Crockford's base32 in lower case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits in groups of five, the first group holding three.
const SUFFIX_LENGTH: usize = 26;

/// Writes 128 bits as 26 characters of TypeID's alphabet.
pub fn encode(uuid: Uuid) -> String {
    let bits = uuid.as_u128();
    (0..SUFFIX_LENGTH)
        .map(|i| char::from(ALPHABET[(bits >> (125 - 5 * i) & 31) as usize]))
        .collect()
}

/// Reads 26 characters back; anything else, upper case included, is refused.
pub fn decode(text: &str) -> Option<Uuid> {
    let bytes = text.as_bytes();
    if bytes.len() != SUFFIX_LENGTH || bytes[0] > b'7' {
        return None;
    }
    let mut bits: u128 = 0;
    for byte in bytes {
        let digit = ALPHABET.iter().position(|letter| letter == byte)?;
        bits = bits << 5 | digit as u128;
    }
    Some(Uuid::from_u128(bits))
}

/// A new UUIDv7 (RFC 9562) for the instant `at`.
fn uuid_at(at: Timestamp) -> Uuid {
    let ms = u64::try_from(at.ms()).unwrap_or(0);
    let nanos = u32::try_from(ms % 1000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(
        uuid::NoContext,
        ms / 1000,
        nanos,
    ))
}

/// The UUIDv7 for the instant `at` whose chance is taken from `bits`.
fn uuid_derived(at: Timestamp, bits: &[u8; 32]) -> Uuid {
    let ms = u64::try_from(at.ms()).unwrap_or(0);
    let mut chance = [0; 10];
    chance.copy_from_slice(&bits[..10]);
    uuid::Builder::from_unix_timestamp_millis(ms, &chance).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, born at `at`.
            pub fn new(at: Timestamp) -> Self {
                Self(uuid_at(at))
            }

            /// The id born at `at` that follows from `bits`: whoever makes it again makes the same.
            pub fn derived(at: Timestamp, bits: &[u8; 32]) -> Self {
                Self(uuid_derived(at, bits))
            }

            /// The id whose 128 bits are these: for tokens that carry ids in binary.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// When it was born, as it says itself.
            pub fn born_at(self) -> Timestamp {
                // RFC 9562, 5.7: the first 48 bits are the milliseconds.
                Timestamp::from_ms(i64::try_from(self.0.as_u128() >> 80).unwrap_or_default())
            }

            /// The 128 bits of the id.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = Fault;

            fn from_str(text: &str) -> Result<Self, Fault> {
                text.strip_prefix($prefix)
                    .and_then(|rest| rest.strip_prefix('_'))
                    .and_then(decode)
                    .map(Self)
                    .ok_or(Fault::new("bad_id", concat!("an id beginning with ", $prefix, "_")))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{ObjectBuilder, Type};
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                    .examples([serde_json::json!(concat!($prefix, "_01kf0a1b2c3d4e5f6g7h8j9k0m"))])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl Symbol for $name {
            fn symbol(&self) -> String {
                self.to_string()
            }
            fn from_symbol(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )+};
}

ids! {
    /// A person's sign-in, in the platform tenant.
    AccountId = "acc";
    /// One text to many accounts.
    AnnouncementId = "ann";
    /// A key of the API that a workspace made.
    ApiKeyId = "key";
    /// A way in for visitors: a web page or a mobile app of the customer.
    AppId = "app";
    /// A file in a conversation, or the photo of a member.
    AttachmentId = "att";
    /// A line of the audit log of a workspace.
    AuditId = "aud";
    /// That an operator entered a workspace.
    BreakGlassId = "brg";
    /// That somebody may not call a team; it follows from how calls recognise them.
    CallBlockId = "cbl";
    /// A link that lets somebody call a member, once.
    CallLinkId = "lnk";
    /// A call between somebody of a team and a guest.
    CallId = "call";
    /// One mailed code, waiting for its answer.
    ChallengeId = "chl";
    /// A person that a workspace talks with: the data subject of a visitor.
    ContactId = "ctc";
    /// A thread between a contact and a team.
    ConversationId = "cnv";
    /// Something that a service of a customer is told; the same with every attempt.
    DeliveryId = "evt";
    /// A device that somebody is told something on.
    DeviceId = "dev";
    /// Something that is handed over to somebody outside.
    DisclosureId = "dsc";
    /// The erasure of a person or of a workspace; it follows from the id of what is erased.
    ErasureId = "ers";
    /// A copy of somebody's data, made for them.
    ExportId = "exp";
    /// A flow: a conversation that a program leads.
    FlowId = "flw";
    /// Somebody who calls without an account: a session of a day, and nobody behind it.
    GuestId = "gst";
    /// What lets one device into a call, once.
    JoinId = "joi";
    /// An invitation into a workspace.
    InvitationId = "inv";
    /// A piece of work that goes on after its answer.
    JobId = "job";
    /// A person in a workspace: a data subject of its own, joined to the account only by id.
    MemberId = "mbr";
    /// One message; its order is its `seq`, not its id.
    MessageId = "msg";
    /// A note of a team about a contact.
    NoteId = "note";
    /// Something that an account is told by mail.
    NoticeId = "ntc";
    /// Something that somebody is told about a conversation; the same with every attempt.
    NotificationId = "ntn";
    /// A request about one's data.
    RequestId = "prq";
    /// A passkey of an account.
    PasskeyId = "pky";
    /// Who somebody is in the figures of one week: made of chance, and never of a time.
    PseudonymId = "psd";
    /// A mailed link that sets a new password.
    ResetId = "rst";
    /// A login session of an account.
    SessionId = "ses";
    /// A thread between somebody and the operator.
    SupportId = "sup";
    /// A prepared answer.
    CannedReplyId = "crp";
    /// A view of conversations that somebody keeps under a name.
    SavedViewId = "view";
    /// A team within a workspace.
    TeamId = "team";
    /// A sign-in that a team's provider was asked for.
    TeamSignInId = "tsi";
    /// What opens one socket, once.
    TicketId = "tkt";
    /// A session of a visitor's widget.
    VisitId = "vst";
    /// A service of a customer that is told what happens.
    WebhookId = "whk";
    /// A customer's workspace: the tenant of everything in it.
    WorkspaceId = "ws";
}

/// Whose data a key opens: a workspace, or the platform itself (accounts and their sessions).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TenantId {
    /// The operator of the deployment, for accounts and login sessions.
    Platform,
    /// A customer.
    Workspace(WorkspaceId),
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("platform"),
            Self::Workspace(id) => id.fmt(f),
        }
    }
}

impl From<WorkspaceId> for TenantId {
    fn from(id: WorkspaceId) -> Self {
        Self::Workspace(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The published conformance vectors of the TypeID specification, without the prefix.
    #[test]
    fn ids_agree_with_the_published_vectors() {
        let vectors = [
            (
                "00000000000000000000000000",
                "00000000-0000-0000-0000-000000000000",
            ),
            (
                "00000000000000000000000001",
                "00000000-0000-0000-0000-000000000001",
            ),
            (
                "0000000000000000000000000g",
                "00000000-0000-0000-0000-000000000010",
            ),
            (
                "7zzzzzzzzzzzzzzzzzzzzzzzzz",
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
            ),
            (
                "01h455vb4pex5vsknk084sn02q",
                "01890a5d-ac96-774b-bcce-b302099a8057",
            ),
        ];
        for (suffix, uuid) in vectors {
            let uuid: Uuid = uuid.parse().expect("a uuid");
            assert_eq!(encode(uuid), suffix);
            assert_eq!(decode(suffix), Some(uuid));
        }
    }

    #[test]
    fn malformed_ids_are_refused() {
        for bad in [
            "",
            "acc_",
            "msg_01h455vb4pex5vsknk084sn02q",
            "acc_01H455VB4PEX5VSKNK084SN02Q",
            "acc_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "acc_01h455vb4pex5vsknk084sn02",
            "acc_01h455vb4pex5vsknk084sn02u",
        ] {
            assert!(bad.parse::<AccountId>().is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn ids_sort_by_their_time_of_birth() {
        let older = MessageId::new(Timestamp::from_ms(1_768_478_400_000));
        let newer = MessageId::new(Timestamp::from_ms(1_768_478_400_001));
        assert!(older.to_string() < newer.to_string());
    }
}
