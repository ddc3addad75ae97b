//! Flow documents that are refused: each case is the sound `minimal.toml` with some lines exchanged, and the exact text
//! that a person then reads. `UPDATE_FLOWS=1` writes the expected texts anew; read the difference.

use ml_connector::flow::Flow;

use crate::flow::flows;

struct Case {
    title: String,
    taken_out: Vec<String>,
    put_in: Vec<String>,
    expected: String,
}

/// Cases in the order of their file: `## title`, lines to take out (`- `) and to put in (`+ `), the expected text.
fn cases(text: &str) -> Vec<Case> {
    let case = |text: &str| {
        let (title, rest) = text.split_once('\n').unwrap_or((text, ""));
        let mut case =
            Case { title: title.trim().to_owned(), taken_out: Vec::new(), put_in: Vec::new(), expected: String::new() };
        for line in rest.lines() {
            let lines = match line.chars().next() {
                Some('-') if case.expected.is_empty() => &mut case.taken_out,
                Some('+') if case.expected.is_empty() => &mut case.put_in,
                _ => {
                    case.expected.push_str(&format!("{line}\n"));
                    continue;
                }
            };
            lines.push(line[1..].strip_prefix(' ').unwrap_or(&line[1..]).to_owned());
        }
        case.expected = format!("{}\n", case.expected.trim());
        case
    };
    text.split("\n## ").skip(1).map(case).collect()
}

/// `minimal.toml` after the exchange; without lines to take out, the others are appended; `*` takes out all.
fn document(base: &str, case: &Case) -> String {
    let put_in = case.put_in.join("\n");
    if case.taken_out.is_empty() {
        return format!("{base}\n{put_in}\n");
    }
    let taken_out = case.taken_out.join("\n");
    if taken_out == "*" {
        return put_in;
    }
    assert!(base.contains(&taken_out), "'{}' takes out what is not there: {taken_out}", case.title);
    base.replace(&taken_out, &put_in)
}

fn rendered(base: &str, case: &Case) -> String {
    let folder = flows().join("bad");
    match Flow::parse(&document(base, case), "flow.toml", Some(&folder)) {
        Ok(_) => panic!("'{}' was accepted", case.title),
        Err(error) => format!("{}\n", error.to_string().trim()),
    }
}

#[test]
fn every_mistake_is_told_with_its_place_and_its_remedy() {
    let base = std::fs::read_to_string(flows().join("minimal.toml")).unwrap();
    let mut count = 0;
    let mut wrong = Vec::new();
    let mut files: Vec<_> =
        std::fs::read_dir(flows().join("bad")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "txt")) {
        let text = std::fs::read_to_string(file).unwrap();
        let mut renewed = text.split("\n## ").next().unwrap_or_default().trim_end().to_owned();
        for case in cases(&text) {
            count += 1;
            let found = rendered(&base, &case);
            if found != case.expected {
                wrong.push(format!("{}: {}\n{found}", file.display(), case.title));
            }
            let lines = |mark: &str, lines: &[String]| -> String {
                lines.iter().map(|line| format!("{mark} {line}").trim_end().to_owned() + "\n").collect()
            };
            let exchange = lines("-", &case.taken_out) + &lines("+", &case.put_in);
            renewed.push_str(&format!("\n\n## {}\n{exchange}{}", case.title, found.trim_end()));
        }
        if std::env::var_os("UPDATE_FLOWS").is_some() {
            std::fs::write(file, renewed + "\n").unwrap();
        }
    }
    assert!(count >= 40, "only {count} cases were found");
    assert!(wrong.is_empty() || std::env::var_os("UPDATE_FLOWS").is_some(), "{}", wrong.join("\n"));
}

/// Values that look like secrets, at every place where somebody may put one by mistake.
const HOSTILE: [&str; 12] = [
    "sender_password = \"hunter2\"",
    "sender_password = hunter2",
    "sender_password = \"hunter2",
    "sender_password = \"\"\"\nhunter2\"\"\"",
    "sender_password = \"\"\"\nhunter2",
    "sender_password = [\"hunter2\"]",
    "sender_password = { value = \"hunter2\" }",
    "sender_password = \"env:hunter2 !\"",
    "sender_password = \"sealed:hunter2 \\u0000\"",
    "sender_pasword = \"hunter2\"",
    "sender_password = \"env:A\"\nother_key = \"hunter2\"",
    "sender_password = \"env:A\"\nsender_password = \"hunter2\"",
];

