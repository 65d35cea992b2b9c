//! Conflict over time beside its sign: how alike the lengths are, their ratio, and the curvature along the step.

use super::axis::{self, Scale};
use super::pair_series::{For, Reading, curve, read};
use super::picture::Pen;
use super::ruler::Ruler;
use super::series::{Chart, Curve, Panel, axis_values};
use super::{Picture, Scene, Stage, number, triad};
use crate::measure::conflict::{Bend, Meeting, length_ratio, magnitude_similarity};

fn similarity(meeting: &Meeting) -> Option<f64> {
    magnitude_similarity(meeting.length, meeting.other_length)
}

fn ratio(meeting: &Meeting) -> Option<f64> {
    length_ratio(meeting.length, meeting.other_length)
}

/// The longer by the shorter one: of many pairs no order means anything.
fn longer_by_shorter(meeting: &Meeting) -> Option<f64> {
    ratio(meeting).map(|ratio| ratio.max(1.0 / ratio))
}

fn curves(scene: &Scene, reading: Reading, value: fn(&Meeting) -> Option<f64>) -> Vec<Curve> {
    let one = |run| curve(run, &read(scene, run, reading, value, For::Curve));
    scene.runs().into_iter().map(one).collect()
}

fn panel(
    title: String,
    curves: Vec<Curve>,
    scale: Scale,
    zero: Option<f64>,
    words: Vec<(f64, &'static str)>,
) -> Panel<'static> {
    let ticks = scale.ticks().into_iter().map(|value| (value, axis::tick(value))).collect();
    Panel { title, curves, earlier: Vec::new(), reference: Vec::new(), scale, ticks, zero, words }
}

fn chart(scene: &Scene, stage: &Stage, panels: Vec<Panel>) -> Picture {
    let mut pen = Pen::new(stage);
    let room = triad::room(scene, stage.width);
    let below = if stage.height - room >= 150.0 { room } else { 0.0 };
    Chart { scene, panels, ruler: Ruler::steps(scene), quantity: "", number, below }.draw_with(&mut pen);
    if below > 0.0 {
        triad::draw(scene, &mut pen, stage.height - room + 4.0);
    }
    pen.picture
}

/// 2‖gᵢ‖‖gⱼ‖ / (‖gᵢ‖² + ‖gⱼ‖²), from 0 to 1.
pub(super) fn draw_similarity(scene: &Scene, stage: &Stage) -> Picture {
    let panels = Reading::all(scene.n_tasks(), Reading::Lowest).into_iter().map(|reading| {
        let words = if scene.n_tasks() == 2 { vec![(1.0, "equally long")] } else { Vec::new() };
        let scale = Scale::linear(0.0, 1.0, 0.0, 1.0);
        let mut panel = panel(reading.name(scene), curves(scene, reading, similarity), scale, None, words);
        panel.ticks = [0.0, 0.5, 1.0].map(|value| (value, axis::tick(value))).into();
        panel
    });
    chart(scene, stage, panels.collect())
}

/// ‖gᵢ‖ / ‖gⱼ‖ on a log axis around 1.
pub(super) fn draw_ratio(scene: &Scene, stage: &Stage) -> Picture {
    let value = if scene.n_tasks() > 3 { longer_by_shorter } else { ratio };
    let readings = Reading::all(scene.n_tasks(), Reading::Highest);
    let all: Vec<(Reading, Vec<Curve>)> =
        readings.into_iter().map(|reading| (reading, curves(scene, reading, value))).collect();
    let values = all.iter().flat_map(|(_, curves)| curves.iter().flat_map(|curve| &curve.points));
    let far = values.map(|point| point.1.max(1.0 / point.1)).fold(1.0, f64::max).clamp(2.0, 1e6) * 4.0;
    let low = if scene.n_tasks() > 3 { 1.0 } else { 1.0 / far };
    let scale = Scale::log(low, far, 0.0, 1.0);
    let words = if scene.n_tasks() == 2 { vec![(far, "g₁ longer"), (low, "g₂ longer")] } else { Vec::new() };
    let panels = all.into_iter().map(|(reading, curves)| {
        let mut panel = panel(reading.name(scene), curves, scale, Some(1.0), words.clone());
        if !panel.ticks.iter().any(|(value, _)| (value - 1.0).abs() < 1e-9) {
            panel.ticks.push((1.0, "1".to_owned()));
            panel.ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        panel
    });
    chart(scene, stage, panels.collect())
}

/// The curvature of the summed losses along each run's steps, where the run looked around.
fn bends(scene: &Scene, run: usize) -> Vec<(f64, f64)> {
    let end = scene.diverged(run).unwrap_or(u32::MAX);
    let history = &scene.history.runs[run];
    let looked = history.records.iter().filter(|record| record.around.is_some() && record.step < end);
    let bend = |step: u32| Bend::at(history, step).filter(|bend| bend.step == step);
    looked.filter_map(|record| Some((f64::from(record.step), bend(record.step)?.curvature))).collect()
}

/// ΔθᵀHΔθ / ‖Δθ‖² of the summed losses.
pub(super) fn draw_curvature(scene: &Scene, stage: &Stage) -> Picture {
    let curve = |run| Curve { run, points: bends(scene, run), noise: Vec::new(), behind: None };
    let curves: Vec<Curve> = scene.runs().into_iter().map(curve).collect();
    if curves.iter().all(|curve| curve.points.is_empty()) {
        return Pen::new(stage).empty("The curvature along the steps appears here once a run has looked around.");
    }
    let (low, high) = axis::loss_range(axis_values(scene, &curves), false);
    let words = if low < 0.0 { vec![(high, "bends up"), (low, "bends down")] } else { vec![(high, "bends up")] };
    let panel = panel(String::new(), curves, Scale::linear(low, high, 0.0, 1.0), Some(0.0), words);
    chart(scene, stage, vec![panel])
}
