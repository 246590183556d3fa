//! `PUT /v1/workspaces/{workspace}/oidc`: through which service the team signs in.
//!
//! The provider is asked at once, so that a wrong address is told to the owner and not to the first
//! colleague. Another issuer or client is another provider: whoever signed in through the one before is
//! out, and whom it vouched for is forgotten.

use axum::extract::State;
use serde::{Deserialize, Deserializer, de::Error as _};
use shared::{
    app::App,
    domain::{
        Permission, Role, WorkspaceId,
        policy::WayIn,
        text::{Fault, MailDomain, Setting},
    },
    http::{AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Versioned, actor::Entry},
    store::{
        CommitError, Stored, Transaction, Unsealed, audit::Deed, keys, team::TeamProvider,
        workspace::WorkspacePolicy,
    },
};
use utoipa::ToSchema;

use crate::{
    provider::{self, Unusable},
    remove_provider,
    setting::{self, ProviderView},
};

/// How many entries a list of the provider has.
const MOST_ENTRIES: usize = 20;

/// A list that may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Few<T>(Vec<T>);

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<T>::deserialize(deserializer)?;
        if list.len() > MOST_ENTRIES {
            let detail = format!("at most {MOST_ENTRIES} entries");
            return Err(D::Error::custom(Fault::new("too_many", &detail)));
        }
        Ok(Self(list))
    }
}

/// The sign-in service of a team.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetProvider {
    /// Its name for itself; `/.well-known/openid-configuration` is asked for below it.
    #[schema(example = "https://id.example.com")]
    issuer: Setting,
    /// What this installation is called there.
    #[schema(example = "sotto")]
    client_id: Setting,
    /// What proves that; when absent, the one that was set before stays.
    #[schema(value_type = Option<String>, format = Password, min_length = 1, max_length = 500)]
    client_secret: Option<Setting>,
    /// The domains of your addresses: it may vouch for these and no others. 1 to 20.
    #[schema(value_type = Vec<MailDomain>, min_items = 1, max_items = 20)]
    domains: Few<MailDomain>,
    /// What somebody who comes for the first time becomes: `agent`, `viewer` or `billing`.
    role: Role,
    /// Whether members come in through the provider only, owners aside.
    #[serde(default = "any")]
    #[schema(default = "any")]
    ways_in: WayIn,
    /// The words of `amr` and `acr` that mean that the provider saw a second factor. Without any it
    /// is asked for here.
    #[serde(default)]
    #[schema(value_type = Vec<Setting>, max_items = 20)]
    accepted_factors: Few<Setting>,
    /// Where programs of yours are led back to: `https`, or `http` on the person's own machine.
    #[serde(default)]
    #[schema(value_type = Vec<Setting>, max_items = 20)]
    redirect_uris: Few<Setting>,
}

const fn any() -> WayIn {
    WayIn::Any
}

