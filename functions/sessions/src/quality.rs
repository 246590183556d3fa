//! How well a call goes, as a device counts it of itself.

use serde::{Deserialize, Serialize};
use shared::{
    app::{App, limit::Act},
    domain::{
        Timestamp,
        call::{
            CallState, Side,
            quality::{Network, Transport, VideoCodec, score_tenths},
        },
        device::{Browser, Device, System},
    },
    http::{Client, Code, Problem, actor::Entry},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        call::{Call, CallQuality},
        keys,
    },
};
use utoipa::ToSchema;

/// How long after its end a call can still be told of: a page that closes tells on its way out.
const TELLS_FOR: std::time::Duration = std::time::Duration::from_secs(10 * 60);
/// A number of this size or more was not counted.
const MOST: u64 = 100_000_000;

/// How well a call went for one side so far, or at its end. Counts and closed words: no address, no
/// name of a device, no candidate.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// Whether this is how it was at the end.
    #[serde(default)]
    last: bool,
    /// How the device is in the network.
    network: Option<Network>,
    /// Whether it went through a relay.
    relayed: Option<bool>,
    /// By which protocol.
    transport: Option<Transport>,
    /// How the picture was encoded.
    video_codec: Option<VideoCodec>,
    /// From when the call was taken until something flowed, in ms.
    #[schema(example = 640)]
    connect_ms: Option<u64>,
    /// The middle of the round trips, in ms.
    #[schema(example = 42)]
    rtt_p50_ms: Option<u64>,
    /// The round trip that 95 of 100 were not above, in ms.
    #[schema(example = 88)]
    rtt_p95_ms: Option<u64>,
    /// How unevenly packets came, in ms.
    #[schema(example = 6)]
    jitter_ms: Option<u64>,
    /// How many packets of a thousand did not come.
    #[schema(example = 3, maximum = 1000)]
    loss_permille: Option<u64>,
    /// How much of the sound was made up, of a thousand.
    #[schema(example = 1, maximum = 1000)]
    concealed_permille: Option<u64>,
    /// How often the picture stood still.
    #[schema(example = 0)]
    freezes: Option<u64>,
    /// For how long together, in ms.
    #[schema(example = 0)]
    freeze_ms: Option<u64>,
    /// Pictures of a second.
    #[schema(example = 24)]
    frames_per_second: Option<u64>,
    /// How often the picture changed its size.
    #[schema(example = 1)]
    resolution_changes: Option<u64>,
    /// What came in, in kbit/s.
    #[schema(example = 900)]
    kilobits_per_second: Option<u64>,
    /// How often the way was looked for again.
    #[schema(example = 0)]
    ice_restarts: Option<u64>,
}

/// How well a call went for one side.
#[derive(Debug, Serialize, ToSchema)]
pub struct QualityView {
    /// For which side.
    side: Side,
    /// From 1.0 (nobody understood anything) to 4.5 (as if in one room): the E-model (ITU-T G.107) of
    /// round trip and loss, as docs/calls.md writes it out. None without those two.
    #[schema(example = 4.3)]
    score: Option<f64>,
    /// When it was told.
    told_at: Timestamp,
    /// The family of the browser.
    browser: Browser,
    /// The family of the system.
    system: System,
    /// What was counted.
    counted: Quality,
}

impl Quality {
    fn check(&self) -> Result<(), Problem> {
        let numbers = [
            ("#/connect_ms", self.connect_ms, MOST),
            ("#/rtt_p50_ms", self.rtt_p50_ms, MOST),
            ("#/rtt_p95_ms", self.rtt_p95_ms, MOST),
            ("#/jitter_ms", self.jitter_ms, MOST),
            ("#/loss_permille", self.loss_permille, 1000),
            ("#/concealed_permille", self.concealed_permille, 1000),
            ("#/freezes", self.freezes, MOST),
            ("#/freeze_ms", self.freeze_ms, MOST),
            ("#/frames_per_second", self.frames_per_second, 1000),
            ("#/resolution_changes", self.resolution_changes, MOST),
            ("#/kilobits_per_second", self.kilobits_per_second, MOST),
            ("#/ice_restarts", self.ice_restarts, MOST),
        ];
        for (pointer, number, most) in numbers {
            if number.is_some_and(|number| number > most) {
                let detail = format!("at most {most}");
                return Err(Problem::invalid(pointer, "too_large", &detail));
            }
        }
        Ok(())
    }

