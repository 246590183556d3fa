//! `PATCH /v1/workspaces/{workspace}/apps/{app}`: changes where an app may run and whom it lets in.
//!
//! Only what is given changes. The platform of an app never does, and its keys only by `rotate_key`.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        AppId, Permission, TeamId, WorkspaceId,
        text::{BundleId, Name, Origin},
    },
    http::{AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Versioned, json::given},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        app::{App as Stock, Identity, Label},
        assigning::Team,
        audit::Deed,
        keys,
    },
};
use utoipa::ToSchema;

use crate::app::{AppView, check_place, distinct};

/// What to change of an app; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeApp {
    /// What the team calls it.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "Our shop")]
    name: Option<Name>,
    /// The origins of a web app, all of them: 1 to 20.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 20)]
    origins: Option<Vec<Origin>>,
    /// The bundle of a mobile app.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    bundle_id: Option<BundleId>,
    /// Whether visitors come with an identity that the customer signed.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    identity: Option<Identity>,
    /// The team that gets what its visitors begin from now on; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<TeamId>)]
    team_id: Option<Option<TeamId>>,
    /// Whether visitors are asked how content they are when what they begin from now on is closed.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = true)]
    asks_rating: Option<bool>,
    /// Whether what the team writes is mailed to visitors who are away, in what they begin from now on.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = true)]
    mails_offline: Option<bool>,
    /// Whether devices of calls that begin from now on speak through a relay only, so that neither
    /// learns the address of the other. Without a relay no such call gets through.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = false)]
    relay_only: Option<bool>,
}

/// Change an app.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/apps/{app}",
    operation_id = "change_app",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("app" = AppId, Path, description = "The app."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = ChangeApp,
    responses((status = 200, description = "The app.", body = AppView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, AppId)>,
    if_match: IfMatch,
    Json(body): Json<ChangeApp>,
) -> Result<Versioned<AppView>, Problem> {
    let place = keys::app(workspace, id);
    let team = body
        .team_id
        .flatten()
        .map(|team| keys::team(workspace, team));
    let wanted = team.iter().cloned().chain([place.clone()]).collect();
    let member = app
        .member(&token, workspace, Permission::AppsManage, wanted)
        .await?;
    let entry = &member.entry;
    let found = entry
        .open::<Stock>(&place)?
        .ok_or_else(Problem::not_found)?;
    if_match.check(found.rev)?;
    // One that ends later gives back what still comes to it.
    if let Some(team) = team
        && entry.open::<Team>(&team)?.is_none()
    {
        let detail = "a team of this workspace";
        return Err(Problem::invalid("#/team_id", "unknown_team", detail));
    }
    let stored = Stored::next(changed(found, body)?, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&stored, &Unsealed)?;
    transaction.audit(entry.line(member.id, Deed::AppChanged).about(id))?;
    match app.store.commit(transaction).await {
        Ok(()) => {
            let changed = stored.record();
            Ok(Versioned {
                rev: changed.rev,
                view: AppView::new(changed),
            })
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// The app with the change, if that is still an app.
fn changed(mut app: Stock, change: ChangeApp) -> Result<Stock, Problem> {
    let ChangeApp {
        name,
        origins,
        bundle_id,
        identity,
        team_id,
        asks_rating,
        mails_offline,
        relay_only,
    } = change;
    app.name = name.as_ref().map_or(app.name, Label::new);
    app.origins = origins.unwrap_or(app.origins);
    app.bundle_id = bundle_id.or(app.bundle_id);
    app.identity = identity.unwrap_or(app.identity);
    app.team = team_id.unwrap_or(app.team);
    app.asks_rating = asks_rating.or(app.asks_rating);
    app.relay_only = relay_only.or(app.relay_only);
    app.mails_offline = mails_offline.or(app.mails_offline);
    check_place(app.platform, &app.origins, app.bundle_id.as_ref())?;
    app.origins = distinct(app.origins);
    Ok(app)
}

#[cfg(test)]
mod tests {
    use shared::{
        domain::Timestamp,
        http::json::parse,
        store::{app::Platform, field::Bytes},
    };

    use super::*;

    fn shop() -> Stock {
        let at = Timestamp::from_ms(1_768_478_400_000);
        Stock {
            disabled_at: None,
            sessions_per_minute: None,
            id: AppId::new(at),
            workspace: WorkspaceId::new(at),
            name: Label::new(&Name::parse("Shop").expect("a name")),
            platform: Platform::Web,
            origins: vec![Origin::parse("https://example.com").expect("an origin")],
            bundle_id: None,
            identity: Identity::Off,
            team: None,
            asks_rating: None,
            relay_only: None,
            mails_offline: None,
            identity_secret: Bytes(vec![1]),
            previous_secret: None,
            secret_rotated_at: None,
            key_salt: None,
            previous_key_salt: None,
            key_rotated_at: None,
            created_at: at,
            rev: 3,
        }
    }

    fn change(body: &str) -> Result<Stock, Problem> {
        changed(shop(), parse(body.as_bytes())?)
    }

    #[test]
    fn what_is_absent_stays_and_what_is_given_changes() {
        let app = change("{}").unwrap_or_else(|_| panic!("no change"));
        assert_eq!(
            (app.name.as_str(), app.origins.len(), app.identity),
            ("Shop", 1, Identity::Off)
        );
        let body = r#"{"identity":"required","origins":["https://a.example","https://b.example"]}"#;
        let app = change(body).unwrap_or_else(|_| panic!("a change"));
        assert_eq!((app.origins.len(), app.identity), (2, Identity::Required));
        assert_eq!(app.identity_secret, Bytes(vec![1]));
    }

    #[test]
    fn nothing_else_can_be_changed_and_nothing_can_be_cleared() {
        let bodies = [
            (r#"{"origins":[]}"#, Code::ValidationFailed),
            (r#"{"origins":null}"#, Code::ValidationFailed),
            (r#"{"name":null}"#, Code::ValidationFailed),
            (
                r#"{"bundle_id":"com.example.shop"}"#,
                Code::ValidationFailed,
            ),
            (r#"{"platform":"ios"}"#, Code::UnknownField),
            (r#"{"identity_secret":"x"}"#, Code::UnknownField),
        ];
        for (body, code) in bodies {
            assert_eq!(
                change(body).err().map(|problem| problem.code()),
                Some(code),
                "{body}"
            );
        }
    }
}
