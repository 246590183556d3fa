//! `GET /v1/workspaces/{workspace}/usage`: how many conversations there were, day by day, and how long
//! people waited.
//!
//! Counted from the heads of conversations and of calls when it is asked, and kept nowhere: what was
//! deleted or has ended is counted no more, so no count outlives anybody. A number about fewer than five
//! people is left out. There are no sums over days: from a sum the number that was left out would follow.
//!
//! A day may be parted by inbox, by team or by member. Then a number is left out as well where the others
//! would tell one that is ([`count`]). By member there is how much there was to do, and neither how long
//! anybody waited nor how content they were: that would judge one person (CALL-08).
//!
//! Notifications on devices are counted for good when their day is over ([`shared::store::push_day`]);
//! today's are counted from what is kept of them.
//!
//! One batch on entry, seven queries, and a batch for a hundred conversations, of a thousand for each
//! quarter of them at the most; where calls are on, one query more and a batch for a hundred calls, of the
//! last thousand. Conversations that are not within that are not shown; `complete_from` says so.

mod count;
mod metric;
mod read;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, day::Day, policy::Module},
    http::{AccessToken, Code, Json, Path, Problem, Problems, Query},
    words,
};
use utoipa::ToSchema;

use count::count;
use metric::{Metric, Metrics};
use read::Known;

/// How many days are shown unless asked otherwise.
const USUAL_DAYS: usize = 30;
/// How many days are shown at the most.
const MOST_DAYS: usize = 92;

words! {
    /// What the numbers of a day are parted by.
    pub enum By {
        /// By nothing.
        Day = "day",
        /// By the app through which visitors came.
        Inbox = "inbox",
        /// By whoever has the conversation now, or took the call.
        Member = "member",
        /// By the team that has the conversation now, or that a guest asked for with the call.
        Team = "team",
    }
}

words! {
    /// The form of the numbers.
    pub enum UsageFormat {
        /// Lines of a table.
        Csv = "csv",
        /// JSON.
        Json = "json",
    }
}

/// Which days.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Days {
    /// The first, UTC; thirty days in all unless said otherwise.
    #[param(inline)]
    from: Option<Day>,
    /// The last; today unless said otherwise. 92 days in all at the most.
    #[param(inline)]
    to: Option<Day>,
    /// What the numbers of a day are parted by; `day` unless said otherwise, which is nothing.
    #[param(inline)]
    by: Option<By>,
    /// Which numbers: names of the reply with commas between them; all unless said otherwise.
    #[serde(default)]
    #[param(inline, value_type = Option<String>, example = "conversations_opened,first_reply_p50_seconds")]
    metric: Metrics,
    /// The form; `json` unless said otherwise.
    #[param(inline)]
    format: Option<UsageFormat>,
}

/// What happened, day by day.
#[derive(Serialize, ToSchema)]
pub struct Usage {
    /// The first day that is counted whole; later than asked where there were more conversations than
    /// are read at once.
    #[schema(example = "2026-01-01")]
    complete_from: Day,
    /// About how many people every number is at the least; others are left out.
    #[schema(example = 5)]
    least_people: usize,
    /// What the numbers of a day are parted by.
    by: By,
    /// Every day from `complete_from` on, the oldest first; parted, a line for each part of a day of which
    /// there is a number.
    days: Vec<UsageOfDay>,
}

