//! What S3 and the scanner say of what is uploaded: that it arrived, and what is in it.
//!
//! The scanner is a stand-in for GuardDuty Malware Protection. It knows two things: the test file that
//! every scanner takes for harmful (EICAR), and a PDF that is encrypted, which none can look into. As
//! on AWS it speaks through the event bus, at least once, some time after the upload.
//! (docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html)

use serde_json::{Value, json};
use shared::domain::Timestamp;

use crate::objects::Head;
use crate::seed::random_uuid;
use crate::template::Bucket;
use crate::{ACCOUNT, REGION};

/// The test file, in two halves, so that no scanner takes this program for harmful.
const EICAR: [&str; 2] = [
    r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-",
    "ANTIVIRUS-TEST-FILE!$H+H*",
];

/// What is told of a version that came into a bucket.
pub(crate) fn events(bucket: &Bucket, head: &Head, bytes: &[u8]) -> Vec<Value> {
    let mut events = Vec::new();
    if bucket.events {
        events.push(event(
            head,
            "aws.s3",
            "Object Created",
            json!({
                "version": "0", "reason": "PutObject",
                "bucket": { "name": head.bucket },
                "object": {
                    "key": head.key, "size": head.size, "etag": "", "version-id": head.id,
                    "sequencer": format!("{:016X}", head.at_ms),
                },
            }),
        ));
    }
    if bucket
        .scanned
        .iter()
        .any(|prefix| head.key.starts_with(prefix))
    {
        events.push(event(
            head,
            "aws.guardduty",
            "GuardDuty Malware Protection Object Scan Result",
            json!({
                "schemaVersion": "1.0", "scanStatus": "COMPLETED", "resourceType": "S3_OBJECT",
                "s3ObjectDetails": {
                    "bucketName": head.bucket, "objectKey": head.key, "eTag": "",
                    "versionId": head.id, "s3Throttled": false,
                },
                "scanResultDetails": found(bytes),
            }),
        ));
    }
    events
}

/// What the scanner finds.
fn found(bytes: &[u8]) -> Value {
    let has = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
    if has(EICAR.concat().as_bytes()) {
        let threats = json!([{ "name": "EICAR-Test-File (not a virus)" }]);
        return json!({ "scanResultStatus": "THREATS_FOUND", "threats": threats });
    }
    let status = match bytes.starts_with(b"%PDF-") && has(b"/Encrypt ") {
        true => "UNSUPPORTED",
        false => "NO_THREATS_FOUND",
    };
    json!({ "scanResultStatus": status, "threats": null })
}

fn event(head: &Head, source: &str, kind: &str, detail: Value) -> Value {
    // S3 tells whole seconds.
    let at = Timestamp::from_ms(head.at_ms / 1000 * 1000);
    json!({
        "version": "0", "id": random_uuid(), "detail-type": kind, "source": source,
        "account": ACCOUNT, "time": at, "region": REGION, "resources": [], "detail": detail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_file_is_found_wherever_it_hides_and_what_is_encrypted_is_not_looked_into() {
        let status = |bytes: &[u8]| found(bytes)["scanResultStatus"].clone();
        let hidden = format!("%PDF-1.7 {} /Encrypt 1", EICAR.concat());
        assert_eq!(status(hidden.as_bytes()), "THREATS_FOUND");
        assert_eq!(status(b"%PDF-1.7 /Encrypt 7 0 R"), "UNSUPPORTED");
        assert_eq!(status(b"Hello"), "NO_THREATS_FOUND");
        assert_eq!(status(b""), "NO_THREATS_FOUND");
    }
}
