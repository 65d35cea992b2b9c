//! Paths of the same runs from the other starts of a problem: thinner lines, a ring and a name for every start.

use crate::landscape::Trail;
use crate::problem::distance_to;
use crate::protocol::WanderedPoint;

use super::super::picture::{Face, LABEL, Pen, Point};
use super::super::place::Wish;
use super::super::{Table, exact, number};
use super::beneath::place_words;
use super::chart::{Map, Names, square};
use super::known::{Known, brief};

/// Px of a path and of what keeps it apart from the ground.
const WIDTHS: (f64, f64) = (1.25, 3.25);

/// The paths of the drawn runs, with the first of every start before the others of it; none where a map is not exact.
fn shown<'k>(known: &'k Known<'_>) -> impl Iterator<Item = &'k Trail> {
    let everything = known.sheet.plan.is_everything();
    let trails = known.scene.land.trails.iter().filter(move |_| everything);
    trails.filter(|trail| known.runs.contains(&trail.run) && !trail.points.is_empty())
}

fn on_plane(known: &Known, point: &WanderedPoint) -> [f64; 2] {
    known.sheet.plan.plane.place(&point.x.map(f64::from))
}

impl Map<'_> {
    /// All of them below the runs' own paths; the view cursor is not on them, so each has its marker where it ends.
    pub fn trails(&self, pen: &mut Pen, names: &mut Names) {
        let ink = pen.ink();
        let small = self.place.width() < 220.0;
        let lines: Vec<(&Trail, Vec<Point>)> = shown(self.known)
            .map(|trail| (trail, trail.points.iter().map(|point| self.at(on_plane(self.known, point))).collect()))
            .collect();
        for (_, points) in &lines {
            pen.line(points.clone(), if small { 2.5 } else { WIDTHS.1 }, ink.halo);
        }
        for (trail, points) in &lines {
            let style = ink.run(trail.run);
            pen.dashed(points, WIDTHS.0, style.mark, style.dash, 0.0);
            names.taken.extend(points.iter().step_by((points.len() / 40).max(1)).map(|point| square(*point, 1.5)));
        }
        for (trail, points) in &lines {
            let Some(end) = trail.end else { continue };
            let (x, y) = points[points.len() - 1];
            if end.diverged.is_some() {
                pen.line(vec![(x - 3.0, y - 3.0), (x + 3.0, y + 3.0)], 1.5, ink.bad);
                pen.line(vec![(x + 3.0, y - 3.0), (x - 3.0, y + 3.0)], 1.5, ink.bad);
            } else {
                pen.marker(ink.run(trail.run), (x, y), if small { 2.75 } else { 3.5 }, true);
            }
            names.taken.push(square((x, y), 4.0));
        }
        let mut seen: Vec<&str> = Vec::new();
        for (trail, points) in &lines {
            if seen.contains(&trail.start.as_str()) {
                continue;
            }
            seen.push(&trail.start);
            let at = points[0];
            pen.disc(at, if small { 3.0 } else { 4.0 }, ink.ink2);
            pen.disc(at, if small { 2.0 } else { 2.75 }, ink.bg);
            names.taken.push(square(at, 5.0));
            if self.named && !small {
                let width = pen.stage.text_width(&trail.start, LABEL) + 4.0;
                // Away from where the first path goes.
                let next = points[(points.len() / 8).min(points.len() - 1)];
                let toward = (next.1 - at.1).atan2(at.0 - next.0);
                names.wish(Wish { at, toward, width, clear: 7.0 }, trail.start.clone(), ink.ink3, Face::Plain);
            }
        }
    }
}

/// Where every path ends, in rows below those of the runs; the distance to the Pareto set is a column of its own.
pub(super) fn add_to_table(known: &Known, wide: usize, table: &mut Table) {
    if shown(known).next().is_none() {
        return;
    }
    let scene = known.scene;
    if !scene.land.pareto.is_empty() {
        table.columns.push("distance to the Pareto set".to_owned());
        let stands = known.runs.iter().filter_map(|run| Some(known.points(*run)[known.at(*run, scene.step)?].at));
        for (row, at) in table.rows.iter_mut().zip(stands) {
            let to = scene.land.pareto.iter().map(|curve| distance_to(curve, &at)).fold(f64::NAN, f64::min);
            row.push(number(to));
        }
    }
    for trail in shown(known) {
        let Some(last) = trail.points.last() else { continue };
        let step = match trail.end {
            None => format!("{}, under way", last.step),
            Some(end) => match end.diverged {
                Some(at) => format!("{}, diverged at {at}", last.step),
                None => last.step.to_string(),
            },
        };
        let name = format!("{} from {}", scene.run_name(trail.run), trail.start);
        let mut row = vec![name, step, place_words(known, on_plane(known, last)), number(0.0)];
        for loss in &last.losses {
            row.extend([number(*loss), String::new(), String::new()]);
        }
        row.resize(wide, String::new());
        row.extend(trail.end.and_then(|end| end.to_set).map(number));
        table.rows.push(row);
    }
    for row in &mut table.rows {
        row.resize(table.columns.len(), String::new());
    }
}

/// Every checkpoint; columns for the start and the distance of its end to the Pareto set.
pub(super) fn add_to_data(known: &Known, table: &mut Table) {
    if shown(known).next().is_none() {
        return;
    }
    table.columns.extend(["start", "end_to_pareto_set"].map(str::to_owned));
    for trail in shown(known) {
        let to_set = trail.end.and_then(|end| end.to_set).map_or_else(String::new, exact);
        for point in &trail.points {
            let at = on_plane(known, point);
            for (task, loss) in point.losses.iter().enumerate() {
                table.rows.push(vec![
                    "checkpoint".to_owned(),
                    known.scene.run_name(trail.run),
                    point.step.to_string(),
                    exact(at[0]),
                    exact(at[1]),
                    exact(0.0),
                    known.scene.task_name(task),
                    String::new(),
                    exact(*loss),
                    trail.start.clone(),
                    to_set.clone(),
                ]);
            }
        }
    }
    for row in &mut table.rows {
        row.resize(table.columns.len(), String::new());
    }
}

/// Where the paths end, in sentences.
pub(super) fn words(known: &Known) -> String {
    let mut starts: Vec<&str> = Vec::new();
    for trail in shown(known) {
        if !starts.contains(&trail.start.as_str()) {
            starts.push(&trail.start);
        }
    }
    let of_start = |start: &&str| {
        let end = |trail: &Trail| {
            let last = trail.points.last()?;
            let mut words = format!(
                "{} {} {}",
                known.scene.run_name(trail.run),
                if trail.end.is_some() { "ends at" } else { "is at" },
                place_words(known, on_plane(known, last))
            );
            if let Some(to_set) = trail.end.and_then(|end| end.to_set) {
                words += &format!(", {} from the Pareto set", brief(to_set));
            }
            Some(words)
        };
        let ends: Vec<String> = shown(known).filter(|trail| trail.start == **start).filter_map(end).collect();
        format!(" From {start}: {}.", ends.join("; "))
    };
    starts.iter().map(of_start).collect()
}
