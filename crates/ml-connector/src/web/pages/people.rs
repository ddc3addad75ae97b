//! People of a customer and their roles: given, taken, and made together with a way in that is shown once. Everything is
//! done by the operations of the API, so that whoever may not do it is refused there.

use axum::Extension;
use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};

use super::super::grants::{self, GrantAnswer, GrantBody};
use super::super::page::Paging;
use super::super::peer::Peer;
use super::super::problem::Refusal;
use super::super::request::{Asked, Body, Place};
use super::super::state::State;
use super::super::users::{self, NewUserBody};
use super::form::Fields;
use super::frame::Frame;
use super::query::Query;
use super::refused::{Told, show};
use super::sign_in::moved;
use super::visit::Visit;
use crate::store::Role;

/// Roles and people that one page shows.
const ROWS: u32 = 200;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/c/{customer}/people", get(people))
        .route("/c/{customer}/people/give", post(give))
        .route("/c/{customer}/people/take", post(take))
        .route("/c/{customer}/people/new", post(make))
        .route("/c/{customer}/people/link", post(link))
}

#[derive(askama::Template)]
#[template(path = "people.html")]
struct People {
    frame: Frame,
    told: Option<Told>,
    /// Roles are shown to who gives or audits them.
    may_see: bool,
    people: Vec<Person>,
    /// Whom one may give a role: id, and name with address.
    known: Vec<(String, String)>,
    typed: Typed,
    /// A link that was just made: for whom, and the link.
    link: Option<(String, String)>,
    own_roles: Vec<&'static str>,
    first: String,
    next: String,
}

/// What was entered.
#[derive(Default)]
struct Typed {
    user: String,
    role: String,
    name: String,
    email: String,
}

/// A person with all their roles here.
struct Person {
    user: String,
    name: String,
    email: String,
    roles: Vec<GrantAnswer>,
    oldest_ms: i64,
}

/// A role in words.
struct RoleWords {
    name: &'static str,
    words: &'static str,
}

/// What each role may, for who gives it.
const ROLES: [RoleWords; 6] = [
    RoleWords { name: "viewer", words: "Viewer: sees everything, changes nothing" },
    RoleWords { name: "operator", words: "Operator: runs, pauses, releases and decides" },
    RoleWords { name: "mapper", words: "Mapper: edits mappings and flows" },
    RoleWords { name: "approver", words: "Approver: approves what others made" },
    RoleWords { name: "admin", words: "Admin: gives roles and keeps connections" },
    RoleWords { name: "auditor", words: "Auditor: sees everything with the audit, changes nothing" },
];

impl People {
    /// The roles that can be given.
    const fn roles(&self) -> &'static [RoleWords] {
        &ROLES
    }
}

async fn people(visit: Visit) -> Result<Response, Refusal> {
    Ok(show(&page(visit, None, Typed::default(), None).await?))
}

async fn page(
    visit: Visit,
    told: Option<Told>,
    typed: Typed,
    link: Option<(String, String)>,
) -> Result<People, Refusal> {
    let query = Query::of(&visit.frame.query);
    let may_see = visit.frame.administers() || visit.frame.audits() || visit.frame.installs;
    let paging = || Paging::of(query.text("after").to_owned(), Some(ROWS));
    let (mut people, mut next): (Vec<Person>, _) = (Vec::new(), None);
    if may_see {
        let (state, place) = (Shared(visit.state.clone()), Place(visit.customer_id()));
        let axum::Json(page) = grants::list_grants(state, visit.caller.clone(), place, Asked(paging())).await?;
        next = page.next;
        for grant in page.items {
            add(&mut people, grant);
        }
    }
    let mut known = Vec::new();
    if visit.frame.administers() || visit.frame.installs {
        let all = Paging::of(String::new(), Some(ROWS));
        let axum::Json(page) = users::list_users(Shared(visit.state.clone()), visit.caller.clone(), Asked(all)).await?;
        let open = page.items.into_iter().filter(|user| user.disabled_at.is_none());
        known = open.map(|user| (user.id, format!("{} ({})", user.name, user.email))).collect();
    }
    let id = visit.customer.id();
    let own_roles = visit.caller.grants().iter().filter(|grant| grant.customer == *id).map(|grant| grant.role.name());
    let own_roles = own_roles.collect();
    let frame = visit.frame;
    let base = frame.at("/people");
    Ok(People {
        told,
        may_see,
        people,
        known,
        typed,
        link,
        own_roles,
        next: next.map(|next| format!("{base}?{}", query.next(&[], &next))).unwrap_or_default(),
        first: if query.text("after").is_empty() { String::new() } else { base },
        frame,
    })
}

