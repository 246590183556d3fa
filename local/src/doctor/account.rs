//! What belongs to the account of AWS and not to a stack: how many calls Lambda takes at once, and which mail comes
//! in. Two signed calls, for which a client of each service would be two more minutes of compiling.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Limited};
use serde_json::Value;
use shared::app::Config;
use shared::domain::Timestamp;

use super::Finding;
use crate::egress;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer: a set holds at most 200 rules.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// What AWS gives an account that asks; a new one may have ten.
const CONCURRENCY: u64 = 1_000;

/// A question to a service: its name in a signature, where it is, and what is asked.
struct Question {
    service: &'static str,
    method: Method,
    url: String,
    body: &'static str,
}

/// How many calls Lambda takes at once in this account and region.
pub(super) async fn concurrency(config: &Config, now: Timestamp) -> Finding {
    let asked = Question {
        service: "lambda",
        method: Method::GET,
        url: format!("{}/2016-08-19/account-settings/", lambda(config)),
        body: "",
    };
    let answer = ask(config, now, asked).await;
    let limit = answer.and_then(|text| {
        let settings: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let limit = settings["AccountLimit"]["ConcurrentExecutions"].as_u64();
        limit.ok_or_else(|| "Lambda does not say".to_owned())
    });
    concurrency_of(limit)
}

fn concurrency_of(limit: Result<u64, String>) -> Finding {
    const WHAT: &str = "Lambda concurrency";
    match limit {
        Ok(limit) if limit >= CONCURRENCY => Finding::good(WHAT, format!("{limit} at once")),
        Ok(limit) => Finding::warning(
            WHAT,
            format!(
                "{limit} at once, and a busy team of ten uses more than ten: aws service-quotas \
                 request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value \
                 {CONCURRENCY}"
            ),
        ),
        Err(reason) => Finding::unseen(
            WHAT,
            format!(
                "{reason}; aws lambda get-account-settings says it: below {CONCURRENCY} ask for more \
                 (Service Quotas, L-B99A9384)"
            ),
        ),
    }
}

/// The set of receipt rules that is active for all mail of the account in a region.
#[derive(Debug, PartialEq, Eq)]
pub struct RuleSet {
    /// Its name.
    name: String,
    /// Addresses and domains that its rules are about.
    recipients: Vec<String>,
}

/// The active set of the account; none where no mail comes in at all.
///
/// # Errors
/// One line, when SES does not say.
pub async fn active_rules(config: &Config, now: Timestamp) -> Result<Option<RuleSet>, String> {
    let asked = Question {
        service: "ses",
        method: Method::POST,
        url: format!("{}/", receiving(config)),
        body: "Action=DescribeActiveReceiptRuleSet&Version=2010-12-01",
    };
    ask(config, now, asked).await.map(|xml| rule_set(&xml))
}

/// Reads an answer of SES's older wire. Names and addresses hold nothing that XML escapes.
fn rule_set(xml: &str) -> Option<RuleSet> {
    let all = |text: &str, tag: &str| -> Vec<String> {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        let parts = text.split(&open).skip(1);
        let inner = parts.filter_map(|part| part.split(&close).next());
        inner.map(str::to_owned).collect()
    };
    let metadata = all(xml, "Metadata").into_iter().next()?;
    let name = all(&metadata, "Name").into_iter().next()?;
    let recipients = all(xml, "Recipients");
    let recipients = recipients.iter().flat_map(|list| all(list, "member"));
    Some(RuleSet {
        name,
        recipients: recipients.collect(),
    })
}

/// Whether mail to those addresses at which people write to the deployment comes in.
pub(super) async fn mail_in(config: &Config, now: Timestamp) -> Finding {
    mail_in_of(config, active_rules(config, now).await)
}

