//! What the holder of an account has asked, read.

use shared::{
    app::App,
    domain::{RequestId, TenantId},
    http::{AccessToken, Problem, SignedIn},
    store::{Key, SubjectId, TenantKey, keys},
};

use crate::request::{self, Desk, Found};

/// Somebody signed in, the key of the platform, and what lies at `keys`.
///
/// # Errors
/// 401 when the session is over.
pub async fn signed_in(
    app: &App,
    token: &AccessToken,
    keys: impl IntoIterator<Item = Key>,
) -> Result<(SignedIn, TenantKey), Problem> {
    let mut wanted: Vec<Key> = keys.into_iter().collect();
    wanted.push(keys::tenant_key(TenantId::Platform));
    let signed_in = app.signed_in(token, wanted).await?;
    let key = app
        .store
        .unwrap_tenant_key(TenantId::Platform, &signed_in.fetched, signed_in.now)
        .await?;
    Ok((signed_in, key))
}

/// A request of whoever is signed in.
///
/// # Errors
/// 404 when it is somebody else's, or nobody's.
pub async fn request(
    app: &App,
    token: &AccessToken,
    id: RequestId,
) -> Result<(SignedIn, Found), Problem> {
    let wanted = request::wanted(TenantId::Platform, id);
    let (signed_in, key) = signed_in(app, token, wanted).await?;
    let desk = Desk::platform(&key, signed_in.now);
    let found = request::open(&signed_in.fetched, desk, id)?;
    let subject = SubjectId::Account(signed_in.account);
    let own = found.filter(|found| request::is_own(found, subject));
    Ok((signed_in, own.ok_or_else(Problem::not_found)?))
}
