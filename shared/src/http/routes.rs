//! The routes of a function, written once: path and method stand in the operation's own file, and
//! [`routes!`](crate::routes) names the file.

use axum::{Router, routing::MethodRouter};
use http::Method;
use utoipa::openapi::{
    OpenApi, RefOr,
    path::{HttpMethod, Operation},
    schema::Schema,
};

use crate::app::App;

/// How an operation documents itself, when somebody asks: bootstraps never do.
type Document = fn() -> (String, Operation, Vec<(String, RefOr<Schema>)>);

struct Route {
    method: Method,
    path: String,
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
        self.routes.push(Route { method, path, document });
        self
    }

    /// What answers every path that is not a route: one function has it.
    pub fn otherwise<H, T>(mut self, handler: H) -> Self
    where
        H: axum::handler::Handler<T, App>,
        T: 'static,
    {
        self.router = self.router.fallback(handler);
        self
    }

    /// The method and the path of every route.
    pub fn list(&self) -> Vec<(Method, String)> {
        self.routes.iter().map(|route| (route.method.clone(), route.path.clone())).collect()
    }

    /// The router that serves them. A panic becomes a problem, and the environment lives on.
    pub fn router(self, app: App) -> Router {
        use tower_http::catch_panic::CatchPanicLayer;
        let panicked = |_: Box<dyn std::any::Any + Send>| {
            axum::response::IntoResponse::into_response(super::Problem::internal("a handler panicked"))
        };
        self.router.layer(CatchPanicLayer::custom(panicked)).with_state(app)
    }

    /// Adds the operations and their schemas to an OpenAPI document.
    pub fn document(&self, api: &mut OpenApi, tag: &str) {
        let components = api.components.get_or_insert_with(Default::default);
        for route in &self.routes {
            let (path, mut operation, schemas) = (route.document)();
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
                routes.add(method, Declared::path(), filter, || {
                    let mut schemas = Vec::new();
                    <Declared as utoipa::__dev::SchemaReferences>::schemas(&mut schemas);
                    (Declared::path(), Declared::operation(), schemas)
                })
            };
        )+
        routes
    }};
}
