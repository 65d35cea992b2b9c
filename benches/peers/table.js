// The record of a run as Markdown: medians, spread, ratios, and why a row could not run.

import { MODES } from "./workload.js";

const MODE_TITLES = { pcgrad: "one gradient a task, PCGrad (`pcgrad`)", ew: "the gradient of the sum (`ew`)" };

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(half)] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Three digits that count. */
function short(value) {
  if (value >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString("en-US");
  return Number(value.toPrecision(3)).toString();
}

/** `median [spread %]`, or a mark where one number is all there is. */
function shown(values) {
  if (!values?.length) return "–";
  if (values.length === 1) return `${short(values[0])} (once)`;
  const spread = (Math.max(...values) - Math.min(...values)) / median(values);
  return `${short(median(values))} [${Math.round(100 * spread)} %]`;
}

function table(head, rows) {
  return [`| ${head.join(" | ")} |`, `|---|${"---:|".repeat(head.length - 1)}`, ...rows.map((row) => `| ${row.join(" | ")} |`)].join("\n");
}

/** How many times as fast ours is as each other engine, of what both measured; on the GPU as those on the GPU. */
function ratios(ours, engines, columns, cell, field) {
  const others = engines.filter((id) => !id.startsWith("ours") && (ours !== "ours-gpu" || id.endsWith("webgpu")));
  const rows = others.map((id) => [
    id,
    ...columns.map((column) => {
      const [own, other] = [cell(column, ours)?.[field], cell(column, id)?.[field]];
      return own?.length && other?.length ? `${short(median(own) / median(other))}×` : "–";
    }),
  ]);
  return rows.filter((row) => row.slice(1).some((text) => text !== "–"));
}

function speeds(engines, columns, cell, field) {
  return engines.map((id) => [id, ...columns.map((column) => shown(cell(column, id)?.[field]))]);
}

/** What `benches/record/step.md` holds. */
export function stepRecord(about, { engines: versions, steps, products }, engines, sizes, sides) {
  const parts = [
    "# The training step, our engine and others",
    `\`${about.command}\` on ${about.date}: ${about.machine}, load ${about.load.toFixed(1)} at the start. Chromium ` +
      `${about.chromium}${about.hasSoftwareGraphics ? ", WebGPU on a **software adapter**, which says nothing of graphics hardware" : ""}. ` +
      `${about.rounds} ${about.rounds === 1 ? "round" : "rounds"}, windows of ${about.ms} ms, all engines in one browser session in alternation; medians, in brackets ` +
      "(max − min)/median. A page of its own each, cross-origin isolated, so that engines may have threads; ours has the number in its name, or one." +
      (about.wasEnded ? " **Ended by hand** before all rounds were done." : ""),
    `Packages: ${Object.entries(about.versions).map(([name, version]) => `${name} ${version}`).join(", ")}` +
      `${versions.pytorch ? `; ${versions.pytorch}, natively, so its rows are for orientation` : ""}.`,
    "The workload is that of `src/bench/workload.rs`. Every engine's losses of the third step are within 0.01 % of the known " +
      "ones, or its row says so below. *Idiomatic* is what a guide of the library would write, *expert* one forward pass and a " +
      "backward pass by hand without the library's slow paths, *batched* the same with all tasks as one batch.",
  ];
  for (const mode of MODES) {
    const cell = (size, id) => steps[`${size}/${mode}/${id}`];
    if (!sizes.some((size) => engines.some((id) => cell(size, id)))) continue;
    const head = ["", ...sizes];
    parts.push(`## Steps a second: ${MODE_TITLES[mode]}`, table(head, speeds(engines, sizes, cell, "speeds")));
    parts.push("Steps per CPU second of the browser's processes, which other programs on the machine disturb less:", table(head, speeds(engines, sizes, cell, "perCpu")));
    for (const ours of engines.filter((id) => id.startsWith("ours"))) {
      const rows = ratios(ours, engines, sizes, cell, "speeds");
      const perCpu = ratios(ours, engines, sizes, cell, "perCpu");
      if (rows.length) parts.push(`How many times as fast ${ours} is, by time:`, table(head, rows));
      if (perCpu.length) parts.push(`How many times as fast ${ours} is, by CPU seconds:`, table(head, perCpu));
    }
  }
  if (Object.keys(products).length) {
    const cell = (n, id) => {
      const found = products[`${n}/${id}`];
      const gflop = (2 * n ** 3) / 1e9;
      return found && { speeds: found.speeds.map((s) => s * gflop), perCpu: found.perCpu.map((s) => s * gflop) };
    };
    const rows = engines.filter((id) => sides.some((n) => products[`${n}/${id}`]));
    const head = ["", ...sides.map((n) => `n = ${n}`)];
    parts.push("## C = A·B (n, n), GFLOP a second", table(head, speeds(rows, sides, cell, "speeds")));
    parts.push("GFLOP per CPU second:", table(head, speeds(rows, sides, cell, "perCpu")));
  }
  const missing = [...Object.entries(steps), ...Object.entries(products)].filter(([, { why }]) => why);
  if (missing.length) {
    parts.push("## What could not run", missing.map(([key, { why }]) => `- ${key.replaceAll("/", " ")}: ${why}`).join("\n"));
  }
  return `${parts.join("\n\n")}\n`;
}
