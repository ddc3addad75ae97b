//! Which company is which: the ids and passwords of company number `k`, out of the seed and `k` alone.
//!
//! Nothing is kept: ten thousand companies that nobody calls are a number. The first company has the names it always
//! had; the others carry their number in theirs, so that a request says whose it is.

use crate::{expensify, intacct};

const PARTNER: &str = "aa_company_";
const PARTNER_END: &str = "_example_com";
const COMPANY: &str = "example-services-";

/// One company, as both vendors know it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its number, from 0.
    pub number: usize,
    /// What its reports, passwords and session ids are made from; the sandbox's own seed for company 0.
    pub seed: u64,
    /// What the gateway takes from it. The sender is the same for all: it belongs to the connector.
    pub intacct: intacct::Credentials,
    /// What the Integration Server takes from it.
    pub expensify: expensify::Credentials,
}

impl Identity {
    /// Company `number` of a sandbox of `seed`.
    pub fn of(seed: u64, number: usize) -> Self {
        let own = if number == 0 { seed } else { expensify::mix(expensify::mix(seed) ^ number as u64) };
        let (company_id, user_id, partner_user_id) = match number {
            0 => ("example-services".to_owned(), "xml_connector".to_owned(), "aa_sandbox_example_com".to_owned()),
            _ => (
                format!("{COMPANY}{number:05}"),
                format!("xml_connector_{number:05}"),
                format!("{PARTNER}{number:05}{PARTNER_END}"),
            ),
        };
        Identity {
            number,
            seed: own,
            intacct: intacct::Credentials {
                sender_id: "sandbox-sender".into(),
                sender_password: format!("sender-{seed:016x}"),
                company_id,
                user_id,
                user_password: format!("user-{own:016x}"),
            },
            expensify: expensify::Credentials {
                partner_user_id,
                partner_user_secret: format!("sandbox-{:016x}", expensify::mix(own ^ 0x5EC2_E700)),
            },
        }
    }

    /// What the ids of its sessions end in; see [`number_of_session`].
    pub fn session_mark(&self) -> String {
        if self.number == 0 { "..".into() } else { format!(".{}.", self.number) }
    }
}

/// The company that has this id at Intacct or this `partnerUserID` at Expensify, or whose number it is.
pub fn number_of(name: &str) -> Option<usize> {
    let first = Identity::of(0, 0);
    if name == first.intacct.company_id || name == first.expensify.partner_user_id {
        return Some(0);
    }
    let partner = name.strip_prefix(PARTNER).and_then(|rest| rest.strip_suffix(PARTNER_END));
    digits(name.strip_prefix(COMPANY).or(partner).unwrap_or(name))
}

/// The company whose session an id names.
pub fn number_of_session(id: &str) -> Option<usize> {
    match id.split('.').nth(1)? {
        "" => Some(0),
        number => digits(number),
    }
}

fn digits(text: &str) -> Option<usize> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_leads_back_to_its_company() {
        for number in [0, 1, 42, 99_999, 100_000] {
            let identity = Identity::of(7, number);
            assert_eq!(number_of(&identity.intacct.company_id), Some(number));
            assert_eq!(number_of(&identity.expensify.partner_user_id), Some(number));
            assert_eq!(number_of(&number.to_string()), Some(number));
            assert_eq!(number_of_session(&format!("0123abcd{}", identity.session_mark())), Some(number));
        }
        for stranger in ["", "example-services-", "example-services-x", "aa_company_1", "+1", "-1", "nobody"] {
            assert_eq!(number_of(stranger), None, "{stranger}");
        }
        assert_eq!(number_of_session("0123abcd"), None);
    }
}
