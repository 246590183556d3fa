//! A running stack, asked through its gateway without the network.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use serde_json::Value;
use shared::domain::Timestamp;
use tower::ServiceExt;

use super::*;
use crate::gateway::MOST_BODY_BYTES;
use crate::seed::Demo;

fn template() -> Arc<Template> {
    Arc::new(Template::open(None).expect("the repository's template"))
}

async fn start() -> Stack {
    let clock = Clock::manual(Timestamp::from_ms(1_768_478_400_000));
    Stack::start(StackOptions::for_tests(template(), clock))
        .await
        .expect("a stack")
}

async fn ask(stack: &Stack, request: axum::http::request::Builder, body: Vec<u8>) -> Response {
    let request = request.body(Body::from(body)).expect("a request");
    stack.router().oneshot(request).await.expect("an answer")
}

async fn json(response: Response) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .expect("a body");
    serde_json::from_slice(&bytes).expect("json")
}

fn get(path: &str) -> axum::http::request::Builder {
    Request::get(path).header("host", "127.0.0.1")
}

#[tokio::test]
async fn many_stacks_run_at_once_and_share_nothing() {
    let (one, other) = tokio::join!(start(), start());
    assert_ne!(one.api, other.api);
    assert_ne!(one.wires.dynamodb, other.wires.dynamodb);
    one.clock.advance(Duration::from_secs(1));
    assert_ne!(one.clock.now(), other.clock.now());
    for stack in [one, other] {
        assert_eq!(
            ask(&stack, get("/health"), Vec::new()).await.status(),
            StatusCode::OK
        );
        assert_eq!(stack.drain().await.expect("a stream").given_up, 0);
        assert_eq!(stack.sweep_ttl().await.expect("a sweep"), 0);
        stack.stop().await;
    }
}

#[tokio::test]
async fn a_path_that_is_not_in_the_template_goes_to_the_default_route() {
    let stack = start().await;
    for request in [
        get("/nowhere"),
        Request::post("/").header("host", "localhost"),
    ] {
        let answer = ask(&stack, request, Vec::new()).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert!(answer.headers().contains_key("apigw-requestid"));
    }
}

#[tokio::test]
async fn the_edge_answers_in_its_own_words() {
    let stack = start().await;
    let too_long = ask(&stack, get("/health"), vec![b' '; MOST_BODY_BYTES + 1]).await;
    assert_eq!(too_long.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(json(too_long).await["message"], "Request Too Long");
    let no_host = ask(&stack, Request::get("/health"), Vec::new()).await;
    assert_eq!(no_host.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_gateway_answers_preflights_and_names_who_may_read() {
    let stack = start().await;
    let preflight = Request::options("/v1/widget/sessions")
        .header("host", "127.0.0.1")
        .header("origin", "https://www.example.com")
        .header("access-control-request-method", "POST");
    let answer = ask(&stack, preflight, Vec::new()).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert!(
        answer
            .headers()
            .contains_key("access-control-allow-headers")
    );
    let with_origin = get("/health").header("origin", "https://www.example.com");
    let answer = ask(&stack, with_origin, Vec::new()).await;
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert!(
        !answer
            .headers()
            .contains_key("access-control-allow-credentials")
    );
}

#[tokio::test]
async fn pages_answer_to_names_of_this_machine_only() {
    let stack = start().await;
    for path in [
        "/",
        "/demo",
        "/demo/visitor",
        "/demo/member",
        "/mailbox",
        "/demo/talk.js",
    ] {
        let answer = ask(&stack, get(path), Vec::new()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert!(
            answer.headers().contains_key("content-security-policy"),
            "{path}"
        );
        let foreign = Request::get(path).header("host", "rebound.example");
        assert_eq!(
            ask(&stack, foreign, Vec::new()).await.status(),
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_port_in_use_and_a_folder_in_use_are_said_in_one_line() {
    let parent = tempfile::tempdir().expect("a temporary folder");
    let options = |port| StackOptions {
        storage: Storage::Folder(parent.path().join("data")),
        port,
        ..StackOptions::for_tests(template(), Clock::system())
    };
    let first = Stack::start(options(0)).await.expect("a stack");
    let port = first
        .api
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port");
    for options in [options(port), options(0)] {
        let error = Stack::start(options)
            .await
            .err()
            .expect("in use")
            .to_string();
        assert!(error.contains("in use") && !error.contains('\n'), "{error}");
    }
    first.stop().await;
    Stack::start(options(0))
        .await
        .expect("free again")
        .stop()
        .await;
}

#[tokio::test]
async fn the_demo_is_made_once_and_found_again() {
    let parent = tempfile::tempdir().expect("a temporary folder");
    let mut seen = Vec::new();
    for _ in 0..2 {
        let stack = Stack::start(StackOptions {
            storage: Storage::Folder(parent.path().join("data")),
            ..StackOptions::for_tests(template(), Clock::system())
        });
        let stack = stack.await.expect("a stack");
        let demo = Demo::prepare(&stack).await.expect("a demo");
        assert!(!demo.member_token().await.expect("a token").is_empty());
        stack.desk.show(demo.clone());
        let config = json(ask(&stack, get("/demo/config.json"), Vec::new()).await).await;
        assert_eq!(config["app_key"], demo.ids.app_key.as_str());
        seen.push((
            demo.ids.workspace_id,
            demo.conversation_id,
            config["api"].clone(),
        ));
        stack.stop().await;
    }
    assert_eq!((&seen[0].0, &seen[0].1), (&seen[1].0, &seen[1].1));
}

#[tokio::test]
async fn what_comes_into_the_bucket_is_told_unless_whoever_started_it_tells_it_themselves() {
    for (events, left) in [(Events::ToFunctions, 0), (Events::Held, 1)] {
        let stack = Stack::start(StackOptions {
            events,
            ..StackOptions::for_tests(template(), Clock::system())
        });
        let stack = stack.await.expect("a stack");
        let mail = b"From: ada@example.com\r\nTo: support@example.com\r\n\r\nHello\r\n";
        stack.receive(mail, Found::default()).expect("a desk");
        stack.drain().await.expect("heard");
        let versions = stack.objects.versions();
        let mails = versions.iter().filter(|one| one.key.starts_with("mail/"));
        assert_eq!(mails.count(), left, "{events:?}");
        stack.stop().await;
    }
}
