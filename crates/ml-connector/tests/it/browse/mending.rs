//! Days after the first hour: something is held and mended, two persons decide, and the audit is verified.

use super::driver::Browser;
use super::house::House;
use super::{axe, driver};
use crate::web::site::PASSWORD;

/// Opens the books of the demonstration as the first administrator.
async fn at_home(house: &House, browser: &mut Browser) {
    house.begin(browser).await;
    browser.until_it_shows("Do next").await;
}

/// Gives the unmapped category an account, through what the card offers, as far as the page that shows the effect.
async fn map_team_offsite(browser: &mut Browser) {
    browser.click_words("To do").await;
    browser.click(r#"article:has(bdi.value):has(a.button[href*="Offsite"]) a.button"#).await;
    browser.fill(r#"input[data-source="Team Offsite"]"#, "6430").await;
    browser.click_words("See what it would do").await;
    browser.until_it_shows("Nothing is saved yet.").await;
}

#[tokio::test]
async fn an_unmapped_category_is_mapped_and_its_reports_go_on() {
    let Some(mut browser) = driver::open().await else { return };
    let house = House::demonstration();
    at_home(&house, &mut browser).await;
    map_team_offsite(&mut browser).await;
    axe::check(&browser, "what a change would do").await;
    browser.picture("mending-effect").await;
    browser.fill("#reason", "Offsites are entertainment").await;
    browser.click_words("Save 1 change").await;
    assert!(!browser.text(".done").await.is_empty(), "nothing says that it was saved");
    browser.click_words("To do").await;
    // The worker translates again by itself; the card goes without a reload.
    let gone = "return !document.getElementById('causes').textContent.includes('Team Offsite')";
    browser.until(gone).await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[tokio::test]
async fn a_second_person_approves_what_the_first_has_mapped() {
    let Some(mut browser) = driver::open().await else { return };
    let house = House::demonstration();
    at_home(&house, &mut browser).await;
    browser.click_words("Flows").await;
    browser.click_words("Expenses to the ledger").await;
    browser.click_words("Settings").await;
    browser.choose(r#"[name="set:control.two_person"]"#, "true").await;
    browser.click_words("See what it would do").await;
    browser.click_words("Save as a new version").await;
    map_team_offsite(&mut browser).await;
    browser.click_words("Save 1 change").await;
    browser.click_words("Approvals").await;
    browser.until_it_shows("Fingerprint").await;
    assert!(!browser.shows("Approve ").await, "whoever mapped it is offered to approve it");
    browser.click_words("People and roles").await;
    browser.fill("#name", "Grace Hopper").await;
    browser.fill("#email", "grace@example.com").await;
    browser.choose("#new-role", "approver").await;
    browser.click_words("Make the person and a link").await;
    let link = browser.text(".shown-once").await;
    browser.click_words("Sign out").await;
    browser.go(link.trim()).await;
    browser.fill("#password", PASSWORD).await;
    browser.fill("#again", PASSWORD).await;
    browser.click_words("Set password").await;
    browser.until_it_shows("Your password is set.").await;
    house.sign_in(&mut browser, "grace@example.com", PASSWORD).await;
    browser.until_it_shows("Grace Hopper").await;
    browser.click_words("Approvals").await;
    browser.until_it_shows("Fingerprint").await;
    axe::check(&browser, "approvals").await;
    browser.picture("mending-approval").await;
    browser.click(r#"button[value="approve"]"#).await;
    browser.until_it_shows("Approved.").await;
    browser.click_words("Register of decisions").await;
    browser.until_it_shows("Grace Hopper").await;
}

#[tokio::test]
async fn the_audit_is_verified_from_its_beginning() {
    let Some(mut browser) = driver::open().await else { return };
    let house = House::demonstration();
    at_home(&house, &mut browser).await;
    browser.click_words("Audit").await;
    browser.click_words("Verify from the beginning").await;
    browser.until_it_shows("The audit is whole.").await;
    axe::check(&browser, "the audit, verified").await;
    let rows = browser.eval("return document.querySelectorAll('main tbody tr').length").await;
    assert!(rows.as_u64().is_some_and(|rows| rows > 10), "{rows} entries are shown");
}
