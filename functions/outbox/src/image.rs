//! The images of the stream: sealed as they lie in the table, opened here where an effect needs it.

use shared::{
    app::App,
    domain::{
        TenantId,
        policy::{Lens, Policy},
    },
    store::{
        DataKey, Item, Record, RootRef, StoreError, Table, TenantKey, db::key_of, keys,
        record::read_item,
    },
};

use crate::failure::Failure;

/// What kind of record an image is of.
pub fn kind(item: &Item) -> Option<&str> {
    text(item, "kind")
}

/// A text attribute of an image.
pub fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// The key of the platform's tenant.
pub async fn platform_key(app: &App) -> Result<TenantKey, Failure> {
    Ok(app
        .store
        .tenant_key(TenantId::Platform, app.clock.now())
        .await?)
}

/// Opens the head of a root with the root's key, and brings the key of its tenant. `None` when the
/// root has expired or lost its key since: then there is nothing left to tell anybody.
pub async fn open<R: Record<Seal = DataKey>>(
    app: &App,
    item: &Item,
) -> Result<Option<(R, TenantKey)>, Failure> {
    let opened = open_with_key(app, item).await?;
    Ok(opened.map(|(record, _, tenant_key)| (record, tenant_key)))
}

/// The same, with the key that it is sealed with: for effects that write down what they did.
pub async fn open_with_key<R: Record<Seal = DataKey>>(
    app: &App,
    item: &Item,
) -> Result<Option<(R, DataKey, TenantKey)>, Failure> {
    let now = app.clock.now();
    let head = key_of(Table::Data, item).ok_or(StoreError::Corrupt("an image without a key"))?;
    let root = RootRef::of(&head);
    let tenant = root
        .tenant()
        .ok_or(StoreError::Corrupt("a root without a tenant"))?;
    let mut wanted = vec![keys::data_key(&root)];
    if app.store.keyring().remembered(tenant, now).is_none() {
        wanted.push(keys::tenant_key(tenant));
    }
    let fetched = app.store.batch(wanted).await?;
    let tenant_key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
    let Some(key) = fetched.data_key(&head, &tenant_key)? else {
        return Ok(None);
    };
    let policy = Policy::platform();
    let record = read_item::<R>(
        item,
        &key,
        Lens {
            now,
            policy: &policy,
        },
    )?;
    Ok(record.map(|record| (record, key, tenant_key)))
}
