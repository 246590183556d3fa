//! Sockets: who may open one, what it is told, and how it ends.

use std::time::Duration;

use harness::{Conversation, Harness, Member, Socket, Visitor, WidgetApp, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
    visitor: Visitor,
    conversation: Conversation,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let visitor = harness.visitor(&app).await;
        let conversation = visitor.start("Where is my parcel?").await;
        harness.drain().await;
        Self {
            harness,
            owner,
            workspace,
            app,
            visitor,
            conversation,
        }
    }

    async fn ticket(&self) -> Value {
        let path = format!("{}/realtime/tickets", self.workspace.path);
        self.owner.post(&path, json!({}), 201).await
    }

    /// Waits until what has ended is forgotten: `$disconnect` comes after the end.
    async fn settled(&self, kind: &str, expected: usize) {
        for _ in 0..200 {
            if self.harness.items_with(kind).await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!(
            "{} items with {kind}, not {expected}",
            self.harness.items_with(kind).await
        );
    }
}

#[tokio::test]
async fn a_member_and_a_visitor_are_nudged_and_sync_finds_what_frames_lost() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        workspace,
        visitor,
        conversation,
        ..
    } = &world;
    let sync = format!("{}/sync", workspace.path);
    let before = text(&owner.get(&sync, 200).await, "next_cursor");
    let widget_before = text(&visitor.get("/v1/widget/sync", 200).await, "next_cursor");

    let mut team = owner.socket(workspace).await;
    assert_eq!(
        team.sub("inbox").await["online"],
        json!([workspace.member_id])
    );
    let mut widget = visitor.socket().await;
    widget.sub(&conversation.id).await;

    owner
        .say(workspace, conversation, "It arrives today.")
        .await;
    harness.drain().await;
    let nudge = json!({ "t": "cnv.changed", "cnv": conversation.id, "seq": 2, "rev": 2 });
    assert_eq!(widget.next().await, nudge);
    assert_eq!(team.next().await, nudge);

    // Typing goes to the other side, and is stored nowhere.
    let items = harness.items().await.len();
    widget
        .send(json!({ "t": "typing", "cnv": conversation.id, "typing": true }))
        .await;
    team.sub(&conversation.id).await;
    widget
        .send(json!({ "t": "typing", "cnv": conversation.id, "typing": true }))
        .await;
    let typing = team.next().await;
    let who = json!({ "type": "visitor", "id": visitor.contact_id });
    let until = json!("2026-01-15T12:00:06.000Z");
    assert_eq!(
        typing,
        json!({ "t": "typing", "cnv": conversation.id, "who": who, "until": until })
    );
    assert_eq!(
        harness.items().await.len(),
        items + 2,
        "the subscription and nothing else"
    );

    // Both lose their connection, and everything that is said meanwhile.
    harness.stack.sockets().expect("a WebSocket API").cut_all();
    visitor.say(conversation, "Thank you!").await;
    harness.drain().await;
    let changes = owner.get(&format!("{sync}?cursor={before}"), 200).await;
    let change = json!({ "type": "conversation", "id": conversation.id, "rev": 3, "seq": 3 });
    assert_eq!(
        (&changes["changes"], &changes["more"]),
        (&json!([change]), &json!(false))
    );
    let changes = visitor
        .get(&format!("/v1/widget/sync?cursor={widget_before}"), 200)
        .await;
    assert_eq!(changes["changes"], json!([change]));
    world.settled("SOCKET#", 0).await;
    assert_eq!(harness.items_with("TOPIC#").await, 0);
}

