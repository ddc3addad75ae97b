//! A browser without script, as far as pages and forms go: it follows no redirect by itself, so that a test sees it.

use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN};
use reqwest::redirect::Policy;
use reqwest::{Method, StatusCode};

use crate::web::site::Visitor;

/// A page as somebody's browser gets it.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    /// Where it leads, of a redirect.
    pub to: String,
    pub text: String,
}

/// Gets a page, or sends a form.
pub async fn ask(visitor: &Visitor, method: Method, path: &str, fields: &[(&str, &str)]) -> Page {
    let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let mut request = client.request(method.clone(), format!("{}{path}", visitor.origin)).header(ACCEPT, "text/html");
    if let Some(cookie) = &visitor.cookie {
        request = request.header(COOKIE, cookie);
    }
    if method == Method::POST {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        request = request.header(ORIGIN, &visitor.origin).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        request = request.body(body);
    }
    let reply = request.send().await.unwrap();
    let to = reply.headers().get(LOCATION).map_or("", |to| to.to_str().unwrap()).to_owned();
    Page { status: reply.status(), to, text: reply.text().await.unwrap() }
}

/// Gets a page.
pub async fn get(visitor: &Visitor, path: &str) -> Page {
    ask(visitor, Method::GET, path, &[]).await
}

/// Sends a form with the token of the page that it stands on.
pub async fn send(visitor: &Visitor, page: &str, path: &str, fields: &[(&str, &str)]) -> Page {
    let token = get(visitor, page).await.is(200).token();
    let mut all = vec![("form_token", token.as_str())];
    all.extend_from_slice(fields);
    ask(visitor, Method::POST, path, &all).await
}

impl Page {
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}\n{}", self.to, self.text);
        self
    }

    /// The token that its forms carry.
    #[track_caller]
    pub fn token(&self) -> String {
        let rest = self.text.split("name=\"form_token\" value=\"").nth(1).expect("it has no form");
        rest.split('"').next().unwrap().to_owned()
    }

    #[track_caller]
    pub fn shows(&self, what: &str) -> &Self {
        assert!(self.text.contains(what), "it does not show {what}:\n{}", self.text);
        self
    }

    #[track_caller]
    pub fn hides(&self, what: &str) -> &Self {
        assert!(!self.text.contains(what), "it shows {what}:\n{}", self.text);
        self
    }

    /// Where it leads.
    #[track_caller]
    pub fn leads(&self, to: &str) -> &Self {
        assert_eq!((self.status.as_u16(), self.to.as_str()), (303, to), "{}", self.text);
        self
    }
}
