//! The shaders of resident steps and their uniforms; see `kernel.rs`.

use super::kernel::{
    COMMON, DELTA, DENSE, Groups, Kernel, VECTOR_LANES, WEIGHT_GRADIENT, WeightGradient, kernels, uniform,
};
use super::{Family, Lanes};
use crate::balance::ResidentKernel;

/// Rows that one invocation takes through all layers.
pub const PASS_ROWS: u32 = 8;
/// Invocations of a workgroup of `pass` and `gradients`.
const LANES: u32 = 4;
/// Vecs that one invocation of `step` takes.
const STEP_VECS: u32 = 4;
/// Operations of a `pass`, and products of a `gradients`.
pub const MOST_OPERATIONS: usize = 128;
pub const MOST_PRODUCTS: usize = 128;
/// Numbers of the tally before the sums of losses.
pub const TALLY_SUMS: usize = 256;

/// Put behind shaders/common.wgsl and in front of every resident weighting.
pub const WEIGH: &str = include_str!("../../../shaders/balance/common.wgsl");

/// Put behind the functions of others; see [`steps_source`] and [`choice_source`].
const STEPS: &str = include_str!("../../../shaders/resident/runs/steps.wgsl");
const CHOICE: &str = include_str!("../../../shaders/resident/runs/weigh.wgsl");
/// Ends the line behind which a shader has what others take over from it.
const TAKEN_FROM: &str = " takes over.\n";
/// What ends that part.
const TAKEN_TO: [&str; 2] = ["@compute", "// Nothing of what follows"];
/// Runs of one dispatch.
pub const MOST_RUNS: usize = 32;

kernels! {
    /// All kernels of resident steps but the weightings.
    RESIDENT_KERNELS:
    /// All layers up and down.
    PASS "resident/pass" false;
    /// All gradients of weights and biases.
    GRADIENTS "resident/gradients" false;
    /// wᵀG and the optimizer.
    STEP "resident/step" false;
    /// What an update did.
    REPORT "resident/report" false;
}

/// A layer of a network whose values lie one behind the other: a matrix product with bindings of its own.
pub struct LayerKernel {
    pub name: &'static str,
    /// Takes the place of the product's.
    bindings: &'static str,
    product: Kernel,
    takes_activation: bool,
    may_keep: bool,
}

macro_rules! layer {
    ($name:literal, $product:expr, $takes_activation:literal, $may_keep:literal) => {
        LayerKernel {
            name: concat!("resident/layers/", $name),
            bindings: include_str!(concat!("../../../shaders/resident/layers/", $name, ".wgsl")),
            product: $product,
            takes_activation: $takes_activation,
            may_keep: $may_keep,
        }
    };
}

/// The first layer, of rows of the data set.
pub const FIRST: LayerKernel = layer!("first", DENSE, true, true);
/// Any other.
pub const ASCEND: LayerKernel = layer!("ascend", DENSE, true, true);
/// The gradient one layer down.
pub const DESCEND: LayerKernel = layer!("descend", DELTA, true, false);
/// All gradients of weights and biases.
pub const PRODUCTS: LayerKernel = layer!("products", WEIGHT_GRADIENT, false, false);

/// Lines of a product's shader around its bindings.
const BINDINGS_FROM: &str = "// Where values lie; resident steps have them elsewhere.\n";
const BINDINGS_TO: &str = "// What is computed.\n";

impl LayerKernel {
    /// The whole WGSL text with the product of a family.
    pub fn shader(&self, family: Family) -> String {
        let product = family.stand_in(&self.product).source;
        let around = product.split_once(BINDINGS_FROM);
        let around = around.and_then(|(before, rest)| Some((before, rest.split_once(BINDINGS_TO)?.1)));
        let (before, behind) = around.unwrap_or((product, ""));
        [COMMON, before, self.bindings, behind].join("\n")
    }

    /// What its pipeline is made for.
    pub fn constants(&self, lanes: Lanes, activation: u32, keeps: bool) -> Vec<(&'static str, f64)> {
        let all = [
            ("LANES", f64::from(lanes.size), lanes.family == Family::Registers),
            ("ACTIVATION", f64::from(activation), self.takes_activation),
            ("KEEPS", f64::from(u8::from(keeps)), self.may_keep),
        ];
        all.into_iter().filter(|(.., takes)| *takes).map(|(name, value, _)| (name, value)).collect()
    }
}

uniform! {
    /// shaders/resident/pass.wgsl
    Pass {
        /// B.
        rows: u32,
        x_vecs: u32,
        /// N.
        examples: u32,
        count: u32,
        sums: u32,
        gathers: u32,
        behind: u32,
        spare_1: u32,
        operations: [[[u32; 4]; 32]; 12],
    }
}

uniform! {
    /// shaders/resident/gradients.wgsl
    Gradients {
        /// B.
        rows: u32,
        product_count: u32,
        tiles: u32,
        spare_0: u32,
        products: [[[u32; 4]; 32]; 8],
    }
}

