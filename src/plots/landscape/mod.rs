//! Maps of the losses over a plane through parameter space, with the paths of all runs and how far the map is off.
//!
//! Everything drawn is a function of a [`Sheet`], what is known of a map so far. A map is a projection unless it says
//! that it is exact, so its dots have the true losses, in the map's own bands, and two numbers tell how far it is off.

use crate::landscape::{HeightChoice, HeightUnit, Pull, Sheet, Trail};
use crate::problem::Front;

use super::orbit::Orbit;
use super::picture::{Anchor, LABEL, Pen, Rect, TICK};
use super::{Picture, Plot, Scene, Stage, Switch, Table, Turn, exact, number};
use chart::{LEFT, Map};
use known::{Known, brief};
use relief::{Relief, What};

mod beneath;
mod chart;
mod contour;
mod known;
mod line;
mod relief;
mod surface;
mod trails;

pub(super) const PLOT: Plot = Plot {
    id: "landscape",
    title: "Landscape",
    subtitle,
    least_height,
    draw,
    table,
    data,
    summary,
    switch: |_| Switch::Landscape,
    shows_all_seeds: |_| false,
    reads_predictions: false,
    at_once: false,
};

/// Nodes of a map with where a method would go from there, along both axes of the plane.
pub type Wind<'a> = &'a [(u32, [f64; 2])];

/// What only this view reads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Land<'a> {
    /// What is known of the map so far.
    pub sheet: Option<&'a Sheet>,
    /// Why there is none, in a sentence.
    pub why: Option<&'a str>,
    pub height: HeightChoice,
    /// A surface in space instead of contours.
    pub surface: bool,
    /// How the surface is turned.
    pub orbit: Orbit,
    /// The point of the plane under pointer or keyboard, the same in all maps.
    pub cursor: Option<[f64; 2]>,
    /// (K) on the simplex; even where it is empty.
    pub preference: &'a [f64],
    /// What [`wind`] finds, for the height that needs it; or why there is none, in a sentence.
    pub wind: Option<Result<Wind<'a>, &'a str>>,
    /// What [`pareto`] finds.
    pub pareto: &'a [Vec<[f64; 2]>],
    /// Paths of the same runs from other starts, drawn where the map is all there is.
    pub trails: &'a [Trail],
}

/// How exact a map is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    pub exact: bool,
    pub words: String,
}

/// What is said of the map's exactness, in the picture too; `None` before there is a map.
pub fn badge(scene: &Scene) -> Option<Badge> {
    Known::of(scene).ok().map(|known| known.badge())
}

/// Arrows stand on at most so many nodes along each axis.
const ARROWS: u32 = 17;

