//! An account by its owner's hand: preferences, another address, and leaving for good.

use std::time::Duration;

use harness::{Client, Harness, Member, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

const ACCOUNT: &str = "/v1/account";
const ADDRESS: &str = "/v1/account/address";
const CONFIRM: &str = "/v1/account/address/confirm";
const UNDO: &str = "/v1/account/undo-deletion";
const SIGN_UP: &str = "/v1/auth/signup";
const SIGN_IN: &str = "/v1/auth/otp";
const VERIFY: &str = "/v1/auth/otp/verify";
const WORKSPACES: &str = "/v1/workspaces";

const ADA: &str = "ada@example.com";
const NEW: &str = "lovelace@example.com";
const MINUTE: Duration = Duration::from_secs(60);

async fn refused(client: &Client, path: &str, body: Value, status: u16, code: &str) -> Value {
    client
        .refused(Method::POST, path, Some(body), status, code)
        .await
}

/// Asks for a code and returns the right answer to it.
async fn code(harness: &Harness, client: &Client, path: &str, email: &str) -> Value {
    let mut body = json!({ "email": email });
    if path == SIGN_UP {
        body["adult"] = true.into();
    }
    let asked = client.post(path, body, 202).await;
    let code = harness.mail_code(email).await;
    json!({ "challenge_id": asked["challenge_id"], "code": code })
}

/// The same answer with another code.
fn wrong(answer: &Value) -> Value {
    let code: u64 = text(answer, "code").parse().expect("eight digits");
    let code = format!("{:08}", (code + 1) % 100_000_000);
    json!({ "challenge_id": answer["challenge_id"], "code": code })
}

/// FLOW-03: preferences lie on the account, and no cookie is set for them.
#[tokio::test]
async fn preferences_lie_on_the_account_and_change_one_by_one() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let shown = ada.get(ACCOUNT, 200).await;
    let unset = json!({
        "locale": null, "time_zone": null, "theme": "system",
        "mails": { "service": true, "marketing": false },
    });
    let expected = json!({
        "id": ada.account_id, "email": ADA, "created_at": "2026-01-15T12:00:00.000Z",
        "second_factor": null, "preferences": unset, "rev": 0,
        "policy": { "notice": null, "accepted": null },
    });
    assert_eq!(shown, expected);

    let change = |preferences: Value| Some(json!({ "preferences": preferences }));
    let first = change(json!({ "locale": "de", "time_zone": "Europe/Berlin", "theme": "dark" }));
    ada.refused(
        Method::PATCH,
        ACCOUNT,
        first.clone(),
        428,
        "precondition_required",
    )
    .await;
    let at = |rev: u64| ada.with_header("if-match", &format!("\"{rev}\""));
    let answer = at(0).send(Method::PATCH, ACCOUNT, first.clone()).await;
    assert_eq!((answer.status, answer.header("etag")), (200, "\"1\""));
    assert!(answer.headers.get("set-cookie").is_none());
    at(0)
        .refused(Method::PATCH, ACCOUNT, first, 409, "conflict")
        .await;
    let second = change(json!({ "locale": null, "mails": { "service": false } }));
    let answer = at(1).send(Method::PATCH, ACCOUNT, second).await;
    let expected = json!({
        "locale": null, "time_zone": "Europe/Berlin", "theme": "dark",
        "mails": { "service": false, "marketing": false },
    });
    assert_eq!(answer.body["preferences"], expected, "{}", answer.text);
    assert_eq!(ada.get(ACCOUNT, 200).await, answer.body);
    // Each account has its own.
    let eve = harness.sign_up("eve@example.com").await;
    assert_eq!(eve.get(ACCOUNT, 200).await["preferences"], unset);

    let nothing_else = [
        (json!({ "email": NEW }), "unknown_field", 400),
        (
            json!({ "preferences": { "role": "owner" } }),
            "unknown_field",
            400,
        ),
        (
            json!({ "preferences": { "theme": null } }),
            "validation_failed",
            422,
        ),
        (
            json!({ "preferences": { "theme": "pink" } }),
            "validation_failed",
            422,
        ),
        (
            json!({ "preferences": { "time_zone": "" } }),
            "validation_failed",
            422,
        ),
        (json!({ "preferences": [] }), "validation_failed", 422),
        (json!({}), "validation_failed", 422),
    ];
    for (body, code, status) in nothing_else {
        at(2)
            .refused(Method::PATCH, ACCOUNT, Some(body), status, code)
            .await;
    }
}

