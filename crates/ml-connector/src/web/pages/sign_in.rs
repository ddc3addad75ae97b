//! The door: signing in and out, and the pages that one-time links lead to. Whoever stands before it has no session
//! yet, so its forms carry a token that belongs to the browser.

use axum::Extension;
use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::header::{HeaderValue, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use secrecy::ExposeSecret;

use super::super::caller::Caller;
use super::super::hasher::Password;
use super::super::identify::cookie_named;
use super::super::links::{self, FirstAdministrator, SetPassword};
use super::super::peer::Peer;
use super::super::problem::Refusal;
use super::super::request::Body;
use super::super::sessions::{self, SignIn};
use super::super::state::State;
use super::form::{self, Fields, TOKEN};
use super::frame::Frame;
use super::refused::{Told, show};
use super::visit::{go, own_path};
use super::words;
use crate::store::Fresh;

/// The browser's own secret, until there is a session.
const PLAIN: &str = "ml-connector-form";
const SECURE: &str = "__Host-ml-connector-form";

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/sign-in", get(sign_in).post(signed_in))
        .route("/sign-out", post(signed_out))
        .route("/administrator", get(administrator).post(made_administrator))
        .route("/link", get(link).post(set_password))
}

#[derive(askama::Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    told: Option<Told>,
    email: String,
    /// Where to go on.
    to: String,
    /// A provider vouches for people here as well.
    provider: bool,
}

#[derive(askama::Template)]
#[template(path = "entrance.html")]
struct Entrance {
    frame: Frame,
    told: Option<Told>,
    /// The field that cannot be taken.
    wrong: String,
    /// The first administrator says who they are; a link to a password knows.
    first: bool,
    link: String,
    email: String,
    name: String,
}

/// Who stands before the door.
struct Door {
    frame: Frame,
    cookie: HeaderValue,
}

impl Door {
    /// The frame of its pages, and the cookie that their forms are compared with.
    fn open(state: &State, peer: &Peer, headers: &HeaderMap) -> Result<Self, Refusal> {
        let secret = match own(headers, peer) {
            Some(secret) => secret,
            None => Fresh::make("")?.text.expose_secret().to_owned(),
        };
        let (name, attribute) = if peer.secure { (SECURE, "; Secure") } else { (PLAIN, "") };
        let text = format!("{name}={secret}; Path=/; Max-Age=86400; HttpOnly; SameSite=Strict{attribute}");
        let cookie = HeaderValue::from_str(&text).map_err(|error| Refusal::failed("a cookie", &error))?;
        Ok(Self { frame: Frame::bare(state, form::proof(secret.as_bytes())), cookie })
    }

    fn answer(self, status: StatusCode, page: impl FnOnce(Frame) -> Response) -> Response {
        let mut response = page(self.frame);
        *response.status_mut() = status;
        response.headers_mut().append(SET_COOKIE, self.cookie);
        response
    }
}

/// The secret of this browser, where it has one.
fn own(headers: &HeaderMap, peer: &Peer) -> Option<String> {
    let plain = |value: &&str| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    cookie_named(headers, if peer.secure { SECURE } else { PLAIN }).filter(plain).map(str::to_owned)
}

/// The fields of a form of the door.
async fn entered(headers: &HeaderMap, peer: &Peer, request: Request) -> Result<Fields, Refusal> {
    let fields = Fields::read(request).await?;
    let proof = own(headers, peer).map(|secret| form::proof(secret.as_bytes()));
    if proof.is_some_and(|proof| proof == fields.raw(TOKEN)) { Ok(fields) } else { Err(form::stale()) }
}

async fn sign_in(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let query = uri.query().unwrap_or_default();
    let asked = |wanted: &str| form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted);
    let to = asked("to").map(|(_, to)| to.into_owned());
    let done = asked("done").map_or("", |(_, word)| words::done(&word));
    let provider = state.sign_on().is_some();
    let page =
        |frame| show(&SignInPage { frame, told: None, email: String::new(), to: to.unwrap_or_default(), provider });
    let mut door = Door::open(&state, &peer, &headers)?;
    door.frame.done = done;
    Ok(door.answer(StatusCode::OK, page))
}

