//! The function crates, linked into this program and called as Lambda calls them: JSON bytes in,
//! JSON bytes out, with a deadline, and a panic that ends one invocation only.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service};
use shared::app::{App, Clock, Config};
use shared::http::Routes;
use shared::lambda::feedback::Feedback;
use shared::lambda::files::FileEvent;
use shared::lambda::schedule::Tick;
use shared::lambda::socket;

use crate::inbound::{PRIVACY_CONTACT, REPLY_CONTACT, SUPPORT_CONTACT};
use crate::stripe::{SECRET_KEY, WEBHOOK_SECRET};
use crate::template::{ANY, Route, Template};
use crate::wires::Wires;
use crate::{ACCOUNT, REGION, template};

const MAIL_FROM: &str = "sotto@example.com";
/// Who operates this, as the policies say it.
pub const OPERATOR_NAME: &str = "Example Ltd, 1 Example Street, Springfield";
/// The owner of the demo workspace.
const OPERATOR_EMAIL: &str = "demo@example.com";

/// What a crate of `functions/` has to offer.
enum Code {
    Files(fn() -> Routes),
    Http(fn() -> Routes),
    Live(fn() -> Routes),
    Mail,
    Schedule,
    Scheduled(fn() -> Routes),
    Stream,
}

/// The code that a template's `CodeUri` means.
fn linked(folder: &str) -> Option<Code> {
    Some(match folder {
        "attachments" => Code::Files(attachments::routes),
        "auth" => Code::Http(auth::routes),
        "billing" => Code::Scheduled(billing::routes),
        "contract" => Code::Http(contract::routes),
        "conversations" => Code::Http(conversations::routes),
        "exports" => Code::Http(exports::routes),
        "flows" => Code::Http(flows::routes),
        "intake" => Code::Mail,
        "messages" => Code::Http(messages::routes),
        "notifications" => Code::Http(notifications::routes),
        "realtime" => Code::Live(realtime::routes),
        "sessions" => Code::Http(sessions::routes),
        "oidc" => Code::Http(oidc::routes),
        "operator" => Code::Http(operator::routes),
        "privacy" => Code::Http(privacy::routes),
        "support" => Code::Http(support::routes),
        "teams" => Code::Http(teams::routes),
        "passkeys" => Code::Http(passkeys::routes),
        "visitors" => Code::Http(visitors::routes),
        "workspaces" => Code::Http(workspaces::routes),
        "outbox" => Code::Stream,
        "retention" => Code::Schedule,
        _ => return None,
    })
}

/// The routes of the code to which a template leads, without `$default`. A route for any method of a
/// path stands for those that its function answers.
pub fn routes_of(template: &Template) -> Vec<Route> {
    let code = all_routes();
    let mut routes = Vec::new();
    for route in template.routes.iter().filter(|route| !route.is_default()) {
        if route.method != ANY {
            routes.push(route.clone());
            continue;
        }
        let functions = &template.functions;
        let function = functions.iter().find(|one| one.id == route.function);
        let answers = function.and_then(|function| code.get(function.folder.as_str()));
        let answers = answers.into_iter().flat_map(Routes::list);
        let answers = answers.filter(|(_, path)| *path == route.path);
        routes.extend(answers.map(|(method, _)| Route {
            method: method.to_string(),
            ..route.clone()
        }));
    }
    routes
}

/// The routes of every function that has some, by the name of its folder.
pub fn all_routes() -> BTreeMap<&'static str, Routes> {
    [
        "attachments",
        "auth",
        "billing",
        "contract",
        "conversations",
        "exports",
        "flows",
        "messages",
        "notifications",
        "oidc",
        "operator",
        "privacy",
        "passkeys",
        "realtime",
        "sessions",
        "support",
        "teams",
        "visitors",
        "workspaces",
    ]
    .into_iter()
    .filter_map(|folder| match linked(folder) {
        Some(
            Code::Files(routes) | Code::Http(routes) | Code::Live(routes) | Code::Scheduled(routes),
        ) => Some((folder, routes())),
        _ => None,
    })
    .collect()
}