uniform! {
    /// shaders/balance/common.wgsl
    Weigh {
        /// K.
        tasks: u32,
        loss_parts: u32,
        loss_factor: f32,
        has_gramian: u32,
        stride: u32,
        plain_heads: u32,
        steps_per_epoch: u32,
        after: u32,
        key: [u32; 2],
        spare_1: [u32; 2],
        settings: [f32; 4],
        scales: [f32; 16],
        preference: [f32; 16],
        floor: [f32; 16],
    }
}

uniform! {
    /// shaders/resident/runs/steps.wgsl
    Steps {
        /// B.
        rows: u32,
        x_vecs: u32,
        /// N.
        examples: u32,
        count: u32,
        product_count: u32,
        tiles: u32,
        up_count: u32,
        vecs: u32,
        shared_end: u32,
        /// K.
        g_rows: u32,
        rule: u32,
        momentum: f32,
        decay: f32,
        state_step: u32,
        tally_step: u32,
        products_at: u32,
        after: u32,
        spare_0: u32,
        spare_1: u32,
        spare_2: u32,
        head_ends: [u32; 16],
        asks_behind: [u32; MOST_RUNS],
        operations: [[[u32; 4]; 32]; 12],
        products: [[[u32; 4]; 32]; 8],
    }
}

uniform! {
    /// shaders/resident/runs/weigh.wgsl
    Choice {
        /// K.
        tasks: u32,
        loss_parts: u32,
        loss_factor: f32,
        stride: u32,
        steps_per_epoch: u32,
        after: u32,
        stream: u32,
        tally_step: u32,
        ring_step: u32,
        products_at: u32,
        parts: u32,
        count: u32,
        counts: u32,
        spare_0: u32,
        spare_1: u32,
        spare_2: u32,
        scales: [f32; 16],
        runs: [[u32; 4]; MOST_RUNS],
        settings: [[f32; 4]; MOST_RUNS],
        preferences: [[f32; 16]; MOST_RUNS],
        floors: [[f32; 16]; MOST_RUNS],
    }
}

uniform! {
    /// shaders/resident/step.wgsl
    Step {
        vecs: u32,
        shared_end: u32,
        /// K, or 0 where d lies in the gradient.
        g_rows: u32,
        rule: u32,
        momentum: f32,
        decay: f32,
        spare_0: f32,
        spare_1: f32,
        head_ends: [u32; 16],
    }
}

uniform! {
    /// shaders/resident/report.wgsl
    Report {
        vecs: u32,
        /// K.
        rows: u32,
        stride: u32,
        into: u32,
    }
}

/// What a [`Pass`] does in turn; places are vecs of the sheet, weights and biases vecs of θ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operation {
    /// y = activation(x W + b); `keep` is where the inputs of the activation stay.
    Ascend { x: u32, x_vecs: u32, y: u32, y_vecs: u32, weight: u32, bias: u32, activation: u32, keep: Option<u32> },
    /// Losses of z, and ∂L/∂z in its place.
    Judge { z: u32, z_vecs: u32, outputs: u32, task: u32, kind: u32, scale: f32 },
    /// dx = (dy Wᵀ) ∘ the slope of what lies below.
    Descend { dy: u32, dy_vecs: u32, dx: u32, dx_vecs: u32, weight: u32, below: u32, activation: u32 },
    /// The sum of K stacks by w.
    Mix { stack: u32, step: u32, into: u32, vecs: u32, tasks: u32 },
}

/// x (B, I)ᵀ dy (B, O), and the sums of dy; places of x and dy are vecs of the sheet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Product {
    pub x: u32,
    pub x_vecs: u32,
    pub dy: u32,
    pub dy_vecs: u32,
    /// Where they begin in G, or else in the gradient.
    pub weight: u32,
    pub bias: u32,
    pub into_g: bool,
}

impl Operation {
    fn words(self) -> [[u32; 4]; 3] {
        match self {
            Self::Ascend { x, x_vecs, y, y_vecs, weight, bias, activation, keep } => {
                [[0, x, x_vecs, y], [y_vecs, weight, bias, activation], [keep.unwrap_or(u32::MAX), 0, 0, 0]]
            }
            Self::Judge { z, z_vecs, outputs, task, kind, scale } => {
                [[1, z, z_vecs, outputs], [task, kind, scale.to_bits(), 0], [0; 4]]
            }
            Self::Descend { dy, dy_vecs, dx, dx_vecs, weight, below, activation } => {
                [[2, dy, dy_vecs, dx], [dx_vecs, weight, below, activation], [0; 4]]
            }
            Self::Mix { stack, step, into, vecs, tasks } => [[3, stack, step, into], [vecs, tasks, 0, 0], [0; 4]],
        }
    }
}

