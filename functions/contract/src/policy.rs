//! `GET /policy/{profile}`: the privacy policy of a profile, as a page or as Markdown. Both are the
//! committed files that `sotto policy render` writes from the code, with the company that operates the
//! deployment and its contact in the two places that are left for them: those are settings (GDPR Art. 13(1)(a)).

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::IntoResponse,
};
use shared::{
    app::App,
    domain::policy::Profile,
    http::{Path, Problem, Problems},
};

/// What the page may do: show its own text and styles, nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The committed files of a profile.
macro_rules! files {
    ($profile:literal) => {
        (
            include_str!(concat!("../../../docs/privacy/", $profile, "/policy.html")),
            include_str!(concat!("../../../docs/privacy/", $profile, "/policy.md")),
        )
    };
}

/// The places that are left for the operator's name and address, and for the contact.
const LEFT: [&str; 2] = ["(name and address)", "(mail address)"];

/// Page and Markdown.
const fn texts(profile: Profile) -> (&'static str, &'static str) {
    match profile {
        Profile::Calls => files!("calls"),
        Profile::Flows => files!("flows"),
        Profile::Inbox => files!("inbox"),
    }
}

/// Read a privacy policy.
///
/// What a profile keeps, why and for how long, written from the rules that run. It bears its date
/// and a checksum. A page for browsers; Markdown for whoever says `Accept: text/markdown`.
#[utoipa::path(
    get,
    path = "/policy/{profile}",
    operation_id = "policy",
    params(("profile" = Profile, Path, description = "The profile.")),
    responses(
        (
            status = 200,
            description = "The policy.",
            content((String = "text/html"), (String = "text/markdown")),
        ),
        Problems,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    Path(profile): Path<Profile>,
    asked: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let (page, markdown) = texts(profile);
    let config = &app.config;
    let contact = config.privacy_contact.as_ref();
    let contact = contact.or(config.operator_email.as_ref());
    let settings = [config.operator_name.as_ref(), contact];
    let (content_type, text) = if wants_markdown(&asked) {
        let text = filled(markdown, settings, in_cell);
        ("text/markdown; charset=utf-8", text)
    } else {
        ("text/html; charset=utf-8", filled(page, settings, in_page))
    };
    let headers: [(HeaderName, HeaderValue); 5] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::VARY, HeaderValue::from_static("accept")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("max-age=300"),
        ),
    ];
    Ok((headers, text))
}

/// A text with the settings of the deployment in their places, as far as there are any.
fn filled(text: &str, settings: [Option<&String>; 2], write: fn(&str) -> String) -> String {
    let mut text = text.to_owned();
    for (place, setting) in LEFT.into_iter().zip(settings) {
        if let Some(setting) = setting {
            text = text.replace(place, &write(setting));
        }
    }
    text
}

/// Without what HTML takes for markup.
fn in_page(setting: &str) -> String {
    let setting = setting.replace('&', "&amp;").replace('<', "&lt;");
    setting.replace('>', "&gt;").replace('"', "&quot;")
}

/// Without what would end the cell of a table, or be markup.
fn in_cell(setting: &str) -> String {
    let setting = setting.replace('|', "\\|").replace('\n', " ");
    setting.replace('<', "&lt;").replace('*', "\\*")
}

/// Whether Markdown is asked for by name.
fn wants_markdown(asked: &HeaderMap) -> bool {
    let accept = asked.get_all(header::ACCEPT).iter();
    accept
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|range| range.trim().eq_ignore_ascii_case("text/markdown"))
}
