//! Conversations: start, list, show, read; whose they are and how they stand; for members and for
//! visitors.
//!
//! | file | route |
//! |---|---|
//! | `start` | `POST /v1/workspaces/{workspace}/conversations` |
//! | `list` | `GET /v1/workspaces/{workspace}/conversations` |
//! | `count` | `GET /v1/workspaces/{workspace}/conversations/counts` |
//! | `usage` | `GET /v1/workspaces/{workspace}/usage` |
//! | `search` | `POST /v1/workspaces/{workspace}/search` |
//! | `contact_timeline` | `GET /v1/workspaces/{workspace}/contacts/{contact}/timeline` |
//! | `show` | `GET /v1/workspaces/{workspace}/conversations/{conversation}` |
//! | `change` | `PATCH /v1/workspaces/{workspace}/conversations/{conversation}` |
//! | `add_participant` | `PUT /v1/workspaces/{workspace}/conversations/{conversation}/participants/{member}` |
//! | `remove_participant` | `DELETE /v1/workspaces/{workspace}/conversations/{conversation}/participants/{member}` |
//! | `delete` | `DELETE /v1/workspaces/{workspace}/conversations/{conversation}` |
//! | `mark_read` | `PUT /v1/workspaces/{workspace}/conversations/{conversation}/read` |
//! | `hold` | `PUT /v1/workspaces/{workspace}/conversations/{conversation}/hold` |
//! | `show_hold` | `GET /v1/workspaces/{workspace}/conversations/{conversation}/hold` |
//! | `release` | `DELETE /v1/workspaces/{workspace}/conversations/{conversation}/hold` |
//! | `claim` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/claim` |
//! | `assign` | `PUT /v1/workspaces/{workspace}/conversations/{conversation}/assignee` |
//! | `unassign` | `DELETE /v1/workspaces/{workspace}/conversations/{conversation}/assignee` |
//! | `close` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/close` |
//! | `reopen` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/reopen` |
//! | `spam` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/spam` |
//! | `snooze` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/snooze` |
//! | `wake` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/wake` |
//! | `label` | `PUT /v1/workspaces/{workspace}/conversations/{conversation}/labels` |
//! | `keep_draft` | `PUT /v1/workspaces/{workspace}/conversations/{conversation}/draft` |
//! | `show_draft` | `GET /v1/workspaces/{workspace}/conversations/{conversation}/draft` |
//! | `drop_draft` | `DELETE /v1/workspaces/{workspace}/conversations/{conversation}/draft` |
//! | `visitor_start` | `POST /v1/widget/conversations` |
//! | `visitor_list` | `GET /v1/widget/conversations` |
//! | `put_to_team` | `PUT /v1/workspaces/{workspace}/conversations/{conversation}/team` |
//! | `take_from_team` | `DELETE /v1/workspaces/{workspace}/conversations/{conversation}/team` |
//! | `visitor_show` | `GET /v1/widget/conversations/{conversation}` |
//! | `visitor_rate` | `PUT /v1/widget/conversations/{conversation}/rating` |
//! | `visitor_mark_read` | `PUT /v1/widget/conversations/{conversation}/read` |

mod add_participant;
mod assign;
mod beginning;
mod change;
mod claim;
mod close;
mod contact_timeline;
mod count;
mod delete;
mod desk;
mod drop_draft;
mod hold;
mod keep_draft;
mod label;
mod list;
mod mark_read;
mod people;
mod put_to_team;
mod release;
mod remove_participant;
mod reopen;
mod search;
mod show;
mod show_draft;
mod show_hold;
mod snooze;
mod spam;
mod start;
mod take_from_team;
mod unassign;
mod usage;
mod view;
mod visitor_list;
mod visitor_mark_read;
mod visitor_rate;
mod visitor_show;
mod visitor_start;
mod wake;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        start,
        list,
        count,
        show,
        change,
        add_participant,
        remove_participant,
        delete,
        mark_read,
        hold,
        show_hold,
        release,
        claim,
        assign,
        unassign,
        usage,
        search,
        contact_timeline,
        put_to_team,
        take_from_team,
        close,
        reopen,
        spam,
        snooze,
        wake,
        label,
        keep_draft,
        show_draft,
        drop_draft,
        visitor_start,
        visitor_list,
        visitor_show,
        visitor_mark_read,
        visitor_rate
    ]
}