#[tokio::test]
async fn a_ticket_opens_one_socket_within_a_minute() {
    let world = World::new().await;
    let ticket = world.ticket().await;
    let url = text(&ticket, "url");
    assert_eq!(ticket["expires_at"], "2026-01-15T12:01:00.000Z");
    assert!(
        url.ends_with(&format!("/live?ticket={}", text(&ticket, "ticket"))),
        "{url}"
    );
    let _open = Socket::open(&url).await;
    assert_eq!(Socket::refused(&url).await, 401, "used");

    let late = text(&world.ticket().await, "url");
    world.harness.advance(MINUTE);
    assert_eq!(Socket::refused(&late).await, 401, "old");
    world.harness.advance(Duration::from_secs(1));
    world.harness.sweep_ttl().await;

    let address = url.split('?').next().expect("an address");
    let (place, secret) = url.rsplit_once('.').expect("a secret");
    let forged = format!("{place}.{}", "A".repeat(secret.len()));
    let session = format!("{address}?ticket={}", world.visitor.session_token);
    for bad in [
        address.to_owned(),
        format!("{address}?ticket="),
        forged,
        session,
    ] {
        assert_eq!(Socket::refused(&bad).await, 401, "{bad}");
    }
    assert_eq!(
        world.harness.items_with("TICKET#").await,
        0,
        "a ticket is left"
    );
    assert_eq!(
        world.harness.items_with("SOCKET#").await,
        1,
        "a refused socket left something"
    );
}

