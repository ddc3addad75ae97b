//! Where a request comes from: the address of the connection, or what a trusted proxy says of it.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;

use super::state::State;

/// The far end of a request.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Whether it came encrypted, as far as we know.
    pub secure: bool,
}

/// Addresses that begin with the same bits.
#[derive(Debug, Clone, Copy)]
pub struct Network {
    bits: u128,
    length: u32,
}

impl Network {
    /// Reads `10.0.0.0/8`, `::1` and the like.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let (own, offset) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let length = length.unwrap_or(own);
        (length <= own).then(|| Self { bits: bits(address), length: length + offset })
    }

    /// Whether the address is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.length == 0 || (self.bits ^ bits(address)) >> (128 - self.length) == 0
    }
}

/// Version 4 as mapped into version 6, so that both compare.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Peer {
    /// Of a request with these headers, on a connection from `address`. Of the forwarded addresses the last one counts
    /// that is no proxy of ours: whatever stands before it, the sender may have made up.
    pub fn of(state: &State, address: IpAddr, headers: &HeaderMap) -> Self {
        let public_is_secure = state.settings.web.public_url.starts_with("https://");
        if !state.is_proxy(address) {
            return Self { address, secure: public_is_secure };
        }
        let text = |name: &str| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let forwarded: Vec<&str> = text("x-forwarded-for").flat_map(|value| value.split(',')).map(str::trim).collect();
        let mut far = address;
        for hop in forwarded.iter().rev() {
            let Ok(hop) = hop.parse() else { break };
            far = hop;
            if !state.is_proxy(far) {
                break;
            }
        }
        let secure = text("x-forwarded-proto").next_back().is_some_and(|proto| proto.trim() == "https");
        Self { address: far, secure: secure || public_is_secure }
    }

    /// What stands for this address where attempts are counted: whoever has a version 6 address has 2^64 of them.
    pub fn subject(&self) -> String {
        match self.address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(address) => address.to_string(),
                None => format!("{}/64", Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
            },
        }
    }
}
