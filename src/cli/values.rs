//! The `inputs` of a step case: named numbers, lists and lists of lists, read with a sentence for what is wrong.

use super::aggregate::numbers;
use crate::balance::solve;
use serde_json::{Map, Value};

/// Named values of one case.
#[derive(Clone, Copy)]
pub struct Values<'a>(&'a Map<String, Value>);

impl<'a> Values<'a> {
    /// The inputs of a request.
    pub fn of(request: &'a Map<String, Value>) -> Result<Self, String> {
        match request.get("inputs") {
            Some(Value::Object(values)) => Ok(Self(values)),
            _ => Err("The request has no inputs; give an object of named lists.".into()),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn value(&self, name: &str) -> Result<&'a Value, String> {
        self.0.get(name).ok_or_else(|| {
            let given = self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            format!("inputs has no \"{name}\"; it has {given}.")
        })
    }

    /// A list of any length from 1 to 16.
    pub fn list(&self, name: &str) -> Result<Vec<f64>, String> {
        let value = self.value(name)?;
        let n = value.as_array().map_or(1, Vec::len);
        if !(1..=solve::MAX_TASKS).contains(&n) {
            return Err(format!("{name} holds {n} numbers; it must hold 1 to {}.", solve::MAX_TASKS));
        }
        numbers(value, name, n, "one for each of the K tasks")
    }

    /// A list of K numbers.
    pub fn sized(&self, name: &str, n_tasks: usize) -> Result<Vec<f64>, String> {
        numbers(self.value(name)?, name, n_tasks, "one for each of the K tasks")
    }

    /// A list of anything.
    pub fn list_of(&self, name: &str) -> Result<&[Value], String> {
        let list = self.value(name)?.as_array().filter(|list| !list.is_empty());
        list.map(Vec::as_slice).ok_or_else(|| format!("{name} must be a list with one entry a step."))
    }

    /// A list of K lists of one length.
    pub fn rows(&self, name: &str, n_tasks: usize) -> Result<Vec<Vec<f64>>, String> {
        rows_of(self.value(name)?, name, n_tasks)
    }

    /// A list of lists of K numbers, one a step.
    pub fn steps(&self, name: &str, n_tasks: usize) -> Result<Vec<Vec<f64>>, String> {
        let value = self.value(name)?;
        let list = value.as_array().ok_or_else(|| format!("{name} must be a list with one list a step."))?;
        list.iter().map(|step| numbers(step, name, n_tasks, "one for each of the K tasks")).collect()
    }

    /// G of every step: a list of K lists of P numbers each.
    pub fn gradients(&self, name: &str) -> Result<Vec<Vec<Vec<f64>>>, String> {
        let fix = || format!("{name} must be a list with one matrix a step, each K lists of P numbers (K up to 16).");
        let mut steps = Vec::new();
        let mut shape = None;
        for matrix in self.value(name)?.as_array().ok_or_else(fix)? {
            let rows = matrix.as_array().ok_or_else(fix)?;
            let n = rows.first().and_then(Value::as_array).map_or(0, Vec::len);
            let (n_tasks, n_shared) = *shape.get_or_insert((rows.len(), n));
            if rows.len() != n_tasks || !(1..=solve::MAX_TASKS).contains(&n_tasks) || n_shared == 0 {
                return Err(fix());
            }
            let row = |row| numbers(row, name, n_shared, "one for each of the P parameters");
            steps.push(rows.iter().map(row).collect::<Result<_, _>>()?);
        }
        Ok(steps)
    }
}

/// K lists of as many numbers each as the first holds.
pub fn rows_of(value: &Value, name: &str, n_tasks: usize) -> Result<Vec<Vec<f64>>, String> {
    let wrong = || format!("{name} must be a list of {n_tasks} lists of numbers, one for each task.");
    let list = value.as_array().filter(|list| list.len() == n_tasks).ok_or_else(wrong)?;
    let width = list.first().and_then(Value::as_array).filter(|row| !row.is_empty()).ok_or_else(wrong)?.len();
    list.iter().map(|row| numbers(row, name, width, "as many as the first task's list")).collect()
}

pub fn slices(rows: &[Vec<f64>]) -> Vec<&[f64]> {
    rows.iter().map(Vec::as_slice).collect()
}
