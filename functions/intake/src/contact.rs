//! In which workspaces an address is that of a contact whom the customer signed for.
//!
//! What a visitor or a member typed proves nobody: a stranger could have their own address written beside
//! somebody else's conversation, and ask for it by mail.

use shared::{
    app::App,
    domain::{ContactId, TenantId, WorkspaceId, policy::Lens, text::Email},
    store::{
        RootRef, StoreError, TenantKey, Unsealed,
        contact::{Contact, Profile},
        keys, reached,
    },
};

/// Somebody whose address it is, in one workspace.
pub struct OnFile {
    /// Who.
    pub contact: ContactId,
    /// The address, as it is on file.
    pub email: Email,
    /// The key of the workspace.
    pub tenant_key: TenantKey,
}

/// The contacts that have this address on file, be they set aside or not.
pub async fn on_file(
    app: &App,
    platform: &TenantKey,
    from: &Email,
) -> Result<Vec<(WorkspaceId, OnFile)>, StoreError> {
    let led = app
        .store
        .reached_by(reached::hash_of(platform, from))
        .await?;
    let mut found = Vec::new();
    for (workspace, contact) in led {
        let one = open(app, (workspace, contact), from).await?;
        found.extend(one.map(|one| (workspace, one)));
    }
    Ok(found)
}

/// The contact that a row of the index leads to, if it is as the row says.
async fn open(
    app: &App,
    (workspace, contact): (WorkspaceId, ContactId),
    from: &Email,
) -> Result<Option<OnFile>, StoreError> {
    let now = app.clock.now();
    let tenant = TenantId::Workspace(workspace);
    let (at_head, at_policy) = (keys::contact(workspace, contact), keys::policy(workspace));
    let at_profile = keys::profile(workspace, contact);
    let wanted = vec![
        at_head.clone(),
        at_profile.clone(),
        at_policy.clone(),
        keys::data_key(&RootRef::of(&at_head)),
        keys::tenant_key(tenant),
    ];
    let fetched = app.store.batch(wanted).await?;
    let Some(policy) = fetched.live_policy(workspace, now)? else {
        return Ok(None);
    };
    let lens = Lens {
        now,
        policy: &policy,
    };
    let head = fetched.get::<Contact>(&at_head, &Unsealed, lens)?;
    if !head.is_some_and(|head| head.verified && head.is_kept()) {
        return Ok(None);
    }
    let tenant_key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
    let Some(key) = fetched.data_key(&at_head, &tenant_key)? else {
        return Ok(None);
    };
    let profile = fetched.get::<Profile>(&at_profile, &key, lens)?;
    let email = profile.and_then(|profile| profile.email);
    let email = email.filter(|email| email.identity() == from.identity());
    Ok(email.map(|email| OnFile {
        contact,
        email,
        tenant_key,
    }))
}
