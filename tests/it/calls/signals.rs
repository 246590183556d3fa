//! What devices say to each other through their sockets: passed on to one, and kept nowhere.

use harness::{Socket, text};
use serde_json::{Value, json};

use super::{Guest, SECOND, World, socket};
use crate::{asyncapi::is_documented, privacy_at_rest::log::Log};

const SDP: &str = "v=0\r\no=- 46 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
    c=IN IP4 0.0.0.0\r\na=ice-ufrag:canaryufrag\r\na=ice-pwd:canarypwd\r\n\
    a=fingerprint:sha-256 AA:BB:CC\r\na=setup:actpass\r\n";
const CANDIDATE: &str = "candidate:842163049 1 udp 1677729535 198.51.100.23 46154 typ srflx";

/// A call in which both devices have said hello.
struct Talk {
    world: World,
    guest: Guest,
    call: String,
    theirs: Socket,
    ours: Socket,
}

/// The next frame of this kind; what is told otherwise as well may come between.
async fn next(socket: &mut Socket, t: &str) -> Value {
    for _ in 0..10 {
        let frame = socket.next().await;
        if text(&frame, "t").starts_with("call.") {
            is_documented("serverSendsInCalls", &frame);
        }
        if frame["t"] == t {
            return frame;
        }
    }
    panic!("no {t} came");
}

impl Talk {
    async fn new() -> Self {
        let world = World::new().await;
        Self::of(world).await
    }

    async fn of(world: World) -> Self {
        let guest = world.guest().await;
        let (call, joined) = world.ringing(&guest).await;
        let mut theirs = socket(&joined).await;
        let hello = theirs.ask(json!({ "t": "call.hello", "call": call })).await;
        assert_eq!(
            (
                &hello["t"],
                &hello["side"],
                &hello["epoch"],
                &hello["state"]
            ),
            (
                &json!("call.hello"),
                &json!("guest"),
                &json!(1),
                &json!("ringing")
            )
        );
        assert_eq!(hello["peer"]["there"], false);
        world.act(&world.agent, &call, "accept", 200).await;
        let joined = world.agent_joins(&call).await;
        let mut ours = socket(&joined).await;
        let hello = ours.ask(json!({ "t": "call.hello", "call": call })).await;
        assert_eq!(
            (&hello["side"], &hello["polite"]),
            (&json!("agent"), &json!(false))
        );
        assert_eq!(hello["peer"], json!({ "there": true, "epoch": 1 }));
        let joined = next(&mut theirs, "call.joined").await;
        assert_eq!(
            (&joined["from"], &joined["epoch"]),
            (&json!("agent"), &json!(1))
        );
        Self {
            world,
            guest,
            call,
            theirs,
            ours,
        }
    }

    fn frame(&self, t: &str, more: Value) -> Value {
        let mut frame = json!({ "t": t, "call": self.call });
        for (name, value) in more.as_object().into_iter().flatten() {
            frame[name] = value.clone();
        }
        frame
    }

    /// A frame that the document knows.
    fn good(&self, t: &str, more: Value) -> Value {
        let frame = self.frame(t, more);
        is_documented("deviceSends", &frame);
        frame
    }

    fn sdp(&self, epoch: u64, kind: &str) -> Value {
        self.frame(
            "call.sdp",
            json!({ "epoch": epoch, "n": 1, "kind": kind, "sdp": SDP }),
        )
    }

    fn ice(&self) -> Value {
        let one = json!({ "candidate": CANDIDATE, "mid": "0", "line": 0 });
        self.frame(
            "call.ice",
            json!({ "epoch": 1, "n": 2, "candidates": [one] }),
        )
    }

    async fn flows(&mut self) {
        for socket in [&mut self.theirs, &mut self.ours] {
            socket
                .send(json!({ "t": "call.alive", "call": self.call, "connected": true }))
                .await;
            assert_eq!(next(socket, "call.state").await["state"], "active");
        }
    }
}

