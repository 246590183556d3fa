//! What lets a device into a call: a token that is good once, within a minute, and that somebody's
//! server may hand to a device.

use serde::Serialize;
use shared::{
    app::{
        App,
        ice::{self, CREDENTIALS_FOR},
        limit::Act,
    },
    domain::{CallId, JoinId, Timestamp, call::Side, retention::TICKET_LIFETIME, token::Secret},
    http::{Client, Problem, actor::Entry},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        call::{Call, JoinPass},
        socket::Holder,
    },
    words,
};
use utoipa::ToSchema;

/// What lets one device in.
#[derive(Serialize, ToSchema)]
pub struct JoinView {
    /// For `POST /v1/calls/join`, as the bearer; good once.
    #[schema(example = "cj_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksx.dGhlIHNlY3JldA")]
    join_token: String,
    /// Until when.
    expires_at: Timestamp,
}

/// What helps a device find a way to the other.
#[derive(Serialize, ToSchema)]
pub struct IceView {
    /// Servers to ask, in the form that `RTCPeerConnection` takes. Empty where none was set up: then
    /// only devices that reach each other directly get through.
    servers: Vec<IceServerView>,
    /// By which ways the device may speak to the other: `iceTransportPolicy` of `RTCPeerConnection`.
    policy: IcePolicy,
    /// How long their credentials are good.
    #[schema(example = 7200)]
    ttl_seconds: u64,
}

words! {
    /// By which ways a device may speak to the other.
    pub enum IcePolicy {
        /// By any.
        All = "all",
        /// Through a relay, so that neither learns the address of the other.
        Relay = "relay",
    }
}

/// A server that helps.
#[derive(Serialize, ToSchema)]
pub struct IceServerView {
    /// Its addresses.
    #[schema(example = json!(["turns:turn.example.com:443?transport=tcp"]))]
    urls: Vec<String>,
    /// A name that holds its own end, for a relay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1768485600:call_01kf0a1b2c3d4e5f6g7h8j9k0m-guest")]
    username: Option<String>,
    /// What proves the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sm13m5i/Q+cloJMuSEGNFaE3Dn8=")]
    credential: Option<String>,
}

/// The servers for a side of a call, with fresh credentials.
pub fn ice(app: &App, call: &Call, side: Side, now: Timestamp) -> IceView {
    let servers = ice::servers(&app.config.relay, call.id, side, now);
    let view = |server: ice::IceServer| {
        let (username, credential) = server.credentials.unzip();
        IceServerView {
            urls: server.urls,
            username,
            credential,
        }
    };
    IceView {
        servers: servers.into_iter().map(view).collect(),
        policy: match call.relay_only {
            Some(true) => IcePolicy::Relay,
            _ => IcePolicy::All,
        },
        ttl_seconds: CREDENTIALS_FOR.as_secs(),
    }
}

/// Puts a pass into `transaction`: it is good once that is committed.
pub fn place(
    transaction: &mut Transaction,
    entry: &Entry,
    call: CallId,
    holder: Holder,
) -> Result<JoinView, Problem> {
    let secret = Secret::generate().ok_or_else(|| Problem::internal("no random numbers"))?;
    let (workspace, now) = (entry.workspace, entry.now);
    let id = JoinId::new(now);
    let pass = JoinPass {
        id,
        workspace,
        token: secret.hash(),
        call,
        holder,
        created_at: now,
    };
    transaction.create(&Stored::new(pass, &entry.policy), &Unsealed)?;
    Ok(JoinView {
        join_token: JoinPass::token(workspace, id, &secret),
        expires_at: now.plus(TICKET_LIFETIME),
    })
}

/// Makes a pass, of which a side of a call gets only so many.
pub async fn issue(
    app: &App,
    client: &Client,
    entry: &Entry,
    (call, side): (CallId, Side),
    holder: Holder,
) -> Result<JoinView, Problem> {
    let subject = format!("{call} {}", side.word());
    let _ = app.admit(client, Act::JoinCall, &subject).await?;
    let mut transaction = Transaction::new(entry.now);
    let view = place(&mut transaction, entry, call, holder)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(view),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::internal("an id that was there")),
    }
}
