//! A browser: it opens pages, clicks, types, looks and takes pictures, over the WebDriver protocol. It waits for what it
//! looks for, as long as a person would, and judges nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::{Value, json};

/// The longest that a page may take for what is looked for.
const PATIENCE_MS: u64 = 20_000;
/// The longest that a condition may take: a worker has to come round.
const LONG: Duration = Duration::from_secs(90);
/// The key under which the protocol names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A window of its own, with nothing remembered.
pub struct Browser {
    driver: Child,
    http: reqwest::Client,
    session: String,
    /// Clicks so far.
    pub clicks: usize,
}

/// Starts one; `None` where it is not installed.
#[expect(clippy::print_stdout, reason = "whoever reads the tests must see what was not tested")]
pub async fn open() -> Option<Browser> {
    let starting = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut driver = match starting {
        Ok(driver) => driver,
        Err(_) => {
            assert!(std::env::var_os("CI").is_none(), "chromium and chromedriver must be installed here");
            println!("chromedriver is not installed: nothing is tested in a browser");
            return None;
        }
    };
    let output = BufReader::new(driver.stdout.take().unwrap());
    let said = output.lines().map_while(Result::ok).find(|line| line.contains("started successfully on port")).unwrap();
    let port = said.trim_end_matches('.').rsplit(' ').next().unwrap();
    let options = json!({ "args": [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1440,900",
        "--force-prefers-reduced-motion", "--lang=en-US", "--disable-background-networking",
    ]});
    let wanted =
        json!({ "browserName": "chrome", "goog:chromeOptions": options, "timeouts": { "implicit": PATIENCE_MS } });
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let root = format!("http://127.0.0.1:{port}/session");
    let made = post(&http, &root, &json!({ "capabilities": { "alwaysMatch": wanted } })).await;
    let session = format!("{root}/{}", made["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {made}")));
    Some(Browser { driver, http, session, clicks: 0 })
}

async fn post(http: &reqwest::Client, url: &str, body: &Value) -> Value {
    let answer = http.post(url).body(body.to_string()).send().await.unwrap();
    let text = answer.text().await.unwrap();
    serde_json::from_str::<Value>(&text).unwrap_or_else(|_| panic!("{url}: {text}"))["value"].clone()
}

impl Browser {
    async fn tell(&self, path: &str, body: Value) -> Value {
        let value = post(&self.http, &format!("{}/{path}", self.session), &body).await;
        assert!(value.get("error").is_none(), "{path} {body}: {} on {}", value["message"], self.address().await);
        value
    }

    async fn ask(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}/{path}", self.session)).send().await.unwrap();
        serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap()["value"].clone()
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        self.tell("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await;
    }

    /// Opens a page.
    pub async fn go(&self, url: &str) {
        self.tell("url", json!({ "url": url })).await;
    }

    /// Where it is.
    pub async fn address(&self) -> String {
        self.ask("url").await.as_str().unwrap_or_default().to_owned()
    }

    async fn find(&self, by: &str, what: &str) -> String {
        let found = self.tell("element", json!({ "using": by, "value": what })).await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Clicks the first element of a selector.
    pub async fn click(&mut self, selector: &str) {
        let element = self.find("css selector", selector).await;
        self.press(&element).await;
    }

    /// Clicks the link, button or summary with these words.
    pub async fn click_words(&mut self, words: &str) {
        let path = format!("//*[self::a or self::button or self::summary][normalize-space(.)='{words}']");
        let began = Instant::now();
        loop {
            let found = self.tell("elements", json!({ "using": "xpath", "value": path })).await;
            for element in found.as_array().into_iter().flatten().filter_map(|element| element[ELEMENT].as_str()) {
                // The same words may stand in a menu that is closed.
                if self.ask(&format!("element/{element}/displayed")).await == true {
                    return self.press(element).await;
                }
            }
            assert!(
                began.elapsed() < LONG,
                "there is nothing to click that says \"{words}\" on {}",
                self.address().await
            );
        }
    }

    async fn press(&mut self, element: &str) {
        self.clicks += 1;
        self.tell(&format!("element/{element}/click"), json!({})).await;
    }

    /// Types into the field of a selector, in place of what stands there.
    pub async fn fill(&self, selector: &str, text: &str) {
        let element = self.find("css selector", selector).await;
        self.tell(&format!("element/{element}/clear"), json!({})).await;
        self.tell(&format!("element/{element}/value"), json!({ "text": text })).await;
    }

    /// Chooses a value in a list, or enters it where the field is no list.
    pub async fn choose(&self, selector: &str, value: &str) {
        self.find("css selector", selector).await;
        let script = "const [selector, value] = arguments; const field = document.querySelector(selector); \
             field.value = value; field.dispatchEvent(new Event('input', { bubbles: true })); \
             field.dispatchEvent(new Event('change', { bubbles: true })); return field.value === value";
        let chosen = self.tell("execute/sync", json!({ "script": script, "args": [selector, value] })).await;
        assert!(chosen == true, "{selector} has no {value}");
    }

    /// The visible words of the first element of a selector.
    pub async fn text(&self, selector: &str) -> String {
        let element = self.find("css selector", selector).await;
        self.ask(&format!("element/{element}/text")).await.as_str().unwrap_or_default().to_owned()
    }

    /// What a script gives that a person could have typed into the console; works with the page's own script off.
    pub async fn eval(&self, script: &str) -> Value {
        self.tell("execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// The same for a script that calls its last argument when it is done.
    pub async fn eval_async(&self, script: &str) -> Value {
        self.tell("execute/async", json!({ "script": script, "args": [] })).await
    }

    /// Waits until the page shows these words, which live parts bring by themselves.
    pub async fn until_it_shows(&self, words: &str) {
        let began = Instant::now();
        while !self.shows(words).await {
            let page = || async { format!("{}:\n{}", self.address().await, self.text("body").await) };
            assert!(began.elapsed() < LONG, "it does not come to show \"{words}\" on {}", page().await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until a script says that it is so.
    pub async fn until(&self, script: &str) {
        let began = Instant::now();
        while self.eval(script).await != true {
            let page = || async { format!("{}:\n{}", self.address().await, self.text("body").await) };
            assert!(began.elapsed() < LONG, "it does not come about on {}", page().await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Whether these words stand on the page.
    pub async fn shows(&self, words: &str) -> bool {
        self.text("body").await.contains(words)
    }

    /// The size of the window in pixels of a page.
    pub async fn size(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Whether the person prefers dark.
    pub async fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Whether pages may run their script.
    pub async fn script(&self, on: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !on })).await;
    }

    /// Keeps a picture of the whole page.
    pub async fn picture(&self, name: &str) {
        let picture = json!({ "format": "png", "captureBeyondViewport": true });
        let taken = self.tell("goog/cdp/execute", json!({ "cmd": "Page.captureScreenshot", "params": picture })).await;
        let bytes = BASE64.decode(taken["data"].as_str().unwrap().as_bytes()).unwrap();
        let folder = target().join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }

    /// What the page's console complained about: errors and refused loads.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.tell("se/log", json!({ "type": "browser" })).await;
        let severe = log.as_array().into_iter().flatten().filter(|line| line["level"] == "SEVERE");
        severe.map(|line| line["message"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser itself ends with its session, and chromedriver after it.
        let (host, path) = self.session.trim_start_matches("http://").split_once('/').unwrap_or_default();
        if let Ok(mut stream) = TcpStream::connect(host) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = write!(stream, "DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let _ = stream.read_to_end(&mut Vec::new());
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Where what is built goes.
pub fn target() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}
