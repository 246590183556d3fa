//! What people do with a call.

use shared::{
    app::App,
    domain::call::{CallState, Happening, Refused, Side},
    http::{Code, Problem, actor::Entry},
    store::{
        call::{Call, Caller, Stepped},
        keys,
    },
    words,
};

words! {
    /// What somebody does with a call.
    pub enum CallAct {
        /// Take it.
        Accept = "accept",
        /// Take it back, having called.
        Cancel = "cancel",
        /// Say no.
        Decline = "decline",
        /// Hang up.
        End = "end",
        /// Say that a deadline has passed; the server's clock decides.
        Knock = "knock",
    }
}

/// The call that a batch on entry was asked for.
pub fn read(entry: &Entry, id: shared::domain::CallId) -> Result<Call, Problem> {
    let call = entry.open::<Call>(&keys::call(entry.workspace, id))?;
    call.ok_or_else(Problem::not_found)
}

/// The call that goes on between a guest and this member.
///
/// # Errors
/// 404; 409 `call_over`; 403 for a call that others are in.
pub fn taken(
    entry: &Entry,
    id: shared::domain::CallId,
    member: shared::domain::MemberId,
) -> Result<Call, Problem> {
    let call = read(entry, id)?;
    if call.course().at(entry.now).is_over() {
        return Err(Problem::new(Code::CallOver));
    }
    match call.side_of(Caller::Member(member)) {
        Some(_) => Ok(call),
        None => Err(Problem::new(Code::Forbidden)),
    }
}

/// The call of a guest, who sees no other.
pub fn own(
    entry: &Entry,
    id: shared::domain::CallId,
    guest: shared::domain::GuestId,
) -> Result<Call, Problem> {
    let call = read(entry, id)?;
    match call.guest == guest {
        true => Ok(call),
        false => Err(Problem::not_found()),
    }
}

/// Does it: the call as it is then. The same again changes nothing.
///
/// # Errors
/// 403 for what is not theirs to do; 409 `call_taken` when a colleague was faster, `call_over` and
/// `call_state` for what comes too late or too early.
pub async fn act(
    app: &App,
    entry: &Entry,
    call: Call,
    by: Caller,
    act: CallAct,
) -> Result<Call, Problem> {
    let side = by.side();
    if let Caller::Member(member) = by {
        let to_team = call.caller == Side::Guest && call.asked.is_none();
        match act {
            CallAct::Accept if !call.is_for(member) => return Err(Problem::new(Code::Forbidden)),
            // It goes on ringing for the others.
            CallAct::Decline if to_team => return Ok(call.at(entry.now)),
            CallAct::Decline if !call.is_for(member) => return Err(Problem::new(Code::Forbidden)),
            CallAct::Cancel | CallAct::End if call.member != Some(member) => {
                return Err(Problem::new(Code::Forbidden));
            }
            _ => {}
        }
    }
    let what = match act {
        CallAct::Accept => Happening::Accept(side),
        CallAct::Cancel => Happening::Cancel(side),
        CallAct::Decline => Happening::Decline(side),
        CallAct::End => Happening::End(side),
        CallAct::Knock => Happening::Knock,
    };
    let take = |next: &mut Call| match (act, by) {
        (CallAct::Accept, Caller::Member(me)) => match next.member {
            None => {
                next.member = Some(me);
                Ok(())
            }
            Some(member) if member == me => Ok(()),
            Some(_) => Err(Refused::TooLate),
        },
        _ => Ok(()),
    };
    match app.store.step_call(call, what, take, entry.lens()).await? {
        Stepped::Done(call) => Ok(call),
        Stepped::Gone => Err(Problem::not_found()),
        Stepped::Refused(refused, call) => Err(problem(refused, act, &call)),
    }
}

fn problem(refused: Refused, act: CallAct, call: &Call) -> Problem {
    let taken = matches!(call.state, CallState::Connecting | CallState::Active);
    Problem::new(match refused {
        Refused::Over => Code::CallOver,
        Refused::NotYours => Code::Forbidden,
        Refused::TooLate if act == CallAct::Accept && taken => Code::CallTaken,
        Refused::TooEarly | Refused::TooLate => Code::CallState,
    })
}