/// CALL-17, CALL-20: descriptions and candidates reach the other device, and no store and no log.
#[tokio::test]
async fn what_devices_tell_each_other_arrives_and_is_found_nowhere_afterwards() {
    let (log, _listening) = Log::listen();
    let mut talk = Talk::new().await;
    let offer = talk.sdp(1, "offer");
    talk.ours.send(offer).await;
    let heard = next(&mut talk.theirs, "call.sdp").await;
    assert_eq!(
        (&heard["sdp"], &heard["from"]),
        (&json!(SDP), &json!("agent"))
    );
    let answer = talk.sdp(1, "answer");
    talk.theirs.send(answer).await;
    assert_eq!(next(&mut talk.ours, "call.sdp").await["kind"], "answer");
    let meter = &talk.world.harness.app_of("realtime").meter;
    meter.take();
    let ice = talk.ice();
    talk.theirs.send(ice).await;
    let heard = next(&mut talk.ours, "call.ice").await;
    // One read of who speaks and of the call, besides the frames, whose sending is counted when it is over:
    // nothing is written.
    let mut cost = meter.take().operations();
    cost.retain(|operation| *operation != "PostToConnection");
    assert_eq!(cost, ["BatchGetItem"]);
    assert_eq!(heard["candidates"][0]["candidate"], CANDIDATE);
    talk.flows().await;
    let media = talk.frame(
        "call.media",
        json!({ "audio": false, "video": true, "screen": false }),
    );
    talk.theirs.send(media).await;
    assert_eq!(next(&mut talk.ours, "call.media").await["audio"], false);
    let mute = talk.good("call.mute", json!({}));
    talk.ours.send(mute.clone()).await;
    next(&mut talk.theirs, "call.mute").await;
    talk.theirs.send(mute).await;
    assert_eq!(next(&mut talk.theirs, "error").await["code"], "forbidden");
    let end = talk.good("call.end", json!({}));
    talk.theirs.send(end).await;
    let state = next(&mut talk.theirs, "call.state").await;
    assert_eq!(
        (&state["state"], &state["reason"]),
        (&json!("ended"), &json!("completed"))
    );
    talk.world.harness.drain().await;
    while next(&mut talk.ours, "call.changed").await["state"] != "ended" {}

    // The scan would see it: the call itself is there.
    assert!(talk.world.harness.items_with(&talk.call).await > 0);
    let logged = String::from_utf8_lossy(&log.bytes()).into_owned();
    assert!(logged.len() > 1_000, "NO BASELINE: {} bytes", logged.len());
    for canary in [
        "candidate:",
        "canaryufrag",
        "canarypwd",
        "198.51.100.23",
        "AA:BB:CC",
        "a=ice",
    ] {
        assert_eq!(talk.world.harness.items_with(canary).await, 0, "{canary}");
        assert!(!logged.contains(canary), "{canary} is in the log");
    }
    let partition = format!("CALL#{}#{}", talk.world.workspace.id, talk.call);
    for item in talk.world.harness.items_under(&partition).await {
        for gone in [
            "guest_socket",
            "agent_socket",
            "guest_heard_at",
            "agent_heard_at",
            "sharer",
            "due_at",
        ] {
            assert!(item.get(gone).is_none(), "{gone} of {item}");
        }
    }
}

