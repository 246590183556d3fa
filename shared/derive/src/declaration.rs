//! What a developer wrote, parsed and complete.

use proc_macro2::{Span, TokenStream};
use syn::{
    Attribute, Data, DeriveInput, Error, Fields, Ident, LitInt, LitStr, Path, Result, Type,
    meta::ParseNestedMeta, parenthesized, punctuated::Punctuated, spanned::Spanned, token::Comma,
};

/// A record as declared.
pub struct Declaration {
    pub name: Ident,
    pub table: Ident,
    pub version: LitInt,
    pub upgrade: Option<Path>,
    pub key: KeyCall,
    pub changes: Option<KeyCall>,
    pub lists: Option<KeyCall>,
    pub due: Option<KeyCall>,
    pub tenant: Tenant,
    pub subject: Subject,
    pub class: Ident,
    pub anchor: Ident,
    pub fields: Vec<Field>,
}

/// A function of `shared::store::keys` and the fields it takes.
pub struct KeyCall {
    pub function: Ident,
    pub arguments: Vec<Ident>,
}

/// Whose keys seal the record.
pub enum Tenant {
    Platform,
    Field(Ident),
}

/// Whose data the record is.
pub enum Subject {
    /// A root: the field that holds the subject's id.
    Field(Ident),
    /// Part of a root, and gone with it.
    Within(Ident),
    /// Nobody's, for a reason.
    Nobody(LitStr),
}

/// One field and its decision.
pub struct Field {
    pub name: Ident,
    pub ty: Type,
    pub decision: Decision,
}

/// What a field says about a person.
pub enum Decision {
    Personal {
        category: Ident,
        purpose: Ident,
        erase: Ident,
        form: Form,
        told: Option<Told>,
    },
    NonPersonal {
        reason: LitStr,
        told: Option<Told>,
    },
}

/// What an archive says of a field, where the developer said so.
pub enum Told {
    /// It is in.
    Export,
    /// It is left out, for a reason.
    Withhold(LitStr),
}

/// How a personal field is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Sealed,
    Keyed,
    Open,
}

const RECORD_HELP: &str = "a record says whose it is and when it dies:
    #[record(
        table = Data,                               // or Keys
        key = message(workspace, conversation, seq),// a function of store/keys.rs, with fields
        tenant = workspace,                         // the field of the tenant, or Platform
        within = Conversation,                      // or `subject = field` on a root, or `no_subject = \"reason\"`
        class = Conversation,                       // its retention class
        anchor = sent_at,                           // the field its retention is counted from
    )]";

const FIELD_HELP: &str = "write one of:
    #[personal(category = Content, purpose = AnswerVisitor, erase = Delete)]            sealed at rest
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]   a keyed hash: recognises, does not tell
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]    only opaque ids, times, closed words and counts
    #[non_personal(reason = \"why this says nothing about a person\")]";

/// The attributes of `#[record(...)]` while they are being read.
#[derive(Default)]
struct Header {
    table: Option<Ident>,
    version: Option<LitInt>,
    upgrade: Option<Path>,
    key: Option<KeyCall>,
    changes: Option<KeyCall>,
    lists: Option<KeyCall>,
    due: Option<KeyCall>,
    tenant: Option<Ident>,
    subject: Option<Subject>,
    class: Option<Ident>,
    anchor: Option<Ident>,
}

impl Header {
    fn read(&mut self, meta: &ParseNestedMeta) -> Result<()> {
        let word = meta
            .path
            .get_ident()
            .map(ToString::to_string)
            .unwrap_or_default();
        match word.as_str() {
            "table" => self.table = Some(meta.value()?.parse()?),
            "version" => self.version = Some(meta.value()?.parse()?),
            "upgrade" => self.upgrade = Some(meta.value()?.parse()?),
            "key" => self.key = Some(key_call(meta)?),
            "changes" => self.changes = Some(key_call(meta)?),
            "lists" => self.lists = Some(key_call(meta)?),
            "due" => self.due = Some(key_call(meta)?),
            "tenant" => self.tenant = Some(meta.value()?.parse()?),
            "class" => self.class = Some(meta.value()?.parse()?),
            "anchor" => self.anchor = Some(meta.value()?.parse()?),
            "subject" => self.owner(meta, Subject::Field(meta.value()?.parse()?))?,
            "within" => self.owner(meta, Subject::Within(meta.value()?.parse()?))?,
            "no_subject" => self.owner(meta, Subject::Nobody(reason(meta)?))?,
            _ => return Err(meta.error(format!("unknown word in `#[record]`; {RECORD_HELP}"))),
        }
        Ok(())
    }

