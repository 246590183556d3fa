//! Two tenants play out random histories side by side, with the same people, ids and words wherever
//! they may be the same: no reply to one ever holds anything of the other.

use std::time::Duration;

use harness::{
    Answer, Client, Conversation, Harness, Member, ORIGIN, Visitor, WidgetApp, Workspace, message,
    random_uuid, text,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proptest::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

/// What happens next. Numbers choose among what there is, whatever that is by then.
#[derive(Clone, Debug)]
enum Deed {
    /// A new visitor, anonymous or vouched for under an id that both tenants use.
    Arrive { external_id: Option<u8> },
    /// A visitor starts a conversation.
    Start { who: u8 },
    /// A visitor writes.
    Ask { who: u8, thread: u8, at: Place },
    /// A member writes, perhaps a note.
    Reply { thread: u8, note: bool, at: Place },
    /// A member starts a conversation.
    Reach { who: u8, at: Place },
    /// The team names a contact.
    Name { who: u8, at: Place },
    /// The team shows a contact.
    Show { who: u8, at: Place },
    /// A thread is read, by the team or by a visitor.
    Read {
        thread: u8,
        who: Option<u8>,
        at: Place,
    },
    /// A list is read, perhaps with a cursor that was given out elsewhere.
    List { which: u8, at: Place },
    /// A visitor's own list.
    OwnList { who: u8 },
}

/// Whose ids a call names.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// The caller's own.
    Own,
    /// The other tenant's, under the caller's own workspace.
    Mixed,
    /// The other tenant's, under the other tenant's workspace.
    Foreign,
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![3 => Just(Place::Own), 1 => Just(Place::Mixed), 1 => Just(Place::Foreign)]
}

fn deed() -> impl Strategy<Value = Deed> {
    let thread = 0u8..8;
    let who = 0u8..8;
    prop_oneof![
        2 => prop::option::of(0u8..3).prop_map(|external_id| Deed::Arrive { external_id }),
        3 => who.clone().prop_map(|who| Deed::Start { who }),
        3 => (who.clone(), thread.clone(), place()).prop_map(|(who, thread, at)| Deed::Ask { who, thread, at }),
        3 => (thread.clone(), any::<bool>(), place()).prop_map(|(thread, note, at)| Deed::Reply { thread, note, at }),
        1 => (who.clone(), place()).prop_map(|(who, at)| Deed::Reach { who, at }),
        2 => (who.clone(), place()).prop_map(|(who, at)| Deed::Name { who, at }),
        2 => (who.clone(), place()).prop_map(|(who, at)| Deed::Show { who, at }),
        4 => (thread, prop::option::of(who.clone()), place())
            .prop_map(|(thread, who, at)| Deed::Read { thread, who, at }),
        3 => (0u8..4, place()).prop_map(|(which, at)| Deed::List { which, at }),
        1 => who.prop_map(|who| Deed::OwnList { who }),
    ]
}

/// A tenant with everything it has so far, and what must never show elsewhere.
struct Tenant {
    canary: &'static str,
    owner: Member,
    /// Works in both workspaces, with one account.
    freelancer: Member,
    workspace: Workspace,
    app: WidgetApp,
    visitors: Vec<Visitor>,
    threads: Vec<Conversation>,
    cursors: Vec<String>,
    /// Ids of its own: they must not show in the other's replies either.
    ids: Vec<String>,
}

/// One of those there are.
fn pick<T>(all: &[T], number: u8) -> Option<&T> {
    all.get(usize::from(number) % all.len().max(1))
}

