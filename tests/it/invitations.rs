//! Invitations: a mailed link that one person may use once.

use std::time::Duration;

use harness::{Harness, Member, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

const WORKSPACES: &str = "/v1/workspaces";
const ACCEPT: &str = "/v1/invitations/accept";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Invites somebody, and returns the token that was mailed.
async fn invite(
    harness: &Harness,
    owner: &Member,
    workspace: &Workspace,
    email: &str,
    word: &str,
) -> String {
    let path = format!("{}/invitations", workspace.path);
    owner
        .post(&path, json!({ "email": email, "role": word }), 202)
        .await;
    harness.mail_token(email).await
}

fn acceptance(token: &str) -> Value {
    json!({ "token": token, "name": "Bob" })
}

async fn not_accepted(member: &Member, token: &str) {
    let body = Some(acceptance(token));
    member
        .refused(Method::POST, ACCEPT, body, 404, "not_found")
        .await;
}

#[tokio::test]
async fn a_repeated_invitation_with_one_idempotency_key_sends_one_mail() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let path = format!("{}/invitations", workspace.path);
    let keyed = owner.with_header("idempotency-key", "key-1");
    let body = json!({ "email": "bob@example.com", "role": "agent" });
    let first = keyed.post(&path, body.clone(), 202).await;
    assert_eq!(keyed.post(&path, body, 202).await, first);
    assert_eq!(
        (&first["state"], &first["expires_at"]),
        (&json!("pending"), &json!("2026-01-29T12:00:00.000Z"))
    );
    assert_eq!(harness.mails("bob@example.com").await.len(), 1);
    let other = json!({ "email": "eve@example.com", "role": "agent" });
    keyed
        .refused(
            Method::POST,
            &path,
            Some(other),
            422,
            "idempotency_key_reused",
        )
        .await;
    assert_eq!(harness.mails("eve@example.com").await.len(), 0);
}

#[tokio::test]
async fn the_mail_of_an_invitation_leads_to_us_alone_and_names_nobody() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let body =
        json!({ "name": "Analytical Engines", "profile": "inbox", "member_name": "Ada Lovelace" });
    let made = owner.post(WORKSPACES, body, 201).await;
    let path = format!("{WORKSPACES}/{}/invitations", text(&made, "id"));
    owner
        .post(
            &path,
            json!({ "email": "bob@example.com", "role": "agent" }),
            202,
        )
        .await;
    let mails = harness.mails("bob@example.com").await;
    let [mail] = &mails[..] else {
        panic!("{} mails", mails.len())
    };
    let html = mail.html.as_deref().expect("an HTML part");
    let token = harness.mail_token("bob@example.com").await;
    let link = format!("{}/accept#token={token}", harness.stack.api);
    assert!(
        mail.text.lines().any(|line| line == link) && html.contains(&format!("href=\"{link}\""))
    );
    for part in [mail.text.as_str(), html] {
        let elsewhere = part.replace(&link, "");
        for word in ["://", "src=", "url(", "@import", "<link", "<img", "<script"] {
            assert!(!elsewhere.contains(word), "a mail with {word}");
        }
        for word in ["Analytical", "Ada", "Lovelace", "@example.com", "agent"] {
            assert!(!part.contains(word), "the mail says {word}");
        }
    }
    // The secret of the link stands nowhere.
    let (_, secret) = token.split_once('.').expect("two parts");
    assert_eq!(harness.items_with(secret).await, 0);
}

#[tokio::test]
async fn an_invitation_is_good_once_and_for_the_invited_address_only() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let token = invite(&harness, &owner, &workspace, "Bob@example.com", "agent").await;
    let eve = harness.sign_up("eve@example.com").await;
    let bob = harness.sign_up("bob@example.com").await;
    not_accepted(&eve, &token).await;
    eve.refused(Method::GET, &workspace.path, None, 404, "not_found")
        .await;
    let joined = bob.post(ACCEPT, acceptance(&token), 200).await;
    assert_eq!(
        (&joined["id"], &joined["role"]),
        (&json!(workspace.id), &json!("agent"))
    );
    assert_eq!(bob.get(&workspace.path, 200).await, joined);
    for member in [&bob, &eve, &owner] {
        not_accepted(member, &token).await;
    }
    // Nothing of it is left but the member.
    harness.drain().await;
    assert_eq!(harness.items_with("INVITATION#").await, 0);
}

