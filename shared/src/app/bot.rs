//! Flows that lead conversations: the programs of versions, and one turn after another.
//!
//! A version never changes, so its program is remembered for a few minutes by the environment that read
//! it: a turn then costs one batch read and one transaction, as a message without a flow does.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use flow::{
    Arrival, Cx, Document, Effect, Limits, State, Subflows, Surroundings, What,
    node::{Card, Part},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::App;
use crate::{
    domain::{
        ConversationId, FlowId, MessageId, Timestamp, WorkspaceId, flow::Piece, policy::Lens,
        text::Text,
    },
    store::{
        RootRef, StoreError, TenantKey,
        flow::Place,
        flow_run::{FlowRun, FlowTurn, Said, Then},
        keys,
    },
};

/// How long a program is remembered: no longer than the key it was opened with.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);
/// How many programs are remembered at once.
const REMEMBERED_PROGRAMS: usize = 64;
/// The most characters of a message.
const TEXT_CHARS: usize = 10_000;

type Name = (WorkspaceId, FlowId, u64);

/// Programs that were read already.
#[derive(Clone, Default)]
pub struct Programs(Arc<Mutex<HashMap<Name, Kept>>>);

/// A program, and when it was asked for last.
type Kept = (Arc<flow::Compiled>, Timestamp);

impl Programs {
    fn get(&self, name: Name, now: Timestamp) -> Option<Arc<flow::Compiled>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, until)| *until > now);
        known.get(&name).map(|(program, _)| Arc::clone(program))
    }

    fn keep(&self, name: Name, program: &Arc<flow::Compiled>, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_PROGRAMS {
            known.clear();
        }
        known.insert(name, (Arc::clone(program), now.plus(REMEMBERED)));
    }
}

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
}

/// A run that has not begun.
pub fn new_run(
    (workspace, conversation): (WorkspaceId, ConversationId),
    (flow, version): (FlowId, u64),
    now: Timestamp,
) -> Option<FlowRun> {
    let standing = Standing {
        state: State::new(),
        awaits: None,
        progress: None,
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
        rev: 1,
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
            Some(program) => step(&program, &run, arrival, lens.now)?,
            None => None,
        };
        Ok(turn.unwrap_or_else(|| FlowTurn {
            run: FlowRun {
                deadline: None,
                ..run
            },
            said: Vec::new(),
            then: Then::People(None),
        }))
    }

    async fn program_of(
        &self,
        run: &FlowRun,
        tenant_key: &TenantKey,
        lens: Lens<'_>,
    ) -> Result<Option<Arc<flow::Compiled>>, StoreError> {
        let name = (run.workspace, run.flow, run.version);
        if let Some(known) = self.programs.get(name, lens.now) {
            return Ok(Some(known));
        }
        let place = Place {
            workspace: run.workspace,
            flow: run.flow,
            version: Some(run.version),
        };
        let head = keys::flow(run.workspace, run.flow);
        let mut wanted = vec![keys::data_key(&RootRef::of(&head))];
        wanted.extend(place.keys());
        let fetched = self.store.batch(wanted).await?;
        let Some(key) = fetched.data_key(&head, tenant_key)? else {
            return Ok(None);
        };
        let text = place.read(&fetched, &key, lens)?;
        let document = text.and_then(|text| Document::parse(text.as_bytes()).ok());
        let around = Surroundings::default();
        let program = document
            .and_then(|document| flow::compile(&document, &Subflows::new(), &around).ok())
            .map(Arc::new);
        if let Some(program) = &program {
            self.programs.keep(name, program, lens.now);
        }
        Ok(program)
    }
}

/// One step of the engine as a turn; none where it cannot be taken here.
fn step(
    program: &flow::Compiled,
    run: &FlowRun,
    arrival: &Arrival,
    now: Timestamp,
) -> Result<Option<FlowTurn>, StoreError> {
    let before = Standing::of(run)?;
    let bits = run.conversation.uuid().as_u128();
    let cx = Cx {
        now_ms: now.ms(),
        // The last half of an id is chance.
        seed: u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default(),
        offset_minutes: 0,
        limits: Limits::default(),
    };
    let Ok(turn) = flow::step(program, before.state, arrival, &cx) else {
        return Ok(None);
    };
    let mut said = Vec::new();
    let mut then = Then::Flow;
    let mut awaits = match turn.ignored {
        Some(_) => before.awaits,
        None => None,
    };
    for effect in turn.effects {
        let id = message_id(run.conversation, effect.key(), now);
        match effect {
            Effect::Send { part, .. } => {
                let text = text(&markdown(&part));
                said.extend(text.map(|text| Said { id, text }));
            }
            Effect::Await { spec, .. } => awaits = serde_json::to_value(spec).ok(),
            Effect::Timer { .. } => {}
            Effect::Handoff { note, .. } => {
                let note = note.as_deref().and_then(text);
                then = Then::People(note.map(|text| Said { id, text }));
            }
            Effect::End { .. } => then = Then::Nobody,
            // No published flow asks for these: E160. Should one, people go on.
            Effect::Http { .. } | Effect::OfferCall { .. } | Effect::Action { .. } => {
                then = Then::People(None);
            }
        }
    }
    let wait = turn.state.wait.as_ref();
    let deadline = wait.and_then(|wait| wait.deadline).map(Timestamp::from_ms);
    let standing = Standing {
        state: turn.state,
        awaits,
        progress: turn.progress,
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
    Ok(Some(FlowTurn { run, said, then }))
}

/// The id of what a flow says: it follows from the conversation and the place in the flow, so that the
/// same turn says the same thing once.
fn message_id(conversation: ConversationId, key: &str, now: Timestamp) -> MessageId {
    let hash = digest(&SHA256, format!("{conversation}|{key}").as_bytes());
    let mut bytes = *MessageId::new(now).uuid().as_bytes();
    // The time stays in front, so that ids sort as others do.
    bytes[8..].copy_from_slice(&hash.as_ref()[..8]);
    bytes[6..8].copy_from_slice(&[0x70 | (hash.as_ref()[8] & 0x0f), hash.as_ref()[9]]);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    MessageId::from_uuid(Uuid::from_bytes(bytes))
}

/// A text as a message takes one; none where nothing is left.
fn text(source: &str) -> Option<Text> {
    let kept = |c: &char| !c.is_control() || ['\n', '\t', '\r'].contains(c);
    let text: String = source.chars().filter(kept).take(TEXT_CHARS).collect();
    Text::parse(&text).ok()
}

/// What a flow says, in Markdown.
fn markdown(part: &Part) -> String {
    match part {
        Part::Text { md } => md.clone(),
        Part::Image { url, alt } => format!("![{}]({url})", alt.as_deref().unwrap_or_default()),
        Part::File { url, name } => format!("[{}]({url})", name.as_deref().unwrap_or(url)),
        Part::Video { url } | Part::Audio { url } | Part::Embed { url } => url.clone(),
        Part::Cards { items } => items.iter().map(card).collect::<Vec<_>>().join("\n\n"),
    }
}

fn card(card: &Card) -> String {
    let title = match &card.url {
        Some(url) => format!("[{}]({url})", card.title),
        None => format!("**{}**", card.title),
    };
    let image = card.image.as_ref().map(|image| format!("![]({image})"));
    let lines = [Some(title), card.md.clone(), image];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// What a visitor wrote, as the engine takes it.
pub fn written(text: Option<&Text>, client_message_id: Uuid) -> Arrival {
    let text = text.map_or("", Text::reveal);
    Arrival {
        id: Some(client_message_id.to_string()),
        what: What::Text(text.to_owned()),
    }
}
