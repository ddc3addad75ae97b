//! `[destination]`: the company at Intacct.

use super::reference;
use crate::flow::keys;
use crate::flow::reader::Section;
use crate::flow::settings::{Destination, IntacctDestination};

pub(super) fn read(section: &Section<'_>) -> Option<Destination> {
    let section = section.required_section("intacct", &keys::INTACCT)?;
    let sender_id = reference::identifier(&section, "sender_id");
    let sender_password = reference::secret(&section, "sender_password");
    let company_id = reference::identifier(&section, "company_id");
    let user_id = reference::identifier(&section, "user_id");
    let user_password = reference::secret(&section, "user_password");
    let entity = section.get("entity").filter(|item| item.value.as_str() != Some(""));
    let entity = entity.and_then(|item| item.text()).map(|text| text.trimmed());
    let concurrency = section.get("concurrency").map_or(Some(2), |item| item.integer(1..21));
    Some(Destination::Intacct(IntacctDestination {
        sender_id: sender_id?,
        sender_password: sender_password?,
        company_id: company_id?,
        user_id: user_id?,
        user_password: user_password?,
        entity,
        concurrency: u8::try_from(concurrency?).ok()?,
    }))
}
