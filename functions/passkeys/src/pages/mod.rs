//! The pages: an account's passkeys, and a passkey in the place of a code. Those that ask a browser for one
//! have the one script there is.
//!
//! | file | route |
//! |---|---|
//! | `show_passkeys`, `send_passkeys` | `GET`, `POST /account/passkeys` |
//! | `send_confirm_passkey` | `POST /confirm/passkey`: the second half of a sign-in |

pub mod send_confirm_passkey;
pub mod send_passkeys;
pub mod show_passkeys;

use shared::{
    app::App,
    domain::TenantId,
    http::{AccessToken, Problem, page::SessionCookie, platform::Platform, second_factor},
    store::{keys, passkey::Passkeys},
};

use crate::list_passkeys;

/// Somebody at a page of their passkeys.
pub struct Visit {
    /// For operations that take a token.
    pub token: AccessToken,
    /// What they have.
    pub passkeys: Passkeys,
    /// Whether it was proved lately that it is still them.
    pub is_proved: bool,
}

/// Reads who is signed in, with their passkeys, if somebody is. One round trip.
pub async fn visit(app: &App, cookie: &SessionCookie) -> Result<Option<Visit>, Problem> {
    let Some(id) = cookie.account() else {
        return Ok(None);
    };
    let mut wanted = second_factor::wanted(id);
    wanted.push(keys::tenant_key(TenantId::Platform));
    let Some(signed_in) = app.browsing(cookie, wanted).await? else {
        return Ok(None);
    };
    let token = AccessToken::of(&signed_in);
    let (session, read) = Platform::around(app, signed_in).await?;
    let passkeys = list_passkeys::of(&read, &token)?;
    Ok(Some(Visit {
        is_proved: session.is_proved(read.now),
        token,
        passkeys,
    }))
}
