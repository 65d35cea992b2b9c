//! Networks as layer lists: a shared trunk and one head per task, over one flat parameter vector.

mod layout;

pub use layout::{Block, Owner, ParamLayout, Part};

use crate::config::{Activation, NetworkConfig};
use crate::data::TaskKind;

/// One layer. Parameters lie in the flat vector where [`ParamLayout`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// y (B, outputs) = activation(x (B, inputs) · W (inputs, outputs) + b (outputs)).
    Dense { inputs: usize, outputs: usize, activation: Option<Activation> },
}

impl Layer {
    pub fn inputs(self) -> usize {
        let Self::Dense { inputs, .. } = self;
        inputs
    }

    pub fn outputs(self) -> usize {
        let Self::Dense { outputs, .. } = self;
        outputs
    }

    pub fn activation(self) -> Option<Activation> {
        let Self::Dense { activation, .. } = self;
        activation
    }
}

/// The loss at the end of a head; L = mean over the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// −log softmax(z)[class], z has one output per class.
    SoftmaxCrossEntropy,
    /// Binary cross-entropy with logit z (one output), target 0 or 1.
    BinaryCrossEntropy,
    /// (z − y)², one output.
    SquaredError,
}

/// What follows the trunk for one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// At least one layer; the last has no activation.
    pub layers: Vec<Layer>,
    pub loss: Loss,
}

/// A shared trunk and K heads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub n_inputs: usize,
    pub trunk: Vec<Layer>,
    /// (K)
    pub heads: Vec<Head>,
}

impl Network {
    /// A multilayer perceptron: dense trunk, dense heads that end in what each task needs.
    pub fn mlp(n_inputs: usize, config: &NetworkConfig, tasks: &[TaskKind]) -> Self {
        let mut trunk = Vec::new();
        let mut inputs = n_inputs;
        for &width in &config.trunk {
            let outputs = width as usize;
            trunk.push(Layer::Dense { inputs, outputs, activation: Some(config.activation) });
            inputs = outputs;
        }
        let heads = tasks
            .iter()
            .map(|kind| {
                let mut layers = Vec::new();
                let mut inputs = inputs;
                for &width in &config.head {
                    let outputs = width as usize;
                    layers.push(Layer::Dense { inputs, outputs, activation: Some(config.activation) });
                    inputs = outputs;
                }
                let (outputs, loss) = match kind {
                    TaskKind::Multiclass { classes } => (*classes, Loss::SoftmaxCrossEntropy),
                    TaskKind::Binary => (1, Loss::BinaryCrossEntropy),
                    TaskKind::Regression => (1, Loss::SquaredError),
                };
                layers.push(Layer::Dense { inputs, outputs, activation: None });
                Head { layers, loss }
            })
            .collect();
        Self { n_inputs, trunk, heads }
    }

    /// K.
    pub fn n_tasks(&self) -> usize {
        self.heads.len()
    }

    /// Width of the shared representation.
    pub fn representation(&self) -> usize {
        self.trunk.last().map_or(self.n_inputs, |layer| layer.outputs())
    }
}