#[tokio::test]
async fn a_frame_that_is_not_theirs_or_not_fit_is_answered_with_an_error_and_changes_nothing() {
    let mut talk = Talk::new().await;
    let before = talk.world.show(&talk.call).await;
    let frame = |t: &str, more: Value| talk.frame(t, more);
    let sdp = |sdp: &str| {
        frame(
            "call.sdp",
            json!({ "epoch": 1, "n": 1, "kind": "offer", "sdp": sdp }),
        )
    };
    let cases = [
        (sdp("v=0\r\n"), "bad_signal"),
        (sdp(&SDP.replace("sha-256", "sha-1")), "bad_signal"),
        (sdp(&format!("{SDP}a=crypto:1 x\r\n")), "bad_signal"),
        // One that is too long for a description, and fits a frame.
        (
            sdp(&format!("{SDP}a=mid:{}\r\n", "0".repeat(21_000))),
            "bad_signal",
        ),
        (sdp(&"x".repeat(25_000)), "frame_too_large"),
        (talk.sdp(2, "offer"), "stale_epoch"),
        (
            frame("call.ice", json!({ "epoch": 1, "n": 1, "candidates": [] })),
            "bad_signal",
        ),
        (frame("call.sdp", json!({ "epoch": 1 })), "malformed_frame"),
        (
            frame("call.resume", json!({ "resume_key": "x", "epoch": 1 })),
            "stale_epoch",
        ),
        (
            json!({ "t": "call.hello", "call": "call_01kf0a1b2c3d4e5f6g7h8j9k0m" }),
            "not_found",
        ),
    ];
    for (frame, code) in cases {
        talk.theirs.send(frame.clone()).await;
        assert_eq!(
            next(&mut talk.theirs, "error").await["code"],
            code,
            "{frame}"
        );
    }
    // Another guest's socket, and a colleague's, are in no call of somebody else.
    let stranger = talk.world.guest().await;
    let (_, joined) = talk.world.ringing(&stranger).await;
    let mut strangers = socket(&joined).await;
    let mut colleague = talk.world.owner.socket(&talk.world.workspace).await;
    for other in [&mut strangers, &mut colleague] {
        for said in [
            talk.frame("call.hello", json!({})),
            talk.sdp(1, "offer"),
            talk.frame("call.end", json!({})),
        ] {
            let answer = other.ask(said).await;
            assert_eq!(
                (&answer["t"], &answer["code"]),
                (&json!("error"), &json!("not_found"))
            );
        }
    }
    // Their own second socket speaks only after it said hello.
    let pass = talk.guest.act(&talk.call, "join-token", 201).await;
    let mut second = socket(&talk.world.join(&pass).await).await;
    let answer = second.ask(talk.sdp(1, "offer")).await;
    assert_eq!(answer["code"], "not_in_call");
    assert_eq!(talk.world.show(&talk.call).await, before);
    // Too many descriptions: slow down, and the socket stays.
    let mut codes = Vec::new();
    for _ in 0..15 {
        talk.ours.send(talk.sdp(1, "offer")).await;
    }
    for frame in talk.ours.heard().await {
        codes.push(text(&frame, "code"));
    }
    assert!(codes.contains(&"too_many_signals".to_owned()), "{codes:?}");
    assert_eq!(talk.ours.ask(json!({ "t": "ping" })).await["t"], "pong");
    // What is over is over.
    talk.guest.act(&talk.call, "end", 200).await;
    let alive = talk.frame("call.alive", json!({ "connected": true }));
    let late = [
        alive,
        talk.sdp(1, "answer"),
        talk.ice(),
        talk.frame("call.hello", json!({})),
    ];
    for frame in late {
        talk.theirs.send(frame.clone()).await;
        let code = next(&mut talk.theirs, "error").await["code"].clone();
        assert_eq!(code, "call_over", "{frame}");
    }
}

#[tokio::test]
async fn a_socket_that_died_is_followed_by_another_and_a_page_that_began_anew_has_another_epoch() {
    let mut talk = Talk::new().await;
    talk.flows().await;
    let pass = talk.guest.act(&talk.call, "join-token", 201).await;
    let mut second = socket(&talk.world.join(&pass).await).await;
    // The key came with the first hello: a page keeps it.
    let hello = talk.theirs.ask(talk.frame("call.hello", json!({}))).await;
    let key = text(&hello, "resume_key");
    assert_eq!(hello["epoch"], 2);
    next(&mut talk.ours, "call.joined").await;
    talk.theirs.close().await;
    let resume = json!({ "t": "call.resume", "call": talk.call, "resume_key": key, "epoch": 2 });
    let back = second.ask(resume).await;
    assert_eq!(
        (&back["t"], &back["epoch"], &back["state"]),
        (&json!("call.hello"), &json!(2), &json!("active"))
    );
    assert_eq!(next(&mut talk.ours, "call.back").await["epoch"], 2);
    let mut frame = json!({ "t": "call.media", "call": talk.call, "audio": true, "video": true, "screen": false });
    talk.ours.send(frame.clone()).await;
    next(&mut second, "call.media").await;
    frame["audio"] = false.into();
    second.send(frame).await;
    assert_eq!(next(&mut talk.ours, "call.media").await["audio"], false);
    // A device that is gone is told of, and nobody's call ends by it.
    second.close().await;
    let mut told = false;
    for _ in 0..30 {
        talk.ours
            .send(json!({ "t": "call.media", "call": talk.call, "audio": true, "video": true, "screen": false }))
            .await;
        let heard = talk.ours.heard().await;
        told = heard.iter().any(|frame| frame["code"] == "peer_away");
        if told {
            break;
        }
    }
    assert!(told, "nobody said that the other device is gone");
    assert_eq!(talk.world.show(&talk.call).await["state"], "active");
}

