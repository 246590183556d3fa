//! Keys of flows.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | flow | data | `FLOW#<ws>#<flow>` | `HEAD` |
//! | its draft, and its tests | data | the same | `DRAFT#<piece>`, `TESTS` |
//! | what a turn of it came to, and the sums | data | the same | `TICK#<chance>`, `SUMS#<number>` |
//! | a code that a flow mails | data | `CONVERSATION#<ws>#<conversation>` | `FLOWCODE#<chance>` |
//! | what a flow does besides | data | `CONVERSATION#<ws>#<conversation>` | `FLOWDEED#<id>` |
//! | what a flow asks of a server | data | `CONVERSATION#<ws>#<conversation>` | `FLOWREQ#<id>` |
//! | servers that flows ask, and secrets for them | data | `SERVER#<ws>` | `SETTINGS` |
//! | rules of the inbox that begin flows | data | `SERVER#<ws>` | `RULES` |
//! | how far a conversation is in a flow | data | `CONVERSATION#<ws>#<conversation>` | `FLOW` |
//! | version, and its document | data | the same | `V#<number, six digits>`, `P#<number>#<piece>` |

use uuid::Uuid;

use super::{IndexKey, Key, conversations::of_thread, data, due, head, thread};
use crate::domain::{ConversationId, FlowId, Timestamp, WorkspaceId};

/// The head of a flow.
pub fn flow(workspace: WorkspaceId, id: FlowId) -> Key {
    head(flow_partition(workspace, id))
}

/// The partition of a flow.
pub fn flow_partition(workspace: WorkspaceId, id: FlowId) -> String {
    format!("FLOW#{workspace}#{id}")
}

/// Flows of a workspace, by id, which is by birth.
pub fn flow_list(workspace: WorkspaceId, id: FlowId) -> IndexKey {
    IndexKey {
        pk: flows(workspace),
        sk: id.to_string(),
    }
}

/// The list of all flows of a workspace.
pub fn flows(workspace: WorkspaceId) -> String {
    format!("FLOW#{workspace}")
}

/// A version of a flow.
pub fn flow_version(workspace: WorkspaceId, flow: FlowId, number: u64) -> Key {
    data(flow_partition(workspace, flow), flow_version_sort(number))
}

/// Six digits sort as numbers do.
pub fn flow_version_sort(number: u64) -> String {
    format!("V#{number:06}")
}

/// A piece of a document: of a version, or of the draft where there is none.
pub fn flow_piece(workspace: WorkspaceId, flow: FlowId, version: Option<u64>, piece: u64) -> Key {
    let sort = match version {
        Some(number) => format!("P#{number:06}#{piece}"),
        None => format!("DRAFT#{piece}"),
    };
    data(flow_partition(workspace, flow), sort)
}

/// The tests that live with a flow.
pub fn flow_tests(workspace: WorkspaceId, flow: FlowId) -> Key {
    data(flow_partition(workspace, flow), "TESTS")
}

/// What a turn of a flow came to.
pub fn flow_tick(workspace: WorkspaceId, flow: FlowId, id: Uuid) -> Key {
    data(flow_partition(workspace, flow), format!("{FLOW_TICK}{id}"))
}

/// What the sort keys of what turns came to open with.
pub const FLOW_TICK: &str = "TICK#";

/// When it is added up: at once.
pub fn flow_tick_due(
    workspace: WorkspaceId,
    flow: FlowId,
    id: Uuid,
    on: Timestamp,
) -> Option<IndexKey> {
    let partition = format!("{}#{id}", flow_partition(workspace, flow));
    Some(due(on, &partition))
}

/// Whose turn came to this, of all flows, if it is that.
pub fn flow_ticked(key: &Key) -> Option<(WorkspaceId, FlowId)> {
    let (workspace, flow) = key.pk.strip_prefix("FLOW#")?.split_once('#')?;
    let is_tick = key.sk.starts_with(FLOW_TICK);
    is_tick.then_some((workspace.parse().ok()?, flow.parse().ok()?))
}

/// The sums of a version of a flow.
pub fn flow_sums(workspace: WorkspaceId, flow: FlowId, version: u64) -> Key {
    data(
        flow_partition(workspace, flow),
        format!("SUMS#{version:06}"),
    )
}

/// How far a conversation is in its flow: it lies with the conversation and goes with it.
pub fn flow_run(workspace: WorkspaceId, conversation: ConversationId) -> Key {
    data(thread(workspace, conversation), FLOW_RUN)
}

/// A code that a flow mails.
pub fn flow_code(workspace: WorkspaceId, conversation: ConversationId, id: Uuid) -> Key {
    data(thread(workspace, conversation), format!("{FLOW_CODE}{id}"))
}

/// What a flow does besides leading a thread.
pub fn flow_deed(workspace: WorkspaceId, conversation: ConversationId, id: Uuid) -> Key {
    data(thread(workspace, conversation), format!("{FLOW_DEED}{id}"))
}

/// Which servers the flows of a workspace may tell what, and the secrets for them.
pub fn flow_servers(workspace: WorkspaceId) -> Key {
    data(format!("SERVER#{workspace}"), "SETTINGS")
}

/// Rules of the inbox that begin flows of a workspace.
pub fn flow_rules(workspace: WorkspaceId) -> Key {
    data(format!("SERVER#{workspace}"), "RULES")
}

/// What a flow asks of a server: it lies with the conversation and goes with it.
pub fn flow_request(workspace: WorkspaceId, conversation: ConversationId, id: Uuid) -> Key {
    data(
        thread(workspace, conversation),
        format!("{FLOW_REQUEST}{id}"),
    )
}

const FLOW_REQUEST: &str = "FLOWREQ#";

/// Whether this is what a flow asks of a server.
pub fn is_flow_request(key: &Key) -> bool {
    key.pk.starts_with("CONVERSATION#") && key.sk.starts_with(FLOW_REQUEST)
}

/// How many partitions requests of flows have in the index of deadlines. They are not those of everything
/// else: a server that does not answer must not hold up the end of a snooze.
pub const FLOW_REQUEST_SHARDS: u8 = 2;

/// One shard of the requests that wait.
pub fn flow_request_shard(shard: u8) -> String {
    format!("DUE#Q{shard}")
}

/// The place of a request among those that wait.
pub fn flow_request_due(
    workspace: WorkspaceId,
    conversation: ConversationId,
    id: Uuid,
    next_at: Timestamp,
) -> Option<IndexKey> {
    let shard = id.as_bytes()[15] % FLOW_REQUEST_SHARDS;
    let partition = thread(workspace, conversation);
    Some(IndexKey {
        pk: flow_request_shard(shard),
        sk: format!("{:015}#{partition}#{id}", next_at.ms()),
    })
}

const FLOW_DEED: &str = "FLOWDEED#";

const FLOW_CODE: &str = "FLOWCODE#";

const FLOW_RUN: &str = "FLOW";

/// Which conversation is in a flow, if this says how far.
pub fn flow_run_of(key: &Key) -> Option<(WorkspaceId, ConversationId)> {
    (key.sk == FLOW_RUN).then(|| of_thread(key))?
}

/// When a flow goes on by itself, if it waits for a time.
pub fn flow_run_due(
    workspace: WorkspaceId,
    conversation: ConversationId,
    deadline: Option<Timestamp>,
) -> Option<IndexKey> {
    Some(due(deadline?, &thread(workspace, conversation)))
}
