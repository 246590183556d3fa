//! The erasure of a workspace: everything that bears its id, and nobody else's.

use std::time::Duration;

use harness::{Conversation, Fault, Harness, Kind, Member, WidgetApp, Workspace, message, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

const MINUTE: Duration = Duration::from_secs(60);

/// A workspace that is to go, and one beside it that stays.
struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    conversation: Conversation,
    neighbour: Workspace,
}

/// A workspace with one of everything.
async fn furnish(
    harness: &Harness,
    owner: &Member,
    name: &str,
) -> (Workspace, WidgetApp, Conversation) {
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    let visitor = harness.visitor(&app).await;
    let conversation = visitor.start("Hello").await;
    let at = |rest: &str| format!("{}{rest}", workspace.path);
    let thread = |rest: &str| at(&format!("/conversations/{}{rest}", conversation.id));
    owner
        .post(&thread("/messages"), message("An answer"), 201)
        .await;
    owner.put(&thread("/read"), json!({ "seq": 2 }), 200).await;
    owner
        .put(&thread("/draft"), json!({ "text": "Well" }), 200)
        .await;
    let known = json!({ "name": "Grace" });
    owner
        .patch(
            &at(&format!("/contacts/{}", visitor.contact_id)),
            known,
            200,
        )
        .await;
    let invitation = json!({ "email": format!("kim@{name}.example"), "role": "agent" });
    owner.post(&at("/invitations"), invitation, 202).await;
    let key = json!({ "name": "Shop", "scopes": ["contacts.read"] });
    owner.post(&at("/api-keys"), key, 201).await;
    harness
        .join(owner, &workspace, &format!("bob@{name}.example"), "agent")
        .await;
    owner
        .with_header("if-match", "\"1\"")
        .patch(&at("/retention"), json!({ "conversation_days": 700 }), 200)
        .await;
    (workspace, app, conversation)
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let (workspace, _, conversation) = furnish(&harness, &owner, "gone").await;
        let (neighbour, _, _) = furnish(&harness, &owner, "stays").await;
        harness.drain().await;
        Self {
            harness,
            owner,
            workspace,
            conversation,
            neighbour,
        }
    }

    /// What bears the id of the workspace; the row that shows the erasure and the mail about it aside.
    async fn left(&self) -> Vec<String> {
        let mut items = self.harness.items().await;
        items.retain(|item| item.contains(&self.workspace.id));
        items.retain(|item| !item.contains("\"ERASURE#") && !item.contains("\"NOTICE#"));
        items
    }

    async fn of_the_neighbour(&self) -> Vec<String> {
        let mut items = self.harness.items().await;
        items.retain(|item| item.contains(&self.neighbour.id));
        items.sort();
        items
    }

    async fn erase(&self) -> Value {
        self.harness.advance(MINUTE);
        self.harness.run_schedule("Erasures").await
    }

    async fn end_now(&self) -> String {
        let path = format!("{}?when=now", self.workspace.path);
        text(&self.owner.delete(&path, 202).await, "erasure_id")
    }

    fn erasure(&self, id: &str) -> String {
        format!("{}/erasures/{id}", self.workspace.path)
    }
}

/// CALL-28.
#[tokio::test]
async fn after_seven_days_nothing_is_left_of_a_workspace_and_its_neighbour_is_as_it_was() {
    let world = World::new().await;
    let neighbour = world.of_the_neighbour().await;
    let ended = world.owner.delete(&world.workspace.path, 202).await;
    world.harness.advance(DAY * 7 - MINUTE);
    assert_eq!(world.erase().await["erased_workspaces"], 0);
    assert!(world.left().await.len() > 20, "there is something to erase");
    assert_eq!(world.erase().await["erased_workspaces"], 1);
    world.harness.drain().await;
    assert_eq!(world.left().await, Vec::<String>::new());
    // Sessions end in these days, invitations and requests too; what remains is byte for byte the same.
    let now = world.of_the_neighbour().await;
    let changed: Vec<&String> = now
        .iter()
        .filter(|item| !neighbour.contains(item))
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
    let owner = world.harness.sign_in("ada@example.com").await;
    let mail = world.harness.mails("ada@example.com").await;
    let told = |mail: &local::mail::Mail| mail.subject == "Your Sotto workspace was erased";
    assert_eq!(mail.iter().filter(|mail| told(mail)).count(), 1);
    // Who owned it sees what became of it; it is nobody else's business.
    let place = world.erasure(&text(&ended, "erasure_id"));
    let shown = owner.get(&place, 200).await;
    assert_eq!(
        (&shown["stage"], &shown["kind"]),
        (&json!("done"), &json!("workspace"))
    );
    let counts = shown["counts"].as_array().expect("counts");
    let of = |kind: &str| counts.iter().find(|count| count["kind"] == kind);
    assert_eq!(of("Message").expect("messages")["before"], 2);
    assert!(counts.iter().all(|count| count["after"] == 0), "{counts:?}");
    let stranger = world.harness.sign_up("eve@example.com").await;
    for member in [&stranger, &world.harness.sign_in("bob@gone.example").await] {
        member
            .refused(Method::GET, &place, None, 404, "not_found")
            .await;
    }
    owner
        .refused(Method::GET, &world.workspace.path, None, 404, "not_found")
        .await;
}

