//! `POST /account/passkeys`: what the buttons of the page do, and the proof by a passkey that the account's
//! other pages ask for.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::{App, limit::Act as Limited},
    domain::{ChallengeId, PasskeyId, text::Name},
    http::{
        Client, Code, Problem,
        page::{Asking, Form, Next, Page, Reader, Refusals, SessionCookie, Words, recovery_codes},
    },
    words,
};
use utoipa::ToSchema;

use super::{Visit, show_passkeys};
use crate::{
    answer::{CeremonyBegun, PasskeyAnswer},
    begin_registration, begin_step_up, finish_registration, finish_step_up, remove_passkey,
};

/// The path of this page.
const HERE: &str = "/account/passkeys";

words! {
    /// What a button of the page does.
    pub enum PasskeyAct {
        /// Begins to add one.
        Add = "add",
        /// Adds what the browser gave.
        Added = "added",
        /// Asks for one, as a proof.
        AskProof = "ask_proof",
        /// Takes the proof.
        Prove = "prove",
        /// Removes one.
        Remove = "remove",
    }
}

/// A form of the page: each sends its own part.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeysForm {
    /// What to do.
    act: PasskeyAct,
    /// What a passkey is to be called.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: String,
    /// Which ceremony is answered.
    ceremony: Option<ChallengeId>,
    /// What the browser gave, as JSON.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    credential: String,
    /// Which one to remove.
    passkey: Option<PasskeyId>,
    /// Where a proof leads.
    next: Option<Next>,
}

