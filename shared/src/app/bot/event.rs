//! What happens outside and a flow waits for: an address that whoever learns of it calls once.
//!
//! The address follows from the run and the name of the event, under the key of the workspace, and is stored
//! nowhere. A flow that has a variable called `callback_<name>` holds it from its start on, to put it into a
//! request. It is good for one event: whoever calls it again is told that it was heard, and nothing happens.

use std::time::Duration;

use flow::{Arrival, WaitKind, What};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{App, Standing};
use crate::{
    domain::{
        ConversationId, WorkspaceId,
        token::{self, Secret},
    },
    store::{StoreError, TenantKey, flow_run::FlowRun, keyring::Use, message::Appended},
};

/// What the token of an address opens with.
const PREFIX: &str = "fe";
/// How long an address is good after the run began.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How often a call follows other turns of its flow.
const TURNS: u32 = 8;

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The flow heard of it, now or before.
    Done,
    /// The flow does not wait for it: not yet, or no more.
    NotNow,
    /// There is no such address, or no more.
    Unknown,
}

/// The token of an address, as it came.
pub struct EventToken {
    ids: [Uuid; 2],
    secret: Secret,
}

impl<'de> Deserialize<'de> for EventToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (ids, secret) =
            token::read::<2>(PREFIX, &text).ok_or_else(|| D::Error::custom("no token"))?;
        Ok(Self { ids, secret })
    }
}

/// The token of the address of an event.
pub fn event_token(tenant_key: &TenantKey, run: &FlowRun, name: &str) -> String {
    let ids = [run.workspace.uuid(), run.conversation.uuid()];
    token::write(PREFIX, &ids, &secret(tenant_key, run, name))
}

fn secret(tenant_key: &TenantKey, run: &FlowRun, name: &str) -> Secret {
    let (conversation, began) = (run.conversation, run.started_at.ms());
    let name = format!("{conversation}|{}|{began}|{name}", run.flow);
    Secret::from_bytes(*tenant_key.hash(Use::FlowEvent, &name).as_bytes())
}

impl App {
    /// Tells a flow what happened, if the token is that of an event that it waits for.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn hear(
        &self,
        token: &EventToken,
        event: Map<String, Value>,
    ) -> Result<Heard, StoreError> {
        let [workspace, conversation] = token.ids;
        let place = (workspace, conversation);
        for _ in 0..TURNS {
            let heard = self.hear_once(place, &token.secret, &event).await?;
            if let Some(heard) = heard {
                return Ok(heard);
            }
        }
        Err(StoreError::Conflict)
    }

    /// The same; none when the flow took another turn meanwhile.
    async fn hear_once(
        &self,
        (workspace, conversation): (Uuid, Uuid),
        given: &Secret,
        event: &Map<String, Value>,
    ) -> Result<Option<Heard>, StoreError> {
        let workspace = WorkspaceId::from_uuid(workspace);
        let conversation = ConversationId::from_uuid(conversation);
        let Some(led) = self.led(workspace, conversation).await? else {
            return Ok(Some(Heard::Unknown));
        };
        let (run, now, lens) = (&led.run, led.now, led.lens());
        let is_of = |name: &str| secret(&led.tenant_key, run, name).hash().matches(given);
        let mut standing = Standing::of(run)?;
        if standing.heard.iter().any(|name| is_of(name)) {
            return Ok(Some(Heard::Done));
        }
        if run.started_at.plus(LIFETIME) <= now {
            return Ok(Some(Heard::Unknown));
        }
        let named = standing
            .awaits
            .as_ref()
            .and_then(|awaits| awaits["name"].as_str());
        let named = named.filter(|name| is_of(name)).map(str::to_owned);
        let wait = standing.state.wait.clone();
        let wait = wait.filter(|wait| led.leads() && wait.kind == WaitKind::Event);
        let (Some(name), Some(wait)) = (named, wait) else {
            let program = self.program_of(run, &led.tenant_key, lens).await?;
            let known = program.is_some_and(|program| program.events().any(is_of));
            return Ok(Some(match known {
                true => Heard::NotNow,
                false => Heard::Unknown,
            }));
        };
        standing.heard.push(name);
        let run = standing.put(run.clone())?;
        let arrival = Arrival::of(What::Event {
            key: wait.key,
            body: Value::Object(event.clone()),
        });
        let turn = self.take_turn(run, &arrival, &led.tenant_key, lens).await?;
        let head = led.head.clone();
        Ok(
            match self.store.flow_on(head, &turn, &led.key, lens).await? {
                Appended::Turned => Some(Heard::Done),
                Appended::OtherTurn => None,
                _ => Some(Heard::Unknown),
            },
        )
    }
}
