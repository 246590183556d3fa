//! `POST /v1/guest/sessions`: somebody comes who wants to call or be called, without an account.
//!
//! By an app, from one of its pages or bundles; or by a link that a member gave them. Who they are is
//! not asked. An app may say whom it calls for, by a reference that it signs: then calls can be
//! found and deleted by it, and only its keyed hash is kept.

use aws_lc_rs::hmac;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use shared::{
    app::{App, bot::CallOffer, limit::Act},
    domain::{
        CallLinkId, GuestId, Timestamp, WorkspaceId,
        call::CallKind,
        policy::Module,
        text::ExternalId,
        token::{self, Secret},
    },
    http::{Allowance, Client, Code, Json, Problem, Problems, actor::Entry, guest::check_origin},
    store::{
        CommitError, KeyedHash, Stored, Transaction, Unsealed,
        app::{App as Stock, Identity},
        call::{CallLink, Guest, LINK_PREFIX, recognise},
        keyring::Use,
        keys,
    },
};
use utoipa::ToSchema;
use uuid::Uuid;

/// Who comes, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartGuest {
    /// The public key of the app; or a link.
    #[schema(example = "pk_01kf0a1b2c3d4e5f6g7h8j9k0m01kf0a1b2c3d4e5f6g7h8j9k0n")]
    app_key: Option<String>,
    /// Whom the app calls for, in its own words: of ours it becomes a keyed hash at once. Only with
    /// `user_signature`.
    #[schema(value_type = Option<String>, max_length = 255, example = json!(null))]
    user_ref: Option<ExternalId>,
    /// HMAC-SHA-256 of `user_ref` under the app's identity secret, in lower-case hexadecimal.
    #[schema(max_length = 64, example = json!(null))]
    user_signature: Option<String>,
    /// The token of a link that a member made or a flow offered; or an app's key.
    #[schema(max_length = 200, example = json!(null))]
    link: Option<String>,
    /// With a link: made by the client once, so that the same device may ask again.
    #[schema(example = json!(null))]
    client_id: Option<Uuid>,
}

/// A session of a guest.
#[derive(Serialize, ToSchema)]
pub struct GuestSession {
    /// For `Authorization: Bearer`, until `expires_at`.
    #[schema(example = "gt_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksx.dGhlIHNlY3JldA")]
    guest_token: String,
    /// When it ends.
    expires_at: Timestamp,
    /// Who the guest is, for this day.
    guest_id: GuestId,
    /// As what a call begins, where the link says so.
    call_kind: Option<CallKind>,
}

/// Start a guest session.
#[utoipa::path(
    post,
    path = "/v1/guest/sessions",
    operation_id = "start_guest_session",
    params(
        ("Origin" = Option<String>, Header, description = "Of a web app: one of its origins. Browsers send it."),
        ("X-Bundle-Id" = Option<String>, Header, description = "Of a mobile app: its bundle."),
    ),
    request_body = StartGuest,
    responses((status = 201, description = "The session.", body = GuestSession), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    Json(body): Json<StartGuest>,
) -> Result<(StatusCode, Allowance, Json<GuestSession>), Problem> {
    let (allowed, session) = match (&body.app_key, &body.link) {
        (Some(key), None) => by_app(&app, &client, &headers, key, &body).await?,
        (None, Some(link)) => by_link(&app, &client, link, body.client_id).await?,
        (Some(_), Some(_)) => {
            let fault = "an app_key or a link, and not both";
            return Err(Problem::invalid("#/link", "forbidden", fault));
        }
        (None, None) => {
            return Err(Problem::invalid(
                "#/app_key",
                "required",
                "this field, or link",
            ));
        }
    };
    Ok((StatusCode::CREATED, allowed, Json(session)))
}

async fn by_app(
    app: &App,
    client: &Client,
    headers: &HeaderMap,
    key: &str,
    body: &StartGuest,
) -> Result<(Allowance, GuestSession), Problem> {
    let key = Stock::read_public_key(key).ok_or_else(Problem::not_found)?;
    let (workspace, id) = (key.workspace, key.app);
    let allowed = app.admit(client, Act::StartGuest, &id.to_string()).await?;
    let place = keys::app(workspace, id);
    let entry = app.enter(workspace, vec![place.clone()]).await?;
    let stock = entry
        .open::<Stock>(&place)?
        .filter(|stock| stock.goes_by(&key, entry.now))
        .ok_or_else(Problem::not_found)?;
    check_origin(&stock, headers)?;
    if stock.disabled_at.is_some() {
        return Err(Problem::new(Code::AppOff));
    }
    entry.require(Module::Sessions)?;
    let user_ref = reference(&stock, &entry, body)?;
    let secret = Secret::generate().ok_or_else(|| Problem::internal("no random numbers"))?;
    let guest = newcomer(&entry, &secret, Some(id), user_ref);
    let stored = Stored::new(guest, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&stored, &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok((allowed, session(stored.record(), &secret, None))),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::internal("an id that was there")),
    }
}