/// Why an invocation brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It took longer than the template allows.
    #[error("the function timed out")]
    TimedOut,
    /// It panicked, or did not understand the event.
    #[error("the function crashed")]
    Crashed,
}

/// One function, ready to be invoked. Clones are further calls to the same warm environment.
#[derive(Clone)]
pub struct Function {
    id: String,
    timeout: Duration,
    clock: Clock,
    app: App,
    entry: Entry,
}

#[derive(Clone)]
enum Entry {
    Files(axum::Router),
    Http(axum::Router),
    Live(axum::Router, Arc<realtime::Sockets>),
    Mail,
    Schedule,
    Scheduled(axum::Router),
    Stream,
}

impl Function {
    /// Its logical id in the template.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it works with, its meter included.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Carries out one event.
    ///
    /// # Errors
    /// When there is no answer; the reason is in the log, as it would be on AWS.
    pub async fn invoke(&self, event: Vec<u8>, request_id: &str) -> Result<Vec<u8>, Failure> {
        let context = self.context(request_id);
        let (entry, app) = (self.entry.clone(), self.app.clone());
        // A task of its own: a panic in it is an error here, and a late one can be stopped.
        let mut task = tokio::spawn(async move {
            match entry {
                Entry::Files(router) => answer_files(&app, router, &event, context).await,
                Entry::Http(router) => answer_http(router, &event, context).await,
                Entry::Live(router, sockets) => {
                    answer_live(&app, router, &sockets, &event, context).await
                }
                Entry::Mail => answer_mail(&app, &event).await,
                Entry::Schedule => answer_schedule(&app, &event).await,
                Entry::Scheduled(router) => answer_scheduled(&app, router, &event, context).await,
                Entry::Stream => answer_stream(&app, &event).await,
            }
        });
        match tokio::time::timeout(self.timeout, &mut task).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(error))) => {
                tracing::error!(function = %self.id, %error, "the event was not understood");
                Err(Failure::Crashed)
            }
            Ok(Err(error)) => {
                tracing::error!(function = %self.id, %error, "the function panicked");
                Err(Failure::Crashed)
            }
            Err(_) => {
                task.abort();
                tracing::error!(function = %self.id, "the function timed out");
                Err(Failure::TimedOut)
            }
        }
    }

    fn context(&self, request_id: &str) -> Context {
        let mut context = Context::default();
        context.request_id = request_id.to_owned();
        let deadline = self.clock.now().plus(self.timeout);
        context.deadline = u64::try_from(deadline.ms()).unwrap_or_default();
        context.invoked_function_arn =
            format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.id);
        context
    }
}

/// What `lambda_http::run` does with one invocation. `Adapter` is public but hidden from the
/// documentation; the pinned version of `lambda_http` keeps this the only place to look at.
async fn answer_http(
    router: axum::Router,
    event: &[u8],
    context: Context,
) -> Result<Vec<u8>, serde_json::Error> {
    let request: LambdaRequest = serde_json::from_slice(event)?;
    // The adapter itself cannot move between threads, its call can.
    let call = Adapter::from(router).call(LambdaEvent::new(request, context));
    match call.await {
        Ok(answer) => serde_json::to_vec(&answer),
        Err(impossible) => match impossible {},
    }
}

async fn answer_live(
    app: &App,
    router: axum::Router,
    sockets: &realtime::Sockets,
    event: &[u8],
    context: Context,
) -> Result<Vec<u8>, serde_json::Error> {
    let value: serde_json::Value = serde_json::from_slice(event)?;
    if !socket::Event::is(&value) {
        return answer_http(router, event, context).await;
    }
    serde_json::to_vec(&sockets.handle(app, serde_json::from_value(value)?).await)
}

async fn answer_files(
    app: &App,
    router: axum::Router,
    event: &[u8],
    context: Context,
) -> Result<Vec<u8>, serde_json::Error> {
    use serde::ser::Error as _;
    let value: serde_json::Value = serde_json::from_slice(event)?;
    if !FileEvent::is(&value) {
        return answer_http(router, event, context).await;
    }
    let heard = attachments::hear(app, &value).await;
    serde_json::to_vec(&heard.map_err(serde_json::Error::custom)?)
}

