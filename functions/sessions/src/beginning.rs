//! A call that begins: one at a time for a guest, and of two that begin against each other one.

use serde::Serialize;
use shared::{
    app::App,
    domain::{
        CallId, ConversationId, MemberId, Timestamp,
        call::{CallKind, CallState, Course, EndReason, Happening, Side, survivor},
    },
    http::{Code, Problem, actor::Entry},
    store::{
        CommitError, Fetched, Key, KeyedHash, Query, Record, Stored, Transaction, Unsealed,
        app::App as Stock,
        call::{Beginning, Call, CallBlock, Guest},
        contact::Contact,
        conversation::Conversation,
        db::listed_id,
        keyring::Use,
        keys,
        socket::Holder,
    },
};
use utoipa::ToSchema;

use crate::{
    door::{self, JoinView},
    view::CallView,
};

/// How many calls of one app may wait for somebody at once.
const MOST_RINGING: usize = 5;
/// How many calls that go on are looked at for that.
const LOOKED_AT: u16 = 100;
/// How often a beginning that lost a race is tried again.
const RACES: u32 = 4;

/// A call that began, and what lets its caller's device in.
#[derive(Serialize, ToSchema)]
pub struct BegunView {
    /// The call. It rings as soon as its caller's device has joined.
    call: CallView,
    /// What lets the caller's device in; none when the call is over already.
    join: Option<JoinView>,
    /// The call that goes on instead, when the two called each other at once.
    instead: Option<CallId>,
}

/// Whether a call is new.
pub enum Begun {
    /// It is.
    Now(BegunView),
    /// The same request began it before.
    Before(BegunView),
}

/// A call that somebody wants.
pub struct Wanted {
    /// The guest, as they were read.
    pub guest: Guest,
    /// As what.
    pub kind: CallKind,
    /// Who calls.
    pub caller: Side,
    /// The member whom it is for, or who calls.
    pub asked: Option<MemberId>,
    /// The conversation that a member calls its visitor in.
    pub conversation: Option<ConversationId>,
    /// The client's id of the request.
    pub client_id: uuid::Uuid,
    /// Who joins by the token.
    pub holder: Holder,
}

/// What stands beside the guest when a call begins.
struct Around {
    earlier: Option<Call>,
    app_is_off: bool,
    /// Whether the team lets the guest call no more.
    is_blocked: bool,
    /// Whether the guest's app wants a relay.
    relay_only: bool,
}

async fn around(app: &App, entry: &Entry, guest: &Guest, caller: Side) -> Result<Around, Problem> {
    let workspace = entry.workspace;
    let at_call = guest.call.map(|id| keys::call(workspace, id));
    let at_app = guest.app.map(|id| keys::app(workspace, id));
    // The team may call whom it blocked.
    let calls = caller == Side::Guest;
    let at_block = guest.user_ref.filter(|_| calls).map(CallBlock::id_of);
    let at_block = at_block.map(|id| keys::call_block(workspace, id));
    let at_head = guest.conversation.filter(|_| calls);
    let at_head = at_head.map(|id| keys::conversation(workspace, id));
    let places = [&at_call, &at_app, &at_block, &at_head];
    let wanted: Vec<_> = places.into_iter().flatten().cloned().collect();
    let fetched = match wanted.is_empty() {
        true => Fetched::default(),
        false => app.store.batch(wanted).await?,
    };
    let earlier = read::<Call>(entry, &fetched, at_call)?;
    let stock = read::<Stock>(entry, &fetched, at_app.clone())?;
    let block = read::<CallBlock>(entry, &fetched, at_block)?;
    let visitor = match read::<Conversation>(entry, &fetched, at_head)? {
        Some(head) => {
            let place = keys::contact(workspace, head.contact);
            let fetched = app.store.batch(vec![place.clone()]).await?;
            read::<Contact>(entry, &fetched, Some(place))?
        }
        None => None,
    };
    Ok(Around {
        earlier,
        is_blocked: block.is_some() || visitor.is_some_and(|visitor| visitor.blocked),
        relay_only: stock.as_ref().and_then(|stock| stock.relay_only) == Some(true),
        app_is_off: at_app.is_some() && stock.is_none_or(|stock| stock.disabled_at.is_some()),
    })
}

