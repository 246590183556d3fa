//! One type for everything that goes wrong: RFC 9457 on the wire, a closed list of codes, the
//! field pointed at, nothing internal shown. The cause is logged once, here, and names nobody.

use std::borrow::Cow;

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::limit::refusal_headers;
use crate::{
    app::{
        MailError,
        limit::{Act, Standing},
    },
    domain::text::Fault,
    store::StoreError,
};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $code:literal, $title:literal;)+) => {
        /// What went wrong, as a closed list that clients may switch on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)+ }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status),+ }
            }

            /// The word in `code`, and the end of `type`.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// The sentence in `title`.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

codes! {
    /// Nothing says who is asking.
    Unauthenticated = 401, "unauthenticated", "Sign in first";
    /// The token's ten or thirty minutes are over.
    TokenExpired = 401, "token_expired", "The token has expired; renew it";
    /// The token was made by somebody else, for something else, or has been revoked.
    TokenInvalid = 401, "token_invalid", "The token is not valid";
    /// The mailed code is wrong, used or too old.
    CodeInvalid = 401, "code_invalid", "The code is not valid";
    /// What a passkey answered proves nothing: another challenge, another key, or used already.
    PasskeyRefused = 401, "passkey_refused", "The passkey was not accepted; begin again";
    /// There is no account with this address and this password.
    CredentialsWrong = 401, "credentials_wrong", "The address or the password is not right";
    /// The plan of the workspace has no room for one more; `upgrade_url` says where to look.
    PlanLimit = 402, "plan_limit", "The plan of this workspace has no room for more";
    /// The role does not allow it.
    Forbidden = 403, "forbidden", "Your role does not allow this";
    /// Something that cannot be taken back, and the last proof is older than ten minutes.
    StepUpRequired = 403, "step_up_required", "Prove first that it is still you";
    /// The workspace asks for a second factor, and this session proved none.
    SecondFactorRequired = 403, "second_factor_required", "This workspace asks for a second factor";
    /// The workspace is entered through the team's own sign-in only.
    TeamSignInRequired = 403, "team_sign_in_required", "This workspace is entered through its team's sign-in";
    /// The session began through a team's provider, and is good for that team's workspace only.
    TeamSession = 403, "team_session", "This session opens one workspace; sign in to the account itself";
    /// What came back from the team's provider was not accepted.
    TeamSignInFailed = 401, "team_sign_in_failed", "The sign-in through the team did not work; begin again";
    /// The provider vouches for an address that has an account, which did not begin the sign-in.
    LinkRequired = 403, "link_required", "This address has an account; sign in to it first, then through the team";
    /// The account is to be deleted; nobody signs in to it meanwhile.
    AccountClosing = 403, "account_closing", "This account is to be deleted; undo that first";
    /// The account has one already.
    SecondFactorExists = 409, "second_factor_exists", "This account has a second factor already";
    /// The account has as many passkeys as it may.
    PasskeysFull = 409, "passkeys_full", "This account has ten passkeys; remove one first";
    /// A form of ours was sent from somebody else's page.
    CrossSite = 403, "cross_site", "This form may be sent from our own pages only";
    /// The operator suspended the workspace: it may be read and nothing else.
    WorkspaceSuspended = 403, "workspace_suspended", "This workspace is suspended";
    /// The operator switched the app off.
    AppOff = 403, "app_off", "This app is switched off";
    /// The app may not be used from there.
    OriginRefused = 403, "origin_refused", "The app may not be used from here";
    /// The team blocked this visitor.
    Blocked = 403, "blocked", "You cannot write to this team";
    /// The team lets this guest call no more.
    CallerBlocked = 403, "caller_blocked", "You cannot call this team";
    /// It is set aside at the request of whom it is about.
    Restricted = 403, "restricted", "This is set aside at somebody's request: it is kept, and nothing else is done with it";
    /// Nothing is sold here, and everything is allowed.
    BillingOff = 403, "billing_off", "This deployment sells no plans; everything is allowed";
    /// The workspace does not have this capability.
    ModuleOff = 403, "module_off", "This workspace does not have this capability";
    /// It is not there, or not yours to see.
    NotFound = 404, "not_found", "Not found";
    /// The path is not part of the API.
    NoSuchRoute = 404, "no_such_route", "This path is not part of the API";
    /// The workspace has no subscription that could be changed.
    NoSubscription = 409, "no_subscription", "This workspace has no subscription; begin a checkout";
    /// The workspace has a plan already.
    SubscribedAlready = 409, "subscribed_already", "This workspace has a plan; change that one";
    /// Somebody changed it meanwhile.
    Conflict = 409, "conflict", "It was changed meanwhile; read it again";
    /// The call is over.
    CallOver = 409, "call_over", "The call is over";
    /// A colleague was faster.
    CallTaken = 409, "call_taken", "A colleague took this call";
    /// It does not go with how far the call is.
    CallState = 409, "call_state", "This does not go with how far the call is; look at it again";
    /// One call at a time.
    CallLive = 409, "call_live", "There is a call already; end it first";
    /// As many calls ring as may ring at once.
    CallsRing = 409, "calls_ring", "Too many calls wait for somebody; try again in a moment";
    /// A colleague was faster.
    AlreadyAssigned = 409, "already_assigned", "A colleague takes care of this conversation";
    /// Nobody has proved the address that something would be mailed to.
    AddressUnproved = 409, "address_unproved", "No address was proved; ask for a code first";
    /// The workspace mails no messages, or the visitor wants no mail, or was blocked.
    MailRefused = 409, "mail_refused", "This visitor is not mailed";
    /// Nothing came to the link yet.
    UploadMissing = 409, "upload_missing", "Nothing was uploaded yet; send the file to the link first";
    /// The file is on its way, or is being looked through.
    ScanPending = 409, "scan_pending", "The file is still being looked through; ask again in a moment";
    /// Something harmful was in the file.
    Infected = 410, "infected", "Something harmful was in this file; it was deleted";
    /// The file is not what it was said to be, or could not be looked through.
    FileRefused = 410, "file_refused", "This file could not be accepted; it was deleted";
    /// As many bytes as one person may have in one conversation lie there already.
    FilesFull = 409, "files_full", "Your files in this conversation have 200 MiB already; what is deleted or ends makes room";
    /// The files of the workspace take up as much as they may.
    WorkspaceFilesFull = 409, "workspace_files_full", "The files of this workspace take up as much as they may; what is deleted or ends makes room";
    /// It is being made.
    NotReady = 409, "not_ready", "It is not ready yet; ask again in a minute";
    /// As many copies as there may be lie here already.
    ExportsLeft = 409, "exports_left", "Three exports lie here already; each is gone after seven days";
    /// A part of an export was fetched as often as it may be.
    DownloadsUsedUp = 410, "downloads_used_up", "This part was fetched ten times; make a new export";
    /// The customer did not sign for who this visitor is.
    NotVerified = 403, "not_verified", "Only a visitor whom the app has vouched for may do this";
    /// Somebody wants the conversation kept.
    OnHold = 409, "on_hold", "The conversation is on hold; release it first";
    /// It stays as it is.
    NotChangeable = 409, "not_changeable", "This cannot be changed";
    /// The client's message id was used for another message.
    MessageIdReused = 409, "message_id_reused", "This client_message_id was used for another message";
    /// The person is a member already.
    AlreadyMember = 409, "already_member", "Already a member of this workspace";
    /// A workspace has at least one owner.
    LastOwner = 409, "last_owner", "A workspace keeps at least one owner";
    /// A deployment has at least one operator.
    LastOperator = 409, "last_operator", "A deployment keeps at least one operator";
    /// The owner ended the workspace; for seven days it can be undone.
    WorkspaceClosing = 423, "workspace_closing", "The workspace is being deleted; its owner can undo that";
    /// The body is larger than 1 MiB.
    BodyTooLarge = 413, "body_too_large", "The body is larger than 1 MiB";
    /// The body is not `application/json`.
    MediaType = 415, "media_type", "Send application/json";
    /// The body is not JSON, or not UTF-8.
    MalformedBody = 400, "malformed_body", "The body is not valid JSON";
    /// The change takes an `If-Match`, so that nobody changes what they have not seen.
    PreconditionRequired = 428, "precondition_required", "Say in If-Match which version you mean to change";
    /// A field is wrong; `errors` says which and why.
    ValidationFailed = 422, "validation_failed", "A field is not valid";
    /// The password is too short or too common; `errors` says which.
    PasswordWeak = 422, "password_weak", "The password is too easy to guess";
    /// The flow cannot be published as it is; `errors` says where and why.
    FlowHasErrors = 422, "flow_has_errors", "The flow has errors; mend them before it is published";
    /// A field or a parameter that is not part of the request.
    UnknownField = 400, "unknown_field", "A field is not part of this request";
    /// The cursor is old, altered, or of another list.
    CursorInvalid = 400, "cursor_invalid", "The cursor is not valid for this list; begin again";
    /// The cursor of `/sync` is older than what it would have to tell of.
    CursorExpired = 410, "cursor_expired", "The cursor is older than seven days; list everything again";
    /// It is not signed as an event for this deployment, or is none.
    WebhookRefused = 400, "webhook_refused", "This is no event that was signed for this deployment";
    /// A provider's word that somebody signed out is not one (400 is what its standard asks for).
    LogoutTokenInvalid = 400, "logout_token_invalid", "The logout token is not valid";
    /// The same key came with another request.
    IdempotencyKeyReused = 422, "idempotency_key_reused", "This Idempotency-Key was used for another request";
    /// Too many requests of this kind, or too many wrong answers in a row.
    RateLimited = 429, "rate_limited", "Too many tries; wait before the next one";
    /// Something failed that should not.
    Internal = 500, "internal", "Something went wrong";
    /// Something we need does not answer.
    Unavailable = 503, "unavailable", "Try again in a moment";
}

