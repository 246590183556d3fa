//! `POST /unsubscribe`: a kind of mail ends, at once and without signing in.
//!
//! It is posted by the button of our page and by mailbox programs, which are no pages of ours, bring
//! no cookie and follow no redirect (RFC 8058, 3.2). The token alone is the proof: whoever has the
//! mail may end such mails. The record under the hash of the address and the settings of the account
//! change in one transaction; repeating it changes nothing more. Of mail about conversations it is a date on
//! the contact.

use axum::{body::Bytes, extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::{App, mail::ONE_CLICK},
    domain::announcement::MailWishSource,
    http::{
        Problem,
        page::{Page, Query, Reader, Refusals, Words},
    },
};
use utoipa::ToSchema;

use crate::show_unsubscribe::{Arrival, Leads, read};

/// What the button of the page and mailbox programs post.
#[derive(Deserialize, ToSchema)]
pub struct OneClick {
    /// The word of RFC 8058.
    #[serde(rename = "List-Unsubscribe")]
    #[schema(example = "One-Click")]
    #[expect(dead_code, reason = "read as text: the type documents the form")]
    list_unsubscribe: String,
}

/// End a kind of mail.
///
/// The one-click way out of RFC 8058. No signing in: the token of the mail is the proof.
#[utoipa::path(
    post,
    path = "/unsubscribe",
    operation_id = "unsubscribe",
    params(("token" = String, Query, description = "The token of the mailed link.")),
    request_body(content = OneClick, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "No such mail comes any more.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    reader: Reader,
    Query(arrival): Query<Arrival>,
    body: Bytes,
) -> Response {
    reader.answer(act(&app, reader.words, &arrival.token, &body).await)
}

async fn act(app: &App, words: &'static Words, token: &str, body: &[u8]) -> Result<Page, Problem> {
    if !says_one_click(body) {
        return Err(Problem::invalid(
            "#/List-Unsubscribe",
            "required",
            "List-Unsubscribe=One-Click",
        ));
    }
    let now = app.clock.now();
    match read(app, token).await? {
        Leads::Mail(way_out) => {
            let said_by = MailWishSource::OneClick;
            app.store.refuse_mail(way_out, said_by, now).await?;
        }
        Leads::Thread(way_out) => app.store.refuse_thread_mail(way_out, now).await?,
    }
    let body = html! {
        h1 { (words.unsubscribe) }
        p.done role="status" { (words.unsubscribed) }
    };
    Ok(Page::new(words.unsubscribe, body))
}

/// As a form of either kind: RFC 8058 lets mailbox programs choose.
fn says_one_click(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else {
        return false;
    };
    let urlencoded = text.split('&').any(|pair| pair.trim() == ONE_CLICK);
    let multipart = text.contains("name=\"List-Unsubscribe\"") && text.contains("One-Click");
    urlencoded || multipart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_form_say_it_and_nothing_else_does() {
        let multipart = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n\
                         One-Click\r\n--x--\r\n";
        for body in ["List-Unsubscribe=One-Click", multipart] {
            assert!(says_one_click(body.as_bytes()), "{body}");
        }
        for body in ["", "token=x", "List-Unsubscribe=Yes", "One-Click"] {
            assert!(!says_one_click(body.as_bytes()), "{body}");
        }
    }
}
