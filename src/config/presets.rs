//! Presets: experiments with a name, the starting points of links, frozen for link version 1.
//!
//! A link says only how it differs from its preset, so a published preset never changes: another idea gets
//! another id. Every preset pins the CPU, because the same link must give the same curves everywhere; a link
//! or the backend chip overrides that with `backend=auto` or `backend=gpu`.

use super::keys::{MODIFIER_VALUE, WAY};
use super::{
    Activation, AnalyticConfig, BackendChoice, Batch, DataConfig, ExperimentConfig, Init, NetworkConfig, Optimizer,
    RunConfig, Schedule, Subject, TrainingConfig, ViewConfig, Way,
};
use crate::balance::modify::{Applied, modifier};
use crate::{balance, data, problem, strategy};

/// An experiment with a name. Data sets, tasks, problems, starts and methods by id.
#[derive(PartialEq)]
pub struct Preset {
    /// Value of `p=`.
    pub id: &'static str,
    pub label: &'static str,
    /// One or two sentences for the preset menu: what there is to see.
    pub description: &'static str,
    subject: What,
    loss_scales: &'static [f64],
    optimizer: Optimizer,
    learning_rate: f64,
    batch: Batch,
    steps: u32,
    seed: u32,
    /// As in links: a method, its modifiers and their settings.
    runs: &'static [&'static str],
    /// Step at which the views stand at first.
    step: u32,
    /// View ids of the overview's tiles, the most telling first.
    tiles: [&'static str; 4],
}

/// What a preset trains.
#[derive(PartialEq)]
enum What {
    Network(Learned),
    /// Ids of an analytic problem and of its starting point.
    Analytic {
        problem: &'static str,
        start: &'static str,
    },
}

/// Tasks of a data set, and the network that learns them.
#[derive(PartialEq)]
struct Learned {
    data: &'static str,
    /// Data knobs that differ from their defaults.
    data_knobs: &'static [(&'static str, f64)],
    tasks: &'static [&'static str],
    /// Share of training labels that are wrong.
    label_noise: f64,
    /// Filters of convolutions before the trunk.
    filters: &'static [u32],
    trunk: &'static [u32],
    head: &'static [u32],
    activation: Activation,
    init: Init,
}

/// The methods of most presets: the plain sum and three that differ from it and from each other.
const FOUR: &[&str] = &["sum", "pcgrad", "mgda", "nash_mtl"];

