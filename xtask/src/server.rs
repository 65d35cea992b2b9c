//! A static server for one folder on 127.0.0.1: what `serve` shows a person is what the browser tests visit.
//!
//! Only the standard library, one thread a connection, nothing kept between requests. The browser
//! tests include this very file, so it must not use the rest of `xtask`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a browser asked for and what it got.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// One site: a folder and the path it is served below.
pub struct Site {
    /// The folder whose files are served.
    pub root: PathBuf,
    /// `/` or a path with a slash at both ends, such as `/sub/dir/`.
    pub prefix: String,
    /// Whether pages are cross-origin isolated, so that they may share memory between threads.
    pub isolated: bool,
    /// Called once a request, after it was answered.
    pub on_request: Box<dyn Fn(Request) + Send + Sync>,
}

/// Answers requests until the listener fails; gives every connection a thread of its own.
pub fn run(listener: &TcpListener, site: &Arc<Site>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else { return };
        let site = Arc::clone(site);
        std::thread::spawn(move || {
            // A browser that goes away in the middle of an answer is no error of ours.
            let _ = connection(stream, &site);
        });
    }
}

fn connection(mut stream: TcpStream, site: &Site) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?.take(64 * 1024));
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Ok(());
    };
    // The rest of the head decides nothing, but has to be read before the answer.
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }

    let answer = answer(method, target, site);
    let mut head = format!(
        "HTTP/1.1 {}\r\ncontent-type: {}\r\ncontent-length: {}\r\ncache-control: no-cache\r\n\
         access-control-allow-origin: *\r\nx-content-type-options: nosniff\r\nconnection: close\r\n",
        answer.status,
        answer.mime,
        answer.body.len()
    );
    if site.isolated {
        head.push_str(
            "cross-origin-opener-policy: same-origin\r\ncross-origin-embedder-policy: require-corp\r\n\
             cross-origin-resource-policy: cross-origin\r\n",
        );
    }
    if let Some(location) = &answer.location {
        head.push_str(&format!("location: {location}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    if method != "HEAD" {
        stream.write_all(&answer.body)?;
    }
    stream.flush()?;
    (site.on_request)(Request {
        method: method.to_owned(),
        target: target.to_owned(),
        status: answer.status[..3].parse().unwrap_or(500),
    });
    Ok(())
}

struct Answer {
    status: &'static str,
    mime: &'static str,
    location: Option<String>,
    body: Vec<u8>,
}

fn answer(method: &str, target: &str, site: &Site) -> Answer {
    if method != "GET" && method != "HEAD" {
        return plain("405 Method Not Allowed", "This server only reads.");
    }
    let path = target.split(['?', '#']).next().unwrap_or("/");
    let Some(path) = decode(path) else {
        return plain("400 Bad Request", "This address is not valid UTF-8.");
    };
    let Some(relative) = path.strip_prefix(&site.prefix) else {
        return plain("404 Not Found", "Nothing is served here.");
    };
    let relative = Path::new(relative);
    if !relative.components().all(|c| matches!(c, Component::Normal(_))) {
        return plain("400 Bad Request", "This address leaves the site.");
    }
    let mut file = site.root.join(relative);
    if file.is_dir() {
        if !path.ends_with('/') {
            // Relative addresses in the folder's page need the slash.
            let mut moved = plain("301 Moved Permanently", "");
            let query = target.split_once('?').map_or(String::new(), |(_, q)| format!("?{q}"));
            moved.location = Some(format!("{path}/{query}"));
            return moved;
        }
        file.push("index.html");
    }
    if let Ok(body) = std::fs::read(&file) {
        return Answer { status: "200 OK", mime: mime(&file), location: None, body };
    }
    // As static hosts do: the site's own page for what is missing, which also repairs mangled links.
    match std::fs::read(site.root.join("404.html")) {
        Ok(body) => Answer { status: "404 Not Found", mime: "text/html; charset=utf-8", location: None, body },
        Err(_) => plain("404 Not Found", "There is no such file."),
    }
}

fn plain(status: &'static str, text: &str) -> Answer {
    Answer { status, mime: "text/plain; charset=utf-8", location: None, body: text.as_bytes().to_vec() }
}

/// Percent-decoding; `None` when the result is not UTF-8 or holds a zero byte.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(out).ok().filter(|s| !s.contains('\0'))
}

fn mime(file: &Path) -> &'static str {
    match file.extension().and_then(|e| e.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "csv" => "text/csv; charset=utf-8",
        "txt" | "md" | "wgsl" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
