//! What flows ask of servers: one try, and the turn that follows on its answer.
//!
//! A request is tried by `outbox` as soon as it is written, and from then on by the schedule of the minute. Each
//! try is written down before it is made; one of which nothing came, because whoever made it crashed, counts as
//! made. So a request without retries is made once at the most, and one with retries bears the same
//! `Idempotency-Key` each time.

use flow::{Arrival, HttpRequest, What};
use http::{HeaderName, Method, header};
use serde_json::Value;

use super::{App, Standing};
use crate::{
    app::egress::{Egress, EgressError, Outgoing},
    domain::{ConversationId, TenantId, Timestamp, policy::Lens, recipient::Recipient},
    store::{
        CommitError, DataKey, Key, RootRef, StoreError, Stored, TenantKey, Transaction, Unsealed,
        conversation::Conversation,
        flow_request::{FlowRequest, SHORT, patience},
        flow_run::FlowRun,
        flow_server::FlowServers,
        keys,
        message::Appended,
        subject::State,
    },
};

/// How often an answer follows other turns of its flow.
const TURNS: u32 = 8;
/// The most bytes of an answer that is a text: more than a variable holds is of no use.
const TEXT_BYTES: usize = flow::MAX_VARIABLE_BYTES;
/// What servers see as the name of who asks.
const AGENT: &str = "Sotto-Flows";
/// What the name of an effect goes out in (draft-ietf-httpapi-idempotency-key-header).
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Who tries a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// `outbox`, at once, and shortly: others wait behind it.
    First,
    /// The schedule, when it is due.
    Due,
}

/// What came of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The flow has its answer, be it that there is none.
    Answered,
    /// It is tried again.
    Failed,
    /// Nothing was sent: it is not due, or nobody waits for it any more.
    Nothing,
}

/// What a server said.
struct Said {
    status: u16,
    body: Value,
    /// Whether another try may come to something else.
    may_pass: bool,
}

impl Said {
    const fn nothing(may_pass: MayPass) -> Self {
        Self {
            status: 0,
            body: Value::Null,
            may_pass: matches!(may_pass, MayPass::Yes),
        }
    }
}

/// Whether what went wrong may be over by the next try.
#[derive(Clone, Copy)]
enum MayPass {
    Yes,
    No,
}

/// A run that waits for an answer.
struct Waits {
    head: Conversation,
    run: FlowRun,
    key: String,
}

impl App {
    /// Tries the request at `place`, if it is its round, and takes the turn that follows.
    ///
    /// # Errors
    /// When storage fails; then it stays due.
    pub async fn ask_server(&self, place: &Key, round: Round) -> Result<Asked, StoreError> {
        let root = RootRef::of(place);
        let Some(tenant @ TenantId::Workspace(workspace)) = root.tenant() else {
            return Ok(Asked::Nothing);
        };
        let Ok(conversation) = root.id().parse::<ConversationId>() else {
            return Ok(Asked::Nothing);
        };
        let (at_head, at_run) = (root.head(), keys::flow_run(workspace, conversation));
        let at_servers = keys::flow_servers(workspace);
        let wanted = vec![
            place.clone(),
            at_head.clone(),
            at_run.clone(),
            at_servers.clone(),
            keys::data_key(&root),
            keys::policy(workspace),
            keys::tenant_key(tenant),
        ];
        let fetched = self.store.batch(wanted).await?;
        let now = self.clock.now();
        let Some(policy) = fetched.live_policy(workspace, now)? else {
            return Ok(Asked::Nothing);
        };
        let lens = Lens {
            now,
            policy: &policy,
        };
        let head = fetched.get::<Conversation>(&at_head, &Unsealed, lens)?;
        let Some(head) = head.filter(|head| head.state == State::Live) else {
            return Ok(Asked::Nothing);
        };
        let tenant_key = self.store.unwrap_tenant_key(tenant, &fetched, now).await?;
        let Some(key) = fetched.data_key(&at_head, &tenant_key)? else {
            return Ok(Asked::Nothing);
        };
        let Some(request) = fetched.get::<FlowRequest>(place, &key, lens)? else {
            return Ok(Asked::Nothing);
        };
        let asked = request.read()?;
        let is_its_round = match round {
            Round::First => request.attempts == 0 && patience(&asked) <= SHORT,
            Round::Due => request.next_at <= now,
        };
        if !is_its_round {
            return Ok(Asked::Nothing);
        }
        let run = fetched.get::<FlowRun>(&at_run, &key, lens)?;
        let Some(waits) = waits(run, head, &request, now)? else {
            self.store.delete(place.clone()).await?;
            return Ok(Asked::Nothing);
        };
        let tries = u64::from(asked.retries) + 1;
        let said = if request.attempts >= tries {
            Said::nothing(MayPass::No)
        } else {
            let within = waits.head.policy(lens);
            let begun = Stored::next(request.tried(&asked, now), &within);
            if !self.write_down(&begun, &key, now).await? {
                return Ok(Asked::Nothing);
            }
            let servers = fetched.get::<FlowServers>(&at_servers, &Unsealed, lens)?;
            let call = outgoing(
                &self.egress,
                &asked,
                begun.record(),
                servers.as_ref(),
                &tenant_key,
            )?;
            let said = match call {
                Some(call) => heard(self.egress.call(call).await),
                None => Said::nothing(MayPass::No),
            };
            let begun = begun.into_record();
            if said.may_pass && begun.attempts < tries {
                let now = self.clock.now();
                let again = Stored::next(begun.again(now), &within);
                self.write_down(&again, &key, now).await?;
                return Ok(Asked::Failed);
            }
            said
        };
        let lens = Lens {
            now: self.clock.now(),
            policy: &policy,
        };
        self.tell(place, (waits, said), (&tenant_key, &key), lens)
            .await
    }

