//! One page of every kind that a link leads to, over the books of the demonstration, at both widths, in light and dark:
//! each opens, has one heading of the first order, complains of nothing, fits its width, and nothing serious is wrong
//! with it for people who see, hear or point differently.

use std::collections::{BTreeSet, VecDeque};

use super::driver::Browser;
use super::house::House;
use super::{axe, driver};

/// Kinds of pages that are looked at, at most.
const MOST: usize = 60;

/// Whether an address is that of a page of ours, and not of the API's or of a file.
fn is_page(kind: &str) -> bool {
    !(kind.starts_with("/api") || kind.contains('.') || kind.ends_with("/csv") || kind.ends_with("/raw"))
}

/// Addresses that the open page leads to.
async fn ways(browser: &Browser) -> Vec<String> {
    let found = browser.eval("return [...document.querySelectorAll('a[href]')].map((link) => link.href)").await;
    found.as_array().unwrap().iter().map(|link| link.as_str().unwrap().to_owned()).collect()
}

/// What must hold of the page that is open, at one width.
async fn fits(browser: &Browser, name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let sizes = "const root = document.scrollingElement; return [root.scrollWidth, innerWidth]";
    let sizes = browser.eval(sizes).await;
    if sizes[0].as_i64() > sizes[1].as_i64() {
        wrong.push(format!("{name}: it is {} wide in a window of {}", sizes[0], sizes[1]));
    }
    let headings = browser.eval("return document.querySelectorAll('h1').length").await;
    if headings != 1 {
        wrong.push(format!("{name}: {headings} headings of the first order"));
    }
    wrong
}

/// What kind of page an address is: ids are left out, so that one page of each kind is looked at.
fn kind_of(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap();
    let is_id = |part: &str| part.chars().any(|c| c.is_ascii_digit()) || part.contains('%');
    let parts = path.split('/').map(|part| if is_id(part) { "any" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// What is wrong with the page that is open, at both widths, in light and dark.
async fn look(browser: &Browser, path: &str, kind: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let status = browser.eval("return performance.getEntriesByType('navigation')[0].responseStatus").await;
    if status != 200 {
        wrong.push(format!("{path} answers {status}"));
    }
    let name = kind.trim_matches('/').replace('/', "-");
    for (width, dark) in [(1440, false), (1440, true), (390, false), (390, true)] {
        browser.size(width, 900).await;
        browser.dark(dark).await;
        let as_seen = format!("{path} at {width}{}", if dark { ", dark" } else { "" });
        wrong.extend(fits(browser, &as_seen).await);
        let found = axe::findings(browser).await.unwrap_or_default();
        wrong.extend(found.into_iter().map(|found| format!("{as_seen}: {found}")));
        browser.picture(&format!("{name}-{width}{}", if dark { "-dark" } else { "" })).await;
    }
    wrong.extend(browser.complaints().await.into_iter().map(|line| format!("{path}: {line}")));
    wrong
}

#[tokio::test]
async fn every_kind_of_page_opens_fits_and_is_for_everybody() {
    let Some(mut browser) = driver::open().await else { return };
    let house = House::demonstration();
    house.begin(&mut browser).await;
    browser.until_it_shows("Ada Lovelace").await;
    let mut wrong = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut open = VecDeque::from(ways(&browser).await);
    while let Some(url) = open.pop_front() {
        let Some(path) = url.strip_prefix(&house.url) else { continue };
        let kind = kind_of(path);
        if seen.len() >= MOST || !is_page(&kind) || !seen.insert(kind.clone()) {
            continue;
        }
        browser.size(1440, 900).await;
        browser.go(&url).await;
        open.extend(ways(&browser).await);
        wrong.extend(look(&browser, path, &kind).await);
    }
    for must in ["/wall", "/c/any", "/c/any/inbox", "/c/any/flows/any/reports/any", "/c/any/flows/any/mapping"] {
        assert!(seen.contains(must), "no way leads to {must}: {seen:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
