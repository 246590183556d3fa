//! `POST /v1/widget/sessions`: a visitor arrives, unknown, with the customer's signed word, or back
//! from an earlier visit.
//!
//! The app's key says which workspace; the page's origin or the mobile app's bundle must be one of
//! the app's. A signed identity always leads to the one contact of its external id, an address
//! never joins anybody to anybody, and a signed identity leaves a resume token aside.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use shared::{
    app::{App, limit::Act},
    domain::{ContactId, Timestamp, VisitId, policy::Module},
    http::{
        Allowance, Client, Code, Json, Problem, Problems, VisitorToken,
        actor::Entry,
        bearer::RESUME_PREFIX,
        guest::check_origin,
        person::{self, Person, RACES},
    },
    store::{
        CommitError, Fetched, Stored, Transaction, Unsealed,
        app::{App as Stock, Identity},
        contact::Visit,
        keys,
    },
};
use utoipa::ToSchema;

use crate::{
    arrival::{self, SessionContext, newcomer, returning, welcome_back},
    identity::{self, Signed},
    visit::{self, Resumed, Tokens},
};

/// Who arrives where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartSession {
    /// The public key of the app.
    #[schema(example = "pk_01kf0a1b2c3d4e5f6g7h8j9k0m01kf0a1b2c3d4e5f6g7h8j9k0n")]
    app_key: String,
    /// Who the visitor is, by the customer's word: a JWT (HS256) under the app's identity secret
    /// with `sub`, `aud` (the workspace's id), `exp` (at most an hour ahead), and optionally `name`
    /// and `email`. With it a resume token is left aside.
    identity_token: Option<String>,
    /// The token of an earlier session, to go on as the same visitor.
    resume_token: Option<String>,
    /// Where the visitor is.
    #[serde(default, deserialize_with = "shared::http::json::object_or_null")]
    context: Option<SessionContext>,
}

/// A session of the widget.
#[derive(Serialize, ToSchema)]
pub struct WidgetSession {
    /// For `Authorization: Bearer`, until `expires_at`.
    #[schema(example = "vt_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksx.dGhlIHNlY3JldA")]
    session_token: String,
    /// When the session token ends.
    expires_at: Timestamp,
    /// For the next session of the same visitor. Good once: the next session brings another.
    #[schema(example = "vr_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksx.dGhlIHNlY3JldA")]
    resume_token: String,
    /// Who the visitor is.
    visitor: SessionVisitor,
}

/// Who the visitor of a session is.
#[derive(Serialize, ToSchema)]
pub struct SessionVisitor {
    /// As which contact the team knows the visitor.
    contact_id: ContactId,
    /// Whether the customer signed for the identity.
    verified: bool,
}

/// Start a widget session.
#[utoipa::path(
    post,
    path = "/v1/widget/sessions",
    operation_id = "start_widget_session",
    params(
        ("Origin" = Option<String>, Header, description = "Of a web app: one of its origins. Browsers send it."),
        ("X-Bundle-Id" = Option<String>, Header, description = "Of a mobile app: its bundle."),
    ),
    request_body = StartSession,
    responses((status = 201, description = "The session.", body = WidgetSession), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    Json(body): Json<StartSession>,
) -> Result<(StatusCode, Allowance, Json<WidgetSession>), Problem> {
    let StartSession {
        app_key,
        identity_token,
        resume_token,
        context,
    } = body;
    let key = Stock::read_public_key(&app_key).ok_or_else(Problem::not_found)?;
    let (workspace, id) = (key.workspace, key.app);
    let allowed = app.admit(&client, Act::StartVisit, &id.to_string()).await?;
    let resume = resume_token.as_deref().filter(|_| identity_token.is_none());
    let resume = resume.map(|text| {
        VisitorToken::parse(RESUME_PREFIX, text).filter(|(token, _)| token.workspace == workspace)
    });
    let mut wanted = vec![keys::app(workspace, id)];
    if let Some(Some((token, visit))) = &resume {
        wanted.extend(resume_wanted(token, *visit));
    }
    let entry = app.enter(workspace, wanted).await?;
    let stock = entry
        .open::<Stock>(&keys::app(workspace, id))?
        .filter(|stock| stock.goes_by(&key, entry.now))
        .ok_or_else(Problem::not_found)?;
    check_origin(&stock, &headers)?;
    if stock.disabled_at.is_some() {
        return Err(Problem::new(Code::AppOff));
    }
    if let Some(cap) = stock.sessions_per_minute {
        app.admit_visit_under(cap, &id.to_string()).await?;
    }
    entry.require(Module::Conversations)?;

    let arriving = Arriving {
        app: &app,
        entry: &entry,
        stock: &stock,
        context: context.as_ref(),
    };
    let session = match (identity_token, resume) {
        (Some(token), _) => arriving.with_identity(&token).await?,
        (None, Some(Some((token, visit)))) => arriving.again(&token, visit).await?,
        (None, Some(None)) => return Err(Problem::new(Code::TokenInvalid)),
        (None, None) if stock.identity == Identity::Required => {
            return Err(Problem::new(Code::Unauthenticated));
        }
        (None, None) => arriving.unknown().await?,
    };
    Ok((StatusCode::CREATED, allowed, Json(session)))
}

