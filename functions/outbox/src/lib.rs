//! What leaves the system: the stream of the table becomes mail and clean-up.
//!
//! | file | what happened | effect |
//! |---|---|---|
//! | `begin_flow` | a rule of the inbox comes to hold of a conversation | its flow begins there |
//! | `do_for_flow` | a flow mails the visitor, or notes something about them | the mail; the contact as it is then |
//! | `give_out` | a conversation came to wait in a team | it goes to whose turn it is |
//! | `mail_continuity` | the team wrote to a visitor; a mail about that is due; its conversation went | a look after a while, then the mail; its address for replies goes |
//! | `mail_chat_code` | a visitor is to prove an address, in a flow or by themselves | the mail with the code |
//! | `mail_code` | a code was asked for | the mail with the code |
//! | `mail_disclosure` | something about somebody was handed over, and they may know | the mail that says so |
//! | `mail_farewell` | an account was erased | the last mail, with the receipt |
//! | `mail_invitation` | somebody was invited, or again | the mail with the link |
//! | `mail_letter` | an announcement reached an account | its mail, once |
//! | `mail_notice` | something about an account changed | the mail that says so |
//! | `mail_request` | a request about one's data came, waits, or was answered | the letter that says so |
//! | `mail_reset` | somebody forgot their password | the mail with the link |
//! | `mail_support` | something was said in a thread with the operator, it is new, or its address was proved | the mail to the other side, the acknowledgement, the answers that waited |
//! | `mail_transcript` | somebody wants a transcript by mail | it is made, and goes to an address that was proved |
//! | `hook` | something that services of the customer are told of | a delivery for each |
//! | `notify` | something that people want to hear of | a notification for each |
//! | `nudge` | a conversation changed | those who listen to it hear so |
//! | `call_over` | a call that was offered in a conversation begins or is over | its flow hears so, and a line of its thread |
//! | `call_setup` | a call that was taken is over | it counts, and whether it connected |
//! | `ring` | a call rings, stops ringing, or is further | those who may take it, and the two devices in it, hear so |
//! | `close_sockets` | a login session or a seat went, or a seat shows other conversations | the sockets that rest on it are closed |
//! | `feedback` | a mail came back, or its reader complained | the address is written to no more where that may be, and the team sees it |
//! | `reach` | what is known of a contact changed | a mail from its address finds whoever answers for it |
//! | `remove_file` | the row of a file went, deleted by us or by TTL | every version of the file goes |
//! | `remove_root` | the head of a root went, deleted by us or by TTL | its key and its edge go |
//! | `try_first` | a delivery, a notification, or a request of a flow was written | its first try, and what follows |
//!
//! At least once, never exactly once: SES knows no idempotency key, so a mail whose answer was lost
//! is sent again. Mails bear that: codes and links are computed and stay the same.
//! Removals are idempotent. Order is kept: a record that must wait holds back those after it.

mod begin_flow;
mod call_over;
mod call_setup;
mod close_sockets;
mod do_for_flow;
mod failure;
mod feedback;
mod give_out;
mod hook;
mod image;
mod letter;
mod mail_chat_code;
mod mail_code;
mod mail_continuity;
mod mail_disclosure;
mod mail_farewell;
mod mail_invitation;
mod mail_letter;
mod mail_notice;
mod mail_request;
mod mail_reset;
mod mail_support;
mod mail_transcript;
mod notify;
mod nudge;
mod opened;
mod post;
mod reach;
mod remove_file;
mod remove_root;
mod ring;
mod try_first;

use std::time::Duration;

use shared::{
    app::{App, bot::Round, webhook::Turn},
    lambda::stream::{Answer, Batch, Change, Record as Changed},
    store::{
        Item, Record as _,
        account::{Account, Challenge, LoginSession, Seat},
        announcement::Letter,
        call::Call,
        contact::{AddressProof, Profile},
        continuity::Continuity,
        conversation::Conversation,
        disclosure::DisclosedPart,
        erasure::Erasure,
        flow_deed::FlowDeed,
        flow_request::FlowRequest,
        flow_run::FlowCode,
        membership::Invitation,
        notice::Notice,
        notification::Notification,
        password::ResetLink,
        privacy::PrivacyLetter,
        support::{SupportMessage, SupportThread},
        webhook::Delivery,
    },
};

