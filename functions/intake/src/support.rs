//! The desk that answers questions (CALL-26): a mail begins a thread with the operator, and a mail to a
//! thread's signed address goes on in it.
//!
//! The signed address names the side that may use it. Besides, a reply comes from the address that is
//! written to: what somebody else sends there, who saw the address or was forwarded the mail, is refused.

use shared::{
    app::{App, limit::Act},
    domain::{MessageId, Policy, SupportId, TenantId, Timestamp, policy::Lens, text::Email},
    store::{
        CommitError, DataKey, Refusal, RootRef, Slot, StoreError, TenantKey, Transaction, Unsealed,
        keyring::Use,
        keys,
        operator::OperatorSeat,
        support::{AddressProof, Said, SupportSide, SupportThread, SupportWay, SupportWriter},
    },
};

use crate::{
    account,
    hear::{self, Letter, Outcome},
    mail::{Vouched, label_of},
    quote::without_quote,
};

/// How often a reply that meets another one is tried again.
const RACES: u32 = 3;

/// Takes a mail into a thread, a new one or the one that its address names.
pub async fn take(app: &App, came: &Letter) -> Result<Outcome, StoreError> {
    let now = app.clock.now();
    let tenant_key = app.store.tenant_key(TenantId::Platform, now).await?;
    let contact = app.config.support_contact.as_deref().unwrap_or_default();
    let mut labels = came.mail.to.iter().filter_map(|to| label_of(to, contact));
    let named = labels.find_map(|label| SupportThread::read_reply_label(&tenant_key, label));
    match named {
        Some((id, side)) => reply(app, &tenant_key, came, (id, side)).await,
        None => begin(app, &tenant_key, came).await,
    }
}

/// The bits that ids follow from, so that whoever reads the mail again makes the same.
fn bits(tenant_key: &TenantKey, came: &Letter) -> [u8; 32] {
    let name = keys::mail(&came.key);
    *tenant_key
        .hash(Use::Idempotency, &format!("mail {}", name.as_str()))
        .as_bytes()
}

async fn begin(app: &App, tenant_key: &TenantKey, came: &Letter) -> Result<Outcome, StoreError> {
    let now = app.clock.now();
    let bits = bits(tenant_key, came);
    let account = account::on_file(app, tenant_key, &came.mail.from).await?;
    // Whoever forges a sender has us write to somebody who never asked: seldom, and one line of ours.
    let address = match came.mail.vouched {
        Vouched::ByDomain => AddressProof::Proved,
        Vouched::ByNobody => AddressProof::Unproved,
    };
    if address == AddressProof::Unproved
        && hear::is_too_often(app, Act::AskSupportUnproved, &came.mail.from.identity()).await?
    {
        return Ok(Outcome::TooOften);
    }
    let id = SupportId::derived(came.at, &bits);
    let thread = SupportThread::new(id, account.map(|account| account.id), address, now);
    let said = Said {
        id: MessageId::derived(came.at, &bits),
        by: SupportSide::Person,
        way: SupportWay::Mail,
        from: Some(came.mail.from.clone()),
        text: came.mail.text.clone(),
    };
    let data_key = tenant_key.new_data_key(&keys::support_thread(id), now)?;
    let mut transaction = Transaction::new(now);
    let (_, slot) = transaction.begin_support(thread, said, &data_key)?;
    let heard = hear_once(&mut transaction, tenant_key, came, now)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Outcome::Taken),
        Err(CommitError::Store(error)) => Err(error),
        Err(CommitError::Refused(refusal)) if was_heard(&refusal, slot, heard) => {
            Ok(Outcome::Repeated)
        }
        // The account is going: the next try finds nobody.
        Err(CommitError::Refused(_)) => Err(StoreError::Conflict),
    }
}

