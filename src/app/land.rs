//! Maps of losses as the page sees them: which one is wanted, the workers that survey it, what is known of it so far.
//!
//! The worker that trains lays the plane, because it has the checkpoints; others evaluate losses over it, so training
//! never waits. Nothing is asked for while nobody looks.

use super::page::Page;
use super::worker_client::WorkerClient;
use crate::config::{ExperimentConfig, link};
use crate::landscape::{Field, Sheet, Trails};
use crate::plots::{Land, Orbit, Switch, pareto, wind};
use crate::protocol::{
    BackendKind, Command, Event, MapPlan, MapTruth, PlanRequest, RunId, SurveyOrder, SurveyPortion, SurveyWhat,
    Wandered,
};
use leptos::prelude::*;
use std::time::Duration;

/// Workers that survey at most; one core is left for training and one for the page.
const MOST_SURVEYORS: usize = 3;
/// How long an edit or a moving cursor is waited for before a map of it is asked for.
const CALM: Duration = Duration::from_millis(300);
/// How often what has come is put on the screen.
const SHOW: Duration = Duration::from_millis(80);
/// Maps that are kept to be shown again at once.
const KEPT: usize = 8;

/// Nodes with where a method would go from there.
type Arrows = Vec<(u32, [f64; 2])>;

/// What a map is made from; two maps that agree in it are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    run: RunId,
    /// As `plane=` has it.
    plane: String,
    /// The cursor, where the plane depends on it.
    step: u32,
    what: SurveyWhat,
    side: u32,
    /// How far training is: doublings of the step that all runs have reached, or the end.
    reached: u32,
}

/// One worker that evaluates maps.
struct Surveyor {
    client: WorkerClient,
    /// The start whose data and network it has, or is building.
    prepared: Option<RunId>,
    ready: bool,
}

impl Surveyor {
    /// Lets it build the subject where it has another one.
    fn prepare(&mut self, page: Page, run: RunId) {
        if self.prepared != Some(run) {
            let link = untrack(|| link::write(&page.with_view()));
            self.client.send(&Command::Prepare { id: run, link });
            self.prepared = Some(run);
        }
    }
}

/// News that are not on the screen yet.
#[derive(Default)]
struct News {
    portions: Vec<SurveyPortion>,
    truths: Vec<MapTruth>,
    wandered: Vec<Wandered>,
    due: bool,
}

/// State of the landscape view; copied freely.
#[derive(Clone, Copy)]
pub struct LandState {
    pub sheet: RwSignal<Option<Sheet>>,
    /// Why there is no map, in a sentence.
    pub why: RwSignal<Option<String>>,
    /// Whether the reader stopped the survey.
    pub stopped: RwSignal<bool>,
    /// Where pointer or keyboard are, in plane coordinates.
    pub cursor: RwSignal<Option<[f64; 2]>>,
    /// Where the chosen run's method would go, at some nodes; or why it has no such field.
    wind: RwSignal<Option<Result<Arrows, String>>>,
    /// Pareto-optimal points of an exact map, one list a curve.
    pareto: RwSignal<Vec<Vec<[f64; 2]>>>,
    /// Paths from other starts.
    pub trails: RwSignal<Trails>,
    /// The start of training whose paths these are, while they are known or on their way.
    wandering: StoredValue<Option<RunId>>,
    wanted: StoredValue<Option<Wanted>>,
    /// The start of training whose maps the GPU could not evaluate.
    refused: StoredValue<Option<RunId>>,
    /// Counts plans and orders.
    number: StoredValue<u32>,
    turn: StoredValue<u32>,
    surveyors: StoredValue<Vec<Surveyor>, LocalStorage>,
    news: StoredValue<News, LocalStorage>,
    cache: StoredValue<Vec<(Wanted, Sheet)>, LocalStorage>,
}

