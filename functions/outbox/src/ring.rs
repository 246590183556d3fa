//! A call rings, stops ringing, or is further: those who may take it hear so, and the two devices in it. What a
//! guest begins rings on the devices of the team as well, and what a member begins in a conversation on the open
//! sockets and the devices of its visitor. Where it rang, it also stops: taken elsewhere, given up, or over.
//!
//! Hints, as all nudges are: who misses one learns the same from the list of open calls, and every read
//! of a call asks the clock.

use std::time::Duration;

use serde::Serialize;
use shared::{
    app::{
        App,
        push::{Called, Ring},
    },
    domain::{
        AppId, CallId, ContactId, ConversationId, GuestId, MemberId, Policy, Timestamp,
        call::{CallKind, CallState, EndReason, Side},
        policy::Lens,
    },
    lambda::stream::{Change, Record as Changed},
    store::{
        Item, Query, Record as _, StoreError, SubjectId, Table, Unsealed,
        call::Call,
        conversation::Conversation,
        db::key_of,
        keys::{self, HEAD},
        record::read_item,
        socket::{Listener, Socket, Topic},
        subject::State,
    },
};

use crate::image;

/// How long frames may take together.
const BUDGET: Duration = Duration::from_secs(8);
/// On how many open pages of a visitor it rings at the most.
const MOST_PAGES: u16 = 20;

#[derive(Debug, Serialize)]
#[serde(tag = "t")]
enum Frame {
    #[serde(rename = "call.ring")]
    Ring {
        call: CallId,
        kind: CallKind,
        caller: Side,
        guest: GuestId,
        #[serde(skip_serializing_if = "Option::is_none")]
        app: Option<AppId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        member: Option<MemberId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
    },
    #[serde(rename = "call.ring_end")]
    RingEnd {
        call: CallId,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<EndReason>,
        #[serde(skip_serializing_if = "Option::is_none")]
        member: Option<MemberId>,
    },
    #[serde(rename = "call.changed")]
    Changed {
        call: CallId,
        state: CallState,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<EndReason>,
        rev: u64,
    },
}

/// Tells of every call that changed in a batch, in its order.
pub async fn tell(app: &App, records: &[Changed]) {
    let told = tokio::time::timeout(BUDGET, tell_all(app, records)).await;
    match told {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(cause = %error, "a ring was lost"),
        Err(_) => tracing::warn!("rings took too long"),
    }
}

async fn tell_all(app: &App, records: &[Changed]) -> Result<(), StoreError> {
    let policy = Policy::platform();
    let lens = Lens {
        now: app.clock.now(),
        policy: &policy,
    };
    let read = |item: &Option<Item>| -> Result<Option<Call>, StoreError> {
        let item = item.as_ref().filter(|item| {
            image::kind(item) == Some(Call::DECLARATION.name)
                && image::text(item, "sk") == Some(HEAD)
        });
        match item {
            Some(item) => read_item::<Call>(item, &Unsealed, lens),
            None => Ok(None),
        }
    };
    for record in records {
        let images = &record.dynamodb;
        let (new, old) = (read(&images.new_image)?, read(&images.old_image)?);
        let new = new.filter(|_| record.event_name != Change::Remove);
        let Some(call) = new.as_ref().or(old.as_ref()) else {
            continue;
        };
        let state = |call: &Option<Call>| call.as_ref().map(|call| call.state);
        let (before, after) = (state(&old), state(&new));
        if before == after {
            continue;
        }
        // The two of the call first: whom else it rings for, and stops ringing for, takes its time.
        let gone = after.is_none();
        let frame = Frame::Changed {
            call: call.id,
            state: after.unwrap_or(CallState::Ended),
            reason: if gone {
                Some(EndReason::Forbidden)
            } else {
                call.reason
            },
            rev: call.rev,
        };
        // What is over names no socket any more; it did a moment ago.
        for side in Side::ALL {
            let socket = [new.as_ref(), old.as_ref()];
            let socket = socket
                .into_iter()
                .flatten()
                .find_map(|call| call.socket(*side));
            if let Some(socket) = socket.filter(|_| before != Some(CallState::Ended)) {
                app.connections.post(socket, &frame).await;
            }
        }
        if after == Some(CallState::Ringing) {
            let rings = Rings::of(app, call, lens).await?;
            let frame = Frame::Ring {
                call: call.id,
                kind: call.call_kind,
                caller: call.caller,
                guest: call.guest,
                app: call.app,
                member: call.member,
                conversation: call.conversation,
                deadline: call.course().deadline(),
            };
            rings.tell(app, call, &frame, lens).await?;
            if let Some(ring) = rings.on_devices(call) {
                app.ring(ring).await?;
            }
        } else if let Some(rang) = old.as_ref().filter(|old| old.state == CallState::Ringing) {
            // What is over names no conversation any more; it did a moment ago.
            let rings = Rings::of(app, rang, lens).await?;
            let frame = Frame::RingEnd {
                call: call.id,
                reason: call.reason,
                member: call.member,
            };
            rings.tell(app, rang, &frame, lens).await?;
            // By its own time a device stops by itself: it was told until when.
            let ring = rings.on_devices(rang);
            if let Some(ring) = ring.filter(|_| call.reason != Some(EndReason::NoAnswer)) {
                app.silence(ring).await?;
            }
        }
    }
    Ok(())
}