#[tokio::test]
async fn nobody_listens_to_what_is_not_theirs() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        workspace,
        app,
        visitor,
        conversation,
    } = &world;
    let stranger = harness.sign_up("eve@example.org").await;
    let elsewhere = stranger.workspace("inbox").await;
    let neighbour = harness.visitor(app).await;
    let before = harness.items_with("TOPIC#").await;
    for (who, mut socket) in [
        ("another tenant", stranger.socket(&elsewhere).await),
        ("a neighbour", neighbour.socket().await),
    ] {
        let answer = socket
            .ask(json!({ "t": "sub", "topic": conversation.id }))
            .await;
        let refused = json!({ "t": "error", "code": "not_found", "topic": conversation.id });
        assert_eq!(answer, refused, "{who}");
        let typing = json!({ "t": "typing", "cnv": conversation.id, "typing": true });
        assert_eq!(
            socket.ask(typing).await,
            json!({ "t": "error", "code": "not_found" }),
            "{who}"
        );
    }
    let mut widget = visitor.socket().await;
    let inbox = widget.ask(json!({ "t": "sub", "topic": "inbox" })).await;
    assert_eq!(inbox["code"], "not_found", "a visitor has no inbox");
    let nothing = widget.ask(json!({ "t": "sub", "topic": "cnv_x" })).await;
    assert_eq!(nothing, json!({ "t": "error", "code": "not_found" }));
    assert_eq!(
        harness.items_with("TOPIC#").await,
        before,
        "a refused subscription left something"
    );
    owner.say(workspace, conversation, "Hello").await;
    harness.drain().await;
    assert_eq!(widget.heard().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_session_that_is_over_ends_its_socket_at_the_next_frame() {
    let world = World::new().await;
    let mut team = world.owner.socket(&world.workspace).await;
    assert_eq!(
        team.ask(json!({ "t": "ping" })).await,
        json!({ "t": "pong" })
    );
    world
        .owner
        .send(Method::POST, "/v1/auth/logout", None)
        .await;
    team.send(json!({ "t": "ping" })).await;
    let (heard, code) = team.closed().await;
    assert_eq!(heard, [json!({ "t": "error", "code": "session_over" })]);
    assert_eq!(code, 1000);

    // A visitor whose widget session is gone, by TTL or by a hand.
    let mut widget = world.visitor.socket().await;
    world
        .harness
        .advance(Duration::from_secs(31 * 24 * 60 * 60));
    assert_eq!(widget.closed().await.1, 1001);
    world.settled("SOCKET#", 0).await;
}

#[tokio::test]
async fn a_flood_a_giant_and_what_nobody_understands_end_a_socket() {
    let world = World::new().await;
    let mut flooding = world.visitor.socket().await;
    for _ in 0..100 {
        flooding.send(json!({ "t": "ping" })).await;
    }
    let (heard, code) = flooding.closed().await;
    let of = |t: &str| heard.iter().filter(|frame| frame["t"] == t).count();
    assert!(of("pong") <= 60, "{} answers", of("pong"));
    assert!(
        heard.contains(&json!({ "t": "error", "code": "too_many_frames" })),
        "{heard:?}"
    );
    assert_eq!(code, 1000);

    // Below what the edge takes, above what we take; then above what the edge takes.
    let mut giant = world.visitor.socket().await;
    let large = json!({ "t": "ping", "x": "x".repeat(25 * 1024) });
    assert_eq!(
        giant.ask(large).await,
        json!({ "t": "error", "code": "frame_too_large" })
    );
    giant
        .send(json!({ "t": "ping", "x": "x".repeat(33 * 1024) }))
        .await;
    assert_eq!(giant.closed().await.1, 1009);

    let mut strange = world.visitor.socket().await;
    let unknown = strange.ask(json!({ "t": "shout" })).await;
    assert_eq!(unknown, json!({ "t": "error", "code": "unknown_frame" }));
    for nonsense in ["", "[]", "{\"t\":\"sub\"}"] {
        strange.send_text(nonsense).await;
        assert_eq!(
            strange.next().await,
            json!({ "t": "error", "code": "malformed_frame" })
        );
    }
    strange.send_bytes(vec![0, 159]).await;
    let (heard, code) = strange.closed().await;
    assert_eq!((heard.len(), code), (1, 1000), "{heard:?}");
    world.settled("SOCKET#", 0).await;
}

#[tokio::test]
async fn a_socket_is_told_to_make_room_before_the_edge_cuts_it() {
    let world = World::new().await;
    let mut team = world.owner.socket(&world.workspace).await;
    let hello = team.ask(json!({ "t": "hello" })).await;
    assert_eq!(
        hello["who"],
        json!({ "type": "member", "id": world.workspace.member_id })
    );
    assert_eq!(hello["at"], "2026-01-15T12:00:00.000Z");
    let drain_at = text(&hello, "drain_at");
    assert!(
        ("2026-01-15T13:45:00".."2026-01-15T13:55:01").contains(&drain_at.as_str()),
        "{drain_at}"
    );
    for _ in 0..13 {
        world.harness.advance(MINUTE * 8);
        assert_eq!(team.ask(json!({ "t": "ping" })).await["t"], "pong");
    }
    for minutes in [8, 4] {
        world.harness.advance(MINUTE * minutes);
        team.send(json!({ "t": "ping" })).await;
    }
    assert_eq!(team.next().await["t"], "drain");
    assert_eq!(team.next().await["t"], "drain");
    world.harness.advance(MINUTE * 4);
    assert_eq!(team.closed().await.1, 1001, "two hours");

    let mut idle = world.owner.refresh().await.socket(&world.workspace).await;
    world.harness.advance(MINUTE * 10);
    assert_eq!(idle.closed().await.1, 1001, "ten minutes of silence");
    world.settled("SOCKET#", 0).await;
}

#[tokio::test]
async fn the_team_sees_who_of_it_is_there() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        workspace,
        ..
    } = &world;
    let colleague = harness
        .join(owner, workspace, "bob@example.com", "agent")
        .await;
    let mut first = owner.socket(workspace).await;
    assert_eq!(
        first.sub("inbox").await["online"],
        json!([workspace.member_id])
    );
    let mut theirs = colleague.socket(workspace).await;
    let online = theirs.sub("inbox").await["online"]
        .as_array()
        .expect("members")
        .len();
    assert_eq!(online, 2);
    let came = first.next().await;
    let them = text(&came, "member");
    assert_eq!(
        came,
        json!({ "t": "presence", "member": them, "online": true })
    );
    // A second socket of the same member is no news, nor is the end of one of two.
    let mut second = colleague.socket(workspace).await;
    second.sub("inbox").await;
    theirs.close().await;
    world.settled("SOCKET#", 4).await;
    assert_eq!(first.heard().await, Vec::<Value>::new());
    second.close().await;
    assert_eq!(
        first.next().await,
        json!({ "t": "presence", "member": them, "online": false })
    );
    let unsub = first.ask(json!({ "t": "unsub", "topic": "inbox" })).await;
    assert_eq!(unsub, json!({ "t": "unsubbed", "topic": "inbox" }));
    assert_eq!(harness.items_with("TOPIC#").await, 0);
}

