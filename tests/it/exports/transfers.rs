//! A workspace changes hands with the business that it belongs to: two owners agree, every owner is told,
//! and the copy of the whole workspace goes along (FLOW-46).

use harness::{Fault, Kind, Member, text};
use reqwest::Method;
use serde_json::{Value, json};

use super::{DAY, World, read};

const SUBJECT: &str = "Somebody else will answer for a Sotto workspace of yours";

/// A world with a second and a third owner.
struct Case {
    world: World,
    second: Member,
    third: Member,
}

impl Case {
    async fn new() -> Self {
        let world = World::new().await;
        let owner = async |address: &str| {
            let joined = world
                .harness
                .join(&world.owner, &world.workspace, address, "owner");
            joined.await
        };
        let (second, third) = (
            owner("bob@example.com").await,
            owner("eve@example.com").await,
        );
        Self {
            world,
            second,
            third,
        }
    }

    fn place(&self) -> String {
        format!("{}/transfer", self.world.workspace.path)
    }

    fn words(&self) -> Value {
        json!({
            "controller": "canary-holding", "reference": "canary-purchase",
            "takes_effect_at": self.world.harness.now().plus(DAY * 40),
        })
    }

    async fn told(&self, address: &str) -> usize {
        self.world.harness.drain().await;
        let mails = self.world.harness.mails(address).await.into_iter();
        mails.filter(|mail| mail.subject == SUBJECT).count()
    }

    async fn register(&self) -> Vec<Value> {
        let path = format!("{}/disclosures", self.world.workspace.path);
        let page = self.world.owner.get(&path, 200).await;
        page["data"].as_array().expect("a list").clone()
    }
}

/// FLOW-46.
#[tokio::test]
async fn a_workspace_changes_hands_by_two_owners_words_and_every_owner_is_told_a_month_before() {
    let case = Case::new().await;
    let (world, place, words) = (&case.world, case.place(), case.words());
    let agent = world
        .harness
        .join(&world.owner, &world.workspace, "kim@example.com", "agent")
        .await;
    assert_eq!(agent.get(&place, 200).await["transfer"], Value::Null);
    let proposed = world.owner.put(&place, words.clone(), 201).await;
    assert_eq!(proposed["state"], "proposed");
    // Who proposed it says it again: nothing is agreed, and nobody was told.
    let again = world.owner.put(&place, words.clone(), 200).await;
    assert_eq!(again, proposed);
    assert_eq!(case.told("eve@example.com").await, 0);
    let agreed = case.second.put(&place, words.clone(), 202).await;
    assert_eq!(agreed["state"], "approved");
    assert_eq!(agreed["controller"], "canary-holding");
    // Every owner hears of it once, and nobody else.
    for (address, times) in [
        ("ada@example.com", 1),
        ("bob@example.com", 1),
        ("eve@example.com", 1),
        ("kim@example.com", 0),
    ] {
        assert_eq!(case.told(address).await, times, "{address}");
    }
    // Asked again it is what it was, by whomever.
    for owner in [&world.owner, &case.second, &case.third] {
        assert_eq!(owner.put(&place, words.clone(), 200).await, agreed);
    }
    assert_eq!(case.told("eve@example.com").await, 1);
    assert_eq!(agent.get(&place, 200).await["transfer"], agreed);
    let register = case.register().await;
    assert_eq!(register.len(), 1, "{register:?}");
    assert_eq!(register[0]["ground"], "business_transfer");
    assert_eq!(register[0]["state"], "approved");
    assert_eq!(register[0]["recipient"], "canary-holding");
    // The copy of everything goes along, and says who answers from when.
    world.harness.run_schedule("minute").await;
    let copy = text(&agreed, "export_id");
    let copy = format!("{}/exports/{copy}", world.workspace.path);
    let (manifest, records, whole) = read(&case.third, &copy).await;
    assert_eq!(manifest.about, "workspace");
    assert!(whole.contains("canary-question") && whole.contains("canary-of-a-neighbour"));
    let told = records.iter().find(|(kind, _)| kind == "Transfer");
    let (_, told) = told.expect("the transfer");
    assert_eq!(told["controller"], "canary-holding");
    assert_eq!(told["takes_effect_at"], agreed["takes_effect_at"]);
}

