import { expect, it } from "vitest";
import { verifySample } from "../../src/proof/verify-sample.ts";
import { seededRandom } from "../support/virtual-surroundings.ts";
import { doorsOf, each, MemoryTarget, OPTIONS, workItem } from "./memory-target.ts";

const ids = Array.from({ length: 50 }, (_, id) => String(id));
/** Work items of very different sizes: one, two, ... fifty files. */
const content = Object.fromEntries(
  ids.map((id, at) => [
    id,
    { name: `n${id}`, files: Array.from({ length: at + 1 }, (_, file) => `f${file}`) },
  ]),
);
const FILES = (50 * 51) / 2;

it("a sample has as many files as asked for, and each file of the catalog has the same chance to be in it", async () => {
  const random = seededRandom(7);
  const [draws, rounds] = [new Map<string, number>(), 150];
  for (let round = 0; round < rounds; round++) {
    const target = new MemoryTarget();
    const sampled = await verifySample(
      doorsOf(target, content),
      each(ids.map((id) => workItem(id))),
      { count: 100 },
      {
        ...OPTIONS,
        random,
      },
    );
    expect(sampled).toMatchObject({ population: FILES, tally: { files: 100, missing: 100, workItems: 50 } });
    for (const asked of target.asked) draws.set(asked, (draws.get(asked) ?? 0) + 1);
  }
  const mean = (rounds * 100) / FILES;
  const counts = [...draws.values()];
  expect(counts).toHaveLength(FILES);
  // Binomial: five standard deviations on either side.
  const spread = 5 * Math.sqrt(mean * (1 - 100 / FILES));
  expect(Math.min(...counts)).toBeGreaterThan(mean - spread);
  expect(Math.max(...counts)).toBeLessThan(mean + spread);
});

it("a sample by share draws about that share", async () => {
  const sampled = await verifySample(
    doorsOf(new MemoryTarget(), content),
    each(ids.map((id) => workItem(id))),
    { percent: 20 },
    { ...OPTIONS, random: seededRandom(3) },
  );
  expect(sampled.population).toBe(FILES);
  expect(Math.abs(sampled.tally.files - FILES / 5)).toBeLessThan(5 * Math.sqrt(FILES * 0.2 * 0.8));
});
