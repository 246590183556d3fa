//! The bootstrap of the `messages` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(messages::routes())
}
