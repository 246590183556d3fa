//! The declaration of a record.
//!
//! `#[derive(Record)]` turns a struct into something that may enter storage, and refuses to when a
//! question stays open: whose data is this, when does it die, and, for every single field, what is
//! it about a person and what is it kept for. The messages say what to write.

mod declaration;
mod expand;

use proc_macro::TokenStream;

/// Declares a record: see `shared::store::record` for the attributes and an example.
#[proc_macro_derive(Record, attributes(record, personal, non_personal))]
pub fn record(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    match declaration::Declaration::parse(&input) {
        Ok(declaration) => expand::expand(&declaration).into(),
        Err(error) => error.into_compile_error().into(),
    }
}
