//! What an archive tells of what a workspace set up: its hours, teams, prepared answers and views, and its flows
//! with the rules that begin them.
//!
//! What is there already stays as it is. Whatever is told of goes in by its own id, so a second run finds it.

use std::collections::BTreeMap;

use shared::{
    domain::{FlowId, flow::Piece, policy::Lens, text::Text},
    store::{
        CommitError, Key, Query, Record, StoreError, Stored, SubjectId, Transaction, Unsealed,
        assigning::{MAX_TEAMS, Team},
        flow::{Flow, FlowTests, FlowVersion, Place, document_hash},
        flow_rule::{FlowRule, FlowRules, MOST_FLOW_RULES},
        hours::BusinessHours,
        keyring::NewDataKey,
        keys,
        saved_view::SavedView,
        shelf::{CannedReply, MOST_KEPT},
    },
};

use super::{
    ImportError, Run,
    chosen::{Chosen, WorkingPlace},
    committed,
};

/// A piece of a document of a flow.
pub struct TakenPiece {
    /// Of which flow.
    pub flow: FlowId,
    /// Of which version; none is the draft.
    pub version: Option<u64>,
    /// Its place in the document.
    pub piece: u64,
    /// What it says.
    pub text: Piece,
}

/// A published version, as far as an archive tells of it.
pub struct TakenVersion {
    /// Of which flow.
    pub flow: FlowId,
    /// Its number.
    pub number: u64,
    /// Who published it, there.
    pub published_by: SubjectId,
    /// When.
    pub published_at: shared::domain::Timestamp,
}

/// What is told of a workspace itself.
pub enum Setting {
    /// What it chose.
    Chosen(Chosen),
    /// Where and in which language its members work.
    Place(WorkingPlace),
    /// Its hours.
    Hours(BusinessHours),
    /// A team, without its members.
    Team(Team),
    /// A prepared answer, and what it says.
    Answer(CannedReply, Text),
    /// A view of conversations.
    View(SavedView),
    /// A flow.
    Flow(Box<Flow>),
    /// A piece of a document.
    Piece(TakenPiece),
    /// The tests of a flow.
    Tests(FlowTests),
    /// A published version.
    Version(TakenVersion),
}

/// A flow, until all that it told is together.
pub struct Building {
    id: FlowId,
    flow: Option<Flow>,
    documents: BTreeMap<Option<u64>, BTreeMap<u64, Piece>>,
    tests: Option<FlowTests>,
    versions: Vec<TakenVersion>,
}

impl Building {
    const fn new(id: FlowId) -> Self {
        Self {
            id,
            flow: None,
            documents: BTreeMap::new(),
            tests: None,
            versions: Vec::new(),
        }
    }

    /// The document of a version, or the draft.
    fn document(&self, version: Option<u64>) -> Option<String> {
        let pieces = self.documents.get(&version)?;
        Some(pieces.values().map(Piece::reveal).collect())
    }
}

/// How many nodes a document has.
fn nodes_of(document: &str) -> u64 {
    let read = serde_json::from_str::<serde_json::Value>(document).ok();
    let nodes = read.as_ref().and_then(|read| read.get("nodes")?.as_array());
    nodes.map_or(0, |nodes| nodes.len() as u64)
}

