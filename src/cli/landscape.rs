//! `paretoscope landscape`: trains a link's runs and writes the map that it asks for, by the same session as the page.

use super::run::{RunError, Watch};
use crate::config::{BackendChoice, ExperimentConfig, link};
use crate::landscape::{Field, HeightUnit, Sheet, Trails};
use crate::protocol::{
    BackendKind, Command, Event, FailureCode, MapPlan, MapTruth, OffMeasure, Outline, PlanRequest, RunId, SurveyOrder,
    SurveyPortion,
};
use crate::session::{Clock, Session};
use serde_json::{Value, json};
use std::io;
use std::rc::Rc;

const ID: RunId = RunId(1);
/// Advances of the session between two looks at what it said.
const SLICE: usize = 64;

/// What the session said and nobody has taken yet.
#[derive(Default)]
struct Heard {
    outline: Option<Outline>,
    plan: Option<Result<MapPlan, String>>,
    truths: Vec<MapTruth>,
    portions: Vec<Result<SurveyPortion, String>>,
    trails: Trails,
    done: bool,
    head: u32,
    /// Where the runs train, and their maps are evaluated where that can be.
    backend: BackendKind,
}

/// The map of a configuration, as JSON; `read_file` gives the bytes of a data file by name.
///
/// # Errors
/// [`RunError::Input`] where the link or its plane is wrong, [`RunError::Failed`] with the session's sentence.
pub async fn landscape(
    config: &ExperimentConfig,
    read_file: &dyn Fn(&str) -> io::Result<Vec<u8>>,
    clock: Clock,
    watch: &mut dyn Watch,
) -> Result<Value, RunError> {
    let mut config = config.clone();
    // A map is of the first seed.
    config.training.seeds = 1;
    let text = link::write(&config);
    let mut session = Session::new(Rc::clone(&clock));
    let mut heard = Heard::default();
    session.handle(Command::Start { id: ID, link: text.clone() }).await;
    let mut goes_on = true;
    while !heard.done && goes_on {
        listen(&mut session, &mut heard, &config, read_file).await?;
        slice(&mut session).await;
        session.send_frame();
        goes_on = watch.goes_on(0, heard.head, config.training.steps);
    }
    session.handle(Command::Pause).await;
    let plane = config.view.map.plane.as_ref().map_or_else(|| "auto".into(), |plane| plane.text());
    let what = config.view.map.height.source.needs;
    let request = PlanRequest { number: 1, plane, step: config.view.step, what };
    session.handle(Command::Plan { id: ID, request }).await;
    listen(&mut session, &mut heard, &config, read_file).await?;
    while heard.plan.is_none() && session.wants_to_advance() {
        session.advance().await;
        listen(&mut session, &mut heard, &config, read_file).await?;
    }
    let plan = heard.plan.take().unwrap_or_else(|| Err("The runs could not be started.".into()));
    let plan = plan.map_err(RunError::Input)?;
    let mut sheet = Sheet::new(plan, config.n_tasks(), config.view.map.side, what);
    session.handle(Command::Prepare { id: ID, link: text }).await;
    let order = SurveyOrder { gpu: heard.backend == BackendKind::Gpu, ..sheet.order(1, (0, 1)) };
    session.handle(Command::Survey { id: ID, order }).await;
    if config.wanders() && sheet.plan.is_everything() {
        session.handle(Command::Wander { id: ID, number: 1 }).await;
    }
    let mut goes_on = true;
    while goes_on {
        listen(&mut session, &mut heard, &config, read_file).await?;
        for portion in heard.portions.drain(..) {
            sheet.take(&portion.map_err(RunError::Failed)?);
        }
        heard.truths.drain(..).for_each(|truth| sheet.learn(&truth));
        let (done, of) = sheet.progress();
        goes_on = watch.surveyed(done as u32, of as u32) && session.wants_to_advance();
        if goes_on {
            session.advance().await;
        }
    }
    let outline = heard.outline.unwrap_or_default();
    Ok(to_json(&config, &outline, &sheet, &heard.trails))
}

async fn slice(session: &mut Session) {
    for _ in 0..SLICE {
        if !session.wants_to_advance() {
            break;
        }
        session.advance().await;
    }
}

/// Takes what the session said and answers its questions, until it has none.
async fn listen(
    session: &mut Session,
    heard: &mut Heard,
    config: &ExperimentConfig,
    read_file: &dyn Fn(&str) -> io::Result<Vec<u8>>,
) -> Result<(), RunError> {
    loop {
        let mut replies = Vec::new();
        // After a lost device the session starts again by itself and says so with `Started`.
        let mut lost = None;
        for event in session.drain() {
            match event {
                Event::NeedFile { name } => {
                    let bytes = read_file(&name).map_err(|error| error.to_string());
                    replies.push(Command::File { name, bytes });
                }
                Event::Backend(report) => {
                    if config.backend == BackendChoice::Gpu && report.kind == BackendKind::Cpu {
                        return Err(RunError::Failed(report.statement));
                    }
                    heard.backend = report.kind;
                }
                Event::Started { outline, .. } => {
                    lost = None;
                    heard.outline = Some(outline);
                }
                Event::Frame { frame, .. } => {
                    let last = frame.runs.iter().filter_map(|run| run.records.last());
                    heard.head = last.map(|record| record.step).max().unwrap_or(heard.head);
                    replies.push(Command::FrameDrawn);
                }
                Event::Planned { plan, .. } => heard.plan = Some(plan),
                Event::Truth { truth, .. } => heard.truths.push(truth),
                Event::Surveyed { portion, .. } => heard.portions.push(portion),
                Event::Wandered { portion, .. } => heard.trails.take(portion.map_err(RunError::Failed)?),
                Event::Done { .. } => heard.done = true,
                Event::Prepared { prepared: Err(message), .. } => return Err(RunError::Failed(message)),
                Event::Failed { code: FailureCode::Device, message, .. } => lost = Some(message),
                Event::Failed { code: FailureCode::Link, message, .. } => return Err(RunError::Input(message)),
                Event::Failed { message, .. } => return Err(RunError::Failed(message)),
                Event::Prepared { .. }
                | Event::Ready { .. }
                | Event::Pong
                | Event::Loading { .. }
                | Event::Predictions { .. }
                | Event::Seeds { .. }
                | Event::Aggregated { .. }
                | Event::Probed { .. }
                | Event::Trained { .. }
                | Event::Progress { .. }
                | Event::Swept { .. }
                | Event::Sharpness { .. } => {}
            }
        }
        if let Some(message) = lost {
            return Err(RunError::Failed(message));
        }
        if replies.is_empty() {
            return Ok(());
        }
        for reply in replies {
            session.handle(reply).await;
        }
    }
}

