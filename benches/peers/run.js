// Times the benchmark's step, products of matrices and the page's start, on our engine and others, in alternation.
//
// `cargo xtask bench` calls it with absolute folders. Ctrl-C ends it, and what there is gets written.

import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { launch, packages, serve } from "./browser.js";
import { measureStart, startRecord } from "./start.js";
import { stepRecord } from "./table.js";
import { MODES, SIZES, TOLERANCE } from "./workload.js";

const { values: options } = parseArgs({
  options: {
    site: { type: "string" },
    modules: { type: "string" },
    record: { type: "string" },
    chromium: { type: "string" },
    python: { type: "string", default: "python3" },
    rounds: { type: "string", default: "5" },
    ms: { type: "string", default: "1500" },
    sizes: { type: "string", default: Object.keys(SIZES).join() },
    peers: { type: "string" },
    only: { type: "string", multiple: true, default: ["step", "matmul", "start"] },
    command: { type: "string" },
  },
});

/** Engines: where they run, what `start` gets, and whether they multiply matrices too. */
const ENGINES = [
  { id: "ours-cpu", page: "ours", start: ["cpu"], multiplies: true },
  { id: "ours-cpu-separate", page: "ours", start: ["cpu", 1, "separate"], multiplies: true },
  { id: "ours-cpu-2-threads", page: "ours", start: ["cpu", 2], multiplies: true },
  { id: "ours-gpu", page: "ours", start: ["gpu"], multiplies: true },
  { id: "tfjs-cpu", page: "tensorflow", start: ["cpu", "idiomatic"], multiplies: false },
  { id: "tfjs-wasm-idiomatic", page: "tensorflow", start: ["wasm", "idiomatic"], multiplies: false },
  { id: "tfjs-wasm-expert", page: "tensorflow", start: ["wasm", "loop"], multiplies: true },
  { id: "tfjs-wasm-batched", page: "tensorflow", start: ["wasm", "batched"], multiplies: false },
  { id: "tfjs-webgpu", page: "tensorflow", start: ["webgpu", "batched"], multiplies: true },
  { id: "jaxjs-wasm", page: "jax", start: ["wasm"], multiplies: true },
  { id: "jaxjs-webgpu", page: "jax", start: ["webgpu"], multiplies: true },
  { id: "pytorch", multiplies: false },
];
const SIDES = [256, 512, 1024];
/** Longest wait for one number, and how long a step may take so that it is measured again in later rounds. */
const PATIENCE_SECONDS = 150;
const SLOW_SECONDS = 8;

const names = options.peers?.split(",");
const engines = ENGINES.filter(({ id }) => id.startsWith("ours") || !names || names.some((name) => id.startsWith(name)));
const unknown = names?.filter((name) => !ENGINES.some(({ id }) => id.startsWith(name)));
if (unknown?.length) fail(`There is no engine ${unknown[0]}; choose from ${ENGINES.map(({ id }) => id).join(", ")}.`);
const sizes = options.sizes.split(",");
const odd = sizes.find((size) => !(size in SIZES));
if (odd !== undefined) fail(`There is no size ${odd}; choose from ${Object.keys(SIZES).join(", ")}.`);
const number = (name, least) => {
  const value = Number(options[name]);
  if (!(value >= least)) fail(`--${name} is ${options[name]}, and has to be a number of at least ${least}.`);
  return value;
};
const [rounds, ms] = [number("rounds", 1), number("ms", 1)];

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function say(text) {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}

