//! The layers of `shared`, and which room may name which crate: read from the source itself, so
//! that a line nobody ran is found as well.

mod needed;
pub mod source;

use std::fs;
use std::path::{Path, PathBuf};

use harness::repository;

use source::{Token, code_only, names, tokens};

/// From the bottom up: a layer imports from itself and from those before it.
const LAYERS: [&str; 5] = ["domain", "store", "app", "http", "lambda"];

/// Crates that stand for a seam to the outside, and the layers of `shared` that may name them.
const SEAMS: [(&str, &[&str]); 8] = [
    ("aws_sdk_apigatewaymanagement", &["app"]),
    ("aws_sdk_dynamodb", &["store"]),
    ("aws_sdk_kms", &["store"]),
    ("aws_sdk_s3", &["store"]),
    ("aws_sdk_sesv2", &["app"]),
    ("axum", &["http", "lambda"]),
    ("lambda_http", &["http", "lambda"]),
    ("lambda_runtime", &["lambda"]),
];

/// Crates of [`SEAMS`] that functions may name too: handlers are written in axum's words.
const FOR_FUNCTIONS: [&str; 1] = ["axum"];

/// What is allowed besides, with its reason.
const EXCEPTIONS: [(&str, &str, &str); 3] = [
    (
        "app/clients.rs",
        "aws_sdk_dynamodb",
        "makes the client that `store` is given",
    ),
    (
        "app/clients.rs",
        "aws_sdk_kms",
        "makes the client that `store` is given",
    ),
    (
        "app/clients.rs",
        "aws_sdk_s3",
        "makes the settings that `store` is given",
    ),
];

/// Names that say nobody decided where a thing belongs.
const NO_NAMES: [&str; 7] = [
    "common", "helper", "helpers", "misc", "stuff", "util", "utils",
];

/// A `main` is the crate's doc and one call.
const MOST_LINES_OF_A_MAIN: usize = 8;

