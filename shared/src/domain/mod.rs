//! Values and rules: pure, without I/O, time or chance of their own.

pub mod analytics;
pub mod announcement;
pub mod api_key;
pub mod archive;
pub mod attachment;
pub mod billing;
pub mod call;
pub mod card_number;
pub mod code;
pub mod day;
pub mod device;
pub mod erasure;
pub mod flow;
pub mod hours;
pub mod id;
pub mod idle;
pub mod label;
pub mod page;
pub mod password;
pub mod permission;
pub mod personal;
pub mod policy;
pub mod privacy;
pub mod push;
pub mod receipt;
pub mod recipient;
pub mod retention;
pub mod text;
pub mod time;
pub mod token;
pub mod webhook;
pub mod words;

pub use id::{
    AccountId, AnnouncementId, ApiKeyId, AppId, AttachmentId, AuditId, BreakGlassId, CallBlockId,
    CallId, CallLinkId, CannedReplyId, ChallengeId, ContactId, ConversationId, DeliveryId,
    DeviceId, DisclosureId, ErasureId, ExportId, FlowId, GuestId, InvitationId, JobId, JoinId,
    MemberId, MessageId, NoteId, NoticeId, NotificationId, PasskeyId, PseudonymId, RequestId,
    ResetId, SavedViewId, SessionId, SupportId, TeamId, TeamSignInId, TenantId, TicketId, VisitId,
    WebhookId, WorkspaceId,
};
pub use permission::{Permission, Role, Sight, Standing, Visibility};
pub use policy::{Policy, Profile};
pub use time::Timestamp;