/// Where a method would go from a grid of nodes that are known, as `toward` says from their losses and pull.
pub fn wind(sheet: &Sheet, mut toward: impl FnMut(&[f32], &Pull<'_>) -> Option<[f64; 2]>) -> Vec<(u32, [f64; 2])> {
    let (side, rows) = (sheet.grid.side(), sheet.grid.rows());
    let steps = side.saturating_sub(1).max(1);
    let stride = (1..=steps).find(|stride| steps % stride == 0 && steps / stride < ARROWS).unwrap_or(1);
    let along = |count: u32| (0..count).step_by(stride as usize);
    let nodes = along(rows).flat_map(|row| along(side).map(move |column| row * side + column));
    let arrow = |node: u32| {
        let arrow = toward(sheet.losses(node as usize)?, &sheet.pull(node as usize)?)?;
        Some((node, arrow))
    };
    nodes.filter_map(arrow).collect()
}

/// Points along each curve of a Pareto set.
const SET_POINTS: usize = 65;

/// The Pareto set of a problem in coordinates of an exact map; empty for other maps.
pub fn pareto(sheet: &Sheet, front: &Front) -> Vec<Vec<[f64; 2]>> {
    let plane = &sheet.plan.plane;
    if !sheet.plan.is_everything() {
        return Vec::new();
    }
    let mut x = vec![0.0; plane.origin.len()];
    let mut point = |at: [f64; 2]| {
        (front.set)(&at, &mut x);
        plane.place(&x)
    };
    let curves = front.samples(SET_POINTS).into_iter();
    curves.map(|curve| curve.into_iter().map(&mut point).collect()).collect()
}

/// Px between maps, at least and at most.
const GAPS: (f64, f64) = (20.0, 110.0);
/// Px above a map for its name, and below it for its axis.
const ROWS: (f64, f64) = (22.0, 22.0);
/// Smaller maps show nothing.
const LEAST_SIDE: f64 = 72.0;
/// Surfaces side by side.
const SURFACES: usize = 3;

fn least_height(scene: &Scene) -> f64 {
    let Ok(known) = Known::of(scene) else { return 320.0 };
    let n = known.maps(false).len();
    // One below the other on a phone.
    match (scene.land.surface && !known.is_line(), known.is_line()) {
        (true, _) => 60.0 + 300.0 * n.min(SURFACES) as f64,
        (_, true) => 90.0 + 220.0 * n.min(4) as f64,
        _ => 90.0 + 340.0 * n.min(4) as f64,
    }
}

/// Places of up to n maps in rows and columns, as large as they can be; square ones or as wide as they can be.
fn places(n: usize, area: Rect, square: bool) -> (Vec<Rect>, usize) {
    let (width, height) = ((area.width() - LEFT - 8.0).max(8.0), area.height().max(8.0));
    // Panels have numbers at every axis on the left.
    let between = if square { GAPS.0 } else { LEFT + 12.0 };
    let size = |n: usize, columns: usize| {
        let rows = n.div_ceil(columns);
        let wide = (width - between * (columns as f64 - 1.0)) / columns as f64;
        let high = height / rows as f64 - ROWS.0 - ROWS.1;
        (wide, high)
    };
    let best = |n: usize| {
        let side = |columns: &usize| {
            let (wide, high) = size(n, *columns);
            if square { wide.min(high) } else { wide.min(1.6 * high) }
        };
        let columns = (1..=n).max_by(|a, b| side(a).total_cmp(&side(b))).unwrap_or(1);
        (columns, side(&columns))
    };
    let mut n = n.max(1);
    while n > 1 && best(n).1 < LEAST_SIDE {
        n -= 1;
    }
    let (columns, side) = best(n);
    let side = side.max(8.0);
    let (wide, high) = if square { (side, side) } else { size(n, columns) };
    let (wide, high) = (wide.max(8.0), high.max(8.0));
    let left_over = (width - columns as f64 * wide) / (columns.max(2) - 1) as f64;
    let gap = left_over.clamp(between, GAPS.1.max(between));
    let place = |i: usize| {
        let left = area.left + LEFT + (i % columns) as f64 * (wide + gap);
        let top = area.top + ROWS.0 + (i / columns) as f64 * (high + ROWS.0 + ROWS.1);
        Rect { left, top, right: left + wide, bottom: top + high }
    };
    ((0..n).map(place).collect(), columns)
}

fn draw(scene: &Scene, stage: &Stage) -> Picture {
    let mut pen = Pen::new(stage);
    let known = match Known::of(scene) {
        Ok(known) => known,
        Err(words) => return pen.empty(&words),
    };
    let (width, height) = (stage.width, stage.height);
    let surface = scene.land.surface && !known.is_line();
    let roomy = width >= 640.0 && height >= 520.0 && !surface;
    let top = draw_badge(&known, &mut pen);
    let notes: Vec<String> = if height >= 400.0 {
        known.notes().iter().flat_map(|note| stage.wrap(note, TICK, width)).take(4).collect()
    } else {
        Vec::new()
    };
    let legend = legend(&known, width, height);
    let under = if legend == Legend::None { 0.0 } else { 18.0 } + 16.0 * notes.len() as f64;
    let beside = roomy && known.maps(false).len() == 1 && width >= 900.0;
    let lower = if roomy && !beside { (0.34 * height).clamp(190.0, 270.0) } else { 0.0 };
    let right = if beside { 0.54 * width } else { width };
    let area = Rect { left: 0.0, top, right, bottom: height - lower - under };
    // The sum stands beside the tasks where that leaves them most of their size.
    let square = !known.is_line();
    let size = |n: usize| places(n, area, square).0.first().map_or(0.0, |place| place.width() * place.height());
    let mut maps = known.maps(false);
    if !surface && size(maps.len() + 1) >= 0.6 * size(maps.len()) {
        maps = known.maps(true);
    }
    let of_tasks = maps.len();
    if surface {
        maps.truncate(SURFACES);
    }
    let (places, columns) = places(maps.len(), area, square);
    let shown = places.len();
    let mut bottom = top;
    for (number, (what, place)) in maps.iter().zip(places).enumerate() {
        let relief = Relief::of(&known, *what);
        bottom = place.bottom + ROWS.1;
        if surface {
            surface::draw(&known, &relief, place, &mut pen);
        } else if known.is_line() {
            line::draw(&known, &relief, place, &mut pen);
        } else {
            let named = place.width() >= 150.0 || number == 0;
            let labeled = [true, number % columns == 0];
            Map { known: &known, relief: &relief, place, labeled, named }.draw(&mut pen);
        }
    }
    if surface {
        pen.picture.turn = Some(Turn { radius: (width / shown.max(1) as f64).min(height).max(40.0) / 3.0 });
    }
    // What explains the maps stands right below them.
    let mut y = bottom.min(height - lower - under) + 2.0;
    let few = (shown < of_tasks).then(|| {
        let hidden = of_tasks - shown;
        if hidden == 1 && maps.len() > known.n_tasks() && shown == known.n_tasks() {
            String::new()
        } else {
            format!("{} of {} tasks; the table has all", shown.min(known.n_tasks()), known.n_tasks())
        }
    });
    if legend != Legend::None {
        draw_legend(legend, &mut pen, y + 11.0, few.as_deref().unwrap_or_default());
        y += 18.0;
    } else if let Some(few) = few {
        pen.tick((width, y + 8.0), few, Anchor::End);
    }
    for note in notes {
        pen.tick((0.0, y + 12.0), note, Anchor::Start);
        y += 16.0;
    }
    if beside {
        let (left, middle) = (right + 28.0, 0.52 * height);
        beneath::curves(&known, &mut pen, Rect { left, top: 4.0, right: width, bottom: middle });
        beneath::numbers(&known, &mut pen, Rect { left, top: middle + 16.0, right: width, bottom: height });
    } else if roomy {
        let line = pen.ink().line;
        let top = height - lower + 14.0;
        pen.hairline((0.0, top - 12.0), (width, top - 12.0), line);
        let (a, b) = (0.5 * width - 14.0, 0.5 * width + 14.0);
        beneath::curves(&known, &mut pen, Rect { left: 0.0, top, right: a, bottom: height });
        beneath::numbers(&known, &mut pen, Rect { left: b, top, right: width, bottom: height });
    }
    pen.picture
}

/// The sentence of exactness with its sign; returns where it ends.
fn draw_badge(known: &Known, pen: &mut Pen) -> f64 {
    const INDENT: f64 = 16.0;
    let ink = pen.ink();
    let badge = known.badge();
    let (sign, color) = if badge.exact { ("✓", ink.ink2) } else { ("≈", ink.ink) };
    pen.put(chart::bold((0.0, 13.0), sign.to_owned(), color, Anchor::Start));
    let lines = pen.stage.wrap(&badge.words, LABEL, pen.stage.width - INDENT);
    for (i, line) in lines.iter().enumerate() {
        pen.label((INDENT, 13.0 + 16.0 * i as f64), line.clone(), ink.ink2, Anchor::Start);
    }
    16.0 * lines.len() as f64 + 4.0
}

/// What stands below the maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Legend {
    None,
    /// What the dots of a projected map say.
    Dots,
    /// Which ground is low.
    Ground,
    Cosine,
}

