//! What was said in a thread with the operator, by mail to the other side. Its address for replies is
//! the thread's: whoever answers the mail goes on there.

use shared::{
    app::{App, Conversing, Written},
    domain::{Policy, TenantId, policy::Lens, text::Email},
    store::{
        DataKey, Item, Query, RootRef, TenantKey, Unsealed,
        account::Account,
        keys,
        record::read_item,
        support::{AddressProof, SupportMessage, SupportSide, SupportThread},
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
        // It goes out when somebody at the address has said that they read there.
        SupportSide::Operator if message.address == AddressProof::Unproved => None,
        SupportSide::Operator => person(app, &tenant_key, &head, lens).await?,
    };
    let Some(to) = to else { return Ok(()) };
    let other = match message.by {
        SupportSide::Person => SupportSide::Operator,
        SupportSide::Operator => SupportSide::Person,
    };
    let reply_to = reply_to(app, &tenant_key, &head, other);
    let mail = letter(to, &message, &head, reply_to);
    Ok(app.mailer.converse(mail).await?)
}

/// Acknowledges a new thread, in words of ours alone: nothing that a stranger typed goes to an address
/// that they named.
pub async fn acknowledge(app: &App, item: &Item) -> Result<(), Failure> {
    let policy = Policy::platform();
    let lens = Lens {
        now: app.clock.now(),
        policy: &policy,
    };
    let Some(opened) = Opened::read(app, item, lens).await? else {
        return Ok(());
    };
    let Opened {
        head, tenant_key, ..
    } = &opened;
    let Some(to) = person(app, tenant_key, head, lens).await? else {
        return Ok(());
    };
    let suppressed = app.store.suppressed(tenant_key, &to, lens.now).await?;
    if head.address == AddressProof::Unproved && suppressed.is_some() {
        return Ok(());
    }
    let reply_to = reply_to(app, tenant_key, head, SupportSide::Person);
    let link = match head.address {
        AddressProof::Proved => None,
        AddressProof::Unproved => {
            let token = SupportThread::link_token(tenant_key, head.id);
            Some(format!(
                "{}/support/confirm?token={token}",
                app.config.issuer
            ))
        }
    };
    let mail = acknowledgement(to, head, link.as_deref(), reply_to);
    Ok(app.mailer.converse(mail).await?)
}

/// Mails the answers that waited for somebody to say that they read at the address.
pub async fn proved(app: &App, old: &Item, new: &Item) -> Result<(), Failure> {
    let address = |item| image::text(item, "address").and_then(AddressProof::parse);
    let was = (address(old), address(new));
    if was != (Some(AddressProof::Unproved), Some(AddressProof::Proved)) {
        return Ok(());
    }
    let policy = Policy::platform();
    let lens = Lens {
        now: app.clock.now(),
        policy: &policy,
    };
    let Some(opened) = Opened::read(app, new, lens).await? else {
        return Ok(());
    };
    let Opened {
        head,
        key,
        tenant_key,
    } = &opened;
    let Some(to) = person(app, tenant_key, head, lens).await? else {
        return Ok(());
    };
    let open = keys::SUPPORT_MESSAGE;
    let query = Query::partition(keys::support_partition(head.id))
        .between(open.to_owned(), format!("{open}~"))
        .limit(MOST_WAITING);
    for item in app.store.query(query).await? {
        let Some(message) = read_item::<SupportMessage>(&item, key, lens)? else {
            continue;
        };
        let waited = message.address == AddressProof::Unproved;
        if waited && message.by == SupportSide::Operator {
            let reply_to = reply_to(app, tenant_key, head, SupportSide::Person);
            let mail = letter(to.clone(), &message, head, reply_to);
            app.mailer.converse(mail).await?;
        }
    }
    Ok(())
}

/// Most words of a thread that are looked through for answers that waited.
const MOST_WAITING: u16 = 100;

/// A thread that something is told of.
struct Opened {
    head: SupportThread,
    key: DataKey,
    tenant_key: TenantKey,
}

impl Opened {
    /// The thread whose head an image shows, as it is now.
    async fn read(app: &App, item: &Item, lens: Lens<'_>) -> Result<Option<Self>, Failure> {
        let Some(id) = image::text(item, "id").and_then(|id| id.parse().ok()) else {
            return Ok(None);
        };
        let place = keys::support_thread(id);
        let tenant = TenantId::Platform;
        let wanted = vec![
            place.clone(),
            keys::data_key(&RootRef::of(&place)),
            keys::tenant_key(tenant),
        ];
        let fetched = app.store.batch(wanted).await?;
        let tenant_key = app
            .store
            .unwrap_tenant_key(tenant, &fetched, lens.now)
            .await?;
        let head = fetched.get::<SupportThread>(&place, &Unsealed, lens)?;
        let key = fetched.data_key(&place, &tenant_key)?;
        Ok(head.zip(key).map(|(head, key)| Self {
            head,
            key,
            tenant_key,
        }))
    }
}

/// Where somebody of this side goes on by mail.
fn reply_to(
    app: &App,
    tenant_key: &TenantKey,
    head: &SupportThread,
    side: SupportSide,
) -> Option<String> {
    let (name, host) = app.config.support_contact.as_deref()?.split_once('@')?;
    let label = SupportThread::reply_label(tenant_key, head.id, side);
    Some(format!("{name}+{label}@{host}"))
}

fn acknowledgement(
    to: Email,
    head: &SupportThread,
    link: Option<&str>,
    reply_to: Option<String>,
) -> Conversing {
    let number = format!("Thread: {}.", head.id);
    let mut parts = vec![Part::Says("Hello,")];
    match link {
        None => parts.push(Part::Says(
            "what you wrote to support has arrived. The answer comes by mail.",
        )),
        Some(link) => parts.extend([
            Part::Says(
                "somebody, probably you, wrote to support and named this address for the answer. Nobody \
                 has proved that it was you. Open this page to say so, and the answer comes by mail:",
            ),
            Part::Leads(link),
            Part::Says("It was not you? Then ignore this mail: you hear nothing more."),
        ]),
    }
    parts.extend(
        reply_to
            .as_ref()
            .map(|_| Part::Says("Answer this mail to add something.")),
    );
    parts.push(Part::Says(&number));
    Conversing {
        to,
        subject: "What you wrote to support has arrived".into(),
        text: letter::text(&parts),
        html: letter::html(&parts),
        reply_to,
        written: Written::InReply,
        way_out: None,
    }
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
            "They named {} for the answer; nobody has proved that it is theirs.",
            from.reveal()
        )
    });
    parts.extend(from.as_deref().map(Part::Says));
    parts.extend([Part::Says(how), Part::Says(&number)]);
    Conversing {
        to,
        subject: subject.into(),
        text: letter::text(&parts),
        html: letter::html(&parts),
        reply_to,
        written: match message.by {
            SupportSide::Person => Written::ByProgram,
            SupportSide::Operator => Written::ByPerson,
        },
        way_out: None,
    }
}