/// What a field's fault is and where.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
pub struct FieldError {
    /// A JSON Pointer into the body as a URI fragment (RFC 6901), or `?name` of a parameter.
    #[schema(example = "#/text")]
    pub pointer: String,
    /// A word: `required`, `wrong_type`, `too_long`, …
    #[schema(example = "too_long")]
    pub code: String,
    /// What would have been accepted.
    #[schema(example = "at most 10000 characters")]
    pub detail: String,
}

/// What went wrong with a request.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: Option<Cow<'static, str>>,
    errors: Vec<FieldError>,
    cause: Option<String>,
    upgrade: Option<String>,
    pub(super) limited: Option<Box<(Act, Standing)>>,
}

/// A problem on the wire (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Body {
    /// Names the code, and leads to its description.
    #[serde(rename = "type")]
    #[schema(example = "/docs#problem-validation_failed")]
    kind: String,
    /// The code in words.
    #[schema(example = "A field is not valid")]
    title: &'static str,
    /// The HTTP status again.
    #[schema(example = 422)]
    status: u16,
    /// What to do next, when there is more to say. Never repeats what was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'static, str>>,
    /// A word of the closed list.
    #[schema(example = "validation_failed")]
    code: &'static str,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// Where a plan with more room is, when the plan is what refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    upgrade_url: Option<String>,
    /// The fields at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// Seconds after which a retry makes sense.
