//! Which URLs the client calls, for the gateway and for what a login names.

use intacct::{Client, Config, Error, Transport};

use crate::gateway::{
    Gateway, Session, client, function, http, local_config, login, login_answer, sender, success, xml,
};

const REFUSED: &[&str] = &[
    "https://evil.example/ia/xml/xmlgw.phtml",
    "http://na12.intacct.com/ia/xml/xmlgw.phtml",
    "https://na12.intacct.com:8443/ia/xml/xmlgw.phtml",
    "https://na12.intacct.com/ia/xml/other.phtml",
    "https://na12.intacct.com/ia/xml/xmlgw.phtml?next=x",
    "https://na12.intacct.com/ia/xml/xmlgw.phtml#x",
    "https://na12.intacct.com/ia/xml/../xml/xmlgw.phtml/",
    "https://intacct.com.evil.example/ia/xml/xmlgw.phtml",
    "https://evilintacct.com/ia/xml/xmlgw.phtml",
    "https://intacct.com/ia/xml/xmlgw.phtml",
    "https://api.intacct.com@evil.example/ia/xml/xmlgw.phtml",
    "https://user@api.intacct.com/ia/xml/xmlgw.phtml",
    "https://api.intacct.com.@evil.example/ia/xml/xmlgw.phtml",
    "https://127.0.0.1/ia/xml/xmlgw.phtml",
    "https://2130706433/ia/xml/xmlgw.phtml",
    "https://0x7f.1/ia/xml/xmlgw.phtml",
    "https://[::1]/ia/xml/xmlgw.phtml",
    "https://169.254.169.254/ia/xml/xmlgw.phtml",
    "https://localhost/ia/xml/xmlgw.phtml",
    "https://xn--pi-7ka.intacct.com/ia/xml/xmlgw.phtml",
    "https://аpi.intacct.com/ia/xml/xmlgw.phtml",
    "file:///etc/passwd",
    "gopher://api.intacct.com/ia/xml/xmlgw.phtml",
    "/ia/xml/xmlgw.phtml",
    "",
];

#[test]
fn the_gateway_url_must_pass_the_rule() {
    let gateway = Gateway::new(|_| Ok(http(200, "")));
    for url in REFUSED {
        let config = Config { gateway_url: (*url).to_owned(), ..Config::default() };
        let refused = Client::with_transport(config, sender(), login(), Transport::in_process(gateway.clone()));
        assert!(matches!(refused, Err(Error::EndpointRefused { .. })), "{url}");
    }
    for url in [
        "https://api.intacct.com/ia/xml/xmlgw.phtml",
        "https://API.intacct.com:443/ia/xml/xmlgw.phtml",
        "https://www-p04.eu.intacct.com/ia/xml/xmlgw.phtml",
    ] {
        let config = Config { gateway_url: url.to_owned(), ..Config::default() };
        assert!(
            Client::with_transport(config, sender(), login(), Transport::in_process(gateway.clone())).is_ok(),
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_login_can_not_send_us_elsewhere() {
    for endpoint in REFUSED.iter().filter(|url| !url.is_empty()) {
        let gateway = Gateway::with_login(
            |seen| Ok(xml(success(seen, "<data/>"))),
            move |seen| Ok(xml(login_answer(seen, &Session { endpoint, ..Session::default() }))),
        );
        let client = client(&gateway);
        let refused = client.session().await;
        assert!(matches!(refused, Err(Error::EndpointRefused { .. })), "{endpoint}: {refused:?}");
        // Neither a read nor a create goes there, and the forged answer is not asked for again.
        assert!(client.dimensions().await.is_err());
        client.create("R1", &[function("f1")], false).await;
        assert_eq!(gateway.seen().len(), 1, "{endpoint}");
    }
}

#[test]
fn an_operator_may_allow_an_origin_and_no_other() {
    let gateway = Gateway::new(|_| Ok(http(200, "")));
    let try_url = |url: &str| {
        let config = local_config(url, &["http://127.0.0.1:8080"]);
        Client::with_transport(config, sender(), login(), Transport::in_process(gateway.clone())).is_ok()
    };
    assert!(try_url("http://127.0.0.1:8080/ia/xml/xmlgw.phtml"));
    assert!(try_url("https://api.intacct.com/ia/xml/xmlgw.phtml"));
    assert!(!try_url("http://127.0.0.1:8081/ia/xml/xmlgw.phtml"));
    assert!(!try_url("http://localhost:8080/ia/xml/xmlgw.phtml"));
    assert!(!try_url("http://user@127.0.0.1:8080/ia/xml/xmlgw.phtml"));
}
