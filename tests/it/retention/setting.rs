//! The setting itself: who changes it, what it refuses, where it begins.

use harness::Harness;
use reqwest::Method;
use serde_json::{Value, json};

use super::World;

#[tokio::test]
async fn only_owners_and_admins_hold_and_change_the_retention() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("Hello").await;
    let hold = format!("{}/conversations/{}/hold", workspace.path, conversation.id);
    let retention = format!("{}/retention", workspace.path);
    let body = json!({ "reason": "Complaint 17", "until": "2026-06-01T00:00:00Z" });
    for (role, may) in [
        ("admin", true),
        ("agent", false),
        ("viewer", false),
        ("billing", false),
    ] {
        let member = harness
            .join(&owner, &workspace, &format!("{role}@example.com"), role)
            .await;
        member.get(&retention, 200).await;
        if may {
            member.put(&hold, body.clone(), 200).await;
            continue;
        }
        member
            .refused(Method::PUT, &hold, Some(body.clone()), 403, "forbidden")
            .await;
        member
            .refused(Method::GET, &hold, None, 403, "forbidden")
            .await;
        member
            .refused(Method::DELETE, &hold, None, 403, "forbidden")
            .await;
        let change = Some(json!({ "conversation_days": 10 }));
        member
            .refused(Method::PATCH, &retention, change, 403, "forbidden")
            .await;
    }
    // Another workspace's owner sees nothing of it.
    let foreign = harness.sign_up("eve@example.com").await;
    foreign
        .refused(Method::GET, &retention, None, 404, "not_found")
        .await;
    foreign
        .refused(Method::PUT, &hold, Some(body), 404, "not_found")
        .await;
}

#[tokio::test]
async fn the_setting_refuses_what_is_out_of_bounds_unseen_or_stale() {
    let world = World::new().await;
    let path = world.retention();
    let change = |days: Value| Some(json!({ "conversation_days": days }));
    world
        .owner
        .refused(
            Method::PATCH,
            &path,
            change(json!(30)),
            428,
            "precondition_required",
        )
        .await;
    let any = world.owner.with_header("if-match", "*");
    any.refused(
        Method::PATCH,
        &path,
        change(json!(30)),
        428,
        "precondition_required",
    )
    .await;
    let stale = world.owner.with_header("if-match", "\"7\"");
    stale
        .refused(Method::PATCH, &path, change(json!(30)), 409, "conflict")
        .await;
    let fresh = world.owner.with_header("if-match", "\"1\"");
    for days in [
        json!(0),
        json!(3651),
        json!(-1),
        json!(1.5),
        json!("30"),
        Value::Null,
    ] {
        let said = fresh
            .refused(Method::PATCH, &path, change(days), 422, "validation_failed")
            .await;
        assert_eq!(said["errors"][0]["pointer"], "#/conversation_days");
    }
    for query in ["?preview=perhaps", "?preview=true&dance=1"] {
        let answer = fresh
            .send(Method::PATCH, &format!("{path}{query}"), change(json!(30)))
            .await;
        assert!(
            (400..500).contains(&answer.status),
            "{query}: {}",
            answer.text
        );
    }
    assert_eq!(
        world.owner.get(&path, 200).await["rev"],
        1,
        "something was changed"
    );
    // Two who saw the same version: one wins.
    fresh
        .patch(&path, json!({ "conversation_days": 30 }), 200)
        .await;
    fresh
        .refused(Method::PATCH, &path, change(json!(40)), 409, "conflict")
        .await;
    // The bounds themselves are good, and the same number again is no change.
    world.keep(1).await;
    world.keep(3650).await;
    let rev = world.owner.get(&path, 200).await["rev"].clone();
    assert_eq!(world.keep(3650).await["rev"], rev);
    // Holds have bounds as well.
    let (_, conversation) = world.thread("Hello").await;
    let hold = format!("{}/hold", world.path(&conversation));
    for until in [
        "2026-01-15T12:00:00Z",
        "2020-01-01T00:00:00Z",
        "2036-01-14T12:00:00Z",
        "soon",
    ] {
        let body = Some(json!({ "reason": "Complaint 17", "until": until }));
        world
            .owner
            .refused(Method::PUT, &hold, body, 422, "validation_failed")
            .await;
    }
    let body = Some(json!({ "reason": "", "until": "2026-06-01T00:00:00Z" }));
    world
        .owner
        .refused(Method::PUT, &hold, body, 422, "validation_failed")
        .await;
}

#[tokio::test]
async fn every_profile_begins_with_its_own_days() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    for (profile, days) in [("calls", 90), ("flows", 90), ("inbox", 760)] {
        let workspace = owner.workspace(profile).await;
        let view = owner
            .get(&format!("{}/retention", workspace.path), 200)
            .await;
        assert_eq!(view["conversation_days"], days, "{profile}");
        assert_eq!(view["default_conversation_days"], days, "{profile}");
        assert_eq!(
            (
                &view["min_conversation_days"],
                &view["max_conversation_days"]
            ),
            (&json!(1), &json!(3650))
        );
    }
}