use failure::Failure;
pub use feedback::hear;

/// How long a batch is worked on. The function's own limit is twice that, and a batch that ran
/// into it would come again as a whole, with every mail that had gone out.
const BUDGET: Duration = Duration::from_secs(15);

/// Carries out the effects of a batch, oldest first, and says from where on it must come again.
pub async fn handle(app: &App, batch: Batch) -> Answer {
    // Together: a mail does not wait for sockets, nor a nudge for SES.
    // Boxed: the types of all their futures, one within another, are a deeper nest than the compiler
    // goes into for a release.
    let effects = Box::pin(effects(app, &batch));
    let nudges = Box::pin(nudge::tell(app, &batch.records));
    let records = &batch.records;
    let deliveries = try_first::all(records, Delivery::DECLARATION.name, |place| {
        let app = app.clone();
        async move { app.deliver(&place, Turn::First).await }
    });
    let requests = try_first::all(records, FlowRequest::DECLARATION.name, |place| {
        let app = app.clone();
        async move { app.ask_server(&place, Round::First).await }
    });
    let notifications = try_first::all(records, Notification::DECLARATION.name, |place| {
        let app = app.clone();
        async move { app.notify(&place, Turn::First).await }
    });
    let (deliveries, requests, notifications) = (
        Box::pin(deliveries),
        Box::pin(requests),
        Box::pin(notifications),
    );
    let rings = Box::pin(ring::tell(app, &batch.records));
    let (mut answer, (), (), (), (), ()) =
        tokio::join!(effects, nudges, deliveries, requests, notifications, rings);
    answer.report = call_setup::count(&batch.records);
    answer
}

async fn effects(app: &App, batch: &Batch) -> Answer {
    let stop_at = app.clock.now().plus(BUDGET);
    let mut hooks = hook::Hooks::default();
    let mut desks = notify::Desks::default();
    for record in &batch.records {
        if app.clock.now() >= stop_at {
            return Answer::retry_from(record);
        }
        // Services of the customer first: telling them twice writes nothing twice, and a mail goes out twice.
        let told = async {
            Box::pin(hooks.tell(app, record)).await?;
            Box::pin(desks.tell(app, record)).await
        };
        let told = told.await;
        let done = match told {
            Ok(()) => effect(app, record).await,
            Err(Failure::Later(cause)) => Err(Failure::Later(cause)),
            Err(Failure::Never(cause)) => {
                tracing::error!(cause = %cause, "services were not told");
                effect(app, record).await
            }
        };
        match done {
            Ok(()) => {}
            Err(Failure::Later(cause)) => {
                tracing::warn!(cause = %cause, "an effect has to wait");
                return Answer::retry_from(record);
            }
            Err(Failure::Never(cause)) => tracing::error!(cause = %cause, "an effect was given up"),
        }
    }
    Answer::default()
}

