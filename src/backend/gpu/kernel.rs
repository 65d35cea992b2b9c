//! The shaders, their uniforms and the sizes of their dispatches; all that the host must agree on with WGSL.
//!
//! Every struct here is a struct of the same name and fields in the shader, which a test checks with naga.
//! Widths, offsets and steps are counted in vec4s ("vecs"), as in shaders/common.wgsl.

use super::Lanes;
use crate::config::Activation;
use crate::nn::{KERNEL, Loss as LossKind};
use bytemuck::Pod;

/// Put in front of every kernel.
pub const COMMON: &str = include_str!("../../../shaders/common.wgsl");

/// Partial sums that `gramian` leaves for each inner product.
pub const PARTS: usize = 64;
/// Lanes of the kernels that go over a vector.
pub(super) const VECTOR_LANES: u32 = 64;
/// Vecs of a row that one invocation of `gather` copies.
const GATHER_VECS: u32 = 8;
/// Vecs that one invocation of `update` takes.
const UPDATE_VECS: u32 = 4;
/// Rows that one invocation of a matrix product takes in registers.
const DENSE_ROWS: u32 = 16;
const DELTA_ROWS: u32 = 8;
const WEIGHT_GRADIENT_ROWS: u32 = 16;

/// A shader with one entry point, `main`.
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    /// Name of the file, the pipeline and, behind its folder, the CPU twin.
    pub name: &'static str,
    /// WGSL without the common part.
    pub source: &'static str,
    /// Whether the size of its workgroups is the device's choice (`LANES`).
    pub has_lanes: bool,
}

impl Kernel {
    /// The whole WGSL text.
    pub fn shader(&self) -> String {
        [COMMON, self.source].join("\n")
    }
}

