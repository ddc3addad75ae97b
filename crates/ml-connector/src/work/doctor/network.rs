//! Where the service listens, whether others could reach it without encryption, and time zone data.

use std::net::SocketAddr;

use accounting::Code;
use jiff::tz::TimeZone;

use super::Doctor;
use super::findings::Findings;

pub(super) fn examine(doctor: &Doctor<'_>, findings: &mut Findings) {
    let web = &doctor.settings.web;
    let listen = web.listen.replace("localhost:", "127.0.0.1:").parse::<SocketAddr>();
    let behind_tls = web.public_url.starts_with("https://");
    match listen {
        Err(_) => findings.bad("network", "listen address", format!("'{}' is none", web.listen), Code::WebAddress),
        Ok(at) if at.ip().is_loopback() => {
            let reach = if behind_tls { "a TLS proxy stands in front" } else { "this machine alone reaches it" };
            findings.good("network", "listen address", format!("{at}; {reach}"));
        }
        Ok(at) if behind_tls => {
            let detail = format!("{at} is reachable by others; {} must be the only way there", web.public_url);
            findings.look("network", "listen address", detail, Code::PlainListening);
        }
        Ok(at) => {
            let detail = format!("{at} is reachable by others without encryption");
            findings.bad("network", "listen address", detail, Code::PlainListening);
        }
    }
    if doctor.endpoints.is_test() {
        findings.notice("network", "vendors", "test endpoints are in use; the vendors' own systems are not reached");
    }
    match TimeZone::get("America/New_York") {
        Ok(_) => findings.good("network", "time zone data", "there"),
        Err(error) => findings.bad("network", "time zone data", error.to_string(), Code::FlowInvalid),
    }
}
