//! The programs of versions.
//!
//! A version never changes, so its program is remembered for a few minutes by the environment that read
//! it: a turn then costs one batch read and one transaction, as a message without a flow does.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use flow::{Document, Subflows};

use super::super::App;
use crate::{
    domain::{FlowId, Timestamp, WorkspaceId, policy::Lens},
    store::{RootRef, StoreError, TenantKey, flow::Place, flow_run::FlowRun, keys},
};

/// How long a program is remembered: no longer than the key it was opened with.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);
/// How many programs are remembered at once.
const REMEMBERED_PROGRAMS: usize = 64;
/// How many flows one flow goes through at most, with those inside them.
const MOST_SUBFLOWS: usize = 16;

type Name = (WorkspaceId, FlowId, u64);

/// Programs that were read already.
#[derive(Clone, Default)]
pub struct Programs(Arc<Mutex<HashMap<Name, Kept>>>);

/// A program, and when it was asked for last.
type Kept = (Arc<flow::Compiled>, Timestamp);

impl Programs {
    fn get(&self, name: Name, now: Timestamp) -> Option<Arc<flow::Compiled>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, until)| *until > now);
        known.get(&name).map(|(program, _)| Arc::clone(program))
    }

    fn keep(&self, name: Name, program: &Arc<flow::Compiled>, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_PROGRAMS {
            known.clear();
        }
        known.insert(name, (Arc::clone(program), now.plus(REMEMBERED)));
    }
}

impl App {
    /// The program of the version that leads a conversation; none when it is gone, or does not compile.
    pub(super) async fn program_of(
        &self,
        run: &FlowRun,
        tenant_key: &TenantKey,
        lens: Lens<'_>,
    ) -> Result<Option<Arc<flow::Compiled>>, StoreError> {
        let name = (run.workspace, run.flow, run.version);
        if let Some(known) = self.programs.get(name, lens.now) {
            return Ok(Some(known));
        }
        let place = Place {
            workspace: run.workspace,
            flow: run.flow,
            version: Some(run.version),
        };
        let head = keys::flow(run.workspace, run.flow);
        let mut wanted = vec![keys::data_key(&RootRef::of(&head))];
        wanted.extend(place.keys());
        let fetched = self.store.batch(wanted).await?;
        let Some(key) = fetched.data_key(&head, tenant_key)? else {
            return Ok(None);
        };
        let text = place.read(&fetched, &key, lens)?;
        let Some(document) = text.and_then(|text| Document::parse(text.as_bytes()).ok()) else {
            return Ok(None);
        };
        let subflows = self
            .subflows_of(&document, run.workspace, tenant_key, lens)
            .await?;
        // What is wrong with it kept it from being published: here it has only to run.
        let program = flow::compile_draft(&document, &subflows).ok().map(Arc::new);
        if let Some(program) = &program {
            self.programs.keep(name, program, lens.now);
        }
        Ok(program)
    }

    /// The versions that a flow goes through, and those that these go through: as many as can be entered
    /// one in another. What is not there is left out.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn subflows_of(
        &self,
        document: &Document,
        workspace: WorkspaceId,
        tenant_key: &TenantKey,
        lens: Lens<'_>,
    ) -> Result<Subflows, StoreError> {
        let mut found = Subflows::new();
        let mut wanted = document.needs().subflows;
        while let Some((id, version)) = wanted.pop() {
            let name = flow::reference(&id, version);
            let Ok(id) = id.parse::<FlowId>() else {
                continue;
            };
            if found.contains_key(&name) || found.len() >= MOST_SUBFLOWS {
                continue;
            }
            let place = Place {
                workspace,
                flow: id,
                version: Some(u64::from(version)),
            };
            let head = keys::flow(workspace, id);
            let mut keys = vec![keys::data_key(&RootRef::of(&head))];
            keys.extend(place.keys());
            let fetched = self.store.batch(keys).await?;
            let Some(key) = fetched.data_key(&head, tenant_key)? else {
                continue;
            };
            let text = place.read(&fetched, &key, lens)?;
            if let Some(inner) = text.and_then(|text| Document::parse(text.as_bytes()).ok()) {
                wanted.extend(inner.needs().subflows);
                found.insert(name, inner);
            }
        }
        Ok(found)
    }
}
