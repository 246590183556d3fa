//! Keys of devices, of what people want to be told, and of what they were told.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | device of a member, what they want to be told | data | `MEMBERSHIP#<ws>#<member>` | `D#<device>`, `WISHES` |
//! | device of a visitor | data | `CONTACT#<ws>#<contact>` | `D#<device>` |
//! | who brings notifications, that somebody wants mail | data | `WORKSPACE#<ws>` | `PUSH#<provider>`, `PUSH#MAIL` |
//! | that somebody is told something | data | `NOTIFICATION#<ws>` | `<notification>` |
//! | how many were taken on a day | data | `NOTIFICATION#<ws>` | `DAY#<date>` |
//! | what a member is shown of a conversation | data | `READ#<ws>#<member>` | `NEWS#<conversation>` |

use super::{IndexKey, Key, contact, data, deliveries_due, membership, read_marks, workspace};
use crate::{
    domain::{
        ContactId, ConversationId, DeviceId, MemberId, NotificationId, Timestamp, WorkspaceId,
        day::Day, push::PushProvider,
    },
    store::seal::KeyedHash,
};

/// What the sort keys of devices open with.
pub const DEVICE: &str = "D#";
/// What the sort keys of those who bring notifications open with.
pub const PUSH: &str = "PUSH#";

/// A device of a member.
pub fn push_device(workspace: WorkspaceId, member: MemberId, id: DeviceId) -> Key {
    data(push_devices(workspace, member), format!("{DEVICE}{id}"))
}

/// The partition of all devices of a member, with what they want to be told.
pub fn push_devices(workspace: WorkspaceId, member: MemberId) -> String {
    membership(workspace, member).pk
}

/// A device of a visitor.
pub fn visitor_device(workspace: WorkspaceId, of: ContactId, id: DeviceId) -> Key {
    data(contact(workspace, of).pk, format!("{DEVICE}{id}"))
}

/// Devices of a workspace by what their provider knows them by: one token is one person's.
pub fn token_list(workspace: WorkspaceId, token: KeyedHash, id: DeviceId) -> IndexKey {
    IndexKey {
        pk: devices_of_token(workspace, token),
        sk: id.to_string(),
    }
}

/// The list of the devices that one token leads to.
pub fn devices_of_token(workspace: WorkspaceId, token: KeyedHash) -> String {
    format!("DEVICE#{workspace}#{token}")
}

/// What a member wants to be told.
pub fn notify_wishes(workspace: WorkspaceId, member: MemberId) -> Key {
    data(push_devices(workspace, member), "WISHES")
}

/// The place of a member among those who are told of conversations that nobody has.
pub fn unassigned_list(
    workspace: WorkspaceId,
    member: MemberId,
    unassigned_since: Option<Timestamp>,
) -> Option<IndexKey> {
    unassigned_since.map(|_| IndexKey {
        pk: told_of_unassigned(workspace),
        sk: member.to_string(),
    })
}

/// The list of those members.
pub fn told_of_unassigned(workspace: WorkspaceId) -> String {
    format!("DEVICE#{workspace}#UNASSIGNED")
}

/// Who brings notifications of a workspace.
pub fn push_sender(of: WorkspaceId, provider: PushProvider) -> Key {
    data(workspace(of).pk, format!("{PUSH}{}", provider.word()))
}

/// That somebody of a workspace wants mail about conversations.
pub fn mail_wanted(of: WorkspaceId) -> Key {
    data(workspace(of).pk, format!("{PUSH}MAIL"))
}

/// That somebody is told something.
pub fn notification(workspace: WorkspaceId, id: NotificationId) -> Key {
    data(notifications(workspace), id.to_string())
}

/// How many notifications devices took on a day.
pub fn push_day(workspace: WorkspaceId, day: Day) -> Key {
    data(notifications(workspace), format!("DAY#{day}"))
}

/// The same, of the day that begins at `since`.
pub fn push_day_at(workspace: WorkspaceId, since: Timestamp) -> Key {
    push_day(workspace, Day::of(since))
}

/// The partition of what people of a workspace are told, in the order in which it happened.
pub fn notifications(workspace: WorkspaceId) -> String {
    format!("NOTIFICATION#{workspace}")
}

/// Which notification of which workspace this is.
pub fn notification_of(key: &Key) -> Option<(WorkspaceId, NotificationId)> {
    let workspace = key.pk.strip_prefix("NOTIFICATION#")?;
    Some((workspace.parse().ok()?, key.sk.parse().ok()?))
}

/// The place of a notification among what waits to be told, with what services of customers wait for.
pub fn notification_due(
    workspace: WorkspaceId,
    id: NotificationId,
    next_attempt_at: Option<Timestamp>,
) -> Option<IndexKey> {
    let partition = notifications(workspace);
    deliveries_due(id.uuid(), &partition, &id.to_string(), next_attempt_at)
}

/// What a member is shown of a conversation: it lies beside how far they have read.
pub fn news(workspace: WorkspaceId, member: MemberId, conversation: ConversationId) -> Key {
    data(
        read_marks(workspace, member),
        format!("{NEWS}{conversation}"),
    )
}

/// What the sort keys of it open with.
const NEWS: &str = "NEWS#";

/// About which conversation a member is shown something.
pub fn conversation_of_news(news: &Key) -> Option<ConversationId> {
    news.sk.strip_prefix(NEWS)?.parse().ok()
}

/// The place of what a member is shown of a conversation, by time.
pub fn news_list(
    workspace: WorkspaceId,
    member: MemberId,
    happened_at: Timestamp,
    conversation: ConversationId,
) -> IndexKey {
    IndexKey {
        pk: all_news(workspace, member),
        sk: format!("{:015}#{conversation}", happened_at.ms()),
    }
}

/// The list of everything that a member is shown.
pub fn all_news(workspace: WorkspaceId, member: MemberId) -> String {
    format!("{}#NEWS", read_marks(workspace, member))
}