/// What recognises whom the app calls for, when it signed for that.
fn reference(
    stock: &Stock,
    entry: &Entry,
    body: &StartGuest,
) -> Result<Option<KeyedHash>, Problem> {
    let (reference, signature) = match (&body.user_ref, &body.user_signature) {
        (Some(reference), Some(signature)) => (reference, signature),
        (None, None) if stock.identity == Identity::Required => {
            return Err(Problem::new(Code::Unauthenticated));
        }
        (None, None) => return Ok(None),
        _ => {
            return Err(Problem::invalid(
                "#/user_signature",
                "required",
                "user_ref and user_signature, or neither",
            ));
        }
    };
    if stock.identity == Identity::Off {
        return Err(Problem::invalid(
            "#/user_ref",
            "forbidden",
            "this app takes no signed identity",
        ));
    }
    let signature = HEXLOWER.decode(signature.as_bytes());
    let signature = signature.map_err(|_| Problem::new(Code::TokenInvalid))?;
    let signed = |secret: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        hmac::verify(&key, reference.reveal().as_bytes(), &signature).is_ok()
    };
    let former = stock.former_identity_secret(&entry.tenant_key, entry.now)?;
    if signed(&stock.identity_secret(&entry.tenant_key)?)
        || former.is_some_and(|former| signed(&former))
    {
        Ok(Some(recognise(&entry.tenant_key, reference)))
    } else {
        Err(Problem::new(Code::TokenInvalid))
    }
}

async fn by_link(
    app: &App,
    client: &Client,
    link: &str,
    client_id: Option<Uuid>,
) -> Result<(Allowance, GuestSession), Problem> {
    let required = || Problem::invalid("#/client_id", "required", "this field, with a link");
    let device = client_id.ok_or_else(required)?;
    let invalid = || Problem::new(Code::TokenInvalid);
    let offer = CallOffer::read(link);
    let (workspace, id, brought) = match &offer {
        Some((offer, secret)) => (offer.workspace, offer.link, secret.clone()),
        None => {
            let read = token::read::<2>(LINK_PREFIX, link);
            let ([workspace, id], secret) = read.ok_or_else(invalid)?;
            let ids = (WorkspaceId::from_uuid(workspace), CallLinkId::from_uuid(id));
            (ids.0, ids.1, secret)
        }
    };
    let allowed = app.admit(client, Act::StartGuest, &id.to_string()).await?;
    let place = keys::call_link(workspace, id);
    let entry = app.enter(workspace, vec![place.clone()]).await?;
    entry.require(Module::Sessions)?;
    let found = entry.open::<CallLink>(&place)?;
    // A flow's is there as soon as somebody comes by it.
    let is_first = found.is_none();
    let offered =
        || offer.and_then(|(offer, _)| offer.link(&entry.tenant_key, &brought, entry.now));
    let link = found
        .or_else(offered)
        .filter(|link| link.token.matches(&brought))
        .ok_or_else(invalid)?;
    // Everything of the session follows from link and device: whoever asks again is told the same.
    let device = entry
        .tenant_key
        .hash(Use::Call, &format!("link {id} {device}"));
    let secret = format!("guest of {id} {device}");
    let secret = Secret::from_bytes(*entry.tenant_key.hash(Use::Call, &secret).as_bytes());
    let guest = Guest {
        id: GuestId::derived(link.created_at, device.as_bytes()),
        asks: link.member,
        asks_team: link.team,
        conversation: link.conversation,
        ..newcomer(&entry, &secret, None, None)
    };
    let kind = Some(link.call_kind);
    let known = |guest: &Guest| session(guest, &secret, kind);
    match link.used_by {
        Some(user) if user == device => {
            let place = keys::guest(workspace, guest.id);
            let fetched = app.store.batch(vec![place.clone()]).await?;
            let found = fetched.get::<Guest>(&place, &Unsealed, entry.lens())?;
            let found = found.ok_or_else(invalid)?;
            return Ok((allowed, known(&found)));
        }
        Some(_) => return Err(invalid()),
        None => {}
    }
    let stored = Stored::new(guest, &entry.policy);
    let used = CallLink {
        used_by: Some(device),
        ..link
    };
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&stored, &Unsealed)?;
    match is_first {
        true => transaction.create(&Stored::new(used, &entry.policy), &Unsealed)?,
        false => transaction.replace(&Stored::next(used, &entry.policy), &Unsealed)?,
    };
    match app.store.commit(transaction).await {
        Ok(()) => Ok((allowed, known(stored.record()))),
        Err(CommitError::Store(error)) => Err(error.into()),
        // Another device was faster, or this one twice at once: then it asks again.
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Unavailable)),
    }
}

fn newcomer(
    entry: &Entry,
    secret: &Secret,
    app: Option<shared::domain::AppId>,
    user_ref: Option<KeyedHash>,
) -> Guest {
    Guest {
        id: GuestId::new(entry.now),
        workspace: entry.workspace,
        app,
        token: secret.hash(),
        user_ref,
        asks: None,
        asks_team: None,
        conversation: None,
        call: None,
        call_request: None,
        created_at: entry.now,
        rev: 1,
    }
}

fn session(guest: &Guest, secret: &Secret, call_kind: Option<CallKind>) -> GuestSession {
    GuestSession {
        guest_token: Guest::token(guest.workspace, guest.id, secret),
        expires_at: guest.ends_at(),
        guest_id: guest.id,
        call_kind,
    }
}
