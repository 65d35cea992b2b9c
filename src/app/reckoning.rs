//! A method's rule with the numbers of the step at the cursor: weights, cosines before and after, projections.

use super::format::brief;
use super::page::use_page;
use crate::balance::Need;
use crate::config::RunConfig;
use crate::measure::reckoning::Reckoning;
use leptos::prelude::*;

/// Where a line may break; no MathML has it.
const BREAK: char = '\n';
/// Tasks whose cosines are all listed; of more the smallest is.
const LISTED_TASKS: usize = 3;

#[component]
pub fn InNumbers(run: usize, open: Signal<bool>) -> impl IntoView {
    let page = use_page();
    let lines = Memo::new(move |_| {
        // Computed only while somebody looks.
        if !open.get() {
            return Vec::new();
        }
        let step = page.told.get();
        page.history.with(|history| {
            let record = history.runs.get(run).and_then(|run| run.at(step));
            let of = page.config.with(|config| config.runs.get(run).map_or_else(Combined::default, Combined::of));
            record.map_or_else(Vec::new, |record| lines(&Reckoning::new(record), of, record.losses.len()))
        })
    });
    move || {
        lines
            .get()
            .into_iter()
            .map(|(name, mathml)| {
                view! {
                    <p>
                        <span>{name}</span>
                        <span class="math" inner_html=mathml></span>
                    </p>
                }
            })
            .collect_view()
    }
}

/// What a run's update is made of.
#[derive(Debug, Clone, Copy, Default)]
struct Combined {
    /// Rows kept over steps, and not those of the step.
    kept: bool,
    /// A penalty's gradient joins them.
    penalized: bool,
    /// What the method makes of the flat parts joins them.
    uphill: bool,
}

impl Combined {
    fn of(run: &RunConfig) -> Self {
        Self { kept: run.method.needs(Need::KeptRows), penalized: run.looks_around(), uphill: run.ascent().is_some() }
    }
}

/// What each line says, and its MathML.
fn lines(reckoning: &Reckoning, of: Combined, n_tasks: usize) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if reckoning.weights.is_empty() {
        lines.push(("update", format!("{}<mo>=</mo><mtext>by coordinates</mtext>", vector("d"))));
    } else {
        let penalty = if of.penalized { "<mo>+</mo><mi>λ</mi><mo>∇</mo><mtext>penalty</mtext>" } else { "" };
        let uphill = if of.uphill { "<mo>+</mo><mtext>flat part</mtext>" } else { "" };
        let sum = sum(&reckoning.weights, if of.kept { "y" } else { "g" });
        lines.push(("update", format!("{}<mo>=</mo>{sum}{penalty}{uphill}", vector("d"))));
        if of.kept {
            lines.push(("", "<mtext>y: gradients as the method keeps them over steps</mtext>".into()));
        }
    }
    if !reckoning.lengths.is_empty() {
        let lengths = reckoning.lengths.iter().enumerate().map(|(i, length)| equation(&norm(&gradient(i)), *length));
        let update = reckoning.length.map(|length| equation(&norm(&vector("d")), length));
        lines.push(("lengths", join(lengths.chain(update))));
    }
    if reckoning.lengths.is_empty() {
        lines.push(("cosines", "<mtext>not computed at this step</mtext>".into()));
    }
    let between = |(i, j, cosine): &(usize, usize, f64)| equation(&cos(&gradient(*i), &gradient(*j)), *cosine);
    let with_update = |(i, cosine): &(usize, f64)| equation(&cos(&gradient(*i), &vector("d")), *cosine);
    let all = n_tasks <= LISTED_TASKS;
    let least = reckoning.before.iter().min_by(|a, b| a.2.total_cmp(&b.2));
    let before: Vec<String> =
        if all { reckoning.before.iter().map(between).collect() } else { least.map(between).into_iter().collect() };
    if !before.is_empty() {
        lines.push((if all { "before" } else { "least before" }, join(before)));
    }
    let least = reckoning.after.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let after: Vec<String> = if all {
        reckoning.after.iter().map(with_update).collect()
    } else {
        least.map(with_update).into_iter().collect()
    };
    if !after.is_empty() {
        lines.push((if all { "after" } else { "least after" }, join(after)));
    }
    if let Some(moved) = &reckoning.moved {
        let pair = |(i, j): &(usize, usize)| format!("<mrow>{}<mo>⟂</mo>{}</mrow>", gradient(*i), gradient(*j));
        let listed = join(moved.iter().take(6).map(pair));
        let text = match moved.len() {
            0 => "<mtext>none fired</mtext>".into(),
            1..=6 => listed,
            more => format!("{listed}<mtext> and {} more</mtext>", more - 6),
        };
        lines.push(("moved", text));
    }
    // Every part is an element of its own, so that a narrow card can break between them.
    let elements =
        |body: String| body.split(BREAK).map(|part| format!("<math>{part}</math>")).collect::<Vec<_>>().join(" ");
    lines.into_iter().map(|(name, body)| (name, elements(body))).collect()
}

/// Σ wᵢ of these rows with numbers.
fn sum(weights: &[f64], rows: &str) -> String {
    let mut out = String::new();
    for (i, &weight) in weights.iter().enumerate() {
        let sign = match (i, weight < 0.0) {
            (0, false) => "",
            (_, true) => "<mo>−</mo>",
            (_, false) => "<mo>+</mo>",
        };
        if i > 0 {
            out.push(BREAK);
        }
        out.push_str(&format!("{sign}<mn>{}</mn><mspace width=\"0.1em\" />{}", brief(weight.abs()), row(rows, i)));
    }
    out
}

fn number(x: f64) -> String {
    let sign = if x < 0.0 { "<mo>−</mo>" } else { "" };
    format!("{sign}<mn>{}</mn>", brief(x.abs()))
}

fn equation(left: &str, right: f64) -> String {
    format!("<mrow>{left}<mo>=</mo>{}</mrow>", number(right))
}

fn vector(name: &str) -> String {
    format!("<mi>{name}</mi>")
}

fn gradient(task: usize) -> String {
    row("g", task)
}

fn row(name: &str, task: usize) -> String {
    format!("<msub><mi>{name}</mi><mn>{}</mn></msub>", task + 1)
}

fn norm(of: &str) -> String {
    format!("<mo stretchy=\"false\">‖</mo>{of}<mo stretchy=\"false\">‖</mo>")
}

fn cos(a: &str, b: &str) -> String {
    format!("<mi>cos</mi><mo>\u{2061}</mo><mo stretchy=\"false\">(</mo>{a}<mo>,</mo>{b}<mo stretchy=\"false\">)</mo>")
}

fn join(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().collect::<Vec<_>>().join(&format!("<mo>,</mo>{BREAK}"))
}
