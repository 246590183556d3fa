//! The bootstrap of the `flows` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(flows::routes())
}