#[test]
fn a_secret_written_into_the_document_is_refused_and_never_repeated() {
    let base = std::fs::read_to_string(flows().join("minimal.toml")).unwrap();
    for hostile in HOSTILE {
        let text = base.replace("sender_password = \"env:INTACCT_SENDER_PASSWORD\"", hostile);
        let error = Flow::parse(&text, "flow.toml", None).expect_err(hostile);
        let shown = format!("{error}\n{error:?}");
        assert!(!shown.contains("hunter2"), "{hostile}\n{error}");
        assert!(!error.problems.is_empty());
    }
    let misplaced = [
        base.replace("[posting]", "[posting]\nuser_password = \"hunter2\""),
        base.replace("journal = \"EXP\"", "journal = { password = \"hunter2\", reimbursable = 5 }"),
        format!("destination.intacct = {{ sender_password = \"hunter2\", concurrency = 99 }}\n{}", base),
        base.replace("name = \"Expenses\"", "password = \"hunter2"),
        format!("{base}\n[[rules]]\nwhen = {{ secret = \"hunter2\", tag_1 = 5 }}\n"),
        base.replace("partner_user_id = \"aa_example\"", "partner_user_id = [\"hunter2\""),
        format!("{base}\n[secrets]\nx = \"hunter2\"\n"),
        format!("{base}\n[[notify]]\nto = \"chat:https://hooks.example.com/hunter2\n"),
        format!("{base}\n[[notify]]\nto = \"chat:http://hooks.example.com/hunter2\"\n"),
        format!("{base}\n[[notify]]\nto = \"https://hooks.example.com/hunter2\"\n"),
        format!("{base}\n[[notify]]\nto = \"mail:a@example.com\"\nsecret = \"hunter2\"\n"),
    ];
    for text in misplaced {
        let error = Flow::parse(&text, "flow.toml", None).expect_err(&text);
        assert!(!format!("{error}\n{error:?}").contains("hunter2"), "{error}");
    }
}

#[test]
fn any_text_is_answered_with_an_error_and_not_with_a_panic() {
    let everything = std::fs::read_to_string(flows().join("everything.toml")).unwrap();
    for end in (0..everything.len()).filter(|end| everything.is_char_boundary(*end)).step_by(7) {
        let _ = Flow::parse(&everything[..end], "cut.toml", None);
        let broken = format!("{}\u{1F4A5}\"\n{}", &everything[..end], &everything[end..]);
        let _ = Flow::parse(&broken, "broken.toml", None).map_err(|error| error.to_string());
    }
    let deep = "a.".repeat(500_000);
    let deep = [format!("{deep}a = 1"), format!("[{deep}a]"), "[".repeat(100_000), "x = [".repeat(100_000)];
    let shallow = ["", "\u{FEFF}", "\0", "[", "a.b.c = {", "=", "\"", "name = \"\u{202E}\""];
    for text in shallow.into_iter().chain(deep.iter().map(String::as_str)) {
        let error = Flow::parse(text, "x.toml", None).expect_err("no document");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absent.toml");
    let error = Flow::load(&path).expect_err("absent");
    assert!(error.to_string().starts_with("error: the file cannot be read: "), "{error}");
    std::fs::write(&path, [0xFF, 0xFE, b'a', 0]).unwrap();
    assert!(Flow::load(&path).expect_err("UTF-16").to_string().contains("the file is not UTF-8 text"));
}

#[test]
fn thousands_of_mistakes_are_cut_short() {
    let mut text = std::fs::read_to_string(flows().join("minimal.toml")).unwrap();
    text.push_str("\n[categories]\n");
    for number in 0..5_000 {
        text.push_str(&format!("c{number} = 1\n"));
    }
    let error = Flow::parse(&text, "x.toml", None).expect_err("numbers are no accounts");
    assert_eq!(error.problems.len(), 201);
    assert!(error.to_string().contains("4800 more mistakes are not shown"));
}