async fn answer_mail(app: &App, event: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    use serde::ser::Error as _;
    let heard = intake::hear(app, &serde_json::from_slice(event)?).await;
    serde_json::to_vec(&heard.map_err(serde_json::Error::custom)?)
}

async fn answer_stream(app: &App, event: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    use serde::ser::Error as _;
    let event: serde_json::Value = serde_json::from_slice(event)?;
    if Feedback::is(&event) {
        let heard = outbox::hear(app, &event).await;
        return serde_json::to_vec(&heard.map_err(serde_json::Error::custom)?);
    }
    let answer = outbox::handle(app, serde_json::from_value(event)?).await;
    serde_json::to_vec(&answer)
}

/// As on AWS, a task that fails is a failed invocation.
async fn answer_schedule(app: &App, event: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    use serde::ser::Error as _;
    let answer = retention::handle(app, serde_json::from_slice(event)?).await;
    serde_json::to_vec(&answer.map_err(serde_json::Error::custom)?)
}

async fn answer_scheduled(
    app: &App,
    router: axum::Router,
    event: &[u8],
    context: Context,
) -> Result<Vec<u8>, serde_json::Error> {
    use serde::ser::Error as _;
    let value: serde_json::Value = serde_json::from_slice(event)?;
    if !Tick::is(&value) {
        return answer_http(router, event, context).await;
    }
    let answer = billing::handle(app, serde_json::from_value(value)?).await;
    serde_json::to_vec(&answer.map_err(serde_json::Error::custom)?)
}

/// Every function of the template.
#[derive(Clone)]
pub struct Functions {
    by_id: BTreeMap<String, Function>,
    by_folder: BTreeMap<String, String>,
}

impl Functions {
    /// Gives each function of the template its own environment, as a deployment would.
    ///
    /// # Errors
    /// A folder that this program does not link, or an environment that a function refuses; one
    /// line each.
    pub fn start(
        template: &Template,
        (wires, stripe): (&Wires, Option<&str>),
        api: &str,
        clock: &Clock,
        client: &SharedHttpClient,
    ) -> Result<Self, String> {
        let egress = crate::egress::door();
        let mut functions = Self {
            by_id: BTreeMap::new(),
            by_folder: BTreeMap::new(),
        };
        for declared in &template.functions {
            let place = format!("{}: Resources.{}", template.path.display(), declared.id);
            let code = linked(&declared.folder).ok_or_else(|| {
                format!(
                    "{place}: this program has no function crate {}",
                    declared.folder
                )
            })?;
            let mut variables = environment(template, declared, wires, api);
            if let Some(url) = stripe {
                let own = [
                    ("STRIPE_SECRET_KEY", SECRET_KEY),
                    ("STRIPE_WEBHOOK_SECRETS", WEBHOOK_SECRET),
                    ("STRIPE_URL", url),
                ];
                let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
                variables.extend(own);
            }
            let config =
                Config::from_vars(&variables).map_err(|error| format!("{place}: {error}"))?;
            let app = App::new(config, clock.clone(), client.clone(), egress.clone());
            let entry = match code {
                Code::Files(routes) => Entry::Files(routes().router(app.clone())),
                Code::Http(routes) => Entry::Http(routes().router(app.clone())),
                Code::Live(routes) => Entry::Live(routes().router(app.clone()), Arc::default()),
                Code::Mail => Entry::Mail,
                Code::Schedule => Entry::Schedule,
                Code::Scheduled(routes) => Entry::Scheduled(routes().router(app.clone())),
                Code::Stream => Entry::Stream,
            };
            let function = Function {
                id: declared.id.clone(),
                timeout: declared.timeout,
                clock: clock.clone(),
                app,
                entry,
            };
            functions
                .by_folder
                .insert(declared.folder.clone(), declared.id.clone());
            functions.by_id.insert(declared.id.clone(), function);
        }
        Ok(functions)
    }

    /// The function with this logical id.
    pub fn by_id(&self, id: &str) -> Option<&Function> {
        self.by_id.get(id)
    }

    /// The function whose crate has this name, such as `messages`.
    pub fn by_folder(&self, folder: &str) -> Option<&Function> {
        self.by_id(self.by_folder.get(folder)?)
    }