/// Where a call rings.
struct Rings {
    /// The visitor of the conversation that a member calls them in.
    visitor: Option<ContactId>,
}

impl Rings {
    async fn of(app: &App, call: &Call, lens: Lens<'_>) -> Result<Self, StoreError> {
        let Some(id) = call.conversation.filter(|_| call.caller == Side::Agent) else {
            return Ok(Self { visitor: None });
        };
        let place = keys::conversation(call.workspace, id);
        let fetched = app.store.batch(vec![place.clone()]).await?;
        let head = fetched.get::<Conversation>(&place, &Unsealed, lens)?;
        let head = head.filter(|head| head.state == State::Live);
        Ok(Self {
            visitor: head.map(|head| head.contact),
        })
    }

    async fn tell(
        &self,
        app: &App,
        call: &Call,
        frame: &Frame,
        lens: Lens<'_>,
    ) -> Result<(), StoreError> {
        app.nudge(audience(app, call, lens.now).await?, frame)
            .await?;
        let Some(visitor) = self.visitor else {
            return Ok(());
        };
        for socket in pages(app, visitor, lens).await? {
            if socket.workspace == call.workspace {
                app.connections.post(&socket.connection, frame).await;
            }
        }
        Ok(())
    }

    /// On whose devices, and until when.
    fn on_devices<'c>(&self, call: &'c Call) -> Option<Ring<'c>> {
        let to_team = || call.teammates.as_deref().map_or(Called::Team, Called::Some);
        let called = match (call.caller, self.visitor) {
            (Side::Guest, _) => call.asked.map_or_else(to_team, Called::Member),
            (Side::Agent, Some(visitor)) => Called::Contact(visitor),
            (Side::Agent, None) => return None,
        };
        Some(Ring {
            workspace: call.workspace,
            call: call.id,
            called,
            until: call.course().deadline()?,
        })
    }
}

/// The open sockets of a visitor, whatever they listen to.
async fn pages(app: &App, visitor: ContactId, lens: Lens<'_>) -> Result<Vec<Socket>, StoreError> {
    let list = Query::lists(keys::sockets(SubjectId::Contact(visitor))).limit(MOST_PAGES);
    let items = app.store.query(list).await?;
    let places = items.iter().filter_map(|item| key_of(Table::Data, item));
    let places: Vec<_> = places.collect();
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let fetched = app.store.batch(places.clone()).await?;
    let mut found = Vec::with_capacity(places.len());
    for place in &places {
        found.extend(fetched.get::<Socket>(place, &Unsealed, lens)?);
    }
    Ok(found)
}

/// Those who may take a call.
async fn audience(app: &App, call: &Call, now: Timestamp) -> Result<Vec<Listener>, StoreError> {
    let topic = match call.caller {
        Side::Agent => Topic::Guest(call.guest),
        Side::Guest => Topic::Calls,
    };
    let mut listeners = app.store.listeners(call.workspace, topic, now).await?;
    listeners.retain(|listener| match listener.who {
        SubjectId::Member(member) => call.is_for(member),
        SubjectId::Guest(guest) => guest == call.guest,
        _ => false,
    });
    Ok(listeners)
}
