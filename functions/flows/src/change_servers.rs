//! `PATCH /v1/workspaces/{workspace}/flows/servers`: which hosts may get what is personal, and the secrets that
//! requests of flows take along, each for the hosts that are named with it. No value is in any reply.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        Permission, WorkspaceId, flow::ServerHost, label::LabelName, policy::Module, text::Setting,
    },
    http::{AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Versioned, json::given},
    store::{
        flow_server::{FlowSecret, FlowServers, MOST_FLOW_SECRETS},
        keys,
    },
};
use utoipa::ToSchema;

use crate::servers::{self, FlowServersView};

/// What flows may tell which servers; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeFlowServers {
    /// Hosts that may get values of variables that are personal, in place of those before. They process
    /// personal data for you then.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 50)]
    personal_hosts: Option<Vec<ServerHost>>,
    /// Secrets to set: new ones, and others in place of those of the same name.
    #[serde(default)]
    #[schema(required = false, max_items = 50)]
    secrets: Vec<SetFlowSecret>,
    /// Names of secrets to forget. Requests that name one are made no more; their flows go on at `error`.
    #[serde(default)]
    #[schema(required = false, max_items = 50, example = json!([]))]
    forget: Vec<LabelName>,
}

/// A secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetFlowSecret {
    /// What flows call it.
    name: LabelName,
    /// What is sent as the value of a header: with `Bearer` in front, where the server wants that.
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 500, example = "Bearer 4f1c")]
    value: Setting,
    /// The hosts that it is sent to, and no others. 1 to 50.
    #[schema(min_items = 1, max_items = 50)]
    hosts: Vec<ServerHost>,
}

/// Change what flows may tell which servers.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/flows/servers",
    operation_id = "change_flow_servers",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = ChangeFlowServers,
    responses(
        (status = 200, description = "Hosts, and names of secrets.", body = FlowServersView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    if_match: IfMatch,
    Json(body): Json<ChangeFlowServers>,
) -> Result<Versioned<FlowServersView>, Problem> {
    let hosts = body.personal_hosts;
    let hosts = hosts.map(|hosts| servers::distinct(hosts, "#/personal_hosts"));
    let hosts = hosts.transpose()?;
    let mut set = Vec::new();
    for (n, secret) in body.secrets.into_iter().enumerate() {
        let pointer = format!("#/secrets/{n}/hosts");
        let hosts = servers::distinct(secret.hosts, &pointer)?;
        if hosts.is_empty() {
            let detail = "the hosts that it is for";
            return Err(Problem::invalid(&pointer, "required", detail));
        }
        set.push((secret.name, secret.value, hosts));
    }
    let wanted = vec![keys::flow_servers(workspace)];
    let member = app
        .member(&token, workspace, Permission::FlowsManage, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let before = servers::found(entry)?;
    if_match.check(before.rev)?;
    let mut secrets = before.secrets(&entry.tenant_key)?;
    secrets.retain(|one| !body.forget.contains(&one.name));
    for (name, value, hosts) in set {
        secrets.retain(|one| one.name != name);
        secrets.push(FlowSecret {
            name,
            hosts,
            value: value.as_str().to_owned(),
            set_at: entry.now,
        });
    }
    if secrets.len() > MOST_FLOW_SECRETS {
        let detail = format!("a workspace has at most {MOST_FLOW_SECRETS} secrets; forget one");
        return Err(Problem::new(Code::NotChangeable).with_detail(detail));
    }
    secrets.sort_by(|a, b| a.name.cmp(&b.name));
    let hosts = hosts.unwrap_or_else(|| before.hosts.clone());
    let next = FlowServers { hosts, ..before }.with_secrets(&entry.tenant_key, &secrets)?;
    let written = servers::write(&app, &member, next).await?;
    Ok(Versioned {
        rev: written.rev,
        view: FlowServersView::new(&written, entry)?,
    })
}