    /// Every function, by logical id.
    pub fn iter(&self) -> impl Iterator<Item = &Function> {
        self.by_id.values()
    }
}

/// What Lambda would put into the function's environment, with the wires of this process.
fn environment(
    template: &Template,
    function: &template::Function,
    wires: &Wires,
    api: &str,
) -> HashMap<String, String> {
    let stage = template
        .sockets
        .as_ref()
        .map_or("", |sockets| &sockets.stage);
    let sockets = format!("{api}/{stage}");
    let mut variables: HashMap<String, String> = function.environment.clone().into_iter().collect();
    let own = [
        ("ISSUER", api),
        ("MAIL_FROM", MAIL_FROM),
        ("WEBSOCKET_URL", &sockets),
        ("OPERATOR_EMAIL", OPERATOR_EMAIL),
        ("OPERATOR_NAME", OPERATOR_NAME),
        ("PRIVACY_CONTACT", PRIVACY_CONTACT),
        ("SUPPORT_CONTACT", SUPPORT_CONTACT),
        ("REPLY_CONTACT", REPLY_CONTACT),
        ("PUSH_URL", &wires.pushes),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.id),
    ];
    let aws = aws_environment(wires);
    let all = own
        .into_iter()
        .chain(aws.iter().map(|(name, value)| (*name, value.as_str())));
    variables.extend(all.map(|(name, value)| (name.to_owned(), value.to_owned())));
    variables
}

/// The variables that lead any AWS SDK to the wires of this process.
pub fn aws_environment(wires: &Wires) -> [(&'static str, String); 8] {
    [
        ("AWS_ENDPOINT_URL_DYNAMODB", wires.dynamodb.clone()),
        ("AWS_ENDPOINT_URL_KMS", wires.kms.clone()),
        ("AWS_ENDPOINT_URL_S3", wires.objects.clone()),
        ("AWS_ENDPOINT_URL_SESV2", wires.mail.clone()),
        ("AWS_REGION", REGION.to_owned()),
        // Any credentials do: the wires want a signature and do not check it.
        ("AWS_ACCESS_KEY_ID", wires.access_key.clone()),
        ("AWS_SECRET_ACCESS_KEY", "embedded".to_owned()),
        ("AWS_SESSION_TOKEN", "embedded".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::routing::get;
    use serde_json::{Value, json};

    use super::*;
    use crate::stack::{Stack, StackOptions};

    /// A function of the stack with other code in it.
    fn function(stack: &Stack, router: axum::Router) -> Function {
        Function {
            id: "Test".into(),
            timeout: Duration::from_millis(50),
            clock: stack.clock.clone(),
            app: stack.app("contract").expect("the template has it").clone(),
            entry: Entry::Http(router),
        }
    }

    async fn invoke(function: &Function, path: &str) -> Result<Value, Failure> {
        let http = json!({ "method": "GET", "path": path });
        let event =
            json!({ "version": "2.0", "rawPath": path, "requestContext": { "http": http } });
        let answer = function
            .invoke(event.to_string().into_bytes(), "id")
            .await?;
        Ok(serde_json::from_slice(&answer).expect("json"))
    }

    #[tokio::test]
    async fn a_panic_and_a_timeout_end_one_invocation_only() {
        let template = Arc::new(Template::open(None).expect("the repository's template"));
        let options = StackOptions::for_tests(template, Clock::system());
        let stack = Stack::start(options).await.expect("a stack");
        let router = axum::Router::new()
            .route("/fine", get(|| async { "fine" }))
            .route(
                "/panic",
                get(|| async { panic!("planned") as &'static str }),
            )
            .route("/slow", get(std::future::pending::<&'static str>));
        let function = function(&stack, router);
        assert_eq!(invoke(&function, "/panic").await, Err(Failure::Crashed));
        assert_eq!(invoke(&function, "/slow").await, Err(Failure::TimedOut));
        assert_eq!(
            invoke(&function, "/fine").await.expect("an answer")["body"],
            "fine"
        );
        let garbage = function.invoke(b"{}".to_vec(), "id").await;
        assert_eq!(garbage, Err(Failure::Crashed));
    }
}
