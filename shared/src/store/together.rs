//! Reads that are made at once, and not one after the other.

use tokio::task::JoinSet;

use super::{
    db::{BATCH_KEYS, Fetched, Store, StoreError},
    keys::Key,
};

/// Runs calls at once; their answers are in the order of the calls.
///
/// # Errors
/// The first one that failed; the others are given up.
pub async fn together<T: Send + 'static>(
    calls: impl IntoIterator<Item = impl Future<Output = Result<T, StoreError>> + Send + 'static>,
) -> Result<Vec<T>, StoreError> {
    let mut running = JoinSet::new();
    for (place, call) in calls.into_iter().enumerate() {
        running.spawn(async move { (place, call.await) });
    }
    let mut answers = Vec::with_capacity(running.len());
    while let Some(done) = running.join_next().await {
        let (place, answer) = done.map_err(|_| StoreError::Corrupt("a read that panicked"))?;
        answers.push((place, answer?));
    }
    answers.sort_by_key(|(place, _)| *place);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

impl Store {
    /// Reads any number of items, strongly consistent, in batches at once.
    ///
    /// # Errors
    /// As [`Store::batch`].
    pub async fn batch_together(&self, mut wanted: Vec<Key>) -> Result<Fetched, StoreError> {
        wanted.sort();
        wanted.dedup();
        let part = |part: &[Key]| {
            let (store, part) = (self.clone(), part.to_vec());
            async move { store.batch(part).await }
        };
        let parts = together(wanted.chunks(BATCH_KEYS).map(part)).await?;
        let mut all = Fetched::default();
        for part in parts {
            all.0.extend(part.0);
        }
        Ok(all)
    }
}
