//! Flat files of a workspace for spreadsheets.

use harness::text;
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::archive::{ArchiveFault, Manifest, checksum};

use super::{World, fetch};

/// Asks for one, makes it, and reads it: the manifest, and the text of every table.
async fn tables(world: &World, format: &str) -> (Value, Vec<(String, String)>) {
    let exports = format!("{}/exports", world.workspace.path);
    let ask = format!("{exports}?format={format}");
    let asked = world.owner.send(Method::POST, &ask, None).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    assert_eq!(asked.body["format"], format);
    let place = format!("{exports}/{}", text(&asked.body, "id"));
    world.harness.run_schedule("minute").await;
    let done = world.owner.get(&place, 200).await;
    assert_eq!(done["state"], "done", "{done}");
    let manifest = fetch(&world.owner, &place, 0).await;
    assert_eq!(
        Manifest::parse(&manifest).err(),
        Some(ArchiveFault::Version)
    );
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    let mut found = Vec::new();
    for part in manifest["parts"].as_array().expect("parts") {
        let number = part["number"].as_u64().expect("a number");
        let bytes = fetch(&world.owner, &place, u32::try_from(number).expect("small")).await;
        assert_eq!(checksum(&bytes), text(part, "sha256"));
        assert_eq!(bytes.len() as u64, part["bytes"]);
        found.push((text(part, "table"), String::from_utf8(bytes).expect("text")));
    }
    (manifest, found)
}

fn of<'a>(found: &'a [(String, String)], table: &str) -> &'a str {
    let one = found.iter().find(|(name, _)| name == table);
    &one.expect("the table").1
}

/// FLOW-46
#[tokio::test]
async fn a_workspace_is_taken_along_in_tables_and_no_cell_of_them_is_a_formula() {
    let world = World::new().await;
    let formula = "=HYPERLINK(\"https://evil.example\",A1)";
    let said = harness::message(formula);
    let messages = format!(
        "{}/conversations/{}/messages",
        world.workspace.path, world.conversation
    );
    let said = world.owner.post(&messages, said, 201).await;
    let mut answer = harness::message("two, lines\nand \"quotes\"");
    answer["reply_to_seq"] = said["seq"].clone();
    world.owner.post(&messages, answer, 201).await;
    let contact = format!(
        "{}/contacts/{}",
        world.workspace.path, world.visitor.contact_id
    );
    let named = json!({ "name": "@SUM(A1)" });
    world.owner.patch(&contact, named, 200).await;

    let (manifest, csv) = tables(&world, "csv").await;
    assert_eq!(
        (
            &manifest["counts"]["contacts"],
            &manifest["counts"]["conversations"]
        ),
        (&json!(2), &json!(2))
    );
    let contacts = of(&csv, "contacts");
    assert!(
        contacts.starts_with("id,external_id,name,email,"),
        "{contacts}"
    );
    let row = contacts
        .lines()
        .find(|line| line.starts_with(&world.visitor.contact_id));
    let row = row.expect("the contact");
    assert!(row.contains(",'@SUM(A1),canary@example.com,"), "{row}");
    let threads = of(&csv, "conversations");
    let row = format!(
        "{},{},{},",
        world.conversation, world.visitor.contact_id, world.app.id
    );
    assert!(threads.contains(&row), "{threads}");
    let lines = of(&csv, "messages");
    for told in [
        ",canary-of-a-neighbour,",
        // The owner's copy has notes, and says which they are.
        ",note,team,",
        ",\"'=HYPERLINK(\"\"https://evil.example\"\",A1)\",",
        ",\"two, lines\nand \"\"quotes\"\"\",,",
    ] {
        assert!(lines.contains(told), "{told} is not in {lines}");
    }

    let (of_lines, ndjson) = tables(&world, "ndjson").await;
    assert_eq!(of_lines["counts"], manifest["counts"]);
    let rows: Vec<Value> = of(&ndjson, "messages")
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object in each line"))
        .collect();
    assert_eq!(rows.len() as u64, manifest["counts"]["messages"]);
    // Here nothing is a formula, so it is told as it is.
    let row = rows.iter().find(|row| row["text"] == formula);
    let row = row.expect("what was said");
    let answer = rows.iter().find(|one| one["reply_to_seq"] == row["seq"]);
    assert_eq!(
        answer.expect("the answer")["conversation_id"],
        world.conversation
    );
    let columns = manifest["columns"]["messages"].as_array().map(Vec::len);
    assert_eq!(row.as_object().map(serde_json::Map::len), columns);

    // Not in a form that there is not.
    let exports = format!("{}/exports?format=xlsx", world.workspace.path);
    world
        .owner
        .refused(Method::POST, &exports, None, 422, "validation_failed")
        .await;
}
