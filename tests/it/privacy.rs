//! Requests of people about their data: from the question to the answer.

mod accounts;
mod calls;
mod copies;
mod deadlines;
mod erasures;
pub mod rectified;
mod reports;
mod requests;
mod restriction;

use harness::{Harness, Member, Visitor, WidgetApp, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

/// Where visitors ask.
const ASK: &str = "/v1/widget/privacy/requests";
/// The address of a visitor whom the team knows.
const GRACE: &str = "grace@example.com";

/// A team and somebody who talks with it.
struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
    visitor: Visitor,
}

impl World {
    /// A visitor of whom nothing is known.
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let visitor = harness.visitor(&app).await;
        Self {
            harness,
            owner,
            workspace,
            app,
            visitor,
        }
    }

    /// A visitor whose address is on file.
    async fn known() -> Self {
        let world = Self::new().await;
        let person = json!({ "name": "Grace", "email": GRACE });
        let place = world.place(&format!("contacts/{}", world.visitor.contact_id));
        world.owner.patch(&place, person, 200).await;
        world
    }

    /// A path of the workspace.
    fn place(&self, rest: &str) -> String {
        format!("{}/{rest}", self.workspace.path)
    }

    /// The path of a request for the team.
    fn request(&self, request: &Value) -> String {
        self.place(&format!("privacy/requests/{}", text(request, "id")))
    }

    /// The team decides.
    async fn decide(&self, request: &Value, decision: Value) -> Value {
        let place = format!("{}/decision", self.request(request));
        self.owner.post(&place, decision, 200).await
    }

    /// The subjects of the mails to an address.
    async fn subjects(&self, address: &str) -> Vec<String> {
        let mails = self.harness.mails(address).await.into_iter();
        mails.map(|mail| mail.subject).collect()
    }

    /// The token of the newest link that proves a request.
    async fn link(&self, address: &str) -> String {
        let mails = self.harness.mails(address).await;
        let text = &mails.last().expect("a mail").text;
        let at =
            text.find("/privacy/confirm?token=").expect("a link") + "/privacy/confirm?token=".len();
        text[at..].lines().next().expect("a line").to_owned()
    }

    /// How the team sees a request.
    async fn seen(&self, request: &Value) -> Value {
        let owner = self.owner.refresh().await;
        owner.get(&self.request(request), 200).await
    }

    async fn is_refused(&self, request: &Value, decision: Value, status: u16, code: &str) -> Value {
        let place = format!("{}/decision", self.request(request));
        let answer = self
            .owner
            .refused(Method::POST, &place, Some(decision), status, code);
        answer.await
    }
}