/// All presets, in the order of the menu; the first is the default experiment.
pub const PRESETS: &[Preset] = &[
    TWO_SINES,
    Preset {
        id: "wide-16",
        label: "Two sines, wide network",
        description: "The default experiment with 16 units a layer instead of 4. The conflict is gone: every method \
                      solves both tasks.",
        subject: What::Network(Learned { trunk: &[16, 16], ..SINES }),
        ..TWO_SINES
    },
    MULTIMNIST,
    Preset {
        id: "multimnist-full",
        label: "MultiMNIST, all digits",
        description: "The same 12,000 training pairs composed from 14,000 digits instead of 3,000. A larger download, \
                      and fewer repeated digits to learn by heart.",
        subject: What::Network(Learned { data: "multimnist", ..DIGITS28 }),
        ..MULTIMNIST
    },
    Preset {
        id: "lenet",
        label: "MultiMNIST, LeNet",
        description: "The same two digits at 28 × 28 pixels, read by the small convolutional network of the papers, \
                      to about 91 and 88 of 100. A step multiplies four times as much as the plain network's, so this \
                      takes minutes.",
        subject: What::Network(LENET),
        steps: 600,
        runs: &["sum", "pcgrad", "mgda"],
        ..MULTIMNIST
    },
    DIGITS8,
    Preset {
        id: "digits8-tiny",
        label: "Digits 8×8, three units",
        description: "Odd and at least five, through a shared layer of three units: the strongest conflict found on \
                      real data.",
        subject: What::Network(Learned { trunk: &[3], ..ODD_AND_FIVE }),
        ..DIGITS8
    },
    Preset {
        id: "two-labelings",
        label: "Two labelings of one cloud",
        description: "Two lines through one cloud of points, at right angles, seen by two shared units. Turn the angle \
                      and watch the gradients turn.",
        subject: What::Network(Learned {
            data: "two-labelings",
            tasks: &["line1", "line2"],
            trunk: &[2],
            init: Init::FanIn,
            ..SINES
        }),
        loss_scales: &[1.0, 1.0],
        steps: 400,
        step: 40,
        ..TWO_SINES
    },
    BIKE,
    Preset {
        id: "bike-wide",
        label: "Bike sharing, wide network",
        description: "The same riders through two shared layers of 64 units: width is the dial of conflict. Over training \
                      the gradients have a mean cosine of +0.2; through three units it is near or below 0, whatever \
                      the seed makes of it.",
        subject: What::Network(Learned { trunk: &[64, 64], ..RIDERS }),
        ..BIKE
    },
    CENSUS,
    Preset {
        id: "census-wide",
        label: "Census income, wide network",
        description: "The same people through two shared layers of 64 units. Over training the gradients have a mean cosine \
                      of about 0, where six units set them against each other.",
        subject: What::Network(Learned { trunk: &[64, 64], ..AGE_AND_SCHOOLING }),
        ..CENSUS
    },
    PENGUINS,
    MULTITAB,
    NOISY_LABELS,
    FLAT_MINIMA,
    MANIFOLD,
    Preset {
        id: "pamal-lenet",
        label: "A whole front of MultiMNIST",
        description: "Two LeNets, trained at every mixture of them at once: from seven tenths for the left digit to three \
                      tenths, what one digit gains the other one loses. It takes some minutes on one core, and after \
                      so few steps the plain sum is still ahead.",
        subject: What::Network(LENET),
        steps: 600,
        runs: &["sum~way~pamal~draws~4", "sum"],
        tiles: ["front", "metrics", "losses", "predictions"],
        ..MULTIMNIST
    },
    Preset {
        id: "pamal-census",
        label: "No front of the census",
        description: "Age and schooling by the published network, 256 shared units, beside the plain sum. One training \
                      tells that there is nothing to choose: along the whole line both losses stay within a hundredth \
                      or so of what guessing costs.",
        subject: What::Network(Learned { trunk: &[256], ..AGE_AND_SCHOOLING }),
        steps: 500,
        runs: &["sum~way~pamal~draws~2", "sum"],
        tiles: ["front", "metrics", "losses", "gradients"],
        ..CENSUS
    },
    Preset {
        id: "pamal-census-narrow",
        label: "A front of the census, six units",
        description: "The same people through six shared units: along the line, age is better where schooling is worse. \
                      It does not last: after four times as many steps one point serves both.",
        subject: What::Network(AGE_AND_SCHOOLING),
        steps: 500,
        runs: &["sum~way~pamal~draws~2", "sum"],
        tiles: ["front", "metrics", "losses", "gradients"],
        ..CENSUS
    },
    TOY,
    Preset {
        id: "quadratics",
        label: "Two quadratics",
        description: "Two bowls with different centers and no network: everything is convex, and where a method stops \
                      on the line between the centers is its own choice.",
        subject: What::Analytic { problem: "quadratics", start: "upper-left" },
        loss_scales: &[1.0, 1.0],
        steps: 500,
        step: 100,
        ..TOY
    },
];

const TOY: Preset = Preset {
    id: "toy",
    label: "The toy of the papers",
    description: "Two parameters, two losses: the figure of CAGrad, Nash-MTL and FAMO, the first loss ten times \
                  quieter. Sum is still in its valley when MGDA and Nash-MTL stand on the front, apart from each other.",
    subject: What::Analytic { problem: "toy", start: "upper-right" },
    loss_scales: &[0.1, 1.0],
    optimizer: Optimizer::Adam,
    learning_rate: 0.01,
    batch: Batch::All,
    steps: 4000,
    seed: 1,
    runs: &["sum", "mgda", "pcgrad", "cagrad", "nash_mtl"],
    step: 1500,
    tiles: ["front", "gradients", "losses", "weights"],
};

