//! `PATCH /v1/account`: how somebody wants to use the product. They lie on the account, so that no
//! cookie is needed for them (FLOW-03).
//!
//! Only what is given changes; `null` takes a language or a time zone back.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        Policy, TenantId, Timestamp,
        announcement::{MailKind, MailWish, MailWishSource},
        text::{Locale, TimeZone},
    },
    http::{
        AccessToken, Code, IfMatch, Json, Problem, Problems, Versioned,
        json::{given, object},
    },
    store::{
        CommitError, DataKey, Stored, Transaction,
        account::Account,
        keys, mail_wish,
        preferences::{Preferences, Theme},
    },
};
use utoipa::ToSchema;

use crate::{
    account::{self, Own, OwnAccount},
    platform::{Platform, Proof},
};

/// What to change of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeAccount {
    /// Preferences; what is absent stays.
    #[serde(deserialize_with = "object")]
    preferences: ChangePreferences,
}

/// Preferences; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePreferences {
    /// The language of pages and mails; null for what the browser says.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Locale>, example = "en")]
    locale: Option<Option<Locale>>,
    /// The time zone that times are shown in; null for what the device says.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<TimeZone>, example = "Europe/Berlin")]
    time_zone: Option<Option<TimeZone>>,
    /// Light or dark.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    theme: Option<Theme>,
    /// Which mails are wanted.
    #[serde(default, deserialize_with = "given_mails")]
    #[schema(nullable = false)]
    mails: Option<ChangeMails>,
}

/// Which mails are wanted; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeMails {
    /// About changes of the service.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = true)]
    service: Option<bool>,
    /// About offers.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = false)]
    marketing: Option<bool>,
}

fn given_mails<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ChangeMails>, D::Error> {
    object(deserializer).map(Some)
}

/// Change the preferences of the account.
#[utoipa::path(
    patch,
    path = "/v1/account",
    operation_id = "change_account",
    params(("If-Match" = String, Header, description = "The `ETag` of the version to change.")),
    request_body = ChangeAccount,
    responses((status = 200, description = "The account.", body = OwnAccount), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    if_match: IfMatch,
    Json(body): Json<ChangeAccount>,
) -> Result<Versioned<OwnAccount>, Problem> {
    let id = token.account();
    let (_, read) = Platform::of(&app, &token, account::wanted(id), Proof::Any).await?;
    let mut own = Own::read(&read, id)?;
    if_match.required()?;
    let before = own.preferences.clone();
    if_match.check(before.rev)?;
    let wanted = changed(before.clone(), body.preferences);
    let whose = (&own.account, &own.key);
    own.preferences = save(&app, whose, &before, wanted, read.now).await?;
    Ok(Versioned {
        rev: own.preferences.rev,
        view: own.view(),
    })
}

/// Saves preferences over the version that was read. The settings say what is wanted; what changes
/// of mail is also put on record, which proves since when.
pub async fn save(
    app: &App,
    (account, key): (&Account, &DataKey),
    before: &Preferences,
    wanted: Preferences,
    now: Timestamp,
) -> Result<Preferences, Problem> {
    let (id, is_new) = (wanted.account, wanted.rev == 0);
    let said = said(before, &wanted);
    let stored = Stored::next(wanted, &Policy::platform());
    let mut transaction = Transaction::new(now);
    transaction.check_live(keys::account(id));
    if is_new {
        transaction.create(&stored, key)?;
    } else {
        transaction.replace(&stored, key)?;
    }
    let tenant_key = app.store.tenant_key(TenantId::Platform, now).await?;
    let address = mail_wish::hash_of(&tenant_key, &account.email);
    for (kind, wish) in said {
        transaction.wish(address, kind, (wish, MailWishSource::Settings), now)?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => Ok(stored.into_record()),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// What changes of mail that can be refused.
fn said(before: &Preferences, wanted: &Preferences) -> Vec<(MailKind, MailWish)> {
    let choices = [
        (
            MailKind::Marketing,
            before.marketing_mail,
            wanted.marketing_mail,
        ),
        (MailKind::Service, before.service_mail, wanted.service_mail),
    ];
    let changed = choices.into_iter().filter(|(_, was, is)| was != is);
    let wish = |(kind, _, is)| match is {
        true => (kind, MailWish::Granted),
        false => (kind, MailWish::Refused),
    };
    changed.map(wish).collect()
}

fn changed(before: Preferences, change: ChangePreferences) -> Preferences {
    let ChangePreferences {
        locale,
        time_zone,
        theme,
        mails,
    } = change;
    let (service, marketing) = mails.map_or((None, None), |mails| (mails.service, mails.marketing));
    Preferences {
        locale: locale.unwrap_or(before.locale),
        time_zone: time_zone.unwrap_or(before.time_zone),
        theme: theme.unwrap_or(before.theme),
        service_mail: service.unwrap_or(before.service_mail),
        marketing_mail: marketing.unwrap_or(before.marketing_mail),
        ..before
    }
}
