//! `POST /v1/privacy/requests`: who holds an account asks the operator about their data.
//!
//! Whoever asks for more than an answer has proved a factor in the last ten minutes.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::{App, limit::Act},
    domain::{
        Policy, TenantId,
        announcement::{MailKind, MailWishSource},
        policy::Lens,
        privacy::{Maker, RequestKind},
        text::Text,
    },
    http::{AccessToken, Allowance, Client, Json, Problem, Problems},
    store::{
        RootRef, SubjectId,
        account::Account,
        keys,
        mail_wish::{self, WayOut},
    },
};
use utoipa::ToSchema;

use crate::{
    making::{self, Asked, Asking, Made, Vouched},
    request::{Desk, PrivacyRequestView},
};

/// What the holder of an account asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HolderAsks {
    /// What.
    #[serde(rename = "type")]
    #[schema(example = "question")]
    request: RequestKind,
    /// What to say with it; a question and a correction need it.
    message: Option<Text>,
}

/// Ask about the data of your account.
///
/// The operator has 30 days from now. A copy of everything (`access`, `export`) is made at once, within
/// minutes, and a mail says where it lies.
/// `opt_out` ends mail about offers with this call. `delete_call_metadata` deletes what is known of all calls that were
/// made until now in the workspaces whose calls you may delete, within minutes; the mail that says so goes when it is
/// done. Who asks for the same again is told of the first request. To be
/// erased, close the account: `DELETE /v1/account`.
#[utoipa::path(
    post,
    path = "/v1/privacy/requests",
    operation_id = "make_own_privacy_request",
    request_body = HolderAsks,
    responses(
        (status = 202, description = "It was received.", body = PrivacyRequestView),
        (status = 200, description = "It was asked before.", body = PrivacyRequestView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: AccessToken,
    Json(body): Json<HolderAsks>,
) -> Result<(StatusCode, Allowance, Json<PrivacyRequestView>), Problem> {
    let head = keys::account(token.account());
    let tenant = TenantId::Platform;
    let wanted = vec![
        head.clone(),
        keys::data_key(&RootRef::of(&head)),
        keys::tenant_key(tenant),
    ];
    let signed_in = match body.request.needs_proof() {
        true => app.proved(&token, wanted).await?,
        false => app.signed_in(&token, wanted).await?,
    };
    let whose = signed_in.account.to_string();
    let allowed = app.admit(&client, Act::AskAboutData, &whose).await?;
    let (now, fetched) = (signed_in.now, &signed_in.fetched);
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let tenant_key = app.store.unwrap_tenant_key(tenant, fetched, now).await?;
    let key = fetched.data_key(&head, &tenant_key)?;
    let key = key.ok_or_else(Problem::not_found)?;
    let account = fetched.get::<Account>(&head, &key, lens)?;
    let account = account.ok_or_else(Problem::not_found)?;
    // Whoever objects gets no offers either: nothing else that is done with accounts can be objected to
    // without a decision (GDPR, Art. 21(2), (3)).
    if matches!(body.request, RequestKind::Object | RequestKind::OptOut) {
        // First what is asked for: should the rest fail, asking again does it once more.
        let way_out = WayOut {
            account: account.id,
            address: mail_wish::hash_of(&tenant_key, &account.email),
            mail_kind: MailKind::Marketing,
        };
        let refused = app.store.refuse_mail(way_out, MailWishSource::Request, now);
        refused.await?;
    }
    let asking = Asking {
        subject: Some(SubjectId::Account(account.id)),
        made_by: Maker::AccountHolder,
        on_file: Some(account.email),
        vouched: Vouched::ByProof,
    };
    let asked = Asked {
        kind: body.request,
        message: body.message,
        name: None,
        email: None,
        reply_to: None,
    };
    let desk = Desk::platform(&tenant_key, now);
    Ok(match making::make(&app, desk, asking, asked, None).await? {
        Made::New(view) => (StatusCode::ACCEPTED, allowed, Json(view)),
        Made::Before(view) => (StatusCode::OK, allowed, Json(view)),
    })
}
