//! What people type lies nowhere in the open: not in a table, in no form, and in no log.
//!
//! Words that occur nowhere else go in through every text field that the API has, and then every
//! item is searched for each of them. The search has to find what is open on purpose.

mod history;
pub mod log;
pub mod search;

use std::collections::BTreeSet;

use harness::routes::routes;
use harness::{Fault, Kind, ORIGIN, contract, message};
use history::{Canaries, History};
use log::Log;
use reqwest::Method;
use search::{Haystack, forms, hashes, planted};
use serde_json::{Value, json};

/// Text fields in which people write or are named: a word goes in through each.
const SEALED: [&str; 65] = [
    "PATCH /v1/workspaces/{workspace}/canned-replies/{reply} #/text",
    "POST /v1/workspaces/{workspace}/canned-replies #/text",
    "PATCH /v1/workspaces/{workspace}/flows/{flow} #/name",
    "POST /v1/workspaces/{workspace}/flows #/name",
    "PATCH /v1/workspaces/{workspace} #/locale",
    "PATCH /v1/workspaces/{workspace} #/name",
    "PATCH /v1/workspaces/{workspace} #/time_zone",
    "PATCH /v1/account #/preferences/locale",
    "PATCH /v1/account #/preferences/time_zone",
    "PATCH /v1/workspaces/{workspace}/contacts/{contact} #/email",
    "PATCH /v1/workspaces/{workspace}/contacts/{contact} #/locale",
    "PATCH /v1/workspaces/{workspace}/contacts/{contact} #/name",
    "PATCH /v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq} #/text",
    "PATCH /v1/workspaces/{workspace}/members/{member} #/name",
    "POST /v1/account/address #/email",
    "POST /v1/auth/login #/email",
    "POST /v1/auth/otp #/email",
    "POST /v1/auth/password/forgot #/email",
    "POST /v1/auth/signup #/email",
    "POST /v1/invitations/accept #/name",
    "POST /v1/operator/announcements #/subject",
    "POST /v1/operator/announcements #/text",
    "POST /v1/operator/privacy/requests/{request}/decision #/explanation",
    "POST /v1/operator/support/{thread}/messages #/message",
    "POST /v1/privacy/child-reports #/email",
    "POST /v1/privacy/child-reports #/message",
    "POST /v1/privacy/requests #/message",
    "POST /v1/support #/email",
    "POST /v1/support #/message",
    "POST /v1/support/{thread}/messages #/message",
    "POST /v1/account/passkeys/confirm #/name",
    "POST /v1/widget/conversations #/first_message/text",
    "POST /v1/widget/conversations/{conversation}/attachments #/name",
    "POST /v1/widget/conversations/{conversation}/messages #/text",
    "POST /v1/widget/email #/email",
    "POST /v1/widget/privacy/requests #/email",
    "POST /v1/widget/privacy/requests #/message",
    "POST /v1/widget/privacy/requests #/name",
    "POST /v1/widget/privacy/requests #/reply_to",
    "POST /v1/widget/sessions #/context/locale",
    "POST /v1/widget/sessions #/context/page_url",
    "POST /v1/widget/sessions #/context/referrer",
    "POST /v1/widget/sessions #/context/timezone",
    "POST /v1/widget/sessions #/identity_token",
    "POST /v1/workspaces #/member_name",
    "POST /v1/workspaces #/name",
    "POST /v1/workspaces/{workspace}/contacts #/email",
    "POST /v1/workspaces/{workspace}/contacts #/external_id",
    "POST /v1/workspaces/{workspace}/contacts #/locale",
    "POST /v1/workspaces/{workspace}/contacts #/name",
    "POST /v1/workspaces/{workspace}/contacts/{contact}/notes #/text",
    "POST /v1/workspaces/{workspace}/contacts/{contact}/disclosures #/recipient",
    "POST /v1/workspaces/{workspace}/contacts/{contact}/disclosures #/reference",
    "POST /v1/workspaces/{workspace}/conversations #/first_message/text",
    "POST /v1/workspaces/{workspace}/conversations/{conversation}/attachments #/name",
    "POST /v1/workspaces/{workspace}/conversations/{conversation}/messages #/text",
    "POST /v1/workspaces/{workspace}/invitations #/email",
    "POST /v1/workspaces/{workspace}/privacy/requests #/email",
    "POST /v1/workspaces/{workspace}/privacy/requests #/message",
    "POST /v1/workspaces/{workspace}/privacy/requests #/name",
    "POST /v1/workspaces/{workspace}/privacy/requests/{request}/decision #/explanation",
    "PUT /v1/workspaces/{workspace}/conversations/{conversation}/draft #/text",
    "PUT /v1/workspaces/{workspace}/conversations/{conversation}/hold #/reason",
    "PUT /v1/workspaces/{workspace}/transfer #/controller",
    "PUT /v1/workspaces/{workspace}/transfer #/reference",
];

