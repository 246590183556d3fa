//! The routes of a function, written once: path and method stand in the operation's own file, and
//! [`routes!`](crate::routes) names the file.

use std::future::ready;

use axum::{
    Router,
    middleware::{from_fn, map_response},
    response::Response,
    routing::MethodRouter,
};
use http::{HeaderName, HeaderValue, Method, header};
use utoipa::openapi::path::HttpMethod;
#[cfg(feature = "openapi")]
use utoipa::openapi::{OpenApi, RefOr, path::Operation, schema::Schema};

use crate::app::App;

/// A path, its operation, and the schemas that it names.
#[cfg(feature = "openapi")]
pub type Documented = (String, Operation, Vec<(String, RefOr<Schema>)>);

/// How an operation documents itself: path, operation and the schemas it names. Only the feature
/// `openapi` links it; a bootstrap never documents itself, and would be a fifth larger.
#[derive(Clone, Copy)]
pub struct Document(
    /// Makes the document.
    #[cfg(feature = "openapi")]
    pub fn() -> Documented,
);

/// The [`Document`] of an operation.
#[cfg(feature = "openapi")]
#[macro_export]
macro_rules! document {
    ($declared:ty) => {
        $crate::http::routes::Document(|| {
            let mut schemas = Vec::new();
            <$declared as utoipa::__dev::SchemaReferences>::schemas(&mut schemas);
            (<$declared>::path(), <$declared>::operation(), schemas)
        })
    };
}

/// The [`Document`] of an operation: nothing, without the feature `openapi`.
#[cfg(not(feature = "openapi"))]
#[macro_export]
macro_rules! document {
    ($declared:ty) => {
        $crate::http::routes::Document()
    };
}

struct Route {
    method: Method,
    path: String,
    #[cfg_attr(
        not(feature = "openapi"),
        expect(dead_code, reason = "read when documenting")
    )]
    document: Document,
}

/// The routes of one function.
#[derive(Default)]
pub struct Routes {
    router: Router<App>,
    routes: Vec<Route>,
}

impl Routes {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an operation. Call it through [`routes!`](crate::routes).
    pub fn add(
        mut self,
        method: HttpMethod,
        path: String,
        handler: MethodRouter<App>,
        document: Document,
    ) -> Self {
        self.router = self.router.route(&path, handler);
        let method = match method {
            HttpMethod::Get => Method::GET,
            HttpMethod::Post => Method::POST,
            HttpMethod::Put => Method::PUT,
            HttpMethod::Patch => Method::PATCH,
            _ => Method::DELETE,
        };
        self.routes.push(Route {
            method,
            path,
            document,
        });
        self
    }

    /// The method and the path of every route.
    pub fn list(&self) -> Vec<(Method, String)> {
        self.routes
            .iter()
            .map(|route| (route.method.clone(), route.path.clone()))
            .collect()
    }

    /// The router that serves them. A panic becomes a problem, and the environment lives on.
    ///
    /// Every function answers paths that are nobody's: one of them is the `$default` route, and the
    /// others get some because the gateway matches a path before it is decoded and we after it
    /// (`/v1/things/a%2Fb` is two parts there and three here).
    pub fn router(self, app: App) -> Router {
        use tower_http::catch_panic::CatchPanicLayer;
        let panicked = |_: Box<dyn std::any::Any + Send>| {
            axum::response::IntoResponse::into_response(super::Problem::internal(
                "a handler panicked",
            ))
        };
        let transport = transport(&app.config.issuer);
        self.router
            .fallback(no_such_route)
            .method_not_allowed_fallback(no_such_route)
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn(super::asked::remember))
            .layer(map_response(move |mut response: Response| {
                response.headers_mut().extend(transport.clone());
                ready(response)
            }))
            .with_state(app)
    }

    /// Adds the operations and their schemas to an OpenAPI document.
    #[cfg(feature = "openapi")]
    pub fn document(&self, api: &mut OpenApi, tag: &str) {
        let components = api.components.get_or_insert_with(Default::default);
        for route in &self.routes {
            let (path, mut operation, schemas) = (route.document.0)();
            operation.tags = Some(vec![tag.to_owned()]);
            let method = match route.method {
                Method::GET => HttpMethod::Get,
                Method::POST => HttpMethod::Post,
                Method::PUT => HttpMethod::Put,
                Method::PATCH => HttpMethod::Patch,
                _ => HttpMethod::Delete,
            };
            api.paths.add_path_operation(path, vec![method], operation);
            components.schemas.extend(schemas);
        }
    }
}

/// What tells a browser to come by TLS only, for a year from now (FLOW-24). RFC 6797, 7.2 forbids to
/// say it over plain HTTP, which only the embedded stack speaks.
fn transport(issuer: &str) -> Option<(HeaderName, HeaderValue)> {
    let year = HeaderValue::from_static("max-age=31536000");
    let encrypted = issuer.starts_with("https://");
    encrypted.then_some((header::STRICT_TRANSPORT_SECURITY, year))
}

async fn no_such_route() -> super::Problem {
    super::Problem::new(super::Code::NoSuchRoute).with_detail("see /docs for the paths there are")
}

/// Names operations by their modules: `routes![send, list]`.
///
/// Each module holds a `handle` with a `#[utoipa::path]`, which says method and path.
#[macro_export]
macro_rules! routes {
    ($($operation:ident),+ $(,)?) => {{
        let routes = $crate::http::Routes::new();
        $(
            let routes = {
                use $operation::{__path_handle as Declared, handle};
                use utoipa::Path as _;
                let method = Declared::methods().remove(0);
                let filter = match method {
                    utoipa::openapi::HttpMethod::Get => axum::routing::get(handle),
                    utoipa::openapi::HttpMethod::Post => axum::routing::post(handle),
                    utoipa::openapi::HttpMethod::Put => axum::routing::put(handle),
                    utoipa::openapi::HttpMethod::Patch => axum::routing::patch(handle),
                    _ => axum::routing::delete(handle),
                };
                routes.add(method, Declared::path(), filter, $crate::document!(Declared))
            };
        )+
        routes
    }};
}
