// How a peer's step is checked and timed, the same for every peer, in its page.

import { SIZES } from "./workload.js";

/** Losses are read back every so many steps. */
const PORTION = 10;
const WARM_UP_STEPS = 3;

/**
 * Makes `window.engine` of a peer: `start()` readies it and says what it is; `open(size, mode)` gives
 * `{step(t), losses(), drain(), dispose()}`; `multiply(n)` gives `{step(), drain(), dispose()}`.
 */
export function offer({ start, open, multiply }) {
  const opened = new Map();

  async function stepper(key, make) {
    if (!opened.has(key)) opened.set(key, { ...(await make()), t: 0 });
    return opened.get(key);
  }

  window.engine = {
    start,
    /** Losses of the third step the first time; then the window. `cpuSeconds` of the browser frames the window. */
    async time(size, mode, ms) {
      const key = `${size}/${mode}`;
      const isNew = !opened.has(key);
      const it = await stepper(key, () => open(size, mode));
      let losses = null;
      if (isNew) {
        for (let step = 0; step < 3; step++) await it.step(it.t++);
        losses = Array.from(await it.losses());
      }
      for (let step = 0; step < WARM_UP_STEPS && !isNew; step++) await it.step(it.t++);
      const warmedUp = performance.now() + Math.min(500, ms / 2);
      while (performance.now() < warmedUp) {
        await it.step(it.t++);
        await it.losses();
      }
      await it.drain();
      const done = await frame(ms, async (count) => {
        await it.step(it.t++);
        if (count % PORTION === 0) await it.losses();
      }, async () => {
        await it.losses();
        await it.drain();
      });
      // What the largest size holds is too much to keep beside the others.
      if (size === Object.keys(SIZES).at(-1)) {
        it.dispose();
        opened.delete(key);
      }
      return { ...done, losses };
    },
    async multiply(n, ms) {
      const it = await multiply(n);
      await it.step();
      await it.drain();
      const done = await frame(ms, async (count) => {
        await it.step();
        // A queue without an end would be timed as if it were done.
        if (count % 4 === 0) await it.drain();
      }, it.drain);
      it.dispose();
      return done;
    },
  };
}

/** Calls `step(count)` for `ms` milliseconds and `end()` once. */
async function frame(ms, step, end) {
  const cpuBefore = await window.cpuSeconds();
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < ms) await step(++count);
  await end();
  const took = performance.now() - start;
  return { count, ms: took, cpu: (await window.cpuSeconds()) - cpuBefore };
}