impl LandState {
    pub fn new() -> Self {
        Self {
            sheet: RwSignal::new(None),
            why: RwSignal::new(None),
            stopped: RwSignal::new(false),
            cursor: RwSignal::new(None),
            wind: RwSignal::new(None),
            pareto: RwSignal::new(Vec::new()),
            trails: RwSignal::new(Trails::default()),
            wandering: StoredValue::new(None),
            wanted: StoredValue::new(None),
            refused: StoredValue::new(None),
            number: StoredValue::new(0),
            turn: StoredValue::new(0),
            surveyors: StoredValue::new_local(Vec::new()),
            news: StoredValue::new_local(News::default()),
            cache: StoredValue::new_local(Vec::new()),
        }
    }

    /// Tracks everything that pictures show of it.
    pub fn track(self) {
        self.sheet.track();
        self.why.track();
        self.cursor.track();
        self.wind.track();
        self.trails.track();
    }

    /// Calls `look` with what plots read of it, tracking every signal.
    pub fn with<T>(self, config: &ExperimentConfig, orbit: Orbit, look: impl FnOnce(Land) -> T) -> T {
        let (height, surface) = (config.view.map.height, config.view.map.surface);
        let (cursor, preference) = (self.cursor.get(), config.preference());
        self.sheet.with(|sheet| {
            self.why.with(|why| {
                self.wind.with(|wind| {
                    let wind = wind.as_ref().filter(|_| height.source.takes_run);
                    self.pareto.with(|pareto| {
                        let land = Land {
                            sheet: sheet.as_ref(),
                            why: why.as_deref(),
                            height,
                            surface,
                            orbit,
                            cursor,
                            preference: &preference,
                            wind: wind.map(|wind| wind.as_deref().map_err(String::as_str)),
                            pareto,
                            trails: &[],
                        };
                        if !config.wanders() {
                            return look(land);
                        }
                        self.trails.with(|trails| look(Land { trails: trails.all(), ..land }))
                    })
                })
            })
        })
    }

    /// Whether a survey is under way.
    pub fn is_working(self) -> bool {
        let complete =
            self.sheet.with(|sheet| sheet.as_ref().is_none_or(|sheet| sheet.progress().0 == sheet.progress().1));
        !complete && !self.stopped.get()
    }

    /// Asks for the map of what is open if it is not known, as soon as nothing moves.
    pub fn want(self, page: Page) {
        let wanted = wanted(page);
        // What the reader stopped is not begun again because training came to its end.
        let stopped = self.stopped.get_untracked();
        let same = |known: &Wanted, wanted: &Wanted| {
            let reached = if stopped { known.reached } else { wanted.reached };
            *known == Wanted { reached, ..wanted.clone() }
        };
        let known = self.wanted.with_value(|known| match (known, &wanted) {
            (Some(known), Some(wanted)) => same(known, wanted),
            (known, wanted) => known == wanted,
        });
        if known {
            return;
        }
        let turn = self.turn.try_update_value(|turn| {
            *turn += 1;
            *turn
        });
        set_timeout(
            move || {
                if Some(self.turn.get_value()) == turn && untrack(|| self::wanted(page)) == wanted {
                    untrack(|| self.ask(page, wanted));
                }
            },
            CALM,
        );
    }

    /// Asks again for what is shown, with every checkpoint that is there by now.
    pub fn renew(self, page: Page) {
        let wanted = untrack(|| wanted(page));
        self.cache.update_value(|cache| cache.retain(|(known, _)| Some(known) != wanted.as_ref()));
        self.ask(page, wanted);
    }

    fn ask(self, page: Page, wanted: Option<Wanted>) {
        let Some(wanted) = wanted else { return };
        self.halt();
        let known = self
            .cache
            .with_value(|cache| cache.iter().find(|(known, _)| *known == wanted).map(|(_, sheet)| sheet.clone()));
        self.number.update_value(|number| *number += 1);
        self.news.set_value(News::default());
        if let Some(sheet) = known {
            self.why.set(None);
            self.stopped.set(false);
            self.wanted.set_value(Some(wanted));
            self.sheet.set(Some(sheet));
            return;
        }
        let request = PlanRequest {
            number: self.number.get_value(),
            plane: wanted.plane.clone(),
            step: page.step.get_untracked(),
            what: wanted.what,
        };
        if page.engine.with_value(|engine| engine.ask(|id| Command::Plan { id, request })) {
            self.stopped.set(false);
            self.wanted.set_value(Some(wanted));
        }
    }

