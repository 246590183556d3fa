//! A deployment, over the wires that its functions use: what the template asked for is there, and what
//! `sotto init` made can be read.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    PointInTimeRecoveryStatus, TableDescription, TableStatus, TimeToLiveStatus,
};
use aws_sdk_s3::types::BucketVersioningStatus;
use aws_sdk_sesv2::types::DkimStatus;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use shared::app::{App, Config, clients};
use shared::domain::Timestamp;

use super::{Finding, account, report};
use crate::restore::Settings;
use crate::template::Template;

/// A signing key that is older is due (docs/operations.md).
const KEY_DAYS: i64 = 400;
/// A sweep that ended longer ago than this has missed six turns.
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// The clients that a look needs, at the addresses that the functions use.
pub struct Clients {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
    ses: aws_sdk_sesv2::Client,
}

impl Clients {
    /// Of a configuration.
    pub fn new(config: &Config, http: &SharedHttpClient) -> Self {
        Self {
            dynamodb: clients::dynamodb(config, http.clone()),
            s3: aws_sdk_s3::Client::from_conf(clients::s3(config, http.clone())),
            ses: clients::ses(config, http.clone()),
        }
    }
}

/// What a service said, or why nothing came of the call.
fn said<E: ProvideErrorMetadata + std::error::Error>(error: E) -> String {
    if let Some(code) = error.code() {
        return [code, error.message().unwrap_or("no more was said")].join(": ");
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}

/// Looks at a deployment, and at the reports of the checkout that a template lies in. `hear` is told of each thing as
/// it is found.
pub async fn deployment(
    app: &App,
    wires: &Clients,
    template: Option<&Template>,
    mut hear: impl FnMut(&Finding),
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut tell = |all: Vec<Finding>| {
        all.iter().for_each(&mut hear);
        findings.extend(all);
    };
    let config = &app.config;
    let now = app.clock.now();
    tell(table(wires, &config.data_table, Settings::DATA).await);
    tell(table(wires, &config.keys_table, Settings::KEYS).await);
    tell(vec![
        bucket(wires, &config.sealed_bucket, SEALED_LOSES).await,
    ]);
    tell(vec![
        bucket(wires, &config.passing_bucket, PASSING_LOSES).await,
    ]);
    tell(keys(app, now).await);
    tell(vec![ledger(app, now).await]);
    tell(mail(wires, &config.mail_from).await);
    tell(contacts(config));
    tell(vec![account::mail_in(config, now).await]);
    tell(vec![account::concurrency(config, now).await]);
    if let Some(template) = template {
        tell(vec![report::newest(template, now)]);
    }
    findings
}

/// What `sotto init` looks at when it has made the keys: what takes a day of waiting, so that it is asked for first.
pub async fn first_day(app: &App, wires: &Clients, mut hear: impl FnMut(&Finding)) {
    let (config, now) = (&app.config, app.clock.now());
    keys(app, now).await.iter().for_each(&mut hear);
    mail(wires, &config.mail_from)
        .await
        .iter()
        .for_each(&mut hear);
    hear(&account::concurrency(config, now).await);
    contacts(config).iter().for_each(&mut hear);
}

/// What a table has to be like, beside what is there.
async fn table(wires: &Clients, name: &str, settings: Settings) -> Vec<Finding> {
    let what = format!("table {name}");
    let found = wires
        .dynamodb
        .describe_table()
        .table_name(name)
        .send()
        .await;
    let found = match found.map(|answer| answer.table) {
        Ok(Some(found)) => found,
        Ok(None) => return vec![Finding::bad(&what, "DynamoDB does not describe it")],
        Err(error) => return vec![Finding::bad(&what, said(error))],
    };
    let mut findings = vec![shape(&what, &found, settings)];
    let ttl = wires
        .dynamodb
        .describe_time_to_live()
        .table_name(name)
        .send()
        .await;
    let what_ttl = format!("{what}, TTL");
    findings.push(match ttl {
        Ok(answer) => {
            let found = answer.time_to_live_description;
            let on = found.is_some_and(|found| {
                let status = found.time_to_live_status;
                found.attribute_name.as_deref() == Some("ttl")
                    && matches!(
                        status,
                        Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
                    )
            });
            match on {
                true => Finding::good(&what_ttl, "on"),
                false => Finding::bad(
                    &what_ttl,
                    "off: what is over goes with the sweep alone; deploy infra/data.yaml again",
                ),
            }
        }
        Err(error) => Finding::unseen(&what_ttl, said(error)),
    });
    findings.push(backups(wires, &what, name, settings).await);
    findings
}

/// Indexes, stream, key and protection of a table.
fn shape(what: &str, found: &TableDescription, settings: Settings) -> Finding {
    let mut faults = Vec::new();
    if found.table_status() != Some(&TableStatus::Active) {
        faults.push("it is not active".to_owned());
    }
    let indexes = found.global_secondary_indexes();
    for wanted in settings.indexes() {
        if !indexes.iter().any(|one| one.index_name() == Some(wanted)) {
            faults.push(format!("it has no index {wanted}"));
        }
    }
    let streams = found
        .stream_specification()
        .is_some_and(|stream| stream.stream_enabled());
    match (settings.streams(), streams) {
        (true, false) => faults.push("nothing hears of its changes: it has no stream".to_owned()),
        (false, true) => faults.push("it has a stream, which copies keys".to_owned()),
        _ => {}
    }
    if found.deletion_protection_enabled() != Some(true) {
        faults.push("it is not protected from deletion".to_owned());
    }
    let sealed = found
        .sse_description()
        .and_then(|sse| sse.kms_master_key_arn());
    if sealed.is_none() {
        faults.push("it is not encrypted with the deployment's key".to_owned());
    }
    match faults.is_empty() {
        true => Finding::good(
            what,
            format!(
                "active, about {} items",
                found.item_count().unwrap_or_default()
            ),
        ),
        false => Finding::bad(what, faults.join("; ")),
    }
}

/// For how long a table can be brought back: exactly as long as was promised, no shorter and no longer.
async fn backups(wires: &Clients, what: &str, name: &str, settings: Settings) -> Finding {
    let what = format!("{what}, backups");
    let answer = wires
        .dynamodb
        .describe_continuous_backups()
        .table_name(name)
        .send()
        .await;
    let found = match answer {
        Ok(answer) => answer.continuous_backups_description,
        Err(error) => return Finding::unseen(&what, said(error)),
    };
    let found = found.and_then(|found| found.point_in_time_recovery_description);
    let on = found.as_ref().is_some_and(|found| {
        found.point_in_time_recovery_status == Some(PointInTimeRecoveryStatus::Enabled)
    });
    let days = found.and_then(|found| found.recovery_period_in_days);
    let wanted = settings.recovery_days();
    match (on, days.and_then(|days| u32::try_from(days).ok())) {
        (true, Some(days)) if days == wanted => Finding::good(&what, format!("{days} days")),
        (true, Some(days)) => Finding::bad(
            &what,
            format!("{days} days, and {wanted} are promised: deploy infra/data.yaml again"),
        ),
        (true, None) => Finding::unseen(&what, "on, and DynamoDB does not say for how long"),
        (false, _) => Finding::bad(&what, "off: nothing can be brought back"),
    }
}

/// What is lost where a bucket keeps no versions.
const SEALED_LOSES: &str =
    "keeps no versions: the ledger could be replaced unseen, and AWS Backup takes no such bucket";
const PASSING_LOSES: &str =
    "keeps no versions: what is read might not be the upload that was scanned";

async fn bucket(wires: &Clients, name: &str, without_versions: &str) -> Finding {
    let what = format!("bucket {name}");
    let answer = wires.s3.get_bucket_versioning().bucket(name).send().await;
    match answer.map(|answer| answer.status) {
        Ok(Some(BucketVersioningStatus::Enabled)) => Finding::good(&what, "keeps versions"),
        Ok(_) => Finding::bad(&what, without_versions),
        Err(error) => Finding::unseen(&what, said(error)),
    }
}

/// What `sotto init` made, and that it opens: which is KMS and the platform's key as well.
async fn keys(app: &App, now: Timestamp) -> Vec<Finding> {
    const WHAT: &str = "signing key";
    let public = match app.store.public_keys(now).await {
        Ok(public) => public,
        Err(error) => return vec![Finding::bad(WHAT, error.to_string())],
    };
    if let Err(error) = app.store.signing_key(now).await {
        let advice = format!("{error}; nobody can sign in");
        return vec![Finding::bad(WHAT, advice)];
    }
    let days = (now.seconds() - public.created_at.seconds()) / DAY_SECONDS;
    let age = format!(
        "{days} days old, {} public keys are good",
        public.keys.len()
    );
    let mut findings = vec![match days > KEY_DAYS {
        true => Finding::warning(WHAT, format!("{age}: run sotto rotate-keys")),
        false => Finding::good(WHAT, age),
    }];
    findings.push(match app.store.receipt_keys(now).await {
        Ok(Some(_)) => Finding::good("key of receipts", "in place"),
        Ok(None) => Finding::bad("key of receipts", "missing: run sotto init"),
        Err(error) => Finding::bad("key of receipts", error.to_string()),
    });
    findings
}

async fn ledger(app: &App, now: Timestamp) -> Finding {
    match app.store.ledger(now).await {
        Ok(entries) => Finding::good(
            "ledger of erasures",
            format!(
                "{} entries, each follows from the one before it",
                entries.len()
            ),
        ),
        Err(error) => Finding::bad("ledger of erasures", error.to_string()),
    }
}

/// Whether mail goes out, and arrives.
async fn mail(wires: &Clients, from: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    match wires.ses.get_account().send().await {
        Err(error) => findings.push(Finding::unseen("mail", said(error))),
        Ok(account) => findings.push(if !account.sending_enabled() {
            Finding::bad("mail", "SES has stopped this account: read what AWS wrote to its owner")
        } else if !account.production_access_enabled() {
            Finding::warning(
                "mail",
                "SES is in its sandbox: only verified addresses get mail, so nobody can sign up; ask for production access",
            )
        } else {
            let a_day = account.send_quota().map(|quota| quota.max24_hour_send());
            Finding::good("mail", format!("{:.0} a day", a_day.unwrap_or_default()))
        }),
    }
    let domain = from.rsplit('@').next().unwrap_or_default();
    let what = format!("sender {domain}");
    let identity = wires.ses.get_email_identity().email_identity(domain).send();
    findings.push(match identity.await {
        Err(error) => Finding::unseen(&what, said(error)),
        Ok(identity) => {
            let dkim = identity.dkim_attributes();
            let signed = dkim.is_some_and(|dkim| {
                dkim.signing_enabled() && dkim.status() == Some(&DkimStatus::Success)
            });
            let aligned = identity.mail_from_attributes().is_some();
            if !identity.verified_for_sending_status() {
                Finding::bad(&what, "not verified: enter the records of infra/mail.yaml into its DNS")
            } else if !signed {
                Finding::bad(&what, "its mail is not signed (DKIM), so it lands in spam: enter the records")
            } else if !aligned {
                Finding::warning(&what, "returned mail comes to amazonses.com: deploy infra/mail.yaml for SPF and DMARC")
            } else {
                Finding::good(&what, "verified, signed and aligned")
            }
        }
    });
    findings
}

/// What a deployment can do without, and somebody will miss.
fn contacts(config: &Config) -> Vec<Finding> {
    let wanted = [
        (
            "operator",
            &config.operator_email,
            "OperatorEmail: nobody answers for this deployment",
        ),
        (
            "contact for privacy",
            &config.privacy_contact,
            "PrivacyContact: the operator is asked",
        ),
        (
            "contact for support",
            &config.support_contact,
            "SupportContact: questions by mail come in nowhere",
        ),
    ];
    let of = wanted
        .into_iter()
        .map(|(what, value, without)| match value {
            Some(_) => Finding::good(what, "set"),
            None => Finding::warning(what, format!("not set ({without})")),
        });
    of.collect()
}
