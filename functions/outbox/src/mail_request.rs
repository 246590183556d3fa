//! Letters about a request about one's data: to the person, and to the operator where a workspace
//! says nothing.
//!
//! A letter to the person names who answers, and brings the words of the answer; it says of the request
//! itself what kind it is and nothing that was written in it.

use shared::{
    app::{App, Mail, MailKind},
    domain::{
        Policy, TenantId, Timestamp,
        policy::Lens,
        privacy::{CONFIRM_WITHIN, DenialReason, Maker, RequestKind},
        text::{Email, Name},
        time::DAY,
    },
    store::{
        Item, RootRef, TenantKey, Unsealed,
        export::Export,
        keys,
        privacy::{Letter, PrivacyLetter, PrivacyRequest, RequestWords},
        record::read_item,
        workspace::Workspace,
    },
};

use crate::{
    failure::Failure,
    letter::{self, Part},
};

/// Mails a letter, if its request still has the words and the address for it.
pub async fn send(app: &App, item: &Item) -> Result<(), Failure> {
    let now = app.clock.now();
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let Some(row) = read_item::<PrivacyLetter>(item, &Unsealed, lens)? else {
        return Ok(());
    };
    let place = keys::privacy_request(row.tenant, row.request);
    let at_words = keys::privacy_words(row.tenant, row.request);
    let mut wanted = vec![
        place.clone(),
        keys::data_key(&RootRef::of(&place)),
        at_words.clone(),
        keys::tenant_key(row.tenant),
    ];
    let home = match row.tenant {
        TenantId::Platform => None,
        TenantId::Workspace(workspace) => Some(keys::workspace(workspace)),
    };
    if let Some(home) = &home {
        wanted.extend([home.clone(), keys::data_key(&RootRef::of(home))]);
    }
    let fetched = app.store.batch(wanted).await?;
    let Some(head) = fetched.get::<PrivacyRequest>(&place, &Unsealed, lens)? else {
        return Ok(());
    };
    let operator = app.config.operator_email.as_deref();
    if row.letter.is_for_operator() {
        let Some(to) = operator.and_then(|address| Email::parse(address).ok()) else {
            return Ok(());
        };
        return Ok(app.mailer.send(to_operator(to, row.letter, &head)).await?);
    }
    let tenant_key = app
        .store
        .unwrap_tenant_key(row.tenant, &fetched, now)
        .await?;
    let Some(key) = fetched.data_key(&place, &tenant_key)? else {
        return Ok(());
    };
    let Some(words) = fetched.get::<RequestWords>(&at_words, &key, lens)? else {
        return Ok(());
    };
    let Some(to) = words.reply_to.clone() else {
        return Ok(());
    };
    let name = match &home {
        Some(home) => match fetched.data_key(home, &tenant_key)? {
            Some(key) => fetched.get::<Workspace>(home, &key, lens)?,
            None => None,
        },
        None => None,
    };
    let link = link(&app.config.issuer, &tenant_key, row.letter, &head);
    let name = name.map(|workspace| workspace.name);
    let mail = to_person(
        to,
        row.letter,
        &head,
        &words,
        name.as_ref(),
        link.as_deref(),
    );
    Ok(app.mailer.send(mail).await?)
}

/// Where a letter leads: to the page that confirms, or to the copy. Who holds an account signs in there.
fn link(
    issuer: &str,
    tenant_key: &TenantKey,
    letter: Letter,
    head: &PrivacyRequest,
) -> Option<String> {
    match (letter, head.workspace(), head.copy) {
        (Letter::Confirm, ..) => {
            let token = head.link_token(tenant_key);
            Some(format!("{issuer}/privacy/confirm?token={token}"))
        }
        (Letter::Fulfilled, Some(workspace), Some(copy)) => {
            let token = Export::link_token(tenant_key, workspace, copy);
            Some(format!("{issuer}/privacy/copy?token={token}"))
        }
        (Letter::Fulfilled, None, Some(_)) => Some(format!("{issuer}/privacy/copy")),
        _ => None,
    }
}

const fn asked(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Access => "to see what is kept about you",
        RequestKind::ChildReport => "a report that the data of a child are here",
        RequestKind::DeleteCallMetadata => "to delete what is kept about calls",
        RequestKind::Erase => "to delete what is kept about you",
        RequestKind::Export => "for an export of what is kept about you",
        RequestKind::Object => "to no longer do something with what is kept about you",
        RequestKind::OptOut => "for no more mail about offers",
        RequestKind::Question => "a question about privacy",
        RequestKind::Rectify => "to correct what is kept about you",
        RequestKind::Restrict => "to keep what is kept about you, and to do nothing else with it",
        RequestKind::Unrestrict => "to use what is kept about you again",
    }
}

const fn because(reason: DenialReason) -> &'static str {
    match reason {
        DenialReason::ClaimNotCovered => "What you asked for is not covered by your rights here.",
        DenialReason::InsufficientVerification => "It could not be verified that it is you.",
        DenialReason::NoMatch => "Nothing is kept about you.",
        DenialReason::Other => "The explanation says why.",
        DenialReason::OutsideJurisdiction => "Another law holds for it.",
        DenialReason::SuspectedFraud => "There is reason to believe that it was not you.",
        DenialReason::TooManyRequests => "The same was asked too often.",
    }
}