const TWO_SINES: Preset = Preset {
    id: "two-sines",
    label: "Two sines",
    description: "Two regressions share four units a layer, and the loss of the second counts a twentieth. Four \
                  methods, the same start, four different fates.",
    subject: What::Network(SINES),
    loss_scales: &[1.0, 0.05],
    optimizer: Optimizer::Adam,
    learning_rate: 0.01,
    batch: Batch::All,
    steps: 600,
    seed: 4,
    runs: FOUR,
    step: 150,
    tiles: ["losses", "gradients", "front", "predictions"],
};

const MULTIMNIST: Preset = Preset {
    id: "multimnist",
    label: "MultiMNIST",
    description: "Two real handwritten digits lie on top of each other. One network learns to read both.",
    subject: What::Network(DIGITS28),
    loss_scales: &[1.0, 1.0],
    optimizer: Optimizer::Adam,
    learning_rate: 1e-3,
    batch: Batch::Rows(256),
    steps: 800,
    seed: 1,
    runs: FOUR,
    step: 0,
    tiles: ["metrics", "losses", "cosine", "predictions"],
};

const DIGITS8: Preset = Preset {
    id: "digits8",
    label: "Digits 8×8",
    description: "Small real digits: is it odd, and is it at least five? With 64 units a layer there is room for both \
                  questions.",
    subject: What::Network(ODD_AND_FIVE),
    loss_scales: &[1.0, 1.0],
    optimizer: Optimizer::Adam,
    learning_rate: 1e-3,
    batch: Batch::Rows(128),
    steps: 1000,
    seed: 1,
    runs: FOUR,
    step: 0,
    tiles: ["metrics", "losses", "cosine", "predictions"],
};

const BIKE: Preset = Preset {
    id: "bike",
    label: "Bike sharing",
    description: "Casual and registered riders of every hour, through three shared units: too few for both habits. \
                  Give them 64 and sharing costs next to nothing.",
    subject: What::Network(RIDERS),
    loss_scales: &[1.0, 1.0],
    optimizer: Optimizer::Adam,
    learning_rate: 1e-3,
    batch: Batch::Rows(128),
    steps: 1500,
    seed: 1,
    runs: FOUR,
    step: 0,
    tiles: ["metrics", "losses", "cosine", "front"],
};

const CENSUS: Preset = Preset {
    id: "census",
    label: "Census income",
    description: "Age and schooling of 32,000 people, the tabular benchmark of the papers, through six shared units: \
                  gradients turn against each other, yet no task loses much by it.",
    subject: What::Network(AGE_AND_SCHOOLING),
    loss_scales: &[1.0, 1.0],
    optimizer: Optimizer::Adam,
    learning_rate: 1e-3,
    batch: Batch::Rows(256),
    steps: 1000,
    seed: 1,
    runs: FOUR,
    step: 0,
    tiles: ["metrics", "cosine", "losses", "weights"],
};

const PENGUINS: Preset = Preset {
    id: "penguins",
    label: "Palmer penguins",
    description: "Three kinds of loss in one network: species, sex and body mass. Their gradients differ in length, and \
                  the weights of the methods answer it.",
    subject: What::Network(Learned {
        data: "penguins",
        tasks: &["species", "sex", "body-mass-g"],
        trunk: &[16, 16],
        ..ODD_AND_FIVE
    }),
    loss_scales: &[1.0, 1.0, 1.0],
    optimizer: Optimizer::Adam,
    learning_rate: 1e-3,
    batch: Batch::Rows(64),
    steps: 600,
    seed: 1,
    runs: &["sum", "uw", "mgda", "nash_mtl"],
    step: 0,
    tiles: ["weights", "metrics", "losses", "gradients"],
};

const MULTITAB: Preset = Preset {
    id: "multitab",
    label: "MultiTab-Bench",
    description: "Three quadratics with nothing in common, through 32 shared units: after 1,000 steps the sum is 2 to \
                  5 points of R² behind training each alone. The gradients are nearly at right angles, so PCGrad \
                  changes next to nothing; Nash-MTL closes most of the gap.",
    subject: What::Network(Learned {
        data: "multitab",
        data_knobs: &[("p", 0.0)],
        tasks: &["y1", "y2", "y3"],
        trunk: &[32],
        ..ODD_AND_FIVE
    }),
    loss_scales: &[1.0, 1.0, 1.0],
    optimizer: Optimizer::Adam,
    learning_rate: 1e-3,
    batch: Batch::Rows(128),
    steps: 1000,
    seed: 1,
    runs: FOUR,
    step: 0,
    tiles: ["metrics", "losses", "cosine", "weights"],
};