#[tokio::test]
async fn of_two_first_changes_at_once_one_counts() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let ada = ada.with_header("if-match", "\"0\"");
    let send = |theme: &str| {
        let body = json!({ "preferences": { "theme": theme } });
        let ada = ada.clone();
        async move { ada.send(Method::PATCH, ACCOUNT, Some(body)).await.status }
    };
    let (a, b) = tokio::join!(send("dark"), send("light"));
    let mut statuses = [a, b];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn an_account_goes_over_to_a_new_address_when_both_are_proved() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let right = code(&harness, &ada, ADDRESS, NEW).await;
    // Nobody else's answer, no wrong one, and no sign-in by it.
    let eve = harness.sign_up("eve@example.com").await;
    refused(&eve, CONFIRM, right.clone(), 401, "code_invalid").await;
    refused(&ada, CONFIRM, wrong(&right), 401, "code_invalid").await;
    refused(
        &harness.anonymous(),
        VERIFY,
        right.clone(),
        401,
        "code_invalid",
    )
    .await;
    // What signs in gives nobody an address either.
    let sign_in = code(&harness, &ada, SIGN_IN, ADA).await;
    refused(&ada, CONFIRM, sign_in, 401, "code_invalid").await;
    assert_eq!(ada.get(ACCOUNT, 200).await["email"], ADA);

    let before = harness.mails(ADA).await.len();
    ada.post(CONFIRM, right.clone(), 204).await;
    refused(&ada, CONFIRM, right, 401, "code_invalid").await;
    assert_eq!(ada.get(ACCOUNT, 200).await["email"], NEW);
    // Both addresses hear of it.
    for (address, count) in [(ADA, before + 1), (NEW, 2)] {
        let mails = harness.mails(address).await;
        let last = mails.last().expect("a mail");
        assert_eq!(
            (mails.len(), last.subject.as_str()),
            (count, "Your Sotto address was changed")
        );
    }
    let signed_in = harness.sign_in(NEW).await;
    assert_eq!(signed_in.account_id, ada.account_id);
    // The old one is free again, and leads to a new account.
    let other = harness.sign_up(ADA).await;
    assert_ne!(other.account_id, ada.account_id);
    assert_eq!(harness.items_with("ADDRESS#platform#").await, 3);
}

#[tokio::test]
async fn an_address_of_somebody_else_is_asked_for_like_any_other_and_never_had() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let eve = harness.sign_up("eve@example.com").await;
    let mails = harness.mails(ADA).await.len();
    let taken = eve
        .send(Method::POST, ADDRESS, Some(json!({ "email": ADA })))
        .await;
    let free = eve
        .send(Method::POST, ADDRESS, Some(json!({ "email": NEW })))
        .await;
    assert_eq!(
        (taken.status, taken.text.len()),
        (free.status, free.text.len())
    );
    assert_eq!(
        harness.mails(ADA).await.len(),
        mails,
        "the owner was bothered"
    );
    // Even with the code that was not mailed.
    let key = harness
        .app_of("auth")
        .store
        .tenant_key(shared::domain::TenantId::Platform, harness.now())
        .await
        .expect("the platform's key");
    let code_of = |answer: &Value| key.mailed_code(&text(answer, "challenge_id"));
    let body = json!({ "challenge_id": taken.body["challenge_id"], "code": code_of(&taken.body) });
    refused(&eve, CONFIRM, body, 401, "code_invalid").await;
    // One that becomes somebody's between the question and the answer.
    let late = json!({ "challenge_id": free.body["challenge_id"], "code": code_of(&free.body) });
    harness.sign_up(NEW).await;
    refused(&eve, CONFIRM, late, 409, "conflict").await;
    assert_eq!(eve.get(ACCOUNT, 200).await["email"], "eve@example.com");
    assert_eq!(ada.get(ACCOUNT, 200).await["email"], ADA);
}

#[tokio::test]
async fn another_address_and_the_end_of_an_account_ask_for_a_fresh_proof() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    harness.advance(10 * MINUTE);
    let ada = ada.refresh().await;
    let body = json!({ "email": NEW });
    refused(&ada, ADDRESS, body, 403, "step_up_required").await;
    ada.refused(Method::DELETE, ACCOUNT, None, 403, "step_up_required")
        .await;
    assert_eq!(ada.get(ACCOUNT, 200).await["email"], ADA);
}

/// Whether somebody is signed in still.
async fn is_signed_out(member: &Member) {
    member
        .refused(Method::GET, WORKSPACES, None, 401, "token_invalid")
        .await;
    let body = json!({ "refresh_token": member.refresh_token });
    refused(member, "/v1/auth/refresh", body, 401, "token_invalid").await;
}

