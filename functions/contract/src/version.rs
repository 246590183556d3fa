//! `GET /version`: what is deployed.

use serde::Serialize;
use shared::http::{Json, Problem, Problems};
use utoipa::ToSchema;

/// What is deployed.
#[derive(Serialize, ToSchema)]
pub struct Version {
    /// The release.
    #[schema(example = "0.0.0")]
    version: &'static str,
    /// The major version of the API, as in its paths.
    #[schema(example = "v1")]
    api: &'static str,
}

/// Show what is deployed.
#[utoipa::path(
    get,
    path = "/version",
    operation_id = "version",
    responses((status = 200, description = "The release.", body = Version), Problems),
    security(()),
)]
pub async fn handle() -> Result<Json<Version>, Problem> {
    Ok(Json(Version {
        version: env!("CARGO_PKG_VERSION"),
        api: "v1",
    }))
}
