//! `GET /v1/auth/sessions`: where the account is signed in, oldest first. One query besides the
//! read on entry. Devices are told by family only; no address and no place is kept.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{
        AccountId, SessionId, Timestamp,
        device::{Browser, System},
        policy::Lens,
    },
    http::{AccessToken, Json, Problem, Problems},
    store::{Query, Unsealed, account::LoginSession, keys, record::read_item},
};
use utoipa::ToSchema;

/// How many are told. Whoever has more ends the others at once.
const AT_MOST: u16 = 100;

/// The sessions of an account.
#[derive(Serialize, ToSchema)]
pub struct Sessions {
    /// Oldest first, a hundred at most.
    data: Vec<SessionView>,
}

/// Somewhere the account is signed in.
#[derive(Serialize, ToSchema)]
pub struct SessionView {
    /// Its id.
    id: SessionId,
    /// Whether it is the one that asks.
    current: bool,
    /// The browser, by its family.
    browser: Browser,
    /// The system it runs on.
    system: System,
    /// When it began.
    started_at: Timestamp,
    /// The day it was used last (UTC).
    #[schema(format = Date, example = "2026-01-15")]
    last_used_on: String,
    /// Whether a second factor was proved in it.
    second_factor: bool,
}

impl SessionView {
    fn of(session: &LoginSession, asking: SessionId) -> Self {
        let last_used_on = last_used_on(session);
        Self {
            id: session.id,
            current: session.id == asking,
            browser: session.browser.unwrap_or(Browser::Other),
            system: session.system.unwrap_or(System::Other),
            started_at: session.started_at,
            last_used_on,
            second_factor: session.second_factor_at.is_some(),
        }
    }
}

/// The day of a session's last use (UTC). Day and not hour: how somebody spends their day is nobody's
/// business.
pub fn last_used_on(session: &LoginSession) -> String {
    let used = session.rotated_at.to_string();
    used.get(..10).unwrap_or(&used).to_owned()
}

/// The sessions of an account, oldest first.
pub async fn of(
    app: &App,
    account: AccountId,
    lens: Lens<'_>,
) -> Result<Vec<LoginSession>, Problem> {
    let query = Query::partition(keys::sessions(account)).limit(AT_MOST);
    let mut sessions = Vec::new();
    for item in app.store.query(query).await? {
        sessions.extend(read_item::<LoginSession>(&item, &Unsealed, lens)?);
    }
    Ok(sessions)
}

/// List the login sessions.
#[utoipa::path(
    get,
    path = "/v1/auth/sessions",
    operation_id = "list_login_sessions",
    responses((status = 200, description = "The sessions.", body = Sessions), Problems),
    security(("member" = [])),
)]
pub async fn handle(State(app): State<App>, token: AccessToken) -> Result<Json<Sessions>, Problem> {
    let signed_in = app.signed_in(&token, Vec::new()).await?;
    let lens = Lens {
        now: signed_in.now,
        policy: &signed_in.policy,
    };
    let sessions = of(&app, signed_in.account, lens).await?;
    let data = sessions.iter();
    let data = data.map(|session| SessionView::of(session, token.session()));
    Ok(Json(Sessions {
        data: data.collect(),
    }))
}
