//! The bootstrap of the `attachments` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::files(attachments::routes(), attachments::hear)
}
