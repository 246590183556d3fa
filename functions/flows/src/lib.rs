//! Flows: drafts, what is wrong with them, versions, and where they are in use.
//!
//! | file | route |
//! |---|---|
//! | `create` | `POST /v1/workspaces/{workspace}/flows` |
//! | `list` | `GET /v1/workspaces/{workspace}/flows` |
//! | `import` | `POST /v1/workspaces/{workspace}/flows/import` |
//! | `show` | `GET /v1/workspaces/{workspace}/flows/{flow}` |
//! | `change` | `PATCH /v1/workspaces/{workspace}/flows/{flow}` |
//! | `delete` | `DELETE /v1/workspaces/{workspace}/flows/{flow}` |
//! | `validate` | `POST /v1/workspaces/{workspace}/flows/{flow}/validate` |
//! | `simulate` | `POST /v1/workspaces/{workspace}/flows/{flow}/simulate` |
//! | `explore` | `POST /v1/workspaces/{workspace}/flows/{flow}/explore` |
//! | `run_tests` | `POST /v1/workspaces/{workspace}/flows/{flow}/test-runs` |
//! | `publish` | `POST /v1/workspaces/{workspace}/flows/{flow}/versions` |
//! | `list_versions` | `GET /v1/workspaces/{workspace}/flows/{flow}/versions` |
//! | `show_version` | `GET /v1/workspaces/{workspace}/flows/{flow}/versions/{version}` |
//! | `figures` | `GET /v1/workspaces/{workspace}/flows/{flow}/versions/{version}/figures` |
//! | `compare` | `GET /v1/workspaces/{workspace}/flows/{flow}/diff` |
//! | `switch` | `PUT /v1/workspaces/{workspace}/flows/{flow}/environments/{environment}` |
//! | `show_servers` | `GET /v1/workspaces/{workspace}/flows/servers` |
//! | `change_servers` | `PATCH /v1/workspaces/{workspace}/flows/servers` |
//! | `lead` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/flows/{flow}` |
//! | `hear_event` | `POST /v1/flow-events/{token}` |
//! | `show_run` | `GET /v1/workspaces/{workspace}/conversations/{conversation}/flow` |
//! | `visitor_start` | `POST /v1/widget/flows/{flow}/conversations` |
//! | `visitor_show` | `GET /v1/widget/conversations/{conversation}/flow` |
//!
//! Rooms beside the operations: `desk` (a flow that somebody may see), `document` (texts and what is
//! wrong with them), `servers` (what they may be told), `tests` (what lives with a flow and has to hold) and `view`.

mod change;
mod change_servers;
mod compare;
mod create;
mod delete;
mod desk;
mod document;
mod explore;
mod figures;
mod hear_event;
mod import;
mod lead;
mod list;
mod list_versions;
mod publish;
mod rules;
mod run_tests;
mod servers;
mod show;
mod show_run;
mod show_servers;
mod show_version;
mod simulate;
mod switch;
mod tests;
mod validate;
mod view;
mod visitor_show;
mod visitor_start;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        create,
        list,
        import,
        show,
        change,
        delete,
        validate,
        simulate,
        explore,
        run_tests,
        publish,
        list_versions,
        show_version,
        figures,
        compare,
        switch,
        show_servers,
        change_servers,
        lead,
        hear_event,
        show_run,
        visitor_start,
        visitor_show
    ]
}
