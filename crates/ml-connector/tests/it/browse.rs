//! The pages in a real browser, as somebody uses them: Chromium without a window, driven through chromedriver. Where
//! they are not installed these tests say so and pass; a continuous integration must have them. Pictures go to
//! `target/screenshots` and are never kept.

mod axe;
mod door;
mod driver;
mod first_hour;
mod house;
mod mending;
mod tour;
