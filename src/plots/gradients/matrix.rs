//! Cosines of all pairs, where gradients do not fit a picture that could be drawn exactly.

use crate::measure::pull;

use super::super::axis;
use super::super::number;
use super::super::picture::{Anchor, Pen, Rect, TICK};
use super::{Scene, record, subscript};

/// Cosines of all pairs, one cell a pair.
pub(super) fn matrix(scene: &Scene, pen: &mut Pen, bottom: f64) {
    let ink = pen.ink();
    let k = scene.n_tasks();
    let Some(pull) = record(scene).and_then(|record| record.pull.as_ref()) else { return };
    let lengths = pull::lengths(&pull.gramian, k);
    let sentence = format!(
        "{} gradients need as many dimensions, more than can be drawn without loss. Each cell is the cosine of two of them: blue agrees, orange conflicts.",
        capitalized(&axis::count(k))
    );
    let lines = pen.stage.wrap(&sentence, TICK, pen.stage.width - 8.0);
    for (i, line) in lines.iter().enumerate() {
        pen.tick((0.0, 12.0 + 16.0 * i as f64), line.clone(), Anchor::Start);
    }
    let names: Vec<String> = (0..k).map(|task| scene.task_name(task)).collect();
    let wide = names.iter().map(|name| pen.stage.text_width(name, TICK)).fold(0.0, f64::max);
    let left = (wide + 8.0).min(pen.stage.width * 0.3);
    let length_room = 76.0;
    let top = 16.0 * lines.len() as f64 + 28.0;
    let cell = ((pen.stage.width - left - length_room) / k as f64).min((bottom - top - 8.0) / k as f64);
    let cell = cell.clamp(6.0, 56.0);
    if cell >= 12.0 {
        pen.tick((left + cell * k as f64 + 8.0, top - 6.0), "length", Anchor::Start);
    }
    for i in 0..k {
        let y = top + cell * i as f64;
        if cell >= 12.0 {
            let words = pen.stage.fit(&names[i], TICK, left - 6.0);
            pen.tick((left - 6.0, y + cell / 2.0 + 4.0), words, Anchor::End);
            let words = number(lengths[i]);
            pen.tick((left + cell * k as f64 + 8.0, y + cell / 2.0 + 4.0), words, Anchor::Start);
            pen.tick((left + cell * (i as f64 + 0.5), top - 6.0), format!("g{}", subscript(i + 1)), Anchor::Middle);
        }
        for j in 0..k {
            let x = left + cell * j as f64;
            let place = Rect { left: x, top: y, right: x + cell - 1.0, bottom: y + cell - 1.0 };
            if i == j {
                pen.rect(place, ink.sunk);
                continue;
            }
            let cosine = pull::cosine(pull.gramian[i * k + j], lengths[i], lengths[j]);
            let ground = cosine.map_or(ink.sunk, |cosine| ink.signed(-cosine, 1.0));
            pen.rect(place, ground);
            if cell >= 32.0 {
                let words = cosine.map_or("–".to_owned(), axis::cosine);
                pen.text((x + (cell - 1.0) / 2.0, y + cell / 2.0 + 4.0), words, TICK, ink.on(ground), Anchor::Middle);
            }
        }
    }
}

fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
