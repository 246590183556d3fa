//! `POST /v1/calls/join`: a device brings its join token and gets the ticket of a socket. Whoever
//! called is there from then on, and it rings.

use axum::{
    extract::{FromRequestParts, State},
    http::{StatusCode, header, request::Parts},
};
use serde::Serialize;
use shared::{
    app::App,
    domain::{
        JoinId, WorkspaceId,
        call::{Happening, Side},
        policy::Module,
        token::Secret,
    },
    http::{
        Code, Json, Problem, Problems,
        ticket::{self, TicketView},
    },
    store::{
        CommitError, Stored, Transaction, Unsealed,
        call::{Call, JoinPass},
        keys,
        socket::Holder,
    },
};
use utoipa::ToSchema;

use crate::{
    door::{self, IceView},
    view::CallView,
};

/// How often a join that met another change of the call is tried again.
const RACES: u32 = 4;

/// A join token that has the right shape. Nothing has been read yet.
#[derive(Clone, Debug)]
pub struct JoinToken {
    workspace: WorkspaceId,
    pass: JoinId,
    secret: Secret,
}

impl FromRequestParts<App> for JoinToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let value = parts.headers.get(header::AUTHORIZATION);
        let value = value.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
        let value = value.to_str().ok().and_then(|value| value.split_once(' '));
        let bearer = value.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let read = bearer.and_then(|(_, token)| JoinPass::read_token(token.trim()));
        let (workspace, pass, secret) = read.ok_or_else(|| Problem::new(Code::TokenInvalid))?;
        Ok(Self {
            workspace,
            pass,
            secret,
        })
    }
}

/// A device that is in.
#[derive(Serialize, ToSchema)]
pub struct Joined {
    /// The call.
    call: CallView,
    /// On which side it is.
    side: Side,
    /// Whether it gives way when both offer at once (perfect negotiation of WebRTC).
    polite: bool,
    /// What opens the socket. The first frame on it is `call.hello`.
    socket: TicketView,
    /// What helps to find a way to the other device.
    ice: IceView,
}

/// Join a call.
#[utoipa::path(
    post,
    path = "/v1/calls/join",
    operation_id = "join_call",
    responses((status = 201, description = "In.", body = Joined), Problems),
    security(("join" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: JoinToken,
) -> Result<(StatusCode, Json<Joined>), Problem> {
    let invalid = || Problem::new(Code::TokenInvalid);
    let workspace = token.workspace;
    let at_pass = keys::join_pass(workspace, token.pass);
    let entry = app.enter(workspace, vec![at_pass.clone()]).await;
    let entry = entry.map_err(|problem| match problem.code() {
        // A workspace that is gone is told from a token that is none by nobody.
        Code::NotFound => invalid(),
        _ => problem,
    })?;
    entry.require(Module::Sessions)?;
    let pass = entry
        .open::<JoinPass>(&at_pass)?
        .filter(|pass| pass.token.matches(&token.secret))
        .ok_or_else(invalid)?;
    let side = match pass.holder {
        Holder::Guest(_) => Side::Guest,
        Holder::Member { .. } | Holder::Visitor { .. } => Side::Agent,
    };
    let at_call = keys::call(workspace, pass.call);
    for _ in 0..RACES {
        let fetched = app.store.batch(vec![at_call.clone()]).await?;
        let call = fetched.get::<Call>(&at_call, &Unsealed, entry.lens())?;
        let call = call.ok_or_else(Problem::not_found)?;
        let ready = call.course().step(Happening::Ready(side), entry.now);
        let course = ready.map_err(|_| Problem::new(Code::CallOver))?;
        let mut transaction = Transaction::new(entry.now);
        let used = transaction.consume(at_pass.clone());
        let socket = ticket::place(&mut transaction, &app, &entry, pass.holder)?;
        let call = match course == call.course() {
            true => call,
            false => {
                let next = Stored::next(call.on(course), &entry.policy);
                transaction.replace(&next, &Unsealed)?;
                next.into_record()
            }
        };
        match app.store.commit(transaction).await {
            Ok(()) => {
                let joined = Joined {
                    side,
                    polite: side.is_polite(),
                    socket,
                    ice: door::ice(&app, &call, side, entry.now),
                    call: CallView::new(&call, entry.now),
                };
                return Ok((StatusCode::CREATED, Json(joined)));
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(refusal)) if refusal.failed(used) => return Err(invalid()),
            Err(CommitError::Refused(_)) => {}
        }
    }
    Err(Problem::new(Code::Unavailable))
}
