//! What flows may tell which servers, as the team sees it. Nobody is shown a secret.

use serde::Serialize;
use shared::{
    app::App,
    domain::{Timestamp, flow::ServerHost, label::LabelName},
    http::{Code, Member, Problem, actor::Entry},
    store::{
        CommitError, Stored, Transaction, Unsealed, audit::Deed, flow_server::FlowServers, keys,
    },
};
use utoipa::ToSchema;

/// The most hosts in a list.
pub const MOST_HOSTS: usize = 50;

/// What flows may tell which servers.
#[derive(Serialize, ToSchema)]
pub struct FlowServersView {
    /// Hosts that may get values of variables that are personal.
    personal_hosts: Vec<ServerHost>,
    /// The secrets that requests can take along, by name. Their values are shown to nobody.
    secrets: Vec<FlowSecretView>,
}

/// A secret, without its value.
#[derive(Serialize, ToSchema)]
pub struct FlowSecretView {
    /// What flows call it.
    name: LabelName,
    /// The hosts that it is sent to, and no others.
    hosts: Vec<ServerHost>,
    /// Since when it has its value.
    set_at: Timestamp,
}

impl FlowServersView {
    /// The view.
    pub fn new(servers: &FlowServers, entry: &Entry) -> Result<Self, Problem> {
        let secrets = servers.secrets(&entry.tenant_key)?.into_iter();
        let secrets = secrets.map(|secret| FlowSecretView {
            name: secret.name,
            hosts: secret.hosts,
            set_at: secret.set_at,
        });
        Ok(Self {
            personal_hosts: servers.hosts.clone(),
            secrets: secrets.collect(),
        })
    }
}

/// What a workspace has set, out of the batch read on entry.
pub fn found(entry: &Entry) -> Result<FlowServers, Problem> {
    let found = entry.open::<FlowServers>(&keys::flow_servers(entry.workspace))?;
    or_none(found, entry)
}

/// What a workspace has set. One round trip.
pub async fn read(app: &App, entry: &Entry) -> Result<FlowServers, Problem> {
    let place = keys::flow_servers(entry.workspace);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    or_none(
        fetched.get::<FlowServers>(&place, &Unsealed, entry.lens())?,
        entry,
    )
}

fn or_none(found: Option<FlowServers>, entry: &Entry) -> Result<FlowServers, Problem> {
    match found {
        Some(found) => Ok(found),
        None => Ok(FlowServers::none(
            &entry.tenant_key,
            entry.workspace,
            entry.now,
        )?),
    }
}

/// Writes what a workspace sets, on the condition that nobody did meanwhile.
pub async fn write(app: &App, member: &Member, next: FlowServers) -> Result<FlowServers, Problem> {
    let entry = &member.entry;
    let mut transaction = Transaction::new(entry.now);
    let stored = if next.rev == 0 {
        let stored = Stored::new(FlowServers { rev: 1, ..next }, &entry.policy);
        transaction.create(&stored, &Unsealed)?;
        stored
    } else {
        let stored = Stored::next(next, &entry.policy);
        transaction.replace(&stored, &Unsealed)?;
        stored
    };
    transaction.check_live(keys::policy(entry.workspace));
    transaction.audit(entry.line(member.id, Deed::SettingsChanged))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(stored.into_record()),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// The hosts of a list, each once, if there are not too many.
pub fn distinct(mut hosts: Vec<ServerHost>, pointer: &str) -> Result<Vec<ServerHost>, Problem> {
    if hosts.len() > MOST_HOSTS {
        let detail = format!("at most {MOST_HOSTS} hosts");
        return Err(Problem::invalid(pointer, "too_many", &detail));
    }
    hosts.sort();
    hosts.dedup();
    Ok(hosts)
}
