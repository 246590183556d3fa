//! Who stands at the page of copies, and which copies are theirs.
//!
//! Somebody without an account brings the link that was mailed to them. Who has one is signed in, and
//! has proved lately that it is still them: whoever can only read their mail gets nothing.

use shared::{
    app::App,
    domain::{ExportId, Policy, TenantId, Timestamp, policy::Lens, retention::EXPORT_LIFETIME},
    http::{
        Code, Problem, SignedIn,
        actor::Entry,
        page::{Next, Page, SessionCookie, Words},
    },
    store::{
        Fetched, Item, Query, SubjectId, TenantKey, Unsealed,
        export::{Export, ExportKind},
        job::JobState,
        keys,
    },
};

use crate::download;

/// How many copies of an account are shown: the newest.
const MOST: u16 = 10;

/// Somebody who stands at the page.
pub enum Visit {
    /// With the link to a copy.
    Linked(Box<(Entry, Export)>),
    /// Signed in, and proved.
    SignedIn(Box<SignedIn>),
}

/// Somebody, or where they have to go first.
pub enum Arrived {
    /// Somebody whose copies may be shown.
    Is(Box<Visit>),
    /// They sign in, or prove that it is them.
    Goes(Page),
}

/// Who comes with this token, or this cookie. `part` is read along.
///
/// # Errors
/// 401 `code_invalid` for a token that is none, and for one whose copy was deleted.
pub async fn arrive(
    app: &App,
    token: Option<&str>,
    cookie: &SessionCookie,
    part: u32,
) -> Result<Arrived, Problem> {
    if let Some(token) = token {
        return Ok(Arrived::Is(Box::new(linked(app, token, part).await?)));
    }
    Ok(match app.browsing(cookie, Vec::new()).await? {
        None => Arrived::Goes(Page::to("/sign-in")?),
        Some(it) if !it.session.is_proved(it.now) => Arrived::Goes(Page::to(&Next::Copy.proof())?),
        Some(it) => Arrived::Is(Box::new(Visit::SignedIn(Box::new(it)))),
    })
}

async fn linked(app: &App, token: &str, part: u32) -> Result<Visit, Problem> {
    let invalid = || Problem::new(Code::CodeInvalid);
    let (workspace, id, secret) = Export::read_link_token(token).ok_or_else(invalid)?;
    let tenant = TenantId::Workspace(workspace);
    let wanted = download::wanted(tenant, id, part);
    let entry = app.enter(workspace, wanted).await.map_err(|problem| {
        // A workspace that does not exist is not told from a token that is none.
        match problem.code() {
            Code::NotFound => invalid(),
            _ => problem,
        }
    })?;
    if !Export::secret(&entry.tenant_key, id)
        .hash()
        .matches(&secret)
    {
        return Err(invalid());
    }
    let found = entry.fetched();
    let export = copy(found, tenant, id, entry.now)?
        .filter(|export| export.export_kind == ExportKind::Visitor)
        .ok_or_else(invalid)?;
    Ok(Visit::Linked(Box::new((entry, export))))
}

impl Visit {
    /// Their copies that are done, newest first.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn copies(&self, app: &App) -> Result<Vec<Export>, Problem> {
        let signed_in = match self {
            Self::Linked(linked) => {
                let export = &linked.1;
                let done = export.export_state == JobState::Done;
                return Ok(done.then(|| export.clone()).into_iter().collect());
            }
            Self::SignedIn(signed_in) => signed_in,
        };
        let (tenant, now) = (TenantId::Platform, signed_in.now);
        let (own, kind) = (SubjectId::Account(signed_in.account), ExportKind::Account);
        let list = keys::export_list(tenant, own, kind, ExportId::new(now));
        let items = app
            .store
            .query(Query::lists(list.pk).newest_first().limit(MOST))
            .await?;
        let id = |item: &Item| item.get("lists_sk")?.as_s().ok()?.parse().ok();
        let ids: Vec<ExportId> = items.iter().filter_map(id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let places = ids.iter().map(|id| keys::export(tenant, *id));
        let fetched = app.store.batch(places.collect()).await?;
        let mut copies = Vec::new();
        for id in ids {
            copies.extend(copy(&fetched, tenant, id, now)?);
        }
        copies.retain(|export| export.export_state == JobState::Done);
        Ok(copies)
    }

    /// Counts the download of a part: a link that is good for five minutes. Who brings a link gets the
    /// copy that it names, whatever `id` says.
    ///
    /// # Errors
    /// As [`download::link`]; 404 for a copy of somebody else.
    pub async fn fetch(self, app: &App, id: ExportId, part: u32) -> Result<String, Problem> {
        match self {
            Self::Linked(linked) => {
                let (entry, export) = *linked;
                let SubjectId::Contact(contact) = export.subject else {
                    return Err(Problem::not_found());
                };
                let deed = shared::store::audit::Deed::ExportFetched;
                let line = entry.line(contact, deed).about(contact);
                let (key, found) = (&entry.tenant_key, entry.fetched());
                download::link(app, key, found, (export, part), entry.now, Some(line)).await
            }
            Self::SignedIn(signed_in) => {
                let (tenant, now) = (TenantId::Platform, signed_in.now);
                let fetched = app.store.batch(download::wanted(tenant, id, part)).await?;
                let own = SubjectId::Account(signed_in.account);
                let export = copy(&fetched, tenant, id, now)?
                    .filter(|export| export.subject == own)
                    .ok_or_else(Problem::not_found)?;
                let key: TenantKey = app.store.tenant_key(tenant, now).await?;
                download::link(app, &key, &fetched, (export, part), now, None).await
            }
        }
    }
}

fn copy(
    fetched: &Fetched,
    tenant: TenantId,
    id: ExportId,
    now: Timestamp,
) -> Result<Option<Export>, Problem> {
    let platform = Policy::platform();
    let lens = Lens {
        now,
        policy: &platform,
    };
    Ok(fetched.get::<Export>(&keys::export(tenant, id), &Unsealed, lens)?)
}

/// The page with these copies, and a link to the part that was fetched.
pub fn page(
    words: &'static Words,
    token: Option<&str>,
    copies: &[Export],
    above: maud::Markup,
) -> Page {
    let body = maud::html! {
        h1 { (words.copy) }
        (above)
        @if copies.is_empty() { p role="status" { (words.copy_none) } }
        @for copy in copies {
            p { ((words.copy_hint)(&day(copy.created_at.plus(EXPORT_LIFETIME)))) }
            form method="post" action="/privacy/copy" {
                @if let Some(token) = token { input type="hidden" name="token" value=(token); }
                input type="hidden" name="export" value=(copy.id);
                label {
                    ((words.copy_part)(copy.parts))
                    input type="number" name="part" min="0" max=(copy.parts) value="0" required;
                }
                button { (words.copy_fetch) }
            }
        }
    };
    Page::new(words.copy, body)
}

/// What is shown for a link that leads to nothing.
pub fn gone(words: &'static Words) -> Page {
    let body = maud::html! {
        h1 { (words.copy) }
        p role="status" { (words.copy_gone) }
    };
    Page::new(words.copy, body).because_of(Code::CodeInvalid)
}

fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