async fn signed_in(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refusal> {
    let fields = entered(&headers, &peer, request).await?;
    let (email, to) = (fields.text("email").to_owned(), fields.text("to").to_owned());
    match begin(&state, peer, headers.clone(), &email, fields.raw("password"), own_path(&to).unwrap_or("/")).await {
        Ok(response) => Ok(response),
        Err(refusal) if refusal.status().is_server_error() => Err(refusal),
        Err(refusal) => {
            let (told, provider) = (Some(Told::from(&refusal)), state.sign_on().is_some());
            let page = |frame| show(&SignInPage { frame, told, email, to, provider });
            Ok(Door::open(&state, &peer, &headers)?.answer(refusal.status(), page))
        }
    }
}

/// Begins a session as the API does, and goes on to a page.
async fn begin(
    state: &State,
    peer: Peer,
    headers: HeaderMap,
    email: &str,
    password: &str,
    to: &str,
) -> Result<Response, Refusal> {
    let asked = SignIn { email: email.to_owned(), password: Password::entered(password) };
    let answered = sessions::sign_in(Shared(state.clone()), Extension(peer), headers, Body(asked)).await?;
    Ok(moved(&answered, to))
}

/// Goes on to a page, with the session that an operation began or ended.
pub(super) fn moved(answered: &Response, to: &str) -> Response {
    let mut response = go(to);
    for cookie in answered.headers().get_all(SET_COOKIE) {
        response.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    response
}

async fn signed_out(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    caller: Caller,
    _fields: Fields,
) -> Result<Response, Refusal> {
    let answered = sessions::sign_out(Shared(state), Extension(peer), caller).await?;
    Ok(moved(&answered, "/sign-in"))
}

async fn administrator(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let page = |frame| show(&Entrance::empty(frame, true));
    Ok(Door::open(&state, &peer, &headers)?.answer(StatusCode::OK, page))
}

async fn link(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let page = |frame| show(&Entrance::empty(frame, false));
    Ok(Door::open(&state, &peer, &headers)?.answer(StatusCode::OK, page))
}

impl Entrance {
    const fn empty(frame: Frame, first: bool) -> Self {
        Self {
            frame,
            told: None,
            wrong: String::new(),
            first,
            link: String::new(),
            email: String::new(),
            name: String::new(),
        }
    }

    /// The same page again, with what was entered and what was wrong with it. Passwords are entered anew.
    fn again(frame: Frame, first: bool, fields: &Fields, refusal: &Refusal) -> Self {
        Self {
            told: Some(refusal.into()),
            wrong: refusal.field().to_owned(),
            link: fields.text("link").to_owned(),
            email: fields.text("email").to_owned(),
            name: fields.text("name").to_owned(),
            ..Self::empty(frame, first)
        }
    }
}

/// Makes the first administrator, who is then signed in.
async fn made_administrator(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refusal> {
    let fields = entered(&headers, &peer, request).await?;
    let made = async {
        same_twice(&fields)?;
        let asked = FirstAdministrator {
            link: fields.text("link").to_owned(),
            email: fields.text("email").to_owned(),
            name: fields.text("name").to_owned(),
            password: Password::entered(fields.raw("password")),
        };
        let _ = links::create_first_administrator(Shared(state.clone()), Extension(peer), Body(asked)).await?;
        begin(&state, peer, headers.clone(), fields.text("email"), fields.raw("password"), "/?done=welcome").await
    };
    again_unless_done(&state, &peer, &headers, &fields, true, made.await)
}

/// Sets a password through a link.
async fn set_password(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refusal> {
    let fields = entered(&headers, &peer, request).await?;
    let set = async {
        same_twice(&fields)?;
        let asked =
            SetPassword { link: fields.text("link").to_owned(), password: Password::entered(fields.raw("password")) };
        links::set_password(Shared(state.clone()), Extension(peer), Body(asked)).await?;
        Ok(go("/sign-in?done=password"))
    };
    again_unless_done(&state, &peer, &headers, &fields, false, set.await)
}

fn same_twice(fields: &Fields) -> Result<(), Refusal> {
    if fields.raw("password") == fields.raw("again") {
        return Ok(());
    }
    Err(Refusal::invalid("again", "The two passwords differ; enter the same one twice."))
}

fn again_unless_done(
    state: &State,
    peer: &Peer,
    headers: &HeaderMap,
    fields: &Fields,
    first: bool,
    done: Result<Response, Refusal>,
) -> Result<Response, Refusal> {
    match done {
        Err(refusal) if !refusal.status().is_server_error() => {
            let page = |frame| show(&Entrance::again(frame, first, fields, &refusal));
            Ok(Door::open(state, peer, headers)?.answer(refusal.status(), page))
        }
        done => done.map(IntoResponse::into_response),
    }
}
