//! Functions behind the HTTP API.

use crate::http::Routes;

/// Serves `routes` until the environment ends. The connection that every request needs is warmed
/// in the init phase, which is not throttled.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API goes away.
pub fn http(routes: Routes) -> Result<(), lambda_runtime::Error> {
    super::run(async {
        let app = super::app()?;
        app.warm().await;
        lambda_http::run(routes.router(app)).await
    })
}

/// As [`http`], for routes that read nothing: their function has no permission to.
///
/// # Errors
/// As [`http`].
pub fn pages(routes: Routes) -> Result<(), lambda_runtime::Error> {
    super::run(async { lambda_http::run(routes.router(super::app()?)).await })
}
