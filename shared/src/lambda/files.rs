//! Functions behind the HTTP API that hear of files as well: from S3 that one arrived, from the scanner
//! what is in it.
//!
//! Both speak over EventBridge, where nobody but AWS can be `aws.s3` or `aws.guardduty`. Of an event
//! only the names of the bucket, the object and its version are read, and the scanner's word.
//! (docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html)

use lambda_http::{Adapter, Service, request::LambdaRequest};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;

use crate::{
    app::App,
    http::Routes,
    store::{
        StoreError,
        keys::{self, FileKey},
    },
};

/// What the scanner found in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Clean,
    /// Something harmful.
    Harmful,
    /// It could not look into it: it is encrypted, too deeply packed, or the scan failed.
    Unknown,
}

/// What is heard of a file that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEvent {
    /// Which file.
    pub file: FileKey,
    /// Which version of it: what was scanned is what is kept.
    pub version: String,
    /// What is in it; none when it has only arrived.
    pub verdict: Option<Verdict>,
}

/// What was done about it, in counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// Files about which it is now decided.
    pub looked_through: u64,
    /// Uploads that belonged to nothing any more, and were deleted.
    pub orphans: u64,
}

impl FileEvent {
    /// Whether an event comes from EventBridge, rather than from the API.
    pub fn is(event: &Value) -> bool {
        event["detail-type"].is_string()
    }

    /// What an event says of a file that was uploaded to `bucket`; nothing when it is about another
    /// bucket, another name, or something else.
    pub fn read(event: &Value, bucket: &str) -> Option<Self> {
        let detail = &event["detail"];
        let source = event["source"].as_str()?;
        let (of, name, version, verdict) = match (source, event["detail-type"].as_str()?) {
            ("aws.s3", "Object Created") => {
                let object = &detail["object"];
                let version = &object["version-id"];
                (&detail["bucket"]["name"], &object["key"], version, None)
            }
            ("aws.guardduty", "GuardDuty Malware Protection Object Scan Result") => {
                let object = &detail["s3ObjectDetails"];
                let found = detail["scanResultDetails"]["scanResultStatus"].as_str();
                let verdict = match found {
                    Some("NO_THREATS_FOUND") => Verdict::Clean,
                    Some("THREATS_FOUND") => Verdict::Harmful,
                    // UNSUPPORTED, ACCESS_DENIED, FAILED, and whatever comes to be said later.
                    _ => Verdict::Unknown,
                };
                let version = &object["versionId"];
                (
                    &object["bucketName"],
                    &object["objectKey"],
                    version,
                    Some(verdict),
                )
            }
            _ => return None,
        };
        if of != bucket {
            return None;
        }
        Some(Self {
            file: keys::of_intake(name.as_str()?)?,
            version: version.as_str()?.to_owned(),
            verdict,
        })
    }
}

/// Serves `routes`, and `hear` for what is heard of files, until the environment ends.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API goes away.
pub fn files<F>(routes: Routes, hear: F) -> Result<(), lambda_runtime::Error>
where
    F: AsyncFn(&App, &Value) -> Result<Heard, StoreError>,
{
    super::run(async {
        let app = super::app()?;
        app.warm().await;
        let router = routes.router(app.clone());
        let (app, router, hear) = (&app, &router, &hear);
        let serve = |event: LambdaEvent<Value>| async move {
            if FileEvent::is(&event.payload) {
                let heard = hear(app, &event.payload).await?;
                return Ok::<_, lambda_runtime::Error>(serde_json::to_value(heard)?);
            }
            let request: LambdaRequest = serde_json::from_value(event.payload)?;
            let call = LambdaEvent::new(request, event.context);
            let answer = Adapter::from(router.clone()).call(call).await?;
            Ok(serde_json::to_value(answer)?)
        };
        lambda_runtime::run(service_fn(serve)).await
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAME: &str = "intake/ws_01kf0a1b2c3d4e5f6g7h8j9k0m/cnv_01kf0a1b2c3d4e5f6g7h8j9k0m/att_01kf0a1b2c3d4e5f6g7h8j9k0m";

    fn scanned(status: &str) -> Value {
        json!({
            "source": "aws.guardduty",
            "detail-type": "GuardDuty Malware Protection Object Scan Result",
            "detail": {
                "scanStatus": "COMPLETED",
                "s3ObjectDetails": { "bucketName": "b", "objectKey": NAME, "versionId": "v" },
                "scanResultDetails": { "scanResultStatus": status },
            },
        })
    }

    fn verdict(event: &Value) -> Option<Verdict> {
        FileEvent::read(event, "b").and_then(|event| event.verdict)
    }

    #[test]
    fn only_the_word_that_nothing_was_found_makes_a_file_clean() {
        assert_eq!(verdict(&scanned("NO_THREATS_FOUND")), Some(Verdict::Clean));
        assert_eq!(verdict(&scanned("THREATS_FOUND")), Some(Verdict::Harmful));
        for word in [
            "UNSUPPORTED",
            "ACCESS_DENIED",
            "FAILED",
            "",
            "no_threats_found",
        ] {
            assert_eq!(verdict(&scanned(word)), Some(Verdict::Unknown), "{word}");
        }
    }

    #[test]
    fn what_is_not_about_an_upload_of_ours_is_nothing() {
        let good = scanned("NO_THREATS_FOUND");
        type Plant = fn(&mut Value);
        let plants: [Plant; 6] = [
            |event| event["source"] = json!("shop.example"),
            |event| event["detail-type"] = json!("Object Deleted"),
            |event| event["detail"]["s3ObjectDetails"]["bucketName"] = json!("theirs"),
            |event| event["detail"]["s3ObjectDetails"]["objectKey"] = json!("ledger/1"),
            |event| event["detail"]["s3ObjectDetails"]["objectKey"] = json!(format!("{NAME}/x")),
            |event| event["detail"] = json!("clean"),
        ];
        for plant in plants {
            let mut event = good.clone();
            plant(&mut event);
            assert_eq!(FileEvent::read(&event, "b"), None, "{event}");
        }
    }

    #[test]
    fn an_arrival_says_nothing_of_what_is_in_it() {
        let event = json!({
            "source": "aws.s3", "detail-type": "Object Created",
            "detail": {
                "bucket": { "name": "b" },
                "object": { "key": NAME, "size": 3, "version-id": "v" },
            },
        });
        let read = FileEvent::read(&event, "b").expect("an arrival");
        assert_eq!((read.verdict, read.version.as_str()), (None, "v"));
        assert_eq!(keys::intake(read.file).as_str(), NAME);
    }
}
