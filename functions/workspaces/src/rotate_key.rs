//! `POST /v1/workspaces/{workspace}/apps/{app}/rotate-key`: another key for an app, in case the old
//! one got into wrong hands.
//!
//! The old one is good for another day, so that pages and servers can follow. A second rotation
//! within the day ends the first key at once.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{AppId, Permission, WorkspaceId},
    http::{
        AccessToken, Code, IdempotencyKey, IfMatch, Json, Path, Problem, Problems, Versioned,
        idempotent::Ask,
    },
    store::{CommitError, Stored, Transaction, Unsealed, app::App as Stock, audit::Deed, keys},
    words,
};
use utoipa::ToSchema;

use crate::app::AppView;

words! {
    /// Which key of an app.
    pub enum AppKey {
        /// The secret that identities are signed with.
        IdentitySecret = "identity_secret",
        /// The key that pages name.
        PublicKey = "public_key",
    }
}

/// What to rotate.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateKey {
    /// Which key.
    key: AppKey,
}

/// Rotate a key of an app.
///
/// The old key is good for 24 hours more. A new `identity_secret` is in this reply only.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/apps/{app}/rotate-key",
    operation_id = "rotate_app_key",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("app" = AppId, Path, description = "The app."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeated request with the same key rotates once."),
    ),
    request_body = RotateKey,
    responses((status = 200, description = "The app.", body = AppView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, AppId)>,
    if_match: IfMatch,
    idempotency: IdempotencyKey,
    Json(body): Json<RotateKey>,
) -> Result<Versioned<AppView>, Problem> {
    let place = keys::app(workspace, id);
    let wanted = vec![place.clone()];
    let member = app
        .member(&token, workspace, Permission::AppsManage, wanted.clone())
        .await?;
    let entry = &member.entry;
    let found = entry.open::<Stock>(&place)?;
    let mut next = found.ok_or_else(Problem::not_found)?;
    let content = format!("{id} {}", body.key.word());
    let ask = Ask {
        tenant_key: &entry.tenant_key,
        principal: member.subject(),
        operation: "rotate_app_key",
        content: &content,
        now: entry.now,
    };
    let view = |stock: &Stock| match body.key {
        AppKey::IdentitySecret => AppView::with_secret(stock, &entry.tenant_key),
        AppKey::PublicKey => Ok(AppView::new(stock)),
    };
    let rev = next.rev;
    match body.key {
        AppKey::IdentitySecret => next.rotate_identity_secret(&entry.tenant_key, entry.now)?,
        AppKey::PublicKey => next.rotate_public_key(entry.now)?,
    }
    let stored = Stored::next(next, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    // A repeated request is answered even with the version that it came with at first.
    let slot = idempotency.remember(&mut transaction, ask, id)?;
    match if_match.check(rev) {
        Ok(()) => transaction.replace(&stored, &Unsealed)?,
        Err(problem) if slot.is_none() => return Err(problem),
        Err(_) => transaction.check_unchanged(place.clone(), 0),
    };
    let line = entry.line(member.id, Deed::AppKeyRotated);
    transaction.audit(line.about(id))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Versioned {
            rev: stored.record().rev,
            view: view(stored.record())?,
        }),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            if IdempotencyKey::replayed::<AppId>(&refusal, slot, ask)?.is_none() {
                return Err(Problem::new(Code::Conflict));
            }
            let fetched = app.store.batch(wanted).await?;
            let now = fetched.get::<Stock>(&place, &Unsealed, entry.lens())?;
            let now = now.ok_or_else(Problem::not_found)?;
            Ok(Versioned {
                rev: now.rev,
                view: view(&now)?,
            })
        }
    }
}
