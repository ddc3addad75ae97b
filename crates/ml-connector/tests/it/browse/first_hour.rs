//! A person's first hour, from the link that the service prints to the first journal entry: everything by clicks, and
//! they are counted.

use super::house::House;
use super::{axe, driver};

/// More clicks than this are a bad first hour.
const CLICKS: usize = 12;

/// The tile of what was posted shows money, which the live page brings by itself.
const POSTED: &str = "const tile = [...document.querySelectorAll('.tile')].find((one) => \
     one.textContent.includes('Posted')); return !!tile && /[1-9]/.test(tile.querySelector('.sum').textContent)";

#[tokio::test]
async fn from_the_link_to_the_first_journal_entry() {
    let Some(mut browser) = driver::open().await else { return };
    let house = House::empty();
    house.begin(&mut browser).await;
    browser.until_it_shows("Whose books are these?").await;
    axe::check(&browser, "making the first customer").await;
    browser.click_words("Try the demonstration").await;
    browser.until_it_shows("Both answer").await;
    browser.until_it_shows("First day of approval").await;
    axe::check(&browser, "first steps").await;
    browser.picture("first-hour-choose").await;
    browser.click_words("Use these").await;
    browser.until_it_shows("How much of what the reports use leads somewhere").await;
    browser.click_words("Take the sure proposals").await;
    browser.until_it_shows("Rehearsed").await;
    browser.picture("first-hour-rehearsed").await;
    browser.click_words("Start posting").await;
    assert!(!browser.text(".done").await.is_empty(), "nothing says that posting has begun");
    browser.until(POSTED).await;
    browser.picture("first-hour-posted").await;
    axe::check(&browser, "home, after the first entries").await;
    assert!(browser.clicks <= CLICKS, "{} clicks to the first entry", browser.clicks);
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    println!("{} clicks from the link to the first journal entry", browser.clicks);
}
