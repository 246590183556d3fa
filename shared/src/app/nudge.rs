//! Frames to open sockets, through the edge's `@connections`. Nudges only: whoever loses one learns
//! the same from `/sync`, so nothing here fails what it is part of.

use std::{
    future::Future,
    sync::{Arc, OnceLock},
};

use aws_sdk_apigatewaymanagement::primitives::Blob;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde::Serialize;
use tokio::task::JoinSet;

use super::{App, clients, config::Config};
use crate::{
    domain::{MemberId, Timestamp, WorkspaceId},
    store::{
        StoreError, SubjectId,
        meter::Meter,
        socket::{ConnectionId, Listener, Listening, Topic},
    },
};

/// How many frames are on their way at once.
const AT_ONCE: usize = 32;

/// What came of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// The edge took it.
    Taken,
    /// The connection is gone.
    Gone,
    /// The edge did not take it; nobody tries again.
    Lost,
}

/// The way to open sockets.
#[derive(Clone)]
pub struct Connections {
    config: Config,
    http: SharedHttpClient,
    meter: Meter,
    // Built on first use: most functions never post.
    client: Arc<OnceLock<aws_sdk_apigatewaymanagement::Client>>,
}

impl Connections {
    /// From the configuration.
    pub fn new(config: &Config, http: SharedHttpClient, meter: Meter) -> Self {
        Self {
            config: config.clone(),
            http,
            meter,
            client: Arc::default(),
        }
    }

    fn client(&self) -> &aws_sdk_apigatewaymanagement::Client {
        self.client
            .get_or_init(|| clients::connections(&self.config, self.http.clone()))
    }

    /// Sends one frame.
    pub async fn post(&self, connection: &ConnectionId, frame: &impl Serialize) -> Posted {
        match serde_json::to_vec(frame) {
            Ok(bytes) => self.post_bytes(connection, bytes).await,
            Err(_) => Posted::Lost,
        }
    }

    async fn post_bytes(&self, connection: &ConnectionId, frame: Vec<u8>) -> Posted {
        let begun = self.meter.begin("PostToConnection");
        let answer = self
            .client()
            .post_to_connection()
            .connection_id(connection.as_str())
            .data(Blob::new(frame))
            .send()
            .await;
        self.meter.end_free(begun);
        match answer {
            Ok(_) => Posted::Taken,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_gone_exception()) =>
            {
                Posted::Gone
            }
            Err(_) => Posted::Lost,
        }
    }

    /// Closes a connection, whether or not it is there.
    pub async fn close(&self, connection: &ConnectionId) {
        let begun = self.meter.begin("DeleteConnection");
        let request = self
            .client()
            .delete_connection()
            .connection_id(connection.as_str());
        let closed = request.send().await.is_ok();
        self.meter.end_free(begun);
        tracing::debug!(closed, "a connection was told to close");
    }

    /// Sends one frame to many; returns whose connection is gone.
    async fn post_all(&self, to: Vec<Listener>, frame: Vec<u8>) -> Vec<Listener> {
        let mut gone = Vec::new();
        let mut sending = JoinSet::new();
        for listener in to {
            if sending.len() == AT_ONCE {
                gone.extend(sending.join_next().await.and_then(Result::ok).flatten());
            }
            let (connections, frame) = (self.clone(), frame.clone());
            sending.spawn(async move {
                let posted = connections.post_bytes(&listener.connection, frame).await;
                (posted == Posted::Gone).then_some(listener)
            });
        }
        while let Some(sent) = sending.join_next().await {
            gone.extend(sent.ok().flatten());
        }
        gone
    }
}

/// That a member of the team is there, or no longer.
#[derive(Debug, Serialize)]
struct Presence {
    t: &'static str,
    member: MemberId,
    online: bool,
}

impl App {
    /// Sends a frame to these listeners, and forgets the sockets that turn out to be gone.
    ///
    /// # Errors
    /// When storage fails; what was sent was sent.
    pub async fn nudge(&self, to: Vec<Listener>, frame: &impl Serialize) -> Result<(), StoreError> {
        let Ok(frame) = serde_json::to_vec(frame) else {
            return Ok(());
        };
        let gone = self.connections.post_all(to, frame).await;
        let now = self.clock.now();
        for listener in gone {
            let forgotten = self.store.forget_socket(&listener.connection, now).await?;
            self.tell_absence(&forgotten, now).await?;
        }
        Ok(())
    }

    /// Tells the team that a member came, when this socket is the member's first on the inbox.
    /// Returns who of the team is there, in the order of their ids.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn tell_presence(
        &self,
        workspace: WorkspaceId,
        who: SubjectId,
        now: Timestamp,
    ) -> Result<Vec<MemberId>, StoreError> {
        let there = self.store.listeners(workspace, Topic::Inbox, now).await?;
        let mut online: Vec<MemberId> = there
            .iter()
            .filter_map(|listener| member(listener.who))
            .collect();
        let first = online
            .iter()
            .filter(|id| SubjectId::Member(**id) == who)
            .count()
            <= 1;
        online.sort();
        online.dedup();
        if let Some(id) = member(who).filter(|_| first) {
            self.post_presence(there, id, true).await?;
        }
        Ok(online)
    }

    /// Tells the team that a member went, when the socket that listened to all of `forgotten` was
    /// the member's last on the inbox.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn tell_absence(
        &self,
        forgotten: &[Listening],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(line) = forgotten.iter().find(|line| line.topic == Topic::Inbox) else {
            return Ok(());
        };
        let there = self
            .store
            .listeners(line.workspace, Topic::Inbox, now)
            .await?;
        if there.iter().any(|listener| listener.who == line.who) {
            return Ok(());
        }
        match member(line.who) {
            Some(id) => self.post_presence(there, id, false).await,
            None => Ok(()),
        }
    }

    /// Boxed, because a socket that is gone is an absence, which is told as a nudge.
    fn post_presence(
        &self,
        there: Vec<Listener>,
        id: MemberId,
        online: bool,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + '_>> {
        let others = there
            .into_iter()
            .filter(move |listener| listener.who != SubjectId::Member(id));
        let others = others.collect();
        Box::pin(async move {
            self.nudge(
                others,
                &Presence {
                    t: "presence",
                    member: id,
                    online,
                },
            )
            .await
        })
    }
}

const fn member(who: SubjectId) -> Option<MemberId> {
    match who {
        SubjectId::Member(id) => Some(id),
        SubjectId::Account(_)
        | SubjectId::Contact(_)
        | SubjectId::Flow(_)
        | SubjectId::Guest(_)
        | SubjectId::Key(_) => None,
    }
}