macro_rules! kernels {
    ($(#[$of:meta])* $list:ident: $($(#[$doc:meta])* $constant:ident $name:literal $has_lanes:literal;)*) => {
        $($(#[$doc])* pub const $constant: $crate::backend::gpu::kernel::Kernel = $crate::backend::gpu::kernel::Kernel {
            name: $name,
            source: include_str!(concat!("../../../shaders/", $name, ".wgsl")),
            has_lanes: $has_lanes,
        };)*
        $(#[$of])*
        pub const $list: &[$crate::backend::gpu::kernel::Kernel] = &[$($constant),*];
    };
}
pub(super) use kernels;

kernels! {
    /// All kernels that every run may need.
    KERNELS:
    /// Rows of a batch out of the data set.
    GATHER "gather" false;
    /// One dense layer forward.
    DENSE "dense" true;
    /// Activations whose inputs stay.
    ACTIVATE "activate" false;
    /// One pooled convolution forward.
    CONVOLVE "convolve" false;
    /// The gradient of a convolution's filters and biases.
    FILTER_GRADIENT "filter_gradient" false;
    /// The gradient one layer down of a convolution.
    IMAGE_DELTA "image_delta" false;
    /// Losses and their gradients at the outputs.
    LOSS "loss" false;
    /// The gradient one layer down.
    DELTA "delta" true;
    /// The gradient of a layer's weight and bias.
    WEIGHT_GRADIENT "weight_gradient" true;
    /// Inner products of rows.
    GRAMIAN "gramian" false;
    /// d = wᵀG.
    COMBINE "combine" false;
    /// Rows kept over steps.
    BLEND "blend" false;
    /// One task's own gradient on all of θ.
    SLOPE "slope" false;
    /// θ uphill of where it was.
    ASCEND "ascend" false;
    /// ExcessMTL's estimate.
    EXCESS "excess" false;
    /// The optimizer.
    UPDATE "update" false;
}

/// The settings of a dispatch: a struct that is the same for all invocations, bound at 0.
///
/// Shaders take it as read-only storage: where the bounds of a loop come from a uniform buffer, Mesa's software driver
/// compiles the shader anew for each value, which took thirty times as long as all else.
pub trait Uniform: Pod {
    /// Name and byte offset of every field, in order.
    fn members() -> Vec<(&'static str, usize)>;
}

macro_rules! uniform {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Debug, Clone, Copy, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
        pub struct $name { $($(#[$field_doc])* pub $field: $kind,)* }

        impl $crate::backend::gpu::kernel::Uniform for $name {
            fn members() -> Vec<(&'static str, usize)> {
                vec![$((stringify!($field), std::mem::offset_of!($name, $field))),*]
            }
        }
    };
}
pub(super) use uniform;

uniform! {
    /// shaders/gather.wgsl
    Gather {
        /// B.
        rows: u32,
        vecs: u32,
        /// K.
        tasks: u32,
        /// N.
        examples: u32,
    }
}

uniform! {
    /// shaders/dense.wgsl
    Dense {
        /// B.
        rows: u32,
        x_vecs: u32,
        y_vecs: u32,
        activation: u32,
        weight: u32,
        bias: u32,
        theta_step: u32,
        x_step: u32,
        y_step: u32,
        x: u32,
        y: u32,
        keep: u32,
    }
}

uniform! {
    /// shaders/activate.wgsl
    Activate {
        vecs: u32,
        activation: u32,
        spare_0: u32,
        spare_1: u32,
    }
}

uniform! {
    /// shaders/convolve.wgsl; steps count numbers, not vecs.
    Convolve {
        /// B.
        rows: u32,
        width: u32,
        /// C.
        channels: u32,
        /// F.
        filters: u32,
        columns: u32,
        pixels: u32,
        x_step: u32,
        y_step: u32,
        activation: u32,
        weight: u32,
        bias: u32,
        spare_0: u32,
    }
}

uniform! {
    /// shaders/filter_gradient.wgsl; steps of x and dy count numbers, not vecs.
    FilterGradient {
        /// B.
        rows: u32,
        width: u32,
        /// C.
        channels: u32,
        /// F.
        filters: u32,
        columns: u32,
        pixels: u32,
        x_step: u32,
        dy_step: u32,
        weight: u32,
        bias: u32,
        into_step: u32,
        spare_0: u32,
    }
}

uniform! {
    /// shaders/image_delta.wgsl; the step of dy counts numbers, not vecs.
    ImageDelta {
        /// B.
        rows: u32,
        width: u32,
        /// C.
        channels: u32,
        /// F.
        filters: u32,
        columns: u32,
        pixels: u32,
        inputs: u32,
        dx_vecs: u32,
        dy_step: u32,
        activation: u32,
        weight: u32,
        spare_0: u32,
    }
}

uniform! {
    /// shaders/loss.wgsl
    Loss {
        /// B.
        rows: u32,
        /// C.
        outputs: u32,
        /// Numbers, not vecs, in a padded row of z.
        width: u32,
        kind: u32,
        first: u32,
        spare_0: u32,
        spare_1: u32,
        spare_2: u32,
        scales: [f32; 16],
    }
}

uniform! {
    /// shaders/delta.wgsl
    Delta {
        /// R.
        rows: u32,
        /// B.
        below_rows: u32,
        dx_vecs: u32,
        dy_vecs: u32,
        activation: u32,
        weight: u32,
        theta_step: u32,
        below_step: u32,
        dy_step: u32,
        dx: u32,
        dx_step: u32,
        dy: u32,
        below: u32,
        spare_0: u32,
        spare_1: u32,
        spare_2: u32,
    }
}

uniform! {
    /// shaders/weight_gradient.wgsl
    WeightGradient {
        /// B.
        rows: u32,
        x_vecs: u32,
        dy_vecs: u32,
        weight: u32,
        bias: u32,
        x_step: u32,
        dy_step: u32,
        into_step: u32,
    }
}

uniform! {
    /// shaders/gramian.wgsl
    Gramian {
        vecs: u32,
        a_step: u32,
        b_step: u32,
        symmetric: u32,
        /// Number, not vec, where the partial sums begin.
        into: u32,
        a_start: u32,
        b_start: u32,
        spare_0: u32,
    }
}

uniform! {
    /// shaders/combine.wgsl
    Combine {
        start: u32,
        end: u32,
        shared_end: u32,
        step: u32,
        /// K, or 0 to leave d alone.
        rows: u32,
        spare_0: u32,
        spare_1: u32,
        spare_2: u32,
        weights: [f32; 16],
        head_weights: [f32; 16],
        head_ends: [u32; 16],
    }
}

uniform! {
    /// shaders/blend.wgsl
    Blend {
        vecs: u32,
        x_start: u32,
        y_start: u32,
        spare_0: u32,
        keep: [f32; 16],
        add: [f32; 16],
    }
}

uniform! {
    /// shaders/slope.wgsl
    Slope {
        vecs: u32,
        shared_end: u32,
        /// Where the task's row begins.
        row: u32,
        head_start: u32,
        head_end: u32,
        adaptive: u32,
        spare_0: u32,
        spare_1: u32,
    }
}

uniform! {
    /// shaders/ascend.wgsl
    Ascend {
        vecs: u32,
        norm: u32,
        adaptive: u32,
        rho: f32,
    }
}

uniform! {
    /// shaders/excess.wgsl
    Excess {
        vecs: u32,
        /// Number, not vec, where the partial sums begin.
        into: u32,
        spare_0: u32,
        spare_1: u32,
    }
}

uniform! {
    /// shaders/update.wgsl
    Update {
        vecs: u32,
        rule: u32,
        norm: u32,
        spare_0: u32,
        rate: f32,
        correction: f32,
        momentum: f32,
        clip: f32,
        decay: f32,
        shrink: f32,
        spare_1: f32,
        spare_2: f32,
    }
}

uniform! {
    /// Shaders of rows methods (shaders/balance).
    Rows {
        vecs: u32,
        step: u32,
        /// K.
        rows: u32,
        sub: u32,
        key: [u32; 2],
        spare: [u32; 2],
        settings: [f32; 4],
    }
}

/// Workgroups of one dispatch.
pub type Groups = [u32; 3];

impl Gather {
    pub fn groups(&self) -> Groups {
        [(self.rows * self.vecs.div_ceil(GATHER_VECS)).div_ceil(VECTOR_LANES), 1, 1]
    }
}

impl Dense {
    /// For `layers` stacked tasks, shared among `lanes`.
    pub fn groups(&self, layers: u32, lanes: Lanes) -> Groups {
        lanes.groups((self.rows, DENSE_ROWS), self.y_vecs, layers)
    }
}

impl Activate {
    pub fn groups(&self) -> Groups {
        [self.vecs.div_ceil(VECTOR_LANES), 1, 1]
    }
}

impl Convolve {
    pub fn groups(&self) -> Groups {
        [(self.pixels * self.filters.div_ceil(4)).div_ceil(VECTOR_LANES), self.rows, 1]
    }
}

impl FilterGradient {
    /// For `layers` stacked tasks.
    pub fn groups(&self, layers: u32) -> Groups {
        let padded = (KERNEL * KERNEL) as u32 * self.channels;
        [(padded.next_multiple_of(4) + 1) * self.filters.div_ceil(4), 1, layers]
    }
}

impl ImageDelta {
    /// For `layers` stacked tasks.
    pub fn groups(&self, layers: u32) -> Groups {
        [self.dx_vecs.div_ceil(VECTOR_LANES), self.rows, layers]
    }
}

impl Loss {
    pub fn groups(&self, layers: u32) -> Groups {
        [1, 1, layers]
    }
}

impl Delta {
    /// For `layers` stacked tasks, shared among `lanes`.
    pub fn groups(&self, layers: u32, lanes: Lanes) -> Groups {
        lanes.groups((self.rows, DELTA_ROWS), self.dx_vecs, layers)
    }
}

impl WeightGradient {
    /// For `layers` stacked tasks, shared among `lanes`.
    pub fn groups(&self, layers: u32, lanes: Lanes) -> Groups {
        lanes.groups((4 * self.x_vecs, WEIGHT_GRADIENT_ROWS), self.dy_vecs, layers)
    }
}

impl Gramian {
    /// For a with `a_rows` rows and b with `b_rows`.
    pub fn groups(&self, a_rows: u32, b_rows: u32) -> Groups {
        [b_rows, a_rows, 1]
    }
}

impl Combine {
    pub fn groups(&self) -> Groups {
        [(self.end - self.start).div_ceil(VECTOR_LANES), 1, 1]
    }
}

impl Blend {
    /// For `rows` rows.
    pub fn groups(&self, rows: u32) -> Groups {
        [self.vecs.div_ceil(VECTOR_LANES), rows, 1]
    }
}

impl Slope {
    pub fn groups(&self) -> Groups {
        [self.vecs.div_ceil(VECTOR_LANES), 1, 1]
    }
}

impl Ascend {
    pub fn groups(&self) -> Groups {
        [self.vecs.div_ceil(VECTOR_LANES), 1, 1]
    }
}

impl Excess {
    /// For `rows` rows.
    pub fn groups(&self, rows: u32) -> Groups {
        [rows, 1, 1]
    }
}

impl Update {
    pub fn groups(&self) -> Groups {
        [self.vecs.div_ceil(VECTOR_LANES * UPDATE_VECS), 1, 1]
    }
}

impl Rows {
    pub fn groups(&self) -> Groups {
        [self.vecs.div_ceil(VECTOR_LANES), 1, 1]
    }
}

/// Vecs that hold `numbers`.
pub fn vecs(numbers: usize) -> u32 {
    numbers.div_ceil(4) as u32
}

/// The number of an activation in common.wgsl.
pub fn activation(activation: Option<Activation>) -> u32 {
    match activation {
        None => 0,
        Some(Activation::Relu) => 1,
        Some(Activation::Tanh) => 2,
        Some(Activation::Gelu) => 3,
    }
}

/// The number of a loss in loss.wgsl.
pub fn loss_kind(loss: LossKind) -> u32 {
    match loss {
        LossKind::SoftmaxCrossEntropy => 0,
        LossKind::BinaryCrossEntropy => 1,
        LossKind::SquaredError => 2,
    }
}

/// Per-task numbers as a shader's array; what is beyond K is 0.
pub fn per_task(values: &[f64]) -> [f32; 16] {
    let mut array = [0.0; 16];
    for (out, &value) in array.iter_mut().zip(values) {
        *out = value as f32;
    }
    array
}
