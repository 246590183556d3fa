//! Flows that lead conversations, one turn after another.

mod call;
mod deed;
mod event;
mod led;
mod programs;
mod proof;
mod request;
mod words;

pub use call::CallOffer;
use call::Offering;
use deed::Deeds;
pub use deed::is_proved;
pub use event::{EventToken, Heard, event_token};
use flow::{Arrival, CallDid, Cx, Effect, FileRef, Limits, State, WaitKind, What, node::Action};
pub use led::Led;
pub use programs::Programs;
pub use proof::{Proof, Proving, proving};
pub use request::{Asked, Round};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;
use words::{markdown, message_id, text};

use super::App;
use crate::{
    domain::{
        ContactId, ConversationId, FlowId, Timestamp, WorkspaceId,
        flow::Piece,
        label::LabelName,
        policy::{Lens, Module},
        text::{Locale, Text},
    },
    store::{
        StoreError, TenantKey,
        flow_request::FlowRequest,
        flow_rule,
        flow_run::{FlowRun, FlowTurn, Said, Then},
        message::Draft,
    },
};

/// What a visitor chooses who does not want the call that is offered.
const DECLINE: &str = "decline";

/// How many visits of a conversation are kept: the last.
pub const MOST_VISITED: usize = 200;

/// Where a run stands.
#[derive(Serialize, Deserialize)]
pub struct Standing {
    /// The engine's state.
    pub state: State,
    /// What is waited for, as a client is told of it.
    #[serde(default)]
    pub awaits: Option<Value>,
    /// How far the visitor is, in per cent, where the flow shows it.
    #[serde(default)]
    pub progress: Option<u8>,
    /// The client's id of what somebody of the team did last: doing it again does nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Uuid>,
    /// What chance follows from: the visitor, so that they go the same way at every split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Which of its translations the flow speaks; its own language where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The address that is being proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Addresses that were proved, the last ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proved: Vec<String>,
    /// Mails that it has sent.
    #[serde(default, skip_serializing_if = "none_yet")]
    pub mails: u8,
    /// Names of events that were heard of by their addresses, which are used up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heard: Vec<String>,
    /// Pages that the last turn opens at the visitor's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opens: Vec<Opened>,
    /// The way so far, the last visits at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub way: Vec<Visited>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn none_yet(mails: &u8) -> bool {
    *mails == 0
}

/// A page that a flow opens.
#[derive(Clone, Serialize, Deserialize)]
pub struct Opened {
    /// Its address.
    pub url: String,
    /// Whether in another window.
    pub new_window: bool,
}

/// A node that somebody came to or left: it lies with the conversation, and goes with it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Visited {
    /// The node, by id.
    pub node: String,
    /// The port by which it was left, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Standing {
    /// Where a run stands.
    ///
    /// # Errors
    /// When it is none.
    pub fn of(run: &FlowRun) -> Result<Self, StoreError> {
        serde_json::from_str(run.standing.reveal())
            .map_err(|_| StoreError::Corrupt("a run of a flow that does not read"))
    }

    /// The run, standing here.
    ///
    /// # Errors
    /// When it is more than is kept.
    pub fn put(&self, run: FlowRun) -> Result<FlowRun, StoreError> {
        let standing = serde_json::to_string(self).ok().and_then(Piece::of);
        let standing = standing.ok_or(StoreError::Corrupt("a run that is too large"))?;
        Ok(FlowRun { standing, ..run })
    }
}

/// A run that has not begun, in a conversation with somebody.
pub fn new_run(
    (workspace, conversation): (WorkspaceId, ConversationId),
    contact: ContactId,
    (flow, version): (FlowId, u64),
    now: Timestamp,
) -> Option<FlowRun> {
    let standing = Standing {
        state: State::new(),
        awaits: None,
        progress: None,
        told: None,
        seed: Some(half(contact.uuid())),
        locale: None,
        proof: None,
        proved: Vec::new(),
        mails: 0,
        heard: Vec::new(),
        opens: Vec::new(),
        way: Vec::new(),
    };
    Some(FlowRun {
        workspace,
        conversation,
        flow,
        version,
        standing: Piece::of(serde_json::to_string(&standing).ok()?)?,
        deadline: None,
        handed_over_at: None,
        started_at: now,
        updated_at: now,
        rev: 0,
    })
}

impl App {
    /// The turn that follows on what came in; the run goes to people where its flow is not there any
    /// more. Without a read while the program is remembered; with one more otherwise.
    ///
    /// # Errors
    /// When something cannot be read.
    pub async fn take_turn(
        &self,
        run: FlowRun,
        arrival: &Arrival,
        tenant_key: &TenantKey,
        lens: Lens<'_>,
    ) -> Result<FlowTurn, StoreError> {
        let program = self.program_of(&run, tenant_key, lens).await?;
        let turn = match program {
            Some(program) => {
                let begins = self.with_addresses(&program, &run, arrival, tenant_key);
                let arrival = begins.as_ref().unwrap_or(arrival);
                let offers = Offering {
                    tenant_key,
                    issuer: &self.config.issuer,
                };
                step(&program, &run, arrival, (&offers, lens))?
            }
            None => None,
        };
        Ok(turn.unwrap_or_else(|| FlowTurn {
            run: FlowRun {
                deadline: None,
                ..run
            },
            said: Vec::new(),
            labels: Vec::new(),
            priority: None,
            team: None,
            marks: Vec::new(),
            code: None,
            deeds: Vec::new(),
            asks: None,
            answers: None,
            then: Then::ANYBODY,
        }))
    }

