//! What the service does without asking a function.

use super::*;

#[test]
fn a_route_is_found_by_the_body_and_never_one_of_the_services_own() {
    let of = |body: &str| select("$request.body.t", body);
    assert_eq!(of(r#"{"t":"ping"}"#).as_deref(), Some("ping"));
    for other in ["", "[]", "7", "{}", r#"{"t":7}"#, r#"{"t":"$connect"}"#] {
        assert_eq!(of(other), None, "{other}");
    }
    assert_eq!(select("$context.x", r#"{"x":"y"}"#), None);
}

#[test]
fn the_event_of_connect_has_the_query_once_and_as_often_as_it_came() {
    let request = axum::http::Request::builder()
        .uri("/live?ticket=a%20b&x=1&x=2")
        .header("Origin", "https://www.example.com")
        .body(())
        .expect("a request");
    let event = connect_event(&request.into_parts().0);
    let query = &event["queryStringParameters"];
    assert_eq!(
        (&query["ticket"], &query["x"]),
        (&json!("a b"), &json!("2"))
    );
    assert_eq!(
        event["multiValueQueryStringParameters"]["x"],
        json!(["1", "2"])
    );
    assert_eq!(
        event["multiValueHeaders"]["origin"],
        json!(["https://www.example.com"])
    );
}
