//! `PATCH /v1/workspaces/{workspace}`: the settings of a workspace.
//!
//! Nobody changes what they have not seen: `If-Match` is asked for. How long conversations are kept
//! is a setting of its own, see `change_retention`.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        Permission, Policy, TeamId, WorkspaceId,
        policy::{Module, VisitorMail},
        text::{Locale, Name, TimeZone},
    },
    http::{
        AccessToken, Code, IfMatch, Json, Member, Path, Problem, Problems, Versioned, json::given,
    },
    store::{
        CommitError, Stored, Transaction, Unsealed,
        assigning::Team,
        audit::Deed,
        keys,
        workspace::{Workspace, WorkspacePolicy},
    },
};
use utoipa::ToSchema;

use crate::{
    retention,
    workspace::{self, WorkspaceView},
};

/// What to change of a workspace; what is absent stays, `null` clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeWorkspace {
    /// What it is called.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "Example Ltd")]
    name: Option<Name>,
    /// The language its members write in.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Locale>, example = "en")]
    locale: Option<Option<Locale>>,
    /// The time zone of its working days.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<TimeZone>, example = "Europe/Berlin")]
    time_zone: Option<Option<TimeZone>>,
    /// Whether members come in with a second factor only; always so in profile `flows`. Whoever
    /// turns it on has one.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = true)]
    second_factor_required: Option<bool>,
    /// What of a conversation is mailed to visitors who are away and whose address was proved.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    visitor_mail: Option<VisitorMail>,
    /// The team that gets what visitors begin from now on where no app names another; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<TeamId>)]
    default_team_id: Option<Option<TeamId>>,
    /// Whether it has calls besides; in profile `calls` always. They bring their own promises: see docs/calls.md.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = true)]
    calls: Option<bool>,
    /// Whether devices of every call that begins from now on speak through a relay only, so that neither learns
    /// the address of the other: of calls by link and in conversations as of those of an app. Without a relay no
    /// call gets through.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = false)]
    calls_relay_only: Option<bool>,
}

/// Change a workspace.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}",
    operation_id = "change_workspace",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the workspace that was read. Without it: 428."),
    ),
    request_body = ChangeWorkspace,
    responses((status = 200, description = "The workspace.", body = WorkspaceView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(id): Path<WorkspaceId>,
    if_match: IfMatch,
    Json(body): Json<ChangeWorkspace>,
) -> Result<Versioned<WorkspaceView>, Problem> {
    let team = body.default_team_id.flatten();
    let team = team.map(|team| keys::team(id, team));
    let mut wanted = workspace::wanted(id).to_vec();
    wanted.extend(team.clone());
    let member = app
        .member(&token, id, Permission::WorkspaceManage, wanted)
        .await?;
    let entry = &member.entry;
    if_match.required()?;
    let found = workspace::open(entry.fetched(), &entry.tenant_key, id, entry.lens())?;
    let found = found.ok_or_else(Problem::not_found)?;
    if_match.check(found.rev)?;
    let reply = |found: &Workspace, policy: &Policy| Versioned {
        rev: found.rev,
        view: WorkspaceView::new(found, policy, member.id, member.role),
    };
    let demand = body.second_factor_required;
    let demand = demand.filter(|demand| *demand != entry.policy.second_factor_required);
    if let Some(demand) = demand {
        check_demand(&member, demand)?;
    }
    let mail = body.visitor_mail;
    let mail = mail.filter(|mail| *mail != entry.policy.visitor_mail);
    let default_team = body.default_team_id;
    let default_team = default_team.filter(|team| *team != entry.policy.default_team);
    if let Some(team) = team
        && entry.open::<Team>(&team)?.is_none()
    {
        let detail = "a team of this workspace";
        return Err(Problem::invalid(
            "#/default_team_id",
            "unknown_team",
            detail,
        ));
    }
    let modules = with_calls(&entry.policy, body.calls)?;
    let relay_only = body.calls_relay_only;
    let relay_only = relay_only.filter(|only| *only != entry.policy.calls_relay_only);
    let (next, changes) = changed(&found, body);
    let settings =
        mail.is_some() || default_team.is_some() || modules.is_some() || relay_only.is_some();
    if !changes && demand.is_none() && !settings {
        return Ok(reply(&found, &entry.policy));
    }
    let key = entry
        .data_key(&keys::workspace(id))?
        .ok_or_else(Problem::not_found)?;
    let next = Stored::next(next, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&next, &key)?;
    if changes || settings {
        transaction.audit(entry.line(member.id, Deed::SettingsChanged))?;
    }
    let mut policy = entry.policy.clone();
    if demand.is_some() {
        transaction.audit(entry.line(member.id, Deed::SecondFactorPolicyChanged))?;
    }
    if demand.is_some() || settings {
        let row = retention::row(entry)?;
        let row = WorkspacePolicy {
            second_factor_required: demand.or(row.second_factor_required),
            visitor_mail: mail.or(row.visitor_mail),
            default_team: default_team.unwrap_or(row.default_team),
            calls_relay_only: relay_only.or(row.calls_relay_only),
            modules: modules.unwrap_or_else(|| row.modules.clone()),
            ..row
        };
        let row = Stored::next(row, &entry.policy);
        transaction.replace(&row, &Unsealed)?;
        policy = row.record().policy();
    }
    match app.store.commit(transaction).await {
        Ok(()) => Ok(reply(next.record(), &policy)),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// The modules with calls or without, where that is a change.
fn with_calls(policy: &Policy, calls: Option<bool>) -> Result<Option<Vec<Module>>, Problem> {
    let Some(calls) = calls.filter(|calls| *calls != policy.has(Module::Sessions)) else {
        return Ok(None);
    };
    if policy.profile.modules().contains(&Module::Sessions) {
        let detail = "a workspace of this profile always has calls";
        return Err(Problem::new(Code::NotChangeable).with_detail(detail));
    }
    let mut modules = policy.modules.clone();
    modules.retain(|module| *module != Module::Sessions);
    modules.extend(calls.then_some(Module::Sessions));
    Ok(Some(modules))
}

/// Whether a member may demand a second factor from all, or stop demanding it (FLOW-26).
fn check_demand(member: &Member, demand: bool) -> Result<(), Problem> {
    if member.entry.policy.profile.second_factor_required() {
        let detail = "a workspace of this profile always asks for a second factor";
        return Err(Problem::new(Code::NotChangeable).with_detail(detail));
    }
    if !demand {
        return member.proved();
    }
    match member.session.second_factor_at {
        Some(_) => Ok(()),
        // They would shut themselves out.
        None => Err(Problem::new(Code::SecondFactorRequired)),
    }
}

/// The workspace with the change, and whether that changes anything.
fn changed(old: &Workspace, change: ChangeWorkspace) -> (Workspace, bool) {
    let ChangeWorkspace {
        name,
        locale,
        time_zone,
        ..
    } = change;
    let next = Workspace {
        name: name.unwrap_or_else(|| old.name.clone()),
        locale: locale.unwrap_or_else(|| old.locale.clone()),
        time_zone: time_zone.unwrap_or_else(|| old.time_zone.clone()),
        ..old.clone()
    };
    let same =
        (&next.name, &next.locale, &next.time_zone) == (&old.name, &old.locale, &old.time_zone);
    (next, !same)
}