/// `{"plane","axes","losses":[task][row][column],"trajectories","residual",…}`; what is not known is null.
fn to_json(config: &ExperimentConfig, outline: &Outline, sheet: &Sheet, trails: &Trails) -> Value {
    let plan = &sheet.plan;
    let (grid, k) = (&sheet.grid, config.n_tasks());
    let (rows, columns) = (grid.rows(), grid.side());
    let axes = plan.plane.spans.iter().map(|span| (0..columns).map(|at| grid.place(*span, at)).collect::<Vec<f64>>());
    let over = |value: &dyn Fn(usize) -> Value| -> Vec<Vec<Value>> {
        (0..rows).map(|row| (0..columns).map(|column| value((row * columns + column) as usize)).collect()).collect()
    };
    let loss = |task: usize| over(&|node| json!(sheet.losses(node).map(|losses| losses[task])));
    let preference = config.preference();
    let choice = config.view.map.height;
    let height = (choice.source.unit != HeightUnit::LossPerTask)
        .then(|| over(&|node| json!(sheet.height(choice.source, node, 0, (config.loss_scales(), &preference)))));
    let field = choice.source.takes_run.then(|| match Field::new(config, choice.run, config.view.step) {
        Ok(field) => {
            let arrow = |node| field.at(sheet.losses(node)?, &sheet.pull(node)?);
            json!(over(&|node| json!(arrow(node))))
        }
        Err(why) => json!({"error": why}),
    });
    let ranges = sheet.ranges();
    // By name where it has one; a network starts from its seed.
    let own_start = config.analytic().map(|analytic| {
        let named = analytic.problem.starts.iter().find(|start| start.x == analytic.start);
        named.map_or_else(|| json!(analytic.start), |start| json!(start.id))
    });
    let trajectories = plan.paths.iter().enumerate().map(|(run, path)| {
        let points = path.points.iter().enumerate().map(|(idx, point)| {
            json!({"step": point.step, "at": point.at[..plan.axes.len()], "off_plane": point.off,
                   "losses": sheet.truth(run, idx), "map": sheet.shown(run, idx),
                   "off": sheet.off(run, idx, &ranges).map(|off| off.by)})
        });
        let of_run = outline.runs.get(run);
        json!({"id": of_run.map(|of_run| &of_run.id), "method": of_run.map(|of_run| &of_run.method),
               "start": own_start, "points": points.collect::<Vec<_>>()})
    });
    let wandered = trails.all().iter().map(|trail| {
        let points = trail.points.iter().map(|point| {
            json!({"step": point.step, "at": plan.plane.place(&point.x.map(f64::from)), "off_plane": 0.0,
                   "losses": point.losses})
        });
        let of_run = outline.runs.get(trail.run);
        json!({"id": of_run.map(|of_run| &of_run.id), "method": of_run.map(|of_run| &of_run.method),
               "start": trail.start, "points": points.collect::<Vec<_>>(),
               "diverged": trail.end.and_then(|end| end.diverged),
               "distance_to_set": trail.end.and_then(|end| end.to_set)})
    });
    let worst = sheet.worst().map(|(run, idx, off)| {
        json!({"run": outline.runs.get(run).map(|run| &run.id), "step": plan.paths[run].points[idx].step,
               "task": outline.tasks.get(off.task).map(|task| &task.id), "by": off.by,
               "loss": sheet.truth(run, idx)[off.task], "map": sheet.shown(run, idx)[off.task]})
    });
    json!({
        "plane": plan.choice,
        "about": plan.about,
        "notes": plan.notes,
        "exact": plan.exact,
        "axes": axes.collect::<Vec<_>>(),
        "labels": plan.axes.iter().map(|axis| &axis.label).collect::<Vec<_>>(),
        "losses": (0..k).map(loss).collect::<Vec<_>>(),
        "height": height.map(|values| json!({"id": choice.text(), "values": values})),
        "field": field,
        "barriers": sheet.barriers(),
        "trajectories": trajectories.chain(wandered).collect::<Vec<_>>(),
        "residual": {
            "explained": plan.axes.iter().map(|axis| axis.explained).collect::<Vec<_>>(),
            "measure": match plan.measure {
                OffMeasure::Ratio => "ratio",
                OffMeasure::ShareOfRange => "share of range",
            },
            "worst": worst,
            "left_out": plan.left_out,
        },
        "rows": plan.rows,
        "of_rows": plan.of_rows,
        "evaluated": {"on_gpu": sheet.by_gpu, "of": sheet.progress().1, "refused": sheet.refused},
    })
}