impl Tenant {
    async fn new(harness: &Harness, canary: &'static str, freelancer: &Member) -> Self {
        let owner = harness.sign_up(&format!("owner@{canary}.example")).await;
        let body = json!({ "name": canary, "profile": "inbox", "member_name": canary });
        let body = owner.post("/v1/workspaces", body, 201).await;
        let id = text(&body, "id");
        let path = format!("/v1/workspaces/{id}");
        let member_id = text(&body, "member_id");
        let workspace = Workspace {
            id,
            member_id,
            path,
            body,
        };
        let invitation = json!({ "email": freelancer.email, "role": "agent" });
        owner
            .post(&format!("{}/invitations", workspace.path), invitation, 202)
            .await;
        let token = harness.mail_token(&freelancer.email).await;
        let acceptance = json!({ "token": token, "name": format!("{canary} freelancer") });
        freelancer
            .post("/v1/invitations/accept", acceptance, 200)
            .await;
        let app = owner.app(&workspace).await;
        let ids = vec![
            workspace.id.clone(),
            workspace.member_id.clone(),
            app.id.clone(),
        ];
        let freelancer = freelancer.clone();
        let (visitors, threads, cursors) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            canary,
            owner,
            freelancer,
            workspace,
            app,
            visitors,
            threads,
            cursors,
            ids,
        }
    }

    fn words(&self) -> String {
        format!("{} {}", self.canary, random_uuid())
    }

    async fn arrive(&mut self, harness: &Harness, external_id: Option<u8>) {
        let context = json!({
            "page_url": format!("/{}", self.canary),
            "referrer": format!("https://{}.example/", self.canary),
        });
        let mut more = json!({ "context": context });
        if let Some(external_id) = external_id {
            let claims = json!({
                "sub": format!("user-{external_id}"), "aud": self.workspace.id,
                "exp": harness.now().seconds() + 600, "name": self.canary,
                "email": format!("user-{external_id}@{}.example", self.canary),
            });
            let key = EncodingKey::from_secret(self.app.identity_secret.as_bytes());
            let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
            more["identity_token"] = token.expect("signed").into();
        }
        let visitor = harness.visitor_with(&self.app, more).await;
        self.ids.push(visitor.contact_id.clone());
        self.visitors.push(visitor);
    }
}

/// Both tenants, the caller of the deed first.
struct World<'a> {
    own: &'a mut Tenant,
    other: &'a Tenant,
    /// Counts the deeds.
    step: usize,
}

impl World<'_> {
    fn message(&self) -> Value {
        let mut message = message(&self.own.words());
        // Two steps share an id: it may come from both tenants.
        let id = format!("00000000-0000-4000-8000-{:012}", self.step / 2);
        message["client_message_id"] = id.into();
        message
    }

    /// The path of the workspace, and the tenant whose ids stand behind it.
    fn at(&self, place: Place) -> (String, &Tenant) {
        match place {
            Place::Own => (self.own.workspace.path.clone(), self.own),
            Place::Mixed => (self.own.workspace.path.clone(), self.other),
            Place::Foreign => (self.other.workspace.path.clone(), self.other),
        }
    }

    /// Calls as the team does, and holds what came back.
    async fn team(&self, method: Method, path: String, body: Option<Value>, at: Place) -> Answer {
        // A foreign workspace is asked by the owner, who has no seat there.
        let owns = at == Place::Foreign || self.step.is_multiple_of(3);
        let client: &Client = if owns {
            &self.own.owner
        } else {
            &self.own.freelancer
        };
        let answer = client.send(method, &path, body).await;
        self.hold(&path, &answer, at)
    }

    fn hold(&self, path: &str, answer: &Answer, at: Place) -> Answer {
        let shown = format!("{} {:?}", answer.text, answer.headers);
        let other = self
            .other
            .ids
            .iter()
            .map(String::as_str)
            .chain([self.other.canary]);
        for word in other {
            assert!(
                !shown.contains(word),
                "{path} shows {word} of another tenant: {}",
                answer.text
            );
        }
        assert!(answer.status < 500, "{path}: {}", answer.text);
        assert!(
            at == Place::Own || answer.status >= 400,
            "{path} went through: {}",
            answer.text
        );
        answer.clone()
    }

    async fn visit(
        &self,
        visitor: &Visitor,
        method: Method,
        path: String,
        body: Option<Value>,
        at: Place,
    ) -> Answer {
        let answer = visitor.send(method, &path, body).await;
        self.hold(&path, &answer, at)
    }
}

