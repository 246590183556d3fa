//! The bootstrap of the `sessions` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(sessions::routes())
}
