//! Links: they come back exactly, junk gets sentences and never a panic, and published ones hold for ever.

use paretoscope::balance::modify::{Applied, MODIFIERS};
use paretoscope::balance::{Knob, METHODS, method};
use paretoscope::config::link::{self, CHECK_KEY, Cause, KEYS, Parsed, Rejected};
use paretoscope::config::presets::{PRESETS, default_preset, preset};
use paretoscope::config::*;
use paretoscope::data::{self, DATASETS};
use paretoscope::landscape::{Argument, HEIGHTS, HeightChoice, PLANES, PlaneChoice, Point, Reach, SIDES, Slot};
use paretoscope::problem::PROBLEMS;
use paretoscope::strategy::{LEARNERS, Learned};
use proptest::prelude::*;

/// Lines of `link → canonical form` and of `preset ⇒ its whole configuration`; only ever added to.
const GOLDEN: &str = include_str!("../data/links.txt");
/// Keys that came after the first presets were published, with the JSON of the value that changes nothing.
const LATER_KEYS: &[(&str, &str)] = &[
    ("aspect", "\"cosine\""),
    ("g", "\"none\""),
    ("grid", "41"),
    ("height", "\"tasks\""),
    ("noise", "0"),
    ("plane", "\"auto\""),
    ("sched", "\"constant\""),
    ("seeds", "1"),
    ("starts", "\"one\""),
    ("surface", "0"),
    ("warm", "0"),
    ("wd", "0"),
    ("x", "\"steps\""),
];

// ------------------------------------------------------------------ good links

#[track_caller]
fn read(text: &str) -> Parsed {
    match link::parse(text) {
        Ok(parsed) => parsed,
        Err(rejected) => panic!("{text}: {:?}", rejected.complaints),
    }
}

#[track_caller]
fn refuse(text: &str) -> Rejected {
    match link::parse(text) {
        Ok(parsed) => panic!("{text} was read as {}", link::write(&parsed.config)),
        Err(rejected) => rejected,
    }
}

#[test]
fn published_links_decode_the_same_for_ever() {
    let mut count = 0;
    for line in GOLDEN.lines().filter(|line| !line.starts_with("//") && !line.contains(" ⇒ ")) {
        let (given, canonical) = line.split_once(" → ").unwrap_or_else(|| panic!("no arrow in {line}"));
        let config = read(given).config;
        assert_eq!(link::write(&config), canonical, "{given}");
        assert_eq!(read(canonical).config, config, "{canonical}");
        count += 1;
    }
    assert!(count >= 25, "{count} golden links");
}

#[test]
fn published_presets_are_frozen() {
    for entry in PRESETS {
        let start = format!("{} ⇒ ", entry.id);
        let line = GOLDEN.lines().find_map(|line| line.strip_prefix(start.as_str()));
        let object = |text: &str| -> serde_json::Map<String, serde_json::Value> {
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{}: {error}", entry.id))
        };
        let ours = object(&link::to_json(&entry.config()));
        let mut frozen = object(line.unwrap_or_else(|| panic!("{} has no line", entry.id)));
        for (key, neutral) in LATER_KEYS {
            if ours.contains_key(*key) {
                frozen.entry(*key).or_insert_with(|| serde_json::from_str(neutral).expect("JSON"));
            }
        }
        assert_eq!(ours, frozen, "{}", entry.id);
    }
}

#[test]
fn golden_links_use_every_key() {
    for key in KEYS {
        let pair = format!("&{}=", key.name);
        assert!(key.name == "v" || GOLDEN.contains(&pair), "no golden link has {}", key.name);
    }
}

#[test]
fn two_sines_is_the_default_experiment() {
    let parsed = read("");
    assert!(parsed.notices.is_empty());
    let config = parsed.config;
    assert_eq!(link::write_unchecked(&config), "#v=1&p=two-sines");
    assert_eq!(config.data().expect("a data set").source.id, "two-sines");
    assert_eq!(config.loss_scales(), [1.0, 0.05]);
    assert_eq!(config.network().expect("a network").trunk, [4, 4]);
    assert!(config.network().expect("a network").head.is_empty());
    assert_eq!(config.network().expect("a network").activation, Activation::Tanh);
    assert_eq!(config.network().expect("a network").init, Init::Gains { first: 1.5, trunk: 1.2, head: 1.0 });
    assert_eq!(config.training.optimizer, Optimizer::Adam);
    assert_eq!((config.training.learning_rate, config.training.batch), (0.01, Batch::All));
    assert_eq!((config.training.steps, config.training.seed, config.view.step), (600, 4, 150));
    let ids: Vec<_> = config.runs.iter().map(|run| run.method.id).collect();
    assert_eq!(ids, ["sum", "pcgrad", "mgda", "nash_mtl"]);
    assert_eq!(config.backend, BackendChoice::Cpu);
}