    /// Surveys no further; what is known stays.
    pub fn stop(self) {
        self.halt();
        self.stopped.set(true);
    }

    fn halt(self) {
        if self.trails.with_untracked(|trails| !trails.is_complete()) {
            self.wandering.set_value(None);
        }
        self.surveyors.with_value(|surveyors| {
            for surveyor in surveyors {
                if let Some(id) = surveyor.prepared {
                    surveyor.client.send(&Command::StopSurvey { id });
                }
            }
        });
    }

    /// Whatever is known belongs to another start.
    pub fn forget(self) {
        self.halt();
        self.wandering.set_value(None);
        self.trails.set(Trails::default());
        self.wanted.set_value(None);
        self.number.update_value(|number| *number += 1);
        self.cache.update_value(Vec::clear);
        self.news.set_value(News::default());
    }

    /// The answer of the worker that trains.
    pub fn hear_plan(self, page: Page, number: u32, plan: Result<MapPlan, String>) {
        if number != self.number.get_value() {
            return;
        }
        let Some(wanted) = self.wanted.get_value() else { return };
        match plan {
            Err(why) => {
                self.sheet.set(None);
                self.why.set(Some(why));
            }
            Ok(plan) => {
                let n_tasks = page.history.with_untracked(|history| history.outline.n_tasks);
                self.why.set(None);
                self.cursor.set(None);
                let sheet = Sheet::new(plan, n_tasks, wanted.side, wanted.what);
                let front = page.config.with_untracked(|config| config.analytic().and_then(|of| of.problem.front));
                self.pareto.set(front.map_or_else(Vec::new, |front| pareto(&sheet, &front)));
                self.sheet.set(Some(sheet));
                self.survey(page, wanted.run);
            }
        }
    }

    /// True losses of the worker that trains.
    pub fn hear_truth(self, truth: MapTruth) {
        if truth.number == self.number.get_value() {
            self.put_aside(|news| news.truths.push(truth));
        }
    }

    /// Gives every surveyor its share.
    fn survey(self, page: Page, run: RunId) {
        if self.hire(page) {
            for at in 0..self.surveyors.with_value(Vec::len) {
                self.order(page, at, run);
            }
        }
    }

    /// Starts surveyors when there are none; whether there are some now.
    fn hire(self, page: Page) -> bool {
        if self.surveyors.with_value(Vec::is_empty) {
            let cores = window().navigator().hardware_concurrency() as usize;
            let all: Result<Vec<Surveyor>, String> = (0..cores.saturating_sub(1).clamp(1, MOST_SURVEYORS))
                .map(|at| {
                    // A worker is ended outside its own event handlers.
                    let died = move |reason: String| set_timeout(move || self.lose(&reason), Duration::ZERO);
                    let client = WorkerClient::start(move |event| self.hear(page, at, event), died)?;
                    Ok(Surveyor { client, prepared: None, ready: false })
                })
                .collect();
            match all {
                Ok(all) => self.surveyors.set_value(all),
                Err(reason) => {
                    self.lose(&reason);
                    return false;
                }
            }
        }
        true
    }

    /// Whether the GPU is to evaluate what is wanted: where the runs train there, as far as losses go.
    fn on_gpu(self, page: Page) -> bool {
        let trains =
            page.backend.with_untracked(|report| report.as_ref().is_some_and(|report| report.kind == BackendKind::Gpu));
        let (run, what) = self.wanted.with_value(|wanted| {
            wanted.as_ref().map_or((None, SurveyWhat::Pull), |wanted| (Some(wanted.run), wanted.what))
        });
        trains && what == SurveyWhat::Losses && self.refused.get_value() != run
    }

