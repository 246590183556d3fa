//! `sotto backfill`: rows of an earlier version are written again in the shape of this release.
//!
//! Nothing needs it: a read gives each its new shape. What it brings is the day after which the code that does so can
//! go. It reads both tables through, page by page, and writes what is older, one item at a time and each only if it is
//! as it was read; so it may run beside functions of this release and of the one before, be cut off anywhere, and go on
//! from the last position it named, or from the beginning: what has the new shape is left alone.

use data_encoding::BASE64URL_NOPAD;
use shared::{
    app::App,
    store::{
        Key, StoreError, Table,
        renewing::{Renewed, Shape, older},
    },
};

/// After how many pages it says how far it is.
const WORD_EVERY: u64 = 20;

/// Whether anything is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What is older is written again.
    Renew,
    /// It is counted only.
    Count,
}

/// What was found and done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many items were looked at.
    pub looked_at: u64,
    /// How many of them were of an earlier version.
    pub older: u64,
    /// What became of those.
    pub done: Renewed,
}

impl Report {
    /// How many items still have an earlier version, as far as was looked.
    pub const fn left(&self) -> u64 {
        self.older - self.done.renewed
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Renewed {
            renewed,
            meanwhile,
            keyless,
        } = &self.done;
        writeln!(
            f,
            "{} items looked at: {} of an earlier version, {renewed} written again.",
            self.looked_at, self.older
        )?;
        if *meanwhile > 0 {
            writeln!(
                f,
                "{meanwhile} were written by others meanwhile: run it again, and look whether an earlier release still runs."
            )?;
        }
        for (kind, count) in keyless {
            writeln!(
                f,
                "{count} of kind {kind} have no key any more; the sweep takes them within a day."
            )?;
        }
        Ok(())
    }
}

/// Where a run is: the last item that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position(Key);

/// Not a position that a run has named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a position that sotto backfill has named")]
pub struct NoPosition;

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = [self.0.table.word(), &self.0.pk, &self.0.sk].join("\n");
        f.write_str(&BASE64URL_NOPAD.encode(text.as_bytes()))
    }
}

impl std::str::FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
        let bytes = bytes.map_err(|_| NoPosition)?;
        let text = String::from_utf8(bytes).map_err(|_| NoPosition)?;
        let mut parts = text.split('\n').map(str::to_owned);
        let (Some(table), Some(pk), Some(sk), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NoPosition);
        };
        let table = Table::parse(&table).ok_or(NoPosition)?;
        Ok(Self(Key { table, pk, sk }))
    }
}

/// Goes through both tables from `after` on. `say` hears how far it is.
///
/// # Errors
/// When storage fails; what was done stays done.
pub async fn run(
    app: &App,
    shapes: &[Shape],
    (mode, from): (Mode, Option<Position>),
    mut say: impl FnMut(String),
) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let mut pages = 0_u64;
    let skipped = from
        .as_ref()
        .is_some_and(|from| from.0.table == Table::Keys);
    let mut after = from.map(|from| from.0);
    for table in [Table::Data, Table::Keys] {
        if skipped && table == Table::Data {
            continue;
        }
        loop {
            let page = app.store.read_through(table, after.take()).await?;
            let now = app.clock.now();
            let found = older(&page.items, shapes, now);
            report.looked_at += page.items.len() as u64;
            report.older += found.len() as u64;
            if mode == Mode::Renew && !found.is_empty() {
                report.done.add(app.store.renew(table, &found, now).await?);
            }
            let Some(next) = page.next else { break };
            pages += 1;
            if pages.is_multiple_of(WORD_EVERY) {
                let (looked_at, renewed) = (report.looked_at, report.done.renewed);
                let position = Position(next.clone());
                say(format!(
                    "{looked_at} items looked at, {renewed} written again. Cut off here, go on with --after {position}"
                ));
            }
            after = Some(next);
        }
    }
    Ok(report)
}
