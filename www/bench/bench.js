// The benchmark's page: starts a worker with an order in its address, shows its progress and keeps its answers.
// `window.__bench` is the answer to the order in this page's own address, then to the latest one.

const WORKS = { step: ["size", "mode"], matmul: ["n"] };
const form = document.querySelector(".choices");
const table = document.querySelector(".results");
const status = document.querySelector(".status");
const running = document.querySelector(".running");
const button = (action) => form.querySelector(`[data-action="${action}"]`);
// This script carries the build's hash, and the worker of the same build is wanted.
const build = new URL(import.meta.url).search.replace("?", "");

const rows = [];
let current = null;

function say(text, isBad = false) {
  status.textContent = text;
  status.classList.toggle("bad", isBad);
}

/** Four digits that count. */
function short(value) {
  return value >= 1000 ? Math.round(value).toLocaleString("en-US") : Number(value.toPrecision(4)).toString();
}

/** One order in a worker of its own; resolves with its last message, never rejects. */
function order(query, onProgress) {
  return new Promise((resolve) => {
    const address = new URL(`../worker_loader.js?${build}&bench&${query}`, import.meta.url);
    let worker;
    const end = (answer) => {
      worker?.terminate();
      current = null;
      resolve(answer);
    };
    try {
      worker = new Worker(address);
    } catch (error) {
      return end({ error: `This browser refuses to start a worker: ${error.message}` });
    }
    current = { cancel: () => end({ error: "The run was canceled.", isCanceled: true }) };
    worker.onmessage = ({ data }) => {
      if (typeof data !== "string") return end({ error: "The worker stopped by a fault of this program." });
      const message = JSON.parse(data);
      if (message.progress) onProgress(message.progress);
      else end(message);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      end({ error: `The worker stopped: ${event.message || "its program could not be loaded."}` });
    };
  });
}

/** What the form asks for, as an address's query. */
function asked(choices) {
  const names = WORKS[choices.get("work")];
  const query = new URLSearchParams(names.map((name) => [name, choices.get(name)]));
  if (choices.get("work") === "matmul") query.set("kernel", "matmul");
  for (const name of ["backend", "ms"]) query.set(name, choices.get(name));
  return query.toString();
}

/** Orders one after another; each answer becomes a row. */
async function run(queries) {
  if (current) return;
  form.querySelector(".go").disabled = button("all").disabled = true;
  button("cancel").disabled = running.hidden = false;
  for (const [idx, query] of queries.entries()) {
    const names = new URLSearchParams(query);
    const title = names.has("kernel")
      ? `C = A·B, n = ${names.get("n") ?? 256}`
      : `step ${names.get("size") ?? ""}, ${names.get("mode") ?? "pcgrad"}`;
    const count = queries.length > 1 ? `${idx + 1} of ${queries.length}: ` : "";
    const bar = running.querySelector("progress");
    bar.removeAttribute("value");
    say(`${count}loading the program for ${title}`);
    const answer = await order(query, ({ counts, done, ms, of }) => {
      if (counts) bar.value = Math.min(1, ms / of);
      say(`${count}${title}, ${counts ? "timing" : "warming up"}: ${done.toLocaleString("en-US")} done in ${(ms / 1000).toFixed(1)} s`);
    });
    const { result, error, isCanceled } = answer;
    window.__bench = result ?? { error };
    show({ title, backend: names.get("backend") ?? "cpu", ...answer });
    if (error) say(error, true);
    else say(`${title} on ${result.backend}: ${speed(result)}.`);
    if (isCanceled) break;
  }
  form.querySelector(".go").disabled = button("all").disabled = false;
  button("cancel").disabled = running.hidden = true;
}

function speed({ steps_per_s, gflops }) {
  return gflops === undefined ? `${short(steps_per_s)} steps/s` : `${short(gflops)} GFLOP/s`;
}

function show(row) {
  rows.unshift(row);
  const line = document.createElement("tr");
  const cell = (text, name = "", tag = "td") => {
    const made = document.createElement(tag);
    made.textContent = text;
    made.className = name;
    line.append(made);
    return made;
  };
  cell(row.title, "", "th").scope = "row";
  cell(row.adapter ? `GPU (${row.adapter})` : row.backend.toUpperCase());
  if (row.result) {
    const unit = row.result.gflops === undefined ? "steps" : "products";
    cell(speed(row.result), "number speed");
    cell(`${row.count.toLocaleString("en-US")} ${unit} in ${(row.ms / 1000).toFixed(2)} s`, "number");
    const off = row.off.toExponential(0);
    cell(row.result.gflops === undefined ? `losses of step 3 agree to ${off}` : `first row right to ${off}`);
  } else {
    cell("", "number speed");
    cell("", "number");
    cell(row.error, "bad");
  }
  table.tBodies[0].prepend(line);
  table.hidden = button("copy").disabled = false;
}

/** The rows in the order in which they ran. */
function csv() {
  const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const lines = rows.toReversed().map((row) => {
    const { steps_per_s = "", gflops = "" } = row.result ?? {};
    const losses = row.result?.losses_step3?.join(" ") ?? "";
    return [row.title, row.backend, row.adapter ?? "", steps_per_s, gflops, row.count ?? "", row.ms ?? "", losses, row.error ?? ""];
  });
  const head = ["what", "backend", "adapter", "steps_per_s", "gflops", "count", "ms", "losses_step3", "error"];
  return [head, ...lines].map((line) => line.map((value) => quoted(String(value))).join(",")).join("\n") + "\n";
}

function refresh() {
  const work = new FormData(form).get("work");
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== work;
}

form.addEventListener("input", refresh);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  run([asked(new FormData(form))]);
});
button("all").addEventListener("click", () => {
  const choices = new FormData(form);
  const fixed = [...WORKS[choices.get("work")]];
  const values = fixed.map((name) => [...form.querySelectorAll(`[name="${name}"]`)].map((input) => input.value));
  const all = values.reduce((lists, some) => lists.flatMap((list) => some.map((value) => [...list, value])), [[]]);
  run(all.map((list) => {
    list.forEach((value, idx) => choices.set(fixed[idx], value));
    return asked(choices);
  }));
});
button("cancel").addEventListener("click", () => current?.cancel());
button("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(csv());
    say("The results are on the clipboard.");
  } catch {
    say("This browser lets the page write nothing to the clipboard; select the table instead.", true);
  }
});

const query = location.search.slice(1);
for (const [name, value] of new URLSearchParams(query)) {
  const input = form.querySelector(`[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`);
  if (input) input.checked = true;
}
if (new URLSearchParams(query).has("kernel")) form.querySelector('[value="matmul"]').checked = true;
refresh();
if (query) run([query]);