/// The members of the team that a guest asks for. Of one that has nobody, or is gone by now, all are asked.
async fn teammates(
    app: &App,
    entry: &Entry,
    wanted: &Wanted,
) -> Result<Option<Vec<MemberId>>, Problem> {
    let team = wanted.guest.asks_team;
    match team.filter(|_| wanted.caller == Side::Guest) {
        None => Ok(None),
        Some(team) => {
            let members = app.store.teammates(entry.workspace, team).await?;
            Ok(Some(members).filter(|members| !members.is_empty()))
        }
    }
}

/// What lies at a place that was asked for, if one was.
fn read<R: Record<Seal = Unsealed>>(
    entry: &Entry,
    fetched: &Fetched,
    place: Option<Key>,
) -> Result<Option<R>, Problem> {
    let found = place.map(|place| fetched.get::<R>(&place, &Unsealed, entry.lens()));
    Ok(found.transpose()?.flatten())
}

/// Refuses when as many calls of the app wait as may wait.
async fn check_ringing(app: &App, entry: &Entry, guest: &Guest) -> Result<(), Problem> {
    let open = keys::calls(entry.workspace, CallState::Ringing);
    let items = app
        .store
        .query(Query::lists(open).newest_first().limit(LOOKED_AT))
        .await?;
    let ids: Vec<CallId> = items.iter().filter_map(listed_id).collect();
    if ids.len() < MOST_RINGING {
        return Ok(());
    }
    let places: Vec<_> = ids
        .iter()
        .map(|id| keys::call(entry.workspace, *id))
        .collect();
    let fetched = app.store.batch_all(places.clone()).await?;
    let mut waiting = 0;
    for place in &places {
        let call = fetched.get::<Call>(place, &Unsealed, entry.lens())?;
        let call = call.map(|call| call.at(entry.now));
        waiting += usize::from(call.is_some_and(|call| {
            call.app == guest.app
                && call.caller == Side::Guest
                && matches!(call.state, CallState::Created | CallState::Ringing)
        }));
    }
    match waiting < MOST_RINGING {
        true => Ok(()),
        false => Err(Problem::new(Code::CallsRing)),
    }
}

fn view(call: &Call, join: Option<JoinView>, instead: Option<CallId>, now: Timestamp) -> BegunView {
    BegunView {
        call: CallView::new(call, now),
        join,
        instead,
    }
}

/// What is to become of the new call, and of the one before it.
enum Settled {
    /// The new one goes on.
    New,
    /// The new one goes on, the one before it gives way.
    NewInsteadOf(Box<Call>),
    /// The new one is over before it began.
    Over(EndReason, Option<CallId>),
}

/// How a new call goes with one that the guest is in already.
fn settle(earlier: Option<Call>, wanted: &Call, now: Timestamp) -> Result<Settled, Problem> {
    let Some(earlier) = earlier.map(|call| call.at(now)) else {
        return Ok(Settled::New);
    };
    let course = earlier.course();
    if course.is_over() {
        return Ok(Settled::New);
    }
    let waits = matches!(earlier.state, CallState::Created | CallState::Ringing);
    // Each called the other: for a call to the whole team, whoever of it calls is the other.
    let same_two = match wanted.caller {
        Side::Agent => wanted.asked.is_some_and(|member| earlier.is_for(member)),
        Side::Guest => wanted.asked.is_none() || wanted.asked == earlier.asked,
    };
    match (
        wanted.caller,
        earlier.caller != wanted.caller && waits && same_two,
    ) {
        (_, true) if survivor(earlier.id, wanted.id) == earlier.id => {
            Ok(Settled::Over(EndReason::Superseded, Some(earlier.id)))
        }
        (_, true) => Ok(Settled::NewInsteadOf(Box::new(earlier))),
        (Side::Guest, false) => Err(Problem::new(Code::CallLive)),
        (Side::Agent, false) => Ok(Settled::Over(EndReason::Busy, None)),
    }
}

