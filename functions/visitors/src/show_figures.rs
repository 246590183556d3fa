//! `GET /v1/workspaces/{workspace}/figures`: what weeks of beacons came to, counted and about nobody.
//!
//! A week is shown when it is counted, an hour after it ended. Every count is about ten people at
//! least; what is about fewer stands together under `rest`. One batch read, whatever the range.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{
        Permission, WorkspaceId,
        analytics::{Cell, Dimension, OTHER, Week},
        day::Day,
    },
    http::{AccessToken, Json, Path, Problem, Problems, Query},
    store::{
        analytics::{AnalyticsWeek, WeekState},
        keys,
    },
    words,
};
use utoipa::ToSchema;

/// How many weeks are shown unless asked otherwise.
const USUAL_WEEKS: u32 = 12;
/// How many weeks are shown at the most: a year.
const MOST_WEEKS: usize = 53;

words! {
    /// The form of figures.
    pub enum Form {
        /// Lines of `week,dimension,value,beacons`.
        Csv = "csv",
        /// JSON.
        Json = "json",
    }
}

/// Which weeks.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Range {
    /// A day of the first week; twelve weeks in all unless said otherwise.
    #[param(inline)]
    from: Option<Day>,
    /// A day of the last week; the present one unless said otherwise. 53 weeks in all at the most.
    #[param(inline)]
    to: Option<Day>,
    /// The form; `json` unless said otherwise.
    #[param(inline)]
    format: Option<Form>,
}

/// Figures of some weeks.
#[derive(Serialize, ToSchema)]
pub struct FiguresView {
    /// The weeks in which anything was heard, the oldest first.
    weeks: Vec<WeekView>,
    /// About how many people every count is at the least.
    #[schema(example = 10)]
    least_people: u64,
}

/// One week.
#[derive(Serialize, ToSchema)]
pub struct WeekView {
    /// Its Monday, UTC.
    #[schema(example = "2026-01-12")]
    week: String,
    /// How far it is.
    state: WeekState,
    /// How many beacons there were; nothing while they are not counted, or where too few people were
    /// there for any count.
    #[schema(example = 318)]
    beacons: Option<u64>,
    /// The counts.
    cells: Vec<CellView>,
}

/// One count.
#[derive(Serialize, ToSchema)]
pub struct CellView {
    /// What is counted.
    dimension: Dimension,
    /// Which value: a family of browsers and its major version, a country (ISO 3166-1), an error or
    /// a step of time; `unknown` and `none` where nothing was said, `rest` for the others together.
    #[schema(example = "firefox_140")]
    value: String,
    /// How many beacons.
    #[schema(example = 41)]
    beacons: u64,
}

/// Show figures about use.
///
/// They are made from what widgets say of themselves, and are about nobody.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/figures",
    operation_id = "show_figures",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Range),
    responses(
        (status = 200, description = "The figures.", content(
            (FiguresView = "application/json"),
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
    Query(range): Query<Range>,
) -> Result<Response, Problem> {
    let to = range
        .to
        .map_or_else(|| Week::of(app.clock.now()), Week::of_day);
    let from = range
        .from
        .map_or_else(|| to.before(USUAL_WEEKS - 1), Week::of_day);
    if from > to {
        return Err(Problem::invalid("?from", "out_of_range", "not after `to`"));
    }
    let weeks: Vec<Week> = std::iter::successors(Some(from), |week| Some(week.next()))
        .take_while(|week| *week <= to)
        .take(MOST_WEEKS + 1)
        .collect();
    if weeks.len() > MOST_WEEKS {
        return Err(Problem::invalid(
            "?from",
            "out_of_range",
            "53 weeks at most",
        ));
    }
    let place = |week: &Week| keys::analytics_week(workspace, *week);
    let wanted = weeks.iter().map(place).collect();
    let member = app
        .member(&token, workspace, Permission::UsageRead, wanted)
        .await?;
    let mut views = Vec::new();
    for week in &weeks {
        let found = member.entry.open::<AnalyticsWeek>(&place(week))?;
        views.extend(found.map(WeekView::from));
    }
    Ok(match range.format.unwrap_or(Form::Json) {
        Form::Csv => csv(&views),
        Form::Json => Json(FiguresView {
            weeks: views,
            least_people: shared::domain::analytics::LEAST_PEOPLE,
        })
        .into_response(),
    })
}

impl From<AnalyticsWeek> for WeekView {
    fn from(week: AnalyticsWeek) -> Self {
        // What is counted half holds small counts.
        let cells = match week.week_state {
            WeekState::Counted => week.cells,
            WeekState::Lost | WeekState::Open => Vec::new(),
        };
        // Ten people at least are behind any count that has a name.
        let enough = cells.iter().any(|cell| cell.value != OTHER);
        Self {
            week: week.week.to_string(),
            state: week.week_state,
            beacons: enough.then_some(week.beacons),
            cells: match enough {
                true => cells.into_iter().map(CellView::from).collect(),
                false => Vec::new(),
            },
        }
    }
}

impl From<Cell> for CellView {
    fn from(cell: Cell) -> Self {
        Self {
            dimension: cell.dimension,
            value: cell.value,
            beacons: cell.beacons,
        }
    }
}

/// The counts, a line each. No value needs quotes: all are of closed lists.
fn csv(weeks: &[WeekView]) -> Response {
    let mut text = "week,dimension,value,beacons\r\n".to_owned();
    for week in weeks {
        for cell in &week.cells {
            let dimension = cell.dimension.word();
            let line = [
                &week.week,
                dimension,
                &cell.value,
                &cell.beacons.to_string(),
            ]
            .join(",");
            text.push_str(&line);
            text.push_str("\r\n");
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"figures.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use shared::domain::Timestamp;

    use super::*;

    fn week(state: WeekState, values: &[&str]) -> WeekView {
        let now = Timestamp::from_ms(1_768_478_400_000);
        let cell = |value: &&str| Cell {
            dimension: Dimension::Country,
            value: (*value).to_owned(),
            people: 0,
            beacons: 12,
        };
        let begun = AnalyticsWeek::begin(WorkspaceId::new(now), Week::of(now), now);
        WeekView::from(AnalyticsWeek {
            week_state: state,
            cells: values.iter().map(cell).collect(),
            beacons: 12 * values.len() as u64,
            ..begun
        })
    }

    #[test]
    fn nothing_is_shown_of_a_week_that_is_half_counted_or_has_too_few_people() {
        let shown = week(WeekState::Counted, &["DE", OTHER]);
        assert_eq!((shown.beacons, shown.cells.len()), (Some(24), 2));
        for hidden in [
            week(WeekState::Open, &["DE"]),
            week(WeekState::Lost, &[]),
            week(WeekState::Counted, &[OTHER]),
        ] {
            assert_eq!((hidden.beacons, hidden.cells.len()), (None, 0));
        }
    }
}
