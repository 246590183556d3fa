//! `POST /v1/auth/oidc/{workspace}/backchannel-logout`: the provider says that somebody has signed out,
//! or works there no more (OpenID Connect Back-Channel Logout 1.0).
//!
//! Where it names somebody, every session that they began through it ends, whichever of its own sessions it
//! means; where it names a session of its own alone, those that began with that one. Saying it twice does
//! it once.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{AccountId, WorkspaceId, policy::Lens},
    http::{Client, Code, Path, Problem, Problems, actor::Entry, json},
    store::{
        KeyedHash, Unsealed, keys,
        team::{TeamIdentity, TeamProvider, TeamSession},
    },
};
use utoipa::ToSchema;

use crate::{
    attempt::told,
    finish, provider, setting,
    token::{self, Claims, Fault},
};

/// What a provider sends.
#[derive(Deserialize, ToSchema)]
pub struct ProviderLogout {
    /// A logout token, signed by the provider.
    #[schema(example = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln")]
    logout_token: String,
}

/// Hear that somebody has signed out at the provider.
#[utoipa::path(
    post,
    path = "/v1/auth/oidc/{workspace}/backchannel-logout",
    operation_id = "end_sessions_by_provider",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body(content = ProviderLogout, content_type = "application/x-www-form-urlencoded"),
    responses((status = 204, description = "Their sessions are over."), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    Path(workspace): Path<WorkspaceId>,
    request: Request,
) -> Result<Response, Problem> {
    let form: ProviderLogout = json::form(request, "send the form of the standard").await?;
    let _allowed = finish::admit(&app, &client, workspace).await?;
    let invalid = || Problem::new(Code::LogoutTokenInvalid);
    let entry = app
        .enter(workspace, vec![keys::team_provider(workspace)])
        .await?;
    let now = entry.now;
    let provider = setting::of(&entry)?.ok_or_else(Problem::not_found)?;
    let mut description = provider::known(&app, &provider).await.map_err(told)?;
    let mut read = token::logout(&form.logout_token, &provider, &description, now);
    if matches!(read, Err(Fault::UnknownKey)) {
        description = provider::known_again(&app, &provider).await.map_err(told)?;
        read = token::logout(&form.logout_token, &provider, &description, now);
    }
    let claims = read.map_err(|fault| {
        tracing::info!(?fault, "a logout token was refused");
        invalid()
    })?;
    // Whom, or which session, we do not know has none here.
    if let Some((account, session)) = meant(&app, &entry, &provider, &claims).await? {
        app.store
            .end_team_sessions(workspace, account, session, now)
            .await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Whose sessions a logout token means, and with which of the provider's own they began, where it names
/// nobody. One read.
async fn meant(
    app: &App,
    entry: &Entry,
    provider: &TeamProvider,
    claims: &Claims,
) -> Result<Option<(AccountId, Option<KeyedHash>)>, Problem> {
    let lens = Lens {
        now: entry.now,
        policy: &entry.policy,
    };
    if claims.sub.is_empty() {
        let Some(name) = &claims.sid else {
            return Ok(None);
        };
        let hash = provider.session(&entry.tenant_key, name);
        let place = keys::team_session(entry.workspace, hash);
        let fetched = app.store.batch(vec![place.clone()]).await?;
        let known = fetched.get::<TeamSession>(&place, &Unsealed, lens)?;
        return Ok(known.map(|known| (known.account, Some(hash))));
    }
    let hash = provider.identity(&entry.tenant_key, &claims.sub);
    let place = keys::team_identity(entry.workspace, hash);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    let known = fetched.get::<TeamIdentity>(&place, &Unsealed, lens)?;
    Ok(known.map(|known| (known.account, None)))
}