    /// A start that brings the addresses of events along, if this is one: for variables that are called so.
    fn with_addresses(
        &self,
        program: &flow::Compiled,
        run: &FlowRun,
        arrival: &Arrival,
        tenant_key: &TenantKey,
    ) -> Option<Arrival> {
        let What::Start { node, vars } = &arrival.what else {
            return None;
        };
        let mut vars = vars.clone();
        for name in program.events() {
            let token = event_token(tenant_key, run, name);
            let address = format!("{}/v1/flow-events/{token}", self.config.issuer);
            vars.push((format!("callback_{name}"), address.into()));
        }
        Some(Arrival {
            id: arrival.id.clone(),
            what: What::Start {
                node: node.clone(),
                vars,
            },
        })
    }

    /// The first turn of a visitor, who is on some page, which says at which start, and speaks some language,
    /// of which nothing is kept but what the flow answers in.
    ///
    /// # Errors
    /// As of [`App::take_turn`].
    pub async fn begin_turn(
        &self,
        run: FlowRun,
        arrival: &Arrival,
        (page, locale): (Option<&str>, Option<&Locale>),
        tenant_key: &TenantKey,
        lens: Lens<'_>,
    ) -> Result<FlowTurn, StoreError> {
        let program = self.program_of(&run, tenant_key, lens).await?;
        let program = program.as_ref();
        let start = program
            .and_then(|program| program.start_on(page))
            .map(str::to_owned);
        let spoken = program.zip(locale);
        let spoken = spoken.and_then(|(program, locale)| program.translation(locale.reveal()));
        let run = match spoken {
            Some(tag) => Standing {
                locale: Some(tag.to_owned()),
                ..Standing::of(&run)?
            }
            .put(run)?,
            None => run,
        };
        let arrival = match &arrival.what {
            What::Start { vars, .. } => Arrival {
                id: arrival.id.clone(),
                what: What::Start {
                    node: start,
                    vars: vars.clone(),
                },
            },
            _ => arrival.clone(),
        };
        // Remembered by now: no second read.
        self.take_turn(run, &arrival, tenant_key, lens).await
    }
}

/// The last half of an id, which is chance.
fn half(id: Uuid) -> u64 {
    let bits = id.as_u128() & u128::from(u64::MAX);
    u64::try_from(bits).unwrap_or_default()
}

