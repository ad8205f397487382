import { describe, expect, it } from "vitest";
import { simulate } from "./simulation.ts";

/** `SEED=7 npx vitest run test/machines/simulation.test.ts` replays one; `SEEDS=100000` runs a campaign, from seed `FROM` on. */
const first = Number(process.env["SEED"] ?? process.env["FROM"] ?? 1);
const count = process.env["SEED"] === undefined ? Number(process.env["SEEDS"] ?? 150) : 1;

describe("machines with fixed partitions, by a seed", () => {
  it("never begin work in one partition at the same time, lose nothing, and complete", async () => {
    const failed: string[] = [];
    let disturbances = 0;
    for (let seed = first; seed < first + count; seed++) {
      const result = await simulate(seed);
      disturbances += result.disturbances;
      if (result.violations.length > 0) failed.push(`seed ${seed}: ${result.violations.join("; ")}`);
    }
    expect(failed).toEqual([]);
    expect(disturbances).toBeGreaterThan(count === 1 ? 0 : count);
  }, 1_000_000_000);

  it("count the time since an answer, too: a pause of 24 s and the seconds after it are more than a lease", async () => {
    expect((await simulate(4249)).violations).toEqual([]);
  }, 60_000);

  it("count the time since the question: a date that was under way for 20 s is 20 s old", async () => {
    expect((await simulate(44358)).violations).toEqual([]);
  }, 60_000);
});
