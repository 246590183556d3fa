//! The weekly look at security (`.ci/weekly`): when the last one was, what it found and what it could not see.

use std::fs;
use std::path::Path;

use shared::domain::Timestamp;
use shared::domain::day::Day;

use super::Finding;
use crate::template::Template;

/// Older than this, a report says that the weekly run has stopped: four were missed.
const REPORT_DAYS: i64 = 35;
/// Where the reports lie, each named by its day.
const REPORTS: &str = "docs/security";
const WHAT: &str = "security report";

/// The newest report of the checkout that the template lies in.
pub(super) fn newest(template: &Template, now: Timestamp) -> Finding {
    of(template.path.parent().unwrap_or(Path::new(".")), now)
}

fn of(root: &Path, now: Timestamp) -> Finding {
    let folder = root.join(REPORTS);
    let names = fs::read_dir(&folder).into_iter().flatten().flatten();
    let days = names.filter_map(|entry| {
        let name = entry.file_name();
        name.to_str()?.strip_suffix(".md")?.parse::<Day>().ok()
    });
    let Some(day) = days.max() else {
        let text = format!("no report in {REPORTS}: the weekly run writes one named by its day");
        return Finding::unseen(WHAT, text);
    };
    let age = (now.seconds() - day.start().seconds()) / (24 * 60 * 60);
    if age > REPORT_DAYS {
        return Finding::warning(
            WHAT,
            format!("the last one is of {day}, {age} days ago: see why the weekly run stopped"),
        );
    }
    let text = fs::read_to_string(folder.join(format!("{day}.md"))).unwrap_or_default();
    let with = |result: &str| {
        let rows = text.lines().filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let (check, found) = (cells.next()?, cells.next()?);
            (found == result).then_some(check)
        });
        rows.collect::<Vec<_>>().join("; ")
    };
    let (found, unchecked) = (with("FOUND"), with("not checked"));
    if !found.is_empty() {
        return Finding::warning(WHAT, format!("of {day}, found something: {found}"));
    }
    if !unchecked.is_empty() {
        return Finding::warning(WHAT, format!("of {day}, did not check: {unchecked}"));
    }
    Finding::good(WHAT, format!("of {day}, found nothing"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_report_of_more_than_35_days_ago_is_a_warning_and_so_is_what_it_says() {
        let root = tempfile::tempdir().expect("a folder");
        let today: Day = "2026-11-22".parse().expect("a day");
        let now = today.start();
        assert_eq!(of(root.path(), now).state, State::Unseen);
        let folder = root.path().join(REPORTS);
        fs::create_dir_all(&folder).expect("a folder");
        let row = |result: &str| {
            format!("| check | result | of |\n|---|---|---|\n| known weaknesses | {result} | x |\n")
        };
        for (file, text, state) in [
            ("2026-10-17.md", row("nothing found"), State::Warning),
            ("README.md", row("nothing found"), State::Warning),
            ("2026-10-18.md", row("nothing found"), State::Good),
            ("2026-11-20.md", row("not checked"), State::Warning),
            ("2026-11-21.md", row("FOUND"), State::Warning),
            ("2026-11-22.md", row("nothing found"), State::Good),
        ] {
            fs::write(folder.join(file), text).expect("a file");
            assert_eq!(of(root.path(), now).state, state, "{file}");
        }
    }
}