/// Text fields about nobody, which are stored in the open: each says so where it is declared.
const OPEN: [&str; 40] = [
    // Told to Stripe, which leads back there, and kept nowhere.
    "POST /v1/workspaces/{workspace}/billing/checkout #/return_url",
    "POST /v1/workspaces/{workspace}/billing/portal #/return_url",
    // Held against what lies sealed, and kept nowhere.
    "POST /v1/workspaces/{workspace}/search #/author",
    "POST /v1/workspaces/{workspace}/search #/query",
    "PATCH /v1/workspaces/{workspace}/canned-replies/{reply} #/name",
    "POST /v1/workspaces/{workspace}/canned-replies #/name",
    // Held against the languages of a flow, and kept nowhere.
    "POST /v1/widget/flows/{flow}/conversations #/locale",
    // Held against the starts of a flow, and kept nowhere.
    "POST /v1/widget/flows/{flow}/conversations #/page_url",
    "PATCH /v1/workspaces/{workspace}/saved-views/{view} #/name",
    "POST /v1/workspaces/{workspace}/saved-views #/name",
    // Held against the options of a flow, and kept nowhere.
    "POST /v1/widget/conversations/{conversation}/messages #/choice/0",
    "PATCH /v1/workspaces/{workspace}/apps/{app} #/bundle_id",
    "PATCH /v1/workspaces/{workspace}/apps/{app} #/name",
    "PATCH /v1/workspaces/{workspace}/apps/{app} #/origins/0",
    "PATCH /v1/workspaces/{workspace}/teams/{team} #/name",
    "POST /v1/workspaces/{workspace}/api-keys #/name",
    "POST /v1/workspaces/{workspace}/apps #/bundle_id",
    "POST /v1/workspaces/{workspace}/apps #/name",
    "POST /v1/workspaces/{workspace}/apps #/origins/0",
    "PATCH /v1/workspaces/{workspace}/webhooks/{webhook} #/name",
    "POST /v1/workspaces/{workspace}/teams #/name",
    "POST /v1/workspaces/{workspace}/webhooks #/name",
    "POST /v1/auth/oidc/{workspace}/start #/redirect_uri",
    // A zone of the built-in database and minutes of a day: nothing else is taken.
    "PUT /v1/workspaces/{workspace}/business-hours #/exceptions/0/spans/0/from",
    "PUT /v1/workspaces/{workspace}/business-hours #/exceptions/0/spans/0/to",
    "PUT /v1/workspaces/{workspace}/business-hours #/time_zone",
    "PUT /v1/workspaces/{workspace}/business-hours #/weekly/0/from",
    "PUT /v1/workspaces/{workspace}/business-hours #/weekly/0/to",
    // The same for when a member is left alone; sealed besides.
    "PUT /v1/workspaces/{workspace}/notification-preferences #/quiet_hours/from",
    "PUT /v1/workspaces/{workspace}/notification-preferences #/quiet_hours/time_zone",
    "PUT /v1/workspaces/{workspace}/notification-preferences #/quiet_hours/to",
    // Of a customer's accounts at providers, sealed besides.
    "PUT /v1/workspaces/{workspace}/push/{provider} #/key_id",
    "PUT /v1/workspaces/{workspace}/push/{provider} #/project_id",
    "PUT /v1/workspaces/{workspace}/push/{provider} #/team_id",
    "PUT /v1/workspaces/{workspace}/push/{provider} #/topics/0",
    "PUT /v1/workspaces/{workspace}/oidc #/accepted_factors/0",
    "PUT /v1/workspaces/{workspace}/oidc #/client_id",
    "PUT /v1/workspaces/{workspace}/oidc #/domains/0",
    "PUT /v1/workspaces/{workspace}/oidc #/issuer",
    "PUT /v1/workspaces/{workspace}/oidc #/redirect_uris/0",
];

