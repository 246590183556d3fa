//! The bootstrap of the `auth` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(auth::routes())
}
