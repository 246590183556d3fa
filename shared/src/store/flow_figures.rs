//! Figures about flows: what turns came to, and the sums of it. Neither says whose turn it was.
//!
//! A turn writes its marks in its own transaction, beside the flow and under a name of chance, with the day
//! and no time. The minute adds them to the sums of their version and takes them away in one transaction,
//! so each is counted once; no turn waits for a row that all turns of a flow write.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::rand;
use shared_derive::Record;
use uuid::Uuid;

use super::{
    db::{Store, StoreError},
    keys::{self, Key},
    query::Query,
    record::{Stored, read_item},
    seal::Unsealed,
    transaction::{CommitError, Transaction},
};
use crate::domain::{FlowId, Timestamp, WorkspaceId, day::Day, policy::Lens};

/// How many turns are added up in one transaction.
const STEP: u16 = 45;

/// What one turn came to.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = flow_tick(workspace, flow, id), due = flow_tick_due(workspace, flow, id, on),
    tenant = workspace, within = Flow, class = Workspace, anchor = on,
)]
pub struct FlowTick {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Of which flow.
    #[non_personal(reason = "the id of a flow")]
    pub flow: FlowId,
    /// A name of chance, from which nothing follows.
    #[non_personal(reason = "a name of chance from which nothing follows")]
    pub id: Uuid,
    /// Of which version.
    #[non_personal(reason = "the number of a version")]
    pub version: u64,
    /// What it came to: places of the flow, and what happened there.
    #[non_personal(reason = "positions in a document; of whose turn they are nothing is kept")]
    pub marks: Vec<u64>,
    /// The first moment of its day.
    #[non_personal(reason = "the day of a turn, without its time")]
    pub on: Timestamp,
}

impl FlowTick {
    /// What a turn came to at `now`.
    ///
    /// # Errors
    /// When the machine has no chance.
    pub fn new(
        workspace: WorkspaceId,
        (flow, version): (FlowId, u64),
        marks: Vec<u64>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut id = [0; 16];
        rand::fill(&mut id).map_err(|_| StoreError::Random)?;
        Ok(Self {
            workspace,
            flow,
            id: uuid::Builder::from_random_bytes(id).into_uuid(),
            version,
            marks,
            on: Day::of(now).start(),
        })
    }
}

/// The sums of a version.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = flow_sums(workspace, flow, version), tenant = workspace,
    within = Flow, class = Workspace, anchor = since,
)]
pub struct FlowSums {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Of which flow.
    #[non_personal(reason = "the id of a flow")]
    pub flow: FlowId,
    /// Of which version.
    #[non_personal(reason = "the number of a version")]
    pub version: u64,
    /// A mark and how often it came, one pair after another.
    #[non_personal(reason = "how often positions of a document were come to")]
    pub sums: Vec<u64>,
    /// The day of the first turn.
    #[non_personal(reason = "the day of a turn, without its time")]
    pub since: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl FlowSums {
    /// How often each mark came.
    pub fn read(&self) -> BTreeMap<u64, u64> {
        let pairs = self.sums.chunks_exact(2);
        pairs.map(|pair| (pair[0], pair[1])).collect()
    }

    fn add(&mut self, marks: &[u64]) {
        let mut sums = self.read();
        for mark in marks {
            *sums.entry(*mark).or_insert(0) += 1;
        }
        self.sums = sums.into_iter().flat_map(|(mark, n)| [mark, n]).collect();
    }
}

impl Store {
    /// Adds up what the turns of a flow came to. How many there were.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn add_up(
        &self,
        (workspace, flow): (WorkspaceId, FlowId),
        lens: Lens<'_>,
    ) -> Result<u64, StoreError> {
        let mut counted = 0;
        loop {
            let waiting = Query::partition(keys::flow_partition(workspace, flow))
                .between(keys::FLOW_TICK, format!("{}~", keys::FLOW_TICK))
                .limit(STEP);
            let items = self.query(waiting).await?;
            let mut ticks: Vec<FlowTick> = Vec::with_capacity(items.len());
            for item in &items {
                ticks.extend(read_item::<FlowTick>(item, &Unsealed, lens)?);
            }
            if ticks.is_empty() {
                return Ok(counted);
            }
            let more = items.len() >= usize::from(STEP);
            if !self.add_step((workspace, flow), &ticks, lens).await? {
                return Ok(counted);
            }
            counted += ticks.len() as u64;
            if !more {
                return Ok(counted);
            }
        }
    }

    /// Whether these were added up; not, where another run was faster.
    async fn add_step(
        &self,
        (workspace, flow): (WorkspaceId, FlowId),
        ticks: &[FlowTick],
        lens: Lens<'_>,
    ) -> Result<bool, StoreError> {
        let versions: BTreeSet<u64> = ticks.iter().map(|tick| tick.version).collect();
        let at = |version: u64| keys::flow_sums(workspace, flow, version);
        let at_flow = keys::flow(workspace, flow);
        let mut wanted: Vec<Key> = versions.iter().map(|version| at(*version)).collect();
        wanted.push(at_flow.clone());
        let fetched = self.batch(wanted).await?;
        let mut transaction = Transaction::new(lens.now);
        for tick in ticks {
            transaction.consume(keys::flow_tick(workspace, flow, tick.id));
        }
        // Of a flow that is gone nothing is counted any more.
        let versions = versions
            .into_iter()
            .filter(|_| fetched.raw(&at_flow).is_some());
        for version in versions {
            let before = fetched.get::<FlowSums>(&at(version), &Unsealed, lens)?;
            let of_version = || ticks.iter().filter(|tick| tick.version == version);
            let is_new = before.is_none();
            let mut sums = before.unwrap_or_else(|| FlowSums {
                workspace,
                flow,
                version,
                sums: Vec::new(),
                since: of_version().map(|tick| tick.on).min().unwrap_or(lens.now),
                rev: 1,
            });
            for tick in of_version() {
                sums.add(&tick.marks);
            }
            if is_new {
                transaction.create(&Stored::new(sums, lens.policy), &Unsealed)?;
            } else {
                transaction.replace(&Stored::next(sums, lens.policy), &Unsealed)?;
            }
        }
        match self.commit(transaction).await {
            Ok(()) => Ok(true),
            Err(CommitError::Refused(_)) => Ok(false),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}
