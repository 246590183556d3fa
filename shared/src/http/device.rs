//! What a request comes from, as two closed words; the header itself goes no further than here.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};

use crate::domain::device::Device;

impl<S: Sync> FromRequestParts<S> for Device {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let value = parts.headers.get(header::USER_AGENT);
        let text = value.and_then(|value| value.to_str().ok());
        Ok(text.map_or(Self::UNKNOWN, Self::from_user_agent))
    }
}
