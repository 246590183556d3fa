//! One mail, from the event that it came to its deletion.

use std::time::Duration;

use serde_json::Value;
use shared::{
    app::{
        App,
        limit::{Act, Per, Verdict},
    },
    domain::Timestamp,
    lambda::mail::{Call, Heard},
    store::{
        StoreError,
        keys::{self, Desk, MailKey},
        objects::{ObjectVersion, Standing},
    },
};

use crate::{
    mail::{self, Mail, Refused},
    privacy, reply, support,
};

/// What came of a mail.
pub enum Outcome {
    /// Something that waits for whoever is asked next.
    Taken,
    /// The same as of one before.
    Repeated,
    /// Nothing: nobody on file wrote it.
    Unknown,
    /// Nothing: somebody else wrote to the address of a thread.
    Stranger,
    /// Nothing: an address that nobody stands by begins too many threads.
    TooOften,
}

impl Outcome {
    /// What came of a mail that went to two who answer for it.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Taken, _) | (_, Self::Taken) => Self::Taken,
            (Self::Unknown, other) => other,
            (before, _) => before,
        }
    }
}

/// A mail as it lies in the bucket.
pub struct Letter {
    /// Which, and to which desk it came.
    pub key: MailKey,
    /// When it came: the same whoever reads it again.
    pub at: Timestamp,
    /// What is in it.
    pub mail: Mail,
}

impl Letter {
    /// What a mail is known by, whichever way it comes: its sender and what their program calls it. None
    /// where the program gave it no name; then each copy is a mail of its own.
    pub fn name(&self) -> Option<String> {
        let id = self.mail.message_id.as_deref()?;
        let from = self.mail.from.identity();
        Some(format!("mail {} {from} {id}", self.key.desk.word()))
    }
}

/// How long a mail waits for the event that tells of it, before somebody looks.
const WAITS: Duration = Duration::from_secs(10 * 60);
/// How old a mail becomes that cannot be read. A day is the promise, and the schedule comes every hour.
const LASTS: Duration = Duration::from_secs(22 * 60 * 60);

/// Reads the mail that an event tells of, or whatever was left, and deletes it. What is no mail of ours
/// is left alone.
///
/// # Errors
/// When storage failed: the mail is there still, and the event or the schedule comes again.
pub async fn hear(app: &App, event: &Value) -> Result<Heard, StoreError> {
    let mut heard = Heard::default();
    match Call::read(event, &app.config.passing_bucket) {
        None => {}
        Some(Call::Came { mail, version }) => one(app, mail, &version, &mut heard).await?,
        Some(Call::LookAround) => look_around(app, &mut heard).await?,
    }
    Ok(heard)
}

/// Reads what was told of in vain, and deletes what nobody could read.
async fn look_around(app: &App, heard: &mut Heard) -> Result<(), StoreError> {
    let objects = app.store.objects();
    let mut failed = None;
    for version in objects.versions(&keys::mails()).await? {
        let age_ms = app.clock.now().ms() - version.at.ms();
        let is_older = |than: Duration| i128::from(age_ms) >= than.as_millis() as i128;
        match keys::of_mail(version.key.as_str()) {
            Some(mail) if version.standing == Standing::Current && !is_older(LASTS) => {
                if is_older(WAITS)
                    && let Err(error) = one(app, mail, &version.version, heard).await
                {
                    failed = Some(error);
                }
            }
            // What SES writes when a rule is made is no mail, and a day later nobody reads one any more.
            _ => {
                objects.delete_version(&version).await?;
                heard.given_up += u64::from(version.standing == Standing::Current);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn one(app: &App, mail: MailKey, version: &str, heard: &mut Heard) -> Result<(), StoreError> {
    let key = keys::mail(&mail);
    let objects = app.store.objects();
    // It was read before, and this event is a repetition.
    let Some((bytes, at)) = objects.get_dated(&key, version).await? else {
        return Ok(());
    };
    match mail::read(bytes, &app.config) {
        Err(Refused::Automatic) => heard.automatic += 1,
        Err(Refused::Unwanted) => heard.refused += 1,
        Ok(read) if is_unasked_too_often(app, &mail, &read).await? => heard.limited += 1,
        Ok(read) => {
            let letter = Letter {
                key: mail,
                at,
                mail: read,
            };
            match take(app, &letter).await? {
                Outcome::Taken => heard.taken += 1,
                Outcome::Repeated => heard.repeated += 1,
                Outcome::Unknown => heard.unknown += 1,
                Outcome::Stranger => heard.strangers += 1,
                Outcome::TooOften => heard.limited += 1,
            }
        }
    }
    let read = ObjectVersion {
        key,
        version: version.to_owned(),
        at,
        standing: Standing::Current,
    };
    objects.delete_version(&read).await
}

async fn take(app: &App, letter: &Letter) -> Result<Outcome, StoreError> {
    match letter.key.desk {
        Desk::Privacy => privacy::take(app, letter).await,
        Desk::Reply => reply::take(app, letter).await,
        Desk::Support => support::take(app, letter).await,
    }
}

/// Whether a sender has written too often to a desk that takes mail from everybody. Answers in conversations
/// count where it is known that they are.
async fn is_unasked_too_often(app: &App, key: &MailKey, mail: &Mail) -> Result<bool, StoreError> {
    match key.desk {
        Desk::Reply => Ok(false),
        Desk::Privacy | Desk::Support => {
            is_too_often(app, Act::WriteMail, &mail.from.identity()).await
        }
    }
}

/// Whether a sender has written too often. When everybody together has, the mail waits for its
/// event to come again: a flood of others loses nobody's letter.
pub async fn is_too_often(app: &App, act: Act, subject: &str) -> Result<bool, StoreError> {
    match app.try_act(act, None, subject).await? {
        Verdict::Go(_) => Ok(false),
        Verdict::Stop(standing) if standing.limit.per == Per::Everybody => {
            Err(StoreError::Conflict)
        }
        Verdict::Stop(_) => Ok(true),
    }
}
