//! How many of the calls that were taken found a way from device to device: two counts, of no app, workspace or
//! person. A batch that comes again counts again; the alarm compares the two counts with each other.

use shared::{
    domain::call::CallState,
    domain::words::Symbol as _,
    lambda::{schedule::Report, stream::Record as Changed},
    store::{Record as _, call::Call},
};

use crate::image;

/// Calls that were taken and are over.
const TAKEN: &str = "calls_taken";
/// Those of them in which sound or picture began to flow.
const CONNECTED: &str = "calls_connected";

/// Counts the calls that are over with these records. Those that nobody took, or that were taken back, say nothing
/// about the way between two devices.
pub fn count(records: &[Changed]) -> Report {
    let mut report = Report::default();
    for record in records {
        let (Some(old), Some(new)) = (&record.dynamodb.old_image, &record.dynamodb.new_image)
        else {
            continue;
        };
        let state = |item| image::text(item, "state").and_then(CallState::from_symbol);
        let is_over = image::kind(new) == Some(Call::DECLARATION.name)
            && state(new) == Some(CallState::Ended)
            && state(old) != Some(CallState::Ended);
        if is_over && new.contains_key("accepted_at") {
            report.add(TAKEN, 1);
            report.add(CONNECTED, u64::from(new.contains_key("connected_at")));
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::lambda::stream::Batch;

    use super::*;

    fn change(before: &str, after: &Value) -> Value {
        json!({ "eventName": "MODIFY", "dynamodb": {
            "SequenceNumber": "1",
            "OldImage": { "kind": { "S": "Call" }, "state": { "S": before } },
            "NewImage": after,
        } })
    }

    fn over(times: &[&str]) -> Value {
        let mut image = json!({ "kind": { "S": "Call" }, "state": { "S": "ended" } });
        for time in times {
            image[time] = json!({ "N": "1768478400000" });
        }
        image
    }

    #[test]
    fn a_call_that_was_taken_counts_once_when_it_is_over() {
        let both = over(&["accepted_at", "connected_at"]);
        let batch = json!({ "Records": [
            change("active", &both),
            change("connecting", &over(&["accepted_at"])),
            change("ringing", &over(&[])),
            change("ended", &both),
        ] });
        let batch: Batch = serde_json::from_value(batch).expect("a batch");
        let report = count(&batch.records);
        assert_eq!((report.0[TAKEN], report.0[CONNECTED]), (2, 1));
        assert_eq!(count(&[]), Report::default());
    }
}
