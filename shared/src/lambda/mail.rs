//! The function that hears of mail that came in.
//!
//! SES writes a mail whole into the bucket, S3 tells EventBridge, where nobody but AWS can be `aws.s3`.
//! Of the event only the names of the bucket, the object and its version are read.
//! (docs.aws.amazon.com/ses/latest/dg/receiving-email-action-s3.html)

use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;

use crate::{
    app::App,
    store::{
        StoreError,
        keys::{self, MailKey},
    },
};

/// What the function is called for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A mail came.
    Came {
        /// Which, and to which desk.
        mail: MailKey,
        /// Which version of the object.
        version: String,
    },
    /// A schedule: mail may lie there that was told of in vain.
    LookAround,
}

/// What was done with mail, in counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// Mails that came to something.
    pub taken: u64,
    /// Mails that came to the same as one before.
    pub repeated: u64,
    /// Mails to which there is nothing to say: nobody on file wrote them.
    pub unknown: u64,
    /// Mails that a program wrote by itself: none of ours answers one.
    pub automatic: u64,
    /// Mails of strangers to the address of somebody's thread.
    pub strangers: u64,
    /// Mails that came too often.
    pub limited: u64,
    /// Mails that are harmful, unwanted, not from whom they say, or no mails.
    pub refused: u64,
    /// Mails that could not be read for a day.
    pub given_up: u64,
}

impl Call {
    /// What an event calls for, where mail comes into `bucket`; nothing when it is about another
    /// bucket, another name, or something else.
    pub fn read(event: &Value, bucket: &str) -> Option<Self> {
        if event["task"] == "mail" {
            return Some(Self::LookAround);
        }
        let detail = &event["detail"];
        let arrival = event["source"] == "aws.s3" && event["detail-type"] == "Object Created";
        if !arrival || detail["bucket"]["name"] != bucket {
            return None;
        }
        let object = &detail["object"];
        Some(Self::Came {
            mail: keys::of_mail(object["key"].as_str()?)?,
            version: object["version-id"].as_str()?.to_owned(),
        })
    }
}

/// Serves `hear` until the environment ends.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API goes away.
pub fn mail<F>(hear: F) -> Result<(), lambda_runtime::Error>
where
    F: AsyncFn(&App, &Value) -> Result<Heard, StoreError>,
{
    super::run(async {
        let app = super::app()?;
        app.warm().await;
        let (app, hear) = (&app, &hear);
        let serve = |event: LambdaEvent<Value>| async move {
            let heard = hear(app, &event.payload).await?;
            Ok::<_, lambda_runtime::Error>(serde_json::to_value(heard)?)
        };
        lambda_runtime::run(service_fn(serve)).await
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::keys::Desk;

    fn came(name: &str) -> Value {
        json!({
            "source": "aws.s3", "detail-type": "Object Created",
            "detail": { "bucket": { "name": "b" }, "object": { "key": name, "version-id": "v" } },
        })
    }

    #[test]
    fn a_mail_is_known_by_its_desk_and_its_name() {
        let name = "mail/privacy/0f2ut6o0rb3ev0sk2pkkh4rfvb9tqrm9cj7l8e81";
        let Some(Call::Came { mail, .. }) = Call::read(&came(name), "b") else {
            panic!("not a mail");
        };
        assert_eq!(mail.desk, Desk::Privacy);
        assert_eq!(keys::mail(&mail).as_str(), name);
        let tick = json!({ "task": "mail" });
        assert_eq!(Call::read(&tick, "b"), Some(Call::LookAround));
    }

    #[test]
    fn what_is_not_about_a_mail_of_ours_is_nothing() {
        let good = came("mail/privacy/a1");
        assert!(Call::read(&good, "b").is_some());
        type Plant = fn(&mut Value);
        let plants: [Plant; 6] = [
            |event| event["source"] = json!("shop.example"),
            |event| event["detail-type"] = json!("Object Deleted"),
            |event| event["detail"]["bucket"]["name"] = json!("theirs"),
            |event| event["detail"]["object"]["key"] = json!("mail/privacy/a/b"),
            |event| event["detail"]["object"]["key"] = json!("mail/nobody/a1"),
            |event| event["detail"]["object"]["key"] = json!("ledger/1"),
        ];
        for plant in plants {
            let mut event = good.clone();
            plant(&mut event);
            assert_eq!(Call::read(&event, "b"), None, "{event}");
        }
    }
}
