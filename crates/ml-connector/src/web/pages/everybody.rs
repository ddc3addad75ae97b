//! All people that the installation's administrator, or the admin of some customers, may see: made, given a way in, shut
//! out and let in again. Everything is done by the operations of the API.

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};

use super::super::page::Paging;
use super::super::problem::Refusal;
use super::super::request::{Asked, Body, Place};
use super::super::state::State;
use super::super::users::{self, NewUserBody, UserAnswer, UserChangeBody};
use super::form::Fields;
use super::frame::Frame;
use super::query::Query;
use super::refused::{Told, show};
use super::visit::{Arrival, go};

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/people", get(list).post(make))
        .route("/people/{user}/link", post(link))
        .route("/people/{user}/change", post(change))
}

#[derive(askama::Template)]
#[template(path = "everybody.html")]
struct Everybody {
    frame: Frame,
    told: Option<Told>,
    own: String,
    people: Vec<OnePerson>,
    name: String,
    email: String,
    /// A link that was just made: for whom, and the link.
    link: Option<(String, String)>,
    first: String,
    next: String,
}

struct OnePerson {
    user: UserAnswer,
    created_ms: i64,
}

async fn list(arrival: Arrival) -> Result<Response, Refusal> {
    Ok(show(&page(arrival, None, [String::new(), String::new()], None).await?))
}

async fn page(
    arrival: Arrival,
    told: Option<Told>,
    [name, email]: [String; 2],
    link: Option<(String, String)>,
) -> Result<Everybody, Refusal> {
    let Arrival { state, caller, frame } = arrival;
    let query = Query::of(&frame.query);
    let paging = Paging::of(query.text("after").to_owned(), None);
    let own = caller.user().id.to_string();
    let axum::Json(page) = users::list_users(Shared(state), caller, Asked(paging)).await?;
    let one = |user: UserAnswer| OnePerson { created_ms: user.created_at.0, user };
    Ok(Everybody {
        told,
        own,
        people: page.items.into_iter().map(one).collect(),
        name,
        email,
        link,
        first: if query.text("after").is_empty() { String::new() } else { "/people".to_owned() },
        next: page.next.map(|next| format!("/people?{}", query.next(&[], &next))).unwrap_or_default(),
        frame,
    })
}

/// The page again, with why something was not done.
async fn again(arrival: Arrival, refusal: Refusal, typed: [String; 2]) -> Result<Response, Refusal> {
    if refusal.status().is_server_error() {
        return Err(refusal);
    }
    let mut response = show(&page(arrival, Some(Told::from(&refusal)), typed, None).await?);
    *response.status_mut() = refusal.status();
    Ok(response)
}

async fn make(arrival: Arrival, fields: Fields) -> Result<Response, Refusal> {
    let typed = [fields.text("name").to_owned(), fields.text("email").to_owned()];
    let new = NewUserBody {
        email: typed[1].clone(),
        name: typed[0].clone(),
        administrator: fields.ticked("administrator"),
        customer: None,
    };
    match users::create_user(Shared(arrival.state.clone()), arrival.caller.clone(), Body(new)).await {
        Ok((_, axum::Json(user))) => with_link(arrival, &user.id, user.name).await,
        Err(refusal) => again(arrival, refusal, typed).await,
    }
}

async fn link(arrival: Arrival, Place(user): Place<String>, _: Fields) -> Result<Response, Refusal> {
    let showing = users::show_user(Shared(arrival.state.clone()), arrival.caller.clone(), Place(user.clone()));
    let axum::Json(person) = showing.await?;
    with_link(arrival, &user, person.name).await
}

/// The page with a link that is shown this once.
async fn with_link(arrival: Arrival, user: &str, name: String) -> Result<Response, Refusal> {
    let making = users::create_link(Shared(arrival.state.clone()), arrival.caller.clone(), Place(user.to_owned()));
    match making.await {
        Ok((_, axum::Json(made))) => {
            Ok(show(&page(arrival, None, [String::new(), String::new()], Some((name, made.link))).await?))
        }
        Err(refusal) => again(arrival, refusal, [String::new(), String::new()]).await,
    }
}

async fn change(arrival: Arrival, Place(user): Place<String>, fields: Fields) -> Result<Response, Refusal> {
    let asked = |name: &str| match fields.text(name) {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    let change = UserChangeBody { name: None, disabled: asked("disabled"), administrator: asked("administrator") };
    let changing = users::change_user(Shared(arrival.state.clone()), arrival.caller.clone(), Place(user), Body(change));
    match changing.await {
        Ok(_) => Ok(go("/people?done=saved")),
        Err(refusal) => again(arrival, refusal, [String::new(), String::new()]).await,
    }
}
