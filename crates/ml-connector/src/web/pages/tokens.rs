//! One's own API tokens: made with a scope, shown once, revoked. Everything is done by the operations of the API.

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};

use super::super::page::Paging;
use super::super::problem::Refusal;
use super::super::request::{Asked, Body, Place};
use super::super::state::State;
use super::super::tokens::{self, TokenAnswer, TokenBody};
use super::form::Fields;
use super::frame::Frame;
use super::query::Query;
use super::refused::{Told, show};
use super::visit::{Arrival, go};

/// Customers that the form offers.
const CUSTOMERS: u32 = 200;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/tokens", get(list).post(make)).route("/tokens/{token}/revoke", post(revoke))
}

#[derive(askama::Template)]
#[template(path = "tokens.html")]
struct Tokens {
    frame: Frame,
    told: Option<Told>,
    /// The text of a token that was just made: its name and the text.
    made: Option<(String, String)>,
    tokens: Vec<OneToken>,
    /// Customers that one may choose: id and name.
    customers: Vec<(String, String)>,
    typed: Typed,
    first: String,
    next: String,
}

/// What was entered.
#[derive(Default)]
struct Typed {
    name: String,
    customers: Vec<String>,
    rights: Vec<String>,
    days: String,
}

impl Typed {
    fn has_right(&self, name: &str) -> bool {
        self.rights.iter().any(|right| right == name)
    }
}

struct OneToken {
    token: TokenAnswer,
    customers: String,
    rights: String,
    mark: &'static str,
    state: &'static str,
    created_ms: i64,
    expires_ms: Option<i64>,
    used_ms: Option<i64>,
}

impl Tokens {
    /// The rights that a token can have, in words.
    const fn rights(&self) -> [(&'static str, &'static str); 7] {
        [
            ("view", "See everything"),
            ("operate", "Run, pause, release and decide"),
            ("map", "Edit mappings and flows"),
            ("approve", "Approve"),
            ("administer", "Give roles and keep connections"),
            ("audit", "Read the audit"),
            ("install", "Administer the installation"),
        ]
    }
}

async fn list(arrival: Arrival) -> Result<Response, Refusal> {
    Ok(show(&page(arrival, None, None, Typed::default()).await?))
}

async fn page(
    arrival: Arrival,
    told: Option<Told>,
    made: Option<(String, String)>,
    typed: Typed,
) -> Result<Tokens, Refusal> {
    let Arrival { state, caller, frame } = arrival;
    let query = Query::of(&frame.query);
    let customers = state.store.customer_page(Some(&caller.user().id), "", CUSTOMERS).await?;
    let customers: Vec<(String, String)> =
        customers.into_iter().map(|customer| (customer.id.to_string(), customer.name)).collect();
    let paging = Paging::of(query.text("after").to_owned(), None);
    let now_ms = state.clock.now_ms();
    let axum::Json(page) = tokens::list_tokens(Shared(state), caller, Asked(paging)).await?;
    Ok(Tokens {
        told,
        made,
        tokens: page.items.into_iter().map(|token| one(token, &customers, now_ms)).collect(),
        customers,
        typed,
        first: if query.text("after").is_empty() { String::new() } else { "/tokens".to_owned() },
        next: page.next.map(|next| format!("/tokens?{}", query.next(&[], &next))).unwrap_or_default(),
        frame,
    })
}

fn one(token: TokenAnswer, customers: &[(String, String)], now_ms: i64) -> OneToken {
    let named = |id: &String| customers.iter().find(|(known, _)| known == id).map_or(id, |(_, name)| name).clone();
    let expires_ms = token.expires_at.map(|at| at.0);
    let (mark, state) = match (token.revoked_at.is_some(), expires_ms.is_some_and(|at_ms| at_ms <= now_ms)) {
        (true, _) => ("off", "Revoked"),
        (false, true) => ("off", "Lapsed"),
        (false, false) => ("ok", "Works"),
    };
    OneToken {
        customers: token.customers.iter().map(named).collect::<Vec<_>>().join(", "),
        rights: token.rights.join(", "),
        mark,
        state,
        created_ms: token.created_at.0,
        expires_ms,
        used_ms: token.used_at.map(|at| at.0),
        token,
    }
}

async fn make(arrival: Arrival, fields: Fields) -> Result<Response, Refusal> {
    let all = |name: &str| fields.all(name).map(str::to_owned).collect::<Vec<String>>();
    let typed = Typed {
        name: fields.text("name").to_owned(),
        customers: all("customers"),
        rights: all("rights"),
        days: fields.text("days").to_owned(),
    };
    let days = match typed.days.is_empty() {
        true => Ok(None),
        false => fields.parsed::<u32>("days").map(Some),
    };
    let making = match days {
        Ok(expires_days) => {
            let body = TokenBody {
                name: typed.name.clone(),
                customers: typed.customers.clone(),
                rights: typed.rights.clone(),
                expires_days,
            };
            tokens::create_token(Shared(arrival.state.clone()), arrival.caller.clone(), Body(body)).await
        }
        Err(refusal) => Err(refusal),
    };
    match making {
        Ok((_, axum::Json(made))) => {
            let made = Some((made.details.name, made.token));
            Ok(show(&page(arrival, None, made, Typed::default()).await?))
        }
        Err(refusal) if refusal.status().is_server_error() => Err(refusal),
        Err(refusal) => {
            let mut response = show(&page(arrival, Some(Told::from(&refusal)), None, typed).await?);
            *response.status_mut() = refusal.status();
            Ok(response)
        }
    }
}

async fn revoke(arrival: Arrival, Place(token): Place<String>, _: Fields) -> Result<Response, Refusal> {
    tokens::revoke_token(Shared(arrival.state), arrival.caller, Place(token)).await?;
    Ok(go("/tokens?done=saved"))
}
