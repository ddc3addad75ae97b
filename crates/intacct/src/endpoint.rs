//! Which URLs may be called. The one place that decides it, for the configured gateway and for every endpoint a login
//! names.

use reqwest::Url;

use crate::config::EndpointRule;
use crate::error::Error;

/// The gateway's path on every host \[D\].
const GATEWAY_PATH: &str = "/ia/xml/xmlgw.phtml";

/// The URL as it may be called.
pub(crate) fn check(rule: &EndpointRule, endpoint: &str) -> Result<String, Error> {
    let refused = |reason| Error::EndpointRefused { endpoint: endpoint.chars().take(200).collect(), reason };
    let url = Url::parse(endpoint).map_err(|_| refused("not a URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("it holds a user name"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("it holds a query or fragment"));
    }
    if let EndpointRule::Operator { allowed } = rule
        && allowed.iter().any(|origin| Url::parse(origin).is_ok_and(|allowed| allowed.origin() == url.origin()))
    {
        return Ok(url.into());
    }
    if url.scheme() != "https" {
        return Err(refused("not https"));
    }
    // A host that is an address in any notation has no domain here.
    let host = url.domain().ok_or_else(|| refused("no host name"))?;
    if !host.strip_suffix(".intacct.com").is_some_and(is_labels) {
        return Err(refused("the host is not the vendor's"));
    }
    if url.port_or_known_default() != Some(443) {
        return Err(refused("not port 443"));
    }
    if url.path() != GATEWAY_PATH {
        return Err(refused("not the gateway's path"));
    }
    Ok(url.into())
}

/// Plain host labels: no look-alike in another script passes, for those are written with `xn--`.
fn is_labels(labels: &str) -> bool {
    labels.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with("xn--")
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    })
}
