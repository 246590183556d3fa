//! The pages behind the link of an invitation.

use harness::Harness;

use super::{ADA, finish, hidden, invite, items, leads, signed_in};

/// CHAT-08
#[tokio::test]
async fn the_link_of_an_invitation_leads_a_new_account_into_the_workspace() {
    let harness = Harness::start().await;
    let owner = harness.sign_up(ADA).await;
    let token = invite(&harness, &owner, "bob@example.com").await;
    let mail = harness
        .mails("bob@example.com")
        .await
        .pop()
        .expect("a mail");
    let link = format!("{}/accept?token={token}", harness.stack.api);
    assert!(mail.text.contains(&link), "{}", mail.text);

    let mut browser = harness.browser();
    let path = format!("/accept?token={token}");
    let page = browser.open(&path, 200).await;
    assert!(
        !page.text.contains("Test"),
        "the name before the address is proved"
    );
    let up = format!("/sign-up?invitation={token}");
    assert!(page.text.contains(&up), "{}", page.text);
    let page = browser.open(&up, 200).await;
    let kept = hidden(&page);
    let fields = [
        ("email", "bob@example.com"),
        ("invitation", kept[0].1.as_str()),
        ("adult", "true"),
    ];
    let answer = browser.submit("/sign-up", &fields, 303).await;
    let led = finish(&harness, &mut browser, leads(&answer), "bob@example.com").await;
    assert_eq!(led, path);
    let page = browser.open(&path, 200).await;
    assert!(page.text.contains("Test"), "{}", page.text);
    browser.submit("/accept", &[("token", &token)], 422).await;
    let long = "a".repeat(101);
    browser
        .submit("/accept", &[("token", &token), ("name", &long)], 422)
        .await;
    let fields = [("token", token.as_str()), ("name", "Bob")];
    let page = browser.submit("/accept", &fields, 200).await;
    assert!(page.text.contains("Test"), "{}", page.text);
    let bob = harness.sign_in("bob@example.com").await;
    let list = bob.get("/v1/workspaces", 200).await;
    assert_eq!(list["data"][0]["role"], "agent");
    // Good once.
    browser.submit("/accept", &fields, 404).await;
    browser.open(&path, 404).await;
}

#[tokio::test]
async fn an_invitation_is_accepted_by_nobody_but_the_invited_address() {
    let harness = Harness::start().await;
    let owner = harness.sign_up(ADA).await;
    let token = invite(&harness, &owner, "bob@example.com").await;
    let fields = [("token", token.as_str()), ("name", "Eve")];
    let before = items(&harness).await;
    let mut nobody = harness.browser();
    assert_eq!(
        leads(&nobody.submit("/accept", &fields, 303).await),
        "/sign-in"
    );
    assert_eq!(items(&harness).await, before);
    let mut eve = signed_in(&harness, "/sign-up", "eve@example.com").await;
    let page = eve.open(&format!("/accept?token={token}"), 404).await;
    assert!(!page.text.contains("Test"), "{}", page.text);
    eve.submit("/accept", &fields, 404).await;
    for other in ["", "x", "iv_x.y", "\"><script>"] {
        let page = eve.submit("/accept", &[("token", other)], 404).await;
        assert!(!page.text.contains("<script"), "{}", page.text);
    }
    // Over after fourteen days.
    harness.advance(std::time::Duration::from_secs(14 * 24 * 3600 + 1));
    let mut bob = signed_in(&harness, "/sign-up", "bob@example.com").await;
    bob.submit("/accept", &fields, 404).await;
}