/// Press a button of the page of the passkeys.
#[utoipa::path(
    post,
    path = "/account/passkeys",
    operation_id = "send_passkeys",
    request_body(content = PasskeysForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A page that asks the browser, or recovery codes, which are shown once.", body = String, content_type = "text/html"),
        (status = 303, description = "It is done, or a proof comes first."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    reader: Reader,
    cookie: SessionCookie,
    Form(form): Form<PasskeysForm>,
) -> Response {
    reader.answer(act(&app, &client, reader.words, &cookie, &form).await)
}

async fn act(
    app: &App,
    client: &Client,
    words: &'static Words,
    cookie: &SessionCookie,
    form: &PasskeysForm,
) -> Result<Page, Problem> {
    let Some(visit) = super::visit(app, cookie).await? else {
        return Page::to("/sign-in");
    };
    let done = match form.act {
        PasskeyAct::Add => add(app, words, &visit, form).await,
        PasskeyAct::Added => added(app, words, &visit, form).await,
        PasskeyAct::AskProof => return ask_proof(app, client, words, &visit, form).await,
        PasskeyAct::Prove => return prove(app, client, words, &visit, form).await,
        PasskeyAct::Remove => remove(app, &visit, form).await,
    };
    done.or_else(|problem| {
        let again = |text| {
            let page = show_passkeys::form(words, &visit.passkeys, Some(text));
            Ok(page.because_of(problem.code()))
        };
        match problem.code() {
            Code::StepUpRequired => Page::to(&Next::Passkeys.proof()),
            Code::PasskeyRefused => again(words.passkey_refused),
            Code::PasskeysFull => again(words.passkeys_full),
            // A form that was sent twice, or beside another one: how things are now.
            Code::NotFound | Code::Conflict => Page::to(HERE),
            _ => Err(problem),
        }
    })
}

/// Begins to add a passkey: the page asks the browser.
async fn add(
    app: &App,
    words: &'static Words,
    visit: &Visit,
    form: &PasskeysForm,
) -> Result<Page, Problem> {
    let Ok(name) = Name::parse(&form.name) else {
        let page = show_passkeys::form(words, &visit.passkeys, Some(words.passkey_name_wrong));
        return Ok(page.because_of(Code::ValidationFailed));
    };
    let begun = begin_registration::begin(app, &visit.token).await?;
    let asking = Asking {
        title: words.passkey_add,
        hint: words.passkey_add_hint,
        action: HERE,
        options: &begun.options(),
        fields: html! {
            input type="hidden" name="act" value=(PasskeyAct::Added.word());
            input type="hidden" name="ceremony" value=(begun.id());
            input type="hidden" name="name" value=(name.reveal());
        },
        back: html! { p { a href=(HERE) { (words.back) } } },
    };
    Ok(Page::asking_for_a_passkey(words, asking))
}

/// Adds what the browser gave, and shows recovery codes where it was the first.
async fn added(
    app: &App,
    words: &'static Words,
    visit: &Visit,
    form: &PasskeysForm,
) -> Result<Page, Problem> {
    let refused = || Problem::new(Code::PasskeyRefused);
    let ceremony = form.ceremony.ok_or_else(refused)?;
    let answer = PasskeyAnswer::parse(&form.credential).ok_or_else(refused)?;
    let name = Name::parse(&form.name).map_err(|_| refused())?;
    let added = finish_registration::add(app, &visit.token, ceremony, name, &answer).await?;
    match added.recovery_codes() {
        [] => Page::to(HERE),
        codes => Ok(Page::new(
            words.recovery_codes,
            recovery_codes(words, codes),
        )),
    }
}

/// Removes one.
async fn remove(app: &App, visit: &Visit, form: &PasskeysForm) -> Result<Page, Problem> {
    let passkey = form.passkey.ok_or_else(Problem::not_found)?;
    remove_passkey::remove(app, &visit.token, passkey).await?;
    Page::to(HERE)
}

/// Asks for a passkey, as a proof.
async fn ask_proof(
    app: &App,
    client: &Client,
    words: &'static Words,
    visit: &Visit,
    form: &PasskeysForm,
) -> Result<Page, Problem> {
    let allowed = app.admit(client, Limited::SecondFactor, "").await?;
    let next = form.next.unwrap_or(Next::Passkeys);
    match begin_step_up::begin(app, &allowed, &visit.token).await {
        Ok(begun) => Ok(asks(words, &begun, next)),
        Err(problem) if problem.code() == Code::NotFound => Page::to(&next.proof()),
        Err(problem) => Err(problem),
    }
}

fn asks(words: &'static Words, begun: &CeremonyBegun, next: Next) -> Page {
    let asking = Asking {
        title: words.prove,
        hint: words.passkey_use_hint,
        action: HERE,
        options: &begun.options(),
        fields: html! {
            input type="hidden" name="act" value=(PasskeyAct::Prove.word());
            input type="hidden" name="ceremony" value=(begun.id());
            input type="hidden" name="next" value=(next.word());
        },
        back: html! { p { a href=(next.proof()) { (words.back) } } },
    };
    Page::asking_for_a_passkey(words, asking)
}

/// Takes the proof, and leads on. The refresh token changes with it, and so does the cookie.
async fn prove(
    app: &App,
    client: &Client,
    words: &'static Words,
    visit: &Visit,
    form: &PasskeysForm,
) -> Result<Page, Problem> {
    let next = form.next.unwrap_or(Next::Passkeys);
    let again = || {
        let body = html! {
            h1 { (words.prove) }
            p.wrong role="alert" { (words.passkey_refused) }
            p { a href=(next.proof()) { (words.back) } }
        };
        Page::new(words.prove, body).because_of(Code::PasskeyRefused)
    };
    let (Some(ceremony), Some(answer)) = (form.ceremony, PasskeyAnswer::parse(&form.credential))
    else {
        return Ok(again());
    };
    let subject = visit.token.account().to_string();
    let allowed = app.admit(client, Limited::ProveAgain, &subject).await?;
    match finish_step_up::prove(app, &allowed, &visit.token, ceremony, &answer).await {
        Ok(proved) => Page::to(&next.path())?.signing_in(proved.refresh_token()),
        Err(problem) if problem.code() == Code::PasskeyRefused => Ok(again()),
        Err(problem) => Err(problem),
    }
}
