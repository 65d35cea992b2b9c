//! The swatch of a run: its dash and marker in its color, the same as in every plot.

use crate::plots::ink::{Ink, Shape};
use leptos::prelude::*;

/// Line and marker, 28 × 12.
#[component]
pub fn Swatch(
    /// Position of the run.
    position: usize,
    /// Only the marker, 12 × 12.
    #[prop(optional)]
    small: bool,
) -> impl IntoView {
    // Shape and dash are the same in both inks; the color follows the theme by its token.
    let style = Ink::LIGHT.run(position);
    let color = format!("var(--run{})", position % 6 + 1);
    let dash = style.dash.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
    let (width, center) = if small { (12, 6.0) } else { (28, 14.0) };
    let marker = outline(style.shape, center);
    view! {
        <svg class="mark" width=width height="12" viewBox=format!("0 0 {width} 12") aria-hidden="true">
            {(!small)
                .then(|| {
                    view! {
                        <path d="M0 6H28" fill="none" stroke=color.clone() stroke-width="2" stroke-dasharray=dash></path>
                    }
                })}
            <path d=marker fill=color stroke="var(--bg)" stroke-width="1.5" paint-order="stroke"></path>
        </svg>
    }
}

/// Path of a marker of radius 4 around (x, 6).
fn outline(shape: Shape, x: f64) -> String {
    let points: &[(f64, f64)] = match shape {
        Shape::Circle => return format!("M{} 6a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", x - 4.0),
        Shape::Square => &[(-3.6, -3.6), (3.6, -3.6), (3.6, 3.6), (-3.6, 3.6)],
        Shape::Triangle => &[(0.0, -4.6), (4.4, 3.2), (-4.4, 3.2)],
        Shape::Diamond => &[(0.0, -5.2), (4.4, 0.0), (0.0, 5.2), (-4.4, 0.0)],
        Shape::Cross => &[
            (2.5, 0.0),
            (5.6, 3.1),
            (3.1, 5.6),
            (0.0, 2.5),
            (-3.1, 5.6),
            (-5.6, 3.1),
            (-2.5, 0.0),
            (-5.6, -3.1),
            (-3.1, -5.6),
            (0.0, -2.5),
            (3.1, -5.6),
            (5.6, -3.1),
        ],
        Shape::Plus => &[
            (-1.8, -5.8),
            (1.8, -5.8),
            (1.8, -1.8),
            (5.8, -1.8),
            (5.8, 1.8),
            (1.8, 1.8),
            (1.8, 5.8),
            (-1.8, 5.8),
            (-1.8, 1.8),
            (-5.8, 1.8),
            (-5.8, -1.8),
            (-1.8, -1.8),
        ],
    };
    let mut path = String::new();
    for (i, (dx, dy)) in points.iter().enumerate() {
        path += &format!("{}{} {}", if i == 0 { 'M' } else { 'L' }, x + dx, 6.0 + dy);
    }
    path + "z"
}
