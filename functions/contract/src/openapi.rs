//! `GET /openapi.json`: the contract for programs (OpenAPI 3.1).

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::IntoResponse,
};
use shared::http::{Problem, Problems};

/// Get the OpenAPI document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    responses(
        (
            status = 200,
            description = "OpenAPI 3.1.",
            body = Object,
            content_type = "application/json",
            example = json!({ "openapi": "3.1.0" }),
        ),
        Problems,
    ),
    security(()),
)]
pub async fn handle() -> Result<impl IntoResponse, Problem> {
    let headers: [(HeaderName, HeaderValue); 2] = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("max-age=300"),
        ),
    ];
    Ok((headers, crate::OPENAPI))
}