/// What is brought back to us as we, or a provider, gave it out: secrets, of which at most a hash is stored.
const TOKENS: [&str; 25] = [
    // Becomes a keyed hash at once.
    "POST /v1/guest/sessions #/user_ref",
    "POST /v1/workspaces/{workspace}/call-blocks #/user_ref",
    "POST /v1/workspaces/{workspace}/call-deletions #/user_ref",
    "POST /v1/guest/sessions #/app_key",
    "POST /v1/guest/sessions #/link",
    "POST /v1/guest/sessions #/user_signature",
    "POST /v1/auth/password/reset #/token",
    "POST /v1/auth/refresh #/refresh_token",
    "POST /v1/invitations/accept #/token",
    "POST /v1/widget/sessions #/app_key",
    "POST /v1/widget/sessions #/resume_token",
    "POST /v1/auth/oidc/{workspace}/finish #/code",
    "POST /v1/auth/oidc/{workspace}/finish #/iss",
    "POST /v1/auth/oidc/{workspace}/finish #/sign_in",
    "POST /v1/auth/oidc/{workspace}/finish #/state",
    // Sealed, and told to the provider only: `push.rs` looks for them.
    "POST /v1/widget/devices #/subscription/endpoint",
    "POST /v1/widget/devices #/subscription/keys/auth",
    "POST /v1/widget/devices #/subscription/keys/p256dh",
    "POST /v1/widget/devices #/token",
    "POST /v1/widget/devices #/topic",
    "POST /v1/workspaces/{workspace}/devices #/token",
    "POST /v1/workspaces/{workspace}/devices #/topic",
    "POST /v1/workspaces/{workspace}/devices #/subscription/endpoint",
    "POST /v1/workspaces/{workspace}/devices #/subscription/keys/auth",
    "POST /v1/workspaces/{workspace}/devices #/subscription/keys/p256dh",
];

/// Free text of every request body, from the contract.
fn text_fields() -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    for route in routes() {
        let schema = &route.operation()["requestBody"]["content"]["application/json"]["schema"];
        collect(schema, &format!("{} #", route.key()), &mut fields);
    }
    fields
}

fn collect(schema: &Value, at: &str, fields: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|name| name.rsplit('/').next())
    {
        return collect(
            &contract::openapi()["components"]["schemas"][name],
            at,
            fields,
        );
    }
    for word in ["oneOf", "anyOf", "allOf"] {
        for part in schema[word].as_array().into_iter().flatten() {
            collect(part, at, fields);
        }
    }
    let is_text = schema["type"] == "string"
        || schema["type"]
            .as_array()
            .is_some_and(|types| types.contains(&json!("string")));
    // Closed words, ids and codes are no free text.
    let closed = ["enum", "pattern", "format"]
        .iter()
        .any(|word| !schema[*word].is_null());
    if is_text && !closed {
        fields.insert(at.to_owned());
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        collect(field, &format!("{at}/{name}"), fields);
    }
    if schema["items"].is_object() {
        collect(&schema["items"], &format!("{at}/0"), fields);
    }
}

