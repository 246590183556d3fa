//! The operator of a deployment: sees that a workspace is there, and may suspend it. Never what is
//! in it: this function has no key of a workspace.
//!
//! | file | route |
//! |---|---|
//! | `show_workspace` | `GET /v1/operator/workspaces/{workspace}` |
//! | `suspend` | `POST /v1/operator/workspaces/{workspace}/suspend` |
//! | `resume` | `POST /v1/operator/workspaces/{workspace}/resume` |
//!
//! The operator is the account whose address the deployment names, signed in with both factors:
//! `access`. What they see of a workspace: `workspace`.

mod access;
mod resume;
mod show_workspace;
mod suspend;
mod workspace;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![show_workspace, suspend, resume]
}
