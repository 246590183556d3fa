//! The OpenAPI document, from the code of every function.
//!
//! `sotto openapi > functions/contract/openapi.json` writes the file that the API serves; a test
//! holds the two equal.

use shared::http::problem;
use utoipa::openapi::security::{Http, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};
use utoipa::{PartialSchema, ToSchema};

use crate::functions::all_routes;

const DESCRIPTION: &str = "Private customer conversations: chat with a team inbox, flows and live \
    calls, in your own AWS account. JSON in snake_case, RFC 3339 times in UTC with milliseconds, \
    TypeID identifiers. Unknown request fields are refused; clients ignore unknown reply fields. \
    Everything that goes wrong is a problem (RFC 9457) with a code of a closed list. Lists are \
    paged with signed cursors that are good for a day. A POST that makes something takes an \
    Idempotency-Key; messages have their own client_message_id instead.";

/// The whole document.
pub fn document() -> OpenApi {
    let license = LicenseBuilder::new()
        .name("Apache-2.0")
        .identifier(Some("Apache-2.0"))
        .build();
    let info = InfoBuilder::new()
        .title("Sotto")
        .version("1")
        .description(Some(DESCRIPTION))
        .license(Some(license))
        .build();
    let mut schemas = vec![(problem::Body::name().into_owned(), problem::Body::schema())];
    problem::Body::schemas(&mut schemas);
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("member", SecurityScheme::Http(member()))
        .security_scheme("api_key", SecurityScheme::Http(api_key()))
        .security_scheme("visitor", SecurityScheme::Http(visitor()))
        .security_scheme("guest", SecurityScheme::Http(guest()))
        .security_scheme("join", SecurityScheme::Http(join()))
        .build();
    let mut document = OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .build();
    for (function, routes) in all_routes() {
        routes.document(&mut document, function);
    }
    document
}

fn member() -> Http {
    HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("A member's access token, good for ten minutes."))
        .build()
}

fn api_key() -> Http {
    HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A key of the API, for the customer's own servers: it reads conversations, messages and \
             contacts, asks `/sync`, and sends messages, as far as its scopes go. What it does not \
             open answers 401 to it. It reads no conversation for anybody: everything is unread.",
        ))
        .build()
}

fn guest() -> Http {
    HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A token of somebody who calls without an account, opaque, good for a day.",
        ))
        .build()
}

fn join() -> Http {
    HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "What lets one device into a call, opaque, good once within a minute.",
        ))
        .build()
}

fn visitor() -> Http {
    HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A visitor's session token, opaque, good for half an hour.",
        ))
        .build()
}