#[test]
fn every_text_field_of_the_api_is_sealed_or_says_why_not() {
    let listed = SEALED.iter().chain(&OPEN).chain(&TOKENS);
    let listed: BTreeSet<String> = listed.map(|name| (*name).to_owned()).collect();
    let all = text_fields();
    let missing: Vec<_> = all.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "enter these where they belong: {missing:?}"
    );
    assert_eq!(all, listed, "some of the listed are gone");
}

#[test]
fn the_search_finds_a_word_in_every_form_it_looks_for() {
    let word = Canaries::default().word("planted");
    let needles = forms(&word);
    for (form, item) in planted(word.as_bytes()) {
        assert!(
            Haystack::of_items(&[item]).find(&needles).is_some(),
            "{form} is not found"
        );
    }
    for spelled in [word.to_lowercase(), word.to_uppercase()] {
        let item = json!({ "x": { "S": format!("a {spelled} b") } }).to_string();
        assert_eq!(Haystack::of_items(&[item]).find(&needles), Some("text"));
    }
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, word.as_bytes());
    for length in [32, 20, 16] {
        for (form, item) in planted(&hash.as_ref()[..length]) {
            let found = Haystack::of_items(&[item]).find(&hashes(&word)).is_some();
            assert!(found, "{length} bytes of a hash as {form} are not found");
        }
    }
    let other = Canaries::default().word("other");
    for (form, item) in planted(other.as_bytes()) {
        assert_eq!(Haystack::of_items(&[item]).find(&needles), None, "{form}");
    }
}

#[tokio::test]
async fn nothing_that_somebody_typed_lies_in_the_open_in_any_form() {
    let history = History::play().await;
    let typed = &history.canaries.0;
    let missing: Vec<_> = SEALED
        .iter()
        .filter(|name| !typed.contains_key(**name))
        .collect();
    assert!(missing.is_empty(), "nothing was typed into {missing:?}");
    let haystack = Haystack::of_items(&history.harness.items().await);
    // What is open on purpose is found: the search sees what it should.
    let id = history.workspace.rsplit('/').next().expect("an id");
    for open in [id, &history.app_name, &history.conversation, ORIGIN] {
        assert_eq!(
            haystack.find(&forms(open)),
            Some("text"),
            "{open} must be found"
        );
    }
    for (place, word) in typed {
        assert_eq!(
            haystack.find(&forms(word)),
            None,
            "{place} lies in the open"
        );
    }
    // And the words are really there: the team reads them.
    let shown = history.shown().await;
    let never_kept = [
        "a page's",
        "a referrer's",
        "a User-Agent",
        "an Idempotency-Key",
    ];
    for (place, word) in typed {
        let kept = !never_kept.iter().any(|name| place.starts_with(name));
        let for_the_team = !place.contains("/v1/auth/")
            && !place.contains("/v1/account")
            && !place.contains("/v1/operator")
            && !place.contains("nvitation");
        let found = shown.to_lowercase().contains(&word.to_lowercase());
        let is_name = place.starts_with("POST /v1/invitations/accept");
        assert!(
            !kept || !(for_the_team || is_name) || found,
            "{place} was never stored"
        );
        assert!(kept || !found, "{place} was stored");
    }
}

#[tokio::test]
async fn no_address_and_no_external_id_can_be_recognised_by_a_plain_hash() {
    let history = History::play().await;
    let haystack = Haystack::of_items(&history.harness.items().await);
    assert!(history.addresses.len() >= 6);
    let external_id = &history.canaries.0["POST /v1/widget/sessions #/identity_token"];
    for known in history.addresses.iter().chain([external_id]) {
        assert_eq!(
            haystack.find(&hashes(known)),
            None,
            "a plain hash recognises somebody"
        );
    }
    // One address in two places has two hashes, so tables cannot be joined by it either.
    let items = history.harness.items().await;
    let keyed: Vec<&String> = items
        .iter()
        .filter(|item| item.contains("ADDRESS#platform#"))
        .collect();
    assert_eq!(keyed.len(), 3, "three people have an account");
}