#[tokio::test]
async fn one_shows_a_screen_at_a_time() {
    let mut talk = Talk::new().await;
    talk.flows().await;
    let call = talk.call.clone();
    let share = |on: bool| json!({ "t": "call.share", "call": call, "on": on });
    talk.theirs.send(share(true)).await;
    assert_eq!(next(&mut talk.theirs, "call.share").await["on"], true);
    assert_eq!(next(&mut talk.ours, "call.share").await["from"], "guest");
    talk.ours.send(share(true)).await;
    assert_eq!(next(&mut talk.ours, "error").await["code"], "screen_taken");
    talk.theirs.send(share(false)).await;
    next(&mut talk.ours, "call.share").await;
    talk.ours.send(share(true)).await;
    assert_eq!(next(&mut talk.ours, "call.share").await["from"], "agent");
}

#[tokio::test]
async fn a_side_that_goes_silent_is_away_after_45_seconds_and_lost_a_minute_later() {
    let mut talk = Talk::new().await;
    talk.flows().await;
    let call = talk.call.clone();
    let alive = json!({ "t": "call.alive", "call": call, "connected": true });
    for _ in 0..2 {
        talk.world.harness.advance(20 * SECOND);
        talk.ours.send(alive.clone()).await;
        assert_eq!(next(&mut talk.ours, "call.state").await["peer_away"], false);
    }
    talk.world.harness.advance(20 * SECOND);
    talk.ours.send(alive.clone()).await;
    assert_eq!(next(&mut talk.ours, "call.state").await["peer_away"], true);
    talk.world.harness.advance(44 * SECOND);
    assert_eq!(talk.world.show(&call).await["state"], "active");
    talk.world.harness.advance(SECOND);
    talk.ours.send(alive).await;
    assert_eq!(next(&mut talk.ours, "error").await["code"], "call_over");
    let shown = talk.world.show(&call).await;
    assert_eq!(shown["reason"], "peer_lost");
}

#[tokio::test]
async fn the_team_hears_it_ring_and_stop_and_a_guest_who_listens_is_called() {
    let world = World::new().await;
    let mut desk = world.agent.socket(&world.workspace).await;
    desk.sub("calls").await;
    let guest = world.guest().await;
    let begun = guest.begin(201).await;
    world.harness.drain().await;
    assert_eq!(desk.heard().await, Vec::<Value>::new(), "nothing rings yet");
    let joined = world.join(&begun).await;
    let mut theirs = socket(&joined).await;
    let call = text(&begun["call"], "id");
    theirs.ask(json!({ "t": "call.hello", "call": call })).await;
    world.harness.drain().await;
    let ring = next(&mut desk, "call.ring").await;
    assert_eq!(
        (&ring["call"], &ring["caller"]),
        (&json!(call), &json!("guest"))
    );
    assert_eq!(ring["deadline"], joined["call"]["deadline"]);
    desk.send(json!({ "t": "call.ack", "call": call })).await;
    next(&mut theirs, "call.acked").await;
    world.act(&world.agent, &call, "accept", 200).await;
    world.harness.drain().await;
    assert_eq!(
        next(&mut desk, "call.ring_end").await["member"],
        world.agent_id.as_str()
    );
    while next(&mut theirs, "call.changed").await["state"] != "connecting" {}
    world.act(&world.agent, &call, "end", 200).await;

    // Somebody of the team calls a guest who waits.
    let ticket = guest
        .client
        .post("/v1/guest/realtime/tickets", Value::Null, 201)
        .await;
    let mut waiting = Socket::open(&text(&ticket, "url")).await;
    waiting.sub(&guest.id).await;
    for topic in ["calls", "inbox", "gst_01kf0a1b2c3d4e5f6g7h8j9k0m"] {
        let answer = waiting.ask(json!({ "t": "sub", "topic": topic })).await;
        assert_eq!(answer["code"], "not_found", "{topic}");
    }
    let body =
        json!({ "guest_id": guest.id, "kind": "audio", "client_id": harness::random_uuid() });
    let begun = world.agent.post(&world.calls(), body, 201).await;
    world.join(&begun).await;
    world.harness.drain().await;
    let ring = next(&mut waiting, "call.ring").await;
    assert_eq!(ring["caller"], "agent");
    // What nobody takes stops ringing by itself.
    world.harness.advance(46 * SECOND);
    world.harness.run_schedule("minute").await;
    world.harness.drain().await;
    assert_eq!(
        next(&mut waiting, "call.ring_end").await["reason"],
        "no_answer"
    );
    let heard = desk.heard().await;
    let ours = heard.iter().filter(|frame| frame["t"] == "call.ring");
    assert_eq!(ours.count(), 0, "a call to a guest rang at the team's");
}

