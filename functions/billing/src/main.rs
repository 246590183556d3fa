//! The function of plans and payments.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::scheduled(billing::routes(), billing::handle)
}