#[tokio::test]
async fn of_two_acceptances_at_once_exactly_one_makes_a_member() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    for n in 0..4 {
        let workspace = owner.workspace("inbox").await;
        let address = format!("bob{n}@example.com");
        let token = invite(&harness, &owner, &workspace, &address, "agent").await;
        // Two invitations to one address are one seat as well.
        let second = invite(&harness, &owner, &workspace, &address, "admin").await;
        let other = if n % 2 == 0 { &token } else { &second };
        let bob = harness.sign_up(&address).await;
        let accept = |token: &str| bob.send(Method::POST, ACCEPT, Some(acceptance(token)));
        let (a, b) = tokio::join!(accept(&token), accept(other));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        let fits = statuses[0] == 200 && [404, 409].contains(&statuses[1]);
        assert!(fits, "{} {}", a.text, b.text);
        let members = owner.get(&format!("{}/members", workspace.path), 200).await;
        assert_eq!(members["data"].as_array().map(Vec::len), Some(2));
    }
}

#[tokio::test]
async fn an_invitation_ends_after_fourteen_days() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let in_time = invite(&harness, &owner, &workspace, "bob@example.com", "agent").await;
    let late = invite(&harness, &owner, &workspace, "kim@example.com", "agent").await;
    harness.advance(14 * DAY - Duration::from_millis(1));
    let bob = harness.sign_up("bob@example.com").await;
    let kim = harness.sign_up("kim@example.com").await;
    bob.post(ACCEPT, acceptance(&in_time), 200).await;
    harness.advance(Duration::from_millis(1));
    not_accepted(&kim, &late).await;
    harness.advance(Duration::from_secs(1));
    harness.sweep_ttl().await;
    harness.drain().await;
    assert_eq!(harness.items_with("INVITATION#").await, 0);
}

#[tokio::test]
async fn a_member_is_not_made_a_second_time() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let bob = harness
        .join(&owner, &workspace, "bob@example.com", "viewer")
        .await;
    let token = invite(&harness, &owner, &workspace, "bob@example.com", "admin").await;
    let body = Some(acceptance(&token));
    bob.refused(Method::POST, ACCEPT, body, 409, "already_member")
        .await;
    assert_eq!(bob.get(&workspace.path, 200).await["role"], "viewer");
}

#[tokio::test]
async fn a_token_of_no_invitation_is_not_found_whatever_is_wrong_about_it() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let bob = harness.sign_up("bob@example.com").await;
    let token = invite(&harness, &owner, &workspace, "bob@example.com", "agent").await;
    let second = invite(&harness, &owner, &workspace, "bob@example.com", "agent").await;
    let (place, secret) = token.split_once('.').expect("two parts");
    let (_, other) = second.split_once('.').expect("two parts");
    let made_up = [
        String::new(),
        "iv_".to_owned(),
        "x".to_owned(),
        place.to_owned(),
        format!("{place}.{other}"),
        format!("{place}.{secret}A"),
        token.to_uppercase(),
        token.replacen("iv_", "rt_", 1),
        bob.refresh_token.clone(),
        bob.refresh_token.replacen("rt_", "iv_", 1),
    ];
    for token in &made_up {
        not_accepted(&bob, token).await;
    }
    bob.post(ACCEPT, acceptance(&token), 200).await;
}

#[tokio::test]
async fn asking_somebody_to_join_does_not_tell_whether_they_have_an_account() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    harness.sign_up("known00@example.com").await;
    let path = format!("{}/invitations", workspace.path);
    let meter = &harness.app_of("workspaces").meter;
    owner.get(&workspace.path, 200).await;
    let mut seen = Vec::new();
    for email in ["known00@example.com", "unknown@example.com"] {
        let before = harness.mails(email).await.len();
        meter.take();
        let body = json!({ "email": email, "role": "agent" });
        let answer = owner.send(Method::POST, &path, Some(body)).await;
        let reading = meter.take();
        assert_eq!(harness.mails(email).await.len(), before + 1);
        let units = (reading.read_units(), reading.write_units());
        seen.push((
            answer.status,
            answer.text.len(),
            reading.operations(),
            units,
        ));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn whoever_joins_gives_a_name_where_the_profile_asks_for_one_and_nowhere_else() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    for (profile, wrong, right, code) in [
        ("inbox", Value::Null, json!("Bob"), "required"),
        ("calls", Value::Null, json!("Bob"), "required"),
        ("flows", json!("Bob"), Value::Null, "forbidden"),
    ] {
        let workspace = owner.workspace(profile).await;
        let address = format!("bob@{profile}.example");
        let bob = harness.sign_up(&address).await;
        let token = invite(&harness, &owner, &workspace, &address, "agent").await;
        let body = Some(json!({ "token": token, "name": wrong }));
        let problem = bob
            .refused(Method::POST, ACCEPT, body, 422, "validation_failed")
            .await;
        let error = &problem["errors"][0];
        assert_eq!(
            (&error["pointer"], &error["code"]),
            (&json!("#/name"), &json!(code))
        );
        let joined = bob
            .post(ACCEPT, json!({ "token": token, "name": right }), 200)
            .await;
        assert_eq!(joined["role"], "agent");
    }
}
