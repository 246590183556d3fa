//! The code of a record.

use proc_macro2::TokenStream;
use quote::quote;

use crate::declaration::{Decision, Declaration, Field, Form, Subject, Tenant};

/// Everything that `#[derive(Record)]` writes.
pub fn expand(declaration: &Declaration) -> TokenStream {
    let name = &declaration.name;
    let name_text = name.to_string();
    let Declaration {
        table,
        version,
        class,
        anchor,
        ..
    } = declaration;
    let key = declaration.key.expand();
    // Not every record of a kind is in every index, so a function may say no.
    let index = |call: &Option<crate::declaration::KeyCall>| match call {
        Some(call) => {
            let call = call.expand();
            quote!(::core::convert::Into::into(#call))
        }
        None => quote!(::core::option::Option::None),
    };
    let (changes, lists) = (index(&declaration.changes), index(&declaration.lists));
    let due = index(&declaration.due);
    let seal = if declaration.is_sealed() {
        quote!(::shared::store::DataKey)
    } else {
        quote!(::shared::store::Unsealed)
    };
    let tenant = match &declaration.tenant {
        Tenant::Platform => quote!(::shared::domain::TenantId::Platform),
        Tenant::Field(field) => quote!(::shared::domain::TenantId::from(self.#field)),
    };
    let subject_rule = match &declaration.subject {
        Subject::Field(field) => {
            let field = field.to_string();
            quote!(::shared::store::Owner::Subject(#field))
        }
        Subject::Within(root) => {
            let root = root.to_string();
            quote!(::shared::store::Owner::Within(#root))
        }
        Subject::Nobody(reason) => quote!(::shared::store::Owner::Nobody(#reason)),
    };
    let subject = match &declaration.subject {
        Subject::Field(field) => {
            quote!(::core::option::Option::Some(::shared::store::SubjectId::from(self.#field)))
        }
        Subject::Within(_) | Subject::Nobody(_) => quote!(::core::option::Option::None),
    };
    let rev = if declaration.fields.iter().any(|field| field.name == "rev") {
        quote! {
            fn rev_mut(&mut self) -> ::core::option::Option<&mut u64> {
                ::core::option::Option::Some(&mut self.rev)
            }
        }
    } else {
        TokenStream::new()
    };
    let held = if declaration
        .fields
        .iter()
        .any(|field| field.name == "held_until")
    {
        quote! {
            fn held_until(&self) -> ::core::option::Option<::shared::domain::Timestamp> {
                self.held_until
            }
        }
    } else {
        TokenStream::new()
    };
    let upgrade = declaration.upgrade.as_ref().map(|function| {
        quote! {
            fn upgrade(
                item: &mut ::shared::store::Item,
                from: u32,
            ) -> ::core::result::Result<(), ::shared::store::StoreError> {
                #function(item, from)
            }
        }
    });
    let declarations = declaration.fields.iter().map(field_declaration);
    let writes = declaration.fields.iter().map(write_field);
    let reads = declaration.fields.iter().map(read_field);
    let told = declaration
        .fields
        .iter()
        .filter(|field| Declaration::told(field).is_ok());
    let (tells, retells): (Vec<_>, Vec<_>) = told
        .map(|field| (tell_field(field), retell_field(field)))
        .unzip();
    let fields = if retells.is_empty() {
        quote!(_)
    } else {
        quote!(fields)
    };
    quote! {
        impl ::shared::store::Record for #name {
            const DECLARATION: &'static ::shared::store::Declaration = &::shared::store::Declaration {
                name: #name_text,
                table: ::shared::store::Table::#table,
                version: #version,
                owner: #subject_rule,
                class: ::shared::domain::retention::Class::#class,
                fields: &[#(#declarations),*],
            };
            type Seal = #seal;

            fn key(&self) -> ::shared::store::Key {
                #key
            }

            fn tenant(&self) -> ::shared::domain::TenantId {
                #tenant
            }

            fn subject(&self) -> ::core::option::Option<::shared::store::SubjectId> {
                #subject
            }

            fn anchor(&self) -> ::shared::domain::Timestamp {
                self.#anchor
            }

            fn indexes(&self) -> ::shared::store::Indexes {
                ::shared::store::Indexes { changes: #changes, lists: #lists, due: #due }
            }

            #rev

            #held

            #upgrade

            fn write(
                &self,
                door: &::shared::store::Door<'_, Self::Seal>,
                item: &mut ::shared::store::Item,
            ) -> ::core::result::Result<(), ::shared::store::StoreError> {
                #(#writes)*
                ::core::result::Result::Ok(())
            }

            fn read(
                door: &::shared::store::Door<'_, Self::Seal>,
                item: &::shared::store::Item,
            ) -> ::core::result::Result<Self, ::shared::store::StoreError> {
                ::core::result::Result::Ok(Self { #(#reads),* })
            }

            fn tell(&self) -> ::shared::store::record::Fields {
                ::core::iter::IntoIterator::into_iter([#(#tells),*]).collect()
            }

            fn retell(
                &mut self,
                #fields: &::shared::store::record::Fields,
            ) -> ::core::result::Result<(), &'static str> {
                #(#retells)*
                ::core::result::Result::Ok(())
            }
        }
    }
}

fn field_declaration(field: &Field) -> TokenStream {
    let name = field.name.to_string();
    let decision = match &field.decision {
        Decision::NonPersonal { reason, .. } => {
            quote!(::shared::store::Decision::NonPersonal { reason: #reason })
        }
        Decision::Personal {
            category,
            purpose,
            erase,
            form,
            ..
        } => {
            let form = match form {
                Form::Sealed => quote!(Sealed),
                Form::Keyed => quote!(Keyed),
                Form::Open => quote!(Open),
            };
            quote!(::shared::store::Decision::Personal {
                category: ::shared::domain::personal::Category::#category,
                purpose: ::shared::domain::personal::Purpose::#purpose,
                erase: ::shared::domain::personal::Erase::#erase,
                form: ::shared::store::Form::#form,
            })
        }
    };
    let told = match Declaration::told(field) {
        Ok(()) => quote!(::shared::store::record::Told::Exported),
        Err(reason) => quote!(::shared::store::record::Told::LeftOut(#reason)),
    };
    quote!(::shared::store::FieldDeclaration { name: #name, decision: #decision, told: #told })
}

/// The method of `Door` that fits the decision: its bounds are what refuses a wrong type.
fn door(field: &Field) -> &'static str {
    match field.decision {
        Decision::NonPersonal { .. } => "plain",
        Decision::Personal {
            form: Form::Sealed, ..
        } => "sealed",
        Decision::Personal {
            form: Form::Keyed, ..
        } => "keyed",
        Decision::Personal {
            form: Form::Open, ..
        } => "open",
    }
}

/// Whether a field lies sealed, and passes into an archive as a text.
fn is_sealed(field: &Field) -> bool {
    door(field) == "sealed"
}

fn tell_field(field: &Field) -> TokenStream {
    let (ident, name) = (&field.name, field.name.to_string());
    let value = if is_sealed(field) {
        quote!(::shared::domain::personal::Personal::tell(&self.#ident).into())
    } else {
        quote!(::shared::store::Field::tell(&self.#ident))
    };
    quote!((::std::borrow::ToOwned::to_owned(#name), #value))
}

fn retell_field(field: &Field) -> TokenStream {
    let (ident, name) = (&field.name, field.name.to_string());
    let value = if is_sealed(field) {
        quote!(::shared::store::record::text_of(fields, #name)
            .and_then(::shared::domain::personal::Personal::retell))
    } else {
        quote!(fields.get(#name).and_then(::shared::store::Field::retell))
    };
    quote!(self.#ident = #value.ok_or(#name)?;)
}

fn write_field(field: &Field) -> TokenStream {
    let (ident, name) = (&field.name, field.name.to_string());
    let method = quote::format_ident!("write_{}", door(field));
    quote!(door.#method(item, #name, &self.#ident)?;)
}

fn read_field(field: &Field) -> TokenStream {
    let (ident, name, ty) = (&field.name, field.name.to_string(), &field.ty);
    let method = quote::format_ident!("read_{}", door(field));
    quote!(#ident: door.#method::<#ty>(item, #name)?)
}
