//! Link codec, version 1: an experiment as short readable text after `#`, and as JSON for host messages.
//!
//! `#v=1&p=two-sines&net=6x2&m=sum,mgda&h=…`: readable keys ([`KEYS`]), only what differs from the preset, a
//! checksum at the end. Chat and mail programs cut, wrap and escape links, and people edit them by hand, so
//! every fault becomes a complaint in a sentence. Nothing is clamped, and no other experiment is run in silence:
//! what could be read is handed back beside the complaints, for the reader to confirm.

pub use super::keys::{CHECK_KEY, Form, KEYS, Key, Scope, VERSION_KEY, key};

use super::keys::{self, shown};
use super::presets::{self, default_preset};
use super::{Complaint, ExperimentConfig, number};
use serde_json::{Map, Value};

/// Links longer than this get a warning where they are shared: some chat programs cut them.
pub const LONG: usize = 2_000;
/// Longer texts are refused before any work; servers and programs pass on at least so much.
pub const LONGEST: usize = 8_000;
/// Longest configuration file.
pub const LONGEST_JSON: usize = 64_000;
/// Characters of a checksum.
const CHECK_LENGTH: usize = 6;

/// A text that was read completely.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    pub config: ExperimentConfig,
    /// Sentences about repairs, defaults and unknown keys, to be shown quietly.
    pub notices: Vec<String>,
    /// Pairs whose key this version does not know, in order, for [`write_keeping`].
    pub unknown: Vec<(String, String)>,
}

/// A text that must not be run as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    pub cause: Cause,
    /// At least one.
    pub complaints: Vec<Complaint>,
    /// What could be read over the preset's values: valid, and to be run only when the reader confirms it.
    pub readable: Option<Box<ExperimentConfig>>,
    /// Label and value of what was read, for the page's table.
    pub read: Vec<(&'static str, String)>,
    pub notices: Vec<String>,
    /// The beginning of the text, without control characters.
    pub received: String,
}

/// Why a text was rejected: the first sentence that a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    TooLong,
    NewerVersion,
    /// The checksum does not match.
    Damaged,
    Unreadable,
}

impl Cause {
    pub fn headline(self) -> &'static str {
        match self {
            Self::TooLong => "This link is too long to be read.",
            Self::NewerVersion => "This link was made by a newer version of this page.",
            Self::Damaged => "This link is damaged.",
            Self::Unreadable => "This link cannot be read as it stands.",
        }
    }
}

/// Reads a link: a whole address, what follows `#` or `?`, or the bare pairs. An empty one is the default
/// experiment.
///
/// # Errors
/// Everything that is wrong with the link, and what could be read nevertheless.
pub fn parse(text: &str) -> Result<Parsed, Rejected> {
    if text.len() > LONGEST {
        let sentence = format!(
            "The link has {} characters; at most {LONGEST} are read. Longer experiments are shared as a file.",
            text.len()
        );
        return Err(rejected(Cause::TooLong, text, vec![Complaint::new("", sentence)]));
    }
    let mut notices = Vec::new();
    let body = fragment(text, &mut notices);
    let mut complaints = Vec::new();
    if let Some((at, character)) = body.char_indices().find(|(_, character)| !allowed(*character)) {
        complaints.push(Complaint::new(
            "",
            format!(
                "The link holds the character “{}” at position {}; links hold only A–Z a–z 0–9 - _ . , = & ~.",
                character.escape_default(),
                body[..at].chars().count() + 1
            ),
        ));
    }
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for part in body.split('&').filter(|_| !body.is_empty()) {
        match part.split_once('=') {
            Some((name, "")) => complaints.push(Complaint::new(
                name,
                format!("Nothing stands after “{}=”: the link was cut there, or a value is missing.", shown(name)),
            )),
            Some(("", value)) => {
                complaints.push(Complaint::new("", format!("No key stands before “={}”.", shown(value))));
            }
            Some(pair) => pairs.push(pair),
            None if part.is_empty() => complaints
                .push(Complaint::new("", "Nothing stands beside an “&”: the link was cut there, or a key is missing.")),
            None => complaints.push(Complaint::new(
                part,
                format!("“{}” is not a key with a value: the link was cut there, or “=” is missing.", shown(part)),
            )),
        }
    }
    let check = pairs.iter().find(|(name, _)| *name == CHECK_KEY).map(|&(_, value)| value);
    let mut damaged = false;
    if let Some(given) = check {
        let expected = checksum(body.split('&').filter(|part| !part.starts_with("h=")));
        if given != expected {
            damaged = true;
            let sentence = if given.len() < CHECK_LENGTH {
                "The check at the end of the link is cut short: its end is missing."
            } else {
                "The check at the end of the link does not match the rest: something was changed or lost on the way. \
                 If the link was edited by hand, leave out “h=” and what follows it."
            };
            complaints.push(Complaint::new(CHECK_KEY, sentence));
        }
    }
    interpret(text, &pairs, damaged, complaints, notices)
}

