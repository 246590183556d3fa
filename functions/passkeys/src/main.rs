//! The bootstrap of the `passkeys` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(passkeys::routes())
}