let isOver = false;
const over = new Promise((resolve) => {
  const end = () => {
    if (isOver) process.exit(130);
    isOver = true;
    say("ending; what there is gets written (Ctrl-C again to drop it)");
    resolve();
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
});

/** What was measured: `steps["S/ew/ours-cpu"]` and `products["256/ours-cpu"]` hold `{speeds, perCpu, why, off}`. */
const results = { engines: {}, steps: {}, products: {} };

function within(promise, seconds) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${seconds} s`)), seconds * 1000);
  });
  const ended = over.then(() => Promise.reject(new Error("ended by hand")));
  return Promise.race([promise, late, ended]).finally(() => clearTimeout(timer));
}

const pages = new Map();

/** The engine's page, opened once. */
async function page(session, server, engine) {
  if (!pages.has(engine.id)) {
    const opened = await session.context.newPage();
    pages.set(engine.id, opened);
    let fault = null;
    opened.on("pageerror", (error) => (fault = error));
    await opened.goto(`${server.url}/engine/${engine.page}`);
    await within(opened.waitForFunction(() => window.engine), 60).catch((error) => { throw fault ?? error; });
    results.engines[engine.id] = await within(opened.evaluate((start) => window.engine.start(...start), engine.start), 60);
  }
  return pages.get(engine.id);
}

async function close(engine) {
  const opened = pages.get(engine.id);
  pages.delete(engine.id);
  await Promise.race([opened?.close().catch(() => null), new Promise((resolve) => setTimeout(resolve, 5000))]);
}

/** One number into `cell`; `why` says what went wrong, and it is not tried again. */
async function measure(cell, engine, label, once) {
  if (cell.why || (cell.isSlow && cell.speeds.length)) return;
  try {
    const { count, ms, cpu, losses, expected } = await within(once(), PATIENCE_SECONDS);
    if (losses) {
      cell.off = Math.max(...losses.map((loss, k) => Math.abs(loss / expected[k] - 1)));
      if (!(cell.off <= TOLERANCE)) throw new Error(`wrong losses: ${losses.map((loss) => loss.toPrecision(7)).join(" ")}`);
    }
    cell.speeds.push((count / ms) * 1000);
    // Too few hundredths of a second say nothing.
    if (cpu >= 0.1) cell.perCpu.push(count / cpu);
    cell.isSlow = ms / count > SLOW_SECONDS * 1000;
    say(`${label}: ${((count / ms) * 1000).toPrecision(4)} a second, ${count} in ${(ms / 1000).toFixed(2)} s`);
  } catch (error) {
    if (isOver) return;
    cell.why = String(error.message ?? error).split("\n")[0].replace(/^page\.evaluate: (Error: )?/, "").slice(0, 160);
    say(`${label}: ${cell.why}`);
    await close(engine);
  }
}

const cellOf = (table, key) => (table[key] ??= { speeds: [], perCpu: [], why: null, off: null, isSlow: false });

async function pytorch(size, mode) {
  const script = fileURLToPath(new URL("pytorch.py", import.meta.url));
  const run = promisify(execFile)(options.python, [script, size, mode, String(ms)], { env: { ...process.env, OMP_NUM_THREADS: "1" } });
  const { stdout } = await run.catch((error) => {
    throw new Error(error.stderr?.trim().split("\n").at(-1) || error.message);
  });
  const answer = JSON.parse(stdout);
  results.engines.pytorch = answer.version;
  return answer;
}

async function steps(session, server) {
  for (let round = 1; round <= rounds; round++) {
    for (const size of sizes) {
      for (const mode of MODES) {
        for (const engine of engines) {
          if (isOver) return;
          const cell = cellOf(results.steps, `${size}/${mode}/${engine.id}`);
          const smaller = Object.keys(SIZES).slice(0, Object.keys(SIZES).indexOf(size));
          const gaveUp = smaller.find((other) => /^no answer/.test(results.steps[`${other}/${mode}/${engine.id}`]?.why ?? ""));
          if (gaveUp) cell.why ??= `not tried, since ${gaveUp} took too long`;
          const label = `round ${round} of ${rounds}, ${size} ${mode} ${engine.id}`;
          await measure(cell, engine, label, async () => {
            const expected = SIZES[size][mode];
            if (engine.id === "pytorch") return { ...(await pytorch(size, mode)), expected };
            const opened = await page(session, server, engine);
            await opened.bringToFront();
            return { ...(await opened.evaluate((order) => window.engine.time(...order), [size, mode, ms])), expected };
          });
        }
      }
    }
  }
}

async function products(session, server) {
  for (let round = 1; round <= rounds; round++) {
    for (const n of SIDES) {
      for (const engine of engines.filter(({ multiplies }) => multiplies)) {
        if (isOver) return;
        const cell = cellOf(results.products, `${n}/${engine.id}`);
        await measure(cell, engine, `round ${round} of ${rounds}, ${n}² ${engine.id}`, async () => {
          const opened = await page(session, server, engine);
          await opened.bringToFront();
          return opened.evaluate((order) => window.engine.multiply(...order), [n, ms]);
        });
      }
    }
  }
}

const server = await serve(options.site, options.modules);
const about = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${os.arch()} (${os.cpus()[0].model.trim()}), ${os.cpus().length} CPUs, ${os.type()}`,
  load: os.loadavg()[0],
  command: options.command ?? "cargo xtask bench",
  rounds,
  ms,
};
if (options.only.some((part) => part !== "start")) {
  const session = await launch(options.chromium, options.modules);
  about.chromium = session.context.browser()?.version() ?? "";
  about.hasSoftwareGraphics = session.hasSoftwareGraphics;
  about.versions = packages(options.modules)("./package.json").dependencies;
  if (options.only.includes("step")) await steps(session, server);
  if (options.only.includes("matmul")) await products(session, server);
  await Promise.race([session.close(), new Promise((resolve) => setTimeout(resolve, 10_000))]);
  about.wasEnded = isOver;
  write("step.md", stepRecord(about, results, engines.map(({ id }) => id), sizes, SIDES));
}
if (options.only.includes("start") && !isOver) {
  const session = await launch(options.chromium, options.modules);
  about.chromium = session.context.browser()?.version() ?? about.chromium;
  const found = await measureStart(session, server, rounds, say, () => isOver);
  await session.close();
  if (found.length) write("start.md", startRecord(about, found));
}
server.close();
process.exit(0);

function write(name, text) {
  const file = path.join(options.record, name);
  fs.mkdirSync(options.record, { recursive: true });
  fs.writeFileSync(file, text);
  say(`written: ${file}`);
}
