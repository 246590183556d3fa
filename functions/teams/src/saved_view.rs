//! A saved view as the team sees it.

use std::collections::BTreeSet;

use serde::Serialize;
use shared::{
    app::App,
    domain::{SavedViewId, TeamId, Timestamp, WorkspaceId},
    http::{Problem, filter::Filter},
    store::{Key, keys, saved_view::SavedView, shelf::KeptFor},
};
use utoipa::ToSchema;

/// A view of conversations that is kept under a name.
#[derive(Serialize, ToSchema)]
pub struct SavedViewView {
    /// Its id: `GET …/conversations?saved_view_id=` lists what it looks for, as far as the reader sees it.
    id: SavedViewId,
    /// Whose it is.
    kept_for: KeptFor,
    /// What it is called.
    #[schema(example = "Urgent and unassigned")]
    name: String,
    /// What it looks for.
    filter: Filter,
    /// Whether the team that it looks for is there no more: then it finds nothing.
    team_is_gone: bool,
    /// Since when.
    created_at: Timestamp,
    /// Counts changes.
    #[schema(example = 1)]
    rev: u64,
}

impl SavedViewView {
    /// The view of a saved view whose team is there, if it names one.
    pub fn new(kept: &SavedView) -> Self {
        Self {
            id: kept.id,
            kept_for: match kept.member {
                Some(_) => KeptFor::Me,
                None => KeptFor::Workspace,
            },
            name: kept.name.as_str().to_owned(),
            filter: Filter::of(kept),
            team_is_gone: false,
            created_at: kept.created_at,
            rev: kept.rev,
        }
    }

    /// The views of saved views: one read of the teams that they name, if they name any.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn all(
        app: &App,
        workspace: WorkspaceId,
        kept: &[SavedView],
    ) -> Result<Vec<Self>, Problem> {
        let teams: BTreeSet<TeamId> = kept.iter().filter_map(|kept| kept.team).collect();
        let at = |team: TeamId| keys::team(workspace, team);
        let wanted: Vec<Key> = teams.into_iter().map(at).collect();
        let teams = match wanted.is_empty() {
            true => None,
            false => Some(app.store.batch_all(wanted).await?),
        };
        let is_gone = |team: TeamId| teams.as_ref().is_none_or(|teams| !teams.holds(&at(team)));
        let views = kept.iter().map(|kept| Self {
            team_is_gone: kept.team.is_some_and(is_gone),
            ..Self::new(kept)
        });
        Ok(views.collect())
    }
}

/// What has to be there for a filter: its team, and its app.
pub fn wanted(workspace: WorkspaceId, filter: Option<&Filter>) -> Vec<Key> {
    let team = filter.and_then(|filter| filter.team_id);
    let app = filter.and_then(|filter| filter.app_id);
    let team = team.map(|team| keys::team(workspace, team));
    let app = app.map(|app| keys::app(workspace, app));
    team.into_iter().chain(app).collect()
}

/// Refuses a filter that does not hold together, or names a team or an app that is not there; the batch on
/// entry asked for [`wanted`].
///
/// # Errors
/// 422 at the field.
pub fn check(filter: &Filter, entry: &shared::http::actor::Entry) -> Result<(), Problem> {
    filter.check("#/filter/")?;
    let missing = |team| !entry.fetched().holds(&keys::team(entry.workspace, team));
    if filter.team_id.is_some_and(missing) {
        let detail = "there is no such team";
        return Err(Problem::invalid("#/filter/team_id", "unknown", detail));
    }
    let missing = |app| !entry.fetched().holds(&keys::app(entry.workspace, app));
    if filter.app_id.is_some_and(missing) {
        let detail = "there is no such app";
        return Err(Problem::invalid("#/filter/app_id", "unknown", detail));
    }
    Ok(())
}