fn mail_in_of(config: &Config, active: Result<Option<RuleSet>, String>) -> Finding {
    const WHAT: &str = "mail that comes in";
    const ADVICE: &str = "sotto doctor --activate-mail says what to do";
    let contacts = [
        &config.privacy_contact,
        &config.support_contact,
        &config.reply_contact,
    ];
    let contacts: Vec<&String> = contacts.into_iter().flatten().collect();
    let set = match active {
        Err(reason) => return Finding::unseen(WHAT, format!("{reason}; {ADVICE}")),
        Ok(None) if contacts.is_empty() => {
            return Finding::good(WHAT, "none, and no contact is set that could get any");
        }
        Ok(None) => {
            let text = format!("this account has no active set of receipt rules: {ADVICE}");
            return Finding::warning(WHAT, text);
        }
        Ok(Some(set)) => set,
    };
    let heard = |contact: &String| {
        set.recipients.iter().any(|one| {
            // A rule may be about a whole domain, or about everything below it.
            let domain = contact.rsplit('@').next().unwrap_or_default();
            one.eq_ignore_ascii_case(contact)
                || one.eq_ignore_ascii_case(domain)
                || (one.starts_with('.') && domain.ends_with(one.as_str()))
        })
    };
    match contacts.iter().filter(|one| !heard(one)).count() {
        0 => Finding::good(
            WHAT,
            format!("every contact has a rule in the active set {}", set.name),
        ),
        missing => Finding::warning(
            WHAT,
            format!(
                "{missing} of {} contacts have no rule in the active set {}: {ADVICE}",
                contacts.len(),
                set.name
            ),
        ),
    }
}

/// What to do so that mail comes in: an account has one active set of receipt rules for everything that it
/// receives, so this is said and not done. `active` is what SES said, where it was asked.
pub fn activate_mail(region: &str, active: &Result<Option<RuleSet>, String>) -> String {
    let make = format!(
        "  aws ses create-receipt-rule-set --rule-set-name mail --region {region}\n\
         \x20 aws ses set-active-receipt-rule-set --rule-set-name mail --region {region}\n"
    );
    let (set, first) = match active {
        Ok(Some(set)) => (
            set.name.as_str(),
            format!(
                "The active one here is {}, with rules for {} recipients. They stay as they are: the rules of this\n\
                 deployment join them.\n",
                set.name,
                set.recipients.len()
            ),
        ),
        Ok(None) => (
            "mail",
            format!("None is active here. Make one, and make it the active one:\n\n{make}"),
        ),
        Err(_) => (
            "mail",
            format!(
                "Which it is could not be seen from here, so look first:\n\n\
                 \x20 aws ses describe-active-receipt-rule-set --region {region}\n\n\
                 It names a set: put that name in the place of `mail` below. It names none: make one, and make it\n\
                 the active one:\n\n{make}"
            ),
        ),
    };
    format!(
        "An account has one active set of receipt rules in a region, for all mail that it receives, and others may\n\
         have rules in it. So this is said and not done.\n{first}\n\
         Then point the domain of the contacts to SES, and deploy:\n\n  \
         <domain> MX 10 inbound-smtp.{region}.amazonaws.com\n  \
         sam deploy --parameter-overrides ReceiptRuleSet={set} PrivacyContact=… SupportContact=… ReplyContact=…\n\n\
         Raw mail is deleted when it has been read, after 22 hours at the latest.\n"
    )
}

/// Where Lambda is. The embedded stack answers for the account beside its mail.
fn lambda(config: &Config) -> String {
    let usual = || format!("https://lambda.{}.amazonaws.com", config.region);
    config.ses_url.clone().unwrap_or_else(usual)
}

/// Where SES says what it takes in.
fn receiving(config: &Config) -> String {
    let usual = || format!("https://email.{}.amazonaws.com", config.region);
    config.ses_url.clone().unwrap_or_else(usual)
}

