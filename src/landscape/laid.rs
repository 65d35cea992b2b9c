//! From a choice to a plan: the plane through stored checkpoints, where every checkpoint lies on it and how far off.

use super::breath::breathe;
use super::plane::{Lay, PlaneChoice, Point};
use crate::nn::ParamLayout;
use crate::problem::Problem;
use crate::protocol::{MapAnchor, MapAxis, MapPath, MapPlan, MapPlane, MapPoint, OffMeasure};

/// Room beside the outermost checkpoints, as a share of what they span.
const MARGIN: f64 = 0.15;
/// The same beyond the ends of a line.
const LINE_MARGIN: f64 = 0.25;

/// What planes are laid through.
pub struct Terrain<'a> {
    /// One a run: steps and θ, ascending, those whose numbers are all finite.
    pub paths: Vec<Vec<(u32, &'a [f32])>>,
    /// One a run: steps and all members of a front one behind the other, ascending; empty for a single point.
    pub members: Vec<Vec<(u32, &'a [f32])>>,
    /// Checkpoints that were left out because they are no numbers.
    pub left_out: u32,
    /// What the reader calls the runs.
    pub names: Vec<String>,
    /// The step at which the views stand.
    pub cursor: u32,
    pub subject: TerrainSubject<'a>,
    /// (K) task gradients with respect to all parameters at θ, the heads' own ones in them.
    pub gradients: &'a mut dyn FnMut(&[f32]) -> Vec<Vec<f32>>,
}

/// Whose parameters they are.
#[derive(Clone, Copy)]
pub enum TerrainSubject<'a> {
    Network(&'a ParamLayout),
    Problem(&'static Problem),
}

/// Where a point lies that names no step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsaid {
    End,
    Cursor,
}

/// A plane before it is measured.
pub struct Laid {
    pub about: String,
    pub notes: Vec<String>,
    pub origin: Vec<f64>,
    /// One or two, orthonormal.
    pub directions: Vec<Vec<f64>>,
    pub labels: Vec<String>,
    /// One a direction where it has a measure of its own.
    pub unit: Option<f64>,
    pub frame: Frame,
    pub anchors: Vec<MapAnchor>,
    /// Members of a front, whose mixtures lie in the plane.
    pub corners: Vec<Vec<f32>>,
}

/// What has to be seen of a plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Frame {
    /// All paths.
    Paths,
    /// All paths, and so far around θ₀.
    Around(f64),
    /// This box, and all paths.
    Box(f64, f64),
    /// From θ₀ so far along the line.
    Segment(f64),
}

impl<'a> Terrain<'a> {
    /// The checkpoint of a point: the last one not after its step.
    pub fn find(&self, point: Point, unsaid: Unsaid) -> Result<(MapAnchor, &'a [f32]), String> {
        let Point { run, step } = point;
        let wanted = match (step, unsaid) {
            (Some(step), _) => step,
            (None, Unsaid::End) => u32::MAX,
            (None, Unsaid::Cursor) => self.cursor,
        };
        self.stored(&self.paths, run, wanted)
    }

    /// The members of a front at a point, at its end where no step is said.
    ///
    /// # Errors
    /// A sentence where there are none.
    pub fn find_members(&self, point: Point) -> Result<(MapAnchor, Vec<&'a [f32]>), String> {
        let (anchor, all) = self.stored(&self.members, point.run, point.step.unwrap_or(u32::MAX))?;
        Ok((anchor, all.chunks_exact(self.n_parameters().max(1)).collect()))
    }

