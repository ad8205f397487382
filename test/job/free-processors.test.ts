import { cpus } from "node:os";
import { describe, expect, it } from "vitest";
import { FreeProcessors } from "../../src/job/free-processors.ts";

describe("the processors that are free", () => {
  it("are those that nothing needed since they were asked for last", () => {
    let times = { free: 1_000, all: 5_000 };
    const processors = new FreeProcessors(() => times);
    times = { free: 1_250, all: 5_500 };
    expect(processors.take()).toBe(0.5 * cpus().length);
    times = { free: 1_250, all: 6_000 };
    expect(processors.take()).toBe(0);
  });

  it("are taken to be one where the system does not tell", () => {
    const processors = new FreeProcessors(() => ({ free: 0, all: 0 }));
    expect(processors.take()).toBe(1);
  });

  it("are no more than the machine has", async () => {
    const processors = new FreeProcessors();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const free = processors.take();
    expect(free).toBeGreaterThanOrEqual(0);
    expect(free).toBeLessThanOrEqual(cpus().length);
  });
});
