//! Why an effect did not happen, and whether to try again. Nothing here names a person.

use shared::{app::MailError, store::StoreError};

/// Why an effect did not happen.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// It may happen later: the record comes again.
    Later(String),
    /// It never will: it is logged, and the records after it go on.
    Never(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let cause = error.to_string();
        if error.retryable() {
            Self::Later(cause)
        } else {
            Self::Never(cause)
        }
    }
}

impl From<MailError> for Failure {
    fn from(error: MailError) -> Self {
        let cause = error.to_string();
        match error {
            MailError::Unavailable(_) => Self::Later(cause),
            MailError::Refused(_) => Self::Never(cause),
        }
    }
}