/// FLOW-37.
#[tokio::test]
async fn who_deletes_an_account_is_signed_out_everywhere_and_may_change_their_mind_for_seven_days()
{
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let phone = harness.sign_in(ADA).await;
    let going = ada.delete(ACCOUNT, 202).await;
    assert_eq!(going["delete_at"], "2026-01-22T12:00:00.000Z");
    for member in [&ada, &phone] {
        is_signed_out(member).await;
    }
    let mail = harness.mails(ADA).await.pop().expect("a mail");
    assert_eq!(mail.subject, "Your Sotto account will be deleted");
    // Nobody signs in to it, and nobody gets its address; its owner is told why.
    let anonymous = harness.anonymous();
    let answer = code(&harness, &anonymous, SIGN_UP, ADA).await;
    refused(&anonymous, VERIFY, wrong(&answer), 401, "code_invalid").await;
    refused(&anonymous, VERIFY, answer, 403, "account_closing").await;

    harness.advance(DAY * 7 - Duration::from_millis(1));
    let answer = code(&harness, &anonymous, SIGN_IN, ADA).await;
    refused(&anonymous, UNDO, wrong(&answer), 401, "code_invalid").await;
    anonymous.post(UNDO, answer.clone(), 204).await;
    refused(&anonymous, UNDO, answer, 401, "code_invalid").await;
    let back = harness.sign_in(ADA).await;
    assert_eq!(back.account_id, ada.account_id);
    let subjects: Vec<String> = harness
        .mails(ADA)
        .await
        .into_iter()
        .map(|mail| mail.subject)
        .collect();
    assert!(
        subjects.contains(&"Your Sotto account stays".to_owned()),
        "{subjects:?}"
    );
    // An account that stays anyway has nothing to undo.
    let answer = code(&harness, &anonymous, SIGN_IN, ADA).await;
    refused(&anonymous, UNDO, answer, 401, "code_invalid").await;

    // After the seven days it is too late.
    back.delete(ACCOUNT, 202).await;
    harness.advance(DAY * 7);
    let answer = code(&harness, &anonymous, SIGN_IN, ADA).await;
    refused(&anonymous, UNDO, answer, 401, "code_invalid").await;
}

/// The role of somebody in a workspace, as a colleague sees it.
async fn role(colleague: &Member, path: &str, member_id: &str) -> Value {
    let members = colleague.get(&format!("{path}/members"), 200).await;
    let all = members["data"].as_array().expect("members").clone();
    let found = all.into_iter().find(|member| member["id"] == member_id);
    found.expect("a member")["role"].clone()
}

/// FLOW-37.
#[tokio::test]
async fn the_only_owner_of_a_workspace_hands_it_over_before_they_leave() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let workspace = ada.workspace("inbox").await;
    let bob = harness
        .join(&ada, &workspace, "bob@example.com", "admin")
        .await;
    ada.refused(Method::DELETE, ACCOUNT, None, 409, "last_owner")
        .await;
    ada.get(&workspace.path, 200).await;
    // Who is no owner may go at any time.
    bob.delete(ACCOUNT, 202).await;
    is_signed_out(&bob).await;

    let kim = harness
        .join(&ada, &workspace, "kim@example.com", "owner")
        .await;
    ada.delete(ACCOUNT, 202).await;
    is_signed_out(&ada).await;
    // What they owned together is hers alone now, so that she cannot leave it without an owner.
    assert_eq!(
        role(&kim, &workspace.path, &workspace.member_id).await,
        "admin"
    );
    kim.refused(Method::DELETE, ACCOUNT, None, 409, "last_owner")
        .await;
}

/// FLOW-37.
#[tokio::test]
async fn of_two_owners_who_leave_at_once_one_stays() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let workspace = ada.workspace("inbox").await;
    let kim = harness
        .join(&ada, &workspace, "kim@example.com", "owner")
        .await;
    let leave = |member: &Member| {
        let client = Client::clone(member);
        async move { client.send(Method::DELETE, ACCOUNT, None).await }
    };
    let (a, b) = tokio::join!(leave(&ada), leave(&kim));
    let left = [&a, &b].into_iter().filter(|answer| answer.status == 202);
    assert_eq!(left.count(), 1, "{} {}", a.text, b.text);
}

/// FLOW-37.
#[tokio::test]
async fn who_deletes_their_workspace_may_delete_their_account_at_once() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let workspace = ada.workspace("inbox").await;
    ada.refused(Method::DELETE, ACCOUNT, None, 409, "last_owner")
        .await;
    ada.delete(&workspace.path, 202).await;
    ada.delete(ACCOUNT, 202).await;
    is_signed_out(&ada).await;
}