    fn of(row: &CallQuality) -> Self {
        Self {
            last: row.last,
            network: row.network,
            relayed: row.relayed,
            transport: row.transport,
            video_codec: row.video_codec,
            connect_ms: row.connect_ms,
            rtt_p50_ms: row.rtt_p50_ms,
            rtt_p95_ms: row.rtt_p95_ms,
            jitter_ms: row.jitter_ms,
            loss_permille: row.loss_permille,
            concealed_permille: row.concealed_permille,
            freezes: row.freezes,
            freeze_ms: row.freeze_ms,
            frames_per_second: row.frames_per_second,
            resolution_changes: row.resolution_changes,
            kilobits_per_second: row.kilobits_per_second,
            ice_restarts: row.ice_restarts,
        }
    }
}

impl QualityView {
    /// What was told of a side.
    pub fn new(row: &CallQuality) -> Self {
        let score = row.rtt_p50_ms.zip(row.loss_permille);
        // A whole number of tenths below 50.
        let tenths = score.and_then(|(rtt, loss)| u32::try_from(score_tenths(rtt, loss)).ok());
        Self {
            side: row.side,
            score: tenths.map(|tenths| f64::from(tenths) / 10.0),
            told_at: row.told_at,
            browser: row.browser,
            system: row.system,
            counted: Quality::of(row),
        }
    }
}

/// Keeps what a device told of its side, over what it told before.
///
/// # Errors
/// 409 `call_state` before the call was taken, and long after its end; 429 when it is told too often.
pub async fn keep(
    app: &App,
    client: &Client,
    entry: &Entry,
    (call, side): (&Call, Side),
    (device, told): (Device, Quality),
) -> Result<(), Problem> {
    told.check()?;
    let course = call.course().at(entry.now);
    let late = course
        .ended_at
        .is_some_and(|ended| ended.plus(TELLS_FOR) <= entry.now);
    let waits = matches!(course.state, CallState::Created | CallState::Ringing);
    if late || waits || course.accepted_at.is_none() {
        return Err(Problem::new(Code::CallState));
    }
    let subject = format!("{} {}", call.id, side.word());
    let _ = app.admit(client, Act::TellQuality, &subject).await?;
    let place = keys::call_quality(entry.workspace, call.id, side);
    let before = entry.open::<CallQuality>(&place)?;
    if before.is_some_and(|before| before.last) && !told.last {
        // A checkpoint that came late.
        return Ok(());
    }
    let row = CallQuality {
        workspace: entry.workspace,
        call: call.id,
        side,
        last: told.last,
        browser: device.browser,
        system: device.system,
        network: told.network,
        relayed: told.relayed,
        transport: told.transport,
        video_codec: told.video_codec,
        connect_ms: told.connect_ms,
        rtt_p50_ms: told.rtt_p50_ms,
        rtt_p95_ms: told.rtt_p95_ms,
        jitter_ms: told.jitter_ms,
        loss_permille: told.loss_permille,
        concealed_permille: told.concealed_permille,
        freezes: told.freezes,
        freeze_ms: told.freeze_ms,
        frames_per_second: told.frames_per_second,
        resolution_changes: told.resolution_changes,
        kilobits_per_second: told.kilobits_per_second,
        ice_restarts: told.ice_restarts,
        told_at: entry.now,
    };
    let mut transaction = Transaction::new(entry.now);
    transaction.overwrite(&Stored::new(row, &entry.policy), &Unsealed)?;
    transaction.check_there(keys::call(entry.workspace, call.id));
    match app.store.commit(transaction).await {
        Ok(()) => Ok(()),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
