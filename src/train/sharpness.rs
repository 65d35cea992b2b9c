//! How sharp the place is where a run stands: each task's largest curvature and its rise uphill, at a given θ.
//!
//! In f64 on the CPU always, beside the run: θ comes from a checkpoint. It goes in portions of a few milliseconds, so
//! that whoever trains meanwhile is not held up; the answer is a function of θ, ρ and the rows alone.

use crate::backend::Workload;
use crate::backend::cpu::Cpu;
use crate::balance::modify::Ascent;
use crate::config::Optimizer;
use crate::measure::curvature::PowerIteration;
use crate::problem::Problem;
use crate::protocol::TaskSharpness;
use crate::rng::{Stream, StreamId};

/// Most training rows, the first ones.
pub const ROWS: usize = 512;
/// Parameters × rows of one gradient at most: of larger networks fewer rows are looked at.
const WORK: usize = 64_000_000;
/// Parameters × rows of one portion.
const PORTION: usize = 2_000_000;
/// How far beside θ the second gradient of a product is taken, in parameters: H v is (g(θ + reach v) − g(θ))/reach.
///
/// In f64 a product is then 2e-6 of its length off, mostly by rounding, whether one gradient beside θ is taken or two
/// (`tests/it/sharpness.rs`); so it is one, at half the price. Farther away less is rounded off, but a ReLU that turns
/// on in between adds a spike that no Hessian has: at a millionth one of a hundred products had one.
const REACH: f64 = 1e-9;

/// What is differentiated.
enum Losses {
    Rows {
        cpu: Box<Cpu<f64>>,
        /// All rows that are looked at, a portion after the other.
        rows: Vec<u32>,
        portion: usize,
        part: Vec<f64>, // (n_parameters) of one portion
    },
    Formulas {
        problem: &'static Problem,
        /// Which of the problem's losses are the K tasks.
        targets: Vec<usize>,
        all_losses: Vec<f64>,
        all_rows: Vec<f64>,
    },
}

/// What the gradient that is being summed up is for.
enum Stage {
    Here,
    Uphill,
    Beside(Box<PowerIteration>),
}

/// Reads the sharpness of one θ after the other.
pub struct SharpnessReader {
    losses: Losses,
    n_tasks: usize,
    rho: f64,
    theta: Vec<f64>,
    point: Vec<f64>,    // where the gradient is taken
    gradient: Vec<f64>, // sum over the portions so far
    here: Vec<f64>,     // gradient at θ
    loss: f64,
    loss_here: f64,
    rise: f64,
    at: usize, // first row of the next portion
    task: usize,
    stage: Stage,
    found: Vec<TaskSharpness>,
}

impl SharpnessReader {
    /// For what a network learns, on the first of its training rows.
    pub fn of_network(workload: &Workload, rho: f64, most_rows: usize) -> Self {
        let work = workload.layout.work().max(1);
        let affordable = (WORK / work).max(16);
        let wanted = most_rows.min(ROWS).min(workload.data.rows).min(affordable).max(1);
        // Portions are alike: the rest that does not go into them, fewer rows than there are portions, is left out.
        let count = wanted.div_ceil((PORTION / work).clamp(1, wanted));
        let portion = wanted / count;
        let rows: Vec<u32> = (0..(portion * count) as u32).collect();
        let k = workload.network.n_tasks();
        let beside = Workload {
            batch_rows: portion,
            optimizer: Optimizer::Sgd { momentum: 0.0 },
            clip: None,
            // Losses as plots show them.
            loss_scales: vec![1.0; k],
            ..workload.clone()
        };
        let n = workload.layout.n_parameters();
        let cpu = Box::new(Cpu::new(beside, vec![0.0; n]));
        Self::new(Losses::Rows { cpu, rows, portion, part: vec![0.0; n] }, k, n, rho)
    }

    /// For an analytic problem, which has no rows.
    pub fn of_problem(problem: &'static Problem, targets: Vec<usize>, rho: f64) -> Self {
        let (n, k) = (problem.n_parameters, targets.len());
        let (all_losses, all_rows) = (vec![0.0; problem.n_tasks()], vec![0.0; problem.n_tasks() * n]);
        Self::new(Losses::Formulas { problem, targets, all_losses, all_rows }, k, n, rho)
    }

    fn new(losses: Losses, n_tasks: usize, n_parameters: usize, rho: f64) -> Self {
        let zeros = vec![0.0; n_parameters];
        Self {
            losses,
            n_tasks,
            rho,
            theta: zeros.clone(),
            point: zeros.clone(),
            gradient: zeros.clone(),
            here: zeros,
            loss: 0.0,
            loss_here: 0.0,
            rise: 0.0,
            at: 0,
            task: 0,
            stage: Stage::Here,
            found: Vec::new(),
        }
    }

