//! Mail that comes back or is not wanted: the team sees that an invitation did not arrive, nothing
//! that may be left out goes there again, and nobody's address is kept for it.

use std::time::Duration;

use harness::{Fault, Harness, Kind, Member, Workspace, repository, text};
use reqwest::Method;
use serde_json::{Value, json};

const BOUNCES: &str = "bounce+ada@simulator.amazonses.com";
const COMPLAINS: &str = "complaint+ada@simulator.amazonses.com";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const INVITED: &str = "You are invited to a team on Sotto";

async fn invite(owner: &Member, workspace: &Workspace, email: &str) -> Value {
    let path = format!("{}/invitations", workspace.path);
    let body = json!({ "email": email, "role": "agent" });
    owner.post(&path, body, 202).await
}

/// How far the mails of every invitation have got, by the alphabet.
async fn deliveries(harness: &Harness, owner: &Member, workspace: &Workspace) -> Vec<String> {
    harness.drain().await;
    let path = format!("{}/invitations", workspace.path);
    let list = owner.get(&path, 200).await;
    let list = list["data"].as_array().expect("a list");
    let mut words: Vec<String> = list.iter().map(|one| text(one, "delivery")).collect();
    words.sort();
    words
}

/// How many invitations were mailed to an address.
async fn invitations(harness: &Harness, email: &str) -> usize {
    let mails = harness.mails(email).await.into_iter();
    mails.filter(|mail| mail.subject == INVITED).count()
}

/// The true event of a mail that came back, about a mail of ours.
fn bounced(workspace: &Workspace, invitation: &Value, email: &str) -> Value {
    let path = repository().join("events/outbox/mail-bounced.json");
    let text = std::fs::read_to_string(path).expect("the sample");
    let mut event: Value = serde_json::from_str(&text).expect("JSON");
    let detail = &mut event["detail"];
    detail["bounce"]["bouncedRecipients"][0]["emailAddress"] = json!(email);
    detail["mail"]["tags"] = json!({
        "ses:configuration-set": ["MailConfiguration"],
        "workspace": [workspace.id], "invitation": [invitation["id"]], "mail": ["1"],
    });
    event
}

/// Lets the outbox hear an event.
async fn tell(harness: &Harness, event: &Value) -> Value {
    let outbox = harness.stack.function("outbox").expect("the outbox");
    let answer = outbox.invoke(event.to_string().into_bytes(), "id").await;
    serde_json::from_slice(&answer.expect("an answer")).expect("JSON")
}

async fn sorted(harness: &Harness) -> Vec<String> {
    let mut items = harness.items().await;
    items.sort();
    items
}

async fn suppressed(harness: &Harness) -> usize {
    harness.items_with("SUPPRESSED#").await
}

/// FLOW-18
#[tokio::test]
async fn an_address_that_mail_came_back_from_is_invited_no_more_but_still_gets_its_codes() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    invite(&owner, &workspace, BOUNCES).await;
    invite(&owner, &workspace, "bob@example.com").await;
    let seen = deliveries(&harness, &owner, &workspace).await;
    assert_eq!(seen, ["bounced", "sent"]);
    assert_eq!(invitations(&harness, BOUNCES).await, 1);
    // Neither sent again, nor by another team, nor in another spelling.
    let other = owner.workspace("inbox").await;
    for spelling in [BOUNCES, "BOUNCE+Ada@simulator.amazonses.com"] {
        let made = invite(&owner, &other, spelling).await;
        let path = format!("{}/invitations/{}/resend", other.path, text(&made, "id"));
        let again = owner.send(Method::POST, &path, None).await;
        assert_eq!(again.status, 202, "{}", again.text);
        assert_eq!(invitations(&harness, spelling).await, 1);
    }
    let seen = deliveries(&harness, &owner, &other).await;
    assert_eq!(seen, ["bounced", "bounced"]);
    // Who signs up has just asked for it.
    harness.sign_up(BOUNCES).await;
    // Mailboxes change hands: after a year it is tried again.
    harness.advance(DAY * 365);
    let owner = harness.sign_in("ada@example.com").await;
    invite(&owner, &workspace, BOUNCES).await;
    assert_eq!(invitations(&harness, BOUNCES).await, 2);
}

#[tokio::test]
async fn a_complaint_is_told_to_the_team_it_is_about_and_to_nobody_else() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let other = owner.workspace("inbox").await;
    invite(&owner, &workspace, COMPLAINS).await;
    let seen = deliveries(&harness, &owner, &workspace).await;
    assert_eq!(seen, ["complained"]);
    invite(&owner, &other, COMPLAINS).await;
    assert_eq!(deliveries(&harness, &owner, &other).await, ["failed"]);
    assert_eq!(invitations(&harness, COMPLAINS).await, 1);
}