#[tokio::test]
async fn the_log_names_nobody_whatever_fails() {
    let (log, _listening) = Log::listen();
    let mut history = History::play().await;
    let word = history.canaries.word("a message of a call that fails");
    let address = history.canaries.address("an address of a call that fails");
    let (owner, harness) = (&history.owner, &history.harness);
    let messages = format!(
        "{}/conversations/{}/messages",
        history.workspace, history.conversation
    );
    let calls = [
        (
            "/v1/auth/signup".to_owned(),
            json!({ "email": address, "adult": true }),
        ),
        (
            format!("{}/invitations", history.workspace),
            json!({ "email": address, "role": "agent" }),
        ),
        (messages.clone(), message(&word)),
        (
            "/v1/workspaces".to_owned(),
            json!({ "name": word, "profile": "flows" }),
        ),
    ];
    // Each fails at its first call or at its second, each otherwise: retries take their time.
    let kinds = [
        Kind::Throttle,
        Kind::ServerError,
        Kind::TimeoutBefore,
        Kind::TimeoutAfter,
    ];
    for (number, ((path, body), kind)) in calls.iter().zip(kinds).enumerate() {
        harness
            .faults()
            .plan(Fault::new(kind).after(number % 2).times(3));
        let answer = owner.send(Method::POST, path, Some(body.clone())).await;
        harness.faults().reset();
        assert_eq!(answer.status, 503, "{path}: {}", answer.text);
    }
    // Mail that does not go out, until it does. Planned first: the stream may be read before this test goes on.
    harness
        .faults()
        .plan(Fault::new(Kind::ServerError).on("SendEmail").times(4));
    harness
        .anonymous()
        .post(
            "/v1/auth/signup",
            json!({ "email": address, "adult": true }),
            202,
        )
        .await;
    harness.drain().await;
    harness.faults().reset();
    // What is refused: the words in a path, in a query, in a header, and in bodies that are none.
    for path in [
        format!("/v1/{word}"),
        format!("{messages}?cursor={word}"),
        format!("/{word}/%ff"),
    ] {
        owner.send(Method::GET, &path, None).await;
    }
    for body in [
        format!("{{\"{word}\":1}}"),
        format!("{{\"text\":\"{word}"),
        word.clone(),
    ] {
        let client = owner.with_header("content-type", "application/json");
        client
            .send_raw(Method::POST, &messages, body.into_bytes())
            .await;
    }
    harness
        .anonymous()
        .with_token(&word)
        .get("/v1/workspaces", 401)
        .await;

    let haystack = Haystack::of(&log.bytes());
    for logged in [
        "request failed",
        "an effect has to wait",
        "DynamoDB is unavailable",
    ] {
        assert_eq!(
            haystack.find(&forms(logged)),
            Some("text"),
            "`{logged}` must be found"
        );
    }
    for (place, word) in &history.canaries.0 {
        assert_eq!(haystack.find(&forms(word)), None, "{place} was logged");
    }
    // CHAT-05: of the ids only that of a workspace is logged, never that of a person or of a thread.
    let text = String::from_utf8_lossy(&log.bytes()).into_owned();
    for kind in ["acc_", "cnv_", "ctc_", "mbr_", "msg_", "ses_", "att_"] {
        // What the clients of AWS say below that is for a developer's eyes, and off in a deployment.
        let mut lines = text
            .lines()
            .filter(|line| !line.contains("\"level\":\"DEBUG\""));
        let line = lines.find(|line| line.contains(&format!("{kind}01")));
        assert_eq!(line, None, "an id was logged");
    }
    for secret in [&owner.access_token, &owner.refresh_token] {
        let (_, secret) = secret.rsplit_once('.').expect("a last part");
        assert_eq!(haystack.find(&forms(secret)), None, "a token was logged");
    }
}