/// A day for people.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

fn to_person(
    to: Email,
    letter: Letter,
    head: &PrivacyRequest,
    words: &RequestWords,
    name: Option<&Name>,
    link: Option<&str>,
) -> Mail {
    let who = match name {
        Some(name) => format!("Who answers: {}.", name.reveal()),
        None => "Who answers: the operator of this service.".to_owned(),
    };
    let about = match (head.made_by, letter) {
        // What it is about is said with the link.
        (Maker::Mail, Letter::Confirm) => {
            "It came by mail. The link asks what it is about.".to_owned()
        }
        _ => format!("Your request: {}.", asked(head.request)),
    };
    let number = format!("Its number: {}.", head.id);
    let until = format!("You get an answer by {}.", day(head.expected_by));
    let proof = format!(
        "Confirm with this link that it was you. It is good for {} days; without it nothing happens:",
        CONFIRM_WITHIN.as_secs() / DAY.as_secs()
    );
    let receipt = head.erasure();
    let receipt = receipt.map(|id| format!("The number of the receipt: {id}."));
    let said = words.answer.as_ref().map(|answer| answer.reveal());
    let mut parts = vec![Part::Says("Hello,")];
    let (subject, opening) = match letter {
        Letter::Acknowledged => (
            "Your privacy request was received",
            "your request about your data was received.",
        ),
        Letter::Confirm => (
            "Confirm your privacy request",
            "a request about your data was received, made by you or by somebody who says so.",
        ),
        Letter::Denied => (
            "Your privacy request was refused",
            "your request about your data was refused.",
        ),
        Letter::Extended => (
            "Your privacy request takes longer",
            "your request about your data takes longer than thirty days.",
        ),
        Letter::Waiting => (
            "Your privacy request waits for you",
            "your request about your data can be carried out, and waits for something that only you can do.",
        ),
        // The others go to the operator.
        _ => (
            "Your privacy request is done",
            "your request about your data is done.",
        ),
    };
    parts.push(Part::Says(opening));
    parts.extend([Part::Says(&about), Part::Says(&who), Part::Says(&number)]);
    match letter {
        Letter::Acknowledged => parts.push(Part::Says(&until)),
        Letter::Confirm => {
            parts.push(Part::Says(&until));
            parts.push(Part::Says(&proof));
            parts.extend(link.map(Part::Leads));
            parts.push(Part::Says("It was not you? Then ignore this mail."));
        }
        Letter::Denied => {
            parts.extend(head.reason.map(|reason| Part::Says(because(reason))));
            parts.extend(said.map(Part::Says));
            parts.push(Part::Says(
                "You may complain to the authority for data protection where you live.",
            ));
        }
        Letter::Extended => {
            parts.extend(said.map(Part::Says));
            parts.push(Part::Says(&until));
        }
        Letter::Waiting => parts.push(Part::Says(
            "You are the only owner of a workspace. Hand it over to a colleague, or delete it: then \
             your account is erased by itself. You may also take the request back.",
        )),
        _ => {
            parts.extend(said.map(Part::Says));
            parts.extend(receipt.as_deref().map(Part::Says));
            if let Some(link) = link {
                parts.push(Part::Says(
                    "The copy of your data lies here. It is deleted seven days after it was begun:",
                ));
                parts.push(Part::Leads(link));
            }
        }
    }
    Mail {
        to,
        kind: MailKind::Request,
        subject,
        text: letter::text(&parts),
        html: letter::html(&parts),
    }
}

fn to_operator(to: Email, letter: Letter, head: &PrivacyRequest) -> Mail {
    let (subject, what) = match letter {
        Letter::Escalated => (
            "A workspace does not answer a privacy request",
            "a visitor's request about their data is open, and the workspace has said nothing.",
        ),
        Letter::Received => (
            "A privacy request came in",
            "somebody with an account asks about their data.",
        ),
        Letter::Reminded => (
            "A privacy request has to be answered soon",
            "a request of somebody with an account is still open, and its time is nearly over.",
        ),
        _ => (
            "The time of a privacy request is over",
            "a request about somebody's data was not answered in time.",
        ),
    };
    let place = match head.workspace() {
        Some(workspace) => format!("Workspace: {workspace}."),
        None => "It is yours to answer.".to_owned(),
    };
    let number = format!("Request: {}, {}.", head.id, head.request.word());
    let dates = format!(
        "Received on {}, to be answered by {}.",
        day(head.received_at),
        day(head.expected_by)
    );
    let parts = [
        Part::Says("Hello,"),
        Part::Says(what),
        Part::Says(&place),
        Part::Says(&number),
        Part::Says(&dates),
    ];
    Mail {
        to,
        kind: MailKind::Request,
        subject,
        text: letter::text(&parts),
        html: letter::html(&parts),
    }
}
