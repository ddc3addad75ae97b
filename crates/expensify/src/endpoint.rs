//! Decides which address may be talked to, by name and again by resolved address. It must not connect.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::config::EndpointRule;

const VENDOR_HOST: &str = "integrations.expensify.com";

/// The address in `text`, if `rule` accepts it; else what is wrong with it.
pub(crate) fn check(text: &str, rule: EndpointRule) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|cause| format!("the address is not a URL: {cause}"))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("the address may hold no user, password, query or fragment".to_owned());
    }
    let vendor = url.scheme() == "https" && url.host_str() == Some(VENDOR_HOST) && url.port().is_none();
    let loopback = url.scheme() == "http" && is_loopback(&url);
    let accepted = match rule {
        EndpointRule::VendorOnly => vendor,
        EndpointRule::VendorOrLoopback => vendor || loopback,
        EndpointRule::OperatorsChoice => matches!(url.scheme(), "http" | "https") && url.has_host(),
    };
    if accepted { Ok(url) } else { Err(format!("the address is not https://{VENDOR_HOST}/…, nor otherwise allowed")) }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || literal.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Resolves names as the system does, then refuses addresses that are not public: an allowed name may still be made
/// to point inside our own network.
pub(crate) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if let Some(inside) = found.iter().find(|address| !is_public(address.ip())) {
                let what = format!("{} resolves to {}, which is not public", name.as_str(), inside.ip());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, what).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (b == 18 || b == 19);
    let protocol = (a, b, c) == (192, 0, 0);
    !(a == 0
        || a >= 224
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || shared
        || benchmark
        || protocol)
}

/// Global unicast is 2000::/3; 2001:db8::/32 is for documents, 2002::/16 and 64:ff9b::/96 wrap IPv4 addresses.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    (0x2000..0x4000).contains(&first) && first != 0x2002 && (first, second) != (0x2001, 0xdb8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_vendor_by_default() {
        let rule = EndpointRule::VendorOnly;
        assert!(check(crate::config::VENDOR_URL, rule).is_ok());
        for bad in [
            "http://integrations.expensify.com/x",
            "https://integrations.expensify.com:8443/x",
            "https://integrations.expensify.com.evil.example/x",
            "https://user@integrations.expensify.com/x",
            "https://integrations.expensify.com/x?requestJobDescription=1",
            "https://integrations.expensify.com@evil.example/",
            "https://іntegrations.expensify.com/",
            "https://169.254.169.254/",
            "http://127.0.0.1:1/",
            "http://localhost:1/",
            "http://[::1]:1/",
            "ftp://integrations.expensify.com/",
            "integrations.expensify.com",
            "",
        ] {
            assert!(check(bad, rule).is_err(), "{bad}");
        }
    }

    #[test]
    fn loopback_and_operators_choice() {
        let rule = EndpointRule::VendorOrLoopback;
        for good in ["http://127.0.0.1:1/x", "http://localhost:8080/", "http://[::1]:1/"] {
            assert!(check(good, rule).is_ok(), "{good}");
        }
        for bad in ["http://10.0.0.1/", "http://localhost.evil.example/", "http://167772161/x", "http://0.0.0.0/"] {
            assert!(check(bad, rule).is_err(), "{bad}");
        }
        assert!(check("http://sandbox:8080/x", EndpointRule::OperatorsChoice).is_ok());
        assert!(check("http://u:p@sandbox:8080/x", EndpointRule::OperatorsChoice).is_err());
        assert!(check("file:///etc/passwd", EndpointRule::OperatorsChoice).is_err());
    }

    #[test]
    fn addresses_inside_are_not_public() {
        for inside in [
            "10.1.2.3",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2001:db8::1",
            "2002:a00:1::",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["8.8.8.8", "104.18.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }
}
