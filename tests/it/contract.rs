//! The template, the code and the OpenAPI document say the same.

use std::collections::{BTreeMap, BTreeSet};

use harness::contract::{check, example_of, openapi, valid};
use harness::{Answer, template};
use local::functions::{all_routes, routes_of};
use local::openapi::document;
use local::template::ANY;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

/// How many routes one function, and the whole API, may have.
const MOST_ROUTES_OF_A_FUNCTION: usize = 40;
const MOST_ROUTES: usize = 300;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// A method and a path, and the folder of the function that answers.
type Route = (String, String, String);

#[test]
fn every_route_of_the_code_is_in_the_template_and_the_other_way_round() {
    let template = template();
    let folder = |id: &str| {
        let function = template.functions.iter().find(|function| function.id == id);
        function.expect("a function").folder.clone()
    };
    let default = template.routes.iter().filter(|route| route.is_default());
    let declared: BTreeSet<Route> = routes_of(&template)
        .into_iter()
        .map(|route| {
            (
                route.method.clone(),
                route.path.clone(),
                folder(&route.function),
            )
        })
        .collect();
    let mut written = BTreeSet::new();
    for (name, routes) in all_routes() {
        for (method, path) in routes.list() {
            let new = written.insert((method.to_string(), path.clone(), name.to_owned()));
            assert!(new, "{name} has {method} {path} twice");
        }
    }
    let missing: Vec<&Route> = written.difference(&declared).collect();
    let dangling: Vec<&Route> = declared.difference(&written).collect();
    assert!(missing.is_empty(), "template.yaml lacks {missing:?}");
    assert!(
        dangling.is_empty(),
        "template.yaml has what no function answers: {dangling:?}"
    );
    let default: Vec<String> = default.map(|route| folder(&route.function)).collect();
    assert_eq!(
        default,
        ["contract"],
        "unknown paths are answered by one function"
    );
}

/// Every route of the template costs a permission, and API Gateway takes 300: where one function answers
/// more than one method of a path, one route of the template leads all of them there.
#[test]
fn a_path_of_a_function_is_one_route_of_the_template_for_one_method_or_for_any() {
    let template = template();
    let code = all_routes();
    let mut methods: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for (folder, routes) in &code {
        for (_, path) in routes.list() {
            *methods.entry((path.clone(), folder)).or_default() += 1;
        }
    }
    let mut seen = BTreeSet::new();
    for route in template.routes.iter().filter(|route| !route.is_default()) {
        let functions = &template.functions;
        let function = functions.iter().find(|one| one.id == route.function);
        let place = (
            route.path.clone(),
            function.expect("a function").folder.as_str(),
        );
        let key = route.key();
        let many = methods.get(&place).copied().unwrap_or_default() > 1;
        assert_eq!(
            route.method == ANY,
            many,
            "{key}: `Method: ANY` where there are more than one"
        );
        assert!(
            seen.insert(place),
            "{key} repeats a path: write `Method: ANY` once"
        );
    }
}

#[test]
fn no_function_has_more_routes_than_40_and_the_api_no_more_than_300() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let template = template();
    for route in &template.routes {
        *counts.entry(&route.function).or_default() += 1;
    }
    assert!(
        counts
            .values()
            .all(|count| *count <= MOST_ROUTES_OF_A_FUNCTION),
        "{counts:?}"
    );
    assert!(
        template.routes.len() <= MOST_ROUTES,
        "{} routes",
        template.routes.len()
    );
}

#[test]
fn the_committed_document_is_what_the_code_says() {
    let said = serde_json::to_value(document()).expect("a document");
    assert!(
        *openapi() == said,
        "run: cargo run -- openapi > functions/contract/openapi.json\n{}",
        difference("", openapi(), &said).unwrap_or_default()
    );
}