    /// Sends the surveyor what it has to do, building the subject first where it has another one.
    fn order(self, page: Page, at: usize, run: RunId) {
        let (number, gpu) = (self.number.get_value(), self.on_gpu(page));
        self.surveyors.update_value(|surveyors| {
            // Several workers on one device would wait for each other.
            let of = if gpu { 1 } else { surveyors.len() as u32 };
            if at as u32 >= of {
                return;
            }
            let Some(surveyor) = surveyors.get_mut(at).filter(|surveyor| surveyor.ready) else { return };
            surveyor.prepare(page, run);
            let order =
                self.sheet.with_untracked(|sheet| sheet.as_ref().map(|sheet| sheet.order(number, (at as u32, of))));
            if let Some(order) = order {
                let order = SurveyOrder { gpu, ..order };
                // An order before its subject is ready waits for it there.
                surveyor.client.send(&Command::Survey { id: run, order });
            }
        });
        if at == 0 {
            self.wander(page);
        }
    }

    /// Asks the first surveyor for the paths from other starts, if they are to be drawn and not on their way.
    fn wander(self, page: Page) {
        let everything =
            self.sheet.with_untracked(|sheet| sheet.as_ref().is_some_and(|sheet| sheet.plan.is_everything()));
        let asked = page.config.with_untracked(ExperimentConfig::wanders);
        let Some(run) = self.wanted.with_value(|wanted| wanted.as_ref().map(|wanted| wanted.run)) else { return };
        let known = self.wandering.get_value() == Some(run);
        if !everything || !asked || known || self.stopped.get_untracked() || !self.hire(page) {
            return;
        }
        let number = self.number.get_value();
        let sent = self.surveyors.try_update_value(|surveyors| {
            let Some(surveyor) = surveyors.first_mut().filter(|surveyor| surveyor.ready) else { return false };
            surveyor.prepare(page, run);
            surveyor.client.send(&Command::Wander { id: run, number });
            true
        });
        if sent == Some(true) {
            self.wandering.set_value(Some(run));
            self.trails.set(Trails::default());
        }
    }

    /// Takes up again what was stopped before the paths from other starts were known.
    pub fn set_out(self) {
        if self.sheet.with_untracked(|sheet| sheet.as_ref().is_some_and(Sheet::is_complete)) {
            self.stopped.set(false);
        }
    }

    fn hear(self, page: Page, at: usize, event: Event) {
        match event {
            Event::Ready { .. } => {
                self.surveyors.update_value(|surveyors| {
                    if let Some(surveyor) = surveyors.get_mut(at) {
                        surveyor.ready = true;
                    }
                });
                if let Some(wanted) = self.wanted.get_value() {
                    self.order(page, at, wanted.run);
                }
            }
            Event::Surveyed { number, portion, .. } if number == self.number.get_value() => match portion {
                Ok(portion) => {
                    if portion.refused.is_some() {
                        // The next map is for all workers together.
                        self.refused.set_value(self.wanted.with_value(|wanted| wanted.as_ref().map(|w| w.run)));
                    }
                    self.put_aside(|news| news.portions.push(portion));
                }
                Err(why) => {
                    self.sheet.set(None);
                    self.why.set(Some(why));
                }
            },
            Event::Wandered { number, portion, .. } if number == self.number.get_value() => match portion {
                Ok(portion) => self.put_aside(|news| news.wandered.push(portion)),
                Err(why) => self.lose(&why),
            },
            Event::Prepared { prepared: Err(why), id }
                if self.wanted.with_value(|wanted| wanted.as_ref().is_some_and(|wanted| wanted.run == id)) =>
            {
                self.why.set(Some(why));
            }
            Event::Failed { message, .. } => self.lose(&message),
            _ => {}
        }
    }

