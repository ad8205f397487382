import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addMissing, Demo, stopKept } from "../../src/job/demo.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

const signal = AbortSignal.timeout(60_000);
const scale = { workItems: 6, files: 10, large: [] };

let root: string;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "reupload-test-"));
  folder = join(root, "demo");
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function prepare(): Promise<{ demo: Demo; steps: string[] }> {
  const steps: string[] = [];
  const onStep = (step: string) => steps.push(step);
  const options = { surroundings: REAL_SURROUNDINGS, folder, mayKeep: true, signal, scale, onStep };
  return { demo: await Demo.prepare(options), steps };
}

async function answers({ connectionString }: Demo): Promise<boolean> {
  const endpoint = /BlobEndpoint=([^;]+)/.exec(connectionString)?.[1] ?? "";
  return fetch(endpoint).then(
    () => true,
    () => false,
  );
}

const gone = async (demo: Demo) => expect.poll(() => answers(demo), { timeout: 20_000 }).toBe(false);

describe("a demo", () => {
  it("stops its emulator at its end, unless it is kept", async () => {
    const first = await prepare();
    expect(first.steps).toEqual(["emulator", "input"]);
    expect(existsSync(first.demo.input.csvFile)).toBe(true);
    expect(await answers(first.demo)).toBe(true);
    await first.demo[Symbol.asyncDispose]();
    expect(await answers(first.demo)).toBe(false);
    expect(await stopKept(REAL_SURROUNDINGS, folder, signal)).toBe(false);

    const second = await prepare();
    second.demo.keep();
    await second.demo[Symbol.asyncDispose]();
    expect(await answers(second.demo)).toBe(true);
    await addMissing(REAL_SURROUNDINGS, folder, signal);
    expect(await stopKept(REAL_SURROUNDINGS, folder, signal)).toBe(true);
    await gone(second.demo);
  });

  it("clears no folder but a demo's", async () => {
    folder = root;
    await writeFile(join(root, "mine.txt"), "mine");
    await expect(prepare()).rejects.toMatchObject({ code: "output-unwritable" });
    expect(existsSync(join(root, "mine.txt"))).toBe(true);
  });
});
