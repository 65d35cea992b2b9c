// How long the default address takes until there is a picture: cold cache, a slow processor.

import { median } from "./table.js";

/** The page's main thread is slowed by this; browsers offer no such thing for workers. */
const SLOWDOWN = 4;
const PATIENCE_MILLIS = 120_000;
const MOMENTS = [
  ["paint", "First paint (the page's frame)"],
  ["picture", "First frame of a plot"],
  ["step", "First training step known to the page"],
];

/** Runs before the page's scripts and looks once a frame. */
function watch() {
  window.moments = {};
  const look = () => {
    const seen = (name, is) => {
      if (is && !(name in window.moments)) window.moments[name] = performance.now();
    };
    seen("picture", document.querySelector('html[data-running] [data-testid^="plot-"] canvas'));
    seen("step", Number.parseFloat(document.querySelector(".scrub .done")?.style.width) > 0);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Milliseconds from navigation of every round: `[{paint, picture, step}]`. */
export async function measureStart({ context }, { url }, rounds, say, isOver) {
  const found = [];
  for (let round = 1; round <= rounds && !isOver(); round++) {
    const page = await context.newPage();
    try {
      await page.setViewportSize({ width: 1440, height: 900 });
      const protocol = await context.newCDPSession(page);
      await protocol.send("Network.enable");
      await protocol.send("Network.clearBrowserCache");
      await protocol.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
      await page.addInitScript(watch);
      await page.goto(`${url}/`);
      await page.waitForFunction(() => window.moments.step, null, { timeout: PATIENCE_MILLIS });
      const moments = await page.evaluate(() => ({
        ...window.moments,
        paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
      }));
      found.push(moments);
      say(`start ${round} of ${rounds}: ${MOMENTS.map(([name]) => `${name} ${Math.round(moments[name])} ms`).join(", ")}`);
    } catch (error) {
      if (!isOver()) say(`start ${round} of ${rounds}: ${error.message.split("\n")[0]}`);
    } finally {
      await page.close().catch(() => null);
    }
  }
  return found;
}

/** What `benches/record/start.md` holds. */
export function startRecord(about, found) {
  const rows = MOMENTS.map(([name, title]) => {
    const values = found.map((moments) => moments[name]);
    return `| ${title} | ${Math.round(median(values))} | ${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))} |`;
  });
  return [
    "# From an empty cache to the default picture",
    `\`${about.command}\` on ${about.date}: ${about.machine}, load ${about.load.toFixed(1)} at the start. Chromium ${about.chromium}, ` +
      `1440 × 900, ${found.length} rounds, each with an empty cache and the main thread slowed ${SLOWDOWN} times (workers are not). ` +
      "The site comes from this machine uncompressed, so a network's time is not in it.",
    ["| milliseconds from navigation | median | range |", "|---|---:|---:|", ...rows].join("\n"),
  ].join("\n\n") + "\n";
}
