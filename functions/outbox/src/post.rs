//! The one way to the mail service. What may be left out is not sent to an address that mail came
//! back from or whose owner complained; codes, links that somebody asked for and security notices are
//! tried all the same.

use shared::{
    app::{App, Mail, MailError},
    domain::TenantId,
    store::suppression::Reason,
};

use crate::failure::Failure;

/// What came of a mail.
#[derive(Debug)]
pub enum Posted {
    /// The mail service has taken it.
    Taken,
    /// It was left out.
    LeftOut(Reason),
    /// The mail service will never take it.
    Refused(String),
}

impl Posted {
    /// For mails whose fate nobody writes down: one that is refused is logged.
    pub fn done(self) -> Result<(), Failure> {
        match self {
            Self::Taken | Self::LeftOut(_) => Ok(()),
            Self::Refused(cause) => Err(Failure::Never(cause)),
        }
    }
}

/// Posts a mail.
pub async fn post(app: &App, mail: Mail) -> Result<Posted, Failure> {
    if mail.kind.may_be_left_out() {
        let now = app.clock.now();
        let key = app.store.tenant_key(TenantId::Platform, now).await?;
        if let Some(reason) = app.store.suppressed(&key, &mail.to, now).await? {
            return Ok(Posted::LeftOut(reason));
        }
    }
    match app.mailer.send(mail).await {
        Ok(()) => Ok(Posted::Taken),
        Err(error @ MailError::Refused(_)) => Ok(Posted::Refused(error.to_string())),
        Err(error @ MailError::Unavailable(_)) => Err(error.into()),
    }
}
