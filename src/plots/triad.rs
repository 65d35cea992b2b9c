//! PCGrad's tragic triad at the view cursor: three lamps a run.

use super::Scene;
use super::picture::{Anchor, Pen, TICK};
use crate::measure::conflict::{Meeting, Triad, known_pulls, meetings, pairs};

const LINE: f64 = 18.0;
const WORDS: &str = "conflict · dominance · curvature";
/// Between lamps, and from one run to the next.
const LAMP: f64 = 12.0;
const RUN: f64 = 66.0;

/// The pair of a run that is most in conflict at the view cursor, with its meetings.
fn worst(scene: &Scene, run: usize) -> Option<Vec<Meeting>> {
    let k = scene.n_tasks();
    let mut known = known_pulls(&scene.history.runs[run], k);
    known.truncate(known.partition_point(|(step, _)| *step <= scene.step));
    let last = known.last().copied()?;
    let cosine = |pair| meetings(&[last], k, pair).first().map_or(f64::INFINITY, |meeting| meeting.cosine);
    let pair = pairs(k).min_by(|a, b| cosine(*a).total_cmp(&cosine(*b)))?;
    Some(meetings(&known, k, pair))
}

/// The triad of a run at the view cursor; all unknown behind a divergence.
fn at_cursor(scene: &Scene, run: usize) -> Triad {
    if scene.diverged(run).is_some_and(|end| scene.step >= end) {
        return Triad::default();
    }
    let known = worst(scene, run);
    known.map_or_else(Triad::default, |known| Triad::at(&scene.history.runs[run], &known, scene.step))
}

fn per_line(width: f64) -> usize {
    (width / RUN).floor().max(1.0) as usize
}

/// Px that the lamps take for a plot of this width.
pub(super) fn room(scene: &Scene, width: f64) -> f64 {
    let n = scene.runs().len();
    if n == 0 || scene.n_tasks() < 2 { 0.0 } else { 6.0 + LINE * (1 + n.div_ceil(per_line(width))) as f64 }
}

/// Draws them from `top` down.
pub(super) fn draw(scene: &Scene, pen: &mut Pen, top: f64) {
    let ink = pen.ink();
    let stage = pen.stage;
    let of = if scene.n_tasks() > 2 { ", worst pair" } else { "" };
    let title = format!("Tragic triad at step {}{of}: {WORDS}", scene.step);
    let title = if stage.text_width(&title, TICK) <= stage.width { title } else { format!("Triad{of}: {WORDS}") };
    pen.text((0.0, top + 12.0), stage.fit(&title, TICK, stage.width), TICK, ink.ink2, Anchor::Start);
    let across = per_line(stage.width);
    for (place, run) in scene.runs().into_iter().enumerate() {
        let triad = at_cursor(scene, run);
        let x = 6.0 + RUN * (place % across) as f64;
        let y = top + LINE * (1 + place / across) as f64 + 9.0;
        let style = *ink.run(run);
        pen.marker(&style, (x, y), 4.0, true);
        let color = if triad.is_met() { ink.bad } else { ink.ink };
        for (lamp, met) in triad.conditions().into_iter().enumerate() {
            let at = (x + 16.0 + LAMP * lamp as f64, y);
            match met {
                Some(true) => pen.disc(at, 4.0, color),
                Some(false) => pen.ring(at, 3.5, 1.0, ink.ink3),
                None => pen.line(vec![(at.0 - 2.5, y), (at.0 + 2.5, y)], 1.25, ink.ink3),
            }
        }
    }
    let words = "● met  ○ not  – unknown";
    let left = 6.0 + RUN * scene.runs().len().min(across) as f64;
    if scene.runs().len() <= across && left + stage.text_width(words, TICK) <= stage.width {
        pen.tick((stage.width, top + LINE + 13.0), words, Anchor::End);
    }
}

/// `Conflict, dominance and high curvature meet in Sum.` for screen readers; empty where they do not.
pub(super) fn sentence(scene: &Scene) -> String {
    let met: Vec<String> =
        scene.runs().into_iter().filter(|run| at_cursor(scene, *run).is_met()).map(|run| scene.run_name(run)).collect();
    if met.is_empty() {
        return String::new();
    }
    format!(" Conflict, dominance and high curvature meet at step {} in {}.", scene.step, met.join(", "))
}
