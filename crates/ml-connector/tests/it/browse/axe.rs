//! Accessibility as axe-core sees it. The library is somebody else's: it is fetched beside what is built and never
//! kept here (`.ci/browser` does so).

use super::driver::{Browser, target};

/// The rules of WCAG 2.2, levels A and AA.
const RULES: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']";

/// Serious and critical findings on the page that is open, each with where it is; `None` where axe-core is not here.
#[expect(clippy::print_stdout, reason = "whoever reads the tests must see what was not tested")]
pub async fn findings(browser: &Browser) -> Option<Vec<String>> {
    let path = target().join("axe/package/axe.min.js");
    let Ok(source) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "axe-core must be fetched here: {}", path.display());
        println!("axe-core was not fetched (.ci/browser does): accessibility is not checked");
        return None;
    };
    browser.eval(&source).await;
    let script = format!(
        "const done = arguments[arguments.length - 1]; axe.run(document, {{ runOnly: {RULES} }}).then((found) => \
         done(found.violations.filter((one) => one.impact === 'serious' || one.impact === 'critical').flatMap((one) => \
         one.nodes.map((node) => `${{one.id}} (${{one.help}}) at ${{node.target.join(' ')}}: ${{node.failureSummary}}`))), \
         (error) => done([String(error)]));"
    );
    let found = browser.eval_async(&script).await;
    Some(found.as_array().unwrap().iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect())
}

/// Nothing serious is wrong with the page that is open.
pub async fn check(browser: &Browser, name: &str) {
    if let Some(found) = findings(browser).await {
        assert!(found.is_empty(), "{name}: {}", found.join("\n"));
    }
}
