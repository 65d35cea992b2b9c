//! The sentence above the plots: what the runs did up to a step, and who pays, computed from the history.
//!
//! One seed allows statements about where runs lie, never that a method is better; several allow medians.

mod several;

use crate::protocol::TaskOutline;
use crate::train::History;

/// A loss above this, in units of the target's variance, means a task was hardly learned.
const HARDLY_LEARNED: f64 = 0.5;
/// All losses below this: the network is big enough for every task.
const WELL_LEARNED: f64 = 0.05;
/// A run is on the front when it is off by at most this share of the front's extent.
const ON_FRONT: f64 = 0.03;
/// Accuracies or AUCs closer than this are told as equal.
const SAME_SCORE: f64 = 0.015;

/// One or two short sentences about the runs at the view step.
pub fn headline(history: &History, step: u32) -> String {
    let n_tasks = history.outline.n_tasks;
    if history.runs.iter().all(|run| run.records.is_empty() && run.diverged.is_none()) {
        return "Nothing has run yet.".to_owned();
    }
    if !history.bands.is_empty() && n_tasks > 1 {
        return several::sentence(history, step);
    }
    let ended = ended_by(history, step);
    let alive: Vec<usize> = (0..history.runs.len())
        .filter(|run| !ended.iter().any(|(other, _)| other == run))
        .filter(|run| history.runs[*run].at(step).is_some())
        .collect();
    let mut sentences = Vec::new();
    if let Some((_, first)) = ended.first() {
        let names: Vec<String> = ended.iter().map(|(run, _)| name(history, *run)).collect();
        let when = if ended.iter().all(|(_, at)| at == first) { format!(" at step {first}") } else { String::new() };
        sentences.push(format!("{} diverged{when}.", listed(&names)));
    }
    if alive.is_empty() {
        let remedy = match ended.iter().all(|(_, at)| *at == 0) {
            true => "Smaller initial gains or loss scales may hold.",
            false => "No run is left; a smaller learning rate may hold.",
        };
        sentences.push(remedy.to_owned());
        return sentences.join(" ");
    }
    // The losses of a learned front's step are those of the preference that was drawn: they tell nothing of the front.
    let learners: Vec<String> =
        alive.iter().filter(|run| learns(history, **run)).map(|run| name(history, *run)).collect();
    let alive: Vec<usize> = alive.into_iter().filter(|run| !learns(history, *run)).collect();
    if alive.is_empty() {
        sentences.push(of_fronts(&learners));
        return sentences.join(" ");
    }
    if n_tasks == 1 {
        sentences.push("One task alone: nothing to share, nothing to fight over.".to_owned());
        return sentences.join(" ");
    }
    if !history.outline.front.is_empty() {
        sentences.push(standing(history, &alive, step));
        return sentences.join(" ");
    }
    let same_start = sentences.is_empty();
    sentences.push(if (0..n_tasks).all(|task| is_question(history, task)) {
        scores(history, &alive, step)
    } else {
        losses(history, &alive, step, same_start)
    });
    sentences.join(" ")
}

/// Whether the run learns a front and not a point.
fn learns(history: &History, run: usize) -> bool {
    history.outline.runs.get(run).is_some_and(|outline| outline.members > 0)
}

/// What is to be said where nothing but fronts is learned.
fn of_fronts(learners: &[String]) -> String {
    let verb = if learners.len() == 1 { "learns a whole front" } else { "learn a whole front each" };
    format!("One training, every trade-off: {} {verb}.", listed(learners))
}

/// Who has come down to the true front, and who has not.
fn standing(history: &History, alive: &[usize], step: u32) -> String {
    let off = |run: &usize| super::front::excess(&history.runs[*run].at(step)?.losses, &history.outline.front);
    let near = |run: &usize| off(run).is_some_and(|off| off <= ON_FRONT);
    let (there, away): (Vec<usize>, Vec<usize>) = alive.iter().partition(|run| near(run));
    let names = |runs: &[usize]| listed(&runs.iter().map(|run| name(history, *run)).collect::<Vec<_>>());
    let stands = |n: usize| if n == 1 { "stands" } else { "stand" };
    match (&there[..], &away[..]) {
        ([], _) => "No run has reached the Pareto front so far.".to_owned(),
        ([one], []) => format!("{} stands on the Pareto front. Add a method to compare.", name(history, *one)),
        (all, []) => format!("{} runs stand on the Pareto front, each where its method led it.", all_of(all.len())),
        (some, rest) => {
            let not = if rest.len() == 1 { "has not reached it" } else { "have not reached it" };
            format!("{} {} on the Pareto front; {} {not}.", names(some), stands(some.len()), names(rest))
        }
    }
}

