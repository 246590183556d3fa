//! A call on the wire: metadata, for both sides the same.

use serde::Serialize;
use shared::{
    domain::{
        AppId, CallId, ConversationId, GuestId, MemberId, TeamId, Timestamp,
        call::{CallKind, CallState, EndReason, Side},
    },
    store::call::Call,
};
use utoipa::ToSchema;

use crate::quality::QualityView;

/// A call: when, between whom, and why it is over. Nothing of what was said.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallView {
    /// Its id.
    pub id: CallId,
    /// As what it began.
    kind: CallKind,
    /// Who called.
    caller: Side,
    /// How far it is, by the server's clock.
    state: CallState,
    /// Why it is over, when it is.
    reason: Option<EndReason>,
    /// Through which app the guest came, if through one.
    app_id: Option<AppId>,
    /// The guest, by an id of a day.
    guest_id: GuestId,
    /// The member whom it is for; none where it is for the whole team.
    asked_member_id: Option<MemberId>,
    /// The team that the guest asked for, if for a certain one.
    asked_team_id: Option<TeamId>,
    /// The member who called or took it.
    member_id: Option<MemberId>,
    /// The conversation that it was offered in.
    conversation_id: Option<ConversationId>,
    /// When it was made.
    created_at: Timestamp,
    /// When it began to ring.
    rang_at: Option<Timestamp>,
    /// When it was taken.
    accepted_at: Option<Timestamp>,
    /// When sound or picture began to flow.
    connected_at: Option<Timestamp>,
    /// When it was over.
    ended_at: Option<Timestamp>,
    /// When it is over by itself, unless something happens before: what rings stops ringing then,
    /// whether or not anybody says so.
    deadline: Option<Timestamp>,
    /// How well it went, for each side that told; with a call that is shown by itself only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null))]
    quality: Option<Vec<QualityView>>,
}

impl CallView {
    /// The call as it stands at `now`.
    pub fn new(call: &Call, now: Timestamp) -> Self {
        let course = call.course().at(now);
        Self {
            id: call.id,
            kind: call.call_kind,
            caller: call.caller,
            state: course.state,
            reason: course.reason,
            app_id: call.app,
            guest_id: call.guest,
            asked_member_id: call.asked,
            asked_team_id: call.team,
            member_id: call.member,
            conversation_id: call.conversation,
            created_at: call.created_at,
            rang_at: course.rang_at,
            accepted_at: course.accepted_at,
            connected_at: course.connected_at,
            ended_at: course.ended_at,
            deadline: course.deadline(),
            quality: None,
        }
    }

    /// The same with how well it went.
    pub fn with(self, quality: Vec<QualityView>) -> Self {
        Self {
            quality: Some(quality),
            ..self
        }
    }
}
