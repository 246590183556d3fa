//! A flow that somebody may see, with its key, out of the batch read on entry.

use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId, policy::Module},
    http::{Caller, Credential, Problem},
    store::{
        DataKey, Key, RootRef,
        flow::{Flow, FlowTests, FlowVersion, Place},
        keys,
    },
};

/// A flow in front of somebody who may do what a route does.
pub struct Desk {
    /// Who.
    pub caller: Caller,
    /// The flow.
    pub flow: Flow,
    /// The key of its texts.
    pub key: DataKey,
}

impl Desk {
    /// The flow, if it is there and the caller has the permission. One round trip, with what lies at
    /// `more`.
    pub async fn open(
        app: &App,
        credential: &Credential,
        (workspace, flow): (WorkspaceId, FlowId),
        permission: Permission,
        more: impl IntoIterator<Item = Key>,
    ) -> Result<Self, Problem> {
        let at = keys::flow(workspace, flow);
        let mut wanted = vec![at.clone(), keys::data_key(&RootRef::of(&at))];
        wanted.extend(more);
        let caller = app
            .caller(credential, workspace, permission, wanted)
            .await?;
        let entry = &caller.entry;
        entry.require(Module::Conversations)?;
        let key = entry.data_key(&at)?.ok_or_else(Problem::not_found)?;
        let flow = entry.sealed::<Flow>(&at, &key)?;
        let flow = flow.ok_or_else(Problem::not_found)?;
        Ok(Self { caller, flow, key })
    }

    /// A document that [`Desk::open`] was asked to read.
    pub fn document(&self, version: Option<u64>) -> Result<String, Problem> {
        let place = place(self.flow.workspace, self.flow.id, version);
        let entry = &self.caller.entry;
        let text = place.read(entry.fetched(), &self.key, entry.lens())?;
        text.ok_or_else(Problem::not_found)
    }

    /// The tests, as JSON; an empty list when there are none. [`Desk::open`] was asked for their key.
    pub fn tests(&self) -> Result<String, Problem> {
        let at = keys::flow_tests(self.flow.workspace, self.flow.id);
        let tests = self.caller.entry.sealed::<FlowTests>(&at, &self.key)?;
        Ok(tests.map_or_else(|| "[]".to_owned(), |tests| tests.text.reveal().to_owned()))
    }

    /// A version that [`Desk::open`] was asked to read.
    pub fn version(&self, number: u64) -> Result<FlowVersion, Problem> {
        let at = keys::flow_version(self.flow.workspace, self.flow.id, number);
        let version = self.caller.entry.open::<FlowVersion>(&at)?;
        version.ok_or_else(Problem::not_found)
    }
}

/// Which document.
pub const fn place(workspace: WorkspaceId, flow: FlowId, version: Option<u64>) -> Place {
    Place {
        workspace,
        flow,
        version,
    }
}
