//! The bootstrap of the `conversations` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(conversations::routes())
}
