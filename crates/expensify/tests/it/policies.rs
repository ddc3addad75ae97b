//! Policies: both shapes of tags, numbers that stay text, sections that were not asked for.

use expensify::{Error, PolicyField};

use crate::server::{Server, ok};

const LIST: &str = r#"{"policyList":[
  {"outputCurrency":"USD","owner":"o@example.com","role":"admin","name":"Main","id":"P1","type":"corporate"},
  {"name":"Free","id":"P2","type":"free"}],"responseCode":200}"#;

const DETAILS: &str = r#"{"responseCode":200,"policyInfo":{
  "FLAT":{"tags":[{"name":"Parent:Child","enabled":true,"glCode":"1"},{"name":"Old","enabled":false}],"tax":{},
    "categories":[{"name":"Travel: Air","enabled":true,"glCode":6100,"maxExpenseAmount":50000},{"name":"X","glCode":""}]},
  "LEVELS":{"tags":[{"name":"Dept","tags":[{"name":"Eng","enabled":true,"glCode":"D1"}]},{"name":"Site","tags":[]}],
    "tax":{"name":"VAT","default":"id_1","rates":[{"name":"Full","rate":8.875,"rateID":"id_1"},{"name":"No","rate":0,"rateID":4}]},
    "reportFields":[{"name":"Cost Center","type":"dropdown","values":["A","B"]}],
    "employees":[{"email":"a@example.com","role":"user","employeeID":77,"customField1":"x"}]}}}"#;

#[tokio::test]
async fn the_list() {
    let server = Server::start(vec![ok(LIST)]).await;
    let policies = server.client().policies().await.unwrap();
    assert_eq!(policies.len(), 2);
    assert_eq!((policies[0].id.as_str(), policies[0].role.as_deref()), ("P1", Some("admin")));
    assert_eq!((policies[1].policy_type.as_deref(), policies[1].owner.as_deref()), (Some("free"), None));
}

#[tokio::test]
async fn the_details() {
    let server = Server::start(vec![ok(DETAILS)]).await;
    let ids = ["FLAT".to_owned(), "LEVELS".to_owned()];
    let details = server.client().policy_details(&ids, &[PolicyField::Tags, PolicyField::Tax]).await.unwrap();

    let flat = &details["FLAT"];
    let tags = flat.tags.as_ref().unwrap();
    assert_eq!((tags.len(), tags[0].name.as_deref(), tags[0].tags.len()), (1, None, 2));
    assert_eq!((tags[0].tags[0].gl_code.as_deref(), tags[0].tags[1].enabled), (Some("1"), false));
    let categories = flat.categories.as_ref().unwrap();
    assert_eq!((categories[0].gl_code.as_deref(), categories[1].gl_code.as_deref()), (Some("6100"), None));
    assert!(categories[1].enabled && flat.tax.is_none() && flat.employees.is_none());

    let levels = &details["LEVELS"];
    let tags = levels.tags.as_ref().unwrap();
    assert_eq!((tags[0].name.as_deref(), tags[0].tags[0].name.as_str()), (Some("Dept"), "Eng"));
    assert_eq!((tags[1].name.as_deref(), tags[1].tags.len()), (Some("Site"), 0));
    let tax = levels.tax.as_ref().unwrap();
    assert_eq!((tax.rates[0].rate.as_deref(), tax.rates[1].rate_id.as_deref()), (Some("8.875"), Some("4")));
    assert_eq!(levels.report_fields.as_ref().unwrap()[0].values, ["A", "B"]);
    assert_eq!(levels.employees.as_ref().unwrap()[0].employee_id.as_deref(), Some("77"));
}

#[tokio::test]
async fn other_shapes_are_errors() {
    let unknown = r#"{"responseMessage":"Policy not found","responseCode":404}"#;
    let script = vec![ok(r#"{"responseCode":200}"#), ok("[]"), ok(""), ok(unknown)];
    let server = Server::start(script).await;
    let client = server.client();
    for _ in 0..3 {
        assert!(matches!(client.policies().await, Err(Error::UnexpectedReply { .. })));
    }
    let details = client.policy_details(&["P9".to_owned()], &[PolicyField::Tags]).await;
    assert!(matches!(details, Err(Error::NotFound(_))));
    assert!(matches!(client.policy_details(&[], &[PolicyField::Tags]).await, Err(Error::Query { .. })));
    assert!(matches!(client.policy_details(&["P1".to_owned()], &[]).await, Err(Error::Query { .. })));
}
