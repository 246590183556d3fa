//! `POST /unsubscribe`: a kind of mail ends, at once and without signing in.
//!
//! It is posted by the button of our page and by mailbox programs, which are no pages of ours, bring
//! no cookie and follow no redirect (RFC 8058, 3.2). The token alone is the proof: whoever has the
//! mail may end such mails. The record under the hash of the address and the settings of the account
//! change in one transaction; repeating it changes nothing more.

use axum::{body::Bytes, extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::{App, mail::ONE_CLICK},
    domain::{
        Policy, TenantId, Timestamp,
        announcement::{MailKind, MailWish, MailWishSource},
        policy::Lens,
    },
    http::{
        Problem,
        page::{Page, Query, Reader, Refusals, Words},
    },
    store::{
        CommitError, Fetched, RootRef, StoreError, Stored, TenantKey, Transaction,
        account::Account,
        keys,
        mail_wish::{self, WayOut},
        preferences::Preferences,
        subject::State as Standing,
    },
};
use utoipa::ToSchema;

use crate::show_unsubscribe::{Arrival, read};

/// How often the change is tried: somebody may be changing the settings meanwhile.
const ATTEMPTS: u32 = 3;

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
    let way_out = read(app, token).await?;
    end(app, way_out).await?;
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

/// Ends a kind of mail for the address that the mail went to, and for the one of its account now.
async fn end(app: &App, way_out: WayOut) -> Result<(), Problem> {
    for _ in 0..ATTEMPTS {
        let now = app.clock.now();
        let tenant_key = app.store.tenant_key(TenantId::Platform, now).await?;
        let head = keys::account(way_out.account);
        let wanted = vec![
            head.clone(),
            keys::data_key(&RootRef::of(&head)),
            keys::preferences(way_out.account),
        ];
        let fetched = app.store.batch(wanted).await?;
        let mut transaction = Transaction::new(now);
        refuse(&mut transaction, &fetched, way_out, &tenant_key, now)?;
        match app.store.commit(transaction).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(_)) => {}
        }
    }
    Err(StoreError::Conflict.into())
}

fn refuse(
    transaction: &mut Transaction,
    fetched: &Fetched,
    way_out: WayOut,
    tenant_key: &TenantKey,
    now: Timestamp,
) -> Result<(), Problem> {
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let said = (MailWish::Refused, MailWishSource::OneClick);
    transaction.wish(way_out.address, way_out.mail_kind, said, now)?;
    let head = keys::account(way_out.account);
    // An account that is gone leaves the refusal behind, and nothing else.
    let Some(key) = fetched.data_key(&head, tenant_key)? else {
        return Ok(());
    };
    let account = fetched.get::<Account>(&head, &key, lens)?;
    let Some(account) = account.filter(|account| account.state != Standing::Erasing) else {
        return Ok(());
    };
    // Between this read and the write nobody may have begun to erase it.
    transaction.check_unchanged(head, account.rev);
    let present = mail_wish::hash_of(tenant_key, &account.email);
    if present != way_out.address {
        transaction.wish(present, way_out.mail_kind, said, now)?;
    }
    let place = keys::preferences(way_out.account);
    let found = fetched.get::<Preferences>(&place, &key, lens)?;
    let before = found.unwrap_or_else(|| Preferences::unset(way_out.account, now));
    let next = match way_out.mail_kind {
        MailKind::Marketing => Preferences {
            marketing_mail: false,
            ..before
        },
        MailKind::Service => Preferences {
            service_mail: false,
            ..before
        },
    };
    let is_new = next.rev == 0;
    let stored = Stored::next(next, &policy);
    if is_new {
        transaction.create(&stored, &key)?;
    } else {
        transaction.replace(&stored, &key)?;
    }
    Ok(())
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