#[tokio::test]
async fn a_connection_that_is_gone_is_forgotten_with_the_next_nudge_and_fails_no_batch() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        workspace,
        conversation,
        ..
    } = &world;
    let mut team = owner.socket(workspace).await;
    team.sub("inbox").await;
    team.sub(&conversation.id).await;
    assert_eq!(harness.items_with("TOPIC#").await, 2);
    // As when `$disconnect` never came: the rows stay, the connection does not.
    harness.stack.sockets().expect("a WebSocket API").vanish();
    owner.say(workspace, conversation, "Hello?").await;
    harness.drain().await;
    assert_eq!(harness.items_with("SOCKET#").await, 0);
    assert_eq!(harness.items_with("TOPIC#").await, 0);

    // Nor does an edge that answers nothing.
    let mut team = owner.socket(workspace).await;
    team.sub("inbox").await;
    let throttled = harness::Fault::new(harness::Kind::Throttle).on("PostToConnection");
    harness.faults().plan(throttled.times(usize::MAX));
    owner.say(workspace, conversation, "Hello??").await;
    harness.drain().await;
    harness.faults().reset();
    assert_eq!(
        harness.items_with("TOPIC#").await,
        1,
        "throttled is not gone"
    );
    owner.say(workspace, conversation, "Hello???").await;
    harness.drain().await;
    assert_eq!(team.next().await["seq"], 4);
}

#[tokio::test]
async fn a_frame_is_one_read_and_two_when_the_environment_sees_the_socket_for_the_first_time() {
    let world = World::new().await;
    let mut widget = world.visitor.socket().await;
    let meter = &world.harness.app_of("realtime").meter;
    meter.take();
    widget.ask(json!({ "t": "ping" })).await;
    assert_eq!(meter.take().operations(), ["BatchGetItem", "BatchGetItem"]);
    widget.ask(json!({ "t": "ping" })).await;
    assert_eq!(meter.take().operations(), ["BatchGetItem"]);
    widget.sub(&world.conversation.id).await;
    assert_eq!(
        meter.take().operations(),
        ["BatchGetItem", "TransactWriteItems"]
    );
}

/// A socket that is open answers, whatever else it hears before.
async fn answers(socket: &mut Socket) {
    socket.send(json!({ "t": "ping" })).await;
    while socket.next().await["t"] != "pong" {}
}

#[tokio::test]
async fn the_sockets_of_a_sign_in_that_ended_and_of_a_member_who_went_are_closed() {
    let world = World::new().await;
    let (harness, workspace) = (&world.harness, &world.workspace);
    let bob = harness
        .join(&world.owner, workspace, "bob@example.com", "agent")
        .await;
    let elsewhere = harness.sign_in("bob@example.com").await;
    let own = bob.workspace("inbox").await;
    let mut here = bob.socket(workspace).await;
    let mut there = elsewhere.socket(workspace).await;
    let mut at_home = elsewhere.socket(&own).await;
    let mut owner = world.owner.socket(workspace).await;
    for socket in [&mut here, &mut there, &mut owner] {
        socket.sub("inbox").await;
    }
    // One sign-in of two ends.
    bob.send(Method::POST, "/v1/auth/logout", None).await;
    harness.drain().await;
    assert_eq!(here.closed().await.1, 1000);
    for socket in [&mut there, &mut at_home, &mut owner] {
        answers(socket).await;
    }
    // The seat in one workspace of two goes.
    let leave = format!("{}/leave", workspace.path);
    elsewhere.send(Method::POST, &leave, None).await;
    harness.drain().await;
    assert_eq!(there.closed().await.1, 1000);
    answers(&mut at_home).await;
    world.settled("TOPIC#", 1).await;
}
