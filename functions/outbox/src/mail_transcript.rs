//! Somebody wants a transcript by mail: it is made of the thread as it is now, and goes to an address that was proved.
//!
//! Everything is asked anew: whether the visitor may still be mailed, whether the member is still there and sees the
//! conversation. Between the mail service's yes and the note that the wish is settled lies the one moment in which
//! it may go out twice.

use shared::{
    app::{
        App, Conversing, MailError, Written,
        mail::ANSWER_ABOVE,
        transcript::{Contact as Shown, MAIL_BYTES, Reader, Scope, Transcript},
    },
    domain::{
        MemberId, Permission, Policy, Timestamp, WorkspaceId,
        policy::Lens,
        text::{Email, Name},
    },
    store::{
        CommitError, Item, Record as _, RootRef, Stored, SubjectId, Transaction, Unsealed,
        account::Seat,
        continuity::{ReplyLabel, ThreadWayOut},
        keys,
        membership::Membership,
        record::read_item,
        subject::State,
        transcript_mail::TranscriptMail,
    },
};

use crate::{
    failure::Failure,
    image,
    letter::{self, Part},
    mail_notice,
    opened::Opened,
};

const SUBJECT: &str = "Your conversation";

/// Whether an image asks for another mail than the one before it: that one was sent does not.
pub fn is_asked(new: &Item, old: Option<&Item>) -> bool {
    image::kind(new) == Some(TranscriptMail::DECLARATION.name)
        && old.and_then(|old| old.get("asked_at")) != new.get("asked_at")
}

/// Mails what a row asks for, if nobody has done so yet.
pub async fn send(app: &App, item: &Item) -> Result<(), Failure> {
    let now = app.clock.now();
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let Some(asked) = read_item::<TranscriptMail>(item, &Unsealed, lens)? else {
        return Ok(());
    };
    let place = (asked.workspace, asked.conversation);
    let at_row = keys::transcript_mail(asked.workspace, asked.conversation, asked.reader);
    let more = vec![at_row.clone()];
    let Some(opened) = Opened::read(app, place, asked.contact, more, now).await? else {
        return Ok(());
    };
    let fetched = &opened.scene.fetched;
    let row = fetched.get::<TranscriptMail>(&at_row, &Unsealed, lens)?;
    let Some(row) = row.filter(|row| !row.is_settled()) else {
        return Ok(());
    };
    let Some((to, reader)) = reader(app, &opened, &row).await? else {
        return Ok(());
    };
    let platform_key = image::platform_key(app).await?;
    if app
        .store
        .suppressed(&platform_key, &to, now)
        .await?
        .is_some()
    {
        return Ok(());
    }
    let mut letter = Letter {
        team: opened.name.clone(),
        reply_to: None,
        way_out: None,
        is_visitors: reader == Reader::Visitor,
        goes_on: false,
    };
    if letter.is_visitors {
        letter.reply_to = reply_to(app, &opened, now).await?;
        let (workspace, contact) = (row.workspace, row.contact);
        let way_out = ThreadWayOut { workspace, contact }.token(&platform_key);
        let way_out = format!("{}/unsubscribe?token={way_out}", app.config.issuer);
        letter.way_out = (row.asked_by != row.reader).then_some(way_out);
    }
    let scope = Scope {
        workspace: row.workspace,
        tenant_key: &opened.tenant_key,
        lens: Lens {
            now,
            policy: &opened.scene.policy,
        },
    };
    let thread = (opened.scene.head.clone(), opened.key);
    let transcript = Transcript::gather(app, scope, thread, reader, (0, MAIL_BYTES)).await?;
    letter.goes_on = transcript.next_after_seq.is_some();
    match app
        .mailer
        .converse(letter.write(to, &transcript.plain()))
        .await
    {
        Ok(()) => {}
        Err(error @ MailError::Refused(_)) => {
            tracing::warn!(cause = %error, "a transcript was refused");
        }
        Err(error @ MailError::Unavailable(_)) => return Err(error.into()),
    }
    settle(app, row, now).await
}

/// Where it goes, and what its reader gets; nowhere, when that may not be any more.
async fn reader(
    app: &App,
    opened: &Opened,
    row: &TranscriptMail,
) -> Result<Option<(Email, Reader)>, Failure> {
    let scene = &opened.scene;
    match row.reader {
        SubjectId::Contact(id) if scene.contact.id == id && scene.head.contact == id => {
            let email = opened.profile.as_ref().and_then(|one| one.email.clone());
            let may = row.check(&scene.policy, &scene.contact).is_ok();
            Ok(email.filter(|_| may).map(|email| (email, Reader::Visitor)))
        }
        SubjectId::Member(id) => member(app, opened, id, row.notes).await,
        _ => Ok(None),
    }
}

