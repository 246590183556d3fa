//! The audit log as owners and admins see it.
//!
//! Lines name nobody. Here they are held against those who are still there: members, programs and
//! apps get their ids back, everybody else stays a pseudonym, which is the same in every line.

use std::collections::HashMap;

use serde::Serialize;
use shared::{
    app::App,
    domain::{AppId, AuditId, MemberId, TenantId, Timestamp, WorkspaceId, policy::Lens},
    http::{Problem, actor::Entry},
    store::{
        Item, Key, KeyedHash, Query, Record as _, StoreError, TenantKey, Unsealed,
        audit::{AuditEntry, AuditLine, Deed, Named, Outcome, Party},
        keys,
        record::read_item,
    },
};
use utoipa::ToSchema;

use crate::{api_key, member};

/// How many members or apps are listed at once.
const PAGE: u16 = 100;
/// The most members that are recognised: more pages than any team has.
const MOST_PAGES: u32 = 20;

/// A line of the audit log.
#[derive(Serialize, ToSchema)]
pub struct AuditLineView {
    /// Its id.
    id: AuditId,
    /// Its number in the chain; none while it waits for one, a minute or so.
    #[schema(example = 12)]
    seq: Option<u64>,
    /// What was done.
    act: Deed,
    /// Who did it.
    actor: NamedView,
    /// What it was done to, if to something besides the workspace.
    target: Option<NamedView>,
    /// How it went.
    outcome: Outcome,
    /// When.
    at: Timestamp,
    /// Its link in the chain, in hexadecimal digits.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    hash: Option<String>,
}

/// Somebody or something that a line names.
#[derive(Serialize, ToSchema)]
pub struct NamedView {
    /// What kind it is.
    kind: Party,
    /// Its id, while it is there and is a member, a key or an app.
    #[schema(example = "mbr_01kf0a1b2c3d4e5f6g7h8j9k0m")]
    id: Option<String>,
    /// What stands in the line: the same for the same one, and told to nobody.
    #[schema(example = "mfrggzdfmztwq2lknnwg23tpobyxe43u")]
    pseudonym: Option<String>,
}

/// A line wherever it lies.
pub enum Found {
    /// In its place in the chain.
    Chained(AuditLine),
    /// Waiting for it.
    Waiting(AuditEntry),
}

impl Found {
    /// The line of an item of the log; none when it has ended.
    pub fn read(item: &Item, lens: Lens<'_>) -> Result<Option<Self>, StoreError> {
        let kind = item.get("kind").and_then(|kind| kind.as_s().ok());
        if kind.map(String::as_str) == Some(AuditEntry::DECLARATION.name) {
            let entry = read_item::<AuditEntry>(item, &Unsealed, lens)?;
            return Ok(entry.map(Self::Waiting));
        }
        let line = read_item::<AuditLine>(item, &Unsealed, lens)?;
        Ok(line.map(Self::Chained))
    }

    /// Who acted, as it stands in the line.
    pub const fn actor(&self) -> Option<KeyedHash> {
        match self {
            Self::Chained(line) => line.actor,
            Self::Waiting(line) => line.actor,
        }
    }

    /// What it was done to, as it stands in the line.
    pub const fn target(&self) -> Option<KeyedHash> {
        match self {
            Self::Chained(line) => line.target,
            Self::Waiting(line) => line.target,
        }
    }
}

/// Those whom a reader of the log recognises.
pub struct Known<'a> {
    keys: [&'a TenantKey; 2],
    ids: HashMap<KeyedHash, String>,
}

impl<'a> Known<'a> {
    /// Everybody who is there now. The operator's lines are written under the key of the platform.
    pub async fn load(
        app: &App,
        entry: &'a Entry,
        platform_key: &'a TenantKey,
    ) -> Result<Known<'a>, Problem> {
        let mut known = Known {
            keys: [&entry.tenant_key, platform_key],
            ids: HashMap::new(),
        };
        let workspace = entry.workspace;
        let mut after: Option<MemberId> = None;
        for _ in 0..MOST_PAGES {
            let ids = member::ids(app, workspace, after, PAGE).await?;
            ids.iter().for_each(|id| known.add(*id, id));
            after = ids.last().copied();
            if ids.len() < usize::from(PAGE) {
                break;
            }
        }
        for key in api_key::all(app, entry, workspace).await? {
            known.add(key.id, &key.id);
        }
        let apps = Query::partition(keys::apps(workspace)).limit(PAGE);
        for item in app.store.query(apps).await? {
            let id = item.get("sk").and_then(|sk| sk.as_s().ok());
            if let Some(id) = id.and_then(|id| id.parse::<AppId>().ok()) {
                known.add(id, &id);
            }
        }
        Ok(known)
    }

    fn add(&mut self, named: impl Into<Named>, id: &impl ToString) {
        let named = named.into();
        for key in self.keys {
            self.ids.insert(named.pseudonym(key), id.to_string());
        }
    }

    /// What could stand for it in a line.
    pub fn pseudonyms(&self, named: Named) -> [KeyedHash; 2] {
        self.keys.map(|key| named.pseudonym(key))
    }

    /// The view of a line.
    pub fn view(&self, found: &Found) -> AuditLineView {
        let named = |kind, name: Option<KeyedHash>| NamedView {
            kind,
            id: name.and_then(|name| self.ids.get(&name).cloned()),
            pseudonym: name.map(|name| name.to_string()),
        };
        match found {
            Found::Chained(line) => AuditLineView {
                id: line.id,
                seq: Some(line.seq),
                act: line.act,
                actor: named(line.actor_kind, line.actor),
                target: line.target_kind.map(|kind| named(kind, line.target)),
                outcome: line.outcome,
                at: line.at,
                hash: Some(hexadecimal(&line.hash)),
            },
            Found::Waiting(line) => AuditLineView {
                id: line.id,
                seq: None,
                act: line.act,
                actor: named(line.actor_kind, line.actor),
                target: line.target_kind.map(|kind| named(kind, line.target)),
                outcome: line.outcome,
                at: line.at,
                hash: None,
            },
        }
    }
}

/// The log of a workspace, newest line first: those that wait, then the chain.
pub fn log(workspace: WorkspaceId) -> Query {
    let waiting = format!("{}~", keys::AUDIT_WAITING);
    Query::partition(keys::audit(workspace))
        .between(keys::AUDIT_LINE, waiting)
        .newest_first()
}

/// The key of the platform out of a batch that asked for it: see [`platform_wanted`].
pub async fn platform_key(app: &App, entry: &Entry) -> Result<TenantKey, Problem> {
    let tenant = TenantId::Platform;
    let key = app
        .store
        .unwrap_tenant_key(tenant, entry.fetched(), entry.now)
        .await?;
    Ok(key)
}

/// What [`platform_key`] reads.
pub fn platform_wanted() -> Key {
    keys::tenant_key(TenantId::Platform)
}

/// A hash for people to compare.
pub fn hexadecimal(hash: &KeyedHash) -> String {
    hash.as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
