//! Functions behind schedules: EventBridge Scheduler calls with the input that the template wrote.

use std::collections::BTreeMap;

use lambda_http::{Adapter, Service, request::LambdaRequest};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{app::App, domain::Timestamp, http::Routes, store::StoreError, words};

/// The namespace of our own metrics.
const NAMESPACE: &str = "Sotto";

words! {
    /// What a schedule asks for.
    pub enum Task {
        /// Do what is to be done at Stripe.
        Billing = "billing",
        /// Begin the erasures whose time has come, and go on with those that are not done.
        Erasures = "erasures",
        /// Go on with the jobs that are not done.
        Jobs = "jobs",
        /// Carry out the deadlines that have passed.
        Minute = "minute",
        /// Delete what is over.
        Sweep = "sweep",
    }
}

/// One call of a schedule: the schedule's `Input`, in which Scheduler has filled in the time.
#[derive(Clone, Debug, Deserialize)]
pub struct Tick {
    /// What to do.
    pub task: Task,
    /// For when the call was planned; a retry names the same time.
    pub scheduled_at: Timestamp,
}

/// What a task did, in counts. Nothing here names anybody or anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report(pub BTreeMap<&'static str, u64>);

impl Report {
    /// Adds to a count, or begins it.
    pub fn add(&mut self, name: &'static str, count: u64) {
        *self.0.entry(name).or_default() += count;
    }

    /// Makes a measure at least this.
    pub fn most(&mut self, name: &'static str, measure: u64) {
        let so_far = self.0.entry(name).or_default();
        *so_far = measure.max(*so_far);
    }

    /// The counts in CloudWatch's embedded metric format, without any dimension.
    pub fn metrics(&self, now: Timestamp) -> Value {
        let names: Vec<Value> = self
            .0
            .keys()
            .map(|name| json!({ "Name": name, "Unit": "Count" }))
            .collect();
        let mut line = json!({
            "_aws": {
                "Timestamp": now.ms(),
                "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": names }],
            },
        });
        if let Some(line) = line.as_object_mut() {
            line.extend(
                self.0
                    .iter()
                    .map(|(name, count)| ((*name).to_owned(), json!(count))),
            );
        }
        line
    }
}

/// Runs `handler` for every call of a schedule until the environment ends, and writes its report
/// to the log, where CloudWatch makes metrics of it.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API goes away.
pub fn schedule<F>(handler: F) -> Result<(), lambda_runtime::Error>
where
    F: AsyncFn(&App, Tick) -> Result<Report, StoreError>,
{
    super::run(async {
        let app = super::app()?;
        let (app, handler) = (&app, &handler);
        let serve = |event: LambdaEvent<Tick>| async move {
            let report = handler(app, event.payload).await?;
            log(&report.metrics(app.clock.now()));
            Ok::<_, lambda_runtime::Error>(report)
        };
        lambda_runtime::run(service_fn(serve)).await
    })
}

impl Tick {
    /// Whether an event comes from a schedule, rather than from the API.
    pub fn is(event: &Value) -> bool {
        event["task"].is_string()
    }
}

/// Serves `routes`, and `handler` for every call of a schedule, until the environment ends.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API goes away.
pub fn scheduled<F>(routes: Routes, handler: F) -> Result<(), lambda_runtime::Error>
where
    F: AsyncFn(&App, Tick) -> Result<Report, StoreError>,
{
    super::run(async {
        let app = super::app()?;
        app.warm().await;
        let router = routes.router(app.clone());
        let (app, router, handler) = (&app, &router, &handler);
        let serve = |event: LambdaEvent<Value>| async move {
            if Tick::is(&event.payload) {
                let report = handler(app, serde_json::from_value(event.payload)?).await?;
                log(&report.metrics(app.clock.now()));
                return Ok::<_, lambda_runtime::Error>(serde_json::to_value(report)?);
            }
            let request: LambdaRequest = serde_json::from_value(event.payload)?;
            let call = LambdaEvent::new(request, event.context);
            let answer = Adapter::from(router.clone()).call(call).await?;
            Ok(serde_json::to_value(answer)?)
        };
        lambda_runtime::run(service_fn(serve)).await
    })
}

/// The log's own form has no room for a nested object, and CloudWatch reads metrics from lines that
/// are nothing else.
#[expect(
    clippy::print_stdout,
    reason = "standard output is the log of a function"
)]
pub(super) fn log(metrics: &Value) {
    println!("{metrics}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_line_of_metrics_without_dimensions() {
        let mut report = Report::default();
        report.add("sweep_heartbeat", 1);
        report.add("overdue_items", 0);
        report.add("sweep_heartbeat", 1);
        report.most("index_lag_seconds", 7);
        report.most("index_lag_seconds", 3);
        let line = report.metrics(Timestamp::from_ms(1_768_478_400_000));
        assert_eq!(line["sweep_heartbeat"], 2);
        assert_eq!(line["overdue_items"], 0);
        assert_eq!(line["index_lag_seconds"], 7);
        let metrics = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(metrics["Namespace"], "Sotto");
        assert_eq!(metrics["Dimensions"], json!([[]]));
        assert_eq!(metrics["Metrics"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn the_input_of_the_template_is_a_tick() {
        let text = r#"{"task":"sweep","scheduled_at":"2026-01-15T12:00:00Z"}"#;
        let tick: Tick = serde_json::from_str(text).expect("a tick");
        assert_eq!(
            (tick.task, tick.scheduled_at.ms()),
            (Task::Sweep, 1_768_478_400_000)
        );
        assert!(
            serde_json::from_str::<Tick>(
                r#"{"task":"dance","scheduled_at":"2026-01-15T12:00:00Z"}"#
            )
            .is_err()
        );
    }
}
