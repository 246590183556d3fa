//! Every key there is, and nothing else makes one.
//!
//! Each room lists its own: accounts, figures about use, payments, calls, the deployment, subjects, workspaces,
//! conversations, mail about them, sockets, files, flows, exports, requests about one's data, threads with the
//! operator, what services of a customer are told, devices and what people are told there, and the names in the
//! bucket.
//!
//! The kind stands first so that IAM's `dynamodb:LeadingKeys` can fence each function; the tenant
//! follows, and every constructor of a tenant's key takes it, so a key of another tenant cannot
//! be written by accident. Addresses and external ids appear only as keyed hashes.
//!
//! Indexes: `changes` lists conversations by last change; `lists` lists queues of conversations, and
//! the rest; `due` lists what waits for a time: `DUE#<shard>`, `<due at, 15 digits>#<partition key>`.

mod accounts;
mod analytics;
mod attachments;
mod billing;
mod calls;
mod continuity;
mod conversations;
mod deployment;
mod exports;
mod files;
mod flows;
mod privacy;
mod push;
mod sockets;
mod subjects;
mod support;
mod webhooks;
mod workspaces;

use crate::domain::Timestamp;
pub use crate::domain::erasure::Table;
pub use accounts::{
    ACCOUNT_SHARDS, acceptance, account, account_list, accounts, accounts_going, address,
    challenge, is_seat, letter, letters, mail_wish, notice, notices, passkey_ceremony, password,
    preferences, reset, seat, seat_due, seats, second_factor, second_step, session, sessions,
};
pub use analytics::{
    BEACON_LINK, analytics_week, beacon, beacon_link, beacon_list, beacons, beacons_of, open_week,
    open_weeks,
};
pub use attachments::{
    SENT_FILES, WAITING_FILES, attachment, file_of_row, file_room, file_share, has_files, photo,
    photo_upload, rows_of_file, upload,
};
pub use billing::{
    billing_account, paper, paper_list, papers, stripe_customer, stripe_event, stripe_task,
    stripe_task_list, stripe_tasks,
};
pub use calls::{
    call, call_block, call_block_list, call_blocks, call_due, call_link, call_list, call_partition,
    call_quality, calls, guest, is_call, join_pass,
};
pub use continuity::{continuity, continuity_due, continuity_of, reply_address};
pub use conversations::{
    CHANGE_SHARDS, CONTACT_NOTE, DISCLOSED, TOMBSTONE, Whose, address_proof, change_shard, changes,
    contact, contact_due, contact_list, contact_note, contact_of, contacts, context, conversation,
    conversation_due, conversation_of_mention, dedupe, disclosed, disclosed_due, disclosed_part,
    draft, drafts, external, hold, is_contact, mention, mention_list, mentions, message,
    message_sort, of_contact, profile, queue, queued, rank_of, reached, reached_link,
    reached_partition, read_mark, read_marks, thread, tombstone, transcript_mail, visit, visits,
    whom_reached,
};
pub use deployment::{
    announced_versions, announcement, announcement_list, counter, deployment_settings, erasure,
    erasure_list, farewell, heard, ledger_length, open_announcements, open_erasures, open_job,
    open_jobs, operator_deed, operator_deeds, operator_seat, operator_seats, receipt_key,
    receipt_keys, salt, signing_key, signing_keys, suppression, sweep,
};
pub use exports::{
    export, export_due, export_list, export_part_row, export_part_rows, is_export, whole_exports,
};
pub use files::{
    Desk, FileKey, FileOwner, MailKey, export_part, export_parts, files_of, files_of_attachment,
    intake, kept_files, ledger, ledger_entry, linked_file, linked_files, linked_files_of,
    linked_rendition, mail, mails, of_intake, of_mail, of_rendition, rendition,
};
pub use flows::{
    FLOW_REQUEST_SHARDS, FLOW_TICK, flow, flow_code, flow_deed, flow_list, flow_partition,
    flow_piece, flow_request, flow_request_due, flow_request_shard, flow_rules, flow_run,
    flow_run_due, flow_run_of, flow_servers, flow_sums, flow_tests, flow_tick, flow_tick_due,
    flow_ticked, flow_version, flow_version_sort, flows, is_flow_request,
};
pub use privacy::{
    OWN_REQUEST, asked, is_privacy_request, open_wish, own_request, privacy_due, privacy_letter,
    privacy_list, privacy_request, privacy_requests, privacy_words, request_asked,
};
pub use push::{
    DEVICE, PUSH, all_news, conversation_of_news, devices_of_token, mail_wanted, news, news_list,
    notification, notification_due, notification_of, notifications, notify_wishes, push_day,
    push_day_at, push_device, push_devices, push_sender, token_list, told_of_unassigned,
    unassigned_list, visitor_device,
};
pub use sockets::{
    LISTENING, listener, listeners, listening, socket_list, socket_of, socket_partition, sockets,
    ticket,
};
pub use subjects::{
    EDGE, data_key, edge, idempotency, requests, root_key, subject, subject_partition, tenant_key,
};
pub use support::{
    SUPPORT_MESSAGE, is_support, own_support, support_list, support_message, support_partition,
    support_thread, support_threads, support_writer, supported, thread_supported,
};
use webhooks::deliveries_due;
pub use webhooks::{
    DELIVERY_SHARDS, WEBHOOK, deliveries, delivery, delivery_due, delivery_of, delivery_shard,
    webhook, webhook_health, webhooks,
};
pub use workspaces::{
    AUDIT_LINE, AUDIT_WAITING, CANNED, SAVED_VIEW, TEAM, TEAM_IDENTITY, all_workspaces, api_key,
    api_keys, app, apps, audit, audit_end, audit_line, audit_sort, audit_waiting,
    audit_waiting_list, audits_waiting, availability, break_glass, break_glasses, business_hours,
    canned_reply, disclosure, disclosures, idle_told, invitation, invitation_list, invitations,
    invitations_of, invited, job, membership, membership_list, membership_of, memberships, policy,
    policy_of, saved_view, shelf, team, team_attempt, team_identity, team_provider, team_session,
    team_sign_in, team_wait, team_wait_due, team_wait_of, teammate, teammate_list, teammates,
    teams, teams_of, transfer, workspace, workspace_due, workspace_list,
};