    /// Rows that are looked at; 0 for an analytic problem.
    pub fn rows(&self) -> usize {
        match &self.losses {
            Losses::Rows { rows, .. } => rows.len(),
            Losses::Formulas { .. } => 0,
        }
    }

    /// Begins at this θ; what was under way is lost.
    pub fn begin(&mut self, theta: &[f32]) {
        self.theta.clear();
        self.theta.extend(theta.iter().map(|&x| f64::from(x)));
        self.found.clear();
        self.task = 0;
        self.start_task();
    }

    fn start_task(&mut self) {
        self.stage = Stage::Here;
        self.point.clone_from(&self.theta);
        self.start_gradient();
    }

    fn start_gradient(&mut self) {
        self.at = 0;
        self.loss = 0.0;
        self.gradient.fill(0.0);
    }

    /// One portion of work; (K) what was found, with the last of them.
    pub fn advance(&mut self) -> Option<Vec<TaskSharpness>> {
        if !self.portion() {
            return None;
        }
        match std::mem::replace(&mut self.stage, Stage::Here) {
            Stage::Here => {
                self.here.clone_from(&self.gradient);
                self.loss_here = self.loss;
                let length = self.here.iter().map(|g| g * g).sum::<f64>().sqrt();
                let reach = Ascent { rho: self.rho, adaptive: false }.reach(length);
                self.go(reach, Stage::Uphill);
            }
            Stage::Uphill => {
                self.rise = self.loss - self.loss_here;
                let search = Box::new(PowerIteration::new(self.first_vector()));
                self.go_beside(search);
            }
            Stage::Beside(mut search) => {
                let beside = self.gradient.iter().zip(&self.here);
                match search.take(beside.map(|(beside, here)| (beside - here) / REACH).collect()) {
                    None => self.go_beside(search),
                    Some(largest) => {
                        self.found.push(TaskSharpness {
                            loss: self.loss_here,
                            curvature: largest.value,
                            residual: largest.residual,
                            settled: largest.settled,
                            products: largest.products,
                            rise: self.rise,
                        });
                        self.task += 1;
                        if self.task == self.n_tasks {
                            return Some(std::mem::take(&mut self.found));
                        }
                        self.start_task();
                    }
                }
            }
        }
        None
    }

    /// To θ + reach·g.
    fn go(&mut self, reach: f64, stage: Stage) {
        let point = self.theta.iter().zip(&self.here).map(|(theta, g)| theta + reach * g);
        self.point.clear();
        self.point.extend(point);
        self.stage = stage;
        self.start_gradient();
    }

    fn go_beside(&mut self, search: Box<PowerIteration>) {
        let point = self.theta.iter().zip(search.vector()).map(|(theta, v)| theta + REACH * v);
        self.point.clear();
        self.point.extend(point);
        self.stage = Stage::Beside(search);
        self.start_gradient();
    }

    /// Where the search begins: the gradient, which leans to the steep side, and as much of everything else. Parameters
    /// that the task does not have, other tasks' heads, stay out.
    fn first_vector(&self) -> Vec<f64> {
        let n = self.here.len();
        let draws = Stream::new(0, StreamId::Probe, self.task as u32);
        let own = |at: usize| match &self.losses {
            Losses::Rows { cpu, .. } => {
                let layout = &cpu.workload().layout;
                at < layout.n_shared() || layout.head(self.task).contains(&at)
            }
            Losses::Formulas { .. } => true,
        };
        let owned: Vec<f64> = (0..n).map(|at| if own(at) { draws.normal(at as u64) } else { 0.0 }).collect();
        let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let (drawn, steep) = (length(&owned), length(&self.here));
        let share = if steep > 0.0 { 1.0 / steep } else { 0.0 };
        owned.iter().zip(&self.here).map(|(x, g)| x / drawn + share * g).collect()
    }

    /// Adds one portion to the gradient; whether it was the last.
    fn portion(&mut self) -> bool {
        match &mut self.losses {
            Losses::Rows { cpu, rows, portion, part } => {
                if self.at == 0 {
                    cpu.parameters_mut().copy_from_slice(&self.point);
                }
                let share = *portion as f64 / rows.len() as f64;
                self.loss += share * cpu.task_gradient(&rows[self.at..self.at + *portion], self.task, part);
                self.gradient.iter_mut().zip(part).for_each(|(sum, part)| *sum += share * *part);
                self.at += *portion;
                self.at >= rows.len()
            }
            Losses::Formulas { problem, targets, all_losses, all_rows } => {
                (problem.losses)(&self.point, all_losses);
                (problem.gradients)(&self.point, all_rows);
                let n = self.point.len();
                self.loss = all_losses[targets[self.task]];
                self.gradient.copy_from_slice(&all_rows[targets[self.task] * n..][..n]);
                true
            }
        }
    }
}