#[test]
fn the_document_holds_the_routes_of_the_template_and_no_other() {
    let template = template();
    let declared: BTreeSet<(String, String)> = routes_of(&template)
        .into_iter()
        .map(|route| (route.method.to_lowercase(), route.path))
        .collect();
    let described: BTreeSet<(String, String)> = operations(openapi())
        .into_iter()
        .map(|(path, method, _)| (method.to_owned(), path.to_owned()))
        .collect();
    assert_eq!(described, declared);
}

#[test]
fn the_document_is_openapi_3_1_and_complete() {
    let faults = faults(openapi());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_body_has_an_example_that_its_own_schema_accepts() {
    let json = |value: &Value| value["content"]["application/json"].clone();
    for (path, method, operation) in operations(openapi()) {
        let mut bodies = vec![("request".to_owned(), json(&operation["requestBody"]))];
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            bodies.push((status.clone(), json(response)));
        }
        for (which, body) in bodies.into_iter().filter(|(_, body)| !body.is_null()) {
            let example = match &body["example"] {
                Value::Null => example_of(&body["schema"]),
                whole => whole.clone(),
            };
            let name = format!("{method} {path} {which} example");
            let accepted = valid(&name, &body["schema"], &example);
            accepted.unwrap_or_else(|fault| panic!("{fault}\nfor {example}"));
        }
    }
}

#[test]
fn the_checker_finds_every_planted_fault() {
    type Plant = fn(&mut Value);
    let plants: [(&str, Plant); 13] = [
        ("version", |d| d["openapi"] = json!("3.0.3")),
        ("title", |d| d["info"]["title"] = json!("")),
        ("tag", |d| {
            d["paths"]["/v1/things/{thing}"]["get"]["tags"] = json!([])
        }),
        ("summary", |d| {
            d["paths"]["/v1/things/{thing}"]["get"]["summary"] = Value::Null
        }),
        ("security", |d| {
            d["paths"]["/v1/things/{thing}"]["get"]
                .as_object_mut()
                .expect("it")
                .remove("security");
        }),
        ("scheme", |d| {
            d["paths"]["/v1/things/{thing}"]["get"]["security"] = json!([{"x": []}])
        }),
        ("id twice", |d| {
            d["paths"]["/v1/others"] = json!({ "get": good_operation(&[]) })
        }),
        ("parameter", |d| {
            d["paths"]["/v1/things/{thing}"]["get"]["parameters"] = json!([])
        }),
        ("stray", |d| {
            d["paths"]["/v1/things/{thing}"]["get"]["parameters"][0]["name"] = json!("x")
        }),
        ("reference", |d| {
            d["components"]["schemas"]["Thing"] = Value::Null
        }),
        ("success", |d| {
            d["paths"]["/v1/things/{thing}"]["get"]["responses"] =
                json!({ "404": problem_response() });
        }),
        ("problem", |d| {
            d["paths"]["/v1/things/{thing}"]["get"]["responses"]["404"]["content"] =
                json!({ "application/json": { "schema": {} } });
        }),
        ("schema", |d| {
            d["components"]["schemas"]["Thing"]["type"] = json!("text")
        }),
    ];
    assert_eq!(faults(&good_document()), Vec::<String>::new());
    for (name, plant) in plants {
        let mut document = good_document();
        plant(&mut document);
        assert!(
            !faults(&document).is_empty(),
            "nobody saw the fault: {name}"
        );
    }
}

fn answer(status: u16, content_type: &str, body: Value) -> Answer {
    Answer {
        status,
        headers: [(CONTENT_TYPE, content_type.parse().expect("a value"))]
            .into_iter()
            .collect(),
        text: body.to_string(),
        body,
    }
}

