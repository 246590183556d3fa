//! What was said in a thread with the operator, by mail to the other side. Its address for replies is
//! the thread's: whoever answers the mail goes on there.

use shared::{
    app::{App, Conversing},
    domain::{Policy, TenantId, policy::Lens, text::Email},
    store::{
        Item, RootRef, TenantKey, Unsealed,
        account::Account,
        keys,
        record::read_item,
        support::{SupportMessage, SupportSide, SupportThread},
    },
};

use crate::{
    failure::Failure,
    image,
    letter::{self, Part},
};

/// Mails what was said, if its thread is there still.
pub async fn send(app: &App, item: &Item) -> Result<(), Failure> {
    let now = app.clock.now();
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let Some(thread) = image::text(item, "thread").and_then(|id| id.parse().ok()) else {
        return Ok(());
    };
    let place = keys::support_thread(thread);
    let tenant = TenantId::Platform;
    let wanted = vec![
        place.clone(),
        keys::data_key(&RootRef::of(&place)),
        keys::tenant_key(tenant),
    ];
    let fetched = app.store.batch(wanted).await?;
    let tenant_key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
    let head = fetched.get::<SupportThread>(&place, &Unsealed, lens)?;
    let (Some(head), Some(key)) = (head, fetched.data_key(&place, &tenant_key)?) else {
        return Ok(());
    };
    let Some(message) = read_item::<SupportMessage>(item, &key, lens)? else {
        return Ok(());
    };
    let to = match message.by {
        SupportSide::Person => operator(app),
        SupportSide::Operator => person(app, &tenant_key, &head, lens).await?,
    };
    let Some(to) = to else { return Ok(()) };
    let other = match message.by {
        SupportSide::Person => SupportSide::Operator,
        SupportSide::Operator => SupportSide::Person,
    };
    let reply_to = app.config.support_contact.as_deref().and_then(|contact| {
        let (name, host) = contact.split_once('@')?;
        let label = SupportThread::reply_label(&tenant_key, head.id, other);
        Some(format!("{name}+{label}@{host}"))
    });
    let mail = letter(to, &message, &head, reply_to);
    Ok(app.mailer.converse(mail).await?)
}

/// Where the operator reads: their own address, not the one that mail comes in at.
fn operator(app: &App) -> Option<Email> {
    Email::parse(app.config.operator_email.as_deref()?).ok()
}

/// Where the person reads: the address of the account, as it is now, or the one that wrote.
async fn person(
    app: &App,
    tenant_key: &TenantKey,
    head: &SupportThread,
    lens: Lens<'_>,
) -> Result<Option<Email>, Failure> {
    if let Some(account) = head.account {
        let at = keys::account(account);
        let wanted = vec![at.clone(), keys::data_key(&RootRef::of(&at))];
        let fetched = app.store.batch(wanted).await?;
        let Some(key) = fetched.data_key(&at, tenant_key)? else {
            return Ok(None);
        };
        let account = fetched.get::<Account>(&at, &key, lens)?;
        return Ok(account.map(|account| account.email));
    }
    let at = keys::support_writer(head.id);
    let key = keys::data_key(&RootRef::of(&keys::support_thread(head.id)));
    let fetched = app.store.batch(vec![at.clone(), key]).await?;
    let Some(key) = fetched.data_key(&keys::support_thread(head.id), tenant_key)? else {
        return Ok(None);
    };
    let writer = fetched.get::<shared::store::support::SupportWriter>(&at, &key, lens)?;
    Ok(writer.map(|writer| writer.email))
}

fn letter(
    to: Email,
    message: &SupportMessage,
    head: &SupportThread,
    reply_to: Option<String>,
) -> Conversing {
    let number = format!("Thread: {}.", head.id);
    let how = match (&reply_to, message.by) {
        (Some(_), _) => "Answer this mail to go on.",
        (None, SupportSide::Person) => "Answer it through the API.",
        (None, SupportSide::Operator) => "Go on where you asked.",
    };
    let (subject, opening) = match message.by {
        SupportSide::Person => ("Somebody wrote to support", "somebody wrote to support:"),
        SupportSide::Operator => (
            "An answer from support",
            "you wrote to support; here is the answer:",
        ),
    };
    let mut parts = vec![Part::Says("Hello,"), Part::Says(opening)];
    parts.extend(message.text.reveal().split("\n\n").map(Part::Says));
    // Nobody has proved it, so the reader is told what it is.
    let from = message.from.as_ref().map(|from| {
        format!(
            "The mail said it was from {}; nobody has proved that.",
            from.reveal()
        )
    });
    parts.extend(from.as_deref().map(Part::Says));
    parts.extend([Part::Says(how), Part::Says(&number)]);
    Conversing {
        to,
        subject,
        text: letter::text(&parts),
        html: letter::html(&parts),
        reply_to,
    }
}