/// One step of the engine as a turn; none where it cannot be taken here.
fn step(
    program: &flow::Compiled,
    run: &FlowRun,
    arrival: &Arrival,
    (offers, lens): (&Offering<'_>, Lens<'_>),
) -> Result<Option<FlowTurn>, StoreError> {
    let now = lens.now;
    let before = Standing::of(run)?;
    let asked = before.state.wait.as_ref().map(|wait| wait.node.clone());
    let waited = before.state.wait.as_ref().map(|wait| wait.key.clone());
    let cx = Cx {
        now_ms: now.ms(),
        seed: before.seed.unwrap_or_else(|| half(run.conversation.uuid())),
        offset_minutes: 0,
        limits: Limits::default(),
        calls: lens.policy.has(Module::Sessions),
    };
    let spoken = before.locale.as_deref();
    let program = spoken.map_or(program, |locale| program.spoken_in(locale));
    let Ok(turn) = flow::step(program, before.state, arrival, &cx) else {
        return Ok(None);
    };
    let mut way = before.way;
    way.extend(turn.trace.iter().map(|visit| {
        let port = |port| program.port_name(visit.unit, visit.node, port);
        Visited {
            node: program.node(visit.unit, visit.node).1.to_owned(),
            port: visit.port.map(port),
            at: now,
        }
    }));
    way.drain(..way.len().saturating_sub(MOST_VISITED));
    let marks = flow::figures::marks(program, &turn);
    let mut said = Vec::new();
    let mut labels = Vec::new();
    let (mut priority, mut team) = (None, None);
    let mut opens = Vec::new();
    let mut then = Then::Flow;
    let mut asks = None;
    let mut deeds = Deeds::new(run, now, before.proved, before.mails);
    if let (What::Proven(address), None) = (&arrival.what, turn.ignored) {
        deeds.proves(address);
    }
    // What is left aside changes no question; a deadline that passed before it may have.
    let still = turn.state.wait.as_ref().map(|wait| &wait.key) == waited.as_ref();
    let mut awaits = before.awaits.filter(|_| turn.ignored.is_some() && still);
    for effect in turn.effects {
        let id = message_id(run.conversation, effect.key(), now);
        match effect {
            Effect::Send { part, .. } => {
                let text = text(&markdown(&part));
                said.extend(text.map(|text| Said { id, text }));
            }
            Effect::Await { spec, .. } => awaits = serde_json::to_value(spec).ok(),
            Effect::Timer { .. } => {}
            Effect::Handoff {
                note, team: whose, ..
            } => {
                let note = note.as_deref().and_then(text);
                then = Then::People {
                    note: note.map(|text| Said { id, text }),
                    // A team that is gone by now gives it back to the workspace.
                    team: whose.and_then(|team| team.parse().ok()),
                };
            }
            Effect::End { .. } => then = Then::Nobody,
            Effect::Action {
                action: Action::AddTag { tag },
                ..
            } => labels.extend(LabelName::parse(&tag)),
            Effect::Action {
                action: Action::SetPriority { priority: urgency },
                ..
            } => priority = Some(flow_rule::priority(urgency)),
            // What is no id, no published flow names: E133.
            Effect::Action {
                action: Action::PutToTeam { team: whose },
                ..
            } => team = whose.parse().ok().or(team),
            Effect::Action {
                action: Action::OpenUrl { url, new_window },
                ..
            } => opens.push(Opened { url, new_window }),
            // How often its node was come to is in the figures.
            Effect::Action {
                action: Action::Track { .. },
                ..
            } => {}
            Effect::Http { key, request } => {
                asks = Some(FlowRequest::new(run, &key, &request, now)?);
            }
            Effect::Action {
                key,
                action: Action::Email { to, subject, text },
            } => deeds.mail(&key, to, (&subject, &text))?,
            Effect::Action {
                key,
                action: Action::SetContact { name, value },
            } => deeds.note(key, name, &value),
            Effect::OfferCall {
                key,
                kind,
                md,
                team: whose,
                ..
            } => {
                let whose = whose.and_then(|team| team.parse().ok());
                let url = offers.url((run, &key), (kind, whose), now);
                let words = md.and_then(|md| text(&format!("{md}\n\n{url}")));
                said.extend(words.map(|text| Said { id, text }));
                awaits = Some(json!({ "for": "call", "kind": kind, "url": url }));
            }
        }
    }
    // They wrote before the schedule said that it is over: nobody would see it in what is closed.
    let said_too_late = turn.ignored == Some(flow::Ignored::Ended)
        && matches!(
            arrival.what,
            What::Text(_) | What::Choice(_) | What::Files(_) | What::Proven(_)
        );
    if said_too_late && matches!(then, Then::Nobody) {
        then = Then::ANYBODY;
    }
    // A proof is of one question: it goes on while that is asked.
    let asks_again = turn.state.wait.as_ref().map(|wait| wait.node.as_str()) == asked.as_deref();
    let wait = turn.state.wait.as_ref();
    let deadline = wait.and_then(|wait| wait.deadline).map(Timestamp::from_ms);
    let standing = Standing {
        state: turn.state,
        awaits,
        progress: turn.progress,
        told: before.told,
        seed: before.seed,
        locale: before.locale,
        proof: before.proof.filter(|_| asks_again),
        proved: deeds.proved.clone(),
        mails: deeds.mails,
        heard: before.heard,
        opens,
        way,
    };
    let standing = serde_json::to_string(&standing).ok().and_then(Piece::of);
    // What is offered may be too much to keep: then people go on.
    let Some(standing) = standing else {
        return Ok(None);
    };
    let run = FlowRun {
        standing,
        deadline,
        ..run.clone()
    };
    Ok(Some(FlowTurn {
        run,
        said,
        labels,
        priority,
        team,
        marks,
        code: None,
        deeds: deeds.written()?,
        asks,
        answers: None,
        then,
    }))
}

/// What a visitor sent, as the engine takes it: what they chose where a choice is waited for or a call is
/// offered, their files where files are waited for, and else what they wrote.
///
/// # Errors
/// When the run does not read.
pub fn arrived(run: &FlowRun, draft: &Draft, choice: &[String]) -> Result<Arrival, StoreError> {
    let standing = Standing::of(run)?;
    let awaits = standing.awaits.unwrap_or_default();
    let wait = standing.state.wait;
    let offered = wait.filter(|wait| wait.kind == WaitKind::Call && choice == [DECLINE]);
    let chooses = awaits["for"] == "choice" && !choice.is_empty();
    let sends = awaits["input"]["kind"] == "file" && !draft.files.is_empty();
    let what = if let Some(wait) = offered {
        What::Call {
            key: wait.key,
            did: CallDid::Declined,
        }
    } else if chooses {
        What::Choice(choice.to_vec())
    } else if sends {
        let files = draft.files.iter().map(|file| FileRef {
            id: file.id.to_string(),
            media_type: file.media.word().to_owned(),
        });
        What::Files(files.collect())
    } else {
        let text = draft.text.as_ref().map_or("", Text::reveal);
        What::Text(text.to_owned())
    };
    Ok(Arrival {
        id: Some(draft.client_message_id.to_string()),
        what,
    })
}
