//! A real browser on the built site: a server, a Chromium driven through chromedriver, and what tests ask of them.
//!
//! Every `Browser` has a profile of its own that ends with it. The server is the one of
//! `cargo xtask serve`; it remembers what was asked for. Chromium's protocol (`cdp`) is open to
//! tests for what WebDriver cannot do: exact viewports, media features, a lost network.

// Each test module takes the part of the harness that it needs.
#![allow(dead_code, reason = "tests take what they need")]

#[path = "../../xtask/src/server.rs"]
mod server;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub use server::Request;

/// How long a wait lasts before it fails, unless the test says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(40);

/// The built site: `PARETOSCOPE_DIST` or `dist/`.
pub fn dist() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dist = std::env::var_os("PARETOSCOPE_DIST").map_or_else(|| root.join("dist"), PathBuf::from);
    assert!(dist.join("index.html").is_file(), "{} holds no site: run `cargo xtask build` first", dist.display());
    dist
}

/// Where pictures go: `PARETOSCOPE_ARTIFACTS` or `target/e2e`.
pub fn artifacts() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("PARETOSCOPE_ARTIFACTS").map_or_else(|| root.join("target/e2e"), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    folder
}

/// A folder served on a free port of 127.0.0.1, which is an origin of its own.
pub struct Server {
    /// Address of the folder, with a slash at its end.
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Serves `root` below `prefix`: `/`, or a path with a slash at both ends.
    pub fn start(root: PathBuf, prefix: &str, isolated: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}{prefix}", listener.local_addr().expect("its address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        let site = server::Site {
            root,
            prefix: prefix.into(),
            isolated,
            on_request: Box::new(move |request| log.lock().expect("no panic while logging").push(request)),
        };
        std::thread::spawn(move || server::run(&listener, &Arc::new(site)));
        Self { url, requests }
    }

    /// Everything asked for so far, in order of the answers.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic while logging").clone()
    }
}

/// How a browser is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// With WebGPU on a software adapter, or with an adapter that is always null.
    pub webgpu: bool,
    /// Viewport in CSS pixels.
    pub size: (u32, u32),
    /// Where the site is served: `/`, or a path with a slash at both ends.
    pub prefix: String,
    /// Whether the page may share memory between threads.
    pub isolated: bool,
    /// The `prefers-color-scheme` that the page sees: `light` or `dark`.
    pub color_scheme: &'static str,
    /// Whether the page is asked to move less.
    pub reduced_motion: bool,
    /// Arguments for Chromium beyond the usual.
    pub arguments: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            webgpu: false,
            size: (1280, 900),
            prefix: "/".into(),
            isolated: false,
            color_scheme: "light",
            reduced_motion: false,
            arguments: Vec::new(),
        }
    }
}

/// One line of the browser's console.
#[derive(Clone, Debug)]
pub struct ConsoleLine {
    /// `SEVERE`, `WARNING`, `INFO` or `DEBUG`.
    pub level: String,
    pub text: String,
}

/// chromedriver with one headless session in a new profile; both end when this is dropped.
pub struct Browser {
    pub client: Client,
    pub server: Server,
    driver: Driver,
    session: String,
    console: Mutex<Vec<ConsoleLine>>,
    urls: Mutex<Vec<String>>,
}

impl Browser {
    /// A browser without WebGPU at the default size.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// A browser with a software WebGPU adapter.
    pub async fn start_webgpu() -> Self {
        Self::with(Options { webgpu: true, ..Options::default() }).await
    }

    /// A browser and a server of its own for the built site.
    pub async fn with(options: Options) -> Self {
        let server = Server::start(dist(), &options.prefix, options.isolated);
        let driver = Driver::start();
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-dev-shm-usage",
            "--disable-sync",
            "--no-first-run",
            "--force-color-profile=srgb",
            "--hide-scrollbars",
            // Chromium refuses to run as root with its sandbox, and CI often is root.
            "--no-sandbox",
        ]
        .map(str::to_owned)
        .to_vec();
        if options.webgpu {
            arguments.push("--enable-unsafe-webgpu".into());
        }
        arguments.extend(options.arguments);
        let mut chrome = json!({ "args": arguments });
        if let Ok(binary) = std::env::var("CHROME") {
            chrome["binary"] = binary.into();
        }
        let capabilities = json!({
            "goog:chromeOptions": chrome,
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "timeouts": { "script": 300_000, "pageLoad": 60_000 },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("an object was written above") };
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .expect("a browser session");
        let session = client.session_id().await.expect("a session").expect("its id");
        let browser = Self { client, server, driver, session, console: Mutex::default(), urls: Mutex::default() };
        browser.resize(options.size.0, options.size.1).await;
        let motion = if options.reduced_motion { "reduce" } else { "no-preference" };
        browser.emulate_media(options.color_scheme, motion).await;
        browser
    }

