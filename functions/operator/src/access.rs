//! Who is the operator.

use shared::{
    app::App,
    domain::{AccountId, Policy, TenantId, Timestamp, WorkspaceId, policy::Lens, text::Email},
    http::{AccessToken, Code, Problem},
    store::{
        RootRef, TenantKey, Unsealed, account::Account, keys, subject::State,
        workspace::WorkspacePolicy,
    },
};

/// The policy of a workspace, read by the operator at `now`.
pub struct Found {
    /// Who asks.
    pub operator: AccountId,
    /// As it was read.
    pub row: WorkspacePolicy,
    /// What their name in the audit log is hashed with.
    pub platform_key: TenantKey,
    /// The server's time for the whole request.
    pub now: Timestamp,
}

/// The policy of a workspace, for the operator alone. One read: session, account, policy.
///
/// # Errors
/// 403 for everybody whose proved address is not the deployment's `OPERATOR_EMAIL`, before anything
/// is told of the workspace; 403 `second_factor_required` without a second factor; 404 when there is
/// no such workspace, or it is being erased.
pub async fn workspace(
    app: &App,
    token: &AccessToken,
    workspace: WorkspaceId,
) -> Result<Found, Problem> {
    let now = app.clock.now();
    let head = keys::account(token.account());
    let place = keys::policy(workspace);
    let mut wanted = vec![
        head.clone(),
        keys::data_key(&RootRef::of(&head)),
        place.clone(),
    ];
    let tenant = TenantId::Platform;
    if app.store.keyring().remembered(tenant, now).is_none() {
        wanted.push(keys::tenant_key(tenant));
    }
    let signed_in = app.signed_in(token, wanted).await?;
    let fetched = &signed_in.fetched;
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let tenant_key = app.store.unwrap_tenant_key(tenant, fetched, now).await?;
    let key = fetched.data_key(&head, &tenant_key)?;
    let account = match key {
        Some(key) => fetched.get::<Account>(&head, &key, lens)?,
        None => None,
    };
    let named = app.config.operator_email.as_deref();
    let is_operator = account
        .filter(|account| account.state == State::Live)
        .is_some_and(|account| is_named(&account.email, named));
    if !is_operator {
        return Err(Problem::new(Code::Forbidden));
    }
    if signed_in.session.second_factor_at.is_none() {
        return Err(Problem::new(Code::SecondFactorRequired));
    }
    let row = fetched.get::<WorkspacePolicy>(&place, &Unsealed, lens)?;
    let row = row.filter(|row| row.state == State::Live);
    Ok(Found {
        operator: token.account(),
        platform_key: tenant_key,
        row: row.ok_or_else(Problem::not_found)?,
        now,
    })
}

/// Whether an address is the one that the deployment names; none is when it names none.
fn is_named(address: &Email, named: Option<&str>) -> bool {
    let named = named.and_then(|named| Email::parse(named).ok());
    named.is_some_and(|named| named.identity() == address.identity())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_address_that_the_deployment_names_is_the_operators() {
        let address = Email::parse("Ada@example.com").expect("an address");
        assert!(is_named(&address, Some("ada@example.com")));
        for other in [None, Some(""), Some("ada"), Some("ada@example.org")] {
            assert!(!is_named(&address, other), "{other:?}");
        }
    }
}