#[test]
fn the_measure_of_all_answers_finds_every_planted_difference() {
    let keeps = |status: u16, content_type: &str, body: Value| {
        check("GET", "/health", b"", &answer(status, content_type, body)).is_ok()
    };
    let json = "application/json";
    assert!(keeps(200, json, json!({ "status": "ok" })));
    assert!(
        !keeps(201, json, json!({ "status": "ok" })),
        "a status nobody promised"
    );
    assert!(
        !keeps(200, "text/plain", json!({ "status": "ok" })),
        "another content type"
    );
    assert!(!keeps(200, json, json!({})), "a missing field");
    assert!(
        !keeps(200, json, json!({ "status": "ill" })),
        "another word"
    );
    assert!(
        !keeps(200, json, json!({ "status": "ok", "secret": 1 })),
        "a field nobody promised"
    );
    assert!(
        keeps(503, json, json!({ "message": "Service Unavailable" })),
        "the edge's own words"
    );
    assert!(
        !keeps(503, json, json!({ "message": "Sorry" })),
        "words of nobody"
    );

    let problem = |status: u16, code: &str| json!({ "type": "/docs", "title": "T", "status": status, "code": code, "retryable": false });
    let kind = "application/problem+json";
    assert!(keeps(404, kind, problem(404, "not_found")));
    assert!(
        !keeps(404, kind, problem(404, "gone_fishing")),
        "a code of no list"
    );
    assert!(
        !keeps(409, kind, problem(409, "not_found")),
        "another code's status"
    );
    assert!(!keeps(404, kind, problem(403, "not_found")), "two statuses");
    assert!(
        !keeps(404, kind, json!({ "message": "no" })),
        "no problem at all"
    );
    assert!(!keeps(404, json, problem(404, "not_found")), "a plain body");
}

#[test]
fn the_measure_finds_what_was_accepted_without_being_promised() {
    let asked = |expires_at: &str| {
        let id = "chl_01kf0a1b2c3d4e5f6g7h8j9k0m";
        let body = json!({ "challenge_id": id, "expires_at": expires_at });
        answer(202, "application/json", body)
    };
    let keeps = |sent: Value, answer: &Answer| {
        check("POST", "/v1/auth/otp", sent.to_string().as_bytes(), answer).is_ok()
    };
    let (email, then) = ("ada@example.com", "2026-01-15T12:10:00.000Z");
    assert!(keeps(json!({ "email": email }), &asked(then)));
    assert!(
        !keeps(json!({ "email": email, "x": 1 }), &asked(then)),
        "a field too many"
    );
    assert!(!keeps(json!({}), &asked(then)), "a field too few");
    assert!(
        !keeps(json!({ "email": email }), &asked("soon")),
        "a format"
    );
}