/// Set the sign-in of the team.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/oidc",
    operation_id = "set_team_provider",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the provider that was read, where there is one. Without it: 428."),
    ),
    request_body = SetProvider,
    responses((status = 200, description = "The provider.", body = ProviderView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    if_match: IfMatch,
    Json(body): Json<SetProvider>,
) -> Result<Versioned<ProviderView>, Problem> {
    let wanted = vec![keys::team_provider(workspace)];
    let member = app
        .member(&token, workspace, Permission::WorkspaceOwn, wanted)
        .await?;
    member.proved()?;
    check(&app, &body)?;
    let entry = &member.entry;
    let before = setting::of(entry)?;
    if let Some(before) = &before {
        if_match.required()?;
        if_match.check(before.rev)?;
    }
    let ways = body.ways_in;
    let next = next(entry, before.as_ref(), body)?;
    provider::ask(&app, &next)
        .await
        .map_err(|unusable| told(&unusable))?;
    let row = WorkspacePolicy {
        team_sign_in_since: Some(next.since),
        ways_in: Some(ways),
        ..setting::policy_row(entry)?
    };
    let row = Stored::next(row, &entry.policy);
    let policy = row.record().policy();
    let another = before
        .as_ref()
        .is_some_and(|before| before.since != next.since);
    let mut transaction = Transaction::new(entry.now);
    let stored = match before {
        Some(_) => {
            let stored = Stored::next(next, &entry.policy);
            transaction.replace(&stored, &Unsealed)?;
            stored
        }
        None => {
            let stored = Stored::new(next, &entry.policy);
            transaction.create(&stored, &Unsealed)?;
            stored
        }
    };
    transaction.replace(&row, &Unsealed)?;
    transaction.audit(entry.line(member.id, Deed::TeamProviderSet))?;
    match app.store.commit(transaction).await {
        Ok(()) => {}
        Err(CommitError::Store(error)) => return Err(error.into()),
        Err(CommitError::Refused(_)) => return Err(Problem::new(Code::Conflict)),
    }
    if another {
        remove_provider::forget(&app, workspace, entry.now).await?;
    }
    let provider = stored.record();
    Ok(Versioned {
        rev: provider.rev,
        view: ProviderView::new(provider, &policy, &app.config.issuer),
    })
}

/// What no setting may be, before anybody is asked.
fn check(app: &App, body: &SetProvider) -> Result<(), Problem> {
    if body.domains.0.is_empty() {
        return Err(Problem::invalid("#/domains", "required", "1 to 20 domains"));
    }
    if matches!(body.role, Role::Owner | Role::Admin) {
        let detail = "agent, viewer or billing: nobody becomes more by a provider's word";
        return Err(Problem::invalid("#/role", "forbidden", detail));
    }
    let issuer = body.issuer.as_str();
    if issuer.contains('?') || app.egress.address(issuer).is_err() {
        let detail = "an https address of a public host, without port and query";
        return Err(Problem::invalid("#/issuer", "not_allowed", detail));
    }
    for (at, uri) in body.redirect_uris.0.iter().enumerate() {
        if !leads_back(uri.as_str()) {
            let detail = "an https address, or http to the person's own machine; no fragment";
            let pointer = format!("#/redirect_uris/{at}");
            return Err(Problem::field(
                Code::ValidationFailed,
                pointer,
                Fault::new("bad_url", detail),
            ));
        }
    }
    Ok(())
}

/// Whether a program may be led back there (RFC 8252, 7.3 for its own machine).
fn leads_back(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let own = ["127.0.0.1", "[::1]", "localhost"]
        .iter()
        .any(|host| authority == *host || authority.starts_with(&format!("{host}:")));
    let plain = !uri.contains(['#', '\\', '@', ' ', '"', '<', '>']) && !authority.is_empty();
    plain && (scheme == "https" || (scheme == "http" && own))
}

/// The provider after the change.
fn next(
    entry: &Entry,
    before: Option<&TeamProvider>,
    body: SetProvider,
) -> Result<TeamProvider, Problem> {
    let same = before.is_some_and(|before| {
        (&before.issuer, &before.client_id) == (&body.issuer, &body.client_id)
    });
    let client_secret = match (&body.client_secret, before.filter(|_| same)) {
        (Some(secret), _) => {
            TeamProvider::seal_secret(&entry.tenant_key, entry.workspace, secret.as_str())?
        }
        (None, Some(before)) => before.client_secret.clone(),
        // A secret of another provider is not sent to this one.
        (None, None) => {
            let detail = "the secret of this client";
            return Err(Problem::invalid("#/client_secret", "required", detail));
        }
    };
    let since = before
        .filter(|_| same)
        .map_or(entry.now, |before| before.since);
    Ok(TeamProvider {
        workspace: entry.workspace,
        issuer: body.issuer,
        client_id: body.client_id,
        client_secret,
        domains: body.domains.0,
        role: body.role,
        accepted_factors: body.accepted_factors.0,
        redirect_uris: body.redirect_uris.0,
        since,
        created_at: before.map_or(entry.now, |before| before.created_at),
        rev: before.map_or(1, |before| before.rev),
    })
}

/// What the owner hears of a provider that cannot be used.
fn told(unusable: &Unusable) -> Problem {
    let (code, detail) = match unusable {
        Unusable::Refused => ("not_allowed", "an https address of a public host"),
        Unusable::Unreachable => ("not_reachable", "a host that answers within three seconds"),
        Unusable::Wrong(what) => ("bad_discovery", *what),
    };
    Problem::invalid("#/issuer", code, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_led_back_to_https_or_to_their_own_machine() {
        for good in [
            "https://app.example.com/back",
            "http://127.0.0.1:8000/back?a=b",
            "http://[::1]/",
            "http://localhost",
        ] {
            assert!(leads_back(good), "{good}");
        }
        for bad in [
            "",
            "app://back",
            "javascript:alert(1)",
            "http://app.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1@evil.example",
            "https://",
            "https://app.example.com/#a",
            "https://app.example.com\\@evil.example",
        ] {
            assert!(!leads_back(bad), "{bad}");
        }
    }
}
