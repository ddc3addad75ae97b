//! A million expenses pass through in bounded memory.

use std::fmt::Write;

use expensify::ExportFile;

use crate::server::{Answer, Server};

const REPORTS: usize = 2000;
const EXPENSES_A_REPORT: usize = 500;

/// The next line of the file, made when it is asked for.
fn line(index: usize) -> Option<Vec<u8>> {
    match index {
        0 => Some(format!("{{\"mlc\":1,\"kind\":\"header\",\"reports\":{REPORTS}}}\n").into_bytes()),
        1..=REPORTS => {
            let mut line = format!(r#"{{"reportID":"R{index}","expenseCount":{EXPENSES_A_REPORT},"expenses":["#);
            for expense in 0..EXPENSES_A_REPORT {
                let comma = if expense == 0 { "" } else { "," };
                write!(line, r#"{comma}{{"transactionID":"{expense}","amount":{index}}}"#).unwrap();
            }
            line.push_str("]}\n");
            Some(line.into_bytes())
        }
        _ if index == REPORTS + 1 => Some(b"{\"mlc\":1,\"kind\":\"end\"}\n".to_vec()),
        _ => None,
    }
}

#[tokio::test]
async fn a_million_expenses_in_bounded_memory() {
    let mut index = 0;
    let next = move || {
        index += 1;
        line(index - 1)
    };
    let server = Server::start(vec![Answer::Chunks(Box::new(next))]).await;
    let mut stream = server.client().download(&ExportFile::new("big.json").unwrap()).await.unwrap();
    let (mut expenses, mut sum) = (0, 0);
    while let Some(record) = stream.next().await.unwrap() {
        expenses += record.report.expenses.len();
        sum += record.report.expenses.iter().filter_map(|expense| expense.amount).sum::<i64>();
    }
    assert_eq!(expenses, REPORTS * EXPENSES_A_REPORT);
    assert_eq!(sum, (1..=2000).sum::<i64>() * 500);
    let longest = line(REPORTS).unwrap().len();
    let chunk = 512 * 1024; // the most the HTTP library reads at once, with room
    assert!(stream.peak_buffered_bytes() <= longest + chunk, "{} bytes", stream.peak_buffered_bytes());
}