const NOISY_LABELS: Preset = Preset {
    id: "noisy-labels",
    label: "Digits 8×8, wrong labels",
    description: "Three in ten training labels are wrong, and 256 units a layer have room to learn them by heart. After \
                  150 steps 95 % of new digits are read rightly, after 1,000 about 80 %, whichever of the three \
                  methods weighs the losses.",
    subject: What::Network(Learned { tasks: &["class", "odd"], label_noise: 0.3, trunk: &[256, 256], ..ODD_AND_FIVE }),
    loss_scales: &[1.0, 1.0],
    optimizer: Optimizer::Adam,
    learning_rate: 1e-3,
    batch: Batch::Rows(128),
    steps: 1000,
    seed: 1,
    runs: &["sum", "uw", "nash_mtl"],
    step: 150,
    tiles: ["metrics", "losses", "predictions", "weights"],
};

const MANIFOLD: Preset = Preset {
    id: "pamal",
    label: "A whole front from one training",
    description: "Two networks of three shared units, trained at every mixture of them at once. Afterward the preference \
                  slides from one task to the other, and nothing is trained again.",
    subject: What::Network(Learned { trunk: &[3], ..SINES }),
    loss_scales: &[1.0, 1.0],
    steps: 1500,
    seed: 1,
    runs: &["sum~way~pamal~p~.5~draws~4", "sum"],
    step: 0,
    tiles: ["front", "predictions", "losses", "gradients"],
    ..TWO_SINES
};

const FLAT_MINIMA: Preset = Preset {
    id: "flat-minima",
    label: "Digits 8×8, flat and sharp",
    description: "Three in ten training labels are wrong. With SAM in front, Sum and Nash-MTL end where the largest \
                  curvature is a fifth or less, and of new digits 97 % are read rightly instead of 94 %, odd ones told \
                  from even in 96 % instead of 87 %: means of three seeds.",
    subject: What::Network(Learned { tasks: &["class", "odd"], label_noise: 0.3, ..ODD_AND_FIVE }),
    runs: &["sum", "sum~mod~sam~by~.3", "nash_mtl", "nash_mtl~mod~sam~by~.3"],
    step: 0,
    tiles: ["metrics", "losses", "cosine", "weights"],
    ..NOISY_LABELS
};

const SINES: Learned = Learned {
    data: "two-sines",
    data_knobs: &[],
    tasks: &["sin-x1", "sin-x2"],
    label_noise: 0.0,
    filters: &[],
    trunk: &[4, 4],
    head: &[],
    activation: Activation::Tanh,
    init: Init::Gains { first: 1.5, trunk: 1.2, head: 1.0 },
};

const DIGITS28: Learned = Learned {
    data: "multimnist-lite",
    data_knobs: &[],
    tasks: &["left", "right"],
    label_noise: 0.0,
    filters: &[],
    trunk: &[256, 128],
    head: &[],
    activation: Activation::Relu,
    init: Init::FanIn,
};

/// The network of "Pareto Manifold Learning" (Dimitriadis et al., ICML 2023) on MultiMNIST.
const LENET: Learned = Learned {
    data: "multimnist",
    data_knobs: &[("size", 28.0)],
    filters: &[10, 20],
    trunk: &[50],
    head: &[50],
    ..DIGITS28
};

const ODD_AND_FIVE: Learned = Learned {
    data: "digits8",
    data_knobs: &[],
    tasks: &["odd", "ge5"],
    label_noise: 0.0,
    filters: &[],
    trunk: &[64, 64],
    head: &[],
    activation: Activation::Relu,
    init: Init::FanIn,
};

const RIDERS: Learned = Learned { data: "bike", tasks: &["casual", "registered"], trunk: &[3], ..ODD_AND_FIVE };