async fn member(
    app: &App,
    opened: &Opened,
    id: MemberId,
    notes: bool,
) -> Result<Option<(Email, Reader)>, Failure> {
    let (workspace, now) = (opened.scene.head.workspace, opened.now);
    let Some(membership) = membership(app, opened, workspace, id).await? else {
        return Ok(None);
    };
    let platform = Policy::platform();
    let lens = Lens {
        now,
        policy: &platform,
    };
    let at_seat = keys::seat(membership.account, workspace);
    let fetched = app.store.batch(vec![at_seat.clone()]).await?;
    let seat = fetched.get::<Seat>(&at_seat, &Unsealed, lens)?;
    let good = |seat: &Seat| {
        let reads = seat.role.may(Permission::ConversationsWrite);
        let sees = seat.sight().sees(opened.scene.head.standing());
        seat.is_good(now) && seat.member == id && seat.break_glass.is_none() && reads && sees
    };
    let Some(seat) = seat.filter(good) else {
        return Ok(None);
    };
    let contact = match seat.role.may(Permission::PersonalDataRead) {
        true => Shown::Named,
        false => Shown::Masked,
    };
    let reader = match notes {
        true => Reader::TeamWithNotes(contact),
        false => Reader::Team(contact),
    };
    let address = mail_notice::address(app, membership.account, lens).await?;
    Ok(address.map(|address| (address, reader)))
}

async fn membership(
    app: &App,
    opened: &Opened,
    workspace: WorkspaceId,
    id: MemberId,
) -> Result<Option<Membership>, Failure> {
    let at = keys::membership(workspace, id);
    let wanted = vec![keys::data_key(&RootRef::of(&at)), at.clone()];
    let fetched = app.store.batch(wanted).await?;
    let Some(key) = fetched.data_key(&at, &opened.tenant_key)? else {
        return Ok(None);
    };
    let lens = Lens {
        now: opened.now,
        policy: &opened.scene.policy,
    };
    let found = fetched.get::<Membership>(&at, &key, lens)?;
    Ok(found.filter(|found| found.state == State::Live))
}

/// The address at which the visitor answers, good from now on; none where no mail comes in.
async fn reply_to(app: &App, opened: &Opened, now: Timestamp) -> Result<Option<String>, Failure> {
    let contact = app.config.reply_contact.as_deref();
    let Some((name, host)) = contact.and_then(|address| address.split_once('@')) else {
        return Ok(None);
    };
    let head = &opened.scene.head;
    let place = (head.workspace, head.id);
    let label = ReplyLabel::new(&opened.tenant_key, place, head.contact);
    let known_as = label.address(&opened.tenant_key);
    // First what takes the address along when the conversation goes.
    let kept = app
        .store
        .keep_reply_address(place, head.contact, known_as, now);
    kept.await?;
    let good = app.store.open_reply_address(&opened.scene, known_as, now);
    let good = good.await?;
    Ok(good.then(|| format!("{name}+{}@{host}", label.write())))
}

/// Notes that the wish was carried out; another one that came meanwhile stays.
async fn settle(app: &App, row: TranscriptMail, now: Timestamp) -> Result<(), Failure> {
    let settled = TranscriptMail {
        carried_out_at: Some(row.asked_at),
        ..row
    };
    let mut transaction = Transaction::new(now);
    transaction.replace(&Stored::next(settled, &Policy::platform()), &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

/// The mail, before it is written.
struct Letter {
    team: Option<Name>,
    reply_to: Option<String>,
    way_out: Option<String>,
    is_visitors: bool,
    /// Whether the conversation is longer than a mail can be.
    goes_on: bool,
}

impl Letter {
    fn write(self, to: Email, transcript: &str) -> Conversing {
        let team = self.team.as_ref().map_or("the team", Name::reveal);
        let opening = match self.is_visitors {
            true => format!("this is your conversation with {team}, as it was when this was sent."),
            false => "this is the conversation that you asked for, as it was when this was sent."
                .to_owned(),
        };
        let mut parts = Vec::new();
        if self.reply_to.is_some() {
            parts.push(Part::Says(ANSWER_ABOVE));
        }
        parts.extend([
            Part::Says("Hello,"),
            Part::Says(&opening),
            Part::Quotes(transcript),
        ]);
        if self.goes_on {
            parts.push(Part::Says(match self.is_visitors {
                true => {
                    "The conversation is longer than a mail can be. All of it can be downloaded in the chat."
                }
                false => {
                    "The conversation is longer than a mail can be. All of it can be downloaded in the inbox."
                }
            }));
        }
        if self.reply_to.is_some() {
            parts.push(Part::Says(
                "Answer this mail, and your answer comes into the chat; files do not.",
            ));
        }
        match &self.way_out {
            Some(way_out) => parts.extend([
                Part::Says("The team sent it to you. This page ends mail about your chats:"),
                Part::Leads(way_out),
            ]),
            None => parts.push(Part::Says("You get it because you asked for it.")),
        }
        Conversing {
            to,
            subject: SUBJECT.into(),
            text: letter::text(&parts),
            html: letter::html(&parts),
            reply_to: self.reply_to,
            written: Written::ByProgram,
            way_out: self.way_out,
        }
    }
}