/// Does it, if there is what it needs.
async fn act(harness: &Harness, world: &mut World<'_>, deed: Deed) -> Option<()> {
    match deed {
        Deed::Arrive { external_id } => world.own.arrive(harness, external_id).await,
        Deed::Start { who } => {
            let visitor = pick(&world.own.visitors, who)?;
            let body = json!({ "first_message": world.message() });
            let path = "/v1/widget/conversations".to_owned();
            let answer = world
                .visit(visitor, Method::POST, path, Some(body), Place::Own)
                .await;
            begun(world.own, &answer);
        }
        Deed::Ask { who, thread, at } => {
            let visitor = pick(&world.own.visitors, who)?;
            let (_, of) = world.at(at);
            let path = format!(
                "/v1/widget/conversations/{}/messages",
                pick(&of.threads, thread)?.id
            );
            let body = Some(world.message());
            world.visit(visitor, Method::POST, path, body, at).await;
        }
        Deed::Reply { thread, note, at } => {
            let (workspace, of) = world.at(at);
            let thread = pick(&of.threads, thread)?;
            let path = format!("{workspace}/conversations/{}/messages", thread.id);
            let mut body = world.message();
            body["kind"] = if note { "note" } else { "text" }.into();
            world.team(Method::POST, path, Some(body), at).await;
        }
        Deed::Reach { who, at } => {
            let (workspace, of) = world.at(at);
            let contact = &pick(&of.visitors, who)?.contact_id;
            let body = json!({ "contact_id": contact, "first_message": world.message() });
            let path = format!("{workspace}/conversations");
            let answer = world.team(Method::POST, path, Some(body), at).await;
            begun(world.own, &answer);
        }
        Deed::Name { who, at } | Deed::Show { who, at } => {
            let (workspace, of) = world.at(at);
            let path = format!(
                "{workspace}/contacts/{}",
                pick(&of.visitors, who)?.contact_id
            );
            let name = json!({ "name": world.own.words() });
            let (method, body) = match deed {
                Deed::Name { .. } => (Method::PATCH, Some(name)),
                _ => (Method::GET, None),
            };
            world.team(method, path, body, at).await;
        }
        Deed::Read { thread, who, at } => {
            let (workspace, of) = world.at(at);
            let id = &pick(&of.threads, thread)?.id;
            if let Some(visitor) = who.and_then(|who| pick(&world.own.visitors, who)) {
                let path = format!("/v1/widget/conversations/{id}/messages?limit=100");
                world.visit(visitor, Method::GET, path, None, at).await;
            } else {
                let path = format!("{workspace}/conversations/{id}/messages?limit=100");
                world.team(Method::GET, path, None, at).await;
            }
        }
        Deed::List { which, at } => list(world, which, at).await,
        Deed::OwnList { who } => {
            let visitor = pick(&world.own.visitors, who)?;
            let path = "/v1/widget/conversations?limit=100".to_owned();
            world
                .visit(visitor, Method::GET, path, None, Place::Own)
                .await;
        }
    }
    Some(())
}

fn begun(own: &mut Tenant, answer: &Answer) {
    if answer.status == 201 {
        let id = text(&answer.body["conversation"], "id");
        own.ids.push(id.clone());
        own.threads.push(Conversation {
            id,
            body: answer.body.clone(),
        });
    }
}