impl Pass {
    /// With these operations; `None` where they are too many.
    pub fn with(self, operations: &[Operation]) -> Option<Self> {
        let mut pass = Self { count: operations.len() as u32, ..self };
        let words = operations.iter().flat_map(|operation| operation.words());
        let places = pass.operations.iter_mut().flatten();
        places.zip(words).for_each(|(place, words)| *place = words);
        (operations.len() <= MOST_OPERATIONS).then_some(pass)
    }

    /// Invocations that have rows.
    pub fn parts(&self) -> u32 {
        self.rows.div_ceil(PASS_ROWS)
    }

    pub fn groups(&self) -> Groups {
        [self.parts().div_ceil(LANES), 1, 1]
    }
}

impl Gradients {
    /// Of `rows` rows; `None` where there are too many products.
    pub fn of(rows: u32, products: &[Product]) -> Option<Self> {
        let mut gradients = Self { rows, product_count: products.len() as u32, ..Default::default() };
        let mut words = Vec::new();
        for product in products {
            let Product { x, x_vecs, dy, dy_vecs, weight, bias, into_g } = *product;
            words.push([gradients.tiles, x, x_vecs, dy]);
            words.push([dy_vecs, weight, bias, u32::from(into_g)]);
            gradients.tiles += x_vecs.div_ceil(2) * dy_vecs.div_ceil(4);
        }
        let places = gradients.products.iter_mut().flatten();
        places.zip(words).for_each(|(place, words)| *place = words);
        (products.len() <= MOST_PRODUCTS).then_some(gradients)
    }

    pub fn groups(&self) -> Groups {
        [self.tiles.div_ceil(LANES), 1, 1]
    }

    /// Of [`PRODUCTS`], where each product is a layer of the dispatch.
    pub fn layer_groups(&self, lanes: Lanes) -> Groups {
        let words = self.products.as_flattened().chunks_exact(2).take(self.product_count as usize);
        let (mut x_vecs, mut dy_vecs) = (0, 0);
        for product in words {
            x_vecs = x_vecs.max(product[0][2]);
            dy_vecs = dy_vecs.max(product[1][0]);
        }
        WeightGradient { x_vecs, dy_vecs, ..Default::default() }.groups(self.product_count, lanes)
    }
}

impl Choice {
    pub fn groups(&self) -> Groups {
        [self.count.div_ceil(LANES), 1, 1]
    }
}

impl Step {
    pub fn groups(&self) -> Groups {
        [self.vecs.div_ceil(VECTOR_LANES * STEP_VECS), 1, 1]
    }
}

impl Report {
    pub fn groups(&self) -> Groups {
        [self.rows + 1, 1, 1]
    }
}

/// The text that takes many runs from weights to weights: functions of the kernels above, whose buffers are parts of
/// two here.
pub fn steps_source() -> String {
    let of_steps = [
        (PASS.source, &["theta", "sheet"][..]),
        (GRADIENTS.source, &["sheet", "g", "own"]),
        (STEP.source, &["g", "gradient", "theta", "first", "second", "moved"]),
    ];
    let mut text = COMMON.to_owned();
    for (source, vectors) in of_steps {
        let taken = vectors.iter().fold(functions(source).to_owned(), |text, name| {
            let place = if *name == "own" { "gradient" } else { name };
            indexed(&text, name, &format!("state[{place}_at + "))
        });
        text.push_str(&taken);
    }
    text.push_str(STEPS);
    indexed(&text, "tally", "tally[tally_at + ")
}

/// The text of a weighting that decides for many runs.
pub fn choice_source(kernel: &ResidentKernel) -> String {
    let text = [&[COMMON, functions(WEIGH)], kernel.sources, &[CHOICE]].concat().join("\n");
    indexed(&indexed(&text, "tally", "tally[tally_at + "), "ring", "ring[run_ring + ")
}

/// What others may take over from a shader.
fn functions(source: &str) -> &str {
    let taken = source.split_once(TAKEN_FROM).map_or(source, |(_, behind)| behind);
    TAKEN_TO.iter().fold(taken, |taken, end| taken.split_once(end).map_or(taken, |(before, _)| before))
}

/// With `name[` as `place`; longer names that end alike stay.
fn indexed(text: &str, name: &str, place: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(&format!("{name}[")) {
        let inside = before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        out.push_str(before);
        if inside {
            out.push_str(name);
            out.push('[');
        } else {
            out.push_str(place);
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_alone_are_replaced() {
        assert_eq!(
            indexed("g[i] = ring[g[0]] + big_g[1];", "g", "state[at + "),
            "state[at + i] = ring[state[at + 0]] + big_g[1];"
        );
    }

    #[test]
    fn what_is_taken_over_has_no_entry_point_of_its_own() {
        for source in [PASS.source, GRADIENTS.source, STEP.source, WEIGH] {
            let taken = functions(source);
            assert!(taken.contains("fn ") && !taken.contains("@compute") && !taken.contains("@binding"), "{taken}");
        }
    }
}