    fn stored(
        &self,
        paths: &[Vec<(u32, &'a [f32])>],
        run: usize,
        wanted: u32,
    ) -> Result<(MapAnchor, &'a [f32]), String> {
        let path = paths.get(run).ok_or_else(|| format!("There is no run {}.", run + 1))?;
        let after = path.partition_point(|(stored, _)| *stored <= wanted);
        let found = after.checked_sub(1).and_then(|at| path.get(at));
        let Some(&(step, theta)) = found else {
            return Err(format!("{} has no checkpoint there yet, or none whose weights are numbers.", self.name(run)));
        };
        Ok((MapAnchor { run: run as u32, step }, theta))
    }

    /// What the reader calls a run.
    pub fn name(&self, run: usize) -> &str {
        self.names.get(run).map_or("this run", String::as_str)
    }

    /// A checkpoint in words: `MGDA at step 600`.
    pub fn words(&self, anchor: MapAnchor) -> String {
        format!("{} at step {}", self.name(anchor.run as usize), anchor.step)
    }

    /// Length of θ; 0 where nothing is stored.
    pub fn n_parameters(&self) -> usize {
        self.paths.iter().flatten().next().map_or(0, |(_, theta)| theta.len())
    }
}

/// Lays the plane and measures everything that is known of it without losses, with a breath after every piece of work.
///
/// `rows` of `of_rows` training rows are what losses will be the mean of.
///
/// # Errors
/// Why there is no such plane, in a sentence.
pub async fn lay(
    terrain: &mut Terrain<'_>,
    choice: &PlaneChoice,
    (rows, of_rows): (usize, usize),
    number: u32,
) -> Result<MapPlan, String> {
    if terrain.n_parameters() == 0 {
        return Err("No run has a checkpoint yet whose weights are numbers. Let it take a few steps.".into());
    }
    let laid = match choice.source.lay {
        Lay::AtOnce(lay) => lay(terrain, choice),
        Lay::InPieces(lay) => lay(terrain, choice).await,
    }?;
    let single = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
    let origin = single(&laid.origin);
    let directions: Vec<Vec<f32>> = laid.directions.iter().map(|direction| single(direction)).collect();
    // What surveyors go by are the rounded numbers, so coordinates are told of those.
    let mut measured = Measured::new(&origin, &directions);
    let mut paths = Vec::new();
    for path in &terrain.paths {
        let mut points = Vec::new();
        for (step, theta) in path {
            points.push(measured.point(*step, theta));
            breathe().await;
        }
        paths.push(MapPath { points });
    }
    let explained = measured.explained();
    let n = origin.len();
    let exact = directions.len() >= n;
    let corners: Vec<MapPoint> = laid.corners.iter().map(|theta| measured.place(0, theta)).collect();
    // Members are to be seen as paths are.
    let seen: Vec<MapPath> = paths.iter().cloned().chain([MapPath { points: corners.clone() }]).collect();
    let spans = spans(&laid.frame, &seen, &origin, directions.len());
    let axes = laid.labels.iter().zip(explained).map(|(label, explained)| MapAxis {
        label: label.clone(),
        explained,
        unit: laid.unit,
    });
    let axes = axes.collect();
    let mut notes = laid.notes;
    if terrain.left_out > 0 {
        notes.push(format!(
            "{} left out, because {} weights are no numbers.",
            if terrain.left_out == 1 {
                "1 checkpoint is".into()
            } else {
                format!("{} checkpoints are", terrain.left_out)
            },
            if terrain.left_out == 1 { "its" } else { "their" },
        ));
    }
    Ok(MapPlan {
        number,
        choice: choice.text(),
        about: laid.about,
        notes,
        plane: MapPlane { origin, directions, spans },
        axes,
        exact,
        measure: match terrain.subject {
            TerrainSubject::Network(_) => OffMeasure::Ratio,
            TerrainSubject::Problem(_) => OffMeasure::ShareOfRange,
        },
        paths,
        anchors: laid.anchors,
        manifold: corners.into_iter().map(|corner| corner.at).collect(),
        rows: rows as u32,
        of_rows: of_rows as u32,
        left_out: terrain.left_out,
    })
}

/// Coordinates, distances and variances of checkpoints, gathered one by one.
struct Measured<'a> {
    origin: &'a [f32],
    directions: &'a [Vec<f32>],
    n: f64,
    /// Σ (θ − θ₀).
    sum: Vec<f64>,
    /// Σ ‖θ − θ₀‖².
    squares: f64,
    nowhere: Vec<f32>,      // 0, for the second direction of a line
    along: [(f64, f64); 2], // Σ x and Σ x² of each coordinate
}

impl<'a> Measured<'a> {
    fn new(origin: &'a [f32], directions: &'a [Vec<f32>]) -> Self {
        Self {
            origin,
            directions,
            n: 0.0,
            sum: vec![0.0; origin.len()],
            squares: 0.0,
            nowhere: vec![0.0; origin.len()],
            along: [(0.0, 0.0); 2],
        }
    }

    /// Where θ lies, and how far off the plane.
    fn place(&self, step: u32, theta: &[f32]) -> MapPoint {
        let [u, v] = [0, 1].map(|axis| self.directions.get(axis).unwrap_or(&self.nowhere));
        let mut at = [0.0; 2];
        let way = |(theta, origin): (&f32, &f32)| f64::from(*theta) - f64::from(*origin);
        let ways = || theta.iter().zip(self.origin).map(way);
        for ((way, u), v) in ways().zip(u).zip(v) {
            at[0] += way * f64::from(*u);
            at[1] += way * f64::from(*v);
        }
        let off = ways().zip(u).zip(v).map(|((way, u), v)| way - at[0] * f64::from(*u) - at[1] * f64::from(*v));
        // Not from the squares: a checkpoint in the plane would be off by their rounding.
        let off = off.map(|off| off * off).sum::<f64>();
        MapPoint { step, at, off: off.sqrt() }
    }