#[tokio::test]
async fn other_words_propose_anew_and_what_was_agreed_stays_until_its_day() {
    let case = Case::new().await;
    let (world, place) = (&case.world, case.place());
    world.owner.put(&place, case.words(), 201).await;
    let mut other = case.words();
    other["controller"] = "another".into();
    // Ids of one instant are in no order.
    let later = || world.harness.advance(std::time::Duration::from_secs(1));
    later();
    let counter = case.second.put(&place, other.clone(), 201).await;
    assert_eq!(counter["controller"], "another");
    let states = |register: Vec<Value>| -> Vec<String> {
        register.iter().map(|entry| text(entry, "state")).collect()
    };
    assert_eq!(states(case.register().await), ["proposed", "declined"]);
    // The first words are nobody's any more: saying them proposes them.
    later();
    case.third.put(&place, case.words(), 201).await;
    later();
    case.second.put(&place, other.clone(), 201).await;
    case.third.put(&place, other.clone(), 202).await;
    world
        .owner
        .refused(Method::PUT, &place, Some(case.words()), 409, "conflict")
        .await;
    world.harness.advance(DAY * 41);
    let owner = world.harness.sign_in("ada@example.com").await;
    let after = owner.put(&place, case.words(), 201).await;
    assert_eq!(after["state"], "proposed");
    let states = states(case_register(world, &owner).await);
    assert_eq!(states[..2], ["proposed", "approved"]);
}

async fn case_register(world: &World, owner: &Member) -> Vec<Value> {
    let path = format!("{}/disclosures", world.workspace.path);
    let page = owner.get(&path, 200).await;
    page["data"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn nobody_else_and_no_day_that_comes_too_soon_hands_a_workspace_over() {
    let case = Case::new().await;
    let (world, place) = (&case.world, case.place());
    let before = world.harness.items().await;
    let admin = world
        .harness
        .join(&world.owner, &world.workspace, "kim@example.com", "admin")
        .await;
    let joined = world.harness.items().await;
    assert!(joined.len() > before.len());
    let put = async |by: &Member, body: Value, status: u16, code: &str| {
        by.refused(Method::PUT, &place, Some(body), status, code)
            .await;
    };
    put(&admin, case.words(), 403, "forbidden").await;
    for day in [29, 731] {
        let mut words = case.words();
        words["takes_effect_at"] = json!(world.harness.now().plus(DAY * day));
        put(&world.owner, words, 422, "validation_failed").await;
    }
    for field in ["controller", "reference", "takes_effect_at"] {
        let mut words = case.words();
        words.as_object_mut().map(|words| words.remove(field));
        put(&world.owner, words, 422, "validation_failed").await;
    }
    let contact = &world.visitor.contact_id;
    let narrow = format!("{}/contacts/{contact}/disclosures", world.workspace.path);
    let demand = json!({
        "ground": "business_transfer", "recipient": "A", "reference": "B",
        "conversations": [world.conversation],
    });
    world
        .owner
        .refused(
            Method::POST,
            &narrow,
            Some(demand),
            422,
            "validation_failed",
        )
        .await;
    assert_eq!(world.harness.items().await, joined, "something was written");
    // A proposal that was agreed to too late gives nobody a month.
    let words = case.words();
    world.owner.put(&place, words.clone(), 201).await;
    world.harness.advance(DAY * 11);
    let second = world.harness.sign_in("bob@example.com").await;
    put(&second, words, 422, "validation_failed").await;
    // And without a fresh proof nobody agrees.
    let case = Case::new().await;
    let (world, words) = (&case.world, case.words());
    let place = case.place();
    world.owner.put(&place, words.clone(), 201).await;
    world
        .harness
        .advance(std::time::Duration::from_secs(11 * 60));
    let late = case.second.refresh().await;
    late.refused(Method::PUT, &place, Some(words), 403, "step_up_required")
        .await;
}

#[tokio::test]
async fn an_agreement_that_is_cut_off_anywhere_is_whole_or_nothing() {
    for call in [2, 3, 4, 5, 6, 7] {
        let case = Case::new().await;
        let (world, place, words) = (&case.world, case.place(), case.words());
        world.owner.put(&place, words.clone(), 201).await;
        let fault = Fault::new(Kind::ServerError).after(call).times(9);
        world.harness.faults().plan(fault);
        let first = case.second.send(Method::PUT, &place, Some(words.clone()));
        let first = first.await.status;
        world.harness.faults().reset();
        assert!([202, 503].contains(&first), "{call}: {first}");
        let again = case.second.send(Method::PUT, &place, Some(words)).await;
        assert!([200, 202].contains(&again.status), "{call}: {}", again.text);
        assert_eq!(case.told("eve@example.com").await, 1, "call {call}");
    }
}