fn legend(known: &Known, width: f64, height: f64) -> Legend {
    let unit = known.scene.land.height.source.unit;
    if width < 160.0 || height < 160.0 || known.is_line() {
        return Legend::None;
    }
    match unit {
        HeightUnit::Task => Legend::None,
        HeightUnit::Cosine => Legend::Cosine,
        _ if known.sheet.plan.exact || known.scene.land.surface => Legend::Ground,
        _ => Legend::Dots,
    }
}

fn draw_legend(legend: Legend, pen: &mut Pen, y: f64, few: &str) {
    let ink = pen.ink();
    let width = pen.stage.width;
    let (before, after, colors): (&str, &str, [super::Color; 3]) = match legend {
        Legend::None => return,
        Legend::Dots => {
            let middle = ink.ink.mix(ink.bg, 0.5);
            (
                "Dots: true loss, low",
                "high, in the map's bands. Smaller dots lie farther off the plane.",
                [ink.ink, middle, ink.bg],
            )
        }
        Legend::Ground => ("Ground: low", "high", [ink.low, ink.low.mix(ink.high, 0.5), ink.high]),
        Legend::Cosine => (
            "conflict −1",
            "1 agreement; the line is 0",
            [ink.signed(1.0, 1.0), ink.signed(0.0, 1.0), ink.signed(-1.0, 1.0)],
        ),
    };
    pen.tick((0.0, y), before, Anchor::Start);
    let from = pen.stage.text_width(before, TICK) + 6.0;
    let bar = Rect { left: from, top: y - 8.0, right: from + 72.0, bottom: y + 1.0 };
    let pixel = |i: i32| {
        let t = f64::from(i) / 35.5;
        (if t < 1.0 { colors[0].mix(colors[1], t) } else { colors[1].mix(colors[2], t - 1.0) }).rgb
    };
    pen.image(bar, 72, (0..72).map(pixel).collect());
    let corners = [(bar.left, bar.top), (bar.right, bar.top), (bar.right, bar.bottom), (bar.left, bar.bottom)];
    pen.line(corners.into_iter().chain([corners[0]]).collect(), 0.75, ink.edge);
    let room = if few.is_empty() { width } else { width - pen.stage.text_width(few, TICK) - 12.0 };
    // Sentences that do not fit are left out whole.
    let short = after.split(['.', ';', ',']).next().unwrap_or_default();
    let left = bar.right + 6.0;
    let first = after.find(". ").map_or(after, |at| &after[..=at]);
    let words = [after, first, short].into_iter().find(|words| left + pen.stage.text_width(words, TICK) <= room);
    pen.tick((left, y), words.unwrap_or_default(), Anchor::Start);
    pen.tick((width, y), few, Anchor::End);
}

