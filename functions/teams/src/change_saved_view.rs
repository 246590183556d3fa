//! `PATCH /v1/workspaces/{workspace}/saved-views/{view}`: a saved view gets another name, or looks for
//! something else. Whose it is never changes.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{Permission, SavedViewId, WorkspaceId, policy::Module, text::Name},
    http::{
        AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Versioned,
        filter::Filter,
        json::{given, given_object},
    },
    store::{CommitError, Stored, Transaction, Unsealed, app::Label, keys, saved_view::SavedView},
};
use utoipa::ToSchema;

use crate::{
    saved_view::{self, SavedViewView},
    shelf,
};

/// What to change of a saved view; what is absent stays, and a filter takes the place of the whole one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSavedView {
    /// What it is called.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "Urgent")]
    name: Option<Name>,
    /// What it looks for.
    #[serde(default, deserialize_with = "given_object")]
    #[schema(nullable = false)]
    filter: Option<Filter>,
}

/// Change a saved view.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/saved-views/{view}",
    operation_id = "change_saved_view",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("view" = SavedViewId, Path, description = "The saved view."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = ChangeSavedView,
    responses((status = 200, description = "The view.", body = SavedViewView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, SavedViewId)>,
    if_match: IfMatch,
    Json(body): Json<ChangeSavedView>,
) -> Result<Versioned<SavedViewView>, Problem> {
    let wanted = saved_view::wanted(workspace, body.filter.as_ref());
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    member.entry.in_use()?;
    member.belongs()?;
    let place = |owner| keys::saved_view(workspace, owner, id);
    let mut kept: SavedView = shelf::one(&app, &member, place).await?;
    shelf::may_change(&member, kept.member)?;
    if_match.check(kept.rev)?;
    if let Some(filter) = body.filter {
        saved_view::check(&filter, entry)?;
        kept = filter.kept_in(kept);
    }
    kept.name = body.name.as_ref().map_or(kept.name, Label::new);
    let stored = Stored::next(kept, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&stored, &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) => {
            let kept = [stored.into_record()];
            let mut views = SavedViewView::all(&app, workspace, &kept).await?;
            let view = views.pop().ok_or_else(Problem::not_found)?;
            let [kept] = kept;
            Ok(Versioned {
                rev: kept.rev,
                view,
            })
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
