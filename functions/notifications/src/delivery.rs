//! A delivery as the team sees it: what was told, and what came of it. Bodies are not kept.

use serde::Serialize;
use shared::{
    domain::{
        AttachmentId, CallId, ContactId, ConversationId, DeliveryId, FlowId, RequestId, Timestamp,
        webhook::HookEvent,
    },
    store::webhook::{Delivery, DeliveryFault, DeliveryState},
};
use utoipa::ToSchema;

/// Something that an endpoint is told.
#[derive(Serialize, ToSchema)]
pub struct DeliveryView {
    /// Its id, which is the `webhook-id` of every attempt.
    id: DeliveryId,
    /// What happened.
    event: HookEvent,
    /// With which conversation.
    conversation_id: Option<ConversationId>,
    /// With which message of it.
    #[schema(example = 3)]
    seq: Option<u64>,
    /// With which contact.
    contact_id: Option<ContactId>,
    /// With which file.
    attachment_id: Option<AttachmentId>,
    /// With which call.
    call_id: Option<CallId>,
    /// With which flow.
    flow_id: Option<FlowId>,
    /// With which request about somebody's data.
    privacy_request_id: Option<RequestId>,
    /// When it happened.
    happened_at: Timestamp,
    /// How far it is.
    state: DeliveryState,
    /// How often it was tried since it was asked for.
    #[schema(example = 1)]
    attempts: u64,
    /// When it is tried next.
    next_attempt_at: Option<Timestamp>,
    /// When it was tried last.
    last_attempt_at: Option<Timestamp>,
    /// The status of the last answer.
    #[schema(example = 200)]
    answer: Option<u64>,
    /// Why the last attempt failed, if it did.
    fault: Option<DeliveryFault>,
    /// When it was written.
    created_at: Timestamp,
}

impl DeliveryView {
    /// The view of a delivery.
    pub fn new(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id,
            event: delivery.event,
            conversation_id: delivery.conversation,
            seq: delivery.seq,
            contact_id: delivery.contact,
            attachment_id: delivery.attachment,
            call_id: delivery.call,
            flow_id: delivery.flow,
            privacy_request_id: delivery.request,
            happened_at: delivery.happened_at,
            state: delivery.delivery_state,
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_attempt_at,
            last_attempt_at: delivery.last_attempt_at,
            answer: delivery.answer,
            fault: delivery.fault,
            created_at: delivery.created_at,
        }
    }
}