fn subtitle(scene: &Scene) -> String {
    match Known::of(scene) {
        Ok(known) => {
            let about = known.sheet.plan.about.trim_end_matches('.');
            let progress = known.progress();
            if about.is_empty() { progress } else { format!("{progress}. {about}") }
        }
        Err(_) => "losses over a plane".to_owned(),
    }
}

fn table(scene: &Scene) -> Table {
    let mut table = Table::new(["run", "step", "place", "distance from the plane"]);
    let Ok(known) = Known::of(scene) else { return table };
    for task in 0..known.n_tasks() {
        let name = scene.task_name(task);
        table.columns.extend([format!("{name} true"), format!("{name} map"), format!("{name} off")]);
    }
    let wide = table.columns.len();
    for &run in &known.runs {
        let Some(idx) = known.at(run, scene.step) else { continue };
        let point = known.points(run)[idx];
        let step = match scene.diverged(run).filter(|end| *end <= scene.step) {
            Some(end) => format!("{}, diverged at {end}", point.step),
            None => point.step.to_string(),
        };
        let mut row = vec![scene.run_name(run), step, beneath::place_words(&known, point.at), number(point.off)];
        for task in 0..known.n_tasks() {
            let of = |losses: &[f64]| losses.get(task).map_or("–".to_owned(), |loss| number(*loss));
            let off = known.off_words(known.off_of(task, run, idx));
            row.extend([of(known.sheet.truth(run, idx)), of(known.sheet.shown(run, idx)), off]);
        }
        table.rows.push(row);
    }
    let mut add = |name: &str, place: String, values: &dyn Fn(usize) -> String| {
        let mut row = vec![name.to_owned(), String::new(), place, String::new()];
        for task in 0..known.n_tasks() {
            row.extend([String::new(), values(task), String::new()]);
        }
        table.rows.push(row);
    };
    if let Some(cursor) = scene.land.cursor {
        let losses = known.sheet.losses(known.nearest_known(cursor) as usize).unwrap_or_default();
        let value = |task: usize| losses.get(task).map_or("–".to_owned(), |loss| number(f64::from(*loss)));
        add("cross-hair", beneath::place_words(&known, cursor), &value);
    }
    if let Some(barriers) = known.sheet.barriers() {
        add("barrier", String::new(), &|task| barriers.get(task).map_or("–".to_owned(), |rise| number(*rise)));
    }
    trails::add_to_table(&known, wide, &mut table);
    table
}

