//! Messages to people: which were sent, which fail and which wait, and one sent once more. No address stands here: the
//! receiver is a place in the flow's document.

use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::approvals::named_flow;
use super::caller::Caller;
use super::moment::Moment;
use super::page::{Cursors, Page, Paging};
use super::problem::Refusal;
use super::request::{Asked, Place};
use super::state::State;
use crate::flow::{About, Identifier, Notify, Receiver};
use crate::store::{MessageId, MessageState, Right, StoredFlow, StoredMessage};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list_messages))
        .routes(routes!(show_message))
        .routes(routes!(send_again))
        .routes(routes!(list_receivers))
}

/// Somebody who is told, as the flow's document says.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReceiverAnswer {
    /// The flow.
    pub(super) flow: String,
    /// Its name.
    pub(super) flow_name: String,
    /// Place among `[[notify]]` of the document, from 1.
    pub(super) place: usize,
    /// `mail`, `webhook` or `chat`.
    pub(super) by: &'static str,
    /// The address; of a webhook or a chat where it is kept, since such an address is often a secret by itself.
    pub(super) address: String,
    /// What about, such as `held`.
    pub(super) about: Vec<&'static str>,
    /// When a digest is sent, where one is.
    pub(super) digest: Option<String>,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageAnswer {
    /// Its id.
    pub(super) id: String,
    /// The flow that it is about.
    pub(super) flow: String,
    /// Place of its receiver among `[[notify]]` of the flow's document, from 1.
    pub(super) receiver: u64,
    /// `mail`, `webhook` or `chat`.
    pub(super) by: String,
    /// What it is about, such as `held`.
    pub(super) class: String,
    /// Its subject.
    pub(super) subject: String,
    /// Its text.
    pub(super) text: String,
    /// `waiting`, `failing` (tried, and to be tried again), `sent` or `given_up`.
    pub(super) state: &'static str,
    /// How often it was tried.
    pub(super) tries: i64,
    /// What came of the last try, where it failed.
    pub(super) error: Option<String>,
    /// When it was written.
    pub(super) written_at: Moment,
    /// When it is tried next.
    pub(super) next_try_at: Option<Moment>,
    /// When it was sent.
    pub(super) sent_at: Option<Moment>,
}

impl From<StoredMessage> for MessageAnswer {
    fn from(stored: StoredMessage) -> Self {
        let StoredMessage { flow, message } = stored;
        let (place, by) = message.receiver.split_once(' ').unwrap_or_default();
        Self {
            id: message.id.to_string(),
            flow: flow.to_string(),
            receiver: place.parse::<u64>().map_or(0, |place| place.saturating_add(1)),
            by: by.to_owned(),
            state: message.state().name(),
            tries: message.attempts,
            written_at: Moment(message.created_ms),
            next_try_at: message.next_ms.map(Moment),
            sent_at: message.sent_ms.map(Moment),
            class: message.class,
            subject: message.subject,
            text: message.body,
            error: message.error,
        }
    }
}

/// Which messages are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MessagePaging {
    /// About this flow alone.
    pub(super) flow: Option<String>,
    /// In this state alone: `waiting`, `failing`, `sent` or `given_up`.
    pub(super) state: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    pub(super) after: String,
    /// Rows of the page: 50 unless given, 200 at most.
    pub(super) limit: Option<u32>,
}

/// Which message of which customer.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct MessagePlace {
    /// The customer's id.
    pub(super) customer: String,
    /// The message's id.
    pub(super) message: String,
}

/// List messages to people, the newest first
#[utoipa::path(get, path = "/customers/{customer}/messages", operation_id = "list_messages", tag = "Messages",
    params(("customer" = String, Path, description = "The customer's id"), MessagePaging),
    responses((status = 200, description = "A page of messages", body = Page<MessageAnswer>)))]