/// Begins a call, or finds that the same request began it.
///
/// # Errors
/// 409 `call_live` when the guest is in a call, `calls_ring` when too many wait; 403 `app_off`,
/// `caller_blocked`.
pub async fn begin(app: &App, entry: &Entry, wanted: Wanted) -> Result<Begun, Problem> {
    let (now, workspace) = (entry.now, entry.workspace);
    let request = format!("begin {} {}", wanted.holder.subject(), wanted.client_id);
    let request: KeyedHash = entry.tenant_key.hash(Use::Call, &request);
    let teammates = teammates(app, entry, &wanted).await?;
    let mut guest = wanted.guest.clone();
    for _ in 0..RACES {
        let Around {
            earlier,
            app_is_off,
            is_blocked,
            relay_only,
        } = around(app, entry, &guest, wanted.caller).await?;
        if guest.call_request == Some(request)
            && let Some(call) = earlier
        {
            let mut transaction = Transaction::new(now);
            let join = match call.course().at(now).is_over() {
                true => None,
                false => Some(door::place(
                    &mut transaction,
                    entry,
                    call.id,
                    wanted.holder,
                )?),
            };
            if join.is_some() {
                commit(app, transaction).await?;
            }
            return Ok(Begun::Before(view(&call, join, None, now)));
        }
        if app_is_off {
            return Err(Problem::new(Code::AppOff));
        }
        if is_blocked {
            return Err(Problem::new(Code::CallerBlocked));
        }
        if wanted.caller == Side::Guest {
            check_ringing(app, entry, &guest).await?;
        }
        guest.conversation = wanted.conversation.or(guest.conversation);
        let mut call = Call::begin(Beginning {
            guest: &guest,
            kind: wanted.kind,
            caller: wanted.caller,
            asked: wanted.asked,
            teammates: teammates.clone(),
            // Of whoever comes by a link or in a conversation there is no app to ask.
            relay_only: Some(relay_only || entry.policy.calls_relay_only),
            now,
        });
        let settled = settle(earlier, &call, now)?;
        let mut transaction = Transaction::new(now);
        let (mut join, mut instead) = (None, None);
        match settled {
            Settled::Over(reason, other) => {
                instead = other;
                let over = Course {
                    state: CallState::Ended,
                    reason: Some(reason),
                    ended_at: Some(now),
                    ..call.course()
                };
                call = call.on(over);
            }
            Settled::New => {
                join = Some(door::place(
                    &mut transaction,
                    entry,
                    call.id,
                    wanted.holder,
                )?)
            }
            Settled::NewInsteadOf(earlier) => {
                join = Some(door::place(
                    &mut transaction,
                    entry,
                    call.id,
                    wanted.holder,
                )?);
                let course = earlier.course().step(Happening::Supersede, now);
                let course = course.map_err(|_| Problem::new(Code::Conflict))?;
                let gives_way = Stored::next(earlier.on(course), &entry.policy);
                transaction.replace(&gives_way, &Unsealed)?;
            }
        }
        let over = call.course().is_over();
        let stored = Stored::new(call, &entry.policy);
        transaction.create(&stored, &Unsealed)?;
        let next = Guest {
            // What is over at once takes nobody's place.
            call: if over {
                guest.call
            } else {
                Some(stored.record().id)
            },
            call_request: if over {
                guest.call_request
            } else {
                Some(request)
            },
            ..guest.clone()
        };
        transaction.replace(&Stored::next(next, &entry.policy), &Unsealed)?;
        match app.store.commit(transaction).await {
            Ok(()) => return Ok(Begun::Now(view(stored.record(), join, instead, now))),
            Err(CommitError::Store(error)) => return Err(error.into()),
            // Somebody else called meanwhile.
            Err(CommitError::Refused(_)) => {
                let place = keys::guest(workspace, guest.id);
                let fetched = app.store.batch(vec![place.clone()]).await?;
                let read = fetched.get::<Guest>(&place, &Unsealed, entry.lens())?;
                guest = read.ok_or_else(Problem::not_found)?;
            }
        }
    }
    Err(Problem::new(Code::Unavailable))
}

async fn commit(app: &App, transaction: Transaction) -> Result<(), Problem> {
    match app.store.commit(transaction).await {
        Ok(()) => Ok(()),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
