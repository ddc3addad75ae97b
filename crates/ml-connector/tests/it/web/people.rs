//! Who may make, change and see people: the installation's administrator, and a customer's admin within bounds that
//! keep an admin from becoming somebody else.

use ml_connector::store::Role;
use reqwest::Method;
use serde_json::json;

use super::site::{PASSWORD, Reply, Site};

#[tokio::test]
async fn a_customers_admin_makes_people_for_that_customer_alone() {
    let site = Site::start().await;
    let (admin, visitor) = site.signed_in("admin@acme.com", false).await;
    let (acme, other) = (site.customer("Acme").await, site.customer("Other").await);
    site.grant(&acme, &admin, Role::Admin).await;
    let new = |customer: Option<&str>| json!({ "email": "new@acme.com", "name": "New", "customer": customer });
    visitor.post("/users", new(None)).await.refused(403, 421);
    visitor.post("/users", new(Some(other.id().as_str()))).await.refused(404, 422);
    let mut grand = new(Some(acme.id().as_str()));
    grand["administrator"] = json!(true);
    visitor.post("/users", grand).await.refused(403, 421);
    let made = visitor.post("/users", new(Some(acme.id().as_str()))).await;
    assert_eq!(made.is(201).json()["home"], acme.id().as_str());
    visitor.post("/users", new(Some(acme.id().as_str()))).await.refused(409, 424);
    let made = made.json()["id"].as_str().unwrap().to_owned();
    // The admin sees them at once, changes them, and gives them a way in.
    visitor.get(&format!("/users/{made}")).await.is(200);
    visitor.patch(&format!("/users/{made}"), json!({ "name": "Newer" })).await.is(200);
    visitor.ask(Method::POST, &format!("/users/{made}/link"), None).await.is(201);
    let listed = visitor.get("/users").await.json();
    let emails: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|item| item["email"].as_str().unwrap()).collect();
    assert_eq!(emails, ["admin@acme.com", "new@acme.com"]);
    let entry = site.audit_of(acme.id()).await.into_iter().find(|entry| entry.action == "user.created").unwrap();
    assert_eq!(entry.actor, admin.id.as_str());
}

#[tokio::test]
async fn no_admin_becomes_somebody_of_another_customer() {
    let site = Site::start().await;
    let (admin, visitor) = site.signed_in("admin@acme.com", false).await;
    let (acme, other) = (site.customer("Acme").await, site.customer("Other").await);
    site.grant(&acme, &admin, Role::Admin).await;
    let change = json!({ "disabled": true });

    // Somebody of another customer does not exist for the admin, not even to be given a role.
    let stranger = site.person("s@other.com", false).await;
    site.grant(&other, &stranger, Role::Mapper).await;
    let of_stranger = format!("/users/{}", stranger.id);
    visitor.get(&of_stranger).await.refused(404, 422);
    visitor.patch(&of_stranger, change.clone()).await.refused(404, 422);
    visitor.ask(Method::POST, &format!("{of_stranger}/link"), None).await.refused(404, 422);
    let grants = format!("/customers/{}/grants", acme.id());
    visitor.post(&grants, json!({ "user": stranger.id.as_str(), "role": "viewer" })).await.refused(400, 423);

    // Somebody who works for both is seen, and neither changed nor let in by one of them.
    site.grant(&acme, &stranger, Role::Viewer).await;
    visitor.get(&of_stranger).await.is(200);
    visitor.patch(&of_stranger, change.clone()).await.refused(403, 421);
    visitor.ask(Method::POST, &format!("{of_stranger}/link"), None).await.refused(403, 421);

    // Nor somebody whom the installation's administrator made, even where only this customer is left to them.
    let guest = site.person("g@x.com", false).await;
    site.grant(&acme, &guest, Role::Viewer).await;
    visitor.ask(Method::POST, &format!("/users/{}/link", guest.id), None).await.refused(403, 421);
    // Nor an administrator of the installation.
    let grand = site.person("root@x.com", true).await;
    site.grant(&acme, &grand, Role::Viewer).await;
    visitor.patch(&format!("/users/{}", grand.id), change).await.refused(403, 421);
    let (_, viewer) = site.signed_in("v@x.com", false).await;
    viewer.get(&of_stranger).await.refused(404, 422);
}

