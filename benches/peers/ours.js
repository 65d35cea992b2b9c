// This project's engine in the same harness: its worker gets an order in its address, as from the page /bench/.

async function ordered(query) {
  const worker = new Worker(`/worker_loader.js?v=peers&bench&${query}`);
  try {
    return await new Promise((resolve, reject) => {
      let before = null;
      worker.onerror = (event) => reject(new Error(event.message || "the worker's program could not be loaded"));
      worker.onmessage = async ({ data }) => {
        const { progress, error, ...answer } = JSON.parse(data);
        if (error) return reject(new Error(error));
        // The window's start is told with nothing done.
        if (progress?.counts && !before) before = window.cpuSeconds();
        if (!progress) resolve({ ...answer, cpu: (await window.cpuSeconds()) - (await before) });
      };
    });
  } finally {
    worker.terminate();
  }
}

window.engine = {
  async start(backend, threads, arithmetic) {
    const more = (name, value) => (value === undefined ? "" : `&${name}=${value}`);
    this.place = `backend=${backend}${more("threads", threads > 1 ? threads : undefined)}${more("arithmetic", arithmetic)}`;
    if (backend === "gpu" && !(await navigator.gpu?.requestAdapter())) throw new Error("no WebGPU adapter");
    return "this checkout";
  },
  async time(size, mode, ms) {
    const { result, ...rest } = await ordered(`size=${size}&mode=${mode}&${this.place}&ms=${ms}`);
    return { ...rest, losses: result.losses_step3 };
  },
  multiply(n, ms) {
    return ordered(`kernel=matmul&n=${n}&${this.place}&ms=${ms}`);
  },
};
