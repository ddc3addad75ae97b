//! `[[notify]]`: who is told, and about what. Nothing is sent from here; an address behind a reference is read and
//! checked by the sender.

use std::collections::BTreeSet;

use super::reference::{self, NoReference};
use super::schedule::cadence;
use crate::flow::document::quoted;
use crate::flow::keys;
use crate::flow::reader::{Item, Section, Text};
use crate::flow::secret::{Identifier, SecretRef};
use crate::flow::settings::{About, Notify, Receiver};

const TO: &str = "write \"mailto:ADDRESS\", \"webhook:https://...\" or \"chat:https://...\"";
/// Longest address, in bytes.
const ADDRESS_MAX_BYTES: usize = 2048;

pub(super) fn read(item: &Item<'_>) -> Option<Notify> {
    let section = item.section(&keys::NOTIFY)?;
    let to = section.required_text("to").and_then(|text| receiver(&text));
    let about = about(&section);
    let secret = secret(&section, to.as_ref());
    let digest = cadence(&section, "digest");
    Some(Notify { to: to?, about: about?, secret: secret?, digest: digest? })
}

fn about(section: &Section<'_>) -> Option<BTreeSet<About>> {
    let Some(item) = section.get("about") else { return Some(About::ALL.into()) };
    let words = About::ALL.map(|about| (about.name(), about));
    let items = item.list()?;
    if items.is_empty() {
        item.at.refuse(format!("`{}` is empty, so nothing would be told", item.at.path), "name at least one");
    }
    let texts = items.iter().filter_map(Item::text);
    Some(texts.filter_map(|text| text.word(&words)).collect())
}

fn receiver(text: &Text<'_>) -> Option<Receiver> {
    let value = text.value.trim();
    match value.split_once(':') {
        Some(("mailto", address)) if is_mail_address(address) => Some(Receiver::Mail(address.to_owned())),
        Some(("mailto", _)) => {
            text.at
                .refuse(format!("{} is no e-mail address", quoted(value)), "write it like \"mailto:ada@example.com\"");
            None
        }
        Some(("webhook", url)) => Some(Receiver::Webhook(address(text, url)?)),
        Some(("chat", url)) => Some(Receiver::Chat(address(text, url)?)),
        _ => {
            // It may be the address of a chat, which is as good as a password.
            text.at.hide();
            text.at.refuse(format!("`{}` does not say what kind of receiver it is", text.at.path), TO);
            None
        }
    }
}

/// One plain address: what a mail program would take apart or add to is refused.
fn is_mail_address(address: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "!#$&'*+-/=^_`{|}~.".contains(c);
    let label = |label: &str| {
        let inside = label.chars().all(|c| c.is_alphanumeric() || c == '-');
        !label.is_empty() && inside && !label.starts_with('-') && !label.ends_with('-')
    };
    address.split_once('@').is_some_and(|(local, domain)| {
        let local_fits = !local.is_empty() && local.len() <= 64 && local.chars().all(plain);
        local_fits && domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label)
    })
}

/// A web address, or the reference to one.
fn address(text: &Text<'_>, url: &str) -> Option<Identifier> {
    let refused = |message: String, remedy: &str| {
        text.at.hide();
        text.at.refuse(message, remedy);
        None
    };
    let path = &text.at.path;
    match reference::parse(url, "") {
        Ok(SecretRef::Sealed(name)) if name.is_empty() => {
            refused(format!("`{path}` must name what is sealed"), "write it like \"chat:sealed:chat_url\"")
        }
        Ok(reference) => Some(Identifier::Reference(reference)),
        Err(NoReference::Malformed(why)) => refused(format!("`{path}` is no reference: {why}"), TO),
        Err(NoReference::Bare) => match web_address(url) {
            Ok(url) => Some(Identifier::Literal(url)),
            Err(why) => {
                refused(format!("`{path}`: {why}"), "write an address like \"https://hooks.example.com/expenses\"")
            }
        },
    }
}

/// The address in its usual spelling, where messages may be sent to it: `https` to a named host, or `http` to this
/// machine, which only tests allow when sending.
///
/// # Errors
/// What is wrong with it; the address itself is not repeated, since it may be a secret.
pub fn web_address(text: &str) -> Result<String, &'static str> {
    if text.len() > ADDRESS_MAX_BYTES {
        return Err("the address is longer than 2048 bytes");
    }
    let url = reqwest::Url::parse(text).map_err(|_| "this is no web address")?;
    let host = url.host_str().unwrap_or_default();
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with a user or a password in it is refused");
    }
    match url.scheme() {
        "https" if host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok() => {
            Err("the host must be a name, not a number")
        }
        "https" => Ok(url.into()),
        "http" if matches!(host, "127.0.0.1" | "localhost") => Ok(url.into()),
        _ => Err("the address must begin with https://"),
    }
}

/// The secret that signs a webhook: there always, elsewhere never.
#[expect(clippy::option_option, reason = "the outer one says that a mistake was noted, as everywhere in the reader")]
fn secret(section: &Section<'_>, to: Option<&Receiver>) -> Option<Option<SecretRef>> {
    let is_webhook = to.is_none_or(|to| matches!(to, Receiver::Webhook(_)));
    match section.get("secret") {
        None if to.is_some() && is_webhook => {
            section.refuse_absence("secret", "a webhook is signed, so that its receiver knows who sent it");
            None
        }
        None => Some(None),
        Some(item) if !is_webhook => {
            item.at.refuse(format!("`{}` is only for a webhook; nothing else is signed", item.at.path), "take it out");
            None
        }
        Some(item) => {
            let secret = reference::secret(section, "secret")?;
            // Several entries may have one, and their order may change, so a place is no name.
            if item.value.as_str().is_some_and(|text| text.trim() == "sealed") {
                let message = format!("`{}` must name what is sealed", item.at.path);
                item.at.refuse(message, "write it like \"sealed:webhook\"");
                return None;
            }
            Some(Some(secret))
        }
    }
}
