//! `POST /v1/workspaces/{workspace}/apps`: a new way in for visitors.
//!
//! The secret that identities are signed with is in this reply and in no other; a repeated request
//! with the same `Idempotency-Key` gets the same reply.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        AppId, Permission, WorkspaceId,
        billing::plan::Limited,
        text::{BundleId, Name, Origin},
    },
    http::{
        AccessToken, IdempotencyKey, Json, Path, Problem, Problems, Versioned, actor::Entry,
        idempotent::Ask,
    },
    store::{
        CommitError, StoreError, Stored, Transaction, Unsealed,
        app::{App as Stock, Identity, Label, Platform},
        audit::Deed,
        keys,
    },
};
use utoipa::ToSchema;

use crate::app::{AppView, check_place, distinct};

/// An app to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApp {
    /// What the team calls it.
    #[schema(example = "Our shop")]
    name: Name,
    /// Where it runs.
    platform: Platform,
    /// The origins of the web pages it may be used on: 1 to 20 for `web`, none for the others.
    #[serde(default)]
    #[schema(max_items = 20)]
    origins: Vec<Origin>,
    /// The mobile app it may be used in: for `ios` and `android`.
    bundle_id: Option<BundleId>,
    /// Whether visitors come with an identity that the customer signed.
    #[serde(default = "off")]
    #[schema(default = "off")]
    identity: Identity,
}

const fn off() -> Identity {
    Identity::Off
}

/// Create an app.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/apps",
    operation_id = "create_app",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeated request with the same key makes one app."),
    ),
    request_body = CreateApp,
    responses(
        (status = 201, description = "Made.", body = AppView),
        (status = 200, description = "Had been made before, by the same request.", body = AppView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    idempotency: IdempotencyKey,
    Json(body): Json<CreateApp>,
) -> Result<Response, Problem> {
    let member = app
        .member(&token, workspace, Permission::AppsManage, Vec::new())
        .await?;
    let entry = &member.entry;
    check_place(body.platform, &body.origins, body.bundle_id.as_ref())?;
    let room = app.room_for(entry, Limited::Apps).await?;
    let content = content(&body);
    let ask = Ask {
        tenant_key: &entry.tenant_key,
        principal: member.subject(),
        operation: "create_app",
        content: &content,
        now: entry.now,
    };
    let stored = Stored::new(new_app(entry, body)?, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&stored, &Unsealed)?;
    transaction.check_live(keys::policy(workspace));
    let line = entry.line(member.id, Deed::AppMade);
    transaction.audit(line.about(stored.record().id))?;
    room.bind(&mut transaction, workspace);
    let slot = idempotency.remember(&mut transaction, ask, stored.record().id)?;
    match app.store.commit(transaction).await {
        Ok(()) => reply(StatusCode::CREATED, entry, stored.record()),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            let made = IdempotencyKey::replayed::<AppId>(&refusal, slot, ask)?;
            if made.is_none() {
                room.left()?;
            }
            let place = keys::app(workspace, made.ok_or_else(Problem::not_found)?);
            let fetched = app.store.batch(vec![place.clone()]).await?;
            let made = fetched.get::<Stock>(&place, &Unsealed, entry.lens())?;
            reply(StatusCode::OK, entry, &made.ok_or_else(Problem::not_found)?)
        }
    }
}

fn new_app(entry: &Entry, body: CreateApp) -> Result<Stock, StoreError> {
    let id = AppId::new(entry.now);
    let secret = Stock::new_identity_secret(&entry.tenant_key, entry.workspace, id)?;
    Ok(Stock {
        team: None,
        asks_rating: None,
        relay_only: None,
        mails_offline: None,
        id,
        workspace: entry.workspace,
        name: Label::new(&body.name),
        platform: body.platform,
        origins: distinct(body.origins),
        bundle_id: body.bundle_id,
        identity: body.identity,
        identity_secret: secret,
        previous_secret: None,
        secret_rotated_at: None,
        key_salt: None,
        previous_key_salt: None,
        key_rotated_at: None,
        disabled_at: None,
        sessions_per_minute: None,
        created_at: entry.now,
        rev: 1,
    })
}

fn reply(status: StatusCode, entry: &Entry, app: &Stock) -> Result<Response, Problem> {
    let view = AppView::with_secret(app, &entry.tenant_key)?;
    Ok((status, Versioned { rev: app.rev, view }).into_response())
}

/// The request in a form that is equal for equal requests; only its keyed hash is stored.
fn content(body: &CreateApp) -> String {
    let CreateApp {
        name,
        platform,
        origins,
        bundle_id,
        identity,
    } = body;
    serde_json::json!([name.reveal(), platform, origins, bundle_id, identity]).to_string()
}