#[test]
fn no_layer_of_shared_imports_upward_or_names_a_crate_of_another() {
    let source = repository().join("shared/src");
    let mut faults = Vec::new();
    for file in files(&source, "rs") {
        let name = relative(&file, &source);
        faults.extend(faults_of_shared(&name, &read(&file)));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// What makes a connection, and the files of deployed code that may name it. Everything else that
/// leaves goes through one of them: AWS through its clients, the rest through the egress door.
const CONNECTIONS: [(&str, &[&str]); 6] = [
    (
        "aws_smithy_http_client",
        &["shared/src/app/clients.rs", "shared/src/app/egress.rs"],
    ),
    ("hyper", &[]),
    ("reqwest", &[]),
    ("TcpStream", &[]),
    ("UdpSocket", &[]),
    // Plain HTTP, and a door with another connector: the embedded stack only.
    ("build_http", &[]),
];

/// Where a door with another connector than that of a deployment may be made.
const OTHER_DOORS: [&str; 2] = ["local/src/egress.rs", "shared/src/app/egress.rs"];

/// CALL-18, FLOW-44 and CHAT-14: what leaves is named by the list that the policy is rendered from.
#[test]
fn deployed_code_connects_to_aws_and_through_the_egress_door_and_in_no_other_way() {
    let mut faults = Vec::new();
    for room in ["functions", "shared/src"] {
        for file in files(&repository().join(room), "rs") {
            let name = relative(&file, repository());
            faults.extend(connections_of(&name, &read(&file)));
        }
    }
    for file in files(&repository().join("local/src"), "rs") {
        let name = relative(&file, repository());
        faults.extend(other_doors_of(&name, &read(&file)));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    let planted = "let c = aws_smithy_http_client::Builder::new();";
    assert!(!connections_of("functions/auth/src/lib.rs", planted).is_empty());
    let planted = "fn f() { Connector::builder().build_http(); }";
    assert!(!connections_of("shared/src/app/egress.rs", planted).is_empty());
    let planted = "let door = Egress::over(connector, admits);";
    assert!(!connections_of("functions/oidc/src/lib.rs", planted).is_empty());
}

fn connections_of(file: &str, source: &str) -> Vec<String> {
    let code = code_only(source);
    let tokens = tokens(&code);
    let made = CONNECTIONS
        .iter()
        .filter(|(name, files)| names(&tokens, name) && !files.contains(&file))
        .map(|(name, _)| format!("{file} names {name}: go through the egress door"));
    made.chain(other_doors_of(file, source)).collect()
}

fn other_doors_of(file: &str, source: &str) -> Vec<String> {
    let code = code_only(source);
    let other = code.contains("Egress::over") && !OTHER_DOORS.contains(&file);
    let fault = || format!("{file} makes a door of its own");
    other.then(fault).into_iter().collect()
}

#[test]
fn shared_has_no_other_rooms_than_its_layers() {
    let mut rooms: Vec<String> = fs::read_dir(repository().join("shared/src"))
        .expect("the folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name != "lib.rs")
        .collect();
    let mut layers = LAYERS.map(str::to_owned).to_vec();
    rooms.sort();
    layers.sort();
    assert_eq!(rooms, layers);
}

#[test]
fn no_function_names_a_sibling_or_a_crate_that_is_not_for_it() {
    let folder = repository().join("functions");
    let functions = function_names();
    let mut faults = Vec::new();
    for function in &functions {
        let manifest = read(&folder.join(function).join("Cargo.toml"));
        faults.extend(siblings_in(function, &functions, &manifest));
        for file in files(&folder.join(function).join("src"), "rs") {
            let name = relative(&file, &folder);
            faults.extend(seams_in_function(&name, &read(&file)));
        }
    }
    assert!(functions.len() >= 7, "only {functions:?}");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_main_of_a_function_is_one_call() {
    for function in function_names() {
        let main = read(
            &repository()
                .join("functions")
                .join(&function)
                .join("src/main.rs"),
        );
        let lines = main.lines().count();
        assert!(
            lines <= MOST_LINES_OF_A_MAIN,
            "{function}: main.rs has {lines} lines"
        );
        assert!(
            main.contains("shared::lambda::"),
            "{function}: main.rs does not start a function"
        );
    }
}

/// What the engine of flows is made of: values in, values out.
const PURE: [&str; 10] = [
    "http",
    "jiff",
    "minijinja",
    "regex",
    "regex-syntax",
    "serde",
    "serde_json",
    "serde_path_to_error",
    "thiserror",
    "unicode-normalization",
];

/// What would let it look at the world.
const WORLD: [&str; 8] = [
    "env",
    "fs",
    "net",
    "process",
    "thread",
    "Instant",
    "SystemTime",
    "RandomState",
];

#[test]
fn the_engine_of_flows_has_no_clock_no_chance_and_no_store() {
    let manifest = read(&repository().join("flow/Cargo.toml"));
    let listed = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]");
    let listed = listed.skip(1).take_while(|line| !line.is_empty());
    let listed: Vec<&str> = listed.filter_map(|line| line.split('.').next()).collect();
    assert_eq!(listed, PURE);
    let looks = |source: &str| {
        let code = code_only(source);
        let tokens = tokens(&code);
        let found = WORLD.iter().filter(|name| names(&tokens, name));
        let asks = code.contains("::now(").then_some("now");
        found.copied().chain(asks).collect::<Vec<_>>()
    };
    for file in files(&repository().join("flow/src"), "rs") {
        let found = looks(&read(&file));
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }
    assert_eq!(
        looks("fn f() { std::time::Instant::now(); }"),
        ["Instant", "now"]
    );
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let rooms = ["flow", "functions", "shared", "local", "tests"];
    let faults: Vec<String> = rooms
        .iter()
        .flat_map(|room| files(&repository().join(room), "rs"))
        .map(|file| relative(&file, repository()))
        .filter(|name| says_nothing(name))
        .collect();
    assert!(faults.is_empty(), "{faults:?}: name what it holds");
}

const UPWARD: [(&str, &str); 13] = [
    ("domain/id.rs", "use crate::store::Key;"),
    ("store/db.rs", "use crate::{domain::Timestamp, app::App};"),
    ("store/db.rs", "use super::super::http::Problem;"),
    ("store/mod.rs", "pub use super::app::App;"),
    (
        "app/mod.rs",
        "fn f() { let _ = shared::http::problem::Code::ALL; }",
    ),
    (
        "http/json.rs",
        "mod tests { use super::super::super::lambda; }",
    ),
    (
        "domain/text.rs",
        "use crate::{\n    domain::words,\n    store::{Key, keys},\n};",
    ),
    (
        "domain/text.rs",
        "macro_rules! m { () => { $crate::http::Problem } }",
    ),
    ("store/db.rs", "use ::shared::lambda as l;"),
    ("domain/text.rs", "use crate::*;"),
    ("domain/text.rs", "use axum::Json;"),
    ("app/clock.rs", "fn f(_: aws_sdk_dynamodb::Client) {}"),
    ("http/json.rs", "type E = lambda_runtime::Error;"),
];

const DOWNWARD: [(&str, &str); 7] = [
    ("http/json.rs", "use crate::{app::App, domain::Timestamp};"),
    (
        "http/json.rs",
        "use super::problem::Code; mod tests { use super::super::json; }",
    ),
    // A module of `store` that has a layer's name.
    (
        "store/message.rs",
        "use super::app::WidgetApp; mod tests { use super::super::app; }",
    ),
    (
        "domain/id.rs",
        "/// See [`Key`](crate::store::Key).\nconst A: &str = \"crate::store\";",
    ),
    (
        "domain/id.rs",
        "const A: char = '\"'; /* use crate::store; */ const B: char = '\"';",
    ),
    (
        "domain/words.rs",
        "crate::words! { pub enum A { B = \"b\", } }",
    ),
    ("app/clients.rs", "fn f(_: aws_sdk_dynamodb::Client) {}"),
];

#[test]
fn the_checker_finds_every_planted_violation() {
    for (file, source) in UPWARD {
        assert!(
            !faults_of_shared(file, source).is_empty(),
            "{file}: {source}"
        );
    }
    for (file, source) in DOWNWARD {
        assert_eq!(
            faults_of_shared(file, source),
            Vec::<String>::new(),
            "{file}: {source}"
        );
    }
    let names = ["auth".to_owned(), "messages".to_owned()];
    let depends = |line: &str| siblings_in("auth", &names, &format!("[dependencies]\n{line}\n"));
    assert!(!depends("messages.workspace = true").is_empty());
    assert!(!depends("messages = { path = \"../messages\" }").is_empty());
    assert!(!depends("m = { package = \"messages\", path = \"../messages\" }").is_empty());
    assert!(!depends("local.workspace = true").is_empty());
    assert!(depends("shared.workspace = true").is_empty());
    assert!(!seams_in_function("auth/src/lib.rs", "use aws_sdk_dynamodb::Client;").is_empty());
    assert!(says_nothing("shared/src/http/utils.rs") && says_nothing("a/helpers/mod.rs"));
    assert!(!says_nothing("shared/src/http/json.rs"));
}

/// What is wrong with a file of `shared/src`.
fn faults_of_shared(file: &str, source: &str) -> Vec<String> {
    let module = module_of(file);
    let Some(own) = module.first().and_then(|layer| rank(layer)) else {
        return Vec::new();
    };
    let code = code_only(source);
    let tokens = tokens(&code);
    let mut faults = Vec::new();
    for layer in named_layers(&tokens, &module) {
        if layer == "*" || rank(&layer).is_some_and(|named| named > own) {
            faults.push(format!(
                "shared/src/{file} ({}) imports {layer}: upward",
                LAYERS[own]
            ));
        }
    }
    for (seam, layers) in SEAMS {
        let excepted = EXCEPTIONS
            .iter()
            .any(|(at, name, _)| (*at, *name) == (file, seam));
        if names(&tokens, seam) && !layers.contains(&LAYERS[own]) && !excepted {
            faults.push(format!(
                "shared/src/{file} names {seam}, which is for {layers:?} only"
            ));
        }
    }
    faults
}

fn seams_in_function(file: &str, source: &str) -> Vec<String> {
    let code = code_only(source);
    let tokens = tokens(&code);
    SEAMS
        .iter()
        .filter(|(seam, _)| !FOR_FUNCTIONS.contains(seam) && names(&tokens, seam))
        .map(|(seam, _)| format!("functions/{file} names {seam}: go through `shared`"))
        .collect()
}

fn siblings_in(function: &str, functions: &[String], manifest: &str) -> Vec<String> {
    let not_for_it = |name: &str| {
        name != function && functions.iter().any(|sibling| sibling == name)
            || ["local", "sotto", "it"].contains(&name)
    };
    manifest
        .lines()
        .skip_while(|line| !line.contains("dependencies"))
        .filter(|line| {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            let package = line
                .split("package = \"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            not_for_it(name) || package.is_some_and(not_for_it)
        })
        .map(|line| format!("functions/{function} depends on a room that is not for it: {line}"))
        .collect()
}

fn says_nothing(path: &str) -> bool {
    path.split('/')
        .any(|part| NO_NAMES.contains(&part.trim_end_matches(".rs")))
}

fn rank(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|name| *name == layer)
}

/// `store/db.rs` is the module `store::db`, `store/mod.rs` the module `store`.
fn module_of(file: &str) -> Vec<String> {
    let parts = file.trim_end_matches(".rs").split('/');
    parts
        .filter(|part| !["mod", "lib"].contains(part))
        .map(str::to_owned)
        .collect()
}

/// The first name under the crate's root of every path that begins there; `*` for all of them.
fn named_layers(tokens: &[Token<'_>], file_module: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    // Braces that are open; those of an inline module carry its name.
    let mut braces: Vec<Option<&str>> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Other('{') => braces.push(match at.checked_sub(2).map(|two| &tokens[two..at]) {
                Some([Token::Word("mod"), Token::Word(name)]) => Some(name),
                _ => None,
            }),
            Token::Other('}') => {
                braces.pop();
            }
            Token::Word("crate" | "shared" | "super") => {
                let inline = braces.iter().flatten().map(|name| (*name).to_owned());
                let module: Vec<String> = file_module.iter().cloned().chain(inline).collect();
                let within_a_path = at >= 2
                    && tokens[at - 1] == Token::Colons
                    && matches!(tokens[at - 2], Token::Word(word) if word != "use");
                if !within_a_path && tokens.get(at + 1) == Some(&Token::Colons) {
                    follow(&tokens[at..], &module, &mut found);
                }
            }
            _ => {}
        }
    }
    found
}

/// Follows a path from its beginning to the first name under the crate's root.
fn follow(tokens: &[Token<'_>], module: &[String], found: &mut Vec<String>) {
    let (base, rest) = match tokens {
        [Token::Word("crate" | "shared"), Token::Colons, rest @ ..] => (Vec::new(), rest),
        [Token::Word("super"), Token::Colons, rest @ ..] => {
            (module[..module.len().saturating_sub(1)].to_vec(), rest)
        }
        _ => return,
    };
    if matches!(rest, [Token::Word("super"), Token::Colons, ..]) {
        return follow(rest, &base, found);
    }
    if let Some(layer) = base.first() {
        found.push(layer.clone());
        return;
    }
    match rest.first() {
        Some(Token::Word(name)) => found.push((*name).to_owned()),
        Some(Token::Other('*')) => found.push("*".to_owned()),
        Some(Token::Other('{')) => {
            let mut depth = 0;
            let mut first = true;
            for token in rest {
                match token {
                    Token::Other('{') => depth += 1,
                    Token::Other('}') => depth -= 1,
                    Token::Other(',') if depth == 1 => first = true,
                    Token::Word(name) if depth == 1 && first => {
                        found.push((*name).to_owned());
                        first = false;
                    }
                    Token::Other('*') if depth == 1 && first => found.push("*".to_owned()),
                    _ => {}
                }
                if depth == 0 {
                    return;
                }
            }
        }
        _ => {}
    }
}

fn function_names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(repository().join("functions"))
        .expect("the functions")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

pub fn relative(file: &Path, folder: &Path) -> String {
    let inside = file.strip_prefix(folder).expect("a file of the folder");
    inside.to_string_lossy().replace('\\', "/")
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Every file with this ending in a folder and those below it.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    assert!(
        !found.is_empty(),
        "no {ending} file in {}",
        folder.display()
    );
    found.sort();
    found
}
