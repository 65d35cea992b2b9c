//! Sizes, modes, and the data, teachers and initial weights of the workload, drawn as every other engine draws them.

use crate::backend::Workload;
use crate::config::{Activation, Init, NetworkConfig, Optimizer};
use crate::data::{Split, Targets, TaskKind};
use crate::nn::{Network, ParamLayout};
use std::rc::Rc;

/// Batches that lie on the device; step t takes batch t mod this.
pub const BATCHES: usize = 4;
const INIT_SEED: u32 = 1;
const DATA_SEED: u32 = 2;
const TEACHER_SEED: u32 = 3;

/// What becomes of the tasks' gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Equal weights: the gradient of the sum of losses.
    Ew,
    /// PCGrad in cyclic order, from the Gramian.
    Pcgrad,
}

impl Mode {
    pub const ALL: [Self; 2] = [Self::Ew, Self::Pcgrad];

    pub fn id(self) -> &'static str {
        match self {
            Self::Ew => "ew",
            Self::Pcgrad => "pcgrad",
        }
    }
}

/// An entry of the registry of sizes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    pub id: &'static str,
    /// D.
    pub inputs: usize,
    /// H, twice.
    pub width: usize,
    /// K.
    pub tasks: usize,
    /// C: 1 is a regression with squared error, more are classes with cross-entropy.
    pub outputs: usize,
    /// B.
    pub rows: usize,
    ew: &'static [f64],
    pcgrad: &'static [f64],
}

/// Every size, the smallest first.
pub const SIZES: &[Size] = &[
    Size {
        id: "S",
        inputs: 2,
        width: 32,
        tasks: 2,
        outputs: 1,
        rows: 64,
        ew: &[0.993546, 0.854167],
        pcgrad: &[0.993362, 0.854192],
    },
    Size {
        id: "M",
        inputs: 784,
        width: 128,
        tasks: 2,
        outputs: 10,
        rows: 256,
        ew: &[2.400304, 2.524484],
        pcgrad: &[2.400298, 2.524481],
    },
    Size {
        id: "L",
        inputs: 784,
        width: 512,
        tasks: 4,
        outputs: 10,
        rows: 512,
        ew: &[2.406718, 2.417391, 2.429564, 2.504164],
        pcgrad: &[2.406724, 2.417338, 2.429406, 2.504229],
    },
    Size {
        id: "XL",
        inputs: 1296,
        width: 1024,
        tasks: 8,
        outputs: 10,
        rows: 1024,
        ew: &[2.472442, 2.431712, 2.461025, 2.464374, 2.521196, 2.459158, 2.508188, 2.441263],
        pcgrad: &[2.47167, 2.43052, 2.46107, 2.46656, 2.52239, 2.45831, 2.50751, 2.44154],
    },
];