const AGE_AND_SCHOOLING: Learned =
    Learned { data: "census", tasks: &["age", "education"], trunk: &[6], ..ODD_AND_FIVE };

/// Why ids of presets are found.
const REGISTERED: &str = "presets name registered data sets, tasks, problems and methods: the tests walk them";

impl std::fmt::Debug for Preset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

impl Preset {
    /// Id of its data set or problem.
    fn subject(&self) -> &'static str {
        match &self.subject {
            What::Network(learned) => learned.data,
            What::Analytic { problem, .. } => problem,
        }
    }

    /// The preset's experiment.
    pub fn config(&'static self) -> ExperimentConfig {
        let loss_scales = self.loss_scales.to_vec();
        ExperimentConfig {
            preset: self,
            subject: match &self.subject {
                What::Network(learned) => Subject::Network {
                    data: learned.data_config(loss_scales),
                    network: NetworkConfig {
                        filters: learned.filters.to_vec(),
                        trunk: learned.trunk.to_vec(),
                        head: learned.head.to_vec(),
                        activation: learned.activation,
                        init: learned.init,
                    },
                },
                What::Analytic { problem, start } => {
                    let problem = problem::problem(problem).expect(REGISTERED);
                    let start = problem.start(start).expect(REGISTERED).x.to_vec();
                    Subject::Analytic(AnalyticConfig { problem, start, loss_scales })
                }
            },
            training: TrainingConfig {
                optimizer: self.optimizer,
                learning_rate: self.learning_rate,
                schedule: Schedule::CONSTANT,
                weight_decay: 0.0,
                clip: None,
                batch: self.batch,
                steps: self.steps,
                seed: self.seed,
                seeds: 1,
                preference: None,
            },
            runs: self.runs.iter().map(|text| run(text)).collect(),
            backend: BackendChoice::Cpu,
            view: ViewConfig { step: self.step, ..ViewConfig::default() },
        }
    }
}

/// A run as presets write it.
fn run(text: &str) -> RunConfig {
    let mut words = text.split('~');
    let mut run = RunConfig::new(words.next().and_then(balance::method).expect(REGISTERED));
    while let (Some(word), Some(value)) = (words.next(), words.next()) {
        if word == WAY {
            run.way = Way::Front(strategy::Learned::new(strategy::learner(value).expect(REGISTERED)));
            continue;
        }
        if let Way::Front(learned) = &mut run.way {
            let at = learned.learner.knobs.iter().position(|knob| knob.name == word).expect(REGISTERED);
            learned.knobs[at] = value.parse().expect(REGISTERED);
            continue;
        }
        match (word, run.modifiers.last_mut()) {
            (MODIFIER_VALUE, Some(applied)) => applied.value = value.parse().expect(REGISTERED),
            _ => run.modifiers.push(Applied::new(modifier(value).expect(REGISTERED))),
        }
    }
    run
}

impl Learned {
    fn data_config(&self, loss_scales: Vec<f64>) -> DataConfig {
        let source = data::source(self.data).expect(REGISTERED);
        let task = |id: &&str| source.tasks.iter().position(|task| task.id == *id).expect(REGISTERED);
        let mut knobs = source.default_knobs();
        for (name, value) in self.data_knobs {
            let at = source.knobs.iter().position(|knob| knob.name == *name).expect(REGISTERED);
            knobs[at] = *value;
        }
        let tasks = self.tasks.iter().map(task).collect();
        DataConfig { source, knobs, tasks, label_noise: self.label_noise, loss_scales }
    }
}

/// View ids of the overview's tiles for this experiment: its preset's, or where it trains on something else,
/// those of the first preset that has it.
pub fn tiles(config: &ExperimentConfig) -> [&'static str; 4] {
    let own = std::iter::once(config.preset);
    let fitting = own.chain(PRESETS).find(|preset| preset.subject() == config.subject.id());
    fitting.unwrap_or(config.preset).tiles
}

/// The experiment that the page invites to after the first one: real digits.
pub fn invitation() -> &'static Preset {
    &MULTIMNIST
}

/// The experiment of the cold open.
pub fn default_preset() -> &'static Preset {
    &PRESETS[0]
}

/// The preset with this id.
pub fn preset(id: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.id == id)
}
