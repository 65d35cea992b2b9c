//! How the tasks pull inside a run's network: by layer, by unit and by row, at a stored checkpoint.

use super::{Experiment, Material};
use crate::data::InputShape;
use crate::protocol::{Probed, ProbedRows};
use crate::session::pictures;
use crate::train::{affordable_rows, inspect};

impl Experiment {
    /// Answers a probe, or says in a sentence why it cannot.
    pub fn probe(&mut self, step: u32, run: u32, rows: ProbedRows) -> Result<Probed, String> {
        let n_runs = self.runs.len();
        let Some(of_run) = self.runs.get_mut(run as usize) else {
            return Err(format!("There is no run {}: this experiment has {n_runs}.", u64::from(run) + 1));
        };
        let (batches, Material::Rows { dataset, .. }) = (of_run.trainer.batches(), &self.material) else {
            return Err("An analytic problem has no layers and no rows: its parameters are the whole of it.".into());
        };
        let Some((step, theta)) = of_run.stored(step).map(|(step, theta)| (step, theta.into_owned())) else {
            return Err("This run has no checkpoint here yet.".into());
        };
        if !theta.iter().all(|value| value.is_finite()) {
            return Err(format!("This run diverged: its weights at step {step} are no numbers."));
        }
        let (Some(workload), Some(evaluator)) = (of_run.trainer.backend().workload(), &mut of_run.evaluator) else {
            return Err("This run has no network.".into());
        };
        let all = match &rows {
            ProbedRows::Batch(batch) => {
                let mut all = vec![0; batches.size()];
                batches.indices(u64::from(batch.unwrap_or(step)), &mut all);
                all
            }
            ProbedRows::Chosen(chosen) => chosen.clone(),
        };
        let known = workload.data.rows;
        if let Some(row) = all.iter().find(|row| **row as usize >= known) {
            return Err(format!("There is no training row {row}: rows 0 to {} are known.", known.saturating_sub(1)));
        }
        if all.is_empty() {
            return Err("No row is chosen.".into());
        }
        let counted = all.len().min(affordable_rows(&workload.layout, workload.network.n_tasks()));
        let mut found = inspect(workload, &theta, &all[..counted]);
        if found.layers.iter().any(|layer| layer.gramian.iter().any(|value| !value.is_finite())) {
            return Err(format!("This run diverged: its gradients at step {step} are no numbers."));
        }
        let told: Vec<u32> = found.examples.iter().map(|example| example.row).collect();
        let samples = pictures::samples(evaluator, &theta, (dataset, &workload.data), &told);
        for (example, sample) in found.examples.iter_mut().zip(samples) {
            if let InputShape::Plane { .. } = dataset.shape {
                let inputs = &workload.data.x[example.row as usize * dataset.n_inputs..];
                example.place = Some([inputs[0], inputs[1]]);
            }
            example.sample = sample;
        }
        Ok(Probed {
            run,
            step,
            rows,
            counted: counted as u32,
            of: all.len() as u32,
            layers: found.layers,
            examples: found.examples,
        })
    }
}