    /// A surveyor is gone; the next map starts new ones.
    fn lose(self, reason: &str) {
        self.surveyors.update_value(Vec::clear);
        self.wanted.set_value(None);
        self.wandering.set_value(None);
        self.stopped.set(true);
        let reason = reason.trim_end_matches('.');
        self.why.set(Some(format!("The map cannot be drawn: its worker stopped ({reason}). Ask for it again.")));
    }

    /// Keeps news until they are shown together: a picture a portion would be too many.
    fn put_aside(self, add: impl FnOnce(&mut News)) {
        let due = self.news.try_update_value(|news| {
            add(news);
            !std::mem::replace(&mut news.due, true)
        });
        if due == Some(true) {
            set_timeout(move || self.show(), SHOW);
        }
    }

    fn show(self) {
        let Some(news) = self.news.try_update_value(std::mem::take) else { return };
        if !news.wandered.is_empty() {
            self.trails.update(|trails| news.wandered.into_iter().for_each(|portion| trails.take(portion)));
        }
        if news.portions.is_empty() && news.truths.is_empty() {
            return;
        }
        self.sheet.update(|sheet| {
            let Some(sheet) = sheet else { return };
            news.portions.iter().for_each(|portion| sheet.take(portion));
            news.truths.iter().for_each(|truth| sheet.learn(truth));
        });
        let wanted = self.wanted.get_value();
        self.sheet.with_untracked(|sheet| {
            if let (Some(sheet), Some(wanted)) = (sheet, wanted)
                && sheet.is_complete()
            {
                self.cache.update_value(|cache| {
                    cache.retain(|(known, _)| *known != wanted);
                    if cache.len() == KEPT {
                        cache.remove(0);
                    }
                    cache.push((wanted, sheet.clone()));
                });
            }
        });
    }
}

/// Asks for maps while somebody looks, and keeps their arrows up to date.
pub fn follow(page: Page) {
    let looks = Memo::new(move |_| {
        let known = page.trouble.with(Option::is_none) && page.opened.get();
        known
            && page
                .plots_on_screen()
                .iter()
                .any(|plot| page.with_scene(|scene| (plot.switch)(scene)) == Switch::Landscape)
    });
    Effect::new(move |_| {
        // A map of a moving cursor would be out of date when it comes.
        if looks.get() && !page.playing.get() {
            wanted(page);
            page.land.sheet.track();
            page.land.want(page);
        }
    });
    Effect::new(move |_| {
        if looks.get() && page.config.with(ExperimentConfig::wanders) {
            page.land.sheet.track();
            page.land.stopped.track();
            untrack(|| page.land.wander(page));
        }
    });
    Effect::new(move |_| {
        if !looks.get() {
            return;
        }
        let height = page.config.with(|config| config.view.map.height);
        let step = page.step.get();
        let found = height.source.takes_run.then(|| {
            let field = page.config.with(|config| Field::new(config, height.run, step))?;
            Ok(page.land.sheet.with(|sheet| {
                sheet.as_ref().map_or_else(Vec::new, |sheet| wind(sheet, |losses, pull| field.at(losses, pull)))
            }))
        });
        page.land.wind.set(found);
    });
}

/// The map of what is open; `None` before there are checkpoints. Tracks what it depends on.
fn wanted(page: Page) -> Option<Wanted> {
    let reached = page.history.with(|history| {
        let begun = history.runs.iter().any(|run| !run.records.is_empty());
        begun.then(|| if history.finished { u32::MAX } else { history.head().max(1).ilog2() })
    })?;
    let fresh = page.fresh.get();
    let (plane, what, side, moves) = page.config.with(|config| {
        let (plane, map) = (config.plane(), &config.view.map);
        (
            plane.text(),
            map.height.source.needs,
            map.side,
            plane.source.follows_cursor && plane.points().iter().all(|point| point.step.is_none()),
        )
    });
    let step = if moves { page.step.get() } else { 0 };
    let run = page.engine.with_value(|engine| engine.current());
    fresh.then_some(Wanted { run, plane, step, what, side, reached })
}
