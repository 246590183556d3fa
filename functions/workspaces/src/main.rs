//! The bootstrap of the `workspaces` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(workspaces::routes())
}