impl Run<'_> {
    pub(super) async fn next_setting(&mut self, setting: Setting) -> Result<(), ImportError> {
        match setting {
            Setting::Chosen(chosen) => self.choose(&chosen).await,
            Setting::Place(place) => self.settle_in(place).await,
            Setting::Hours(hours) => {
                let stays = "the workspace has its own business hours, which stay";
                self.set(hours, None, Some(stays)).await
            }
            Setting::Team(team) => {
                let room = (keys::teams(self.workspace), keys::TEAM, MAX_TEAMS);
                self.set(team, Some(room), None).await
            }
            Setting::Answer(answer, text) => {
                let sealed = CannedReply::seal(&self.tenant_key, answer.id, &text)?;
                let answer = CannedReply {
                    text: sealed,
                    ..answer
                };
                let room = (keys::shelf(self.workspace, None), keys::CANNED, MOST_KEPT);
                self.set(answer, Some(room), None).await
            }
            Setting::View(view) => {
                let shelf = keys::shelf(self.workspace, None);
                self.set(view, Some((shelf, keys::SAVED_VIEW, MOST_KEPT)), None)
                    .await
            }
            Setting::Flow(flow) => {
                let building = self.building(flow.id).await?;
                building.flow = Some(*flow);
                Ok(())
            }
            Setting::Piece(piece) => {
                let building = self.building(piece.flow).await?;
                let document = building.documents.entry(piece.version).or_default();
                document.insert(piece.piece, piece.text);
                Ok(())
            }
            Setting::Tests(tests) => {
                let building = self.building(tests.flow).await?;
                building.tests = Some(tests);
                Ok(())
            }
            Setting::Version(version) => {
                let building = self.building(version.flow).await?;
                building.versions.push(version);
                Ok(())
            }
        }
    }

    /// Writes a setting, unless it is there, or as many are there as fit.
    async fn set<R: Record<Seal = Unsealed>>(
        &mut self,
        record: R,
        room: Option<(String, &str, u16)>,
        stays: Option<&str>,
    ) -> Result<(), ImportError> {
        let place = record.key();
        let there = self.app.store.there(vec![place.clone()]).await?;
        if there.contains(&place) {
            match stays {
                Some(line) => self.report.stays.push(line.to_owned()),
                None => self.report.there += 1,
            }
            return Ok(());
        }
        if let Some((partition, kind, most)) = room {
            let kept = Query::partition(partition).between(kind, format!("{kind}~"));
            if self.app.store.count(kept.limit(most)).await? >= u64::from(most) {
                let kind = R::DECLARATION.name;
                self.report
                    .stays
                    .push(format!("A {kind} found no room: {most} are here."));
                return Ok(());
            }
        }
        let mut transaction = Transaction::new(self.now);
        transaction.create(&Stored::new(record, &self.policy), &Unsealed)?;
        match self.app.store.commit(transaction).await {
            Ok(()) => self.report.came(R::DECLARATION.name),
            Err(CommitError::Refused(_)) => self.report.there += 1,
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
        Ok(())
    }

    /// The flow that records come of now; the one before is complete.
    async fn building(&mut self, id: FlowId) -> Result<&mut Building, ImportError> {
        if self.flow.as_ref().is_some_and(|flow| flow.id != id) {
            self.finish_flow().await?;
        }
        Ok(self.flow.get_or_insert_with(|| Building::new(id)))
    }

    /// Writes the flow that is complete: documents, then the head, whose key opens them.
    pub(super) async fn finish_flow(&mut self) -> Result<(), ImportError> {
        let Some(mut building) = self.flow.take() else {
            return Ok(());
        };
        let Some(mut flow) = building.flow.take() else {
            return Ok(());
        };
        let place = keys::flow(self.workspace, flow.id);
        let there = self.app.store.there(vec![place.clone()]).await?;
        if there.contains(&place) {
            self.report.there += 1;
            return Ok(());
        }
        let Some(draft) = building.document(None) else {
            let line = format!("The flow {} has no draft in the archive.", flow.id);
            self.report.stays.push(line);
            return Ok(());
        };
        flow.draft_bytes = draft.len() as u64;
        let rules = self.rules_with(&building, &flow).await?;
        let key = self.tenant_key.new_data_key(&place, self.now)?;
        let written = self.write_versions(&building, &key).await?;
        let mut transaction = Transaction::new(self.now);
        match rules {
            Some(rules) if rules.record().rev == 1 => {
                transaction.create(&rules, &Unsealed)?;
            }
            Some(rules) => {
                transaction.replace(&rules, &Unsealed)?;
            }
            None => {}
        }
        let head = Stored::new(flow, &self.policy);
        transaction.create_root(&head, &key.key, &key)?;
        let at = self.place(building.id, None);
        at.write(&mut transaction, &draft, &key.key, (&self.policy, self.now))?;
        if let Some(tests) = building.tests.take() {
            transaction.overwrite(&Stored::new(tests, &self.policy), &key.key)?;
        }
        match self.app.store.commit(transaction).await {
            Ok(()) => self.report.came(Flow::DECLARATION.name),
            Err(CommitError::Refused(_)) => {
                let there = self.app.store.there(vec![place]).await?;
                if there.is_empty() {
                    // Somebody changed the rules of another flow meanwhile.
                    return Err(StoreError::Conflict.into());
                }
                self.report.there += 1;
                return Ok(());
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
        // The sweep takes documents that have no head: what it took before there was one comes again.
        let there = self.app.store.there(written.clone()).await?;
        if there.len() < written.len() {
            self.write_versions(&building, &key).await?;
        }
        Ok(())
    }

    /// The rules of the workspace with those of a flow whose version is in use: what `outbox` begins it by.
    /// None where it has none, or where there is no room.
    async fn rules_with(
        &mut self,
        building: &Building,
        flow: &Flow,
    ) -> Result<Option<Stored<FlowRules>>, ImportError> {
        let live = flow.live_version;
        let document = live.and_then(|live| Some((live, building.document(Some(live))?)));
        let Some((version, text)) = document else {
            return Ok(None);
        };
        let own = FlowRule::all_of(&text, flow.id, version);
        if own.is_empty() {
            return Ok(None);
        }
        let place = keys::flow_rules(self.workspace);
        let fetched = self.app.store.batch(vec![place.clone()]).await?;
        let lens = Lens {
            now: self.now,
            policy: &self.policy,
        };
        let found = fetched.get::<FlowRules>(&place, &Unsealed, lens)?;
        let rows = match found {
            Some(found) => found,
            None => FlowRules::none(&self.tenant_key, self.workspace, self.now)?,
        };
        let mut rules = rows.rules(&self.tenant_key)?;
        rules.retain(|rule| rule.flow != flow.id);
        rules.extend(own);
        rules.sort_by_key(|rule| rule.flow);
        if rules.len() > MOST_FLOW_RULES {
            self.report.stays.push(format!(
                "The rules of the flow {} found no room: {MOST_FLOW_RULES} are in use at once.",
                flow.id
            ));
            return Ok(None);
        }
        let rows = rows.with(&self.tenant_key, &rules)?;
        Ok(Some(match rows.rev {
            0 => Stored::new(FlowRules { rev: 1, ..rows }, &self.policy),
            _ => Stored::next(rows, &self.policy),
        }))
    }

    fn place(&self, flow: FlowId, version: Option<u64>) -> Place {
        Place {
            workspace: self.workspace,
            flow,
            version,
        }
    }

    /// Writes the published versions, each with its document. Where they lie.
    async fn write_versions(
        &mut self,
        building: &Building,
        key: &NewDataKey,
    ) -> Result<Vec<Key>, ImportError> {
        let mut written = Vec::new();
        for version in &building.versions {
            let number = version.number;
            let text = building.document(Some(number)).unwrap_or_default();
            let row = FlowVersion {
                workspace: self.workspace,
                flow: building.id,
                number,
                hash: document_hash(&self.tenant_key, &text),
                bytes: text.len() as u64,
                nodes: nodes_of(&text),
                published_by: version.published_by,
                published_at: version.published_at,
            };
            let row = Stored::new(row, &self.policy);
            let mut transaction = Transaction::new(self.now);
            transaction.overwrite(&row, &Unsealed)?;
            let at = self.place(building.id, Some(number));
            at.write(&mut transaction, &text, &key.key, (&self.policy, self.now))?;
            committed(self.app.store.commit(transaction).await)?;
            written.push(row.record().key());
            let pieces = building
                .documents
                .get(&Some(number))
                .map_or(0, BTreeMap::len);
            written.extend(at.keys().take(pieces));
        }
        Ok(written)
    }
}