async fn effect(app: &App, record: &Changed) -> Result<(), Failure> {
    let images = &record.dynamodb;
    match (record.event_name, &images.new_image, &images.old_image) {
        (Change::Insert | Change::Modify, Some(new), old)
            if image::kind(new) == Some(Conversation::DECLARATION.name) =>
        {
            if mail_continuity::is_written_to(new, old.as_ref()) {
                Box::pin(mail_continuity::arm(app, new)).await?;
            }
            if Box::pin(begin_flow::begin(app, new, old.as_ref())).await? {
                return Ok(());
            }
            Box::pin(give_out::give_out(app, new, old.as_ref())).await
        }
        (Change::Insert | Change::Modify, Some(new), old)
            if image::kind(new) == Some(Profile::DECLARATION.name) =>
        {
            match reach::concerns(new, old.as_ref()) {
                true => Box::pin(reach::follow(app, new)).await,
                false => Ok(()),
            }
        }
        (Change::Insert | Change::Modify, Some(new), old)
            if image::kind(new) == Some(AddressProof::DECLARATION.name) =>
        {
            match mail_chat_code::is_asked(new, old.as_ref()) {
                true => mail_chat_code::send(app, new).await,
                false => Ok(()),
            }
        }
        (Change::Insert | Change::Modify, Some(new), old)
            if mail_transcript::is_asked(new, old.as_ref()) =>
        {
            Box::pin(mail_transcript::send(app, new)).await
        }
        (Change::Insert | Change::Modify, Some(new), _)
            if image::kind(new) == Some(Continuity::DECLARATION.name) =>
        {
            Box::pin(mail_continuity::send(app, new)).await
        }
        (Change::Remove, _, Some(item))
            if image::kind(item) == Some(Continuity::DECLARATION.name) =>
        {
            mail_continuity::forget(app, item).await
        }
        (Change::Insert, Some(item), _) => match image::kind(item) {
            Some(kind) if kind == Call::DECLARATION.name => {
                Box::pin(call_over::began(app, item)).await
            }
            Some(kind) if kind == Challenge::DECLARATION.name => mail_code::send(app, item).await,
            Some(kind) if kind == FlowCode::DECLARATION.name => {
                mail_chat_code::send_for_flow(app, item).await
            }
            Some(kind) if kind == FlowDeed::DECLARATION.name => {
                Box::pin(do_for_flow::carry_out(app, item)).await
            }
            Some(kind) if kind == Invitation::DECLARATION.name => {
                mail_invitation::send(app, item).await
            }
            Some(kind) if kind == Letter::DECLARATION.name => mail_letter::send(app, item).await,
            Some(kind) if kind == Notice::DECLARATION.name => mail_notice::send(app, item).await,
            Some(kind) if kind == PrivacyLetter::DECLARATION.name => {
                mail_request::send(app, item).await
            }
            Some(kind) if kind == ResetLink::DECLARATION.name => mail_reset::send(app, item).await,
            Some(kind) if kind == SupportMessage::DECLARATION.name => {
                mail_support::send(app, item).await
            }
            Some(kind) if kind == SupportThread::DECLARATION.name => {
                mail_support::acknowledge(app, item).await
            }
            _ => Ok(()),
        },
        (Change::Modify, Some(new), Some(old))
            if image::kind(new) == Some(Call::DECLARATION.name) =>
        {
            Box::pin(call_over::tell(app, old, new)).await
        }
        (Change::Modify, Some(new), _) if image::kind(new) == Some(Erasure::DECLARATION.name) => {
            mail_farewell::send(app, new).await
        }
        (Change::Modify, Some(new), Some(old))
            if image::kind(new) == Some(SupportThread::DECLARATION.name) =>
        {
            mail_support::proved(app, old, new).await
        }
        (Change::Modify, Some(new), Some(old))
            if image::kind(new) == Some(DisclosedPart::DECLARATION.name) =>
        {
            match mail_disclosure::is_told(old, new) {
                true => Box::pin(mail_disclosure::send(app, new)).await,
                false => Ok(()),
            }
        }
        (Change::Modify, Some(new), Some(old))
            if image::kind(new) == Some(Account::DECLARATION.name) =>
        {
            mail_notice::address_changed(app, old, new).await
        }
        (Change::Modify, Some(new), Some(old))
            if image::kind(new) == Some(Invitation::DECLARATION.name)
                && mail_invitation::is_wanted_again(new, old) =>
        {
            mail_invitation::send(app, new).await
        }
        (Change::Remove, _, Some(item)) if ends_sockets(item) => {
            close_sockets::close(app, item).await
        }
        (Change::Modify, Some(new), Some(old)) if close_sockets::sees_otherwise(old, new) => {
            close_sockets::close_earlier(app, new).await
        }
        (Change::Remove, _, Some(item)) if remove_file::is_file(item) => {
            remove_file::remove(app, item).await
        }
        (Change::Remove, _, Some(item)) => remove_root::remove(app, item).await,
        _ => Ok(()),
    }
}

/// Whether sockets rest on what went.
fn ends_sockets(item: &Item) -> bool {
    let kind = image::kind(item);
    kind == Some(LoginSession::DECLARATION.name) || kind == Some(Seat::DECLARATION.name)
}