/// The place of one item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Which table.
    pub table: Table,
    /// The partition: kind, tenant, root.
    pub pk: String,
    /// The item in its partition.
    pub sk: String,
}

/// The place of an item in an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexKey {
    /// The list it belongs to.
    pub pk: String,
    /// Its place in the list.
    pub sk: String,
}

/// The sort key of the item that stands for a whole root.
pub const HEAD: &str = "HEAD";

fn data(pk: String, sk: impl Into<String>) -> Key {
    Key {
        table: Table::Data,
        pk,
        sk: sk.into(),
    }
}

fn head(pk: String) -> Key {
    data(pk, HEAD)
}

/// The bounds of sort keys in `changes` and in queues that are not later than `at`.
pub fn until(at: Timestamp) -> String {
    format!("{:015}#~", at.ms())
}

/// How many partitions the index of deadlines has.
pub const DUE_SHARDS: u8 = 4;

/// One shard of the index of deadlines.
pub fn due_shard(shard: u8) -> String {
    format!("DUE#{shard}")
}

/// The place of what lies in `partition` in the index of deadlines, spread over [`DUE_SHARDS`].
pub fn due(at: Timestamp, partition: &str) -> IndexKey {
    let shard = partition
        .bytes()
        .fold(0, |sum: u8, byte| sum.wrapping_add(byte))
        % DUE_SHARDS;
    IndexKey {
        pk: due_shard(shard),
        sk: format!("{:015}#{partition}", at.ms()),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        AppId, AuditId, BreakGlassId, ContactId, ConversationId, InvitationId, MemberId,
        WorkspaceId,
    };

    #[test]
    fn messages_sort_by_their_number() {
        assert!(message_sort(9) < message_sort(10));
        assert!(message_sort(99_999) < message_sort(100_000));
    }

    #[test]
    fn every_key_of_a_tenant_opens_with_its_kind_and_then_the_tenant() {
        let ws = WorkspaceId::from_uuid(Uuid::from_u128(1));
        let id = Uuid::from_u128(2);
        let keys = [
            workspace(ws),
            policy(ws),
            membership(ws, MemberId::from_uuid(id)),
            invitation(ws, InvitationId::from_uuid(id)),
            app(ws, AppId::from_uuid(id)),
            audit_waiting(ws, AuditId::from_uuid(id)),
            audit_line(ws, 1),
            audit_end(ws),
            break_glass(ws, BreakGlassId::from_uuid(id)),
            contact(ws, ContactId::from_uuid(id)),
            conversation(ws, ConversationId::from_uuid(id)),
            message(ws, ConversationId::from_uuid(id), 1),
            tenant_key(ws.into()),
        ];
        for key in keys {
            let mut parts = key.pk.split('#');
            let kind = parts.next().expect("a kind");
            assert!(kind.bytes().all(|b| b.is_ascii_uppercase()), "{}", key.pk);
            assert_eq!(parts.next(), Some(ws.to_string().as_str()), "{}", key.pk);
        }
    }
}