fn data(scene: &Scene) -> Table {
    let mut table =
        Table::new(["what", "run", "step", "x", "y", "distance_from_plane", "task", "loss_on_map", "true_loss"]);
    let Ok(known) = Known::of(scene) else { return table };
    let sheet = known.sheet;
    for (run, path) in sheet.plan.paths.iter().enumerate() {
        for (idx, point) in path.points.iter().enumerate() {
            for task in 0..known.n_tasks() {
                let of = |losses: &[f64]| losses.get(task).map_or(String::new(), |loss| exact(*loss));
                table.rows.push(vec![
                    "checkpoint".to_owned(),
                    scene.run_name(run),
                    point.step.to_string(),
                    exact(point.at[0]),
                    exact(point.at[1]),
                    exact(point.off),
                    scene.task_name(task),
                    of(sheet.shown(run, idx)),
                    of(sheet.truth(run, idx)),
                ]);
            }
        }
    }
    for node in 0..sheet.grid.count() as u32 {
        let Some(losses) = sheet.losses(node as usize) else { continue };
        let [x, y] = sheet.grid.node(&sheet.plan.plane.spans, node);
        for (task, loss) in losses.iter().enumerate() {
            let loss = if loss.is_finite() { loss.to_string() } else { String::new() };
            let none = String::new;
            let (x, y, task) = (exact(x), exact(y), scene.task_name(task));
            table.rows.push(vec!["node".to_owned(), none(), none(), x, y, none(), task, loss, none()]);
        }
    }
    trails::add_to_data(&known, &mut table);
    table
}

fn summary(scene: &Scene) -> String {
    let known = match Known::of(scene) {
        Ok(known) => known,
        Err(words) => return words,
    };
    let shape = if known.is_line() { "along a line" } else { "over a plane" };
    let about = &known.sheet.plan.about;
    let mut words =
        format!("Losses {shape} through parameter space, {}. {about} {}", known.progress(), known.badge().words);
    for &run in &known.runs {
        let Some(idx) = known.at(run, scene.step) else { continue };
        let point = known.points(run)[idx];
        let name = scene.run_name(run);
        words += &format!(" At step {} {name} is at {}", point.step, beneath::place_words(&known, point.at));
        let told = |task: usize| {
            let (truth, shown) = (known.truth(What::Task(task), run, idx), known.shown(What::Task(task), run, idx));
            (!truth.is_nan()).then(|| {
                let name = scene.task_name(task);
                if known.sheet.plan.exact || shown.is_nan() {
                    format!("{name} {}", brief(truth))
                } else {
                    format!("{name} true {}, map {}", brief(truth), brief(shown))
                }
            })
        };
        let told: Vec<String> = (0..known.n_tasks().min(3)).filter_map(told).collect();
        words += &if told.is_empty() { ".".to_owned() } else { format!(": {}.", told.join("; ")) };
    }
    words += &trails::words(&known);
    if let Some(barriers) = known.sheet.barriers() {
        let barrier = |(task, rise): (usize, &f64)| format!("{} {}", scene.task_name(task), brief(*rise));
        words += &format!(" Barriers: {}.", barriers.iter().enumerate().map(barrier).collect::<Vec<_>>().join(", "));
    }
    for note in known.notes() {
        words += " ";
        words += &note;
    }
    words
}