async fn reply(
    app: &App,
    tenant_key: &TenantKey,
    came: &Letter,
    (id, side): (SupportId, SupportSide),
) -> Result<Outcome, StoreError> {
    let bits = bits(tenant_key, came);
    for _ in 0..RACES {
        let now = app.clock.now();
        let Some((thread, key, writer)) = open(app, tenant_key, id).await? else {
            return Ok(Outcome::Unknown);
        };
        let right = match side {
            SupportSide::Person => {
                is_person(app, tenant_key, came, &thread, writer.as_ref()).await?
            }
            SupportSide::Operator => is_operator(app, tenant_key, came).await?,
        };
        if !right {
            return Ok(Outcome::Stranger);
        }
        let said = Said {
            id: MessageId::derived(came.at, &bits),
            by: side,
            way: SupportWay::Mail,
            from: Some(came.mail.from.clone()).filter(|_| side == SupportSide::Person),
            text: without_quote(came.mail.body.as_ref().unwrap_or(&came.mail.text)),
        };
        let mut transaction = Transaction::new(now);
        let thread = match side {
            // Whoever knows the address for replies has read the mail that named it, at that address.
            SupportSide::Person => SupportThread {
                address: AddressProof::Proved,
                ..thread
            },
            SupportSide::Operator => thread,
        };
        let (_, slot) = transaction.say_support(thread, said, &key, now)?;
        let heard = hear_once(&mut transaction, tenant_key, came, now)?;
        match app.store.commit(transaction).await {
            Ok(()) => return Ok(Outcome::Taken),
            Err(CommitError::Store(error)) => return Err(error),
            Err(CommitError::Refused(refusal)) if was_heard(&refusal, slot, heard) => {
                return Ok(Outcome::Repeated);
            }
            Err(CommitError::Refused(_)) => {}
        }
    }
    Err(StoreError::Conflict)
}

/// Has a transaction fail when the same mail came before, by whichever way.
fn hear_once(
    transaction: &mut Transaction,
    tenant_key: &TenantKey,
    came: &Letter,
    now: Timestamp,
) -> Result<Option<Slot>, StoreError> {
    let name = came.name();
    name.map(|name| transaction.hear_once(tenant_key, &name, now))
        .transpose()
}

fn was_heard(refusal: &Refusal, message: Slot, heard: Option<Slot>) -> bool {
    refusal.failed(message) || heard.is_some_and(|slot| refusal.failed(slot))
}

/// A thread, what seals it, and the address that began it, if no account did.
async fn open(
    app: &App,
    tenant_key: &TenantKey,
    id: SupportId,
) -> Result<Option<(SupportThread, DataKey, Option<SupportWriter>)>, StoreError> {
    let policy = Policy::platform();
    let lens = Lens {
        now: app.clock.now(),
        policy: &policy,
    };
    let (place, at_writer) = (keys::support_thread(id), keys::support_writer(id));
    let data_key = keys::data_key(&RootRef::of(&place));
    let wanted = vec![place.clone(), data_key, at_writer.clone()];
    let fetched = app.store.batch(wanted).await?;
    let head = fetched.get::<SupportThread>(&place, &Unsealed, lens)?;
    let (Some(head), Some(key)) = (head, fetched.data_key(&place, tenant_key)?) else {
        return Ok(None);
    };
    let writer = fetched.get::<SupportWriter>(&at_writer, &key, lens)?;
    Ok(Some((head, key, writer)))
}

/// Whether a mail comes from the address that the person is written to at.
async fn is_person(
    app: &App,
    tenant_key: &TenantKey,
    came: &Letter,
    thread: &SupportThread,
    writer: Option<&SupportWriter>,
) -> Result<bool, StoreError> {
    let from = &came.mail.from;
    Ok(match thread.account {
        None => writer.is_some_and(|writer| is_same(&writer.email, from)),
        Some(own) => {
            let account = account::on_file(app, tenant_key, from).await?;
            account.is_some_and(|account| account.id == own)
        }
    })
}

fn is_same(one: &Email, other: &Email) -> bool {
    one.identity() == other.identity()
}

/// Whether a mail comes from an operator, and its domain stands by it: an answer goes out under the
/// name of the deployment.
async fn is_operator(app: &App, tenant_key: &TenantKey, came: &Letter) -> Result<bool, StoreError> {
    let account = account::on_file(app, tenant_key, &came.mail.from).await?;
    let Some(account) = account.filter(|_| came.mail.vouched == Vouched::ByDomain) else {
        return Ok(false);
    };
    let policy = Policy::platform();
    let lens = Lens {
        now: app.clock.now(),
        policy: &policy,
    };
    let seat = keys::operator_seat(account.id);
    let fetched = app.store.batch(vec![seat.clone()]).await?;
    Ok(fetched
        .get::<OperatorSeat>(&seat, &Unsealed, lens)?
        .is_some())
}
