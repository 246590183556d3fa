//! `GET /v1/operator/announcements/{announcement}`: how far an announcement has got.

use axum::extract::State;
use shared::{
    app::App,
    domain::{AnnouncementId, Policy, policy::Lens},
    http::{AccessToken, Json, Operator, Path, Problem, Problems},
    store::{RootRef, announcement::Announcement, keys},
};

use crate::announcement::AnnouncementView;

/// Show how far an announcement has got.
///
/// For the operator of the deployment. It is told how many it reached, never whom.
#[utoipa::path(
    get,
    path = "/v1/operator/announcements/{announcement}",
    operation_id = "show_announcement",
    params(("announcement" = AnnouncementId, Path, description = "The announcement.")),
    responses((status = 200, description = "How far it is.", body = AnnouncementView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(announcement): Path<AnnouncementId>,
) -> Result<Json<AnnouncementView>, Problem> {
    let operator = app.operator(&token, Vec::new()).await?;
    view(&app, &operator, announcement).await.map(Json)
}

/// An announcement as it stands now.
///
/// # Errors
/// 404 when there is none.
pub async fn view(
    app: &App,
    operator: &Operator,
    announcement: AnnouncementId,
) -> Result<AnnouncementView, Problem> {
    let head = keys::announcement(announcement);
    let policy = Policy::platform();
    let lens = Lens {
        now: operator.now,
        policy: &policy,
    };
    let wanted = vec![head.clone(), keys::data_key(&RootRef::of(&head))];
    let fetched = app.store.batch(wanted).await?;
    let key = fetched.data_key(&head, &operator.platform_key)?;
    let key = key.ok_or_else(Problem::not_found)?;
    let found = fetched.get::<Announcement>(&head, &key, lens)?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(AnnouncementView::new(&found))
}