/// What happened on one day. A number that is about fewer than five people is null, and one that was not
/// asked for is not there.
#[derive(Serialize, ToSchema)]
pub struct UsageOfDay {
    /// Which, UTC.
    #[schema(example = "2026-01-15")]
    day: Day,
    /// Which part of it: the id of an app, a team or a member, or `none` for what has none; only where days
    /// are parted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "none")]
    part: Option<String>,
    /// Conversations that began.
    #[schema(example = 31)]
    conversations_opened: Option<u64>,
    /// Conversations that were closed, and still are.
    #[schema(example = 28)]
    conversations_closed: Option<u64>,
    /// Visitors in conversations that began.
    #[schema(example = 27)]
    visitors: Option<u64>,
    /// What visitors have written in the conversations that began.
    #[schema(example = 96)]
    messages_received: Option<u64>,
    /// What was written to them there.
    #[schema(example = 88)]
    messages_sent: Option<u64>,
    /// How long visitors waited for the first answer in them, in seconds: the middle one.
    #[schema(example = 95)]
    first_reply_p50_seconds: Option<u64>,
    /// How long the conversations that were closed had been there, in seconds: the middle one.
    #[schema(example = 5400)]
    resolution_p50_seconds: Option<u64>,
    /// Of the conversations that were closed, those in which a flow answered and nobody else.
    #[schema(example = 9)]
    bot_contained: Option<u64>,
    /// Conversations that began, and that a flow led.
    #[schema(example = 17)]
    conversations_led: Option<u64>,
    /// Flows that were made, and are still there. They are about nobody; not where days are parted.
    #[schema(example = 1)]
    flows_created: Option<u64>,
    /// How large the files are in the conversations that began, in bytes.
    #[schema(example = 1048576)]
    attachment_bytes: Option<u64>,
    /// Visitors' answers to how content they are.
    #[schema(example = 12)]
    ratings: Option<u64>,
    /// How content they were, from 1 to 5: the middle one.
    #[schema(example = 4)]
    rating_p50: Option<u64>,
    /// Notifications that a device took; not where days are parted.
    #[schema(example = 140)]
    push_sent: Option<u64>,
    /// How long people spoke in calls that were made, in minutes; only where calls are on.
    #[schema(example = 64)]
    call_minutes: Option<u64>,
}

/// Show usage.
///
/// What was deleted, and what has ended, is counted no more.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/usage",
    operation_id = "show_usage",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Days),
    responses(
        (status = 200, description = "The numbers.", content(
            (Usage = "application/json"),
            (String = "text/csv"),
        )),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(asked): Query<Days>,
) -> Result<Response, Problem> {
    let today = Day::of(app.clock.now());
    let to = asked.to.unwrap_or(today);
    let from = asked.from.unwrap_or_else(|| to.before(USUAL_DAYS - 1));
    if from > to {
        return Err(Problem::invalid("?from", "out_of_range", "not after `to`"));
    }
    if to.before(MOST_DAYS - 1) > from {
        return Err(Problem::invalid("?from", "out_of_range", "92 days at most"));
    }
    let member = app
        .member(&token, workspace, Permission::UsageRead, Vec::new())
        .await?;
    let entry = &member.entry;
    if !entry.policy.has(Module::Sessions) {
        entry.require(Module::Conversations)?;
    }
    let known = Known::read(&app, entry, (from, to)).await?;
    let days = (known.complete_from.max(from), to.min(today));
    let Metrics(metrics) = asked.metric;
    let by = asked.by.unwrap_or(By::Day);
    let mut usage = count(&known, days, by, entry.now);
    let is_told = |line: &UsageOfDay| metrics.iter().any(|one| line.number(*one).is_some());
    // That a part is there without a number that was asked for would be told as well.
    usage.days.retain(|line| by == By::Day || is_told(line));
    Ok(match asked.format.unwrap_or(UsageFormat::Json) {
        UsageFormat::Csv => csv(&usage, &metrics),
        UsageFormat::Json => json(&usage, &metrics)?,
    })
}

/// The numbers that were asked for; the others are not there, not even as null.
fn json(usage: &Usage, metrics: &[Metric]) -> Result<Response, Problem> {
    let mut told = serde_json::to_value(usage).map_err(|_| Problem::new(Code::Internal))?;
    let lines = told.get_mut("days").and_then(|days| days.as_array_mut());
    for line in lines
        .into_iter()
        .flatten()
        .filter_map(|line| line.as_object_mut())
    {
        line.retain(|name, _| Metric::parse(name).is_none_or(|one| metrics.contains(&one)));
    }
    Ok(Json(told).into_response())
}

/// A line for each day, or for each part of one; what is left out is empty.
fn csv(usage: &Usage, metrics: &[Metric]) -> Response {
    let mut text = "day".to_owned();
    if usage.by != By::Day {
        text.push(',');
        text.push_str(usage.by.word());
    }
    for metric in metrics {
        text.push(',');
        text.push_str(metric.word());
    }
    text.push_str("\r\n");
    for of in &usage.days {
        text.push_str(&of.day.to_string());
        if let Some(part) = &of.part {
            text.push(',');
            text.push_str(part);
        }
        for metric in metrics {
            let number = of.number(*metric).map(|number| number.to_string());
            text.push(',');
            text.push_str(&number.unwrap_or_default());
        }
        text.push_str("\r\n");
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"usage.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}
