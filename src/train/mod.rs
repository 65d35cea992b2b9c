//! Training one run step by step, judging it on held-out rows, and remembering what happened.

mod checkpoints;
mod evaluate;
mod fronts;
mod history;
mod inspect;
mod look_around;
mod readings;
mod seeds;
mod sharpness;
mod shelf;
mod trainer;

pub use checkpoints::Checkpoints;
pub use evaluate::{Evaluator, Judging, top_class};
pub use fronts::{Fronts, Rows, Sweep, any_learns};
pub use history::{History, Reference, RunHistory};
pub use inspect::{Inspection, affordable_rows, inspect};
pub use readings::Readings;
pub use seeds::{Band, Bands, ended, progress_words};
pub use sharpness::{ROWS as SHARPNESS_ROWS, SharpnessReader};
pub use shelf::{KeptRun, Shelved};
pub use trainer::{Ending, Trainer, TrainerSetup};