/// A list from its beginning, or, mixed, from where a list of the other tenant goes on.
async fn list(world: &mut World<'_>, which: u8, at: Place) {
    let (workspace, of) = world.at(at);
    let list = ["conversations", "contacts", "members", "apps"][usize::from(which) % 4];
    let cursor = match at {
        Place::Own => String::new(),
        // There may be none yet: then it is one that nobody has.
        _ => format!(
            "&cursor={}",
            pick(&of.cursors, which).map_or("AAAA", String::as_str)
        ),
    };
    let path = format!("{workspace}/{list}?limit=2{cursor}");
    let answer = world.team(Method::GET, path, None, at).await;
    if let Some(cursor) = answer.body["page"]["next_cursor"].as_str() {
        world.own.cursors.push(cursor.to_owned());
    }
}

async fn play(deeds: Vec<(usize, Deed)>) {
    let harness = Harness::start().await;
    let freelancer = harness.sign_up("freelancer@example.com").await;
    let mut tenants = [
        Tenant::new(&harness, "canary-amber", &freelancer).await,
        Tenant::new(&harness, "canary-blue", &freelancer).await,
    ];
    for (step, (number, deed)) in first_deeds().chain(deeds).enumerate() {
        harness.advance(Duration::from_millis(7));
        act(&harness, &mut world(&mut tenants, number, step), deed).await;
    }
    for number in [0, 1] {
        own_things_are_there(&world(&mut tenants, number, number)).await;
    }
}

/// Everybody has a visitor with a conversation to begin with.
fn first_deeds() -> impl Iterator<Item = (usize, Deed)> {
    [0, 1].into_iter().flat_map(|number| {
        let external_id = Some(0);
        [
            (number, Deed::Arrive { external_id }),
            (number, Deed::Start { who: 0 }),
        ]
    })
}

/// The world as one of the two sees it.
fn world(tenants: &mut [Tenant; 2], number: usize, step: usize) -> World<'_> {
    let [a, b] = tenants;
    let (own, other) = if number == 0 { (a, b) } else { (b, a) };
    World { own, other, step }
}

/// The canaries are found where they belong, or not finding them elsewhere would prove nothing.
async fn own_things_are_there(world: &World<'_>) {
    let path = world.own.workspace.path.clone();
    let shown = world.team(Method::GET, path, None, Place::Own).await;
    assert!(shown.text.contains(world.own.canary));
    for thread in &world.own.threads {
        let path = format!(
            "{}/conversations/{}/messages",
            world.own.workspace.path, thread.id
        );
        let shown = world.team(Method::GET, path, None, Place::Own).await;
        assert!(shown.text.contains(world.own.canary), "{}", shown.text);
    }
    for visitor in &world.own.visitors {
        let path = format!(
            "{}/contacts/{}",
            world.own.workspace.path, visitor.contact_id
        );
        let shown = world.team(Method::GET, path, None, Place::Own).await;
        assert!(shown.text.contains(world.own.canary), "{}", shown.text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn two_tenants_never_mix(deeds in prop::collection::vec((0usize..2, deed()), 40..90)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(play(deeds));
    }
}

#[tokio::test]
async fn a_client_that_mixes_up_its_tokens_gets_nothing() {
    let harness = Harness::start().await;
    let freelancer = harness.sign_up("freelancer@example.com").await;
    let mut a = Tenant::new(&harness, "canary-amber", &freelancer).await;
    let b = Tenant::new(&harness, "canary-blue", &freelancer).await;
    a.arrive(&harness, None).await;
    let visitor = &a.visitors[0];
    // The place of one tenant with the secret of another, in a session token.
    let mut other = b;
    other.arrive(&harness, None).await;
    let (place, _) = visitor.session_token.split_once('.').expect("two parts");
    let (_, secret) = other.visitors[0]
        .session_token
        .split_once('.')
        .expect("two parts");
    let page = harness.anonymous().with_header("origin", ORIGIN);
    let mixed = page.with_token(&format!("{place}.{secret}"));
    let path = "/v1/widget/conversations";
    mixed
        .refused(Method::GET, path, None, 401, "token_invalid")
        .await;
    visitor.get(path, 200).await;
}
