//! What sharing costs each run, Δm against the single-task networks of the same seeds, below the test metrics.

use super::Scene;
use super::picture::{Anchor, Pen, Stage, TICK};

/// What the number is and what its sign means.
pub(super) const MEANING: &str = "Δm against single task: above 0 sharing costs, below 0 it helps";
const LINE: f64 = 14.0;

/// `+3.2 %`, over several seeds `+3.2 % (+1.0 to +4.1)`; `None` where it is not defined.
pub(super) fn words(scene: &Scene, run: usize) -> Option<String> {
    let spread = scene.history.delta_m_spread(run, scene.step)?;
    let word = |value: f64| {
        let digits = format!("{:.1}", value.abs());
        let sign = if digits == "0.0" {
            ""
        } else if value < 0.0 {
            "−"
        } else {
            "+"
        };
        format!("{sign}{digits}")
    };
    let median = word(spread.median);
    Some(if spread.n > 1 {
        format!("{median} % ({} to {})", word(spread.low), word(spread.high))
    } else {
        format!("{median} %")
    })
}

/// Pieces of text with the runs they are about, broken into lines.
fn lines(scene: &Scene, stage: &Stage) -> Vec<Vec<(Option<usize>, String)>> {
    let known = |run: usize| Some((Some(run), format!("{} {}", scene.run_name(run), words(scene, run)?)));
    let known: Vec<(Option<usize>, String)> = scene.runs().into_iter().filter_map(known).collect();
    if known.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![vec![(None, stage.fit(MEANING, TICK, stage.width))], Vec::new()];
    let mut used = 0.0;
    for (run, words) in known {
        let width = stage.text_width(&words, TICK) + 14.0;
        if used > 0.0 && used + width > stage.width {
            lines.push(Vec::new());
            used = 0.0;
        }
        used += width;
        if let Some(line) = lines.last_mut() {
            line.push((run, words));
        }
    }
    lines
}

/// Px that the words need below a chart; 0 where they do not fit or there are none.
pub(super) fn room(scene: &Scene, stage: &Stage) -> f64 {
    let lines = lines(scene, stage).len() as f64;
    let room = if lines > 0.0 { lines * LINE + 4.0 } else { 0.0 };
    if stage.height - room >= 170.0 { room } else { 0.0 }
}

/// Writes them in the lowest `room` px.
pub(super) fn draw(scene: &Scene, pen: &mut Pen, room: f64) {
    let mut y = pen.stage.height - room + LINE;
    for line in lines(scene, pen.stage) {
        let mut x = 0.0;
        for (run, words) in line {
            let color = run.map_or(pen.ink().ink3, |run| pen.ink().run(run).text);
            let width = pen.stage.text_width(&words, TICK) + 14.0;
            let words = pen.stage.fit(&words, TICK, pen.stage.width);
            pen.text((x, y), words, TICK, color, Anchor::Start);
            x += width;
        }
        y += LINE;
    }
}