fn good_document() -> Value {
    let thing =
        json!({ "name": "thing", "in": "path", "required": true, "schema": { "type": "string" } });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Things", "version": "1" },
        "paths": { "/v1/things/{thing}": { "get": good_operation(&[thing]) } },
        "components": {
            "schemas": {
                "Problem": { "type": "object" },
                "Thing": { "type": "object", "properties": { "id": { "type": "string" } } },
            },
            "securitySchemes": { "member": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn good_operation(parameters: &[Value]) -> Value {
    let thing = json!({ "$ref": "#/components/schemas/Thing" });
    json!({
        "operationId": "show_thing",
        "summary": "Show a thing.",
        "tags": ["things"],
        "security": [{ "member": [] }],
        "parameters": parameters,
        "responses": {
            "200": { "description": "It.", "content": { "application/json": { "schema": thing } } },
            "404": problem_response(),
        },
    })
}

fn problem_response() -> Value {
    let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
    json!({ "description": "No.", "content": { "application/problem+json": problem } })
}

/// Path, method and declaration of every operation.
fn operations(document: &Value) -> Vec<(&str, &'static str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, item)| {
            METHODS
                .into_iter()
                .filter_map(|method| Some((path.as_str(), method, item.get(method)?)))
        })
        .collect()
}

/// What a document lacks to be OpenAPI 3.1 as we want it.
fn faults(document: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if document["openapi"] != "3.1.0" {
        faults.push(format!("openapi is {}", document["openapi"]));
    }
    for field in ["title", "version"] {
        if !says_something(&document["info"][field]) {
            faults.push(format!("info has no {field}"));
        }
    }
    for (name, schema) in document["components"]["schemas"]
        .as_object()
        .into_iter()
        .flatten()
    {
        if !jsonschema::draft202012::meta::is_valid(schema) {
            faults.push(format!("components.schemas.{name} is no JSON Schema"));
        }
    }
    references(document, document, &mut faults);
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(document) {
        let mut fault = |what: String| faults.push(format!("{method} {path}: {what}"));
        let id = operation["operationId"].as_str().unwrap_or_default();
        if id.is_empty() || !ids.insert(id.to_owned()) {
            fault(format!("operationId `{id}` is empty or another's too"));
        }
        of_operation(document, path, operation, &mut fault);
    }
    faults
}

fn of_operation(document: &Value, path: &str, operation: &Value, fault: &mut dyn FnMut(String)) {
    if !says_something(&operation["summary"]) {
        fault("no summary".into());
    }
    if operation["tags"].as_array().is_none_or(Vec::is_empty) {
        fault("no tag".into());
    }
    // `[{}]` is anybody; without the word nobody has decided.
    match operation["security"].as_array() {
        None => fault("no security".into()),
        Some(schemes) => {
            let named = schemes
                .iter()
                .filter_map(Value::as_object)
                .flat_map(|map| map.keys());
            for name in
                named.filter(|name| document["components"]["securitySchemes"][name].is_null())
            {
                fault(format!("security scheme {name} is not declared"));
            }
        }
    }
    let declared: BTreeSet<&str> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "path" && parameter["required"] == true)
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    let in_path: BTreeSet<&str> = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .collect();
    if declared != in_path {
        fault(format!("declares the path parameters {declared:?}"));
    }
    let responses = operation["responses"].as_object();
    let statuses: Vec<&String> = responses
        .into_iter()
        .flatten()
        .map(|(status, _)| status)
        .collect();
    // A form of a page leads on.
    if !statuses.iter().any(|s| s.starts_with(['2', '3'])) {
        fault("no success response".into());
    }
    let bad: Vec<&&String> = statuses
        .iter()
        .filter(|s| s.starts_with(['4', '5']))
        .collect();
    if bad.is_empty() {
        fault("no problem response".into());
    }
    for status in bad {
        let content = &operation["responses"][status.as_str()]["content"];
        if content["application/problem+json"]["schema"]["$ref"] != "#/components/schemas/Problem" {
            fault(format!("{status} is no problem"));
        }
    }
    for (status, response) in responses.into_iter().flatten() {
        if !says_something(&response["description"]) {
            fault(format!("{status} has no description"));
        }
    }
}

/// Every `$ref` leads to something in the same document.
fn references(document: &Value, within: &Value, faults: &mut Vec<String>) {
    match within {
        Value::Array(items) => items
            .iter()
            .for_each(|item| references(document, item, faults)),
        Value::Object(map) => {
            if let Some(target) = map.get("$ref").and_then(Value::as_str) {
                let found = target
                    .strip_prefix('#')
                    .and_then(|pointer| document.pointer(pointer));
                if found.is_none_or(Value::is_null) {
                    faults.push(format!("{target} leads nowhere"));
                }
            }
            map.values()
                .for_each(|item| references(document, item, faults));
        }
        _ => {}
    }
}

fn says_something(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// The first place where two values differ.
fn difference(at: &str, committed: &Value, said: &Value) -> Option<String> {
    match (committed, said) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            keys.into_iter()
                .find_map(|key| difference(&format!("{at}/{key}"), &committed[key], &said[key]))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(i, (a, b))| difference(&format!("{at}/{i}"), a, b))
        }
        _ if committed == said => None,
        _ => Some(format!(
            "at {at}\n  committed: {committed:.200}\n  the code:  {said:.200}"
        )),
    }
}