/// FLOW-41: of what the mail service tells, a keyed hash and a reason are kept.
#[tokio::test]
async fn of_a_mail_that_came_back_no_address_no_header_and_no_event_is_kept() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    for email in [BOUNCES, COMPLAINS] {
        invite(&owner, &workspace, email).await;
    }
    harness.drain().await;
    assert_eq!(suppressed(&harness).await, 2);
    for word in [
        "simulator",
        "bounce+",
        "complaint+",
        "5.1.1",
        "dsn;",
        "feedback",
    ] {
        assert_eq!(harness.items_with(word).await, 0, "{word}");
    }
    for item in harness.items().await {
        if item.contains("SUPPRESSED#") {
            assert!(item.contains("bounced") || item.contains("complained"));
        }
    }
}

#[tokio::test]
async fn an_event_that_is_forged_or_about_another_mail_changes_nothing() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let made = invite(&owner, &workspace, "bob@example.com").await;
    let other = invite(&owner, &workspace, "eve@example.com").await;
    assert_eq!(
        deliveries(&harness, &owner, &workspace).await,
        ["sent", "sent"]
    );
    let before = sorted(&harness).await;
    let good = bounced(&workspace, &made, "bob@example.com");
    type Plant = fn(&mut Value);
    let nothing: [Plant; 6] = [
        |event| event["source"] = json!("shop.example"),
        |event| event["detail-type"] = json!("Email Sent"),
        |event| event["detail"]["mail"]["tags"]["ses:configuration-set"] = json!(["theirs"]),
        |event| event["detail"]["mail"]["tags"] = Value::Null,
        |event| event["detail"]["bounce"] = json!({ "bounceType": "Transient" }),
        |event| event["detail"] = json!([]),
    ];
    for plant in nothing {
        let mut event = good.clone();
        plant(&mut event);
        let heard = tell(&harness, &event).await;
        assert_eq!(heard, json!({ "suppressed": 0, "noted": 0 }), "{event}");
        assert_eq!(sorted(&harness).await, before, "{event}");
    }
    // Nor is it noted where it does not belong: another address, another mail, no such invitation.
    let odd = [
        bounced(&workspace, &other, "bob@example.com"),
        bounced(
            &workspace,
            &json!({ "id": "inv_01kf0a1b2c3d4e5f6g7h8j9k0m" }),
            "bob@example.com",
        ),
        bounced(
            &Workspace {
                id: "ws_01kf0a1b2c3d4e5f6g7h8j9k0m".into(),
                ..workspace.clone()
            },
            &made,
            "bob@example.com",
        ),
    ];
    for event in odd {
        let heard = tell(&harness, &event).await;
        assert_eq!(heard["noted"], 0, "{event}");
    }
    assert_eq!(
        deliveries(&harness, &owner, &workspace).await,
        ["sent", "sent"]
    );
}

#[tokio::test]
async fn news_of_an_older_mail_say_nothing_about_the_newest_and_heard_twice_they_count_once() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let made = invite(&owner, &workspace, "bob@example.com").await;
    harness.drain().await;
    // A mailbox that was full may be tried again.
    let mut full = bounced(&workspace, &made, "bob@example.com");
    full["detail"]["bounce"]["bounceType"] = json!("Transient");
    for noted in [1, 0] {
        let heard = tell(&harness, &full).await;
        assert_eq!(heard, json!({ "suppressed": 0, "noted": noted }));
    }
    assert_eq!(deliveries(&harness, &owner, &workspace).await, ["bounced"]);
    let path = format!(
        "{}/invitations/{}/resend",
        workspace.path,
        text(&made, "id")
    );
    owner.send(Method::POST, &path, None).await;
    assert_eq!(deliveries(&harness, &owner, &workspace).await, ["sent"]);
    assert_eq!(invitations(&harness, "bob@example.com").await, 2);
    assert_eq!(tell(&harness, &full).await["noted"], 0);
    assert_eq!(deliveries(&harness, &owner, &workspace).await, ["sent"]);
    // For good, of the second mail.
    let mut gone = bounced(&workspace, &made, "bob@example.com");
    gone["detail"]["mail"]["tags"]["mail"] = json!(["2"]);
    for noted in [1, 0] {
        let heard = tell(&harness, &gone).await;
        assert_eq!(heard, json!({ "suppressed": 1, "noted": noted }));
        assert_eq!(suppressed(&harness).await, 1);
    }
    assert_eq!(deliveries(&harness, &owner, &workspace).await, ["bounced"]);
}

#[tokio::test]
async fn news_that_cannot_be_written_down_now_come_again() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let made = invite(&owner, &workspace, "bob@example.com").await;
    harness.drain().await;
    let event = bounced(&workspace, &made, "bob@example.com");
    harness
        .faults()
        .plan(Fault::new(Kind::Throttle).times(usize::MAX));
    let outbox = harness.stack.function("outbox").expect("the outbox");
    let answer = outbox.invoke(event.to_string().into_bytes(), "id").await;
    assert!(answer.is_err(), "an event was taken and forgotten");
    harness.faults().reset();
    assert_eq!(
        tell(&harness, &event).await,
        json!({ "suppressed": 1, "noted": 1 })
    );
}