/// Runs that diverged by `step`, and where.
fn ended_by(history: &History, step: u32) -> Vec<(usize, u32)> {
    let ends = history.runs.iter().enumerate();
    ends.filter_map(|(run, known)| Some((run, known.diverged.as_ref()?.step))).filter(|(_, at)| *at <= step).collect()
}

fn name(history: &History, run: usize) -> String {
    let label = history.outline.runs.get(run).map(|outline| outline.label.clone());
    label.filter(|label| !label.is_empty()).unwrap_or_else(|| format!("run {}", run + 1))
}

fn task(history: &History, task: usize) -> String {
    let label = history.outline.tasks.get(task).map(|outline| outline.name.clone());
    label.filter(|label| !label.is_empty()).unwrap_or_else(|| format!("task {}", task + 1))
}

/// Whether the task is judged by right and wrong answers. Its loss has no unit to compare it by.
fn is_question(history: &History, task: usize) -> bool {
    history.outline.tasks.get(task).is_some_and(TaskOutline::is_question)
}

fn metric(history: &History, task: usize) -> &str {
    history.outline.tasks.get(task).map_or("", |outline| outline.metric.as_str())
}

/// `a`, `a and b`, `a, b and c`, `a, b and 3 more`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= 3 => format!("{} and {last}", first.join(", ")),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
    }
}

