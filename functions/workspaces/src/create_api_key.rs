//! `POST /v1/workspaces/{workspace}/api-keys`: a key for a program of the customer.
//!
//! The key is in this reply and in no other: what is stored of it is a keyed hash. Whoever loses the
//! reply deletes the key and makes another.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ApiKeyId, Permission, Timestamp, WorkspaceId, api_key::ApiKeyText, text::Name},
    http::{AccessToken, Code, Json, Path, Problem, Problems},
    store::{
        CommitError, StoreError, Stored, Transaction, Unsealed,
        api_key::{ApiKey, Beginning},
        app::Label,
        audit::Deed,
        keys,
        notice::{Notice, NoticeKind},
    },
};
use utoipa::ToSchema;

use crate::api_key::{self, ApiKeyView, MOST_KEYS, SCOPES};

/// A key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// What the team calls it.
    #[schema(example = "Shop server")]
    name: Name,
    /// What it may do: of `calls.delete`, `calls.read`, `contacts.manage`, `contacts.read`, `conversations.read`,
    /// `conversations.write`, `flows.manage`, `flows.read` and `personal_data.read`. Without the last one,
    /// contacts are masked.
    #[schema(min_items = 1, max_items = 9, example = json!(["conversations.read"]))]
    scopes: Vec<Permission>,
    /// When it ends; never, when absent.
    #[schema(example = "2030-01-01T00:00:00.000Z")]
    expires_at: Option<Timestamp>,
}

/// Create an API key.
///
/// Takes a factor that was proved in the last ten minutes.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/api-keys",
    operation_id = "create_api_key",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = CreateApiKey,
    responses((status = 201, description = "Made.", body = ApiKeyView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<CreateApiKey>,
) -> Result<(StatusCode, Json<ApiKeyView>), Problem> {
    let member = app
        .member(&token, workspace, Permission::ApiKeysManage, Vec::new())
        .await?;
    member.proved()?;
    let entry = &member.entry;
    let scopes = distinct(body.scopes)?;
    if body.expires_at.is_some_and(|end| end <= entry.now) {
        let detail = "a time to come";
        return Err(Problem::invalid("#/expires_at", "in_the_past", detail));
    }
    let there = api_key::all(&app, entry, workspace).await?;
    if there.len() >= usize::from(MOST_KEYS) {
        let detail = format!("a workspace has at most {MOST_KEYS} keys; delete one");
        return Err(Problem::new(Code::NotChangeable).with_detail(detail));
    }
    let text = ApiKeyText::generate().ok_or(StoreError::Random)?;
    let key = ApiKey {
        id: ApiKeyId::new(entry.now),
        workspace,
        token: ApiKey::hash(&entry.tenant_key, &text),
        shown: Beginning::of(&text),
        name: Label::new(&body.name),
        scopes,
        ends_at: body.expires_at,
        last_used_on: None,
        made_by: member.id,
        created_at: entry.now,
        rev: 1,
    };
    let stored = Stored::new(key, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&stored, &Unsealed)?;
    transaction.check_live(keys::policy(workspace));
    let line = entry.line(member.id, Deed::ApiKeyMade);
    transaction.audit(line.about(stored.record().id))?;
    let notice = Notice::new(member.account, NoticeKind::ApiKeyMade, entry.now);
    transaction.notify(notice.in_workspace(workspace))?;
    match app.store.commit(transaction).await {
        Ok(()) => {
            let view = ApiKeyView::with_text(stored.record(), &text);
            Ok((StatusCode::CREATED, Json(view)))
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// The scopes, each once, if a key may have them.
fn distinct(scopes: Vec<Permission>) -> Result<Vec<Permission>, Problem> {
    if scopes.is_empty() {
        return Err(Problem::invalid("#/scopes", "required", "at least one"));
    }
    for (place, scope) in scopes.iter().enumerate() {
        if !SCOPES.contains(scope) {
            let words = SCOPES.map(Permission::word).join(", ");
            let pointer = format!("#/scopes/{place}");
            return Err(Problem::invalid(&pointer, "not_for_keys", &words));
        }
    }
    let kept = SCOPES.into_iter().filter(|scope| scopes.contains(scope));
    Ok(kept.collect())
}