/// Many at once, with every frame doubled and out of order: each device hears what is its own.
#[tokio::test]
async fn many_calls_at_once_lose_nothing_and_mix_nothing() {
    let world = World::new().await;
    let mut pairs = Vec::new();
    // Five calls of an app may wait at once, so each is taken before the next.
    for _ in 0..3 {
        let guest = world.guest().await;
        let (call, joined) = world.ringing(&guest).await;
        world.act(&world.agent, &call, "accept", 200).await;
        let mut theirs = socket(&joined).await;
        theirs.ask(json!({ "t": "call.hello", "call": call })).await;
        let mut ours = socket(&world.agent_joins(&call).await).await;
        ours.ask(json!({ "t": "call.hello", "call": call })).await;
        next(&mut theirs, "call.joined").await;
        pairs.push((call, theirs, ours));
    }
    let talk = async |call: &str, from: &mut Socket, to: &mut Socket| {
        for n in [2u64, 1, 3, 3, 1, 2] {
            let candidate = format!("candidate:{n} 1 udp 1 10.0.0.{n} 9 typ host");
            from.send(json!({
                "t": "call.ice", "call": call, "epoch": 1, "n": n, "candidates": [{ "candidate": candidate }],
            }))
            .await;
        }
        let mut seen = Vec::new();
        while seen.len() < 6 {
            let frame = next(to, "call.ice").await;
            assert_eq!(frame["call"], call);
            seen.push(frame["n"].as_u64().expect("a number"));
        }
        seen.sort_unstable();
        assert_eq!(seen, [1, 1, 2, 2, 3, 3]);
    };
    let talks = pairs.iter_mut().map(|(call, theirs, ours)| async {
        talk(call, theirs, ours).await;
        talk(call, ours, theirs).await;
    });
    futures_util::future::join_all(talks).await;
}

/// Where the app asks for it, neither device learns the address of the other: what would tell it is not passed on.
#[tokio::test]
async fn of_an_app_that_asks_for_a_relay_no_own_address_is_passed_on() {
    let world = World::new().await;
    let app = format!("{}/apps/{}", world.workspace.path, world.app.id);
    let changed = world
        .owner
        .patch(&app, json!({ "relay_only": true }), 200)
        .await;
    assert_eq!(changed["relay_only"], true);
    let mut talk = Talk::of(world).await;
    let fresh = talk.guest.act(&talk.call, "ice", 200).await;
    assert_eq!(fresh["policy"], "relay");
    let way = |way: &str| {
        let one = json!({ "candidate": format!("candidate:1 1 udp 1 192.0.2.7 9 typ {way}") });
        talk.frame(
            "call.ice",
            json!({ "epoch": 1, "n": 1, "candidates": [one] }),
        )
    };
    // A relayed way says where its device was seen; a description says where it was written.
    let relay = way("relay raddr 203.0.113.7 rport 4711 generation 0");
    let host = way("host");
    let own = SDP.replace("127.0.0.1", "203.0.113.7") + "a=rtcp:9 IN IP4 203.0.113.7\r\n";
    let offer = json!({ "epoch": 1, "n": 2, "kind": "offer", "sdp": own });
    let offer = talk.frame("call.sdp", offer);
    let with_host = json!({
        "epoch": 1, "n": 3, "kind": "offer", "sdp": format!("{SDP}a={CANDIDATE}\r\n"),
    });
    let with_host = talk.frame("call.sdp", with_host);
    for refused in [host, with_host] {
        talk.theirs.send(refused).await;
        assert_eq!(next(&mut talk.theirs, "error").await["code"], "bad_signal");
    }
    talk.theirs.send(relay).await;
    let heard = next(&mut talk.ours, "call.ice").await;
    assert_eq!(
        heard["candidates"][0]["candidate"],
        "candidate:1 1 udp 1 192.0.2.7 9 typ relay raddr 0.0.0.0 rport 9 generation 0"
    );
    talk.theirs.send(offer).await;
    let heard = next(&mut talk.ours, "call.sdp").await;
    let told = text(&heard, "sdp");
    assert!(!told.contains("203.0.113.7"), "{told}");
    assert!(
        told.contains("a=fingerprint:sha-256 AA:BB:CC\r\n"),
        "{told}"
    );
}
