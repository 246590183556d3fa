//! Every record there is.
//!
//! The list is what export, erasure, the residue scan, the permissions and the rendered policy
//! walk. A record that is not listed has no [`Registered`] and does not compile.

use super::{
    acceptance::{AnnouncedVersions, PolicyAcceptance},
    account::{Account, AddressOwner, Challenge, LoginSession, Seat},
    analytics::{AnalyticsWeek, Beacon, BeaconLink},
    announcement::{Announcement, Letter},
    api_key::ApiKey,
    app::App,
    assigning::{Team, TeamWait, Teammate},
    attachment::{Attachment, Upload},
    audit::{AuditEnd, AuditEntry, AuditLine},
    billing::{BillingAccount, BillingPaper, StripeCustomer, StripeEvent, StripeTask},
    break_glass::BreakGlass,
    call::{Call, CallBlock, CallLink, CallQuality, Guest, JoinPass},
    contact::{AddressProof, Contact, ExternalOwner, Profile, Visit, VisitorContext},
    contact_note::ContactNote,
    continuity::{Continuity, ReplyAddress},
    conversation::{Conversation, Mention, ReadMark, Tombstone, UnsentDraft},
    counter::{Counter, SaltRow},
    db::StoreError,
    device::{PushDevice, VisitorDevice},
    disclosure::{DisclosedPart, Disclosure},
    erasure::{Erasure, Farewell},
    export::{Export, ExportPart},
    file_room::{FileRoom, FileShare},
    flow::{Flow, FlowPiece, FlowTests, FlowVersion},
    flow_deed::FlowDeed,
    flow_figures::{FlowSums, FlowTick},
    flow_request::FlowRequest,
    flow_rule::FlowRules,
    flow_run::{FlowCode, FlowRun},
    flow_server::FlowServers,
    heard::HeardBefore,
    hold::HoldNote,
    hours::{Availability, BusinessHours},
    idempotency::Idempotency,
    idle::IdleTold,
    job::{Job, OpenJob, SweepMark},
    keyring::{DataKeyRow, TenantKeyRow},
    ledger::{LedgerLength, ReceiptKey, ReceiptKeys},
    mail_wish::MailWishRow,
    membership::{Invitation, Invited, Membership},
    message::{Dedupe, Message},
    notice::Notice,
    notification::{MailWanted, News, Notification, NotifyWishes, PushSender},
    operator::{DeploymentSettings, OperatorDeed, OperatorSeat},
    passkey::PasskeyCeremony,
    password::{Password, ResetLink},
    photo::{Photo, PhotoUpload},
    preferences::Preferences,
    privacy::{OpenWish, OwnRequest, PrivacyLetter, PrivacyRequest, RequestWords},
    push_day::PushDay,
    reached::{Reached, ReachedLink},
    record::{Declaration, Fields, Item, Record, tell_item},
    renewing::Shape,
    saved_view::SavedView,
    seal::DataKey,
    second_factor::{SecondFactor, SecondStep},
    shelf::CannedReply,
    signing::{PublicKeys, SigningKey},
    socket::{Listener, Listening, Socket, Ticket},
    subject::{Edge, Subject},
    support::{OwnSupport, SupportMessage, SupportThread, SupportWriter},
    suppression::Suppression,
    team::{TeamAttempt, TeamIdentity, TeamProvider, TeamSession},
    transcript_mail::TranscriptMail,
    transfer::Transfer,
    webhook::{Delivery, Webhook, WebhookHealth},
    workspace::{Workspace, WorkspacePolicy},
};
use crate::domain::policy::Lens;

/// In the list of all records.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not in the registry: add it to the list in `shared/src/store/registry.rs`",
    note = "what is not in the registry would be neither exported nor erased"
)]
pub trait Registered {}

macro_rules! registry {
    ($($record:ident)+) => {
        $(impl Registered for $record {})+

        /// What was declared about every record, in the order of the list.
        pub const ALL: &[&Declaration] = &[$(<$record as Record>::DECLARATION),+];

        /// The shape of every record, in the order of the list.
        pub const SHAPES: &[Shape] = &[$(Shape::of::<$record>()),+];

        /// What an archive says of an item, whatever its kind; none when it has expired.
        ///
        /// # Errors
        /// When the item is of no kind of the list, or does not open.
        pub fn tell(
            item: &Item,
            key: Option<&DataKey>,
            lens: Lens<'_>,
        ) -> Result<Option<Fields>, StoreError> {
            match item.get("kind").and_then(|kind| kind.as_s().ok()).map(String::as_str) {
                $(Some(stringify!($record)) => tell_item::<$record>(item, key, lens),)+
                _ => Err(StoreError::Corrupt("an item of an unknown kind")),
            }
        }
    };
}