fn counted(n: usize) -> String {
    const WORDS: [&str; 11] = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    WORDS.get(n).map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

fn all_of(n: usize) -> String {
    if n == 2 { "Both".to_owned() } else { format!("All {}", counted(n)) }
}

fn loss(history: &History, run: usize, task: usize, step: u32) -> Option<f64> {
    let loss = *history.runs[run].at(step)?.losses.get(task)?;
    loss.is_finite().then_some(loss)
}

/// The tasks each run gave up: its loss is above 0.5 and another run's is less than half of it.
fn given_up(history: &History, alive: &[usize], step: u32) -> Vec<(usize, Vec<usize>)> {
    let mut found = Vec::new();
    for run in alive {
        let gave_up = |task: &usize| {
            let Some(own) = loss(history, *run, *task, step) else { return false };
            let others = alive.iter().filter(|other| *other != run);
            let lowest = others.filter_map(|other| loss(history, *other, *task, step)).fold(f64::MAX, f64::min);
            !is_question(history, *task) && own > HARDLY_LEARNED && lowest < own / 2.0
        };
        let tasks: Vec<usize> = (0..history.outline.n_tasks).filter(gave_up).collect();
        if !tasks.is_empty() {
            found.push((*run, tasks));
        }
    }
    found
}

fn losses(history: &History, alive: &[usize], step: u32, same_start: bool) -> String {
    let n_tasks = history.outline.n_tasks;
    let gave_up = given_up(history, alive, step);
    if !gave_up.is_empty() {
        // Runs that gave up the same tasks share a clause.
        let mut clauses: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
        for (run, tasks) in gave_up {
            match clauses.iter_mut().find(|clause| clause.1 == tasks) {
                Some(clause) => clause.0.push(run),
                None => clauses.push((vec![run], tasks)),
            }
        }
        let more = clauses.len().saturating_sub(3);
        let mut words: Vec<String> = clauses
            .into_iter()
            .take(3)
            .map(|(runs, tasks)| {
                let runs: Vec<String> = runs.into_iter().map(|run| name(history, run)).collect();
                // By number, like the gradients and weights that the plots show.
                let tasks: Vec<String> = tasks.into_iter().map(|idx| format!("task {}", idx + 1)).collect();
                format!("{} gave up {}", listed(&runs), listed(&tasks))
            })
            .collect();
        if more > 0 {
            words.push(format!("{} more gave up others", counted(more)));
        }
        let seeds: Vec<u32> = history.outline.runs.iter().map(|run| run.seed).collect();
        let one_seed = seeds.windows(2).all(|pair| pair[0] == pair[1]);
        let start = match (same_start, one_seed) {
            (false, _) => "",
            (true, true) => "Same network, same start. ",
            (true, false) => "Same network. ",
        };
        return format!("{start}{}.", words.join(", "));
    }
    let at_most = |limit: f64| {
        let known = |run: &usize, idx: usize| loss(history, *run, idx, step).is_some_and(|loss| loss <= limit);
        alive.iter().all(|run| (0..n_tasks).all(|idx| !is_question(history, idx) && known(run, idx)))
    };
    if at_most(WELL_LEARNED) {
        let tasks = if n_tasks == 2 { "both tasks".to_owned() } else { format!("all {} tasks", counted(n_tasks)) };
        return format!("No trade-off here. The network is big enough for {tasks}.");
    }
    if let Some(words) = no_conflict(history, alive, step) {
        return words;
    }
    lowest(history, alive, step)
}

/// What to say when no gradients were against each other so far.
fn no_conflict(history: &History, alive: &[usize], step: u32) -> Option<String> {
    let n_tasks = history.outline.n_tasks;
    let mut cosines: Vec<f64> = Vec::new();
    for run in alive {
        for record in history.runs[*run].records.iter().take_while(|record| record.step <= step) {
            for i in 0..n_tasks {
                cosines.extend((i + 1..n_tasks).filter_map(|j| record.cosine(i, j)).filter(|c| c.is_finite()));
            }
        }
    }
    if cosines.is_empty() {
        return None;
    }
    let both = if n_tasks == 2 { "both" } else { "all" };
    if cosines.iter().all(|cosine| *cosine > 0.0) {
        return Some(format!("No conflict yet: {both} gradients point the same way."));
    }
    if cosines.iter().all(|cosine| cosine.abs() < 0.1) {
        let the = if n_tasks == 2 { "the two" } else { "all" };
        return Some(format!("No conflict to solve: {the} gradients are close to orthogonal."));
    }
    None
}

/// Where the runs lie on every task.
fn lowest(history: &History, alive: &[usize], step: u32) -> String {
    let n_tasks = history.outline.n_tasks;
    if alive.len() == 1 {
        let run = name(history, alive[0]);
        let worst = (0..n_tasks)
            .filter_map(|idx| Some((loss(history, alive[0], idx, step)?, idx)))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        return worst.map_or_else(
            || format!("{run} is on its way."),
            |(_, idx)| format!("{run} lags most on {}. Add a method to compare.", task(history, idx)),
        );
    }
    let mut leaders: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut close = true;
    for idx in 0..n_tasks {
        let mut values: Vec<(f64, usize)> =
            alive.iter().filter_map(|run| Some((loss(history, *run, idx, step)?, *run))).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (Some(low), Some(high)) = (values.first(), values.last()) else { continue };
        close &= high.0 - low.0 <= 0.1 * high.0.abs();
        match leaders.iter_mut().find(|leader| leader.0 == low.1) {
            Some(leader) => leader.1.push(idx),
            None => leaders.push((low.1, vec![idx])),
        }
    }
    if close {
        return format!("{} runs lie close together so far.", all_of(alive.len()));
    }
    if let [(run, _)] = leaders[..] {
        let tasks = if n_tasks == 2 { "both tasks".to_owned() } else { format!("all {} tasks", counted(n_tasks)) };
        return format!("{} lies lowest on {tasks}.", name(history, run));
    }
    let mut words: Vec<String> = Vec::new();
    for (run, tasks) in leaders.iter().take(3) {
        let tasks: Vec<String> = tasks.iter().map(|idx| task(history, *idx)).collect();
        let verb = if words.is_empty() { " lies lowest" } else { "" };
        words.push(format!("{}{verb} on {}", name(history, *run), listed(&tasks)));
    }
    let more = if leaders.len() > 3 { ", others on the rest" } else { "" };
    format!("No run is lowest everywhere: {}{more}.", words.join(", "))
}

fn scores(history: &History, alive: &[usize], step: u32) -> String {
    let n_tasks = history.outline.n_tasks;
    let score = |run: usize, idx: usize| {
        let value = *history.runs[run].evaluation_at(step)?.metrics.get(idx)?;
        value.is_finite().then_some(value)
    };
    let mut widest: Option<(f64, usize, usize)> = None; // (gap, run below, task)
    let mut costs: Vec<f64> = Vec::new();
    let mut known = false;
    for idx in 0..n_tasks {
        let mut values: Vec<(f64, usize)> = alive.iter().filter_map(|run| Some((score(*run, idx)?, *run))).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (Some(low), Some(high)) = (values.first(), values.last()) else { continue };
        known = true;
        if widest.is_none_or(|widest| high.0 - low.0 > widest.0) {
            widest = Some((high.0 - low.0, low.1, idx));
        }
        let alone = history.references.get(idx).and_then(|reference| {
            let after = reference.metrics.partition_point(|point| point.0 <= step);
            after.checked_sub(1).map(|at| reference.metrics[at].1)
        });
        let mean = values.iter().map(|value| value.0).sum::<f64>() / values.len() as f64;
        costs.extend(alone.filter(|alone| alone.is_finite()).map(|alone| alone - mean));
    }
    let Some((gap, below, idx)) = widest.filter(|_| known) else {
        return "Training has begun. The first test on new rows is still to come.".to_owned();
    };
    if alive.iter().all(|run| history.runs[*run].evaluation_at(step).is_none_or(|known| known.step == 0)) {
        return "Nothing is learned yet: this is the start, the same for every run.".to_owned();
    }
    if gap > SAME_SCORE {
        let (name, task) = (name(history, below), task(history, idx));
        return match metric(history, idx) {
            "accuracy" => format!("{name} lies {} below the highest on {task}.", points(gap)),
            "AUC" => format!("{name} lies {gap:.2} below the highest AUC on {task}."),
            metric => format!("{name} lies {} below the highest {metric} on {task}.", points(gap)),
        };
    }
    let all_accuracy = (0..n_tasks).all(|idx| metric(history, idx) == "accuracy");
    let first = match alive {
        [one] if all_accuracy => {
            let right = (0..n_tasks).filter_map(|idx| Some(format!("{:.0} %", 100.0 * score(*one, idx)?)));
            let right: Vec<String> = right.collect();
            format!("{} answers {} of new rows right.", name(history, *one), listed(&right))
        }
        [one] => {
            let reached = (0..n_tasks).filter_map(|idx| {
                let (metric, score) = (metric(history, idx), score(*one, idx)?);
                let value = if metric == "AUC" { format!("{score:.2}") } else { format!("{:.0} %", 100.0 * score) };
                Some(format!("{metric} {value} on {}", task(history, idx)))
            });
            let reached: Vec<String> = reached.collect();
            format!("On new rows {} reaches {}.", name(history, *one), listed(&reached))
        }
        _ if all_accuracy => format!("{} answer equally well.", all_of(alive.len())),
        _ => format!("{} do equally well on new rows.", all_of(alive.len())),
    };
    // Points of accuracy and hundredths of AUC have no common mean.
    if costs.is_empty() || !all_accuracy {
        return first;
    }
    let cost = costs.iter().sum::<f64>() / costs.len() as f64;
    if cost >= 0.005 {
        format!("{first} Sharing costs about {}.", points(cost))
    } else if cost <= -0.005 {
        format!("{first} Sharing gains about {}.", points(-cost))
    } else {
        format!("{first} Sharing costs less than half a point.")
    }
}

/// `one point`, `12 points` from a difference of accuracies.
fn points(difference: f64) -> String {
    let points = (100.0 * difference).round().max(1.0) as usize;
    if points == 1 { "one point".to_owned() } else { format!("{} points", counted(points)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Divergence, Evaluation, Outline, Pull, Record, RunOutline, TaskOutline};
    use crate::train::Reference;

    fn history(names: &[&str], metric: &str) -> History {
        let task = |i: usize| TaskOutline { name: format!("task {i}"), metric: metric.into(), ..Default::default() };
        History::new(Outline {
            n_tasks: 2,
            steps: 100,
            tasks: vec![task(1), task(2)],
            runs: names.iter().map(|n| RunOutline { label: (*n).into(), ..Default::default() }).collect(),
            ..Default::default()
        })
    }

    fn with_losses(rows: &[(&str, [f64; 2])], cosine: f64) -> History {
        let names: Vec<&str> = rows.iter().map(|row| row.0).collect();
        let mut history = history(&names, "R²");
        for (run, (_, losses)) in history.runs.iter_mut().zip(rows) {
            let pull = Some(Pull { gramian: vec![1.0, cosine, cosine, 1.0], ..Default::default() });
            run.records = vec![Record { step: 0, losses: losses.to_vec(), pull, ..Default::default() }];
        }
        history
    }

    #[track_caller]
    fn check(history: &History, step: u32, words: &str) {
        assert_eq!(headline(history, step), words);
    }

    #[test]
    fn a_run_that_gave_up_a_task_is_named() {
        let rows = [("Sum", [0.001, 0.829]), ("MGDA", [0.608, 0.002]), ("Nash-MTL", [0.064, 0.038])];
        check(&with_losses(&rows, -0.4), 0, "Same network, same start. Sum gave up task 2, MGDA gave up task 1.");
        let rows = [("Sum", [0.1, 0.9]), ("PCGrad", [0.1, 0.8]), ("MGDA", [0.2, 0.1])];
        check(&with_losses(&rows, -0.4), 0, "Same network, same start. Sum and PCGrad gave up task 2.");
    }

    #[test]
    fn nothing_to_fight_over_is_said() {
        check(&history(&["Sum"], "R²"), 0, "Nothing has run yet.");
        let high = [("Sum", [0.9, 0.8]), ("MGDA", [0.8, 0.9])];
        check(&with_losses(&high, 0.3), 0, "No conflict yet: both gradients point the same way.");
        check(&with_losses(&high, -0.02), 0, "No conflict to solve: the two gradients are close to orthogonal.");
        let low = [("Sum", [0.01, 0.02]), ("MGDA", [0.03, 0.01])];
        check(&with_losses(&low, -0.5), 0, "No trade-off here. The network is big enough for both tasks.");
    }

    #[test]
    fn a_known_front_decides() {
        let front = vec![(0..=100).map(|i| vec![f64::from(i) / 100.0, 1.0 - f64::from(i) / 100.0]).collect()];
        let say = |rows: &[(&str, [f64; 2])]| {
            let mut history = with_losses(rows, -0.5);
            history.outline.front = front.clone();
            headline(&history, 0)
        };
        let (on, other, off) = (("MGDA", [0.2, 0.81]), ("Nash-MTL", [0.5, 0.5]), ("Sum", [0.6, 0.6]));
        assert_eq!(say(&[off]), "No run has reached the Pareto front so far.");
        assert_eq!(say(&[on]), "MGDA stands on the Pareto front. Add a method to compare.");
        assert_eq!(say(&[on, other]), "Both runs stand on the Pareto front, each where its method led it.");
        assert_eq!(say(&[on, off]), "MGDA stands on the Pareto front; Sum has not reached it.");
        assert_eq!(say(&[on, off, other]), "MGDA and Nash-MTL stand on the Pareto front; Sum has not reached it.");
    }

    /// A front's losses jump with the preferences that steps draw.
    #[test]
    fn learned_fronts_are_not_judged_by_a_step() {
        let rows = [("PaMaL", [0.001, 2.0]), ("Sum", [0.2, 0.4]), ("MGDA", [0.3, 0.35])];
        let mut known = with_losses(&rows, -0.5);
        assert!(headline(&known, 0).contains("PaMaL"));
        known.outline.runs[0].members = 2;
        check(&known, 0, "No run is lowest everywhere: Sum lies lowest on task 1, MGDA on task 2.");
        let mut known = with_losses(&rows[..1], -0.5);
        known.outline.runs[0].members = 2;
        check(&known, 0, "One training, every trade-off: PaMaL learns a whole front.");
        known.outline.front = vec![vec![vec![0.0, 0.0], vec![1.0, 1.0]]];
        check(&known, 0, "One training, every trade-off: PaMaL learns a whole front.");
        known.runs[0].diverged = Some(Divergence { step: 10, cause: String::new() });
        check(&known, 10, "PaMaL diverged at step 10. No run is left; a smaller learning rate may hold.");
    }

    #[test]
    fn otherwise_it_says_where_runs_lie() {
        let rows = [("Sum", [0.2, 0.4]), ("MGDA", [0.3, 0.35])];
        check(&with_losses(&rows, -0.5), 0, "No run is lowest everywhere: Sum lies lowest on task 1, MGDA on task 2.");
        check(&with_losses(&[("Sum", [0.2, 0.3]), ("MGDA", [0.3, 0.4])], -0.5), 0, "Sum lies lowest on both tasks.");
    }

    #[test]
    fn diverged_runs_come_first() {
        let mut known = with_losses(&[("Sum", [3.0, 3.0]), ("MGDA", [0.3, 0.3])], -0.5);
        known.runs[0].diverged = Some(Divergence { step: 89, cause: String::new() });
        assert!(!headline(&known, 80).contains("diverged"));
        check(&known, 90, "Sum diverged at step 89. MGDA lags most on task 2. Add a method to compare.");
        known.runs[1].diverged = Some(Divergence { step: 10, cause: String::new() });
        check(&known, 90, "Sum and MGDA diverged. No run is left; a smaller learning rate may hold.");
    }

    #[test]
    fn classification_speaks_in_points() {
        let mut known = history(&["Sum", "MGDA"], "accuracy");
        for (run, accuracy) in known.runs.iter_mut().zip([0.81, 0.815]) {
            run.records = vec![Record { losses: vec![1.0, 1.0], ..Default::default() }];
            run.evaluations = vec![Evaluation { step: 20, metrics: vec![accuracy, 0.8], ..Default::default() }];
        }
        check(&known, 20, "Both answer equally well.");
        known.references =
            vec![Reference { losses: vec![], test_losses: vec![], metrics: vec![(20, 0.82)] }, Reference::default()];
        check(&known, 20, "Both answer equally well. Sharing costs about one point.");
        known.runs[1].evaluations[0].metrics[1] = 0.7;
        check(&known, 20, "MGDA lies ten points below the highest on task 2.");
        known.runs.truncate(1);
        known.references.clear();
        check(&known, 20, "Sum answers 81 % and 80 % of new rows right.");
        known.runs[0].evaluations[0].step = 0;
        check(&known, 20, "Nothing is learned yet: this is the start, the same for every run.");
    }

    /// An area under a curve is no share of right answers, and a loss of a question has no variance to be held against.
    #[test]
    fn other_metrics_are_called_by_their_names() {
        let mut known = history(&["Sum", "MGDA"], "accuracy");
        known.outline.tasks[0].metric = "AUC".into();
        known.outline.tasks[1].metric = "balanced accuracy".into();
        for (run, loss) in known.runs.iter_mut().zip([0.2, 0.6]) {
            run.records = vec![Record { losses: vec![loss, loss], ..Default::default() }];
            run.evaluations = vec![Evaluation { step: 20, metrics: vec![0.93, 0.8], ..Default::default() }];
        }
        check(&known, 20, "Both do equally well on new rows.");
        known.references =
            vec![Reference { losses: vec![], test_losses: vec![], metrics: vec![(20, 0.99)] }, Reference::default()];
        check(&known, 20, "Both do equally well on new rows.");
        known.runs[1].evaluations[0].metrics = vec![0.93, 0.7];
        check(&known, 20, "MGDA lies ten points below the highest balanced accuracy on task 2.");
        known.runs[1].evaluations[0].metrics = vec![0.81, 0.8];
        check(&known, 20, "MGDA lies 0.12 below the highest AUC on task 1.");
        known.runs.truncate(1);
        check(&known, 20, "On new rows Sum reaches AUC 0.93 on task 1 and balanced accuracy 80 % on task 2.");
        // Beside a regression the losses are told, but not the question's in units of a variance.
        let mut mixed = history(&["Sum", "MGDA"], "R²");
        mixed.outline.tasks[0].metric = "AUC".into();
        for (run, loss) in mixed.runs.iter_mut().zip([0.2, 0.6]) {
            run.records = vec![Record { losses: vec![loss, 0.3], ..Default::default() }];
        }
        assert!(!headline(&mixed, 20).contains("gave up"), "{}", headline(&mixed, 20));
    }
}