const RETRY_AFTER_SECONDS: &str = "1";

impl Problem {
    /// A problem of `code`.
    pub const fn new(code: Code) -> Self {
        Self {
            code,
            detail: None,
            errors: Vec::new(),
            cause: None,
            upgrade: None,
            limited: None,
        }
    }

    /// Not there, or not yours to see: the two are never told apart.
    pub const fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// A field at fault.
    pub fn field(code: Code, pointer: impl Into<String>, fault: Fault) -> Self {
        let Fault { code: word, detail } = fault;
        let error = FieldError {
            pointer: pointer.into(),
            code: word,
            detail,
        };
        Self {
            errors: vec![error],
            ..Self::new(code)
        }
    }

    /// A field whose value is not acceptable.
    pub fn invalid(pointer: &str, code: &str, detail: &str) -> Self {
        Self::field(Code::ValidationFailed, pointer, Fault::new(code, detail))
    }

    /// Several things at fault.
    pub fn of_all(code: Code, errors: Vec<FieldError>) -> Self {
        Self {
            errors,
            ..Self::new(code)
        }
    }

    /// Says what to do next.
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Says where a plan with more room is.
    pub fn with_upgrade(mut self, url: String) -> Self {
        self.upgrade = Some(url);
        self
    }

    /// A failure of ours; `cause` goes to the log and must name nobody.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..Self::new(Code::Internal)
        }
    }

    /// The code.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The fields at fault.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let code = if error.retryable() {
            Code::Unavailable
        } else {
            Code::Internal
        };
        Self {
            cause: Some(error.to_string()),
            ..Self::new(code)
        }
    }
}

impl From<MailError> for Problem {
    fn from(error: MailError) -> Self {
        Self {
            cause: Some(error.to_string()),
            ..Self::new(Code::Unavailable)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Some(cause) = &self.cause {
            super::asked::failed(self.code.word(), cause);
        }
        let status = self.code.status();
        let body = Body {
            kind: format!("/docs#problem-{}", self.code.word()),
            title: self.code.title(),
            status,
            detail: self.detail,
            code: self.code.word(),
            retryable: matches!(self.code, Code::Unavailable | Code::RateLimited),
            upgrade_url: self.upgrade,
            errors: self.errors,
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        match self.code {
            Code::Unavailable => {
                headers.insert(
                    header::RETRY_AFTER,
                    HeaderValue::from_static(RETRY_AFTER_SECONDS),
                );
            }
            Code::Unauthenticated | Code::TokenExpired | Code::TokenInvalid => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        if let Some((act, standing)) = self.limited.map(|limited| *limited) {
            refusal_headers(headers, act, standing);
        }
        let no_sniff = (
            HeaderName::from_static("x-content-type-options"),
            HeaderValue::from_static("nosniff"),
        );
        headers.insert(no_sniff.0, no_sniff.1);
        response
    }
}

/// The problem responses that any operation may give, for the OpenAPI document: one per status.
pub struct Problems;

impl utoipa::IntoResponses for Problems {
    fn responses()
    -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
        use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
        let mut statuses: std::collections::BTreeMap<u16, Vec<&'static str>> = Default::default();
        for code in Code::ALL {
            statuses.entry(code.status()).or_default().push(code.word());
        }
        statuses
            .into_iter()
            .map(|(status, words)| {
                let content = ContentBuilder::new()
                    .schema(Some(Ref::from_schema_name("Problem")))
                    .build();
                let response = ResponseBuilder::new()
                    .description(format!("`{}`", words.join("`, `")))
                    .content("application/problem+json", content)
                    .build();
                (status.to_string(), response.into())
            })
            .collect()
    }
}
