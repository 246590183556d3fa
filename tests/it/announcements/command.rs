//! `sotto announce`: counted first, then sent, once.

use std::time::Duration;

use harness::Harness;
use local::announce::{Announcement, Mode, Operator};

use super::{carry_out, operator, wanting, with_subject};

fn offer() -> Announcement {
    Announcement {
        class: "marketing".to_owned(),
        subject: "Two for one".to_owned(),
        text: "Hello,\n\nbuy two.".to_owned(),
        workspaces: Vec::new(),
        version: None,
        effective_at: None,
    }
}

#[tokio::test]
async fn the_command_counts_whom_it_would_reach_and_writes_to_nobody_twice() {
    let harness = Harness::start().await;
    wanting(&harness, "ada@example.com", "flows").await;
    let member = operator(&harness).await;
    let operator = Operator::new(&harness.stack.api, &member.access_token);
    let counted = operator.announce(&offer(), Mode::Rehearse).await;
    let counted = counted.expect("rehearsed");
    assert!(!counted.done);
    carry_out(&harness).await;
    let counted = operator.progress(&counted.id).await.expect("counted");
    assert!(counted.done && counted.looked_at >= 2, "{counted:?}");
    assert_eq!(counted.letters, 1);
    let mails = async || with_subject(&harness, "ada@example.com", "Two for one").await;
    assert!(mails().await.is_empty(), "a rehearsal wrote");
    let sent = operator.announce(&offer(), Mode::Send).await.expect("sent");
    assert_ne!(sent.id, counted.id);
    carry_out(&harness).await;
    let again = operator.announce(&offer(), Mode::Send).await;
    assert_eq!(again.expect("the same").id, sent.id);
    carry_out(&harness).await;
    assert_eq!(mails().await.len(), 1);
}

#[tokio::test]
async fn the_command_says_in_one_line_why_it_was_refused() {
    let harness = Harness::start().await;
    let api = &harness.stack.api;
    let ada = harness.sign_up("ada@example.com").await;
    let said = async |token: &str, offer: Announcement| {
        let refused = Operator::new(api, token).announce(&offer, Mode::Send).await;
        let line = refused.expect_err("refused");
        assert!(!line.contains('\n'), "{line}");
        line
    };
    let stranger = said(&ada.access_token, offer()).await;
    assert!(stranger.contains("only the operator"), "{stranger}");
    let nobody = said("nothing", offer()).await;
    assert!(nobody.contains("sign in again"), "{nobody}");
    let two_lines = said("one\ntwo", offer()).await;
    assert!(two_lines.contains("token is none"), "{two_lines}");
    let member = operator(&harness).await;
    let change = Announcement {
        class: "material_change".to_owned(),
        ..offer()
    };
    let change = said(&member.access_token, change).await;
    assert!(change.contains("#/version"), "{change}");
    harness.advance(Duration::from_secs(11 * 60));
    let late = said(&member.access_token, offer()).await;
    assert!(late.contains("sign in again"), "{late}");
}
