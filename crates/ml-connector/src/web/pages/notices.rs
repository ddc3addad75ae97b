//! Who is told about what, and the messages that went, wait or fail, with their tries. A message is sent once more by the
//! operation of the API.

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};

use super::super::messages::{self, MessageAnswer, MessagePaging, MessagePlace, ReceiverAnswer};
use super::super::problem::Refusal;
use super::super::request::{Asked, Place};
use super::super::state::State;
use super::form::Fields;
use super::frame::Frame;
use super::query::Query;
use super::refused::show;
use super::visit::{Visit, go};

pub(super) fn routes() -> Router<State> {
    Router::new().route("/c/{customer}/notices", get(list)).route("/c/{customer}/notices/{message}/again", post(again))
}

#[derive(askama::Template)]
#[template(path = "notices.html")]
struct Notices {
    frame: Frame,
    query: Query,
    receivers: Vec<OneReceiver>,
    messages: Vec<OneMessage>,
    first: String,
    next: String,
}

struct OneReceiver {
    receiver: ReceiverAnswer,
    about: String,
    settings: String,
}

struct OneMessage {
    message: MessageAnswer,
    mark: &'static str,
    state: &'static str,
    written_ms: i64,
    next_ms: Option<i64>,
    sent_ms: Option<i64>,
}

async fn list(visit: Visit) -> Result<Response, Refusal> {
    let query = Query::of(&visit.frame.query);
    let (state, caller) = (|| Shared(visit.state.clone()), || visit.caller.clone());
    let axum::Json(receivers) = messages::list_receivers(state(), caller(), Place(visit.customer_id())).await?;
    let asked =
        MessagePaging { flow: None, state: query.given("state"), after: query.text("after").to_owned(), limit: None };
    let listing = messages::list_messages(state(), caller(), Place(visit.customer_id()), Asked(asked));
    let axum::Json(page) = listing.await?;
    let frame = visit.frame;
    let base = frame.at("/notices");
    let next = page.next.map(|next| format!("{base}?{}", query.next(&["state"], &next))).unwrap_or_default();
    let receiver = |receiver: ReceiverAnswer| OneReceiver {
        about: receiver.about.iter().map(|about| in_words(about)).collect::<Vec<_>>().join(", "),
        settings: frame.at(&format!("/flows/{}/settings", receiver.flow)),
        receiver,
    };
    let receivers = receivers.items.into_iter().map(receiver).collect();
    Ok(show(&Notices {
        receivers,
        messages: page.items.into_iter().map(message).collect(),
        first: if query.text("after").is_empty() { String::new() } else { base },
        next,
        query,
        frame,
    }))
}

fn message(message: MessageAnswer) -> OneMessage {
    let (mark, state) = match message.state {
        "sent" => ("ok", "Sent"),
        "failing" => ("bad", "Failing, tried again"),
        "given_up" => ("bad", "Given up"),
        _ => ("wait", "On its way"),
    };
    OneMessage {
        mark,
        state,
        written_ms: message.written_at.0,
        next_ms: message.next_try_at.map(|at| at.0),
        sent_ms: message.sent_at.map(|at| at.0),
        message,
    }
}

/// What a message is about, in the trade's words.
fn in_words(about: &str) -> &str {
    match about {
        "held" => "held reports",
        "authentication" => "refused credentials",
        "closed_period" => "closed books",
        "drift" => "changes after posting",
        "approval" => "approvals",
        "digest" => "a digest",
        "silence" => "silence",
        "all_clear" => "all clear",
        other => other,
    }
}

async fn again(visit: Visit, _: Fields) -> Result<Response, Refusal> {
    let place = MessagePlace { customer: visit.customer_id(), message: visit.place("message").to_owned() };
    let _sent = messages::send_again(Shared(visit.state.clone()), visit.caller.clone(), Place(place)).await?;
    Ok(go(&visit.frame.at("/notices?done=sent")))
}
