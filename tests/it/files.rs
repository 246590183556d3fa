//! The door to files: sealed at rest, every version deleted, and whatever fails is safe to repeat.

use harness::{Fault, Harness, Kind};
use shared::domain::{ExportId, TenantId};
use shared::store::seal::DataKey;
use shared::store::{ObjectKey, ObjectPrefix, Objects, keys};

const TEXT: &[u8] = b"Grace Hopper, grace@example.com";

/// A name for a file, its prefix, and the door.
fn file(harness: &Harness) -> (ObjectKey, ObjectPrefix, Objects) {
    let export = ExportId::new(harness.now());
    let door = harness.app_of("retention").store.objects().clone();
    let of = keys::export_parts(TenantId::Platform, export);
    let name = keys::export_part(TenantId::Platform, export, 1, None);
    (name, of, door)
}

#[tokio::test]
async fn a_file_lies_sealed_bound_to_its_name_and_goes_with_every_version() {
    let harness = Harness::start().await;
    let (name, of, door) = file(&harness);
    let key = DataKey::generate().expect("random");
    assert_eq!(door.get(&name, &key).await.expect("asked"), None);
    door.put(&name, &key, b"first").await.expect("kept");
    door.put(&name, &key, TEXT).await.expect("kept");
    let read = door.get(&name, &key).await.expect("read");
    assert_eq!(read.as_deref(), Some(TEXT));
    for version in harness.stack.objects.versions() {
        let bytes = harness.stack.objects.bytes_of(&version).expect("there");
        assert!(!bytes.windows(5).any(|part| part == b"Grace"), "in clear");
    }
    // The same bytes under another name, or with another key, do not open.
    let other = keys::linked_file(ExportId::new(harness.now()), 1);
    let sealed = door.get_open(&name).await.expect("read").expect("there");
    let kept = door.put_open(&other, sealed, "application/octet-stream");
    kept.await.expect("kept");
    assert!(door.get(&other, &key).await.is_err(), "at another place");
    let stranger = DataKey::generate().expect("random");
    assert!(
        door.get(&name, &stranger).await.is_err(),
        "by another's key"
    );

    assert_eq!(door.versions(&of).await.expect("listed").len(), 2);
    assert_eq!(door.erase(&of).await.expect("erased"), 2);
    assert_eq!(door.erase(&of).await.expect("again"), 0);
    let left = harness.stack.objects.versions();
    assert_eq!(left.len(), 1, "not even a marker is left: {left:?}");
}

#[tokio::test]
async fn files_are_counted_and_cost_no_more_than_one_round_trip_each() {
    let harness = Harness::start().await;
    let (name, of, door) = file(&harness);
    let key = DataKey::generate().expect("random");
    let meter = &harness.app_of("retention").meter;
    door.put(&name, &key, TEXT).await.expect("kept");
    door.get(&name, &key).await.expect("read");
    door.link(&name, "export.zip").await.expect("signed");
    door.erase(&of).await.expect("erased");
    let done = meter.take();
    assert_eq!(
        done.operations(),
        [
            "PutObject",
            "GetObject",
            "ListObjectVersions",
            "DeleteObject"
        ]
    );
}

#[tokio::test]
async fn a_file_survives_every_fault_at_every_call() {
    let harness = Harness::start().await;
    let (name, of, door) = file(&harness);
    let key = DataKey::generate().expect("random");
    let kinds = [
        Kind::Throttle,
        Kind::ServerError,
        Kind::TimeoutBefore,
        Kind::TimeoutAfter,
    ];
    for kind in kinds {
        for operation in [
            "PutObject",
            "GetObject",
            "ListObjectVersions",
            "DeleteObject",
        ] {
            // Three in a row: more than the SDK's own retries heal.
            let fault = Fault::new(kind).on(operation).times(3);
            harness.faults().plan(fault);
            let mut failures = 0;
            let once = async || {
                door.put(&name, &key, TEXT).await?;
                let read = door.get(&name, &key).await?;
                assert_eq!(read.as_deref(), Some(TEXT));
                door.erase(&of).await
            };
            loop {
                match once().await {
                    Ok(_) => break,
                    Err(error) if error.retryable() => failures += 1,
                    Err(error) => panic!("{kind:?} at {operation}: {error}"),
                }
            }
            assert_eq!(failures, 1, "{kind:?} at {operation}");
            let left = harness.stack.objects.versions();
            assert!(left.is_empty(), "{kind:?} at {operation}: {left:?}");
        }
    }
}
