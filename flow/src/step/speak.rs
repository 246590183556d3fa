//! Texts with their variables filled in.

use crate::effects::Reason;
use crate::nodes::{Action, Card, Part};
use crate::program::{ActionOp, CardText, PartText};
use crate::templates::Template;

use super::walk::Walker;

/// What an address that a browser opens begins with.
pub(crate) const WEB: [&str; 4] = ["https://", "http://", "mailto:", "tel:"];

impl Walker<'_> {
    pub(super) fn render(&self, text: &Template) -> Result<String, Reason> {
        text.render(&self.scope()).map_err(|_| Reason::TooLarge)
    }

    /// An address of a server.
    pub(super) fn render_address(&self, text: &Template) -> Result<String, Reason> {
        let rendered = text.render_address(&self.scope());
        rendered.map_err(|_| Reason::TooLarge)
    }

    pub(super) fn maybe(&self, text: Option<&Template>) -> Result<Option<String>, Reason> {
        text.map(|text| self.render(text)).transpose()
    }

    /// An address for the visitor's browser; empty when what variables made of it is none.
    fn address(&self, text: &Template) -> Result<String, Reason> {
        let url = self.render(text)?;
        let lower = url.trim_start().to_ascii_lowercase();
        let safe = WEB.iter().any(|scheme| lower.starts_with(scheme));
        Ok(if safe { url } else { String::new() })
    }

    pub(super) fn part(&self, part: &PartText) -> Result<Part, Reason> {
        Ok(match part {
            PartText::Text(md) => Part::Text {
                md: self.render(md)?,
            },
            PartText::Image { url, alt } => Part::Image {
                url: self.address(url)?,
                alt: self.maybe(alt.as_ref())?,
            },
            PartText::Video(url) => Part::Video {
                url: self.address(url)?,
            },
            PartText::Audio(url) => Part::Audio {
                url: self.address(url)?,
            },
            PartText::File { url, name } => Part::File {
                url: self.address(url)?,
                name: self.maybe(name.as_ref())?,
            },
            PartText::Embed(url) => Part::Embed {
                url: self.address(url)?,
            },
            PartText::Cards(cards) => {
                let card = |card: &CardText| {
                    Ok(Card {
                        title: self.render(&card.title)?,
                        md: self.maybe(card.md.as_ref())?,
                        image: card
                            .image
                            .as_ref()
                            .map(|url| self.address(url))
                            .transpose()?,
                        url: card.url.as_ref().map(|url| self.address(url)).transpose()?,
                    })
                };
                Part::Cards {
                    items: cards.iter().map(card).collect::<Result<_, _>>()?,
                }
            }
        })
    }

    pub(super) fn action(&self, action: &ActionOp) -> Result<Action, Reason> {
        Ok(match action {
            ActionOp::AddTag(tag) => Action::AddTag {
                tag: self.render(tag)?,
            },
            ActionOp::SetContact { name, value } => Action::SetContact {
                name: *name,
                value: self.render(value)?,
            },
            ActionOp::Email { to, subject, text } => Action::Email {
                to: self.maybe(to.as_ref())?,
                subject: self.render(subject)?,
                text: self.render(text)?,
            },
            ActionOp::Plain(action) => action.clone(),
            ActionOp::OpenUrl { url, new_window } => Action::OpenUrl {
                url: self.address(url)?,
                new_window: *new_window,
            },
        })
    }
}