/// Reads a configuration file or host message: one JSON object whose fields are the keys of links. Values are
/// strings as in links, numbers, or arrays of them.
///
/// # Errors
/// As [`parse`].
pub fn from_json(text: &str) -> Result<Parsed, Rejected> {
    let fail = |cause, sentence: String| Err(rejected(cause, text, vec![Complaint::new("", sentence)]));
    if text.len() > LONGEST_JSON {
        let sentence = format!("The configuration has {} bytes; at most {LONGEST_JSON} are read.", text.len());
        return fail(Cause::TooLong, sentence);
    }
    let object: Map<String, Value> = match serde_json::from_str(text) {
        Ok(object) => object,
        Err(error) => {
            let sentence =
                format!("The configuration is not a JSON object of keys and values ({error}). Export one and compare.");
            return fail(Cause::Unreadable, sentence);
        }
    };
    let mut complaints = Vec::new();
    let mut pairs = Vec::new();
    for (name, value) in &object {
        let text = match value {
            Value::Array(items) if !items.is_empty() => {
                items.iter().map(word).collect::<Option<Vec<_>>>().map(|words| words.join(","))
            }
            single => word(single),
        };
        match text {
            Some(text) if !text.is_empty() && text.chars().all(allowed) && !text.contains(['&', '=']) => {
                pairs.push((name.as_str(), text));
            }
            _ => complaints.push(Complaint::new(
                name,
                format!(
                    "The field “{}” holds neither a number nor a text as in links, nor a list of them. Allowed in \
                     texts: A–Z a–z 0–9 - _ . , ~.",
                    shown(name)
                ),
            )),
        }
    }
    // A file is not cut by chat programs, so it carries no checksum; one that came along is not looked at.
    pairs.retain(|(name, _)| *name != CHECK_KEY);
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, text)| (*name, text.as_str())).collect();
    interpret(text, &pairs, false, complaints, Vec::new())
}

/// Reads a link or a JSON configuration, whichever it is.
///
/// # Errors
/// As [`parse`].
pub fn read(text: &str) -> Result<Parsed, Rejected> {
    if text.trim_start().starts_with('{') { from_json(text) } else { parse(text) }
}

/// The link of a configuration, `#` first and the checksum last.
pub fn write(config: &ExperimentConfig) -> String {
    write_keeping(config, &[])
}

/// As [`write`], with pairs that an earlier [`parse`] did not know.
pub fn write_keeping(config: &ExperimentConfig, unknown: &[(String, String)]) -> String {
    let body = joined(config, unknown);
    let check = checksum(body.split('&'));
    format!("#{body}&{CHECK_KEY}={check}")
}

/// The link without its checksum, for people who want to edit it.
pub fn write_unchecked(config: &ExperimentConfig) -> String {
    format!("#{}", joined(config, &[]))
}

/// The whole configuration as one JSON object, every key in it, as [`from_json`] reads it.
pub fn to_json(config: &ExperimentConfig) -> String {
    let mut object = Map::new();
    for (name, text) in keys::texts(config) {
        let form = key(name).map_or(Form::Word, |key| key.form);
        let value = match form {
            Form::Word => Value::from(text),
            Form::Number => json_number(&text),
            Form::Words => text.split(',').map(Value::from).collect(),
            // A single word in the place of numbers, such as `uniform`, stays a word.
            Form::Numbers if number::read(text.split(',').next().unwrap_or_default()).is_err() => Value::from(text),
            Form::Numbers => text.split(',').map(json_number).collect(),
        };
        object.insert(name.into(), value);
    }
    Value::Object(object).to_string()
}

