//! `GET /unsubscribe`: where the way out of a mail leads a person: a page with one button. Nothing is
//! changed, and nothing is read but the key that the token is checked with: programs follow links.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{TenantId, announcement::MailKind},
    http::{
        Problem,
        page::{Page, Query, Reader, Refusals, Words},
    },
    store::{continuity::ThreadWayOut, mail_wish::WayOut},
};

/// What the link brings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    pub token: String,
}

/// What a token leads out of.
pub enum Leads {
    /// A kind of mail to an account.
    Mail(WayOut),
    /// Mail about conversations with a team.
    Thread(ThreadWayOut),
}

/// Open the page that ends a kind of mail.
///
/// Opening it ends nothing: that takes the button, or a `POST`.
#[utoipa::path(
    get,
    path = "/unsubscribe",
    operation_id = "show_unsubscribe",
    params(("token" = String, Query, description = "The token of the mailed link.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    reader: Reader,
    Query(arrival): Query<Arrival>,
) -> Response {
    reader.answer(page(&app, reader.words, &arrival.token).await)
}

async fn page(app: &App, words: &'static Words, token: &str) -> Result<Page, Problem> {
    let about = match read(app, token).await? {
        Leads::Mail(way_out) => match way_out.mail_kind {
            MailKind::Marketing => words.unsubscribe_offers,
            MailKind::Service => words.unsubscribe_news,
        },
        Leads::Thread(_) => words.unsubscribe_chat,
    };
    let body = html! {
        h1 { (words.unsubscribe) }
        p { (about) }
        form method="post" action={ "/unsubscribe?token=" (token) } {
            input type="hidden" name="List-Unsubscribe" value="One-Click";
            button { (words.unsubscribe_now) }
        }
    };
    Ok(Page::new(words.unsubscribe, body))
}

/// What a token says.
///
/// # Errors
/// 404 when it is none of ours: why is told to nobody.
pub async fn read(app: &App, token: &str) -> Result<Leads, Problem> {
    let now = app.clock.now();
    let tenant_key = app.store.tenant_key(TenantId::Platform, now).await?;
    let mail = WayOut::read(&tenant_key, token).map(Leads::Mail);
    let thread = || ThreadWayOut::read(&tenant_key, token).map(Leads::Thread);
    mail.or_else(thread).ok_or_else(Problem::not_found)
}
