//! Files of which restored tables know nothing: uploaded since the backup, or brought back by one of the bucket after
//! their rows had gone.

use std::collections::HashSet;

use shared::{
    app::App,
    store::{StoreError, keys},
};

/// How many files are looked at before something is said of them.
const WORD_EVERY: usize = 1_000;

/// Deletes every version of every file that has no row in the present table; says how many versions there were.
/// Only for tables that will be served from: in the eyes of any other table the files of the living are without rows.
///
/// # Errors
/// When storage did not do all of it; doing it again is safe.
pub async fn drop_rowless(app: &App, mut say: impl FnMut(String)) -> Result<u64, StoreError> {
    let versions = app.store.objects().versions(&keys::kept_files()).await?;
    let names = versions.iter().map(|version| version.key.as_str());
    let files: HashSet<_> = names.filter_map(keys::of_rendition).collect();
    let mut erased = 0;
    for (seen, file) in files.iter().enumerate() {
        if seen > 0 && seen % WORD_EVERY == 0 {
            say(format!("{seen} of {} files looked at.", files.len()));
        }
        erased += app.store.erase_file_without_row(*file).await?.unwrap_or(0);
    }
    say(format!(
        "{} files looked at, {erased} versions of those without a row deleted.",
        files.len()
    ));
    Ok(erased)
}
