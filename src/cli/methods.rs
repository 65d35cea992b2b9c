//! `paretoscope methods --json`: the registry of methods as data for other programs.

use crate::balance::{METHODS, Method};
use serde_json::{Value, json};

/// One object a method, in registry order.
pub fn methods_json() -> Value {
    METHODS.iter().map(entry).collect()
}

/// One line a method for people.
pub fn methods_text() -> String {
    let width = METHODS.iter().map(|method| method.id.len()).max().unwrap_or(0);
    METHODS
        .iter()
        .map(|method| {
            let Method { id, label, gloss, source, .. } = method;
            format!("{id:width$}  {label}, {gloss}: {} {}\n", source.reference(), source.year)
        })
        .collect()
}

fn entry(method: &Method) -> Value {
    let knobs: Value = method
        .knobs
        .iter()
        .map(|knob| json!({"name": knob.name, "default": knob.default, "min": knob.min, "max": knob.max}))
        .collect();
    let needs: Value = method.needs.iter().map(|need| need.id()).collect();
    json!({
        "id": method.id,
        "label": method.label,
        "paper": method.source.reference(),
        "year": method.source.year,
        "kind": method.kind.id(),
        "stage": method.build.stage(),
        "needs": needs,
        "knobs": knobs,
    })
}
