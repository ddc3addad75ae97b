//! The page `docs/problems.md`, made of the table of problem codes, so that the two cannot disagree. It decides nothing
//! about problems.

use std::fmt::Write as _;

use accounting::problem::Code;

const HEAD: &str = "# Problems

Every problem that holds a report, stops a run or refuses a setting has one of these codes. A code keeps its meaning
for ever. This page is made of the table in the program; `UPDATE_DOCS=1 cargo test -p ml-connector` writes it anew.
";

/// The first numbers of the four kinds, with what they are about.
const KINDS: [(u16, &str); 4] = [(1, "Translation"), (2, "Expensify"), (3, "Intacct"), (4, "This service")];

/// The page.
pub fn problem_page() -> String {
    let mut page = HEAD.to_owned();
    for (kind, title) in KINDS {
        // Writing to a text cannot fail.
        let _ = writeln!(page, "\n## {kind}xx {title}");
        for code in Code::ALL.iter().filter(|code| code.number() / 100 == kind) {
            let _ = write!(
                page,
                "\n### {code} {}\n- Cause: {}\n- Remedy: {}\n- Who: {}\n",
                code.title(),
                code.cause(),
                code.remedy(),
                code.owner().name()
            );
        }
    }
    page
}
