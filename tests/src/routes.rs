//! The routes of the template as tests call them: with ids in their paths and examples as bodies,
//! so that a test of every route takes a new one along by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use local::functions::routes_of;
use reqwest::Method;
use serde_json::Value;
use shared::domain::{
    AccountId, AnnouncementId, ApiKeyId, AppId, AttachmentId, CallBlockId, CallId, CannedReplyId,
    ContactId, ConversationId, DeviceId, DisclosureId, ErasureId, ExportId, FlowId, InvitationId,
    JobId, MemberId, NoteId, PasskeyId, RequestId, SavedViewId, SessionId, SupportId, TeamId,
    WebhookId, WorkspaceId,
    token::{self, Secret},
};

use crate::{START, contract, method, template};

/// A route of the HTTP API.
#[derive(Clone, Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path as the template writes it.
    pub path: String,
    /// The logical id of the function that answers.
    pub function: String,
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody with an account.
    Member,
    /// A device with a join token.
    Device,
    /// Somebody who calls without an account.
    Guest,
    /// Somebody with a widget session.
    Visitor,
}

/// A token of a guest, or of a device that joins, that has the right shape and is nobody's.
pub fn token_of_nobody(actor: Actor) -> String {
    let prefix = match actor {
        Actor::Device => "cj",
        _ => "gt",
    };
    let at = START.minus(Duration::from_secs(60));
    let ids = [WorkspaceId::new(at).uuid(), CallId::new(at).uuid()];
    token::write(prefix, &ids, &Secret::from_bytes([7; 32]))
}

/// Every route of the template, without `$default`.
pub fn routes() -> Vec<Route> {
    let routes = routes_of(&template()).into_iter();
    routes
        .map(|route| Route {
            method: method(&route.method),
            path: route.path,
            function: route.function,
        })
        .collect()
}

impl Route {
    /// `GET /v1/things/{thing}`.
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whom it is for, unless it is for anybody.
    pub fn actor(&self) -> Actor {
        match self.path.as_str() {
            "/v1/calls/join" => Actor::Device,
            path if path.starts_with("/v1/guest/") => Actor::Guest,
            path if path.starts_with("/v1/widget/") => Actor::Visitor,
            _ => Actor::Member,
        }
    }

    /// Whether it asks for the module of calls, which a workspace of the inbox does not have: those
    /// are tried in `tests/it/calls`.
    pub fn is_of_calls(&self) -> bool {
        self.path.split('/').any(|part| {
            let of_calls = [
                "calls",
                "call-links",
                "call-blocks",
                "call-deletions",
                "call-figures",
            ];
            of_calls.contains(&part) || part == "guest-sessions"
        })
    }

    /// The names of its path parameters, in order.
    pub fn parameters(&self) -> Vec<&str> {
        let parts = self.path.split('/');
        parts
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect()
    }

    /// Its path with these ids.
    pub fn at(&self, ids: &Ids) -> String {
        let fill = |part: &str| match part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'))
        {
            Some(name) => ids.get(name, &self.key()).to_owned(),
            None => part.to_owned(),
        };
        self.path.split('/').map(fill).collect::<Vec<_>>().join("/")
    }

    /// Its declaration in the OpenAPI document.
    pub fn operation(&self) -> &'static Value {
        let found = contract::operation(self.method.as_str(), &self.path);
        found
            .unwrap_or_else(|| panic!("{} is not in openapi.json", self.key()))
            .1
    }

    /// The example of its body, with these ids in the place of the example's; none when it takes
    /// no body.
    pub fn body(&self, ids: &Ids) -> Option<Value> {
        let mut body = contract::example(self.operation());
        ids.put_into(&mut body);
        (!body.is_null()).then_some(body)
    }
}

/// One id of every kind that stands in a path.
#[derive(Clone, Debug)]
pub struct Ids(BTreeMap<&'static str, String>);

/// A well-formed token of nothing.
fn unknown_token(at: shared::domain::Timestamp) -> String {
    let ids = [WorkspaceId::new(at).uuid(), ConversationId::new(at).uuid()];
    token::write("fe", &ids, &token::Secret::from_bytes([7; 32]))
}

impl Ids {
    /// Well-formed ids that nobody has.
    pub fn unknown() -> Self {
        // Not of the future: ids carry the time of their birth.
        let at = START.minus(Duration::from_secs(60));
        Self(BTreeMap::from([
            ("act", "end".to_owned()),
            ("block", CallBlockId::new(at).to_string()),
            ("call", CallId::new(at).to_string()),
            ("account", AccountId::new(at).to_string()),
            ("announcement", AnnouncementId::new(at).to_string()),
            ("api_key", ApiKeyId::new(at).to_string()),
            ("app", AppId::new(at).to_string()),
            ("attachment", AttachmentId::new(at).to_string()),
            // Another member, for bodies that name one: no path does.
            ("colleague", MemberId::new(at).to_string()),
            ("contact", ContactId::new(at).to_string()),
            ("conversation", ConversationId::new(at).to_string()),
            ("device", DeviceId::new(at).to_string()),
            ("disclosure", DisclosureId::new(at).to_string()),
            ("environment", "live".to_owned()),
            ("export", ExportId::new(at).to_string()),
            ("flow", FlowId::new(at).to_string()),
            ("erasure", ErasureId::new(at).to_string()),
            ("invitation", InvitationId::new(at).to_string()),
            ("invoice", "in_unknown".to_owned()),
            ("job", JobId::new(at).to_string()),
            ("member", MemberId::new(at).to_string()),
            ("note", NoteId::new(at).to_string()),
            ("part", "0".to_owned()),
            ("passkey", PasskeyId::new(at).to_string()),
            ("photo", AttachmentId::new(at).to_string()),
            ("profile", "inbox".to_owned()),
            ("provider", "webpush".to_owned()),
            ("rendition", "content".to_owned()),
            ("reply", CannedReplyId::new(at).to_string()),
            ("request", RequestId::new(at).to_string()),
            ("seq", "2".to_owned()),
            ("session", SessionId::new(at).to_string()),
            ("thread", SupportId::new(at).to_string()),
            ("token", unknown_token(at)),
            ("version", "1".to_owned()),
            ("view", SavedViewId::new(at).to_string()),
            ("webhook", WebhookId::new(at).to_string()),
            ("team", TeamId::new(at).to_string()),
            ("workspace", WorkspaceId::new(at).to_string()),
        ]))
    }

    /// The same with another id for one path parameter.
    pub fn with(mut self, parameter: &'static str, id: &str) -> Self {
        self.0.insert(parameter, id.to_owned());
        self
    }

    /// Every id that nothing else has: numbers within something are left out.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0
            .values()
            .map(String::as_str)
            .filter(|id| id.contains('_'))
    }

    fn get(&self, parameter: &str, route: &str) -> &str {
        self.0.get(parameter).unwrap_or_else(|| {
            panic!("{route}: tests/src/routes.rs has no id for {{{parameter}}}; give `Ids` one")
        })
    }

    /// Replaces every text that is an id of a known kind.
    fn put_into(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.put_into(item)),
            Value::Object(map) => map.values_mut().for_each(|item| self.put_into(item)),
            Value::String(text) => {
                let kind = |id: &str| id.split('_').next().map(str::to_owned);
                let same = |id: &&String| id.len() == text.len() && kind(id) == kind(text);
                if let Some(id) = self.0.values().find(same) {
                    id.clone_into(text);
                }
            }
            _ => {}
        }
    }
}