/// What going on with an earlier visit reads.
fn resume_wanted(token: &VisitorToken, visit: VisitId) -> Vec<shared::store::Key> {
    let mut wanted = person::wanted(token.workspace, token.contact).to_vec();
    wanted.push(keys::visit(token.workspace, token.contact, visit));
    wanted
}

fn session(visit: &Visit, tokens: &Tokens, verified: bool) -> WidgetSession {
    let (session_token, resume_token) = tokens.write(visit);
    WidgetSession {
        session_token,
        expires_at: visit.token_ends_at,
        resume_token,
        visitor: SessionVisitor {
            contact_id: visit.contact,
            verified,
        },
    }
}

/// A visitor at the door of an app that may be used from there.
struct Arriving<'a> {
    app: &'a App,
    entry: &'a Entry,
    stock: &'a Stock,
    context: Option<&'a SessionContext>,
}

impl Arriving<'_> {
    fn visit(
        &self,
        transaction: &mut Transaction,
        contact: ContactId,
    ) -> Result<(Visit, Tokens), Problem> {
        let Entry {
            tenant_key,
            workspace,
            now,
            policy,
            ..
        } = self.entry;
        let (visit, tokens) = visit::begin(tenant_key, *workspace, self.stock, contact, *now)?;
        let visit = Stored::new(visit, policy);
        transaction.create(&visit, &Unsealed)?;
        Ok((visit.into_record(), tokens))
    }

    /// Commits; whether it was done, or refused by a condition.
    async fn commit(&self, transaction: Transaction) -> Result<bool, Problem> {
        match self.app.store.commit(transaction).await {
            Ok(()) => Ok(true),
            Err(CommitError::Refused(_)) => Ok(false),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// Somebody nobody knows: a new contact.
    async fn unknown(&self) -> Result<WidgetSession, Problem> {
        let mut transaction = Transaction::new(self.entry.now);
        let contact = newcomer(&mut transaction, self.entry, None, self.context)?;
        let (visit, tokens) = self.visit(&mut transaction, contact.id)?;
        if self.commit(transaction).await? {
            Ok(session(&visit, &tokens, contact.verified))
        } else {
            Err(Problem::internal("a new contact whose place was taken"))
        }
    }

    /// Somebody the customer signed for: the contact of the external id, or a new one.
    async fn with_identity(&self, token: &str) -> Result<WidgetSession, Problem> {
        if self.stock.identity == Identity::Off {
            return Err(Problem::invalid(
                "#/identity_token",
                "forbidden",
                "this app takes no signed identity",
            ));
        }
        let Entry {
            tenant_key,
            workspace,
            now,
            ..
        } = self.entry;
        let secret = self.stock.identity_secret(tenant_key)?;
        let signed = match identity::verify(token, &secret, *workspace, *now) {
            Ok(signed) => signed,
            // Signed before the customer's servers learned of the rotation.
            Err(problem) => match self.stock.former_identity_secret(tenant_key, *now)? {
                Some(former) => identity::verify(token, &former, *workspace, *now)?,
                None => return Err(problem),
            },
        };
        // Another session of the same person may win a race: then it is read again.
        for _ in 0..RACES {
            let mut transaction = Transaction::new(*now);
            let contact = match self.find(&signed).await? {
                Some(person) => {
                    let contact = person.contact.id;
                    returning(
                        &mut transaction,
                        self.entry,
                        person,
                        Some(&signed),
                        self.context,
                    )?;
                    contact
                }
                None => newcomer(&mut transaction, self.entry, Some(&signed), self.context)?.id,
            };
            let (visit, tokens) = self.visit(&mut transaction, contact)?;
            if self.commit(transaction).await? {
                return Ok(session(&visit, &tokens, true));
            }
        }
        Err(Problem::new(Code::Unavailable))
    }

    /// The contact of an external id, if there is one yet.
    async fn find(&self, signed: &Signed) -> Result<Option<Person>, Problem> {
        let found = arrival::known_by(self.app, self.entry, &signed.external_id).await?;
        let Some(person) = found else { return Ok(None) };
        if person.contact.blocked {
            Err(Problem::new(Code::Blocked))
        } else {
            Ok(Some(person))
        }
    }

    /// Somebody who was here before.
    async fn again(&self, token: &VisitorToken, visit: VisitId) -> Result<WidgetSession, Problem> {
        let now = self.entry.now;
        let mut read_again: Option<Fetched> = None;
        for _ in 0..RACES {
            let fetched = read_again.as_ref().unwrap_or_else(|| self.entry.fetched());
            let (visit, person) = self.earlier(fetched, token, visit)?;
            let verified = person.contact.verified;
            let (next, tokens) =
                match visit::resume(&self.entry.tenant_key, &visit, token.secret(), now) {
                    Resumed::Next(next, tokens) => (next, tokens),
                    Resumed::Already(tokens) => {
                        self.check_welcome(&person)?;
                        return Ok(session(&visit, &tokens, verified));
                    }
                    Resumed::No => return Err(Problem::new(Code::TokenInvalid)),
                };
            self.check_welcome(&person)?;
            let next = Visit {
                team: self.stock.team,
                asks_rating: self.stock.asks_rating,
                mails_offline: self.stock.mails_offline,
                ..next
            };
            let next = Stored::next(next, &self.entry.policy);
            let mut transaction = Transaction::new(now);
            transaction.replace(&next, &Unsealed)?;
            returning(&mut transaction, self.entry, person, None, self.context)?;
            if self.commit(transaction).await? {
                return Ok(session(next.record(), &tokens, verified));
            }
            let wanted = resume_wanted(token, visit.id);
            read_again = Some(self.app.store.batch(wanted).await?);
        }
        Err(Problem::new(Code::Unavailable))
    }

    /// The visit and the person that a resume token names, through this app.
    fn earlier(
        &self,
        fetched: &Fetched,
        token: &VisitorToken,
        visit: VisitId,
    ) -> Result<(Visit, Person), Problem> {
        let gone = || Problem::new(Code::TokenInvalid);
        let place = keys::visit(self.entry.workspace, token.contact, visit);
        let visit = fetched
            .get::<Visit>(&place, &Unsealed, self.entry.lens())?
            .filter(|visit| visit.app == self.stock.id)
            .ok_or_else(gone)?;
        welcome_back(fetched, self.entry, token.contact)?;
        let person = person::open(fetched, self.entry, token.contact)?.ok_or_else(gone)?;
        Ok((visit, person))
    }

    /// Refuses whom the team blocked, and the unsigned where the app asks for signed identities.
    fn check_welcome(&self, person: &Person) -> Result<(), Problem> {
        if person.contact.blocked {
            return Err(Problem::new(Code::Blocked));
        }
        if self.stock.identity == Identity::Required && !person.contact.verified {
            return Err(Problem::new(Code::Unauthenticated));
        }
        Ok(())
    }
}