/// Turns pairs into a configuration, or into complaints and what could be read.
fn interpret(
    received: &str,
    pairs: &[(&str, &str)],
    damaged: bool,
    mut complaints: Vec<Complaint>,
    mut notices: Vec<String>,
) -> Result<Parsed, Rejected> {
    let value = |wanted: &str| pairs.iter().find(|(name, _)| *name == wanted).map(|&(_, value)| value);
    if let Some(Ok(version @ 2..)) = value(VERSION_KEY).map(number::read_whole) {
        let sentence = format!(
            "The link has version {version}; this page reads version 1. Reload the page to get its newest version. \
             Nothing was run."
        );
        return Err(rejected(Cause::NewerVersion, received, vec![Complaint::new(VERSION_KEY, sentence)]));
    }
    let mut unknown = Vec::new();
    for (at, &(name, value)) in pairs.iter().enumerate() {
        if let Some(&(_, first)) = pairs[..at].iter().find(|(earlier, _)| *earlier == name) {
            let sentence = format!(
                "The key {} stands twice, as “{}” and as “{}”. Remove one of them.",
                shown(name),
                shown(first),
                shown(value)
            );
            complaints.push(Complaint::new(name, sentence));
        } else if key(name).is_none() {
            notices.push(format!("The key “{}” is unknown here; it was kept and has no effect.", shown(name)));
            unknown.push((name.to_string(), value.to_string()));
        }
    }
    let named = value("p");
    let preset = named.map_or_else(|| Some(default_preset()), presets::preset);
    let outcome = keys::read_all(preset.unwrap_or_else(default_preset), pairs.iter().copied());
    let read = outcome.read.iter().map(|key| (key.label, (key.text)(&outcome.config))).collect();
    complaints.extend(outcome.complaints);
    if complaints.is_empty() {
        return Ok(Parsed { config: outcome.config, notices, unknown });
    }
    // Without its preset a link's differences mean something else; over budget it would occupy the page.
    let runnable = preset.is_some() && !outcome.over_budget;
    Err(Rejected {
        readable: runnable.then(|| Box::new(outcome.config)),
        read,
        notices,
        ..rejected(if damaged { Cause::Damaged } else { Cause::Unreadable }, received, complaints)
    })
}

fn rejected(cause: Cause, received: &str, complaints: Vec<Complaint>) -> Rejected {
    let start: String = received.chars().filter(|c| !c.is_control()).take(400).collect();
    Rejected { cause, complaints, readable: None, read: Vec::new(), notices: Vec::new(), received: start }
}

/// The pairs of a link, freed from the address before them and from what mail and chat programs do to links.
fn fragment(text: &str, notices: &mut Vec<String>) -> String {
    let text = text.trim();
    let mut body = if let Some((_, after)) = text.split_once('#') {
        after.to_string()
    } else {
        // Twice: some programs escape what was escaped already.
        let decoded = percent_decoded(&percent_decoded(text));
        if let Some((_, after)) = decoded.split_once('#') {
            after.to_string()
        } else if let Some((_, after)) = text.split_once('?') {
            after.to_string()
        } else if text.contains("://") || text.starts_with('/') {
            // Pairs in the last part of a path have lost their `#`; without pairs it is only an address.
            let last = text.rsplit('/').next().unwrap_or_default();
            if last.contains('=') { last.to_string() } else { String::new() }
        } else {
            text.to_string()
        }
    };
    for _ in 0..2 {
        body = percent_decoded(&body);
    }
    body = body.replace("&amp;", "&");
    body = body.trim_start_matches(['#', '?', '/']).to_string();
    // A sentence's end that was taken for a part of the link. Without a checksum it may be a cut value.
    let last = body.rsplit('&').next().unwrap_or_default();
    if last.starts_with("h=") {
        let whole = body.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).len();
        if whole > body.len() - last.len() + 2 {
            body.truncate(whole);
        }
    }
    let before = text.strip_suffix(body.as_str());
    if !body.is_empty() && !before.is_some_and(|before| before.is_empty() || before.ends_with(['#', '?'])) {
        notices.push("The link was changed on its way (escaped or extended) and has been repaired.".into());
    }
    body
}

/// Replaces `%23` and the like by the characters of links; everything else stays.
fn percent_decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).map(char::from);
        match code {
            Some(character) if allowed(character) || "#?%".contains(character) => {
                decoded.push(character);
                rest = &after[2..];
            }
            _ => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

/// The alphabet of links, which survives mail, chat and spreadsheets.
fn allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.,=&~".contains(character)
}

fn joined(config: &ExperimentConfig, unknown: &[(String, String)]) -> String {
    let pairs = keys::differences(config).into_iter().map(|(name, text)| format!("{name}={text}"));
    let kept = unknown.iter().map(|(name, text)| format!("{name}={text}"));
    pairs.chain(kept).collect::<Vec<_>>().join("&")
}

/// Six characters of base 32 from a 64-bit FNV-1a hash of the pairs. It finds accidents, not intent.
fn checksum<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in part.bytes().chain([b'&']) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    // FNV's high bits are the mixed ones; the fold brings all of them in.
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 34;
    (0..CHECK_LENGTH).map(|i| char::from(DIGITS[(hash >> (5 * i)) as usize & 31])).collect()
}

/// A JSON scalar as a link writes it.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        // The digits as given: 1e999 becomes a complaint about its size, not an infinity.
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn json_number(text: &str) -> Value {
    match number::read(text) {
        Ok(value) if value.fract() == 0.0 && value.abs() < 1e15 => Value::from(value as i64),
        Ok(value) => Value::from(value),
        Err(_) => Value::from(text),
    }
}
