//! `POST /v1/workspaces`: a new tenant with a key of its own, and its first owner.
//!
//! Everything is written in one transaction. With an `Idempotency-Key` a repeated request finds
//! the workspace that was made.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{Policy, Profile, Role, TenantId, Timestamp, WorkspaceId, text::Name},
    http::{AccessToken, Code, IdempotencyKey, Json, Problem, Problems, idempotent::Ask},
    store::{
        CommitError, Stored, SubjectId, TenantKey, Transaction, Unsealed,
        audit::{Deed, Line},
        keyring::TenantKeyRow,
        keys,
        membership::Joining,
        subject::State as Liveness,
        workspace::{Workspace, WorkspacePolicy},
    },
};
use utoipa::ToSchema;

use crate::{member::check_name, show, workspace::WorkspaceView};

/// A workspace to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWorkspace {
    /// What it is called.
    #[schema(example = "Example Ltd")]
    name: Name,
    /// Which family of promises it makes.
    profile: Profile,
    /// What colleagues and visitors call the one who makes it: asked for in `inbox` and `calls`,
    /// refused in `flows`.
    #[schema(example = "Ada Lovelace")]
    member_name: Option<Name>,
}

/// Create a workspace.
///
/// Whoever makes it becomes its owner.
#[utoipa::path(
    post,
    path = "/v1/workspaces",
    operation_id = "create_workspace",
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeated request with the same key makes one workspace.")),
    request_body = CreateWorkspace,
    responses(
        (status = 201, description = "Made.", body = WorkspaceView),
        (status = 200, description = "Had been made before, by the same request.", body = WorkspaceView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    idempotency: IdempotencyKey,
    Json(body): Json<CreateWorkspace>,
) -> Result<Response, Problem> {
    let at_platform_key = keys::tenant_key(TenantId::Platform);
    let signed_in = app.signed_in(&token, vec![at_platform_key]).await?;
    let (account, now) = (signed_in.account, signed_in.now);
    check_name(body.profile, body.member_name.as_ref(), "#/member_name")?;
    let platform_key = app
        .store
        .unwrap_tenant_key(TenantId::Platform, &signed_in.fetched, now)
        .await?;
    let content = content(&body);
    let ask = Ask {
        tenant_key: &platform_key,
        principal: SubjectId::Account(account),
        operation: "create_workspace",
        content: &content,
        now,
    };

    let CreateWorkspace {
        name,
        profile,
        member_name,
    } = body;
    let workspace = Workspace {
        id: WorkspaceId::new(now),
        name,
        locale: None,
        time_zone: None,
        created_at: now,
        rev: 1,
    };
    let policy = Policy::of(profile);
    let (tenant_key, row) = app
        .store
        .keyring()
        .generate(workspace.id.into(), now)
        .await?;
    let joining = Joining {
        account,
        workspace: workspace.id,
        tenant_key: &tenant_key,
        policy: &policy,
        role: Role::Owner,
        name: member_name,
        now,
    };
    let mut transaction = Transaction::new(now);
    let (member, _) = joining.place(&mut transaction)?;
    place(&mut transaction, row, &tenant_key, &workspace, &policy, now)?;
    let line = Line::new(&tenant_key, workspace.id, member, Deed::WorkspaceMade, now);
    transaction.audit(line)?;
    let slot = idempotency.remember(&mut transaction, ask, workspace.id)?;
    match app.store.commit(transaction).await {
        Ok(()) => {
            let view = WorkspaceView::new(&workspace, &policy, member, Role::Owner);
            Ok((StatusCode::CREATED, Json(view)).into_response())
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            match IdempotencyKey::replayed::<WorkspaceId>(&refusal, slot, ask)? {
                Some(made) => Ok(Json(show::load(&app, &token, made).await?).into_response()),
                // Only the account can have changed: every other place is new.
                None => Err(Problem::new(Code::TokenInvalid)),
            }
        }
    }
}

/// Puts the workspace itself into `transaction`: its wrapped key, its head and its policy.
fn place(
    transaction: &mut Transaction,
    row: TenantKeyRow,
    tenant_key: &TenantKey,
    workspace: &Workspace,
    policy: &Policy,
    now: Timestamp,
) -> Result<(), Problem> {
    let data_key = tenant_key.new_data_key(&keys::workspace(workspace.id), now)?;
    let settings = WorkspacePolicy {
        workspace: workspace.id,
        profile: policy.profile,
        modules: policy.modules.clone(),
        second_factor_required: None,
        visitor_mail: None,
        default_team: None,
        calls_relay_only: None,
        team_sign_in_since: None,
        ways_in: None,
        closes_at: None,
        suspended_at: None,
        suspended_for: None,
        plan: None,
        conversation_days: policy.conversation_days,
        retention_steps: None,
        retention_changed_at: None,
        state: Liveness::Live,
        created_at: now,
        rev: 1,
    };
    transaction.create(&Stored::new(row, policy), &Unsealed)?;
    let head = Stored::new(workspace.clone(), policy);
    transaction.create_root(&head, &data_key.key, &data_key)?;
    transaction.create(&Stored::new(settings, policy), &Unsealed)?;
    Ok(())
}

/// The request in a form that is equal for equal requests; only its keyed hash is stored.
fn content(body: &CreateWorkspace) -> String {
    let member_name = body.member_name.as_ref().map(Name::reveal);
    serde_json::json!([body.name.reveal(), body.profile, member_name]).to_string()
}