/// Roles come person by person.
fn add(people: &mut Vec<Person>, grant: GrantAnswer) {
    let at_ms = grant.created_at.0;
    match people.last_mut().filter(|last| last.user == grant.user) {
        Some(last) => {
            last.oldest_ms = last.oldest_ms.min(at_ms);
            last.roles.push(grant);
        }
        None => people.push(Person {
            user: grant.user.clone(),
            name: grant.name.clone(),
            email: grant.email.clone(),
            roles: vec![grant],
            oldest_ms: at_ms,
        }),
    }
}

fn typed(fields: &Fields) -> Typed {
    let text = |name: &str| fields.text(name).to_owned();
    Typed { user: text("user"), role: text("role"), name: text("name"), email: text("email") }
}

/// The page again, with what was entered and why it was not taken.
async fn again(visit: Visit, refusal: Refusal, fields: &Fields) -> Result<Response, Refusal> {
    if refusal.status().is_server_error() {
        return Err(refusal);
    }
    let mut response = show(&page(visit, Some(Told::from(&refusal)), typed(fields), None).await?);
    *response.status_mut() = refusal.status();
    Ok(response)
}

async fn give(visit: Visit, Extension(peer): Extension<Peer>, fields: Fields) -> Result<Response, Refusal> {
    let body = GrantBody { user: fields.text("user").to_owned(), role: fields.text("role").to_owned() };
    let (state, place) = (Shared(visit.state.clone()), Place(visit.customer_id()));
    match grants::create_grant(state, Extension(peer), visit.caller.clone(), place, Body(body)).await {
        Ok(given) => Ok(moved(&given, &visit.frame.at("/people?done=granted"))),
        Err(refusal) => again(visit, refusal, &fields).await,
    }
}

async fn take(visit: Visit, Extension(peer): Extension<Peer>, fields: Fields) -> Result<Response, Refusal> {
    let place = Place((visit.customer_id(), fields.text("user").to_owned(), fields.text("role").to_owned()));
    let own = fields.text("user") == visit.caller.user().id.as_str();
    let taken = grants::delete_grant(Shared(visit.state.clone()), Extension(peer), visit.caller.clone(), place).await?;
    // Whoever gave up their last role here may see nothing of it any more.
    let stays = !own || visit.frame.installs || visit.caller.grants().len() > 1;
    let to = if stays { visit.frame.at("/people?done=revoked") } else { "/".to_owned() };
    Ok(moved(&taken, &to))
}

/// Makes a person of this customer with a first role, and shows the way in once.
async fn make(visit: Visit, Extension(peer): Extension<Peer>, fields: Fields) -> Result<Response, Refusal> {
    let role = fields.text("role");
    if Role::parse(role).is_none() {
        return again(visit, Refusal::invalid("role", "Choose a role."), &fields).await;
    }
    let new = NewUserBody {
        email: fields.text("email").to_owned(),
        name: fields.text("name").to_owned(),
        administrator: false,
        customer: Some(visit.customer_id()),
    };
    let made = users::create_user(Shared(visit.state.clone()), visit.caller.clone(), Body(new)).await;
    let user = match made {
        Ok((_, axum::Json(user))) => user,
        Err(refusal) => return again(visit, refusal, &fields).await,
    };
    let body = GrantBody { user: user.id.clone(), role: role.to_owned() };
    let (state, place) = (Shared(visit.state.clone()), Place(visit.customer_id()));
    grants::create_grant(state, Extension(peer), visit.caller.clone(), place, Body(body)).await?;
    shown_link(visit, &user.id, user.name).await
}

async fn link(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let user = fields.text("user").to_owned();
    let place = Place(user.clone());
    let axum::Json(person) = users::show_user(Shared(visit.state.clone()), visit.caller.clone(), place).await?;
    shown_link(visit, &user, person.name).await
}

/// The page with a link that is shown this once: it is not kept, so it cannot be shown after a redirect.
async fn shown_link(visit: Visit, user: &str, name: String) -> Result<Response, Refusal> {
    let making = users::create_link(Shared(visit.state.clone()), visit.caller.clone(), Place(user.to_owned()));
    match making.await {
        Ok((_, axum::Json(made))) => Ok(show(&page(visit, None, Typed::default(), Some((name, made.link))).await?)),
        Err(refusal) if refusal.status().is_server_error() => Err(refusal),
        Err(refusal) => {
            let mut response = show(&page(visit, Some(Told::from(&refusal)), Typed::default(), None).await?);
            *response.status_mut() = refusal.status();
            Ok(response)
        }
    }
}
