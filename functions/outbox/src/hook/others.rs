//! What services are told of besides conversations and contacts: files, calls, flows, requests about
//! people's data, and a retention that holds now.
//!
//! Each follows from two images of one row. What tells it apart is what the newer one says, so a record
//! that comes again says the same.

use shared::{
    domain::{
        ConversationId, Timestamp, attachment::FileState, privacy::RequestStatus,
        webhook::HookEvent,
    },
    store::{
        Item, Record as _,
        attachment::Upload,
        call::Call,
        conversation::Status,
        job::{Job, JobKind, JobState},
        privacy::PrivacyRequest,
        subject::State,
    },
};

use super::{Happened, field};
use crate::image;

/// What happened between two images of a row that is neither of a conversation nor of a contact.
pub fn happened(new: Option<&Item>, old: Option<&Item>, at: Timestamp) -> Vec<Happened> {
    let Some(new) = new else {
        return Vec::new();
    };
    match image::kind(new) {
        Some(kind) if kind == Call::DECLARATION.name => call(new, old),
        Some(kind) if kind == Job::DECLARATION.name => {
            retention(new, old, at).into_iter().collect()
        }
        Some(kind) if kind == PrivacyRequest::DECLARATION.name => {
            request(new, old, at).into_iter().collect()
        }
        Some(kind) if kind == Upload::DECLARATION.name => {
            scanned(new, old, at).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// A call rang, was taken, or is over: one change may be more than one of them.
fn call(new: &Item, old: Option<&Item>) -> Vec<Happened> {
    let steps = [
        ("rang_at", HookEvent::CallStarted),
        ("accepted_at", HookEvent::CallAnswered),
        ("ended_at", HookEvent::CallEnded),
    ];
    // What never rang, nobody has to know of.
    if field::<Timestamp>(new, "rang_at").is_none() {
        return Vec::new();
    }
    let when =
        |image: Option<&Item>, name: &str| image.and_then(|image| field::<Timestamp>(image, name));
    let begun = steps.into_iter().filter_map(|(name, event)| {
        let at = when(Some(new), name).filter(|_| when(old, name).is_none())?;
        Some(Happened {
            call: field(new, "id"),
            // Gone from the row when it is over.
            conversation: field(new, "conversation").or_else(|| field(old?, "conversation")),
            ..Happened::of(event, name, at)
        })
    });
    begun.collect()
}

/// Everything bears the ends that a changed retention says.
fn retention(new: &Item, old: Option<&Item>, at: Timestamp) -> Option<Happened> {
    let is_done = |image: &Item| field::<JobState>(image, "job_state") == Some(JobState::Done);
    let is_restamp = field::<JobKind>(new, "job_kind") == Some(JobKind::Restamp);
    let id = image::text(new, "id")?;
    (is_restamp && is_done(new) && !old.is_some_and(is_done))
        .then(|| Happened::of(HookEvent::RetentionApplied, id, at))
}

/// Somebody asks something about their data, or is answered. Whoever has not proved who they are has
/// asked nothing yet.
fn request(new: &Item, old: Option<&Item>, at: Timestamp) -> Option<Happened> {
    let status = |image: &Item| field::<RequestStatus>(image, "status");
    let asked = |status: &RequestStatus| *status != RequestStatus::NeedUserVerification;
    let now = status(new).filter(asked)?;
    let before = old.and_then(status).filter(asked);
    let event = match before {
        // What was never proved, nobody was told of.
        None if now == RequestStatus::InProgress => HookEvent::PrivacyRequestCreated,
        None => return None,
        Some(before) if before == now => return None,
        Some(_) => HookEvent::PrivacyRequestUpdated,
    };
    let rev = field::<u64>(new, "rev")?;
    Some(Happened {
        request: field(new, "id"),
        ..Happened::of(event, format!("rev {rev}"), at)
    })
}

/// A file was looked through.
fn scanned(new: &Item, old: Option<&Item>, at: Timestamp) -> Option<Happened> {
    let waits = |image: &Item| {
        let state = field::<FileState>(image, "file_state");
        state.is_none_or(|state| matches!(state, FileState::Pending | FileState::Scanning))
    };
    // A photo of a member is in no conversation.
    let conversation = field::<ConversationId>(new, "conversation")?;
    let id = image::text(new, "id")?;
    (!waits(new) && old.is_some_and(waits)).then(|| Happened {
        conversation: Some(conversation),
        attachment: field(new, "id"),
        ..Happened::of(HookEvent::AttachmentScanned, id, at)
    })
}

/// A flow came to lead a conversation, or leads it no more; or both, where its first turn was its last.
pub fn led(new: Option<&Item>, old: Option<&Item>, at: Timestamp) -> Vec<Happened> {
    let Some(new) = new else {
        return Vec::new();
    };
    let live = field::<State>(new, "state") == Some(State::Live);
    let (Some(rev), true) = (field::<u64>(new, "rev"), live) else {
        return Vec::new();
    };
    let leads = |image: &Item| field::<Status>(image, "status") == Some(Status::Bot);
    let over = match field::<Status>(new, "status") {
        Some(Status::Closed) => HookEvent::FlowFinished,
        _ => HookEvent::FlowHandedOver,
    };
    let events = match (old.is_some_and(leads), leads(new)) {
        (false, true) => vec![HookEvent::FlowStarted],
        (true, false) => vec![over],
        (false, false) if was_led_at_once(new, old) => vec![HookEvent::FlowStarted, over],
        _ => Vec::new(),
    };
    let told = events.into_iter();
    told.map(|event| Happened::of(event, format!("rev {rev}"), at))
        .collect()
}

/// Whether a flow began and ended between two images: a first one, or another.
fn was_led_at_once(new: &Item, old: Option<&Item>) -> bool {
    let led = |image: &Item| field::<bool>(image, "led") == Some(true);
    let anew = |image: &Item| field::<u64>(image, "led_anew").unwrap_or_default();
    let time = |name| field::<Timestamp>(new, name);
    match old {
        Some(old) => (led(new) && !led(old)) || anew(new) > anew(old),
        // What comes whole, by an import, began some time before its last line.
        None => led(new) && time("created_at") == time("last_activity_at"),
    }
}
