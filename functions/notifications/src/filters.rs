//! Which conversations an endpoint is told of: those of some apps, and those of some teams.

use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{AppId, TeamId, WorkspaceId},
    http::{Problem, actor::Entry},
    store::{Unsealed, app::App as Inbox, assigning::Team, keys, webhook::Webhook},
};
use utoipa::ToSchema;

/// The most apps, and the most teams, that one endpoint is told of.
const MOST: usize = 50;

/// Of which conversations an endpoint is told. What is about no conversation is not filtered.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookFilters)]
pub struct Filters {
    /// Only those that came by one of these apps; of every app when it is empty.
    #[serde(default)]
    #[schema(required = false, max_items = 50, example = json!(["app_01kf0a1b2c3d4e5f6g7h8j9k0m"]))]
    pub app_ids: Vec<AppId>,
    /// Only those that are, or were until this event, one of these teams'; of every team and of none when
    /// it is empty.
    #[serde(default)]
    #[schema(required = false, max_items = 50, example = json!([]))]
    pub team_ids: Vec<TeamId>,
}

impl Filters {
    /// The filters of an endpoint.
    pub fn of(webhook: &Webhook) -> Self {
        Self {
            app_ids: webhook.app_ids.clone().unwrap_or_default(),
            team_ids: webhook.team_ids.clone().unwrap_or_default(),
        }
    }

    /// Sets them, if every app and every team is there. One batch where any is named.
    pub async fn set(self, app: &App, entry: &Entry, webhook: &mut Webhook) -> Result<(), Problem> {
        let Self { app_ids, team_ids } = self;
        for (name, ids) in [
            ("app_ids", app_ids.iter().map(ToString::to_string).collect()),
            (
                "team_ids",
                team_ids.iter().map(ToString::to_string).collect(),
            ),
        ] {
            let ids: Vec<String> = ids;
            let twice = |(at, id): (usize, &String)| ids[..at].contains(id);
            if ids.len() > MOST || ids.iter().enumerate().any(twice) {
                let detail = format!("at most {MOST}, each once");
                let pointer = format!("#/filters/{name}");
                return Err(Problem::invalid(&pointer, "out_of_range", &detail));
            }
        }
        there(app, entry, webhook.workspace, (&app_ids, &team_ids)).await?;
        webhook.app_ids = Some(app_ids).filter(|ids| !ids.is_empty());
        webhook.team_ids = Some(team_ids).filter(|ids| !ids.is_empty());
        Ok(())
    }
}

/// Refuses what the workspace does not have.
async fn there(
    app: &App,
    entry: &Entry,
    workspace: WorkspaceId,
    (apps, teams): (&[AppId], &[TeamId]),
) -> Result<(), Problem> {
    if apps.is_empty() && teams.is_empty() {
        return Ok(());
    }
    let at_app = |id: &AppId| keys::app(workspace, *id);
    let at_team = |id: &TeamId| keys::team(workspace, *id);
    let wanted = apps.iter().map(at_app).chain(teams.iter().map(at_team));
    let fetched = app.store.batch_all(wanted.collect()).await?;
    let lens = entry.lens();
    for (at, id) in apps.iter().enumerate() {
        if fetched
            .get::<Inbox>(&at_app(id), &Unsealed, lens)?
            .is_none()
        {
            let pointer = format!("#/filters/app_ids/{at}");
            let detail = "an app of this workspace";
            return Err(Problem::invalid(&pointer, "unknown_app", detail));
        }
    }
    for (at, id) in teams.iter().enumerate() {
        if fetched
            .get::<Team>(&at_team(id), &Unsealed, lens)?
            .is_none()
        {
            let pointer = format!("#/filters/team_ids/{at}");
            let detail = "a team of this workspace";
            return Err(Problem::invalid(&pointer, "unknown_team", detail));
        }
    }
    Ok(())
}
