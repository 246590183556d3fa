//! The bootstrap of the `exports` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(exports::routes())
}
