//! The sentence above the plots when several seeds are complete: it speaks of medians, and of a difference only where
//! the bands between the quartiles lie apart.

use super::{counted, is_question, learns, listed, name, of_fronts, task};
use crate::measure::spread::Spread;
use crate::train::History;

/// One or two sentences about all complete seeds.
pub fn sentence(history: &History, step: u32) -> String {
    let n_tasks = history.outline.n_tasks;
    let by_metric = (0..n_tasks).all(|task| is_question(history, task));
    let mut sentences: Vec<String> = ended(history, step);
    let seeds = counted(history.n_seeds());
    let (learners, runs): (Vec<usize>, Vec<usize>) = (0..history.runs.len()).partition(|run| learns(history, *run));
    if runs.is_empty() {
        sentences.push(of_fronts(&learners.iter().map(|run| name(history, *run)).collect::<Vec<_>>()));
        return sentences.join(" ");
    }
    if let [only] = runs[..] {
        let value = |idx: usize| {
            let spread = spread(history, only, idx, (step, by_metric))?;
            let value = if spread.median.is_finite() { format!("{:.2}", spread.median) } else { return None };
            Some(format!("{value} on {}", task(history, idx)))
        };
        let values: Vec<String> = (0..n_tasks).filter_map(value).collect();
        if !values.is_empty() {
            let what = if by_metric { "score" } else { "loss" };
            let name = name(history, only);
            sentences.push(format!("Over {seeds} seeds the median {what} of {name} is {}.", listed(&values)));
        }
        return sentences.join(" ");
    }
    let (leaders, ties) = told_apart(history, step, by_metric);
    let of_tasks = |tasks: &[usize]| {
        if tasks.len() == n_tasks && n_tasks > 1 {
            if n_tasks == 2 { "both tasks".to_owned() } else { format!("all {} tasks", counted(n_tasks)) }
        } else {
            listed(&tasks.iter().map(|idx| task(history, *idx)).collect::<Vec<_>>())
        }
    };
    let best = if by_metric { "highest median score" } else { "lowest median loss" };
    let mut clauses: Vec<String> = Vec::new();
    for (run, tasks) in leaders.iter().take(2) {
        clauses.push(format!("{} has the {best} on {}", name(history, *run), of_tasks(tasks)));
    }
    let tied = |(runs, tasks): &(Vec<usize>, Vec<usize>)| {
        let names: Vec<String> = runs.iter().map(|run| name(history, *run)).collect();
        (listed(&names), of_tasks(tasks))
    };
    match &ties.iter().take(2).map(tied).collect::<Vec<_>>()[..] {
        [] => {}
        [(names, tasks)] => {
            clauses.push(format!("the bands of {names} overlap on {tasks}: no difference to tell"));
        }
        // Two lines hold no more.
        several => {
            let told: Vec<String> = several.iter().map(|(names, tasks)| format!("{names} on {tasks}")).collect();
            clauses.push(format!("bands overlap: {}", told.join("; ")));
        }
    }
    if leaders.len() > 2 || ties.len() > 2 {
        clauses.push("the plots show the other tasks".to_owned());
    }
    if clauses.is_empty() {
        sentences.push(format!("Over {seeds} seeds nothing is known at this step yet."));
    } else {
        sentences.push(format!("Over {seeds} seeds {}.", clauses.join("; ")));
    }
    sentences.join(" ")
}

fn ended(history: &History, step: u32) -> Vec<String> {
    let of_run = |run: usize| {
        let first = history.runs[run].diverged.as_ref();
        let further = history.seeds.iter().filter_map(|seed| seed.runs.get(run)?.diverged.as_ref());
        first.into_iter().chain(further).filter(|end| end.step <= step).count()
    };
    let counts = (0..history.runs.len()).map(|run| (run, of_run(run))).filter(|(_, count)| *count > 0);
    let words = |(run, count)| format!("{} in {count} of {}", name(history, run), history.n_seeds());
    let all: Vec<String> = counts.map(words).collect();
    if all.is_empty() { Vec::new() } else { vec![format!("Diverged: {} seeds.", listed(&all))] }
}

/// Median and quartiles of what a task is compared by.
fn spread(history: &History, run: usize, task: usize, (step, by_metric): (u32, bool)) -> Option<Spread> {
    match by_metric {
        true => history.bands.metric_at(run, task, step),
        false => history.bands.loss_at(run, task, step),
    }
}

/// Runs with the tasks in which their band lies apart from every other and before them; and runs whose bands cannot be
/// told from the foremost one, with the tasks where that is so.
type ToldApart = (Vec<(usize, Vec<usize>)>, Vec<(Vec<usize>, Vec<usize>)>);

fn told_apart(history: &History, step: u32, by_metric: bool) -> ToldApart {
    let (mut leaders, mut ties): ToldApart = (Vec::new(), Vec::new());
    for idx in 0..history.outline.n_tasks {
        let known = |run: usize| Some((run, spread(history, run, idx, (step, by_metric))?));
        let single = (0..history.runs.len()).filter(|run| !learns(history, *run));
        let mut known: Vec<(usize, Spread)> = single.filter_map(known).collect();
        known.sort_by(|a, b| a.1.median.total_cmp(&b.1.median));
        if by_metric {
            known.reverse();
        }
        let Some((front, rest)) = known.split_first().filter(|(_, rest)| !rest.is_empty()) else { continue };
        let mut together: Vec<usize> = rest.iter().filter(|other| other.1.overlaps(&front.1)).map(|o| o.0).collect();
        if together.is_empty() {
            match leaders.iter_mut().find(|leader| leader.0 == front.0) {
                Some(leader) => leader.1.push(idx),
                None => leaders.push((front.0, vec![idx])),
            }
        } else {
            together.push(front.0);
            together.sort_unstable();
            match ties.iter_mut().find(|tie| tie.0 == together) {
                Some(tie) => tie.1.push(idx),
                None => ties.push((together, vec![idx])),
            }
        }
    }
    (leaders, ties)
}
