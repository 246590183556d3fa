//! What a request asks for, as far as a line of the log may say it: the route as the template has it, and the
//! workspace by its opaque id, once somebody is let in there.

use std::cell::Cell;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};

use crate::domain::WorkspaceId;

struct Asked {
    route: Option<String>,
    workspace: Cell<Option<WorkspaceId>>,
}

tokio::task_local! {
    static ASKED: Asked;
}

/// Answers a request, remembering meanwhile what it asks for.
pub(super) async fn remember(request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>();
    let asked = Asked {
        route: matched.map(|path| path.as_str().to_owned()),
        workspace: Cell::new(None),
    };
    ASKED.scope(asked, next.run(request)).await
}

/// The request is about this workspace. Says nothing outside of a request.
pub(super) fn of(workspace: WorkspaceId) {
    let _ = ASKED.try_with(|asked| asked.workspace.set(Some(workspace)));
}

/// Writes the one line of a request that failed.
pub(super) fn failed(code: &'static str, cause: &str) {
    let told = ASKED.try_with(|asked| {
        let workspace = asked.workspace.get().map(|id| id.to_string());
        (asked.route.clone(), workspace)
    });
    let (route, workspace) = told.unwrap_or_default();
    let (route, workspace) = (route.as_deref(), workspace.as_deref());
    tracing::error!(code, cause, route, workspace, "request failed");
}
