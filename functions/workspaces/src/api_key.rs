//! A key of the API as the team sees it.

use serde::Serialize;
use shared::{
    app::App,
    domain::{
        ApiKeyId, MemberId, Permission, Timestamp, WorkspaceId, api_key::ApiKeyText, policy::Lens,
    },
    http::{Problem, actor::Entry},
    store::{Query, Unsealed, api_key::ApiKey, keys, record::read_item},
};
use utoipa::ToSchema;

/// The most keys of a workspace.
pub const MOST_KEYS: u16 = 50;

/// What a key may be given; everything else is for people.
pub const SCOPES: [Permission; 9] = [
    Permission::CallsDelete,
    Permission::CallsRead,
    Permission::ContactsManage,
    Permission::ContactsRead,
    Permission::ConversationsRead,
    Permission::ConversationsWrite,
    Permission::FlowsManage,
    Permission::FlowsRead,
    Permission::PersonalDataRead,
];

/// A key of the API.
#[derive(Serialize, ToSchema)]
pub struct ApiKeyView {
    /// Its id.
    id: ApiKeyId,
    /// What the team calls it.
    #[schema(example = "Shop server")]
    name: String,
    /// How it begins, to tell keys apart.
    #[schema(example = "sk_4fQ2")]
    prefix: String,
    /// The whole key. Only in the reply to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "sk_4fQ2d8s7Kx3mB6vT9wZ5cR1jL0aE4g0Vb3XP")]
    key: Option<String>,
    /// What it may do.
    scopes: Vec<Permission>,
    /// When it ends, if it does.
    expires_at: Option<Timestamp>,
    /// The day it was used last, at its beginning.
    last_used_on: Option<Timestamp>,
    /// Who made it.
    created_by: MemberId,
    /// When it was made.
    created_at: Timestamp,
}

impl ApiKeyView {
    /// The view of a key.
    pub fn new(key: &ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name.as_str().to_owned(),
            prefix: key.shown.as_str().to_owned(),
            key: None,
            scopes: key.scopes.clone(),
            expires_at: key.ends_at,
            last_used_on: key.last_used_on,
            created_by: key.made_by,
            created_at: key.created_at,
        }
    }

    /// The view of a key that was just made, with its text.
    pub fn with_text(key: &ApiKey, text: &ApiKeyText) -> Self {
        Self {
            key: Some(text.reveal().to_owned()),
            ..Self::new(key)
        }
    }
}

/// Every key of a workspace, oldest first. One read.
pub async fn all(app: &App, entry: &Entry, workspace: WorkspaceId) -> Result<Vec<ApiKey>, Problem> {
    let query = Query::partition(keys::api_keys(workspace)).limit(MOST_KEYS * 2);
    let items = app.store.query(query).await?;
    let lens: Lens<'_> = entry.lens();
    let mut found = Vec::with_capacity(items.len());
    for item in &items {
        found.extend(read_item::<ApiKey>(item, &Unsealed, lens)?);
    }
    found.sort_by_key(|key| key.id);
    Ok(found)
}