#[tokio::test]
async fn a_workspace_whose_owner_does_not_wait_is_erased_within_minutes_and_cannot_be_kept() {
    let world = World::new().await;
    let id = world.end_now().await;
    let undo = format!("{}/undo-deletion", world.workspace.path);
    world
        .owner
        .refused(Method::POST, &undo, None, 423, "workspace_closing")
        .await;
    world
        .owner
        .refused(
            Method::GET,
            &world.erasure(&id),
            None,
            423,
            "workspace_closing",
        )
        .await;
    assert_eq!(world.erase().await["erased_workspaces"], 1);
    assert_eq!(world.left().await, Vec::<String>::new());
    world.harness.drain().await;
    world.owner.get(&world.erasure(&id), 200).await;
    let wrong = format!("{}?when=soon", world.neighbour.path);
    world
        .owner
        .refused(Method::DELETE, &wrong, None, 422, "validation_failed")
        .await;
    world.owner.get(&world.neighbour.path, 200).await;
}

#[tokio::test]
async fn an_erasure_that_is_cut_off_at_any_call_goes_on_and_its_owner_sees_how_far_it_is() {
    let mut cut_off = 0;
    let mut stages = std::collections::BTreeSet::new();
    for (kind, call) in [
        (Kind::ServerError, 0),
        (Kind::ServerError, 6),
        (Kind::TimeoutAfter, 12),
        (Kind::ServerError, 23),
        (Kind::TimeoutAfter, 34),
        (Kind::ServerError, 41),
        (Kind::TimeoutAfter, 50),
        (Kind::ServerError, 58),
    ] {
        let world = World::new().await;
        let neighbour = world.of_the_neighbour().await;
        let id = world.end_now().await;
        world.harness.advance(MINUTE);
        let fault = Fault::new(kind).after(call).times(usize::MAX);
        world.harness.faults().plan(fault);
        let cut = world.harness.try_schedule("Erasures").await;
        world.harness.faults().reset();
        cut_off += usize::from(cut.is_err());
        let seen = world
            .owner
            .send(Method::GET, &world.erasure(&id), None)
            .await;
        if seen.status == 200 {
            stages.insert(text(&seen.body, "stage"));
        }
        world.erase().await;
        world.harness.drain().await;
        assert_eq!(
            world.left().await,
            Vec::<String>::new(),
            "{kind:?} at {call}"
        );
        assert_eq!(
            world.of_the_neighbour().await,
            neighbour,
            "{kind:?} at {call}"
        );
        let shown = world.owner.get(&world.erasure(&id), 200).await;
        assert_eq!(shown["stage"], "done");
    }
    assert!(cut_off >= 6, "only {cut_off} runs were cut off");
    assert!(stages.len() >= 3, "{stages:?}");
}

#[tokio::test]
async fn two_runs_of_one_erasure_meet_and_do_no_harm() {
    let world = World::new().await;
    let neighbour = world.of_the_neighbour().await;
    world.end_now().await;
    world.harness.advance(MINUTE);
    let _ = tokio::join!(
        world.harness.try_schedule("Erasures"),
        world.harness.try_schedule("Erasures"),
    );
    world.erase().await;
    assert_eq!(world.left().await, Vec::<String>::new());
    assert_eq!(world.of_the_neighbour().await, neighbour);
}

#[tokio::test]
async fn a_conversation_on_hold_outlasts_its_workspace_until_the_hold_ends() {
    let world = World::new().await;
    let place = format!(
        "{}/conversations/{}/hold",
        world.workspace.path, world.conversation.id
    );
    let hold = json!({ "reason": "Complaint 17", "until": world.harness.now().plus(DAY * 3) });
    world.owner.put(&place, hold, 200).await;
    let id = world.end_now().await;
    assert_eq!(world.erase().await["erased_workspaces"], 0);
    world.harness.drain().await;
    let left = world.left().await;
    let of_the_held =
        |item: &String| item.contains(&world.conversation.id) || item.contains("\"TENANT#");
    assert!(left.len() > 3 && left.iter().all(of_the_held), "{left:?}");
    let shown = world.owner.get(&world.erasure(&id), 200).await;
    assert_eq!(shown["stage"], "waiting");
    assert!(shown["items_held"].as_u64() > Some(3), "{shown}");
    world.harness.advance(DAY);
    assert_eq!(world.erase().await["erased_workspaces"], 0);
    world.harness.advance(DAY * 2);
    assert_eq!(world.erase().await["erased_workspaces"], 1);
    world.harness.drain().await;
    assert_eq!(world.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn nobody_brings_anything_into_a_workspace_that_is_being_erased() {
    let world = World::new().await;
    world.end_now().await;
    world.harness.advance(MINUTE);
    let fault = Fault::new(Kind::ServerError).after(20).times(usize::MAX);
    world.harness.faults().plan(fault);
    assert!(world.harness.try_schedule("Erasures").await.is_err());
    world.harness.faults().reset();
    let path = format!(
        "{}/conversations/{}/messages",
        world.workspace.path, world.conversation.id
    );
    let said = Some(message("Too late"));
    world
        .owner
        .refused(Method::POST, &path, said, 404, "not_found")
        .await;
    world.erase().await;
    assert_eq!(world.left().await, Vec::<String>::new());
}