    fn owner(&mut self, meta: &ParseNestedMeta, subject: Subject) -> Result<()> {
        if self.subject.replace(subject).is_some() {
            return Err(meta.error("a record has one owner: `subject`, `within` or `no_subject`"));
        }
        Ok(())
    }
}

impl Declaration {
    /// Reads the struct; the first open question is the error.
    pub fn parse(input: &DeriveInput) -> Result<Self> {
        let Data::Struct(data) = &input.data else {
            return Err(Error::new(
                input.span(),
                "a record is a struct with named fields",
            ));
        };
        let Fields::Named(named) = &data.fields else {
            return Err(Error::new(
                input.span(),
                "a record is a struct with named fields",
            ));
        };
        let mut header = Header::default();
        for attribute in input.attrs.iter().filter(|a| a.path().is_ident("record")) {
            attribute.parse_nested_meta(|meta| header.read(&meta))?;
        }
        let fields = named.named.iter().map(field).collect::<Result<Vec<_>>>()?;
        let known = |ident: &Ident| fields.iter().any(|f| f.name == *ident);
        let open = |what: &str| {
            Error::new(
                input.ident.span(),
                format!("`{}` has no {what}; {RECORD_HELP}", input.ident),
            )
        };
        let tenant = match header.tenant.ok_or_else(|| open("`tenant`"))? {
            word if word == "Platform" => Tenant::Platform,
            word if known(&word) => Tenant::Field(word),
            word => {
                return Err(Error::new(
                    word.span(),
                    "`tenant` is `Platform` or a field of the record",
                ));
            }
        };
        let subject = header
            .subject
            .ok_or_else(|| open("owner: `subject`, `within` or `no_subject`"))?;
        if let Subject::Field(word) = &subject
            && !known(word)
        {
            return Err(Error::new(
                word.span(),
                "`subject` names a field of the record",
            ));
        }
        let anchor = header.anchor.ok_or_else(|| open("`anchor`"))?;
        if !known(&anchor) {
            return Err(Error::new(
                anchor.span(),
                "`anchor` names a field of the record",
            ));
        }
        let version = header
            .version
            .unwrap_or_else(|| LitInt::new("1", Span::call_site()));
        // Rows of the version before are in every table that there is.
        if (version.base10_parse::<u32>()? > 1) != header.upgrade.is_some() {
            return Err(Error::new(
                version.span(),
                "`version = 2` and later ones go with `upgrade = function`, which makes older items such ones",
            ));
        }
        Ok(Self {
            name: input.ident.clone(),
            table: header.table.ok_or_else(|| open("`table`"))?,
            version,
            upgrade: header.upgrade,
            key: header.key.ok_or_else(|| open("`key`"))?,
            changes: header.changes,
            lists: header.lists,
            due: header.due,
            tenant,
            subject,
            class: header.class.ok_or_else(|| open("retention `class`"))?,
            anchor,
            fields,
        })
    }

    /// Whether a field of the record is in an archive, and why not. Without a word: what is personal
    /// is in, but for what recognises somebody; what is not, is not.
    pub fn told(field: &Field) -> core::result::Result<(), String> {
        let (told, reason) = match &field.decision {
            Decision::NonPersonal { told, .. } => (told, "it says nothing about a person"),
            Decision::Personal {
                told,
                form: Form::Keyed,
                ..
            } => (told, "a keyed hash, which recognises and does not tell"),
            Decision::Personal { told, category, .. } if category == "Identifier" => {
                (told, "a secret that proves who somebody is")
            }
            Decision::Personal { told, .. } => (told, ""),
        };
        match told {
            Some(Told::Export) => Ok(()),
            Some(Told::Withhold(reason)) => Err(reason.value()),
            None if reason.is_empty() => Ok(()),
            None => Err(reason.to_owned()),
        }
    }

    /// Whether the record needs a data key.
    pub fn is_sealed(&self) -> bool {
        self.fields.iter().any(|field| {
            matches!(
                field.decision,
                Decision::Personal {
                    form: Form::Sealed,
                    ..
                }
            )
        })
    }
}

