//! Which conversations are listed: asked for in a query, or kept as a saved view. One rule for both.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;
use crate::{
    domain::{AppId, TeamId, label::LabelName},
    store::{
        conversation::{Conversation, Priority, Status},
        saved_view::{SavedView, Sort, View},
    },
};

/// Which conversations, and in which order. `mine` and `mentions` are the reader's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "view": "unassigned", "priority": "urgent", "sort": "oldest" }))]
pub struct Filter {
    /// Whose: `all` unless said otherwise.
    #[serde(default)]
    #[schema(inline)]
    pub view: Option<View>,
    /// The team of the view `team`.
    #[serde(default)]
    pub team_id: Option<TeamId>,
    /// Only conversations that stand like this; in every view but `all` and `mentions`, `open`
    /// unless said otherwise.
    #[serde(default)]
    pub status: Option<Status>,
    /// Only conversations that are this urgent.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// Only conversations that visitors began through this app: an inbox.
    #[serde(default)]
    pub app_id: Option<AppId>,
    /// Only conversations with this label.
    #[serde(default)]
    pub label: Option<LabelName>,
    /// `newest` unless said otherwise.
    #[serde(default)]
    #[schema(inline)]
    pub sort: Option<Sort>,
}

impl Filter {
    /// What a saved view looks for.
    pub fn of(kept: &SavedView) -> Self {
        Self {
            view: kept.view,
            team_id: kept.team,
            status: kept.status,
            priority: kept.priority,
            app_id: kept.app,
            label: kept.label.clone(),
            sort: kept.sort,
        }
    }

    /// The saved view, looking for this.
    #[must_use]
    pub fn kept_in(self, kept: SavedView) -> SavedView {
        let Self {
            view,
            team_id,
            status,
            priority,
            app_id,
            label,
            sort,
        } = self;
        SavedView {
            view,
            team: team_id,
            status,
            priority,
            app: app_id,
            label,
            sort,
            ..kept
        }
    }

    /// Whose conversations.
    pub fn view(&self) -> View {
        self.view.unwrap_or(View::All)
    }

    /// In which order.
    pub fn sort(&self) -> Sort {
        self.sort.unwrap_or(Sort::Newest)
    }

    /// Whether it leaves out some of what an index holds: app, label and how urgent lie in none.
    pub const fn sorts_out(&self) -> bool {
        self.app_id.is_some() || self.label.is_some() || self.priority.is_some()
    }

    /// Whether a conversation is of the app, has the label and is as urgent as is looked for.
    pub fn fits(&self, head: &Conversation) -> bool {
        let label = self.label.as_ref();
        self.app_id.is_none_or(|app| head.app == Some(app))
            && label.is_none_or(|label| head.labels.contains(label))
            && self.priority.is_none_or(|wanted| wanted == head.priority())
    }

    /// Refuses what does not go together; `at` is what the pointers to the fields open with.
    ///
    /// # Errors
    /// 422 at the field.
    pub fn check(&self, at: &str) -> Result<(), Problem> {
        let refused = |field: &str, code: &str, detail: &str| {
            Err(Problem::invalid(&format!("{at}{field}"), code, detail))
        };
        match (self.view(), self.team_id) {
            (View::Team, None) => refused("team_id", "required", "the team of the view `team`"),
            (View::Team, Some(_)) => Ok(()),
            (_, Some(_)) => {
                let detail = "only the view `team` has a team: ask for `view=team`";
                refused("team_id", "forbidden", detail)
            }
            (View::All | View::Mentions, None) if self.sort() == Sort::Priority => {
                let detail = "by priority only in a queue: `mine`, `team` or `unassigned`";
                refused("sort", "forbidden", detail)
            }
            (_, None) => Ok(()),
        }
    }
}
