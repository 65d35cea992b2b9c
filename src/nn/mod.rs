//! Networks as layer lists: a shared trunk and one head per task, over one flat parameter vector.

mod convolution;
mod layout;

pub use convolution::{Convolution, KERNEL, POOL};
pub use layout::{Block, Owner, ParamLayout, Part};

use crate::config::{Activation, NetworkConfig};
use crate::data::TaskKind;

/// One layer. Parameters lie in the flat vector where [`ParamLayout`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// y (B, outputs) = activation(x (B, inputs) · W (inputs, outputs) + b (outputs)).
    Dense { inputs: usize, outputs: usize, activation: Option<Activation> },
    /// y = activation(largest of every 2 × 2 of (filters of 5 × 5 over the image + bias)).
    ///
    /// ReLU and tanh never turn two values around, so pooling before them and behind them gives the same numbers; GELU
    /// does, and is taken behind the pooling. Of equal values the first has been the largest, and gets the gradient.
    Convolution { shape: Convolution, activation: Option<Activation> },
}

impl Layer {
    /// Numbers of one row that come in.
    pub fn inputs(self) -> usize {
        match self {
            Self::Dense { inputs, .. } => inputs,
            Self::Convolution { shape, .. } => shape.inputs(),
        }
    }

    /// Numbers of one row that go out.
    pub fn outputs(self) -> usize {
        match self {
            Self::Dense { outputs, .. } => outputs,
            Self::Convolution { shape, .. } => shape.outputs(),
        }
    }

    pub fn activation(self) -> Option<Activation> {
        match self {
            Self::Dense { activation, .. } | Self::Convolution { activation, .. } => activation,
        }
    }

    /// Rows of the weight: numbers that one unit or filter sees.
    pub fn fan_in(self) -> usize {
        match self {
            Self::Dense { inputs, .. } => inputs,
            Self::Convolution { shape, .. } => shape.fan_in(),
        }
    }

    /// Columns of the weight, each with a bias: units of a dense layer, filters of a convolution.
    pub fn units(self) -> usize {
        match self {
            Self::Dense { outputs, .. } => outputs,
            Self::Convolution { shape, .. } => shape.filters,
        }
    }

    /// Multiplications of one row going forward, biases counted as such: the parameters of a dense layer, and those of
    /// a convolution at every place.
    pub fn work(self) -> usize {
        let parameters = (self.fan_in() + 1) * self.units();
        match self {
            Self::Dense { .. } => parameters,
            Self::Convolution { shape, .. } => {
                let [rows, columns] = shape.pooled();
                rows * columns * POOL * POOL * parameters
            }
        }
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
        Self::new(n_inputs, &[], config, tasks)
    }

    /// The same behind convolutions, which come of [`NetworkConfig::convolutions`].
    pub fn new(n_inputs: usize, shapes: &[Convolution], config: &NetworkConfig, tasks: &[TaskKind]) -> Self {
        let layer = |shape: &Convolution| Layer::Convolution { shape: *shape, activation: Some(config.activation) };
        let mut trunk: Vec<Layer> = shapes.iter().map(layer).collect();
        let mut inputs = shapes.last().map_or(n_inputs, |shape| shape.outputs());
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

    /// Multiplications of one row going forward; the parameters, where all layers are dense.
    pub fn work(&self) -> usize {
        let layers = self.trunk.iter().chain(self.heads.iter().flat_map(|head| &head.layers));
        layers.map(|layer| layer.work()).sum()
    }

    /// Whether a layer goes over images.
    pub fn has_convolutions(&self) -> bool {
        self.trunk.iter().any(|layer| matches!(layer, Layer::Convolution { .. }))
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
