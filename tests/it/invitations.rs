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
    let link = format!("{}/accept?token={token}", harness.stack.api);
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
    // Two links were on their way; the second is worth nothing when the first was used.
    let first = invite(&harness, &owner, &workspace, "kim@example.com", "viewer").await;
    let second = invite(&harness, &owner, &workspace, "kim@example.com", "admin").await;
    let kim = harness.sign_up("kim@example.com").await;
    kim.post(ACCEPT, acceptance(&first), 200).await;
    let body = Some(acceptance(&second));
    kim.refused(Method::POST, ACCEPT, body, 409, "already_member")
        .await;
    assert_eq!(kim.get(&workspace.path, 200).await["role"], "viewer");
    // Whoever is a member is not asked again, however the address is written.
    let path = format!("{}/invitations", workspace.path);
    for email in ["bob@example.com", "Bob@EXAMPLE.com", "ada@example.com"] {
        let before = harness.mails(email).await.len();
        let body = Some(json!({ "email": email, "role": "admin" }));
        owner
            .refused(Method::POST, &path, body, 409, "already_member")
            .await;
        assert_eq!(harness.mails(email).await.len(), before);
    }
    // An account elsewhere is nobody here.
    let other = bob.workspace("inbox").await;
    let body = json!({ "email": "ada@example.com", "role": "admin" });
    bob.post(&format!("{}/invitations", other.path), body, 202)
        .await;
}

async fn list(member: &Member, workspace: &Workspace) -> Vec<Value> {
    let path = format!("{}/invitations", workspace.path);
    let page = member.get(&path, 200).await;
    page["data"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn the_team_sees_who_was_asked_and_whether_the_mail_went_out() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let path = format!("{}/invitations", workspace.path);
    // The last one cannot be: the mail service refuses it for good.
    for email in ["bob@example.com", "kim@example.com", "eve@nowhere.invalid"] {
        let body = json!({ "email": email, "role": "agent" });
        let made = owner.post(&path, body, 202).await;
        assert_eq!(
            (&made["delivery"], &made["email"]),
            (&json!("queued"), &json!(email))
        );
        harness.advance(Duration::from_millis(1));
    }
    let token = harness.mail_token("bob@example.com").await;
    let seen = list(&owner, &workspace).await;
    let delivered: Vec<&Value> = seen.iter().map(|one| &one["delivery"]).collect();
    assert_eq!(delivered, ["sent", "sent", "failed"]);
    let invited_by = &seen[0]["invited_by"];
    assert_eq!(invited_by, workspace.member_id.as_str());
    assert_eq!(seen[1]["expires_at"], "2026-01-29T12:00:00.001Z");
    // Pages.
    let first = owner.get(&format!("{path}?limit=2"), 200).await;
    let cursor = text(&first["page"], "next_cursor");
    let rest = owner
        .get(&format!("{path}?limit=2&cursor={cursor}"), 200)
        .await;
    assert_eq!(rest["data"], json!([seen[2]]));
    // Who may not read personal data sees who asked whom in as what, and no address.
    for role in ["admin", "agent", "viewer", "billing"] {
        let address = format!("{role}@example.org");
        let member = harness.join(&owner, &workspace, &address, role).await;
        let masked = ["viewer", "billing"].contains(&role);
        for one in list(&member, &workspace).await {
            assert_eq!(one["masked"], masked, "{role}");
            assert_eq!(one["email"].is_null(), masked, "{role}");
        }
    }
    // Whoever has joined, or came too late, is in the list no longer.
    let bob = harness.sign_up("bob@example.com").await;
    bob.post(ACCEPT, acceptance(&token), 200).await;
    assert_eq!(list(&owner, &workspace).await.len(), 2);
    harness.advance(14 * DAY);
    let owner = harness.sign_in("ada@example.com").await;
    assert_eq!(list(&owner, &workspace).await.len(), 0);
}

#[tokio::test]
async fn an_invitation_is_mailed_again_with_the_same_link_and_five_times_at_most() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let token = invite(&harness, &owner, &workspace, "bob@example.com", "agent").await;
    let id = text(&list(&owner, &workspace).await[0], "id");
    let path = format!("{}/invitations/{id}/resend", workspace.path);
    let keyed = owner.with_header("idempotency-key", "again");
    for _ in 0..2 {
        let answer = keyed.send(Method::POST, &path, None).await;
        assert_eq!((answer.status, &answer.body["mails"]), (202, &json!(2)));
        assert_eq!(harness.mails("bob@example.com").await.len(), 2);
    }
    assert_eq!(harness.mail_token("bob@example.com").await, token);
    assert_eq!(list(&owner, &workspace).await[0]["delivery"], "sent");
    for mails in 3..=4 {
        let answer = owner.send(Method::POST, &path, None).await;
        assert_eq!((answer.status, &answer.body["mails"]), (202, &json!(mails)));
    }
    // The last one too may be asked for again, by who has not heard the answer.
    let keyed = owner.with_header("idempotency-key", "the last");
    for _ in 0..2 {
        let answer = keyed.send(Method::POST, &path, None).await;
        assert_eq!((answer.status, &answer.body["mails"]), (202, &json!(5)));
    }
    owner
        .with_header("idempotency-key", "one more")
        .refused(Method::POST, &path, None, 409, "not_changeable")
        .await;
    owner
        .refused(Method::POST, &path, None, 409, "not_changeable")
        .await;
    assert_eq!(harness.mails("bob@example.com").await.len(), 5);
    // It keeps nobody longer.
    let expires_at = &list(&owner, &workspace).await[0]["expires_at"];
    assert_eq!(expires_at, "2026-01-29T12:00:00.000Z");
}

#[tokio::test]
async fn an_invitation_that_was_taken_back_lets_nobody_in_and_leaves_nothing() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let token = invite(&harness, &owner, &workspace, "bob@example.com", "owner").await;
    let id = text(&list(&owner, &workspace).await[0], "id");
    let place = format!("{}/invitations/{id}", workspace.path);
    let resend = format!("{place}/resend");
    // An admin neither takes back nor repeats what an admin could not have sent.
    let admin = harness
        .join(&owner, &workspace, "kim@example.com", "admin")
        .await;
    for (method, path) in [(Method::DELETE, &place), (Method::POST, &resend)] {
        admin.refused(method, path, None, 403, "forbidden").await;
    }
    owner.delete(&place, 204).await;
    let bob = harness.sign_up("bob@example.com").await;
    not_accepted(&bob, &token).await;
    for (method, path) in [(Method::DELETE, &place), (Method::POST, &resend)] {
        owner.refused(method, path, None, 404, "not_found").await;
    }
    harness.drain().await;
    assert_eq!(harness.items_with("INVITATION#").await, 0);
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
    // The first invitation of a day reads the salt of the day's counts.
    let warm = json!({ "email": "warm@example.com", "role": "agent" });
    owner.post(&path, warm, 202).await;
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