pub(super) async fn list_messages(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
    Asked(asked): Asked<MessagePaging>,
) -> Result<axum::Json<Page<MessageAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::View).await?;
    let flow = named_flow(&customer, asked.flow.as_deref()).await?;
    let no_state = || Refusal::invalid("state", "It is no state of a message.");
    let state = asked.state.as_deref().map(|name| MessageState::parse(name).ok_or_else(no_state)).transpose()?;
    let paging = Paging::of(asked.after, asked.limit);
    let cursors = Cursors::new(&customer, "messages", "");
    let before = cursors.after_as(&paging, MessageId::parse)?;
    let rows = customer.all_messages(flow.as_ref(), state, before.as_ref(), paging.rows()).await?;
    Ok(axum::Json(cursors.cut(&paging, rows, |row| row.message.id.to_string(), MessageAnswer::from)))
}

/// List who is told about what, as the flows' documents say
#[utoipa::path(get, path = "/customers/{customer}/receivers", operation_id = "list_receivers", tag = "Messages",
    params(("customer" = String, Path, description = "The customer's id")),
    responses((status = 200, description = "All of them, by flow", body = Page<ReceiverAnswer>)))]
pub(super) async fn list_receivers(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
) -> Result<axum::Json<Page<ReceiverAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::View).await?;
    let mut items = Vec::new();
    for stored in customer.flows().await? {
        let Some(flow) = state.flow(&stored) else { continue };
        items.extend(flow.notify.iter().enumerate().map(|(at, notify)| receiver(&stored, at + 1, notify)));
    }
    Ok(axum::Json(Page { items, next: None }))
}

fn receiver(stored: &StoredFlow, place: usize, notify: &Notify) -> ReceiverAnswer {
    let kept = |address: &Identifier| match address {
        Identifier::Literal(address) => {
            // The path of such an address is what lets one write to it.
            let rest = address.split_once("://").map_or("", |(_, rest)| rest);
            rest.split('/').next().unwrap_or_default().to_owned()
        }
        Identifier::Reference(_) => address.to_string(),
    };
    let (by, address) = match &notify.to {
        Receiver::Mail(address) => ("mail", address.clone()),
        Receiver::Webhook(address) => ("webhook", kept(address)),
        Receiver::Chat(address) => ("chat", kept(address)),
    };
    ReceiverAnswer {
        flow: stored.id.to_string(),
        flow_name: stored.name.clone(),
        place,
        by,
        address,
        about: notify.about.iter().map(|about| about.name()).collect(),
        digest: notify.about.contains(&About::Digest).then(|| notify.digest.to_string()),
    }
}

/// Show a message
#[utoipa::path(get, path = "/customers/{customer}/messages/{message}", operation_id = "show_message", tag = "Messages",
    params(MessagePlace), responses((status = 200, description = "The message", body = MessageAnswer)))]
async fn show_message(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<MessagePlace>,
) -> Result<axum::Json<MessageAnswer>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let id = MessageId::parse(&place.message).ok_or_else(Refusal::not_found)?;
    Ok(axum::Json(customer.message(&id).await?.into()))
}

/// Send a message once more
///
/// One that is on its way is tried at once; one that was sent or given up goes out anew, under an id of its own.
#[utoipa::path(post, path = "/customers/{customer}/messages/{message}/again", operation_id = "send_again",
    tag = "Messages", params(MessagePlace),
    responses((status = 202, description = "On its way", body = MessageAnswer)))]
pub(super) async fn send_again(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<MessagePlace>,
) -> Result<(StatusCode, axum::Json<MessageAnswer>), Refusal> {
    let (customer, actor) = caller.customer(&state, &place.customer, Right::Operate).await?;
    let id = MessageId::parse(&place.message).ok_or_else(Refusal::not_found)?;
    let sent = customer.message(&id).await?;
    let at_ms = state.clock.now_ms();
    let mut tx = customer.begin().await?;
    let new = tx.send_again(&sent, at_ms).await?;
    let detail = json!({ "message": id.as_str(), "as": new.as_str(), "receiver": sent.message.receiver });
    tx.commit(at_ms, vec![actor.event("message.sent_again", sent.flow.as_str(), detail)]).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(customer.message(&new).await?.into())))
}