#[test]
fn presets_are_sound() {
    for (at, entry) in PRESETS.iter().enumerate() {
        let config = entry.config();
        assert_eq!(config.check(), Ok(()), "{}", entry.id);
        assert_eq!(read(&link::write(&config)).config, config);
        assert_eq!(link::write_unchecked(&config), format!("#v=1&p={}", entry.id));
        assert_eq!(config.backend, BackendChoice::Cpu, "{}: presets pin their backend", entry.id);
        assert!(PRESETS[..at].iter().all(|earlier| earlier.id != entry.id));
        assert!(entry.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        assert!(!entry.label.is_empty() && entry.description.ends_with('.'));
        assert_eq!(preset(entry.id).map(|found| found.id), Some(entry.id));
    }
}

#[test]
fn keys_are_sound() {
    for (at, key) in KEYS.iter().enumerate() {
        assert!(KEYS[..at].iter().all(|earlier| earlier.name != key.name));
        assert!(key.name.bytes().all(|b| b.is_ascii_lowercase()) && key.name.len() <= 8);
        assert!(key.about.ends_with('.') && !key.label.is_empty(), "{}", key.name);
        if ["v", "p", CHECK_KEY].contains(&key.name) {
            continue;
        }
        // The example in the docs is one that works.
        let base = match key.name {
            "dk" => "v=1&p=two-labelings",
            "tasks" => "v=1&p=digits8",
            "start" => "v=1&p=toy",
            _ => "v=1&p=two-sines",
        };
        let config = read(&format!("{base}&{}={}", key.name, key.example)).config;
        assert_eq!(config.check(), Ok(()), "{}", key.name);
    }
}

#[test]
fn registries_fit_links() {
    let fits = |id: &str| id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    for method in METHODS {
        assert!(fits(method.id) && method.knobs.iter().all(|knob| fits(knob.name)), "{}", method.id);
    }
    for source in DATASETS {
        assert!(fits(source.id) && source.knobs.iter().all(|knob| fits(knob.name)), "{}", source.id);
        assert!(source.tasks.iter().all(|task| fits(task.id)), "{}", source.id);
        let other =
            PRESETS.iter().find(|preset| preset.config().data().is_some_and(|data| data.source.id != source.id));
        let other = other.expect("presets of two data sets").id;
        let config = read(&format!("v=1&p={other}&d={}", source.id)).config;
        assert_eq!(config.data(), Some(&DataConfig::new(source)));
    }
    assert!(VIEWS.iter().all(|view| fits(view) && *view != "overview"));
}

#[test]
fn a_link_is_found_inside_an_address_and_repaired() {
    let link = link::write(&read("v=1&p=two-sines&lr=.02&s=7").config);
    let wanted = read(&link).config;
    assert_eq!(wanted.training.seed, 7);
    let bare = link.trim_start_matches('#');
    let plain = [
        link.clone(),
        bare.into(),
        format!("https://example.org/sub/path/{link}"),
        format!("https://example.org/?utm_source=x{link}"),
        format!("  {link}\n"),
        format!("/?{bare}"),
    ];
    for text in plain {
        let parsed = read(&text);
        assert_eq!(parsed.config, wanted, "{text}");
        assert!(parsed.notices.is_empty(), "{text}: {:?}", parsed.notices);
    }
    let mangled = [
        format!("https://example.org/%23{bare}"),
        format!("/%2523{bare}"),
        format!("https://example.org/{bare}"),
        format!("https://example.org/#{}", bare.replace('=', "%3D").replace('&', "%26")),
        link.replace('&', "&amp;"),
        format!("{link}."),
        format!("{link})."),
        format!("#/{bare}"),
    ];
    for text in mangled {
        let parsed = read(&text);
        assert_eq!(parsed.config, wanted, "{text}");
        assert_eq!(parsed.notices.len(), 1, "{text}: {:?}", parsed.notices);
    }
    for text in ["https://example.org/", "https://example.org/#", "/", "#", "?", " "] {
        assert_eq!(read(text).config, default_preset().config(), "{text}");
    }
}

#[test]
fn unknown_keys_are_kept_with_a_notice() {
    let parsed = read("#v=1&p=wide-16&lesson=3&s=9&fbclid=Ab_-.~");
    assert_eq!(parsed.notices.len(), 2);
    assert!(parsed.notices[0].contains("lesson"));
    let written = link::write_keeping(&parsed.config, &parsed.unknown);
    assert!(written.starts_with("#v=1&p=wide-16&s=9&lesson=3&fbclid=Ab_-.~&h="), "{written}");
    assert_eq!(read(&written), parsed);
}

#[test]
fn a_link_without_preset_starts_from_the_default() {
    let parsed = read("#m=sum,mgda");
    assert_eq!(parsed.config.preset.id, default_preset().id);
    assert!(parsed.notices.is_empty(), "{:?}", parsed.notices);
    assert_eq!(read("#utm_source=mail").notices.len(), 1);
}

#[test]
fn links_are_short_and_end_in_a_letter_or_digit() {
    for entry in PRESETS {
        for seed in 0..500 {
            let mut config = entry.config();
            config.training.seed = seed;
            let link = link::write(&config);
            assert!(link.len() < 100);
            assert!(link.ends_with(|c: char| c.is_ascii_alphanumeric()), "{link}");
        }
    }
}

// ------------------------------------------------------------------- bad links

/// The complaint under `key` names all `parts`, and what could be read is a valid experiment.
#[track_caller]
fn check_complaint(text: &str, key: &str, parts: &[&str]) {
    let rejected = refuse(text);
    let Some(complaint) = rejected.complaints.iter().find(|complaint| complaint.key == key) else {
        panic!("{text}: no complaint about {key} in {:?}", rejected.complaints)
    };
    for part in parts {
        assert!(complaint.sentence.contains(part), "{text}: “{part}” is not in “{}”", complaint.sentence);
    }
    for complaint in &rejected.complaints {
        assert!(complaint.sentence.ends_with('.') && complaint.sentence.len() < 600, "{}", complaint.sentence);
    }
    if let Some(config) = &rejected.readable {
        assert_eq!(config.check(), Ok(()), "{text}");
    }
}

#[test]
fn every_fault_gets_its_sentence() {
    let cases: &[(&str, &str, &[&str])] = &[
        // Values out of range: the given and the allowed.
        ("lr=99", "lr", &["99", "0.000001 to 10"]),
        ("lr=0", "lr", &["0", "0.000001 to 10"]),
        ("lr=-.01", "lr", &["-.01", "0.000001 to 10"]),
        ("lr=NaN", "lr", &["NaN", "not a number"]),
        ("lr=inf", "lr", &["inf", "not a number"]),
        ("lr=1e999", "lr", &["1e999", "0.000001 to 10"]),
        ("lr=0.", "lr", &["0.", "not a number"]),
        ("lr=.01.1", "lr", &["not a number"]),
        ("clip=0", "clip", &["0.001 to 1000"]),
        ("clip=never", "clip", &["never", "not a number"]),
        ("net=1000000000", "net", &["1000000000", "1 to 1024"]),
        ("net=1000000000x1000000000", "net", &["1000000000", "1 to 1024"]),
        ("net=4x1000000000", "net", &["1000000000", "1 to 6"]),
        ("net=99999999999999999999999", "net", &["larger", "1 to 1024"]),
        ("net=4-4-4-4-4-4-4", "net", &["7 layers", "1 to 6"]),
        ("net=0", "net", &["0", "1 to 1024"]),
        ("net=4x0", "net", &["1 to 6"]),
        ("net=4x", "net", &["not a whole number"]),
        ("net=4-", "net", &["not a whole number"]),
        ("net=-4", "net", &["not a whole number"]),
        ("net=4.5", "net", &["4.5", "not a whole number"]),
        ("head=8x9", "head", &["9", "1 to 3"]),
        ("act=elu", "act", &["elu", "relu, tanh, gelu"]),
        ("init=xavier", "init", &["xavier", "fan-in"]),
        ("init=gains~1~2", "init", &["gains~1~2", "three numbers"]),
        ("init=gains~1~2~3~4", "init", &["three numbers"]),
        ("init=gains~1~2~300", "init", &["300", "0 to 10"]),
        ("opt=lion", "opt", &["lion", "adam, adamw, sgd"]),
        ("opt=sgd~1", "opt", &["1", "0 to 0.999"]),
        ("b=0", "b", &["0", "1 to 4096"]),
        ("b=some", "b", &["some", "whole number"]),
        ("st=0", "st", &["0", "1 to 20000"]),
        ("st=1000000000", "st", &["1000000000", "1 to 20000"]),
        ("st=6e2", "st", &["6e2", "whole number"]),
        ("s=4294967296", "s", &["4294967296", "0 to 4294967295"]),
        ("s=-1", "s", &["-1", "whole number"]),
        ("t=601", "t", &["601", "0 to 600"]),
        ("st=100&t=150", "t", &["150", "0 to 100"]),
        ("backend=tpu", "backend", &["tpu", "auto, cpu, gpu"]),
        ("theme=blue", "theme", &["blue", "light"]),
        ("view=cone", "view", &["cone", "losses"]),
        ("view=losses,losses", "view", &["losses", "twice"]),
        ("g=1,0", "g", &["1 row given", "2 tasks", "1,0~-.3,1"]),
        ("g=1,0~0,1~1,1", "g", &["3 rows given", "2 tasks"]),
        ("g=1,0,0~0,1", "g", &["row 1 has 3 numbers", "2 in each row"]),
        ("g=1,0~0", "g", &["row 2 has 1 number;", "2 in each row"]),
        ("g=1,NaN~0,1", "g", &["gradient 1", "NaN", "not a number"]),
        ("g=1,0~0,1e13", "g", &["gradient 2", "1e13", "-1000000000000 to 1000000000000"]),
        ("g=1,0~0,1e999", "g", &["gradient 2", "1e999"]),
        ("g=auto", "g", &["1 row"]),
        ("plane=sphere", "plane", &["sphere", "auto, parameters, pca, random"]),
        ("plane=pca~1", "plane", &["pca", "1 words", "none"]),
        ("plane=runs~1~2", "plane", &["runs", "2 words", "a run (or run-step)"]),
        ("plane=runs~1~2~5", "plane", &["a run is 5", "1 to 4"]),
        ("plane=runs~1~2~3-601", "plane", &["a step is 601", "0 to 600"]),
        ("plane=line~1-~2", "plane", &["a step", "not a whole number"]),
        ("plane=gradients~1~3", "plane", &["a task is 3", "1 to 2"]),
        ("plane=gradients~2~2", "plane", &["task 2 twice"]),
        ("plane=random~x", "plane", &["the seed", "x", "not a whole number"]),
        ("height=lowest", "height", &["lowest", "tasks, sum, max"]),
        ("height=field~5", "height", &["a run is 5", "1 to 4"]),
        ("height=field~1-100", "height", &["a run alone"]),
        ("height=sum~1", "height", &["sum", "nothing stands behind"]),
        ("grid=40", "grid", &["40", "11, 21, 41, 81, 161"]),
        ("surface=2", "surface", &["2", "0, 1"]),
        ("starts=two", "starts", &["two", "one, all"]),
        ("d=digits8&tasks=odd&g=1", "g", &["2 or 3 tasks", "here are 1"]),
        // Counts and lists.
        ("sc=1,1,1", "sc", &["3 given for 2 tasks"]),
        ("sc=1", "sc", &["1 given for 2 tasks"]),
        ("sc=1,0", "sc", &["0", "0.0001 to 10000"]),
        ("sc=1,", "sc", &["not a number"]),
        ("pref=.5,.5,0", "pref", &["3 given for 2 tasks"]),
        ("pref=.5,.9", "pref", &["1.4", "add up to 1"]),
        ("pref=2,-1", "pref", &["0 to 1"]),
        ("m=sum,sum,sum,sum,sum,sum,sum", "m", &["7 runs", "1 to 6"]),
        ("m=sum,pcgrad,mgda,na", "m", &["na", "nash_mtl"]),
        ("m=sum,", "m", &["no method “”"]),
        ("m=famo~gamma", "m", &["gamma", "no value"]),
        ("m=famo~beta~1", "m", &["famo", "beta", "gamma"]),
        ("m=sum~x~1", "m", &["sum", "no settings"]),
        ("m=mgda~mod~nope", "m", &["mgda", "no modifier “nope”", "unit, pref, smooth"]),
        ("m=mgda~mod", "m", &["mgda", "no modifier stands after mod~"]),
        ("m=mgda~mod~smooth~by~2", "m", &["share of the past", "2", "0.999"]),
        ("m=mgda~mod~unit~by~2", "m", &["unit", "has no setting"]),
        ("m=mgda~mod~smooth~by", "m", &["smooth", "none is given"]),
        ("m=mgda~by~2", "m", &["by~ stands behind no modifier"]),
        ("m=uw~mod~heads", "m", &["uw", "already"]),
        ("m=graddrop~mod~smooth", "m", &["graddrop", "has no weights"]),
        ("m=graddrop_ub~mod~log", "m", &["graddrop_ub", "shared features"]),
        ("m=mgda~mod~unit~mod~log~mod~unit", "m", &["mgda", "unit stands twice"]),
        ("m=graddrop~mod~smooth", "m", &["graddrop", "single coordinates"]),
        ("m=famo~gamma~1e9", "m", &["gamma", "1e9", "0 to 1"]),
        ("m=famo~gamma~.1~gamma~.2", "m", &["gamma", "twice"]),
        ("p=three-sines", "p", &["three-sines", "two-sines"]),
        ("d=imagenet", "d", &["imagenet", "two-sines"]),
        ("tasks=sin-x3", "tasks", &["sin-x3", "sin-x1"]),
        ("tasks=sin-x1,sin-x1", "tasks", &["sin-x1", "twice"]),
        ("noise=.6", "noise", &[".6", "0 to 0.5"]),
        ("noise=-.1", "noise", &["-.1", "0 to 0.5"]),
        ("noise=some", "noise", &["some", "not a number"]),
        ("d=multitab&dk=p~-.6", "dk", &["multitab", "-0.6", "-0.5 to 1", "3 directions"]),
        ("d=multitab&dk=p~-.3&tasks=y1,y2,y3,y4,y5", "dk", &["-0.3", "-0.25 to 1", "fewer tasks"]),
        ("dk=angle~60", "dk", &["angle", "no settings"]),
        ("d=two-labelings&dk=angle~999", "dk", &["999", "0 to 180"]),
        ("d=two-labelings&dk=points~20.5", "dk", &["20.5", "whole"]),
        ("d=two-labelings&dk=angle", "dk", &["angle", "no value"]),
        ("d=digits8&tasks=odd,ge5,prime&sc=1,2", "sc", &["2 given for 3 tasks"]),
        // The text itself.
        ("lr", "lr", &["lr", "cut"]),
        ("lr=", "lr", &["lr=", "cut"]),
        ("=5", "", &["=5", "key"]),
        ("lr=.1&", "", &["&", "cut"]),
        ("lr=.1&&s=1", "", &["&"]),
        ("lr=.1&lr=.2", "lr", &["twice", ".1", ".2"]),
        ("x=1&x=2", "x", &["twice"]),
        ("s=7<script>", "", &["<", "A–Z"]),
        ("s=7%zz", "", &["%"]),
        ("s=７", "", &["position"]),
        ("v=0", "v", &["0", "version 1"]),
        ("v=one", "v", &["one", "version 1"]),
        ("h=abc", "h", &["cut short"]),
        ("h=000000", "h", &["does not match"]),
        ("h=0000000000", "h", &["does not match"]),
        // Convolutions.
        ("net=c10-50", "net", &["Two sines", "no images"]),
        ("p=digits8&net=c10-c20-50", "net", &["8 × 8", "2 × 2", "6 × 6"]),
        ("p=digits8&net=c10", "net", &["no plain layer", "c10-c20-50"]),
        ("p=digits8&net=c10-", "net", &["width"]),
        ("p=digits8&net=50-c10", "net", &["come first"]),
        ("p=digits8&net=c0-50", "net", &["filters", "0", "1 to 64"]),
        ("p=digits8&net=cc-50", "net", &["“c”"]),
        ("p=digits8&net=c1-c1-c1-c1-50", "net", &["4 convolutions", "at most 3"]),
        ("p=lenet&net=c64-c64-50&b=512&st=1000", "st", &["at every place"]),
        // Each value in range, together too much.
        ("d=multimnist&net=512x6&b=4096&st=20000", "st", &["work"]),
        ("d=two-labelings&net=1024x6&tasks=line1,line2,line3,line4,line5,line6", "net", &["parameters"]),
    ];
    for (text, key, parts) in cases {
        let mut text = text.to_string();
        for (name, value) in [("p", "two-sines"), ("v", "1")] {
            if !text.split('&').any(|pair| pair.starts_with(&format!("{name}="))) {
                text = format!("{name}={value}&{text}");
            }
        }
        check_complaint(&format!("#{text}"), key, parts);
    }
}

#[test]
fn a_wrong_checksum_is_damage_and_what_was_read_is_offered() {
    let link = link::write(&read("v=1&p=two-sines&net=6x2&s=12").config);
    let rejected = refuse(&link.replace("net=6x2", "net=7x2"));
    assert_eq!(rejected.cause, Cause::Damaged);
    assert_eq!(rejected.complaints.len(), 1);
    let readable = rejected.readable.expect("all values were in range");
    assert_eq!(readable.network().expect("a network").trunk, [7, 7]);
    assert!(rejected.read.contains(&("shared layers", "7x2".into())));
    assert!(!rejected.cause.headline().is_empty());
}

#[test]
fn every_cut_is_noticed_or_leaves_a_whole_link() {
    let link = link::write(&read("v=1&p=two-sines&net=6x2&sc=1,.25&m=sum,famo~gamma~.01,mgda&st=400&t=120").config);
    let whole = link.len() - "&h=000000".len();
    for end in whole + 1..link.len() {
        refuse(&link[..end]);
    }
    // One changed character, anywhere.
    for at in 1..link.len() {
        let other = if &link[at..=at] == "7" { "8" } else { "7" };
        let changed = format!("{}{other}{}", &link[..at], &link[at + 1..]);
        // The `h` of `h=` itself may turn the checksum into an unknown key.
        assert!(link::parse(&changed).is_err() || changed.contains("&7="), "{changed}");
    }
}

#[test]
fn newer_versions_are_not_guessed_at() {
    for text in ["#v=2&p=two-sines", "#v=17&q=1&z", "#v=2&p=two-sines&lr=99&h=000000"] {
        let rejected = refuse(text);
        assert_eq!(rejected.cause, Cause::NewerVersion, "{text}");
        assert_eq!(rejected.complaints.len(), 1);
        assert!(rejected.readable.is_none());
    }
}

#[test]
fn huge_texts_are_refused_before_any_work() {
    let huge = format!("#v=1&p=two-sines&m={}", "sum,".repeat(2_500_000));
    let start = refuse(&huge);
    assert_eq!(start.cause, Cause::TooLong);
    assert!(start.complaints[0].sentence.contains("10000019 characters"), "{:?}", start.complaints);
    assert!(start.received.len() <= 400 && start.readable.is_none());
    let json = link::from_json(&format!("{{\"m\":\"{huge}\"}}")).expect_err("10 MB");
    assert_eq!(json.cause, Cause::TooLong);
    // Just below the limit, made to yield as many complaints as possible.
    for unit in ["&", "a&", "a=&", "m=a&", "=", "%", "m=sum,", "x=1&", "~", "é"] {
        let text = format!("#v=1&p=two-sines&{}", unit.repeat(7_900 / unit.len()));
        assert!(link::parse(&text).is_err(), "{unit}");
    }
}

#[test]
fn what_cannot_be_anchored_is_not_offered() {
    assert!(refuse("#v=1&p=lost&net=6x2").readable.is_none());
    assert!(refuse("#v=1&p=multimnist&net=1024x6&b=4096&st=20000").readable.is_none());
    let some = refuse("#v=1&p=two-sines&m=ls,pcgrad,mgda,na").readable.expect("two methods were read");
    let ids: Vec<_> = some.runs.iter().map(|run| run.method.id).collect();
    assert_eq!(ids, ["pcgrad", "mgda"]);
}

#[test]
fn loaded_data_are_held_against_the_configuration() {
    let config = read("v=1&p=digits8&b=512").config;
    assert_eq!(config.check_loaded(64, 1293), Ok(()));
    let complaint = config.check_loaded(64, 200).expect_err("more rows than there are");
    assert_eq!(complaint.key, "b");
    assert!(complaint.sentence.contains("512") && complaint.sentence.contains("200"));
    let wide = read("v=1&p=digits8&net=1024&b=4096").config;
    assert_eq!(wide.check_loaded(8, 10_000), Ok(()));
    assert_eq!(wide.check_loaded(100_000, 10_000).map_err(|c| c.key), Err("net".into()));
    let all = read("v=1&p=two-sines&net=256x4&st=9000").config;
    assert_eq!(all.check_loaded(2, 256), Ok(()));
    assert_eq!(all.check_loaded(2, 5_000).map_err(|c| c.key), Err("st".into()));
}

#[test]
fn parameters_are_counted() {
    assert_eq!(read("v=1&p=two-sines").config.n_parameters(2), f64::from(3 * 4 + 5 * 4 + 2 * 5));
    let multimnist = read("v=1&p=multimnist").config;
    assert_eq!(multimnist.n_parameters(324), f64::from(325 * 256 + 257 * 128 + 2 * 129 * 10));
}

// ------------------------------------------------------------------------ JSON

#[test]
fn json_comes_back() {
    for entry in PRESETS {
        let config = entry.config();
        let json = link::to_json(&config);
        assert_eq!(link::from_json(&json).map(|parsed| parsed.config), Ok(config.clone()), "{json}");
        assert_eq!(link::read(&json).map(|parsed| parsed.config), Ok(config.clone()));
        assert_eq!(link::read(&link::write(&config)).map(|parsed| parsed.config), Ok(config));
    }
    let json = link::to_json(&default_preset().config());
    for part in [r#""v":1"#, r#""sc":[1,0.05]"#, r#""net":"4x2""#, r#""m":["sum","pcgrad","mgda","nash_mtl"]"#] {
        assert!(json.contains(part), "{part} is not in {json}");
    }
}

#[track_caller]
fn check_json_complaint(json: &str, key: &str, part: &str) {
    let rejected = link::from_json(json).expect_err(json);
    let found = rejected.complaints.iter().any(|c| c.key == key && c.sentence.contains(part));
    assert!(found, "{json}: {:?}", rejected.complaints);
}

#[test]
fn json_has_the_same_validator() {
    let parsed = link::from_json(r#"{"p":"two-sines","lr":0.02,"m":["sum","famo~gamma~.01"],"st":300}"#);
    let config = parsed.expect("all is right").config;
    assert_eq!((config.training.learning_rate, config.training.steps, config.runs.len()), (0.02, 300, 2));
    check_json_complaint(r#"{"v":2}"#, "v", "version 2");
    check_json_complaint(r#"{"p":"two-sines","lr":99}"#, "lr", "0.000001 to 10");
    check_json_complaint(r#"{"p":"two-sines","lr":null}"#, "lr", "neither");
    check_json_complaint(r#"{"p":"two-sines","m":[]}"#, "m", "neither");
    check_json_complaint(r#"{"p":"two-sines","m":[["sum"]]}"#, "m", "neither");
    check_json_complaint(r#"{"p":"two-sines","m":"sum&lr=1"}"#, "m", "neither");
    check_json_complaint(r#"{"p":"two-sines","sc":[1,2,3]}"#, "sc", "3 given for 2 tasks");
    check_json_complaint(r#"{"p":"two-sines","lr":1e999}"#, "", "JSON");
    check_json_complaint(r#"["p"]"#, "", "JSON");
    check_json_complaint(r#"{"p""#, "", "JSON");
    check_json_complaint(&"[".repeat(60_000), "", "JSON");
}

// ----------------------------------------------------------------------- edits

#[track_caller]
fn edited(from: &str, edit: Edit) -> String {
    let config = read(from).config;
    match config.apply(&edit) {
        Ok(next) => link::write_unchecked(&next),
        Err(complaint) => format!("{}: {complaint}", complaint.key),
    }
}

#[track_caller]
fn check_edit(from: &str, edit: Edit, to: &str) {
    assert_eq!(edited(&format!("#v=1&p={from}"), edit), format!("#v=1&p={to}"));
}

#[track_caller]
fn check_refused(from: &str, edit: Edit, key: &str) {
    let outcome = edited(&format!("#v=1&p={from}"), edit);
    assert!(outcome.starts_with(&format!("{key}: ")), "{outcome}");
}

#[test]
fn edits_keep_the_configuration_valid() {
    let word = String::from;
    check_edit("two-sines&lr=.5&theme=dark", Edit::Preset(word("wide-16")), "wide-16&theme=dark");
    check_edit("two-sines&backend=gpu", Edit::Preset(word("multimnist")), "multimnist&backend=gpu");
    check_edit("two-sines", Edit::Data(word("digits8")), "two-sines&d=digits8&b=256");
    check_edit("digits8&pref=.2,.8", Edit::Data(word("two-labelings")), "digits8&d=two-labelings&b=all");
    check_edit("two-labelings", Edit::DataKnob { knob: 0, value: 60.0 }, "two-labelings&dk=angle~60");
    check_edit("digits8&sc=1,3", Edit::Tasks(vec![2, 4]), "digits8&tasks=ge5,prime&sc=3,1");
    check_edit("digits8&pref=.2,.8", Edit::ToggleTask(3), "digits8&tasks=odd,ge5,loop");
    check_edit("digits8&sc=2,3", Edit::ToggleTask(1), "digits8&tasks=ge5&sc=3");
    check_edit("two-sines", Edit::LabelNoise(0.25), "two-sines&noise=.25");
    check_edit("digits8&noise=.1", Edit::ToggleTask(3), "digits8&tasks=odd,ge5,loop&noise=.1");
    check_edit("digits8&noise=.1", Edit::Data(word("census")), "digits8&d=census");
    check_edit("two-sines&d=multitab", Edit::DataKnob { knob: 0, value: -0.5 }, "two-sines&d=multitab&dk=p~-.5");
    check_edit("two-sines", Edit::LossScale { position: 1, scale: 1.0 }, "two-sines&sc=1,1");
    check_edit("two-sines", Edit::Width(16), "two-sines&net=16x2");
    check_edit("multimnist", Edit::Depth(3), "multimnist&net=256-128-128");
    check_edit("multimnist", Edit::Depth(1), "multimnist&net=256");
    check_edit("two-sines", Edit::Trunk(vec![8, 6]), "two-sines&net=8-6");
    check_edit("digits8", Edit::Filters(vec![7]), "digits8&net=c7-64x2");
    check_edit("digits8&net=c7-64x2", Edit::Width(8), "digits8&net=c7-8x2");
    check_edit("digits8&net=c7-64x2", Edit::Depth(1), "digits8&net=c7-64");
    check_edit("digits8&net=c7-64x2", Edit::Filters(vec![]), "digits8");
    // Convolutions that another set has no images for, or too small ones, go with the old set.
    check_edit("lenet", Edit::Data(word("digits8")), "lenet&d=digits8");
    check_edit("lenet", Edit::Data(word("census")), "lenet&d=census");
    check_edit("two-sines", Edit::Head(vec![8]), "two-sines&head=8");
    check_edit("two-sines", Edit::Activation(Activation::Relu), "two-sines&act=relu");
    check_edit("two-sines", Edit::Init(Init::FanIn), "two-sines&init=fan-in");
    check_edit("two-sines", Edit::Optimizer(Optimizer::Sgd { momentum: 0.5 }), "two-sines&opt=sgd~.5");
    check_edit("two-sines&opt=sgd", Edit::Momentum(0.9), "two-sines&opt=sgd~.9");
    check_edit("two-sines", Edit::LearningRate(0.03), "two-sines&lr=.03");
    check_edit("two-sines", Edit::Clip(Some(1.0)), "two-sines&clip=1");
    check_edit("two-sines", Edit::Seeds(5), "two-sines&seeds=5");
    check_edit("two-sines&seeds=20", Edit::Seeds(1), "two-sines");
    check_refused("two-sines", Edit::Seeds(21), "seeds");
    check_edit("two-sines", Edit::Activation(Activation::Gelu), "two-sines&act=gelu");
    check_edit("two-sines", Edit::Optimizer(Optimizer::AdamW), "two-sines&opt=adamw");
    check_edit("two-sines&opt=adamw", Edit::WeightDecay(0.01), "two-sines&opt=adamw&wd=.01");
    let schedule = |warm_up, decay| Edit::Schedule(Schedule { warm_up, decay });
    check_edit("two-sines", schedule(0, Decay::Cosine), "two-sines&sched=cosine");
    check_edit("two-sines&sched=linear", schedule(50, Decay::Linear), "two-sines&sched=linear&warm=50");
    let steps = Decay::Steps { factor: 0.5, every: 200 };
    check_edit("two-sines&warm=7", schedule(0, steps), "two-sines&sched=steps~.5~200");
    check_refused("two-sines", schedule(0, Decay::Steps { factor: 2.0, every: 9 }), "sched");
    check_refused("two-sines", Edit::WeightDecay(-0.1), "wd");
    check_refused("two-sines&opt=adamw", Edit::Momentum(0.9), "opt");
    check_edit("two-sines", Edit::Batch(Batch::Rows(32)), "two-sines&b=32");
    check_edit("two-sines", Edit::Steps(100), "two-sines&st=100");
    check_edit("two-sines&st=900&t=800", Edit::Steps(700), "two-sines&st=700&t=700");
    check_edit("two-sines", Edit::Seed(9), "two-sines&s=9");
    check_edit("two-sines", Edit::AddRun(word("famo")), "two-sines&m=sum,pcgrad,mgda,nash_mtl,famo");
    check_edit("two-sines", Edit::RemoveRun(1), "two-sines&m=sum,mgda,nash_mtl");
    check_edit("two-sines", Edit::ToggleMethod(word("sum")), "two-sines&m=pcgrad,mgda,nash_mtl");
    check_edit("two-sines&m=sum", Edit::ToggleMethod(word("mgda")), "two-sines&m=sum,mgda");
    check_edit("two-sines&m=sum,mgda", Edit::ReplaceRun { run: 0, method: word("uw") }, "two-sines&m=uw,mgda");
    check_edit("two-sines", Edit::Methods(vec![word("famo~gamma~.5")]), "two-sines&m=famo~gamma~.5");
    check_edit("two-sines", Edit::Preference(Some(vec![0.25, 0.75])), "two-sines&pref=.25,.75");
    check_edit("two-sines&pref=.3,.7", Edit::Preference(None), "two-sines");
    check_edit("two-sines", Edit::Backend(BackendChoice::Gpu), "two-sines&backend=gpu");
    check_edit("two-sines", Edit::ViewStep(0), "two-sines&t=0");
    check_edit("two-sines", Edit::Views(vec![word("front")]), "two-sines&view=front");
    check_edit("two-sines", Edit::Theme(Some(Theme::Dark)), "two-sines&theme=dark");
    check_edit("two-sines", Edit::Gradients(Some(vec![1.0, 0.0, -0.3, 1.0])), "two-sines&g=1,0~-.3,1");
    check_edit("two-sines&g=1,0~0,1", Edit::Gradients(None), "two-sines");
    check_edit("two-sines&g=1,0~0,1", Edit::Seed(9), "two-sines&s=9&g=1,0~0,1");
    check_edit("digits8&g=1,0~0,1", Edit::ToggleTask(3), "digits8&tasks=odd,ge5,loop");
    check_edit("digits8&g=1,0~0,1", Edit::Tasks(vec![2, 4]), "digits8&tasks=ge5,prime&g=1,0~0,1");
    check_refused("two-sines", Edit::Gradients(Some(vec![1.0; 9])), "g");
    check_refused("two-sines", Edit::Gradients(Some(vec![f64::NAN; 4])), "g");
    check_refused("digits8&tasks=odd", Edit::Gradients(Some(vec![1.0])), "g");
    let gamma = METHODS.iter().find(|m| m.id == "famo").and_then(|m| m.knobs.iter().position(|k| k.name == "gamma"));
    let knob = gamma.expect("FAMO has γ");
    let edit = |value| Edit::RunKnob { run: 0, knob, value };
    check_edit("two-sines&m=famo", edit(0.25), "two-sines&m=famo~gamma~.25");
    check_refused("two-sines&m=famo", edit(7.0), "m");
    check_refused("two-sines", Edit::Preset(word("none")), "p");
    check_refused("two-sines", Edit::Data(word("none")), "d");
    check_refused("two-sines", Edit::DataKnob { knob: 0, value: 1.0 }, "dk");
    check_refused("two-sines&d=multitab", Edit::DataKnob { knob: 0, value: -0.51 }, "dk");
    check_refused("two-sines&d=multitab&dk=p~-.5", Edit::ToggleTask(3), "dk");
    check_refused("two-sines", Edit::LabelNoise(0.6), "noise");
    check_refused("two-sines", Edit::LabelNoise(f64::NAN), "noise");
    check_refused("toy", Edit::LabelNoise(0.1), "d");
    check_refused("two-sines", Edit::Tasks(vec![]), "tasks");
    check_refused("two-sines", Edit::Tasks(vec![0, 9]), "tasks");
    check_refused("two-sines", Edit::Tasks(vec![0, 0]), "tasks");
    check_refused("digits8&tasks=odd", Edit::ToggleTask(1), "tasks");
    check_refused("two-sines", Edit::LossScale { position: 1, scale: f64::NAN }, "sc");
    check_refused("two-sines", Edit::LossScale { position: 5, scale: 1.0 }, "sc");
    check_refused("two-sines", Edit::Width(0), "net");
    check_refused("two-sines", Edit::Depth(0), "net");
    check_refused("two-sines", Edit::Depth(usize::MAX), "net");
    check_refused("two-sines", Edit::Momentum(0.9), "opt");
    check_refused("two-sines", Edit::LearningRate(f64::INFINITY), "lr");
    check_refused("two-sines", Edit::Steps(0), "st");
    check_refused("two-sines", Edit::ViewStep(601), "t");
    check_refused("two-sines", Edit::AddRun(word("none")), "m");
    check_refused("two-sines&m=sum,sum,sum,sum,sum,sum", Edit::AddRun(word("sum")), "m");
    check_refused("two-sines&m=sum", Edit::RemoveRun(0), "m");
    check_refused("two-sines&m=sum,sum", Edit::ToggleMethod(word("sum")), "m");
    check_refused("two-sines", Edit::Methods(vec![]), "m");
    check_refused("two-sines", Edit::Methods(vec![word("sum,mgda")]), "m");
    check_refused("two-sines", Edit::Preference(Some(vec![1.0])), "pref");
    check_refused("two-sines", Edit::Views(vec![word("cone")]), "view");
}

#[test]
fn only_what_trains_needs_a_restart() {
    let old = read("v=1&p=two-sines").config;
    let check = |edit: Edit, restart: bool| {
        let new = old.apply(&edit).expect("a valid edit");
        assert_eq!(needs_restart(&old, &new), restart, "{edit:?}");
    };
    check(Edit::ViewStep(3), false);
    check(Edit::Theme(Some(Theme::Light)), false);
    check(Edit::Gradients(Some(vec![0.0; 4])), false);
    check(Edit::Views(vec!["front".into()]), false);
    check(Edit::Map(read("#plane=random~7&height=conflict&grid=81&surface=1&starts=all").config.view.map), false);
    check(Edit::Seed(old.training.seed), false);
    check(Edit::Seed(8), true);
    check(Edit::LabelNoise(0.0), false);
    check(Edit::LabelNoise(0.1), true);
    check(Edit::Backend(BackendChoice::Gpu), true);
    check(Edit::RemoveRun(0), true);
    check(Edit::Way { run: 0, learner: Some("pamal".into()) }, true);
}

#[test]
fn a_preference_that_nobody_heeds_needs_no_restart() {
    let check = |m: &str, restart: bool| {
        let old = read(&format!("v=1&p=two-sines&m={m}")).config;
        let new = old.apply(&Edit::Preference(Some(vec![0.25, 0.75]))).expect("a valid preference");
        assert_eq!(needs_restart(&old, &new), restart, "{m}");
        let other = old.apply(&Edit::Seed(9)).and_then(|other| other.apply(&Edit::Preference(Some(vec![0.25, 0.75]))));
        assert!(needs_restart(&old, &other.expect("a valid seed")), "{m}");
    };
    check("sum,mgda", false);
    check("sum,tchebycheff", true);
    check("sum~mod~pref,mgda", true);
    check("sum~way~pamal,mgda", false);
    check("tchebycheff~way~pamal,sum", false);
    check("tchebycheff~way~pamal,stch", true);
}

#[test]
fn manifolds_are_written_behind_everything_else() {
    let text = "#v=1&p=two-sines&m=sum~way~pamal~p~.50~draws~4~order~2~balance~ratio,\
                pnorm~p~3~mod~unit~way~pamal~sign~code~order~1~draws~3,sum~way~pamal~balance~none";
    let config = read(text).config;
    let runs = "m=sum~way~pamal~p~.5~draws~4~order~2~balance~ratio,\
                pnorm~p~3~mod~unit~way~pamal~draws~3~order~1~sign~code,sum~way~pamal";
    assert!(link::write(&config).contains(runs), "{}", link::write(&config));
    let names: Vec<String> = (0..3).map(|run| name_of_run(&config, run)).collect();
    let sum = METHODS[0].label;
    assert!(names[0].starts_with("PaMaL concentration of drawn preferences 0.5"), "{names:?}");
    assert!(names[0].ends_with(&format!("balancing ratio · {sum}")), "{names:?}");
    assert_eq!(names[2], format!("PaMaL · {sum}"));
    // A single point beside a manifold of the same method is another run.
    assert!(config.runs[0] != config.runs[2] && config.runs[2] != RunConfig::new(&METHODS[0]));
    assert_eq!(read(&link::write(&config)).config, config);
}

#[test]
fn manifolds_that_make_no_sense_are_refused() {
    let refused = |rest: &str, what: &str| {
        let rejected = refuse(&format!("#v=1&p=two-sines&{rest}"));
        let [complaint] = &rejected.complaints[..] else { panic!("{rest}: {:?}", rejected.complaints) };
        assert!(complaint.key == "m" && complaint.sentence.contains(what), "{rest}: {}", complaint.sentence);
    };
    refused("m=sum~way~lora", "no way to train a front");
    refused("m=sum~way", "no way to train a front");
    refused("m=sum~way~pamal~q~3", "no setting");
    refused("m=sum~way~pamal~p~0", "out of range");
    refused("m=sum~way~pamal~mod~unit", "no setting");
    refused("m=moco~way~pamal", "over steps");
    refused("m=modo~way~pamal", "several batches");
    refused("m=auto_lambda~way~pamal", "one step ahead");
    refused("m=excess_mtl~way~pamal", "adds up");
    refused("m=graddrop_ub~way~pamal", "shared features");
    refused("m=sum~mod~sam~way~pamal", "single network");
    refused("m=mgda~mod~smooth~way~pamal", "remembers weights");
    refused("m=mgda~mod~pref~way~pamal", "already");
    refused("m=sum~way~pamal~order~1", "Set draws");
    refused("m=graddrop~way~pamal~order~1~draws~2", "single coordinates");
    refused("m=stch~way~pamal~balance~norm", "heeds the preference");
    refused("tasks=sin-x1&m=sum~way~pamal", "fronts of 2 to 4 tasks");
    // A preset's own runs are held to the tasks that the link chooses.
    let old = read("#v=1&p=two-sines&m=sum~way~pamal").config;
    assert_eq!(old.apply(&Edit::ToggleTask(0)).map_err(|complaint| complaint.key), Err("m".to_string()));
}

#[test]
fn edits_choose_what_a_run_trains() {
    let way = |learner: Option<&str>| Edit::Way { run: 0, learner: learner.map(String::from) };
    let knob = Edit::LearnerKnob { run: 0, knob: 1, value: 3.0 };
    check_edit("two-sines&m=sum", way(Some("pamal")), "two-sines&m=sum~way~pamal");
    check_edit("two-sines&m=sum~way~pamal~p~3", way(None), "two-sines&m=sum");
    check_edit("two-sines&m=sum~way~pamal", knob.clone(), "two-sines&m=sum~way~pamal~draws~3");
    check_refused("two-sines&m=sum", knob, "m");
    check_refused("two-sines&m=sum", way(Some("lora")), "m");
    check_refused("two-sines&m=moco", way(Some("pamal")), "m");
    check_refused("two-sines&m=sum~way~pamal", Edit::LearnerKnob { run: 0, knob: 1, value: 2.5 }, "m");
}

#[test]
fn a_map_of_what_is_gone_is_the_one_that_suits() {
    let there = read("v=1&p=two-sines&plane=runs~1~2~4-500&height=field~4&grid=81").config;
    assert_eq!(there.plane().source.id, there.view.map.plane.as_ref().expect("a plane").source.id);
    let fewer = there.apply(&Edit::RemoveRun(1)).expect("three runs stay").view.map;
    assert_eq!(fewer, MapConfig { side: 81, ..MapConfig::default() });
    let shorter = there.apply(&Edit::Steps(400)).expect("fewer steps").view.map;
    assert_eq!((shorter.plane, shorter.height), (None, there.view.map.height));
    let wrong = Edit::Map(MapConfig { side: 12, ..MapConfig::default() });
    assert_eq!(there.apply(&wrong).expect_err("no such side").key, "grid");
    // Other starts are those of two parameters, without the one that the runs have.
    let others = |link: &str| read(link).config.other_starts().iter().map(|start| start.id).collect::<Vec<_>>();
    assert_eq!(others("v=1&p=toy"), ["upper-left", "origin", "left", "right", "lower-left"]);
    assert_eq!(others("v=1&p=toy&start=1,2").len(), 6);
    assert_eq!(others("v=1&p=toy&d=dtlz2"), Vec::<&str>::new());
    assert!(read("v=1&p=toy&starts=all").config.wanders() && !read("v=1&p=toy").config.wanders());
    assert!(!read("v=1&p=two-sines&starts=all").config.wanders(), "a network has no named starts");
    // What suits: nothing is projected where there are two parameters.
    assert!(read("v=1&p=toy").config.plane().source.suits_exact);
    assert!(!read("v=1&p=toy&d=zdt1").config.plane().source.suits_exact);
}

#[test]
fn convolutions_are_written_before_the_layers() {
    let lenet = read("v=1&p=lenet").config;
    let network = lenet.network().expect("a network");
    assert_eq!((&network.filters[..], &network.trunk[..], &network.head[..]), (&[10, 20][..], &[50][..], &[50][..]));
    assert_eq!(lenet.n_parameters(784), 21_330.0 + 2.0 * 3_060.0);
    assert_eq!(link::write(&lenet), link::write(&read("v=1&p=lenet&net=c10-c20-50").config));
    assert!(link::write(&read("v=1&p=lenet&net=c3-8x2").config).contains("&net=c3-8x2&"));
    assert!(link::write(&read("v=1&p=lenet&net=64").config).contains("&net=64&"));
    let told = differences(&read("v=1&p=lenet&net=c3-8x2").config, &lenet);
    assert_eq!(told, ["shared layers c3-8x2"]);
    // Three go over the largest images only.
    assert!(link::parse("#v=1&p=lenet&dk=size~36&net=c2-c2-c2-8").is_ok());
    refuse("v=1&p=lenet&net=c2-c2-c2-8");
}

#[test]
fn runs_are_named_by_what_differs() {
    let config = read("v=1&p=two-sines&m=pcgrad,famo~gamma~.01,famo,pcgrad").config;
    let names: Vec<_> = (0..5).map(|at| name_of_run(&config, at)).collect();
    assert_eq!(names[0], "PCGrad");
    assert!(names[1].starts_with("FAMO ") && names[1].ends_with(" 0.01"), "{}", names[1]);
    assert_eq!(names[2..], ["FAMO", "PCGrad (2)", ""]);
}

#[test]
fn a_preference_is_normalized() {
    let config = read("v=1&p=two-sines&pref=.33,.66").config;
    let preference = config.preference();
    assert!((preference.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert_eq!(read("v=1&p=two-sines").config.preference(), [0.5, 0.5]);
}

// ------------------------------------------------------------------- at random

/// A number in range, of any number of digits.
fn within(low: f64, high: f64, integer: bool) -> impl Strategy<Value = f64> {
    let exact = (0.0..=1.0_f64).prop_map(move |u| (low + u * (high - low)).clamp(low, high));
    let short = (0..=20_u32).prop_map(move |n| (low + f64::from(n) / 20.0 * (high - low)).clamp(low, high));
    prop_oneof![exact, short].prop_map(move |x| if integer { x.round().clamp(low, high) } else { x })
}

fn knobs(knobs: &'static [paretoscope::balance::Knob]) -> impl Strategy<Value = Vec<f64>> {
    let one = |knob: &paretoscope::balance::Knob| {
        let any = within(knob.min, knob.max, knob.scale.is_whole());
        prop_oneof![Just(knob.default), any].boxed()
    };
    knobs.iter().map(one).collect::<Vec<_>>()
}

fn data_config() -> impl Strategy<Value = DataConfig> {
    (0..DATASETS.len()).prop_flat_map(|at| {
        let source = &DATASETS[at];
        let all: Vec<usize> = (0..source.tasks.len()).collect();
        let most = all.len().min(*TASKS.end());
        let tasks = proptest::sample::subsequence(all, 1..=most).prop_shuffle();
        let wrong = prop_oneof![Just(0.0), within(*LABEL_NOISE.start(), *LABEL_NOISE.end(), false)];
        (knobs(source.knobs), tasks, wrong).prop_flat_map(move |(knobs, tasks, label_noise)| {
            let k = tasks.len();
            let fitting = source.check_limit(&knobs, k).is_ok();
            let knobs = if fitting { knobs } else { source.default_knobs() };
            let scale = within(*LOSS_SCALE.start(), *LOSS_SCALE.end(), false);
            let scales = proptest::collection::vec(prop_oneof![Just(1.0), scale], k);
            scales.prop_map(move |loss_scales| DataConfig {
                source,
                knobs: knobs.clone(),
                tasks: tasks.clone(),
                label_noise,
                loss_scales,
            })
        })
    })
}

fn network() -> impl Strategy<Value = NetworkConfig> {
    let gain = || within(0.0, 10.0, false);
    let init = prop_oneof![
        Just(Init::FanIn),
        (gain(), gain(), gain()).prop_map(|(first, trunk, head)| Init::Gains { first, trunk, head }),
    ];
    let width = || prop_oneof![Just(4_u32), 1..=96_u32];
    (
        proptest::collection::vec(FILTERS, CONVOLUTIONS),
        proptest::collection::vec(width(), TRUNK_LAYERS),
        proptest::collection::vec(width(), HEAD_LAYERS),
        prop_oneof![Just(Activation::Relu), Just(Activation::Tanh)],
        init,
    )
        .prop_map(|(filters, trunk, head, activation, init)| NetworkConfig {
            filters,
            trunk,
            head,
            activation,
            init,
        })
}

fn analytic_config() -> impl Strategy<Value = AnalyticConfig> {
    (0..PROBLEMS.len()).prop_flat_map(|at| {
        let problem = &PROBLEMS[at];
        let coordinate = within(problem.bounds.low, problem.bounds.high, false);
        let start = prop_oneof![
            (0..problem.starts.len()).prop_map(|at| problem.starts[at].x.to_vec()),
            proptest::collection::vec(coordinate, problem.n_parameters),
        ];
        let scale = within(*LOSS_SCALE.start(), *LOSS_SCALE.end(), false);
        let scales = proptest::collection::vec(prop_oneof![Just(1.0), scale], problem.n_tasks());
        (start, scales).prop_map(move |(start, loss_scales)| AnalyticConfig { problem, start, loss_scales })
    })
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        3 => (data_config(), network()).prop_map(|(data, mut network)| {
            // As many convolutions as its images, if it has any, are large enough for.
            while data.convolutions(&network).is_err() {
                network.filters.pop();
            }
            Subject::Network { data, network }
        }),
        1 => analytic_config().prop_map(Subject::Analytic),
    ]
}

fn training(k: usize) -> impl Strategy<Value = TrainingConfig> {
    let momentum = prop_oneof![Just(0.0), within(*MOMENTUM.start(), *MOMENTUM.end(), false)];
    let optimizer = prop_oneof![
        Just(Optimizer::Adam),
        Just(Optimizer::AdamW),
        momentum.prop_map(|momentum| Optimizer::Sgd { momentum })
    ];
    let rate = within(*LEARNING_RATE.start(), *LEARNING_RATE.end(), false);
    let clip = proptest::option::of(within(*CLIP.start(), *CLIP.end(), false));
    let batch = prop_oneof![Just(Batch::All), BATCH.prop_map(Batch::Rows)];
    let preference = proptest::option::of(proptest::collection::vec(0.01..1.0_f64, k).prop_map(|parts| {
        let sum: f64 = parts.iter().sum();
        parts.iter().map(|part| part / sum).collect()
    }));
    let decay = prop_oneof![
        Just(Decay::Constant),
        Just(Decay::Linear),
        Just(Decay::Cosine),
        (within(*DECAY_FACTOR.start(), *DECAY_FACTOR.end(), false), STEPS)
            .prop_map(|(factor, every)| Decay::Steps { factor, every }),
    ];
    let schedule = (0..=*STEPS.end(), decay).prop_map(|(warm_up, decay)| Schedule { warm_up, decay });
    let weight_decay = prop_oneof![Just(0.0), within(*WEIGHT_DECAY.start(), *WEIGHT_DECAY.end(), false)];
    let seeds = (any::<u32>(), SEEDS);
    (optimizer, (rate, schedule, weight_decay), clip, batch, STEPS, seeds, preference).prop_map(
        |(optimizer, (learning_rate, schedule, weight_decay), clip, batch, steps, (seed, seeds), preference)| {
            TrainingConfig {
                optimizer,
                learning_rate,
                schedule,
                weight_decay,
                clip,
                batch,
                steps,
                seed,
                seeds,
                preference,
            }
        },
    )
}

fn run() -> impl Strategy<Value = RunConfig> {
    (0..METHODS.len()).prop_flat_map(|at| {
        let method = &METHODS[at];
        let fitting = MODIFIERS.iter().filter(|modifier| modifier.refuses(method).is_none()).collect::<Vec<_>>();
        let n = fitting.len();
        let modifiers = proptest::sample::subsequence(fitting, 0..=n).prop_shuffle();
        let places = proptest::collection::vec(0.0..=1.0_f64, n);
        let way = proptest::option::of(way());
        (knobs(method.knobs), modifiers, places, way).prop_map(move |(knobs, modifiers, places, way)| {
            let applied = modifiers.into_iter().zip(places).map(|(modifier, place)| {
                // Three digits, as a hand would give it.
                let value = |knob: &Knob| ((knob.min + place * (knob.max - knob.min)) * 1e3).round() / 1e3;
                let value = modifier.knob.as_ref().map(value).filter(|value| *value >= 1e-3);
                let applied = Applied::new(modifier);
                value.map_or(applied, |value| Applied { value, ..applied })
            });
            let mut modifiers: Vec<Applied> = Vec::new();
            for applied in applied {
                // Of two forms of the same the first stays.
                if !modifiers.iter().any(|earlier| earlier.modifier.excludes(applied.modifier)) {
                    modifiers.push(applied);
                }
            }
            RunConfig { knobs, modifiers, way: way.map_or(Way::SinglePoint, Way::Front), ..RunConfig::new(method) }
        })
    })
}

/// Any front learner with any settings.
fn way() -> impl Strategy<Value = Learned> {
    (0..LEARNERS.len()).prop_flat_map(|at| {
        let learner = &LEARNERS[at];
        knobs(learner.knobs).prop_map(move |knobs| Learned { learner, knobs })
    })
}

/// Any map of these many runs, tasks and steps.
fn map(n_runs: usize, n_tasks: usize, steps: u32) -> impl Strategy<Value = MapConfig> {
    let plane = (0..PLANES.len(), proptest::collection::vec(any::<(u32, bool, u32)>(), 3), 0..4_usize);
    let plane = plane.prop_map(move |(at, draws, more)| {
        let source = &PLANES[at];
        let n = (source.required + more).min(source.slots.len());
        let argument = |(at, (slot, (a, named, b))): (usize, (&Slot, (u32, bool, u32)))| match slot {
            Slot::Seed => Argument::Seed(a),
            // Two tasks have to differ.
            Slot::Task => Argument::Task((at + a as usize / 2 * 2) % n_tasks.max(2)),
            Slot::Point => Argument::Point(Point { run: a as usize % n_runs, step: named.then_some(b % (steps + 1)) }),
        };
        let arguments = source.slots.iter().zip(draws).take(n).enumerate().map(argument).collect();
        PlaneChoice { source, arguments }
    });
    let fitting = move |plane: &PlaneChoice| {
        plane.fits(Reach { n_runs, n_tasks, steps }) && plane.tasks().windows(2).all(|two| two[0] != two[1])
    };
    let height = (0..HEIGHTS.len(), 0..n_runs).prop_map(|(at, run)| {
        let source = &HEIGHTS[at];
        HeightChoice { source, run: if source.takes_run { run } else { 0 } }
    });
    let side = (0..SIDES.len()).prop_map(|at| SIDES[at]);
    let form = any::<(bool, bool)>();
    (proptest::option::of(plane), height, side, form).prop_map(move |(plane, height, side, (surface, all_starts))| {
        MapConfig { plane: plane.filter(fitting), height, side, surface, all_starts }
    })
}

fn config() -> impl Strategy<Value = ExperimentConfig> {
    let backend = prop_oneof![Just(BackendChoice::Auto), Just(BackendChoice::Cpu), Just(BackendChoice::Gpu)];
    let theme = proptest::option::of(prop_oneof![Just(Theme::Light), Just(Theme::Dark)]);
    let views = proptest::sample::subsequence(VIEWS.to_vec(), 0..=VIEWS.len()).prop_shuffle();
    let runs = proptest::collection::vec(run(), RUNS);
    let coordinates = proptest::option::of(proptest::collection::vec(within(-1e12, 1e12, false), 9));
    let along = proptest::sample::select(Along::ALL.to_vec());
    let aspect = proptest::sample::select(Aspect::ALL.to_vec());
    let rest = (runs, backend, theme, (views, coordinates, along, aspect), 0.0..=1.0_f64);
    (0..PRESETS.len(), subject(), rest).prop_flat_map(
        |(preset, subject, (runs, backend, theme, (views, g, along, aspect), progress))| {
            let k = match &subject {
                Subject::Network { data, .. } => data.tasks.len(),
                Subject::Analytic(analytic) => analytic.problem.n_tasks(),
            };
            let g = g.filter(|_| (2..=3).contains(&k)).map(|g| g[..k * k].iter().map(|x| x + 0.0).collect::<Vec<_>>());
            let n_runs = runs.len();
            let maps = move |training: TrainingConfig| {
                map(n_runs, k, training.steps).prop_map(move |map| (training.clone(), map))
            };
            // What does not go together trains a single point.
            let mut runs = runs;
            for run in &mut runs {
                let without_network = run.charted().is_some_and(|(_, chart)| chart.networks_only.is_some())
                    && matches!(subject, Subject::Analytic(_));
                if without_network || run.refusal(k).is_some() {
                    run.way = Way::SinglePoint;
                }
            }
            training(k).prop_flat_map(maps).prop_map(move |(mut training, map)| {
                if matches!(subject, Subject::Analytic(_)) {
                    training.batch = Batch::All;
                }
                ExperimentConfig {
                    preset: &PRESETS[preset],
                    subject: subject.clone(),
                    view: ViewConfig {
                        step: (progress * f64::from(training.steps)) as u32,
                        views: views.clone(),
                        theme,
                        along,
                        aspect,
                        gradients: g.clone(),
                        map,
                    },
                    training,
                    runs: runs.clone(),
                    backend,
                }
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn valid_configurations_come_back_exactly(config in config()) {
        prop_assume!(config.check_loaded(1, 4096).is_ok());
        prop_assert_eq!(config.check(), Ok(()));
        let link = link::write(&config);
        let parsed = link::parse(&link);
        prop_assert_eq!(parsed.as_ref().map(|parsed| &parsed.config), Ok(&config), "{}", link);
        prop_assert!(parsed.is_ok_and(|parsed| parsed.notices.is_empty()));
        prop_assert_eq!(link::write(&read(&link).config), link.clone());
        prop_assert!(link.len() < link::LONGEST);
        prop_assert_eq!(link::from_json(&link::to_json(&config)).map(|parsed| parsed.config), Ok(config));
    }

    #[test]
    fn junk_never_panics(text in any::<String>()) {
        let _ = link::parse(&text);
        let _ = link::read(&text);
        let _ = link::from_json(&text);
    }

    #[test]
    fn junk_of_the_alphabet_never_panics(text in "[a-z0-9=&~,.%#?x-]{0,120}") {
        check_junk(&text);
    }

    #[test]
    fn junk_values_never_panic(key in 0..KEYS.len(), value in "[a-z0-9~,.x_-]{1,30}") {
        check_junk(&format!("#v=1&p=two-labelings&{}={value}", KEYS[key].name));
    }

    #[test]
    fn mutated_links_never_run_as_something_else(
        config in config(),
        at in any::<proptest::sample::Index>(),
        character in any::<char>(),
        kind in 0..3,
    ) {
        prop_assume!(config.check_loaded(1, 4096).is_ok());
        let link = link::write(&config);
        let at = at.index(link.len());
        let mutated = match kind {
            0 => format!("{}{character}{}", &link[..at], &link[at..]),
            1 => format!("{}{}", &link[..at], &link[at + 1..]),
            _ => link[..at].to_string(),
        };
        check_junk(&mutated);
        if let (Ok(parsed), true) = (link::parse(&mutated), mutated.contains(&format!("&{CHECK_KEY}="))) {
            prop_assert_eq!(parsed.config, config, "{} from {}", mutated, link);
        }
    }
}

/// Whatever is read of any text is valid, and whatever is rejected says why.
#[track_caller]
fn check_junk(text: &str) {
    match link::parse(text) {
        Ok(parsed) => {
            assert_eq!(parsed.config.check(), Ok(()), "{text}");
            assert_eq!(read(&link::write_keeping(&parsed.config, &parsed.unknown)).config, parsed.config, "{text}");
        }
        Err(rejected) => {
            assert!(!rejected.complaints.is_empty(), "{text}");
            if let Some(config) = rejected.readable {
                assert_eq!(config.check(), Ok(()), "{text}");
            }
        }
    }
}

#[test]
fn every_problem_can_be_trained_on_from_its_starts() {
    for problem in PROBLEMS {
        let config = read(&format!("#v=1&p=two-sines&d={}", problem.id)).config;
        assert_eq!(config.subject, Subject::Analytic(AnalyticConfig::new(problem)));
        assert_eq!((config.data(), config.network(), config.files()), (None, None, &[][..]));
        for start in problem.starts {
            let link = format!("#v=1&p=toy&d={}&start={}", problem.id, start.id);
            assert_eq!(read(&link).config.analytic().expect("a problem").start, start.x);
        }
    }
    let named = read("#v=1&p=toy&start=9,9.0").config;
    assert_eq!(link::write_unchecked(&named), "#v=1&p=toy");
    // There and back: another subject brings its own settings, and the batch of a problem is all there is.
    let there = named.apply(&Edit::Data("digits8".into())).expect("a data set");
    assert_eq!(there.network(), Some(&NetworkConfig::plain()));
    assert_eq!(there.training.batch, Batch::Rows(256));
    let back = there.apply(&Edit::Data("zdt1".into())).expect("a problem");
    assert_eq!((back.training.batch, back.n_tasks()), (Batch::All, 2));
    let moved = named.apply(&Edit::Start(vec![1.0, -2.5])).expect("a point of the box");
    assert_eq!(link::write_unchecked(&moved), "#v=1&p=toy&start=1,-2.5");
    assert_eq!(named.apply(&Edit::Start(vec![1.0])).expect_err("one number").key, "start");
    assert_eq!(named.apply(&Edit::Width(4)).expect_err("no network").key, "net");
    assert_eq!(named.apply(&Edit::Batch(Batch::Rows(4))).expect_err("no rows").key, "b");
    assert_eq!(there.apply(&Edit::Start(vec![0.0, 0.0])).expect_err("a network").key, "start");
}

#[test]
fn what_says_nothing_about_a_subject_is_a_complaint() {
    #[track_caller]
    fn complains(link: &str, key: &str, words: &[&str]) {
        let complaints = refuse(link).complaints;
        assert_eq!((complaints.len(), complaints[0].key.as_str()), (1, key), "{complaints:?}");
        let sentence = &complaints[0].sentence;
        assert!(words.iter().all(|word| sentence.contains(word)), "{sentence}");
    }
    for pair in ["dk=default", "tasks=odd", "noise=.1", "net=4x2", "head=0", "act=relu", "init=fan-in", "b=64"] {
        let key = pair.split('=').next().expect("a key");
        complains(&format!("#v=1&p=toy&{pair}"), key, &["toy", "neither data nor a network"]);
    }
    complains("#v=1&p=two-sines&start=1,2", "start", &["start", "seed"]);
    complains("#v=1&p=toy&start=middle", "start", &["middle", "upper-left", "2 numbers"]);
    complains("#v=1&p=toy&start=1,2,3", "start", &["3 numbers", "2 parameters"]);
    complains("#v=1&p=toy&start=1,20", "start", &["20", "-11 to 11"]);
    complains("#v=1&p=toy&d=zdt9", "d", &["zdt9", "digits8", "zdt3"]);
    complains("#v=1&p=toy&sc=1,2,3", "sc", &["3 given for 2"]);
}

#[test]
fn lookups_refuse_what_is_not_there() {
    assert!(preset("").is_none() && method("").is_none() && data::source("").is_none());
    assert!(link::key("lr").is_some() && link::key("").is_none());
}