registry! {
    Account
    AddressOwner
    AddressProof
    AnalyticsWeek
    AnnouncedVersions
    Announcement
    ApiKey
    App
    Attachment
    AuditEnd
    AuditEntry
    AuditLine
    Availability
    Beacon
    BeaconLink
    BillingAccount
    BillingPaper
    BreakGlass
    BusinessHours
    Call
    CallBlock
    CallLink
    CallQuality
    CannedReply
    Challenge
    Contact
    ContactNote
    Continuity
    Conversation
    Counter
    DataKeyRow
    Dedupe
    Delivery
    DeploymentSettings
    DisclosedPart
    Disclosure
    Edge
    Erasure
    Export
    ExportPart
    ExternalOwner
    Farewell
    FileRoom
    FileShare
    Flow
    FlowCode
    FlowDeed
    FlowPiece
    FlowRequest
    FlowRules
    FlowRun
    FlowServers
    FlowSums
    FlowTests
    FlowTick
    FlowVersion
    Guest
    HeardBefore
    HoldNote
    Idempotency
    IdleTold
    Invitation
    Invited
    Job
    JoinPass
    LedgerLength
    Letter
    Listener
    Listening
    LoginSession
    MailWanted
    MailWishRow
    Membership
    Mention
    Message
    News
    Notice
    Notification
    NotifyWishes
    OpenJob
    OpenWish
    OperatorDeed
    OperatorSeat
    OwnRequest
    OwnSupport
    PasskeyCeremony
    Password
    Photo
    PhotoUpload
    PolicyAcceptance
    Preferences
    PrivacyLetter
    PrivacyRequest
    Profile
    PublicKeys
    PushDay
    PushDevice
    PushSender
    ReadMark
    Reached
    ReachedLink
    ReceiptKey
    ReceiptKeys
    ReplyAddress
    RequestWords
    ResetLink
    SaltRow
    SavedView
    Seat
    SecondFactor
    SecondStep
    SigningKey
    Socket
    StripeCustomer
    StripeEvent
    StripeTask
    Subject
    SupportMessage
    SupportThread
    SupportWriter
    Suppression
    SweepMark
    Team
    TeamAttempt
    TeamIdentity
    TeamProvider
    TeamSession
    TeamWait
    Teammate
    TenantKeyRow
    Ticket
    Tombstone
    TranscriptMail
    Transfer
    UnsentDraft
    Upload
    Visit
    VisitorContext
    VisitorDevice
    Webhook
    WebhookHealth
    Workspace
    WorkspacePolicy
}

/// The declaration of an item's `kind`.
pub fn declaration(kind: &str) -> Option<&'static Declaration> {
    ALL.iter()
        .copied()
        .find(|declaration| declaration.name == kind)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::store::record::{Decision, Owner};

    #[test]
    fn every_kind_is_listed_once_and_every_owner_is_a_root_in_the_list() {
        let names: HashSet<&str> = ALL.iter().map(|declaration| declaration.name).collect();
        assert_eq!(names.len(), ALL.len());
        for declaration in ALL {
            if let Owner::Within(root) = declaration.owner {
                assert!(
                    names.contains(root),
                    "{} lies within {root}",
                    declaration.name
                );
            }
        }
    }

    #[test]
    fn no_field_bears_the_name_of_an_attribute_that_storage_itself_writes() {
        let own = [
            "pk",
            "sk",
            "kind",
            "v",
            "exp",
            "ttl",
            "pol",
            "anchor",
            "changes_pk",
            "changes_sk",
            "lists_pk",
            "lists_sk",
            "due_pk",
            "due_sk",
        ];
        for declaration in ALL {
            for field in declaration.fields {
                assert!(
                    !own.contains(&field.name),
                    "{}.{}",
                    declaration.name,
                    field.name
                );
                if let Decision::NonPersonal { reason } = field.decision {
                    assert!(reason.len() >= 8);
                }
            }
        }
    }
}
