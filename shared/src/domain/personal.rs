//! What a record may hold: the vocabulary of privacy decisions.
//!
//! The words here are closed lists. The record macro accepts nothing else, and the rendered
//! policy, the export and the erasure are written from them.

/// A value about a person that is sealed before it is stored.
///
/// Implementations have no `Display` and no `Serialize`, and their `Debug` shows nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sealed: a `#[personal(...)]` field holds a type of `shared::domain`, such as `Text`, `Name` or `Email`",
    note = "an opaque id, a time, an enum or a count may be declared `#[personal(..., open)]` instead"
)]
pub trait Personal: Sized {
    /// What is sealed.
    fn to_bytes(&self) -> Vec<u8>;
    /// What was sealed; `None` when the bytes are not such a value.
    fn from_bytes(bytes: Vec<u8>) -> Option<Self>;
    /// What an item says that was written before the field was: `None` where every item has it.
    fn unwritten() -> Option<Self> {
        None
    }
    /// The text in an archive; `None` for an absent value, and for what is no text.
    fn tell(&self) -> Option<String> {
        String::from_utf8(self.to_bytes()).ok()
    }
    /// The value that [`Personal::tell`] told; `None` when it is not such a value.
    fn retell(told: Option<&str>) -> Option<Self> {
        Self::from_bytes(told?.as_bytes().to_vec())
    }
}

/// Absence is sealed too, so that an item does not tell whether a person gave the value.
impl<T: Personal> Personal for Option<T> {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            None => Vec::new(),
            Some(value) => {
                let mut bytes = vec![1];
                bytes.append(&mut value.to_bytes());
                bytes
            }
        }
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        match bytes.split_first() {
            None => Some(None),
            Some((1, rest)) => T::from_bytes(rest.to_vec()).map(Some),
            Some(_) => None,
        }
    }

    fn unwritten() -> Option<Self> {
        Some(None)
    }

    fn tell(&self) -> Option<String> {
        self.as_ref().and_then(Personal::tell)
    }

    fn retell(told: Option<&str>) -> Option<Self> {
        match told {
            None => Some(None),
            Some(_) => T::retell(told).map(Some),
        }
    }
}

/// A pseudonymous value that may stand unsealed: an opaque id, a time, a closed word or a count.
///
/// The list of implementations is closed: who adds one decides that it names nobody.
#[diagnostic::on_unimplemented(
    message = "`{Self}` may not be stored open: only opaque ids, times, closed words and counts may",
    note = "drop `open` and hold the value in a sealed type of `shared::domain`"
)]
pub trait Pseudonymous {}

impl Pseudonymous for u64 {}
impl Pseudonymous for bool {}
impl Pseudonymous for super::time::Timestamp {}
impl<T: Pseudonymous> Pseudonymous for Option<T> {}
impl<T: Pseudonymous> Pseudonymous for Vec<T> {}

macro_rules! pseudonymous_ids {
    ($($id:ident)+) => { $(impl Pseudonymous for super::id::$id {})+ };
}
pseudonymous_ids! { AccountId AnnouncementId ApiKeyId AppId AttachmentId CallBlockId CallId CallLinkId ChallengeId ContactId ConversationId DeviceId DisclosureId ErasureId ExportId FlowId GuestId InvitationId JoinId MemberId MessageId NoteId NoticeId NotificationId PseudonymId RequestId ResetId SessionId SupportId TeamId TeamSignInId TicketId VisitId WorkspaceId }

/// What kind of thing a personal field says about its person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// How to reach the person: an address.
    Contact,
    /// What the person wrote or was written to them.
    Content,
    /// A keyed hash or secret that recognises the person or their device.
    Identifier,
    /// What the person is called.
    Name,
    /// An opaque id, a time, a closed word or a count.
    Pseudonym,
    /// Where the person was on the customer's pages, and in which language.
    VisitContext,
}

/// What a personal field is kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Answer requests about one's data, and show that they were answered.
    AnswerRequests,
    /// Hold the conversation between a visitor and a team.
    AnswerVisitor,
    /// Know who is signing in, and keep others out.
    Authenticate,
    /// Bring two people together in a call, and see that the call is good (CALL-15).
    ConnectCall,
    /// Find out what fails and what is slow, and make it better; can be refused (FLOW-16).
    Improve,
    /// Show, years later, that an erasure was carried out.
    ProveErasure,
    /// Let a team work together in its workspace.
    RunWorkspace,
    /// Answer what people write to the operator.
    Support,
    /// Sell plans: subscriptions, payments, invoices, and the books that the law asks for.
    TakePayments,
}

/// What erasure does with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Erase {
    /// The item is deleted, and with it the key of its root: backups become unreadable.
    Delete,
    /// The item stays for another person's sake; this reference becomes "Former teammate N".
    Pseudonymise,
}
