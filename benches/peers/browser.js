// One Chromium session for all engines, the server of their pages, and the CPU seconds of both.

import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const TYPES = {
  ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".html": "text/html",
  ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml",
};
const ARGUMENTS = [
  "--headless=new", "--no-sandbox", "--enable-unsafe-webgpu", "--no-first-run", "--disable-sync",
  "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
  // Pages behind the one in front are timed too.
  "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows", "--js-flags=--max-old-space-size=4096",
];
/** WebGPU where there is no graphics card. */
const SOFTWARE = [
  "--enable-features=Vulkan,WebGPUService", "--use-webgpu-adapter=swiftshader", "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
];

/** What a package of the folder `modules`, outside the checkout, exports. */
export function packages(modules) {
  return createRequire(path.join(modules, "package.json"));
}

/** Bundles of this folder's engines, by name. */
async function bundles(modules) {
  const { build } = packages(modules)("esbuild");
  const entries = ["tensorflow", "jax", "ours"];
  const built = await build({
    entryPoints: entries.map((name) => path.join(HERE, `${name}.js`)),
    bundle: true,
    format: "esm",
    minify: true,
    logLevel: "error",
    outdir: "/bundles",
    nodePaths: [path.join(modules, "node_modules")],
    write: false,
  });
  return new Map(built.outputFiles.map((file) => [path.basename(file.path), file.contents]));
}

/** Serves the site, `/peers/` from the packages and `/engine/NAME`, isolated so that threads are allowed. */
export async function serve(site, modules) {
  const made = modules ? await bundles(modules) : new Map();
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    response.setHeader("cross-origin-opener-policy", "same-origin");
    response.setHeader("cross-origin-embedder-policy", "require-corp");
    const send = (type, body) => response.setHeader("content-type", type).end(body);
    const [, engine] = /^\/engine\/(\w+)$/.exec(pathname) ?? [];
    if (engine) {
      const script = `<script type="module" src="/bundle/${engine}.js"></script>`;
      return send("text/html", `<!doctype html><title>${engine}</title>${script}`);
    }
    const bundle = /^\/bundle\/(\w+\.js)$/.exec(pathname);
    if (bundle && made.has(bundle[1])) return send("text/javascript", made.get(bundle[1]));
    const [root, rest] = pathname.startsWith("/peers/")
      ? [path.join(modules ?? site, "node_modules"), pathname.slice("/peers".length)]
      : [site, pathname];
    let file = path.join(root, path.normalize(decodeURIComponent(rest)));
    if (file.endsWith("/")) file += "index.html";
    if (!file.startsWith(root) || !fs.existsSync(file)) return response.writeHead(404).end();
    send(TYPES[path.extname(file)] ?? "application/octet-stream", fs.readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** A headless session with a profile of its own. */
export async function launch(chromium, modules) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "paretoscope-bench-"));
  const playwright = packages(modules)("playwright-core");
  const graphics = fs.existsSync("/dev/dri") ? [] : SOFTWARE;
  const context = await playwright.chromium.launchPersistentContext(profile, {
    executablePath: chromium,
    // The new headless mode comes with the arguments; it is the real browser.
    headless: false,
    args: [...ARGUMENTS, ...graphics],
    // The harness ends it, when it has written what there is.
    handleSIGINT: false,
    handleSIGTERM: false,
  });
  const isMain = ({ words }) => words.includes(`--user-data-dir=${profile}`) && !words.some((w) => w.startsWith("--type="));
  await context.exposeBinding("cpuSeconds", () => {
    const all = processes();
    return cpuSeconds(all, all.find(isMain)?.id);
  });
  return {
    context,
    hasSoftwareGraphics: graphics.length > 0,
    async close() {
      await context.close().catch(() => null);
      fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Every process with its parent and CPU seconds; none where there is no /proc. */
function processes() {
  if (!fs.existsSync("/proc/self/stat")) return [];
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((id) => {
    try {
      const stat = fs.readFileSync(`/proc/${id}/stat`, "utf8");
      // What stands before the last parenthesis is the name, which may hold anything.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const words = fs.readFileSync(`/proc/${id}/cmdline`, "utf8").split("\0");
      // Linux counts in hundredths everywhere.
      return [{ id, parent: fields[1], seconds: (Number(fields[11]) + Number(fields[12])) / 100, words }];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

/** CPU seconds of a process and all below it. */
function cpuSeconds(list, main) {
  const all = new Map(list.map((process) => [process.id, process]));
  let sum = 0;
  for (const process of all.values()) {
    let at = process;
    while (at && at.id !== main) at = all.get(at.parent);
    if (at) sum += process.seconds;
  }
  return sum;
}
