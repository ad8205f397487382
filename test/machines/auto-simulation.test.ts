import { describe, expect, it } from "vitest";
import { type AutoScale, simulateAuto } from "./auto-simulation.ts";

/** `SEED=7 npx vitest run test/machines/auto-simulation.test.ts` replays one; `SEEDS=10000` runs a campaign. */
const first = Number(process.env["SEED"] ?? 1);
const count = process.env["SEED"] === undefined ? Number(process.env["SEEDS"] ?? 40) : 1;

const SMALL: AutoScale = {
  machines: 3,
  partitions: 8,
  workItems: 120,
  itemMs: 8_000,
  disturbancesPerMinute: 4,
  network: { lostRequests: 0.04, lostAnswers: 0.04, doubled: 0.05, slow: 0.08, slowMs: 20_000 },
  gives: 0.15,
};

/** Of the account's published limit of 20,000 requests a second, one in a hundred. */
const FEW_REQUESTS_PER_SECOND = 200;

describe("machines that take free partitions, by a seed", () => {
  it("never begin work in one partition at the same time, lose nothing, and complete", async () => {
    const failed: string[] = [];
    let gifts = 0;
    for (let seed = first; seed < first + count; seed++) {
      const { violations, gifts: ofSeed } = await simulateAuto(seed, SMALL);
      if (violations.length > 0) failed.push(`seed ${seed}: ${violations.join("; ")}`);
      gifts += ofSeed;
    }
    expect(failed).toEqual([]);
    expect(gifts).toBeGreaterThan(count);
  }, 1_000_000_000);

  it("ask the account seldom, a hundred of them with joins, deaths, sleeps and outages", async () => {
    const scale: AutoScale = {
      ...SMALL,
      machines: 100,
      partitions: 256,
      workItems: 10_000,
      disturbancesPerMinute: 20,
      gives: 0.01,
    };
    const result = await simulateAuto(first, scale);
    expect(result.violations).toEqual([]);
    expect((result.requests / result.tookMs) * 1000).toBeLessThan(FEW_REQUESTS_PER_SECOND);
  });
});
