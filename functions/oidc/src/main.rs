//! The bootstrap of the `oidc` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(oidc::routes())
}
