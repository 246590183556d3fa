//! The bootstrap of the `privacy` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(privacy::routes())
}