#[tokio::test]
async fn an_administrator_stays_and_never_approves() {
    let site = Site::start().await;
    let (ada, admin) = site.signed_in("ada@x.com", true).await;
    let acme = site.customer("Acme").await;
    // Without a password nobody can administer yet; with one, the last who can must stay.
    let link = admin.ask(Method::POST, &format!("/users/{}/link", ada.id), None).await.json();
    let secret = link["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    admin.post("/password", json!({ "link": secret, "password": PASSWORD })).await.is(204);
    let mut admin = site.visitor();
    admin.sign_in("ada@x.com", PASSWORD).await.is(201);
    let own = format!("/users/{}", ada.id);
    admin.patch(&own, json!({ "disabled": true })).await.refused(409, 424);
    admin.patch(&own, json!({ "administrator": false })).await.refused(409, 424);
    admin.get("/me").await.is(200);

    let grants = format!("/customers/{}/grants", acme.id());
    admin.post(&grants, json!({ "user": ada.id.as_str(), "role": "approver" })).await.refused(409, 433);
    let approver = site.person("p@x.com", false).await;
    site.grant(&acme, &approver, Role::Approver).await;
    admin.patch(&format!("/users/{}", approver.id), json!({ "administrator": true })).await.refused(409, 433);
}

#[tokio::test]
async fn conflicting_roles_are_refused_when_given() {
    let site = Site::start().await;
    let (_, admin) = site.signed_in("ada@x.com", true).await;
    let customers = [site.customer("Acme").await, site.customer("Other").await];
    for held in Role::ALL {
        for wanted in Role::ALL {
            let email = format!("{}.{}@x.com", held.name(), wanted.name());
            let user = site.person(&email, false).await;
            site.grant(&customers[0], &user, held).await;
            let body = json!({ "user": user.id.as_str(), "role": wanted.name() });
            let here = admin.post(&format!("/customers/{}/grants", customers[0].id()), body.clone()).await;
            let there = admin.post(&format!("/customers/{}/grants", customers[1].id()), body).await;
            there.is(201);
            let pair = [held, wanted];
            let changes = [Role::Operator, Role::Mapper, Role::Approver, Role::Admin];
            let both = |one, other| pair.contains(&one) && pair.contains(&other);
            let conflict = both(Role::Mapper, Role::Approver)
                || both(Role::Admin, Role::Approver)
                || changes.into_iter().any(|role| both(Role::Auditor, role));
            match (held == wanted, conflict) {
                (true, _) => here.is(200),
                (_, true) => here.refused(409, 433),
                _ => here.is(201),
            };
        }
    }
}

#[tokio::test]
async fn of_two_changes_at_once_that_exclude_each_other_one_stands() {
    for (site, _database) in Site::on_both().await {
        let (ada, one) = site.signed_in("ada@x.com", true).await;
        let (ben, two) = site.signed_in("ben@x.com", true).await;
        let customer = site.customer("Acme").await;
        let path = format!("/customers/{}/grants", customer.id());
        let user = site.person("race@x.com", false).await;
        let role = |role: &str| json!({ "user": user.id.as_str(), "role": role });
        assert_eq!(statuses(one.post(&path, role("mapper")), two.post(&path, role("approver"))).await, [201, 409]);

        for administrator in [&ada, &ben] {
            let chain = site.store.installation_chain(site.now_ms()).await.unwrap();
            let mut tx = chain.begin().await.unwrap();
            assert!(tx.set_password(&administrator.id, "no hash of any password", site.now_ms()).await.unwrap());
            tx.commit_untraced(site.now_ms()).await.unwrap();
        }
        let out = |user: &ml_connector::store::User| format!("/users/{}", user.id);
        let (first, second) = (out(&ben), out(&ada));
        let shut = json!({ "disabled": true });
        let ended = statuses(one.patch(&first, shut.clone()), two.patch(&second, shut)).await;
        // Who was shut out first may be turned away before the change is tried.
        assert!(ended == [200, 409] || ended == [200, 401], "{ended:?}");
        assert!(site.store.has_administrator().await.unwrap());
    }
}

async fn statuses(one: impl Future<Output = Reply>, two: impl Future<Output = Reply>) -> [u16; 2] {
    let (one, two) = tokio::join!(one, two);
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    statuses
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let site = Site::start().await;
    let (_, admin) = site.signed_in("ada@x.com", true).await;
    for index in 0..7 {
        site.person(&format!("p{index}@x.com"), false).await;
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    for _ in 0..10 {
        let page = admin.get(&format!("/users?limit=3&after={after}")).await.is(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        seen.extend(items.iter().map(|item| item["email"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 8, "{seen:?}");
    admin.get("/users?limit=1000000").await.is(200);
    for wrong in ["limit=1e9", "limit=-1", "page=2", "limit=1&limit=2"] {
        admin.get(&format!("/users?{wrong}")).await.refused(400, 423);
    }

    let acme = site.customer("Acme").await;
    let user = site.person("many@x.com", false).await;
    for role in [Role::Viewer, Role::Operator, Role::Mapper] {
        site.grant(&acme, &user, role).await;
    }
    let path = format!("/customers/{}/grants", acme.id());
    let first = admin.get(&format!("{path}?limit=2")).await.json();
    let next = first["next"].as_str().unwrap().replace(' ', "%20");
    let second = admin.get(&format!("{path}?limit=2&after={next}")).await.json();
    let roles = |page: &serde_json::Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|item| item["role"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((roles(&first), roles(&second)), (vec!["mapper".into(), "operator".into()], vec!["viewer".into()]));
}

#[tokio::test]
async fn names_that_would_be_shown_as_something_else_are_refused() {
    let site = Site::start().await;
    let (_, admin) = site.signed_in("ada@x.com", true).await;
    for name in ["", "   ", "a\u{202e}b", "a\nb", "\u{200b}", &"x".repeat(201)] {
        let reply = admin.post("/customers", json!({ "name": name })).await;
        assert_eq!(reply.refused(400, 423).json()["field"], "name");
    }
    for email in ["", "x", "@x", "x@", "a@b@c", "a b@c", &format!("{}@x.com", "x".repeat(250))] {
        let reply = admin.post("/users", json!({ "email": email, "name": "A" })).await;
        assert_eq!(reply.refused(400, 423).json()["field"], "email");
    }
    admin.post("/customers", json!({ "name": "installation" })).await.refused(409, 424);
    admin.post("/customers", json!({ "name": "Söhne & Töchter <GmbH>" })).await.is(201);
}

#[tokio::test]
async fn a_customer_is_renamed_in_both_chains() {
    let site = Site::start().await;
    let (admin, visitor) = site.signed_in("admin@acme.com", false).await;
    let (acme, other) = (site.customer("Acme").await, site.customer("Other").await);
    site.grant(&acme, &admin, Role::Admin).await;
    let path = format!("/customers/{}", acme.id());
    visitor.patch(&path, json!({ "name": "Other" })).await.refused(409, 424);
    visitor.patch(&path, json!({ "name": "installation" })).await.refused(409, 424);
    assert_eq!(visitor.patch(&path, json!({ "name": "Acme Ltd" })).await.is(200).json()["name"], "Acme Ltd");
    visitor.patch(&format!("/customers/{}", other.id()), json!({ "name": "Mine" })).await.refused(404, 422);
    let last = site.audit_of(acme.id()).await.pop().unwrap();
    assert_eq!(last.action, "customer.changed");
    assert_eq!(site.audit().await.pop().unwrap().detail, last.detail);
    let (_, root) = site.signed_in("root@x.com", true).await;
    let listed = root.get("/audit").await.json();
    let entry =
        &listed["items"].as_array().unwrap().iter().find(|entry| entry["action"] == "customer.changed").unwrap();
    assert_eq!(entry["detail"]["name"], json!({ "before": "Acme", "after": "Acme Ltd" }));
    let at = entry["at"].as_str().unwrap();
    assert!(at.len() == 24 && at.ends_with('Z') && at.as_bytes()[10] == b'T', "{at}");
    let first = root.get("/audit?limit=1").await.json();
    assert_eq!((&first["items"][0]["seq"], &first["next"]), (&json!(1), &json!("1")));
    root.get("/audit?after=x").await.refused(400, 423);
}

#[tokio::test]
async fn roles_and_people_change_at_once_without_waiting_for_each_other_in_a_ring() {
    for (site, _database) in Site::on_both().await {
        let (_, admin) = site.signed_in("ada@x.com", true).await;
        let user = site.person("u@x.com", false).await;
        let mut tasks = Vec::new();
        for index in 0..4 {
            let customer = site.customer(&format!("Customer {index}")).await;
            let of_user = format!("/users/{}", user.id);
            let grants = format!("/customers/{}/grants", customer.id());
            let (admin, id) = (admin.clone(), user.id.clone());
            tasks.push(tokio::spawn(async move {
                for round in 0..5 {
                    let body = json!({ "user": id.as_str(), "role": "viewer" });
                    admin.post(&grants, body).await.is(201);
                    admin.patch(&of_user, json!({ "name": format!("U{index}{round}") })).await.is(200);
                    admin.delete(&format!("{grants}/{id}/viewer")).await.is(204);
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert!(site.store.grants_of(&user.id).await.unwrap().is_empty());
        site.store.installation_chain(0).await.unwrap().verify_audit(true).await.unwrap();
    }
}
