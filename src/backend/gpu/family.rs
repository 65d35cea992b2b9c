//! Two families of matrix products, and which of them a device multiplies with.
//!
//! Register tiles keep away from barriers, which are slow where the CPU plays the GPU; workgroup tiles share what they
//! read, which is what graphics hardware is made for. Both compute the same, but add in another order, so that last
//! bits depend on the family. A device times one product with each before it is first trained on.

use super::kernel::{DELTA, DENSE, Groups, Kernel, WEIGHT_GRADIENT};
use super::{GpuDevice, Square};
use crate::backend::BackendError;
use std::rc::Rc;

/// Vecs of columns that one invocation of a register tile takes.
const REGISTER_VECS: u32 = 4;
/// Rows and vecs of columns of a workgroup tile.
const WORKGROUP_ROWS: u32 = 64;
const WORKGROUP_VECS: u32 = 16;
/// Side of the matrices that are multiplied to compare: hardware must have enough to do.
const SOFTWARE_SIDE: usize = 128;
const HARDWARE_SIDE: usize = 256;
/// A family is timed until it took so long, or by so many products.
const LEAST_MILLIS: f64 = 3.0;
const MOST_PRODUCTS: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Registers,
    Workgroup,
}

macro_rules! tile {
    ($name:literal) => {
        Kernel {
            name: concat!("tiles/", $name),
            source: concat!(
                include_str!("../../../shaders/tiles/common.wgsl"),
                include_str!(concat!("../../../shaders/tiles/", $name, ".wgsl"))
            ),
            has_lanes: false,
        }
    };
}

/// The workgroup family: each stands in for the kernel of its name.
pub const TILE_KERNELS: &[Kernel] = &[tile!("dense"), tile!("delta"), tile!("weight_gradient")];
const REGISTER_KERNELS: &[Kernel] = &[DENSE, DELTA, WEIGHT_GRADIENT];

impl Family {
    pub const ALL: [Self; 2] = [Self::Registers, Self::Workgroup];

    /// What details and messages call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registers => "register tiles",
            Self::Workgroup => "workgroup tiles",
        }
    }

    pub fn kernels(self) -> &'static [Kernel] {
        match self {
            Self::Registers => REGISTER_KERNELS,
            Self::Workgroup => TILE_KERNELS,
        }
    }

    /// What this family runs as `kernel`; itself where it has none of its own.
    pub fn stand_in(self, kernel: &Kernel) -> Kernel {
        let same = |own: &&Kernel| own.name.rsplit('/').next() == Some(kernel.name);
        self.kernels().iter().find(same).copied().unwrap_or(*kernel)
    }
}

/// How a device shares a product among invocations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lanes {
    pub family: Family,
    /// Workgroup size of register tiles.
    pub size: u32,
}

impl Lanes {
    /// For (rows, vecs) numbers in `layers` stacked tasks; an invocation takes `own_rows` in registers.
    pub(super) fn groups(self, (rows, own_rows): (u32, u32), vecs: u32, layers: u32) -> Groups {
        match self.family {
            Family::Registers => self.in_registers((rows, own_rows), vecs, layers),
            Family::Workgroup => [vecs.div_ceil(WORKGROUP_VECS), rows.div_ceil(WORKGROUP_ROWS), layers],
        }
    }

    /// The same of a kernel that has no other family.
    pub(super) fn in_registers(self, (rows, own_rows): (u32, u32), vecs: u32, layers: u32) -> Groups {
        [(rows.div_ceil(own_rows) * vecs.div_ceil(REGISTER_VECS)).div_ceil(self.size), 1, layers]
    }
}

/// What a product took with each family, and which is used since.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    pub family: Family,
    /// Side of the matrices.
    pub side: usize,
    /// Milliseconds by [`Family::ALL`]; `None` where the driver rejects the family.
    pub millis: [Option<f64>; 2],
}

impl Tuning {
    /// `register tiles: 128 × 128 in 1.20 ms, with workgroup tiles in 8.31 ms`.
    pub fn sentence(&self) -> String {
        let told = |family: Family| match self.millis[family as usize] {
            Some(millis) => format!("in {millis:.2} ms"),
            None => "not at all".to_owned(),
        };
        let other = if self.family == Family::Registers { Family::Workgroup } else { Family::Registers };
        let (side, own) = (self.side, told(self.family));
        format!("{}: {side} × {side} {own}, with {} {}", self.family.name(), other.name(), told(other))
    }
}

impl GpuDevice {
    /// Times both families once in the life of the device, `clock` in milliseconds, and uses the faster one since.
    ///
    /// # Errors
    /// [`BackendError::Lost`] when the device is.
    pub async fn tune(self: &Rc<Self>, clock: &dyn Fn() -> f64) -> Result<Tuning, BackendError> {
        if let Some(tuning) = self.tuning.get() {
            return Ok(tuning);
        }
        let side = if self.is_software() { SOFTWARE_SIDE } else { HARDWARE_SIDE };
        let mut family = self.lanes().family;
        let mut millis = [None; 2];
        for candidate in Family::ALL {
            self.use_family(candidate);
            let timed = match self.prepare(candidate.kernels()).await {
                Ok(()) => time(self, side, clock).await,
                Err(why) => Err(BackendError::Refused(why)),
            };
            match timed {
                Ok(took) => millis[candidate as usize] = Some(took),
                Err(BackendError::Refused(_)) => {}
                Err(lost) => return Err(lost),
            }
        }
        match millis {
            [Some(registers), Some(workgroup)] if registers < workgroup => family = Family::Registers,
            [Some(registers), Some(workgroup)] if workgroup < registers => family = Family::Workgroup,
            [Some(_), None] => family = Family::Registers,
            [None, Some(_)] => family = Family::Workgroup,
            _ => {}
        }
        let tuning = Tuning { family, side, millis };
        self.use_family(family);
        self.tuning.set(Some(tuning));
        Ok(tuning)
    }
}

/// Milliseconds of one product, without the wait for an answer.
async fn time(device: &Rc<GpuDevice>, side: usize, clock: &dyn Fn() -> f64) -> Result<f64, BackendError> {
    let numbers: Vec<f32> = (0..side * side).map(|at| (at % 7) as f32 - 3.0).collect();
    let square = Square::new(device.clone(), side, &numbers, &numbers)?;
    // The first one warms the driver up.
    square.multiply()?;
    square.first_row().await?;
    let started = clock();
    square.first_row().await?;
    let wait = clock() - started;
    let mut count = 1;
    loop {
        let started = clock();
        square.repeat(count)?;
        square.first_row().await?;
        let took = clock() - started - wait;
        if took >= LEAST_MILLIS || count >= MOST_PRODUCTS {
            return Ok(took.max(0.0) / count as f64);
        }
        count *= 4;
    }
}
