//! Coming in: by the first link, with a wrong password, and without script.

use super::house::{EMAIL, House};
use super::{axe, driver};
use crate::web::site::PASSWORD;

#[tokio::test]
async fn a_wrong_password_is_explained_and_what_was_typed_stays() {
    let Some(mut browser) = driver::open().await else { return };
    let house = House::empty();
    house.begin(&mut browser).await;
    browser.until_it_shows("Whose books are these?").await;
    browser.click_words("Sign out").await;
    house.sign_in(&mut browser, EMAIL, "wrong horse battery").await;
    browser.until_it_shows("password").await;
    assert!(browser.address().await.ends_with("/sign-in"), "{}", browser.address().await);
    let told = browser.text(".told").await;
    assert!(!told.is_empty(), "nothing explains it");
    let typed = browser.eval("return document.getElementById('email').value").await;
    assert_eq!(typed, EMAIL);
    axe::check(&browser, "a wrong password").await;
    browser.picture("door-wrong-password").await;
    house.sign_in(&mut browser, EMAIL, PASSWORD).await;
    browser.until_it_shows("Ada Lovelace").await;
}

#[tokio::test]
async fn without_script_one_comes_in_and_makes_a_customer() {
    let Some(mut browser) = driver::open().await else { return };
    let house = House::empty();
    browser.script(false).await;
    browser.go(&house.link).await;
    // The code stands after the # of the address; a person copies it.
    browser.fill("#link", house.link.split('#').nth(1).unwrap()).await;
    browser.fill("#name", "Ada Lovelace").await;
    browser.fill("#email", EMAIL).await;
    browser.fill("#password", PASSWORD).await;
    browser.fill("#again", PASSWORD).await;
    browser.click_words("Begin").await;
    browser.until_it_shows("Whose books are these?").await;
    browser.click_words("Try the demonstration").await;
    browser.until_it_shows("First steps").await;
    assert!(browser.shows("nothing reaches a real ledger").await, "a demonstration says what it is");
    browser.click_words("Reports").await;
    assert!(browser.address().await.ends_with("/reports"));
    assert_eq!(browser.eval("return document.querySelectorAll('script[src]').length").await, 1);
}