    /// Opens an address relative to the site, such as `#v=1&…` or `embed/`, and waits for its `load`.
    pub async fn open(&self, relative: &str) {
        let url = format!("{}{relative}", self.server.url);
        self.client.goto(&url).await.unwrap_or_else(|e| panic!("{url}: {e}"));
    }

    /// Sets the viewport, in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Sets `prefers-color-scheme` and `prefers-reduced-motion`.
    pub async fn emulate_media(&self, color_scheme: &str, reduced_motion: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": color_scheme },
            { "name": "prefers-reduced-motion", "value": reduced_motion },
        ]);
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Runs `script` in the page, as the body of a function; gives back what it returns.
    pub async fn js(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|e| panic!("{script}: {e}"))
    }

    /// Runs `script` as the body of an async function; gives back what its promise resolves to.
    pub async fn js_async(&self, script: &str) -> Value {
        self.try_js_async(script).await.unwrap_or_else(|e| panic!("{script}: {e}"))
    }

    /// Like `js_async`, with the text of a rejection as the error.
    pub async fn try_js_async(&self, script: &str) -> Result<Value, String> {
        let whole = format!(
            "const done = arguments[arguments.length - 1];\
             (async () => {{ {script} }})().then((value) => done({{ value: value ?? null }}), (error) => done({{ error: String(error) }}));"
        );
        let answer = self.client.execute_async(&whole, Vec::new()).await.map_err(|e| e.to_string())?;
        match answer.get("error") {
            Some(error) => Err(error.as_str().unwrap_or("an error without text").to_owned()),
            None => Ok(answer["value"].clone()),
        }
    }

    /// Waits until an element matches `css`.
    pub async fn wait_for(&self, css: &str) -> Element {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Ok(element) = self.client.find(Locator::Css(css)).await {
                return element;
            }
            if Instant::now() > end {
                self.give_up(&format!("nothing matches {css}")).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until the text of `css` satisfies `ok`; gives the text back.
    pub async fn wait_text(&self, css: &str, patience: Duration, ok: impl Fn(&str) -> bool) -> String {
        let script = format!("return document.querySelector({})?.textContent ?? null", json!(css));
        let value = self.wait_js(&script, patience, |v| v.as_str().is_some_and(&ok)).await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until what `script` returns satisfies `ok`; gives it back.
    pub async fn wait_js(&self, script: &str, patience: Duration, ok: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + patience;
        loop {
            let value = self.js(script).await;
            if ok(&value) {
                return value;
            }
            if Instant::now() > end {
                self.give_up(&format!("after {patience:?}, `{script}` still gives {value}")).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Clicks the first element that matches `css`, once there is one.
    pub async fn click(&self, css: &str) {
        let element = self.wait_for(css).await;
        element.click().await.unwrap_or_else(|e| panic!("click on {css}: {e}"));
    }

    /// Types into whatever has the focus; `fantoccini::key::Key` names the special keys.
    pub async fn press(&self, keys: &str) {
        let active = self.client.active_element().await.expect("an active element");
        active.send_keys(keys).await.unwrap_or_else(|e| panic!("keys {keys:?}: {e}"));
    }

    /// A `data-testid` as a selector.
    pub fn test_id(id: &str) -> String {
        format!("[data-testid=\"{id}\"]")
    }

    /// Writes the viewport to `target/e2e/<name>.png`.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        let png = self.client.screenshot().await.expect("a screenshot");
        let path = artifacts().join(format!("{name}.png"));
        std::fs::write(&path, png).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        path
    }

    /// One command of Chromium's own protocol, such as `Network.emulateNetworkConditions`.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        self.session_post("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    /// Everything the page's console said so far.
    pub async fn console(&self) -> Vec<ConsoleLine> {
        let fresh = self.session_post("se/log", json!({ "type": "browser" })).await;
        let mut lines = self.console.lock().expect("no panic while reading logs");
        for entry in fresh.as_array().into_iter().flatten() {
            let field = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
            lines.push(ConsoleLine { level: field("level"), text: field("message") });
        }
        lines.clone()
    }

    /// Errors in the page's console so far.
    pub async fn console_errors(&self) -> Vec<String> {
        let lines = self.console().await;
        lines.into_iter().filter(|l| l.level == "SEVERE").map(|l| l.text).collect()
    }

    /// Every address the page asked for, of this host and others, whether it was answered or not.
    pub async fn requested_urls(&self) -> Vec<String> {
        let fresh = self.session_post("se/log", json!({ "type": "performance" })).await;
        let mut urls = self.urls.lock().expect("no panic while reading logs");
        for entry in fresh.as_array().into_iter().flatten() {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap_or_default()).unwrap_or_default();
            let message = &event["message"];
            if message["method"] == "Network.requestWillBeSent"
                && let Some(url) = message["params"]["request"]["url"].as_str()
            {
                urls.push(url.to_owned());
            }
        }
        urls.clone()
    }

    /// Fails if the console holds an error, or the page asked another host, or for a missing file.
    pub async fn assert_clean(&self) {
        let errors = self.console_errors().await;
        assert!(errors.is_empty(), "the console says {errors:#?}");
        let host: String = self.server.url.split('/').take(3).collect::<Vec<_>>().join("/") + "/";
        let own = |url: &str| {
            url.starts_with(&host) || ["data:", "blob:", "about:", "chrome:"].iter().any(|s| url.starts_with(s))
        };
        let foreign: Vec<_> = self.requested_urls().await.into_iter().filter(|u| !own(u)).collect();
        assert!(foreign.is_empty(), "the page asked other hosts: {foreign:#?}");
        let missing: Vec<_> = self.server.requests().into_iter().filter(|r| r.status >= 400).collect();
        assert!(missing.is_empty(), "the page asked for what is not there: {missing:#?}");
    }

    /// Fails with a picture and the console, so that a failure in CI can be understood.
    async fn give_up(&self, message: &str) -> ! {
        let name = std::thread::current().name().unwrap_or("test").replace("::", "-");
        let shot = self.screenshot(&format!("failed-{name}")).await;
        panic!("{message}\nsee {}\nconsole: {:#?}", shot.display(), self.console().await);
    }

    async fn session_post(&self, path: &str, body: Value) -> Value {
        let (port, path) = (self.driver.port, format!("/session/{}/{path}", self.session));
        let answer = tokio::task::spawn_blocking(move || driver_call(port, "POST", &path, &body.to_string()))
            .await
            .expect("the call ends");
        let answer = answer.unwrap_or_else(|e| panic!("chromedriver does not answer: {e}"));
        let value: Value = serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{answer}: {e}"));
        assert!(value["value"]["error"].is_null(), "chromedriver says {}", value["value"]);
        value["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A killed driver would leave its browser and profile behind. It may be too late for manners.
        let _ = driver_call(self.driver.port, "DELETE", &format!("/session/{}", self.session), "");
    }
}

/// The chromedriver process.
struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    fn start() -> Self {
        let program = std::env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut child = Command::new(&program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}; run `cargo xtask setup`", Path::new(&program).display()));
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe was asked for")).lines();
        let port = loop {
            let line = lines.next().and_then(Result::ok).expect("chromedriver says its port");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').parse().expect("a port number");
            }
        };
        // A full pipe would block the driver.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request to chromedriver that fantoccini has no word for; gives the body back.
fn driver_call(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), None);
    while reader.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<u64>().ok();
        }
        line.clear();
    }
    let mut answer = String::new();
    match length {
        Some(length) => reader.take(length).read_to_string(&mut answer)?,
        None => reader.read_to_string(&mut answer)?,
    };
    Ok(answer)
}