    /// Writes how far a request is; not, where somebody else did.
    async fn write_down(
        &self,
        request: &Stored<FlowRequest>,
        key: &DataKey,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = Transaction::new(now);
        transaction.replace(request, key)?;
        match self.store.commit(transaction).await {
            Ok(()) => Ok(true),
            Err(CommitError::Refused(_)) => Ok(false),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// Takes the turn that follows on an answer, with which the request goes.
    async fn tell(
        &self,
        place: &Key,
        (mut waits, said): (Waits, Said),
        (tenant_key, key): (&TenantKey, &DataKey),
        lens: Lens<'_>,
    ) -> Result<Asked, StoreError> {
        for _ in 0..TURNS {
            let arrival = Arrival::of(What::Http {
                key: waits.key,
                status: said.status,
                body: said.body.clone(),
            });
            let (at_run, at_head) = (waits.run.place(), keys_of(&waits.head));
            let mut turn = self
                .take_turn(waits.run, &arrival, tenant_key, lens)
                .await?;
            turn.answers = Some(place.clone());
            match self.store.flow_on(waits.head, &turn, key, lens).await? {
                Appended::Turned => return Ok(Asked::Answered),
                Appended::OtherTurn => {}
                _ => return Ok(Asked::Nothing),
            }
            // Somebody wrote meanwhile; the flow may wait for this all the same.
            let wanted = vec![at_run.clone(), at_head.clone(), place.clone()];
            let fetched = self.store.batch(wanted).await?;
            let head = fetched.get::<Conversation>(&at_head, &Unsealed, lens)?;
            let Some(head) = head.filter(|head| head.state == State::Live) else {
                return Ok(Asked::Nothing);
            };
            let run = fetched.get::<FlowRun>(&at_run, key, lens)?;
            let Some(request) = fetched.get::<FlowRequest>(place, key, lens)? else {
                return Ok(Asked::Nothing);
            };
            match self::waits(run, head, &request, lens.now)? {
                Some(still) => waits = still,
                None => {
                    self.store.delete(place.clone()).await?;
                    return Ok(Asked::Nothing);
                }
            }
        }
        Err(StoreError::Conflict)
    }
}

fn keys_of(head: &Conversation) -> Key {
    keys::conversation(head.workspace, head.id)
}

/// The run, if it still waits for what the request asks.
fn waits(
    run: Option<FlowRun>,
    head: Conversation,
    request: &FlowRequest,
    now: Timestamp,
) -> Result<Option<Waits>, StoreError> {
    let Some(run) = run.filter(|run| run.may_go_on(&head, now)) else {
        return Ok(None);
    };
    let wait = Standing::of(&run)?.state.wait;
    let key = wait
        .map(|wait| wait.key)
        .filter(|key| request.is_of(&run, key));
    Ok(key.map(|key| Waits { head, run, key }))
}

/// The call that a request is, with the secrets that it names; none where it may not be made.
fn outgoing(
    egress: &Egress,
    asked: &HttpRequest,
    request: &FlowRequest,
    servers: Option<&FlowServers>,
    tenant_key: &TenantKey,
) -> Result<Option<Outgoing>, StoreError> {
    let Ok(address) = egress.address(&asked.url) else {
        return Ok(None);
    };
    let mut call = Outgoing::get(Recipient::FlowServer, address);
    call.method = match asked.method {
        flow::node::Method::Get => Method::GET,
        flow::node::Method::Post => Method::POST,
        flow::node::Method::Put => Method::PUT,
        flow::node::Method::Patch => Method::PATCH,
        flow::node::Method::Delete => Method::DELETE,
    };
    call.patience = patience(asked);
    let mut headers = Vec::new();
    for (name, value) in &asked.headers {
        headers.push((name.as_str(), value.clone()));
    }
    if !asked.secrets.is_empty() {
        let known = servers.map(|servers| servers.secrets(tenant_key));
        let known = known.transpose()?.unwrap_or_default();
        let host = flow::host_of(&asked.url).unwrap_or_default();
        for (name, secret) in &asked.secrets {
            let found = known.iter().find(|one| one.name.to_string() == *secret);
            let found =
                found.filter(|one| one.hosts.iter().any(|allowed| allowed.as_str() == host));
            match found {
                Some(found) => headers.push((name.as_str(), found.value.clone())),
                // It was taken away since, or is for others.
                None => return Ok(None),
            }
        }
    }
    for (name, value) in headers {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            return Ok(None);
        };
        call.headers.retain(|(other, _)| *other != name);
        call.headers.push((name, value));
    }
    let mut unless_set = |name: HeaderName, value: &str| {
        if !call.headers.iter().any(|(other, _)| *other == name) {
            call.headers.push((name, value.to_owned()));
        }
    };
    unless_set(header::USER_AGENT, AGENT);
    unless_set(IDEMPOTENCY_KEY, &request.id.to_string());
    if asked.body.is_some() {
        let media = match asked.json {
            true => "application/json",
            false => "text/plain; charset=utf-8",
        };
        unless_set(header::CONTENT_TYPE, media);
    }
    call.body = asked.body.clone().unwrap_or_default().into_bytes();
    Ok(Some(call))
}

/// What an answer comes to. One that is no JSON is a text.
fn heard(answer: Result<crate::app::egress::Incoming, EgressError>) -> Said {
    let answer = match answer {
        Ok(answer) => answer,
        Err(EgressError::Unreachable) => return Said::nothing(MayPass::Yes),
        Err(EgressError::Refused | EgressError::TooLarge) => return Said::nothing(MayPass::No),
    };
    let text = || {
        let text = String::from_utf8_lossy(&answer.body);
        let end = text.floor_char_boundary(TEXT_BYTES);
        Value::String(text[..end].to_owned())
    };
    let body = match answer.body.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(&answer.body).unwrap_or_else(|_| text()),
    };
    Said {
        status: answer.status,
        body,
        may_pass: matches!(answer.status, 408 | 425 | 429 | 500..=599),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::app::egress::Incoming;

    fn answered(status: u16, body: &str) -> Said {
        heard(Ok(Incoming {
            status,
            content_type: String::new(),
            retry_after: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
        }))
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert!(answered(status, "").may_pass, "{status}");
        }
        for status in [200, 204, 301, 400, 401, 404, 410, 422] {
            assert!(!answered(status, "").may_pass, "{status}");
        }
        assert!(heard(Err(EgressError::Unreachable)).may_pass);
        assert!(!heard(Err(EgressError::Refused)).may_pass);
        assert!(!heard(Err(EgressError::TooLarge)).may_pass);
    }

    #[test]
    fn an_answer_that_is_no_json_is_a_text_and_one_that_is_too_deep_is_no_panic() {
        assert_eq!(answered(200, "{\"a\":1}").body["a"], 1);
        assert_eq!(answered(200, "<html>").body, "<html>");
        assert_eq!(answered(204, "").body, Value::Null);
        let deep = "[".repeat(200_000);
        let text = answered(200, &deep).body;
        assert_eq!(text.as_str().map(str::len), Some(TEXT_BYTES));
    }
}
