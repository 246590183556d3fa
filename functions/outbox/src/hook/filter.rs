//! Which endpoints are told of what happened to a conversation: those that want conversations of its app and
//! of its team. What is about no conversation is not filtered.

use shared::{
    app::App,
    domain::{AppId, ConversationId, TeamId, WorkspaceId},
    store::{Item, webhook::Webhook},
};

use super::field;
use crate::failure::Failure;

/// By which app a conversation came, and of which teams it is or was.
#[derive(Default)]
pub struct Belongs {
    app: Option<AppId>,
    teams: Vec<TeamId>,
}

impl Belongs {
    /// By the images of its head: whoever hears of a team hears that a conversation leaves it, too.
    pub fn of(images: &[Option<&Item>]) -> Self {
        let heads = images.iter().copied().flatten();
        Self {
            app: heads.clone().find_map(|head| field(head, "app")),
            teams: heads.filter_map(|head| field(head, "team")).collect(),
        }
    }

    /// By its head as it is now; nothing when it is gone. One read.
    pub async fn now(
        app: &App,
        workspace: WorkspaceId,
        conversation: ConversationId,
    ) -> Result<Self, Failure> {
        let (app, team) = app.store.belongs(workspace, conversation).await?;
        Ok(Self {
            app,
            teams: team.into_iter().collect(),
        })
    }

    /// Whether an endpoint is told of it.
    pub fn suits(&self, hook: &Webhook) -> bool {
        hook.admits(self.app, &self.teams)
    }
}
