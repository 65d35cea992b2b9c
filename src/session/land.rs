//! What maps are drawn of: the network of a configuration with its training rows, or its problem; nothing that trains.

use super::experiment::{StartError, load};
use crate::backend::Workload;
use crate::config::{AnalyticConfig, ExperimentConfig, Subject};
use crate::data::MtldFile;
use crate::landscape::{Ground, map_rows};

pub enum Land {
    Rows(Box<Workload>),
    Formulas(AnalyticConfig),
}

impl Land {
    /// Builds it; `files` hold what the configuration names.
    ///
    /// # Errors
    /// Why the data cannot be had, in a sentence.
    pub fn build(config: &ExperimentConfig, files: &[MtldFile]) -> Result<Self, String> {
        match &config.subject {
            Subject::Network { data, network } => {
                let loaded = load(config, (data, network), files);
                let (dataset, rows) = loaded.map_err(|error| match error {
                    StartError::Config(why) | StartError::Data(why) | StartError::Device(why) => why,
                })?;
                let all: Vec<usize> = (0..dataset.tasks.len()).collect();
                Ok(Self::Rows(Box::new(rows.workload(&all, &data.loss_scales, &config.training))))
            }
            Subject::Analytic(analytic) => Ok(Self::Formulas(analytic.clone())),
        }
    }

    /// All training rows; 0 for an analytic problem.
    pub fn train_rows(&self) -> usize {
        match self {
            Self::Rows(workload) => workload.data.rows,
            Self::Formulas(_) => 0,
        }
    }

    /// How many of the first training rows maps are made of.
    pub fn map_rows(&self) -> usize {
        match self {
            Self::Rows(workload) => map_rows(workload.layout.work(), workload.data.rows),
            Self::Formulas(_) => 0,
        }
    }

    /// Room to evaluate it on so many of the first training rows.
    pub fn ground(&self, rows: usize) -> Ground {
        match self {
            Self::Rows(workload) => Ground::of_network(workload, rows),
            Self::Formulas(analytic) => Ground::of_problem(analytic),
        }
    }
}