    /// The same of a checkpoint, which counts.
    fn point(&mut self, step: u32, theta: &[f32]) -> MapPoint {
        let point = self.place(step, theta);
        for ((theta, origin), sum) in theta.iter().zip(self.origin).zip(&mut self.sum) {
            let way = f64::from(*theta) - f64::from(*origin);
            self.squares += way * way;
            *sum += way;
        }
        self.n += 1.0;
        for (sums, x) in self.along.iter_mut().zip(point.at) {
            sums.0 += x;
            sums.1 += x * x;
        }
        point
    }

    /// Share of the variance along each direction.
    fn explained(&self) -> Vec<Option<f64>> {
        let n = self.n.max(1.0);
        let total = self.squares - self.sum.iter().map(|sum| sum * sum).sum::<f64>() / n;
        let of = |(sum, squares): &(f64, f64)| {
            // Below this, differences of sums are rounding.
            (total > 1e-12 * self.squares).then(|| ((squares - sum * sum / n) / total).clamp(0.0, 1.0))
        };
        self.along.iter().take(self.directions.len()).map(of).collect()
    }
}

fn spans(frame: &Frame, paths: &[MapPath], origin: &[f32], axes: usize) -> Vec<[f64; 2]> {
    if let Frame::Segment(length) = frame {
        return vec![[-LINE_MARGIN * length, (1.0 + LINE_MARGIN) * length]];
    }
    let mut low = [f64::INFINITY; 2];
    let mut high = [f64::NEG_INFINITY; 2];
    for at in paths.iter().flat_map(|path| &path.points).map(|point| point.at) {
        for axis in 0..2 {
            low[axis] = low[axis].min(at[axis]);
            high[axis] = high[axis].max(at[axis]);
        }
    }
    if let Frame::Box(from, to) = frame {
        let edge = |axis: usize| {
            let margin = 0.05 * (to - from);
            let below = if low[axis] < *from { low[axis] - margin } else { *from };
            [below, if high[axis] > *to { high[axis] + margin } else { *to }]
        };
        return (0..axes).map(edge).collect();
    }
    if let Frame::Around(reach) = frame {
        for axis in 0..2 {
            low[axis] = low[axis].min(-reach);
            high[axis] = high[axis].max(*reach);
        }
    }
    // One scale for both axes, so that lengths on the map are lengths.
    let widest = (0..axes).map(|axis| high[axis] - low[axis]).fold(0.0, f64::max);
    let half = if widest > 0.0 {
        widest * (0.5 + MARGIN)
    } else {
        let length = origin.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        if length > 0.0 { 0.25 * length } else { 1.0 }
    };
    let around = |axis: usize| {
        let middle = 0.5 * (low[axis] + high[axis]);
        [middle - half, middle + half]
    };
    (0..axes).map(around).collect()
}

/// θ in f64.
pub(super) fn double(theta: &[f32]) -> Vec<f64> {
    theta.iter().map(|value| f64::from(*value)).collect()
}

/// a − b.
pub(super) fn difference(a: &[f32], b: &[f32]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) - f64::from(*b)).collect()
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Two orthonormal directions that span what these span; `None` where they span no plane.
pub(super) fn orthonormal(first: Vec<f64>, second: Vec<f64>) -> Option<[Vec<f64>; 2]> {
    let u = unit(first)?;
    let before = dot(&second, &second).sqrt();
    let mut v = second;
    // Twice, so that rounding leaves nothing of u in v.
    for _ in 0..2 {
        let along = dot(&u, &v);
        v.iter_mut().zip(&u).for_each(|(v, u)| *v -= along * u);
    }
    // What is left of parallel vectors of f32 numbers is rounding.
    if dot(&v, &v).sqrt() <= 1e-6 * before {
        return None;
    }
    Some([u, unit(v)?])
}

/// Of length 1; `None` for 0.
pub(super) fn unit(mut vector: Vec<f64>) -> Option<Vec<f64>> {
    let length = dot(&vector, &vector).sqrt();
    if !(length > 0.0 && length.is_finite()) {
        return None;
    }
    vector.iter_mut().for_each(|x| *x /= length);
    Some(vector)
}
