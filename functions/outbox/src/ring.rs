//! A call rings, stops ringing, or is further: those who may take it hear so, and the two devices in it. What a
//! guest begins rings on the devices of the team as well.
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
        AppId, CallId, GuestId, MemberId, Policy, Timestamp,
        call::{CallKind, CallState, EndReason, Side},
        policy::Lens,
    },
    lambda::stream::{Change, Record as Changed},
    store::{
        Item, Record as _, StoreError, SubjectId, Unsealed,
        call::Call,
        keys::HEAD,
        record::read_item,
        socket::{Listener, Topic},
    },
};

use crate::image;

/// How long frames may take together.
const BUDGET: Duration = Duration::from_secs(8);

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
        if after == Some(CallState::Ringing) {
            let frame = Frame::Ring {
                call: call.id,
                kind: call.call_kind,
                caller: call.caller,
                guest: call.guest,
                app: call.app,
                member: call.member,
                deadline: call.course().deadline(),
            };
            app.nudge(audience(app, call, lens.now).await?, &frame)
                .await?;
            if let (Side::Guest, Some(until)) = (call.caller, call.course().deadline()) {
                app.ring(Ring {
                    workspace: call.workspace,
                    call: call.id,
                    called: call.asked.map_or(Called::Team, Called::Member),
                    until,
                })
                .await?;
            }
        } else if before == Some(CallState::Ringing) {
            let frame = Frame::RingEnd {
                call: call.id,
                reason: call.reason,
                member: call.member,
            };
            app.nudge(audience(app, call, lens.now).await?, &frame)
                .await?;
        }
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
    }
    Ok(())
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