/// Asks, and reads an answer of 2xx.
async fn ask(config: &Config, now: Timestamp, asked: Question) -> Result<String, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut request = Request::builder()
        .method(asked.method.clone())
        .uri(&asked.url);
    if !asked.body.is_empty() {
        let form = "application/x-www-form-urlencoded";
        request = request.header(header::CONTENT_TYPE, form);
    }
    let mut request = request
        .body(SdkBody::from(asked.body))
        .map_err(|error| text(&error))?;
    let identity = Credentials::new(
        &config.credentials.access_key_id,
        &config.credentials.secret_access_key,
        config.credentials.session_token.clone(),
        None,
        "environment",
    );
    let identity = identity.into();
    let at = UNIX_EPOCH + Duration::from_secs(u64::try_from(now.seconds()).unwrap_or_default());
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&config.region)
        .name(asked.service)
        .time(at)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| text(&error))?;
    let headers = request.headers().iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let body = SignableBody::Bytes(asked.body.as_bytes());
    let signable = SignableRequest::new(asked.method.as_str(), &asked.url, headers, body)
        .map_err(|error| text(&error))?;
    let (signature, _) = sign(signable, &params.into())
        .map_err(|error| text(&error))?
        .into_parts();
    signature.apply_to_request_http1x(&mut request);
    let request = HttpRequest::try_from(request).map_err(|error| text(&error))?;
    let exchange = async {
        let answer = egress::everywhere().call(request).await;
        let answer = answer.map_err(|_| format!("{} does not answer", asked.service))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES);
        let body = body
            .collect()
            .await
            .map_err(|error| text(&error))?
            .to_bytes();
        match status {
            200..300 => Ok(String::from_utf8_lossy(&body).into_owned()),
            _ => Err(format!("{} answers {status}", asked.service)),
        }
    };
    let answer = tokio::time::timeout(PATIENCE, exchange).await;
    answer.unwrap_or_else(|_| Err(format!("{} does not answer", asked.service)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_quota_of_a_new_account_is_a_warning_with_the_command_that_asks_for_more() {
        assert_eq!(concurrency_of(Ok(1_000)).state, State::Good);
        let new = concurrency_of(Ok(10));
        assert_eq!(new.state, State::Warning);
        assert!(new.says.contains("--quota-code L-B99A9384"), "{new}");
        assert_eq!(concurrency_of(Err("no".to_owned())).state, State::Unseen);
    }

    #[test]
    fn the_active_set_and_its_recipients_are_read_and_none_is_none() {
        let xml = "<DescribeActiveReceiptRuleSetResponse><DescribeActiveReceiptRuleSetResult>\
            <Metadata><Name>all-mail</Name><CreatedTimestamp>2026-01-01T00:00:00Z</CreatedTimestamp></Metadata>\
            <Rules><member><Name>a</Name><Recipients><member>privacy@example.com</member></Recipients></member>\
            <member><Name>b</Name><Recipients><member>help.example.com</member><member>.example.org</member>\
            </Recipients></member></Rules>\
            </DescribeActiveReceiptRuleSetResult></DescribeActiveReceiptRuleSetResponse>";
        let set = rule_set(xml).expect("a set");
        assert_eq!(set.name, "all-mail");
        let recipients = ["privacy@example.com", "help.example.com", ".example.org"];
        assert_eq!(set.recipients, recipients);
        let none = "<DescribeActiveReceiptRuleSetResponse><DescribeActiveReceiptRuleSetResult/>\
            </DescribeActiveReceiptRuleSetResponse>";
        assert_eq!(rule_set(none), None);
    }

    #[test]
    fn what_is_to_be_done_names_the_set_that_is_there() {
        let text = activate_mail(
            "eu-central-1",
            &Ok(rule_set("<Metadata><Name>all-mail</Name></Metadata>")),
        );
        assert!(
            text.contains("ReceiptRuleSet=all-mail") && !text.contains("create-receipt"),
            "{text}"
        );
        let text = activate_mail("eu-central-1", &Ok(None));
        assert!(
            text.contains("ReceiptRuleSet=mail") && text.contains("create-receipt"),
            "{text}"
        );
        let text = activate_mail("eu-central-1", &Err("no".to_owned()));
        assert!(text.contains("describe-active-receipt-rule-set"), "{text}");
    }
}
