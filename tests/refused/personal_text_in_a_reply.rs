//! refused: the trait bound `shared::domain::text::Text: serde::Serialize` is not satisfied

use shared::domain::text::Text;

#[derive(serde::Serialize)]
struct Reply {
    text: Text,
}

fn main() {}
