//! `POST /v1/widget/beacons`: how long the widget took to load, or what went wrong in it.
//!
//! The address and the text that the browser sends of itself are seen and go no further: what stays
//! is a family of browsers with a number and a country that the edge names, and those only where the
//! workspace has figures about use; elsewhere load time and error alone. People go by a pseudonym of
//! chance that is another one every week. Nobody is asked for consent, because nothing is kept in the
//! browser and everybody can refuse: with `Sec-GPC` or `DNT`, or once and for all
//! (`PUT /v1/widget/figures`).

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::{App, limit::Act},
    domain::{
        PseudonymId,
        analytics::{MOST_LOAD_MS, Week, WidgetError},
        policy::Module,
    },
    http::{
        Allowance, Client, Code, Json, Problem, Problems, Visitor, VisitorToken,
        telemetry::{Origin, Telemetry},
    },
    store::{
        CommitError, StoreError, Stored, Transaction, Unsealed,
        analytics::{AnalyticsWeek, Beacon, BeaconLink},
        keys,
    },
};
use utoipa::ToSchema;
use uuid::Uuid;

/// How often a beacon that meets another one is tried again.
const RACES: u32 = 3;

/// What a widget says of itself.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendBeacon {
    /// An id that the client makes: a repeated beacon counts once.
    #[schema(example = "0196f0a2-7b1c-4e1d-9a3b-5c6d7e8f9a0b")]
    client_beacon_id: Uuid,
    /// How long the widget took to load, in milliseconds.
    #[schema(maximum = 600_000, example = 840)]
    load_ms: Option<u64>,
    /// What went wrong.
    #[schema(example = json!(null))]
    error: Option<WidgetError>,
}

impl SendBeacon {
    fn check(&self) -> Result<(), Problem> {
        if self.load_ms.is_none() && self.error.is_none() {
            let detail = "a load time or an error";
            return Err(Problem::invalid("#/load_ms", "required", detail));
        }
        if self.load_ms.is_some_and(|ms| ms > MOST_LOAD_MS) {
            return Err(Problem::invalid(
                "#/load_ms",
                "out_of_range",
                "ten minutes at most",
            ));
        }
        Ok(())
    }
}

/// Say how the widget does.
///
/// A beacon is kept under a pseudonym that changes every week. With `Sec-GPC: 1` or `DNT: 1`, and for
/// who refused, nothing is kept, and the answer is the same.
#[utoipa::path(
    post,
    path = "/v1/widget/beacons",
    operation_id = "send_beacon",
    request_body = SendBeacon,
    responses((status = 204, description = "It was heard."), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    telemetry: Telemetry,
    token: VisitorToken,
    Json(body): Json<SendBeacon>,
) -> Result<(Allowance, StatusCode), Problem> {
    body.check()?;
    let subject = token.contact.to_string();
    let allowance = app.admit(&client, Act::SendBeacon, &subject).await?;
    let done = (allowance, StatusCode::NO_CONTENT);
    for _ in 0..RACES {
        let week = Week::of(app.clock.now());
        let wanted = vec![
            keys::beacon_link(token.workspace, token.contact, week),
            keys::analytics_week(token.workspace, week),
        ];
        let visitor = app.visitor(&token, wanted).await?;
        let Telemetry::From(origin) = telemetry else {
            return Ok(done);
        };
        if visitor.contact.figures_refused_at.is_some() {
            return Ok(done);
        }
        let transaction = place(&visitor, week, (body, origin))?;
        match app.store.commit(transaction.writes).await {
            Ok(()) => return Ok(done),
            Err(CommitError::Store(error)) => return Err(error.into()),
            // It was heard before.
            Err(CommitError::Refused(refusal)) if refusal.failed(transaction.beacon) => {
                return Ok(done);
            }
            Err(CommitError::Refused(_)) => {}
        }
    }
    Err(Problem::new(Code::Conflict))
}

/// What one beacon writes, and where in it the beacon itself stands.
struct Placed {
    writes: Transaction,
    beacon: shared::store::Slot,
}

/// The beacon, with what leads to it when it is the first of its week. The contact is still what was
/// read: whoever is forgotten, or refuses, at this moment, is in no figures.
fn place(
    visitor: &Visitor,
    week: Week,
    (body, origin): (SendBeacon, Origin),
) -> Result<Placed, Problem> {
    let entry = &visitor.entry;
    let (workspace, now, policy) = (entry.workspace, entry.now, &entry.policy);
    let mut writes = Transaction::new(now);
    let at_link = keys::beacon_link(workspace, visitor.id, week);
    let link = match entry.open::<BeaconLink>(&at_link)? {
        Some(link) => link,
        None => {
            let link = BeaconLink {
                workspace,
                contact: visitor.id,
                week,
                pseudonym: PseudonymId::random().ok_or(StoreError::Random)?,
                kept_from: week.end(),
            };
            writes.create(&Stored::new(link.clone(), policy), &Unsealed)?;
            link
        }
    };
    let at_week = keys::analytics_week(workspace, week);
    if entry.open::<AnalyticsWeek>(&at_week)?.is_none() {
        let begun = AnalyticsWeek::begin(workspace, week, now);
        writes.create(&Stored::new(begun, policy), &Unsealed)?;
    }
    // Elsewhere only what reliability needs (CHAT-13).
    let origin = match policy.has(Module::Analytics) {
        true => origin,
        false => Origin::default(),
    };
    let beacon = Beacon {
        workspace,
        week,
        pseudonym: link.pseudonym,
        client_beacon_id: body.client_beacon_id,
        browser: origin.browser,
        browser_major: origin.browser_major,
        country: origin.country,
        error: body.error,
        load_ms: body.load_ms,
        sent_at: now,
    };
    let beacon = writes.create(&Stored::new(beacon, policy), &Unsealed)?;
    let at_contact = keys::contact(workspace, visitor.id);
    writes.check_unchanged(at_contact, visitor.contact.rev);
    Ok(Placed { writes, beacon })
}
