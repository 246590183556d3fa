//! A browser that is signed in, and the account behind it.

use shared::{
    app::App,
    domain::TenantId,
    http::{Problem, page::SessionCookie},
    store::{
        account::{Account, LoginSession},
        keys,
    },
};

use crate::{
    owner,
    platform::{self, Platform},
};

/// Reads who is signed in, and by which session, if somebody is. One round trip, and one call to KMS when the key of the
/// platform is not remembered.
pub async fn of(
    app: &App,
    cookie: &SessionCookie,
) -> Result<Option<(Account, LoginSession)>, Problem> {
    let Some(id) = cookie.account() else {
        return Ok(None);
    };
    let mut wanted: Vec<_> = platform::root(&keys::account(id)).into();
    wanted.push(keys::tenant_key(TenantId::Platform));
    let Some(signed_in) = app.browsing(cookie, wanted).await? else {
        return Ok(None);
    };
    let (session, read) = Platform::around(app, signed_in).await?;
    Ok(owner::living(&read, id)?.map(|account| (account, session)))
}