/// `key = function(field, field)`.
fn key_call(meta: &ParseNestedMeta) -> Result<KeyCall> {
    let input = meta.value()?;
    let function = input.parse()?;
    let content;
    parenthesized!(content in input);
    let arguments = Punctuated::<Ident, Comma>::parse_terminated(&content)?;
    Ok(KeyCall {
        function,
        arguments: arguments.into_iter().collect(),
    })
}

/// A reason that says something.
fn reason(meta: &ParseNestedMeta) -> Result<LitStr> {
    let text: LitStr = meta.value()?.parse()?;
    if text.value().trim().len() < 8 {
        return Err(Error::new(
            text.span(),
            "a reason is a sentence that a reviewer can judge",
        ));
    }
    Ok(text)
}

/// A field and its one decision.
fn field(field: &syn::Field) -> Result<Field> {
    let name = field
        .ident
        .clone()
        .ok_or_else(|| Error::new(field.span(), "a named field"))?;
    let decisions: Vec<&Attribute> = field
        .attrs
        .iter()
        .filter(|a| a.path().is_ident("personal") || a.path().is_ident("non_personal"))
        .collect();
    let decision = match decisions.as_slice() {
        [] => {
            let message = format!("field `{name}` has no privacy decision; {FIELD_HELP}");
            return Err(Error::new(name.span(), message));
        }
        [one] if one.path().is_ident("personal") => personal(one, &name)?,
        [one] => non_personal(one, &name)?,
        [_, second, ..] => {
            return Err(Error::new(
                second.span(),
                format!("field `{name}` has two privacy decisions; keep one"),
            ));
        }
    };
    Ok(Field {
        name,
        ty: field.ty.clone(),
        decision,
    })
}

fn personal(attribute: &Attribute, name: &Ident) -> Result<Decision> {
    let (mut category, mut purpose, mut erase, mut form) = (None, None, None, Form::Sealed);
    let mut told = None;
    attribute.parse_nested_meta(|meta| {
        let word = meta
            .path
            .get_ident()
            .map(ToString::to_string)
            .unwrap_or_default();
        match word.as_str() {
            "category" => category = Some(meta.value()?.parse::<Ident>()?),
            "purpose" => purpose = Some(meta.value()?.parse::<Ident>()?),
            "erase" => erase = Some(meta.value()?.parse::<Ident>()?),
            "open" => form = Form::Open,
            "keyed" => form = Form::Keyed,
            "export" => told = Some(Told::Export),
            "withhold" => told = Some(Told::Withhold(reason(&meta)?)),
            _ => return Err(meta.error(format!("unknown word in `#[personal]`; {FIELD_HELP}"))),
        }
        Ok(())
    })?;
    let open = |what: &str| {
        Error::new(
            name.span(),
            format!("personal field `{name}` has no `{what}`; {FIELD_HELP}"),
        )
    };
    let category = category.ok_or_else(|| open("category"))?;
    if form == Form::Open && category != "Pseudonym" {
        let message = format!(
            "field `{name}` of category `{category}` may not be `open`: only `Pseudonym` may; drop `open` to seal it"
        );
        return Err(Error::new(category.span(), message));
    }
    Ok(Decision::Personal {
        category,
        purpose: purpose.ok_or_else(|| open("purpose"))?,
        erase: erase.ok_or_else(|| open("erase"))?,
        form,
        told,
    })
}

fn non_personal(attribute: &Attribute, name: &Ident) -> Result<Decision> {
    let (mut text, mut told) = (None, None);
    attribute.parse_nested_meta(|meta| {
        if meta.path.is_ident("export") {
            told = Some(Told::Export);
            return Ok(());
        }
        if !meta.path.is_ident("reason") {
            return Err(meta.error(format!("unknown word in `#[non_personal]`; {FIELD_HELP}")));
        }
        text = Some(reason(&meta)?);
        Ok(())
    })?;
    let reason = text.ok_or_else(|| {
        Error::new(
            name.span(),
            format!("non-personal field `{name}` has no `reason`; {FIELD_HELP}"),
        )
    })?;
    Ok(Decision::NonPersonal { reason, told })
}

impl KeyCall {
    /// The call, with the fields of `self`.
    pub fn expand(&self) -> TokenStream {
        let Self {
            function,
            arguments,
        } = self;
        quote::quote!(::shared::store::keys::#function(#(::core::clone::Clone::clone(&self.#arguments)),*))
    }
}
