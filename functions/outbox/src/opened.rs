//! A conversation with everything that a mail about it is made of, read strongly and at once.

use shared::{
    app::App,
    domain::{
        ContactId, ConversationId, TenantId, Timestamp, WorkspaceId, policy::Lens, text::Name,
    },
    store::{
        DataKey, Key, RootRef, TenantKey, contact::Profile, continuity::Scene, keys,
        workspace::Workspace,
    },
};

use crate::failure::Failure;

/// Everything that a mail is made of.
pub struct Opened {
    /// Workspace, conversation, contact and how far mail has got.
    pub scene: Scene,
    /// The key of the workspace.
    pub tenant_key: TenantKey,
    /// The key of the conversation.
    pub key: DataKey,
    /// What is known of the contact.
    pub profile: Option<Profile>,
    /// What the workspace is called.
    pub name: Option<Name>,
    /// When it was read.
    pub now: Timestamp,
}

impl Opened {
    /// Reads it, with what else lies at `more`; none when workspace, conversation or contact is gone.
    pub async fn read(
        app: &App,
        (workspace, conversation): (WorkspaceId, ConversationId),
        contact: ContactId,
        mut more: Vec<Key>,
        now: Timestamp,
    ) -> Result<Option<Self>, Failure> {
        let at_thread = keys::conversation(workspace, conversation);
        let at_contact = keys::contact(workspace, contact);
        let at_profile = keys::profile(workspace, contact);
        let at_workspace = keys::workspace(workspace);
        let tenant = TenantId::Workspace(workspace);
        let data_key = |place| keys::data_key(&RootRef::of(place));
        more.extend([
            data_key(&at_thread),
            data_key(&at_contact),
            data_key(&at_workspace),
            at_profile.clone(),
            at_workspace.clone(),
        ]);
        if app.store.keyring().remembered(tenant, now).is_none() {
            more.push(keys::tenant_key(tenant));
        }
        let place = (workspace, conversation);
        let Some(scene) = Scene::read(&app.store, place, contact, more, now).await? else {
            return Ok(None);
        };
        let fetched = &scene.fetched;
        let tenant_key = app.store.unwrap_tenant_key(tenant, fetched, now).await?;
        let key = fetched.data_key(&at_thread, &tenant_key)?;
        let (Some(key), Some(of_contact)) = (key, fetched.data_key(&at_contact, &tenant_key)?)
        else {
            return Ok(None);
        };
        let lens = Lens {
            now,
            policy: &scene.policy,
        };
        let profile = fetched.get::<Profile>(&at_profile, &of_contact, lens)?;
        let name = match fetched.data_key(&at_workspace, &tenant_key)? {
            Some(key) => fetched.get::<Workspace>(&at_workspace, &key, lens)?,
            None => None,
        };
        Ok(Some(Self {
            name: name.map(|workspace| workspace.name),
            scene,
            tenant_key,
            key,
            profile,
            now,
        }))
    }
}
