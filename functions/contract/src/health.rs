//! `GET /health`: the API answers.

use serde::Serialize;
use shared::{
    http::{Json, Problem, Problems},
    words,
};
use utoipa::ToSchema;

words! {
    /// How the API is.
    pub enum Condition {
        /// It answers.
        Ok = "ok",
    }
}

/// How the API is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`: what is not does not answer.
    status: Condition,
}

/// Check that the API answers.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "health",
    responses((status = 200, description = "It does.", body = Health), Problems),
    security(()),
)]
pub async fn handle() -> Result<Json<Health>, Problem> {
    Ok(Json(Health {
        status: Condition::Ok,
    }))
}
