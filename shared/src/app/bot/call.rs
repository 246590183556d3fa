//! Calls that a flow offers: the link by which its visitor calls the team, and what becomes of the call.
//!
//! The link follows from the run and the place in the flow under the key of the workspace. It is stored nowhere until
//! somebody comes by it: then it is a link like one that a member made, used by the one device.

use aws_lc_rs::digest::{SHA256, digest};
use flow::{Arrival, CallDid, WaitKind, What, node};

use super::{App, Standing, led::Led};
use crate::{
    domain::{
        CallLinkId, ConversationId, TeamId, Timestamp, WorkspaceId,
        call::{CallKind, CallState, EndReason},
        retention::GUEST_LIFETIME,
        token::{self, Secret},
    },
    store::{
        StoreError, TenantKey,
        call::{Call, CallLink},
        flow_run::FlowRun,
        keyring::Use,
        message::Appended,
    },
};

/// What the token of an offered call opens with.
const PREFIX: &str = "co";
/// How often a call follows other turns of its flow.
const TURNS: u32 = 8;

/// What links are made of.
pub(super) struct Offering<'o> {
    pub tenant_key: &'o TenantKey,
    /// The public address of this deployment.
    pub issuer: &'o str,
}

impl Offering<'_> {
    /// The page by which a visitor calls the team, offered by a run at a key of its flow. The token stands behind `#`,
    /// so no server sees it in an address.
    pub fn url(
        &self,
        (run, key): (&FlowRun, &str),
        (kind, team): (node::CallKind, Option<TeamId>),
        now: Timestamp,
    ) -> String {
        let (conversation, began) = (run.conversation, run.started_at.ms());
        let name = format!("{conversation}|{}|{began}|{key}", run.flow);
        let mut bits = [0; 32];
        bits.copy_from_slice(digest(&SHA256, name.as_bytes()).as_ref());
        let offer = CallOffer {
            workspace: run.workspace,
            link: CallLinkId::derived(now, &bits),
            conversation,
            team,
        };
        let kind = match kind {
            node::CallKind::Audio => CallKind::Audio,
            node::CallKind::Video => CallKind::Video,
        };
        let mut ids = vec![run.workspace.uuid(), offer.link.uuid(), conversation.uuid()];
        ids.extend(team.map(TeamId::uuid));
        let token = token::write(PREFIX, &ids, &offer.secret(self.tenant_key, kind));
        format!("{}/call#{token}", self.issuer)
    }
}

/// A call that a flow offered, as a token names it.
#[derive(Clone, Copy, Debug)]
pub struct CallOffer {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// The link that it becomes.
    pub link: CallLinkId,
    /// In which conversation.
    pub conversation: ConversationId,
    /// With which team, if with a certain one.
    pub team: Option<TeamId>,
}

impl CallOffer {
    /// The offer that a token names, and the secret that it brings; none when it is a token of another kind.
    pub fn read(text: &str) -> Option<(Self, Secret)> {
        let to_all = || token::read::<3>(PREFIX, text).map(|(ids, secret)| (ids, None, secret));
        let with_team = || {
            let ([workspace, link, conversation, team], secret) = token::read::<4>(PREFIX, text)?;
            let team = Some(TeamId::from_uuid(team));
            Some(([workspace, link, conversation], team, secret))
        };
        let ([workspace, link, conversation], team, secret) = to_all().or_else(with_team)?;
        let offer = Self {
            workspace: WorkspaceId::from_uuid(workspace),
            link: CallLinkId::from_uuid(link),
            conversation: ConversationId::from_uuid(conversation),
            team,
        };
        Some((offer, secret))
    }

    /// The link to the workspace, or to a team of it, that nobody has come by yet, if a flow of this workspace offered it within a day.
    pub fn link(
        self,
        tenant_key: &TenantKey,
        brought: &Secret,
        now: Timestamp,
    ) -> Option<CallLink> {
        let created_at = self.link.born_at();
        if created_at.plus(GUEST_LIFETIME) <= now {
            return None;
        }
        let mut kinds = [CallKind::Audio, CallKind::Video].into_iter();
        let made = |kind: CallKind| self.secret(tenant_key, kind).hash();
        let call_kind = kinds.find(|kind| made(*kind).matches(brought))?;
        Some(CallLink {
            id: self.link,
            workspace: self.workspace,
            token: made(call_kind),
            member: None,
            team: self.team,
            conversation: Some(self.conversation),
            call_kind,
            used_by: None,
            created_at,
            rev: 1,
        })
    }

    fn secret(self, tenant_key: &TenantKey, kind: CallKind) -> Secret {
        let (link, conversation) = (self.link, self.conversation);
        let team = self.team.map(|team| format!(" {team}")).unwrap_or_default();
        let name = format!("offer {link} {conversation} {}{team}", kind.word());
        Secret::from_bytes(*tenant_key.hash(Use::Call, &name).as_bytes())
    }
}

impl App {
    /// Tells the flow of a conversation that a call in it began or is over, if it waits for one. Told again, it
    /// has gone on by then.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn tell_flow_of_call(
        &self,
        before: Option<&Call>,
        after: &Call,
    ) -> Result<(), StoreError> {
        let Some((conversation, did)) = news(before, after) else {
            return Ok(());
        };
        for _ in 0..TURNS {
            let Some(led) = self.led(after.workspace, conversation).await? else {
                return Ok(());
            };
            let Some(key) = offered(&led, after.created_at)? else {
                return Ok(());
            };
            let arrival = Arrival::of(What::Call { key, did });
            let (run, lens) = (led.run.clone(), led.lens());
            let turn = self.take_turn(run, &arrival, &led.tenant_key, lens).await?;
            let head = led.head.clone();
            match self.store.flow_on(head, &turn, &led.key, lens).await? {
                Appended::OtherTurn => {}
                _ => return Ok(()),
            }
        }
        Err(StoreError::Conflict)
    }
}

/// What a flow hears of a change of a call. Of two calls that began against each other the other one tells.
fn news(before: Option<&Call>, after: &Call) -> Option<(ConversationId, CallDid)> {
    let Some(before) = before else {
        let goes_on = after.state != CallState::Ended;
        let conversation = after.conversation.filter(|_| goes_on)?;
        return Some((conversation, CallDid::Joined));
    };
    let is_over = before.state != CallState::Ended && after.state == CallState::Ended;
    let conversation = before.conversation.filter(|_| is_over)?;
    let did = match after.reason {
        Some(EndReason::Superseded) => return None,
        _ if after.connected_at.is_some() => CallDid::Ended,
        Some(EndReason::Declined) => CallDid::Declined,
        _ => CallDid::Missed,
    };
    Some((conversation, did))
}

/// The key at which the flow waits for a call, if it leads and had offered it when the call began.
fn offered(led: &Led, began: Timestamp) -> Result<Option<String>, StoreError> {
    let standing = Standing::of(&led.run)?;
    let wait = standing.state.wait.filter(|_| led.leads());
    let Some(wait) = wait.filter(|wait| wait.kind == WaitKind::Call) else {
        return Ok(None);
    };
    let mut way = standing.way.iter().rev();
    let since = way.find(|visit| visit.node == wait.node);
    let in_time = since.is_none_or(|visit| visit.at <= began);
    Ok(in_time.then_some(wait.key))
}
