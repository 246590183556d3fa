//! `GET /docs`: the contract for people. One page without scripts, and without anything from
//! another host.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::IntoResponse,
};
use shared::http::{Problem, Problems};

use crate::render;

/// What the page may do: show its own text and styles, nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// Read the documentation.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "docs",
    responses(
        (status = 200, description = "A page.", body = String, content_type = "text/html"),
        Problems,
    ),
    security(()),
)]
pub async fn handle() -> Result<impl IntoResponse, Problem> {
    let page =
        render::page(crate::OPENAPI).ok_or_else(|| Problem::internal("the OpenAPI document"))?;
    let headers: [(HeaderName, HeaderValue); 4] = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("max-age=300"),
        ),
    ];
    Ok((headers, page))
}
