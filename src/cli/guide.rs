//! The guide's page of all methods, `www/methods/index.html`, written from the registry. A test keeps it current, and
//! `cargo xtask bless` renews it.
//!
//! Its filters are radio buttons and style rules, so that they work without scripts.

use crate::balance::formula::formula;
use crate::balance::{Kind, METHODS, Method, Promise};
use std::fmt::Write;

/// Years in groups: the last of each, and what it is called.
const YEARS: [(u16, &str); 4] =
    [(2018, "to 2018"), (2021, "2019 to 2021"), (2023, "2022 and 2023"), (u16::MAX, "since 2024")];

/// Costs in groups, and what they are called.
const COSTS: [(&str, &str); 3] =
    [("one", "one backward pass"), ("k", "K backward passes"), ("more", "more backward passes")];

/// Index into [`COSTS`].
fn cost_group(method: &Method) -> usize {
    match (method.cost(1).backward, method.cost(2).backward) {
        (_, 1) => 0,
        (1, 2) => 1,
        _ => 2,
    }
}

/// Index into [`YEARS`].
fn year_group(method: &Method) -> usize {
    YEARS.iter().position(|(last, _)| method.source.year <= *last).unwrap_or(0)
}

/// The whole page.
pub fn methods_page() -> String {
    let mut filters = String::new();
    let mut rules = String::new();
    let kinds: Vec<(String, &str)> = Kind::ALL.iter().map(|kind| (kind.id().to_owned(), kind.words())).collect();
    let years: Vec<(String, &str)> = YEARS.iter().enumerate().map(|(at, (_, name))| (at.to_string(), *name)).collect();
    let costs: Vec<(String, &str)> = COSTS.iter().map(|(id, name)| ((*id).to_owned(), *name)).collect();
    let promises: Vec<(String, &str)> =
        Promise::ALL.iter().map(|promise| (promise.id().to_owned(), promise.words())).collect();
    for (name, legend, values) in [
        ("kind", "They", &kinds),
        ("year", "Year", &years),
        ("cost", "A step costs", &costs),
        ("promise", "Promise", &promises),
    ] {
        fieldset(&mut filters, name, legend, values);
        for (value, _) in values {
            // A method makes several promises, so that attribute is a list of words.
            let matches = if name == "promise" { "~=" } else { "=" };
            let _ = writeln!(
                rules,
                "      body:has(#{name}-{value}:checked) tr[data-{name}]:not([data-{name}{matches}\"{value}\"]) {{ display: none; }}"
            );
        }
    }
    let rows: String = METHODS.iter().map(row).collect();
    let count = METHODS.len();
    format!(
        r##"<!DOCTYPE html>
<!-- Written by `cargo xtask bless` from the registry of methods. -->
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <meta name="description" content="{count} methods of multi-task optimization: what each optimizes, its rule, its cost, its promises and its source." />
    <title>Methods · Paretoscope</title>
    <link rel="icon" href="../icons/icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="../tokens.css" />
    <link rel="stylesheet" href="../guide.css" />
    <script src="../guide.js"></script>
    <style>
{rules}    </style>
  </head>
  <body>
    <header class="bar">
      <a class="brand" href="../">Paretoscope</a>
      <nav aria-label="Guide"><a href="./" aria-current="page">Methods</a><a href="../choose/">How to choose</a></nav>
    </header>
    <main>
      <h1>{count} methods, each with its source</h1>
      <p class="soft">A method turns the losses and gradients of K tasks into one update d of the shared parameters. G (K, P) has the task gradients g as rows, M = GGᵀ, w are weights, α is the preference. Costs are passes of a batch through the network in one step. Promises hold for any gradients with default settings, and rules are those of default settings; the project’s tests hold every method to its promises.</p>
      <form class="filters" aria-label="Filters">
{filters}      </form>
      <p class="count" role="status"></p>
      <table>
        <thead><tr><th scope="col">Method</th><th scope="col">Rule</th><th scope="col">A step costs</th><th scope="col">Promises</th></tr></thead>
        <tbody>
{rows}        </tbody>
      </table>
      <p class="none">No method fits all of these. Set one filter back to “any”.</p>
    </main>
  </body>
</html>
"##
    )
}

fn fieldset(out: &mut String, name: &str, legend: &str, values: &[(String, &str)]) {
    let _ = writeln!(out, "        <fieldset><legend>{legend}</legend>");
    let _ = writeln!(
        out,
        "          <label><input type=\"radio\" name=\"{name}\" id=\"{name}-any\" checked /><span>any</span></label>"
    );
    for (value, words) in values {
        let words = escaped(words);
        let _ = writeln!(
            out,
            "          <label><input type=\"radio\" name=\"{name}\" id=\"{name}-{value}\" /><span>{words}</span></label>"
        );
    }
    let _ = writeln!(out, "        </fieldset>");
}

fn row(method: &Method) -> String {
    let Method { id, label, gloss, optimizes, choose, avoid, pitfalls, promises, source, kind, .. } = method;
    let rule = formula(id).map_or("", |formula| formula.mathml);
    let cost = COSTS[cost_group(method)].0;
    let listed = promises.iter().map(|promise| promise.id()).collect::<Vec<_>>().join(" ");
    let words: String = promises.iter().map(|promise| format!("<li>{}</li>", escaped(promise.words()))).collect();
    format!(
        "          <tr id=\"{id}\" data-kind=\"{}\" data-year=\"{}\" data-cost=\"{cost}\" data-promise=\"{listed}\">\n            \
         <th scope=\"row\"><a href=\"../#v=1&amp;m={id}\">{}</a><span class=\"gloss\">{}</span><code>{id}</code></th>\n            \
         <td><div class=\"rule\">{rule}</div><p>{}</p><details><summary>When to choose it, pitfalls, source</summary>\
         <dl><dt>Choose it</dt><dd>{}</dd><dt>Leave it</dt><dd>{}</dd><dt>Pitfalls</dt><dd>{}</dd>\
         <dt>Source</dt><dd><a href=\"{}\" rel=\"noreferrer\">{}</a>, {}</dd></dl><pre>{}</pre></details></td>\n            \
         <td>{}</td>\n            <td><ul>{words}</ul></td>\n          </tr>\n",
        kind.id(),
        year_group(method),
        escaped(label),
        escaped(gloss),
        escaped(optimizes),
        escaped(choose),
        escaped(avoid),
        escaped(pitfalls),
        escaped(source.link),
        escaped(&source.reference()),
        source.year,
        escaped(&source.bibtex(id)),
        escaped(&method.cost_words()),
    )
}

/// Text that may stand in an element or an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