impl Size {
    /// The size called `id`.
    pub fn find(id: &str) -> Option<&'static Self> {
        SIZES.iter().find(|size| size.id == id)
    }

    /// (K) losses of the third step, before its update.
    pub fn expected(&self, mode: Mode) -> &'static [f64] {
        match mode {
            Mode::Ew => self.ew,
            Mode::Pcgrad => self.pcgrad,
        }
    }

    fn task(&self) -> TaskKind {
        match self.outputs {
            1 => TaskKind::Regression,
            classes => TaskKind::Multiclass { classes },
        }
    }

    /// What a backend trains, and the θ it starts from.
    pub fn workload(&self) -> (Workload, Vec<f32>) {
        let config = NetworkConfig {
            filters: Vec::new(),
            trunk: vec![self.width as u32; 2],
            head: Vec::new(),
            activation: Activation::Relu,
            init: Init::FanIn,
        };
        let network = Network::mlp(self.inputs, &config, &vec![self.task(); self.tasks]);
        let layout = ParamLayout::new(&network);
        let data = Rc::new(self.data());
        let theta = self.initial();
        let workload = Workload {
            network,
            layout,
            validation: data.clone(),
            data,
            targets: (0..self.tasks).collect(),
            loss_scales: vec![1.0; self.tasks],
            batch_rows: self.rows,
            optimizer: Optimizer::Adam,
            weight_decay: 0.0,
            clip: None,
        };
        (workload, theta)
    }

    /// θ: W₁, b₁, W₂, b₂, then Vₖ, cₖ; biases are 0.
    fn initial(&self) -> Vec<f32> {
        let mut draws = Mulberry32(INIT_SEED);
        let mut theta = Vec::new();
        let mut layer = |fan_in: usize, units: usize| {
            let bound = (6.0 / fan_in as f64).sqrt();
            theta.extend((0..fan_in * units).map(|_| (draws.signed() * bound) as f32));
            theta.resize(theta.len() + units, 0.0);
        };
        layer(self.inputs, self.width);
        layer(self.width, self.width);
        for _ in 0..self.tasks {
            layer(self.width, self.outputs);
        }
        theta
    }

    /// All batches, with what the teachers say of every row.
    fn data(&self) -> Split {
        let rows = BATCHES * self.rows;
        let mut draws = Mulberry32(DATA_SEED);
        let x: Vec<f32> = (0..rows * self.inputs).map(|_| draws.signed() as f32).collect();
        let mut draws = Mulberry32(TEACHER_SEED);
        let bound = 3.0 / (self.inputs as f64).sqrt();
        let mut target = || {
            let teacher: Vec<f64> = (0..self.inputs * self.outputs).map(|_| draws.signed() * bound).collect();
            let mut scores = vec![0.0; self.outputs];
            let scored = x.chunks_exact(self.inputs).map(|row| {
                scores.fill(0.0);
                for (&x, weights) in row.iter().zip(teacher.chunks_exact(self.outputs)) {
                    for (score, &weight) in scores.iter_mut().zip(weights) {
                        *score += f64::from(x) * weight;
                    }
                }
                match self.task() {
                    // The first of equals.
                    TaskKind::Multiclass { classes } => {
                        (1..classes).fold(0, |best, c| if scores[c] > scores[best] { c } else { best }) as f64
                    }
                    _ => libm::sin(3.0 * scores[0]),
                }
            });
            match self.task() {
                TaskKind::Multiclass { .. } => Targets::Class(scored.map(|class| class as u32).collect()),
                _ => Targets::Value(scored.map(|value| value as f32).collect()),
            }
        };
        let targets = (0..self.tasks).map(|_| target()).collect();
        Split { rows, x, targets }
    }
}

/// The generator that all engines share, because it is three lines in any language: numbers in [0, 1).
pub(super) struct Mulberry32(pub u32);

impl Mulberry32 {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x6D2B_79F5);
        let mut t = (self.0 ^ (self.0 >> 15)).wrapping_mul(1 | self.0);
        t = t.wrapping_add((t ^ (t >> 7)).wrapping_mul(61 | t)) ^ t;
        f64::from(t ^ (t >> 14)) / 4_294_967_296.0
    }

    /// In [−1, 1).
    pub(super) fn signed(&mut self) -> f64 {
        2.0 * self.uniform() - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_mulberry32() {
        // What the three lines of JavaScript give for seed 1.
        let mut draws = Mulberry32(1);
        let got: Vec<u64> = (0..3).map(|_| (draws.uniform() * 4_294_967_296.0) as u64).collect();
        assert_eq!(got, EXPECT);
    }

    const EXPECT: [u64; 3] = [2_693_262_067, 11_749_833, 2_265_367_787];

    #[test]
    fn theta_fits_the_layout() {
        for size in SIZES {
            let d_h = size.inputs * size.width;
            let shared = d_h + size.width + size.width * size.width + size.width;
            let heads = size.tasks * (size.width + 1) * size.outputs;
            assert_eq!(size.initial().len(), shared + heads, "{}", size.id);
            assert!(Mode::ALL.iter().all(|&mode| size.expected(mode).len() == size.tasks), "{}", size.id);
        }
    }
}
