/** A partition of which several machines did a part: what each of them tells, and what the account knows at the end. */
import { readdir } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makePlain } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;
let coordination: string;

beforeAll(async () => {
  scene = await startScene(undefined, { coordinated: true });
  coordination = scene.account.uniqueName();
  await makePlain(scene, 12, 3);
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

const share = (state: string, ...args: string[]) => [
  "--state-db",
  state,
  "--partition",
  "0",
  "--total-partitions",
  "2",
  "--coordination-container",
  coordination,
  "--create-missing",
  ...args,
];

/** The totals and the sums of the classes below them. */
function sumsOf(summary: string): { totals: number[]; sums: number[] } {
  const totals: number[] = [];
  const sums: number[] = [];
  for (const line of summary.split("\n")) {
    const [, indent, value] = /^( *)(?:[A-Za-z]+ )*[A-Za-z]+ {2,}([\d,]+)(?: {2}|$)/.exec(line) ?? [];
    if (value === undefined) continue;
    const count = Number(value.replaceAll(",", ""));
    if (indent === "") sums[totals.push(count) - 1] = 0;
    else sums[totals.length - 1] = (sums.at(-1) ?? 0) + count;
  }
  return { totals, sums };
}

interface JsonSummary {
  readonly type: string;
  readonly rows?: { readonly total: number };
  readonly files?: { readonly total: number };
}

/** The record of the partition, as the account has it. */
async function record(): Promise<{ etag: string | undefined; files: number; bytes: number }> {
  const container = scene.behind.container(coordination);
  for await (const { name, metadata } of container.listBlobsFlat({ prefix: "", includeMetadata: true })) {
    const counts = metadata?.["counts"]?.split(" ").map(Number);
    if (counts === undefined) continue;
    const { etag } = await container.getBlobClient(name).getProperties();
    return { etag, files: counts[6] ?? -1, bytes: counts[9] ?? -1 };
  }
  throw new Error("no record was written");
}

describe("a partition that several machines did", () => {
  it("has every row and file in one class of the summary of each of them", async () => {
    const runs = [];
    for (const args of [share("a.db", "--limit", "2"), share("b.db"), share("c.db")]) {
      const done = await scene.run(args);
      expect(done.code, done.stderr).toBe(0);
      runs.push(done.stdout);
    }
    for (const summary of runs) {
      const { totals, sums } = sumsOf(summary);
      expect(totals, summary).toHaveLength(2);
      expect(sums, summary).toEqual(totals);
    }
    expect(runs[2]).toMatch(/elsewhere +12 {2}done by other machines/);
  }, 60_000);

  it("is counted as a whole in the account, and stays as it is when a resume has nothing to do", async () => {
    const { reader, container } = scene;
    const blobs = [...(await reader.list(container)).values()];
    const done = await record();
    expect(done).toMatchObject({ files: 12, bytes: blobs.reduce((sum, { length }) => sum + length, 0) });
    const resumed = await scene.cli(["run", "--resume", "--state-db", "a.db"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await record()).toEqual(done);
    const json = await scene.cli(["run", "--resume", "--state-db", "b.db", "--output", "json"]);
    const events = json.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as JsonSummary);
    const summary = events.find(({ type }) => type === "summary");
    for (const { total, ...classes } of [summary?.rows, summary?.files].map((all) => all ?? { total: -1 })) {
      expect(Object.values(classes as Record<string, number>).reduce((a, b) => a + b, 0)).toBe(total);
    }
    expect(summary?.files).toMatchObject({ total: 12, copied: 6, elsewhere: 6 });
    expect(await record()).toEqual(done);
  }, 60_000);
});

describe("a run whose coordination container is deleted", () => {
  it("says that it was deleted, not that another machine has the partition, and how to go on", async () => {
    const container = scene.account.uniqueName();
    const gate = Promise.withResolvers<void>();
    const fault = { kind: "hold", until: gate.promise } as const;
    const before = scene.proxy.count("put-message");
    scene.proxy.fail({ operation: "put-message", fault });
    const args = ["--coordination-container", container, "--create-missing", "--partition", "1"];
    const running = scene.startRun(["--state-db", "deleted.db", "--total-partitions", "2", ...args]);
    await expect.poll(() => scene.proxy.count("put-message"), { timeout: 20_000 }).toBeGreaterThan(before);
    await scene.behind.container(container).delete();
    // The next renewal of the lease is refused.
    const calls = scene.proxy.count("other");
    await expect.poll(() => scene.proxy.count("other"), { timeout: 20_000 }).toBeGreaterThan(calls);
    await setTimeout(300);
    gate.resolve();
    scene.proxy.heal();
    const { code, stdout, stderr } = await running.done;
    expect(code, stderr).toBe(3);
    expect(stderr).toContain(
      "What the machines know of partition 1 was deleted in the target account: the coordination container was deleted.",
    );
    expect(stdout).toContain("Stopped: what the machines know of each other was deleted.");
    expect(stdout + stderr).not.toMatch(/another (machine|one)|files in flight were finished/);
    expect(stdout).toContain("reupload run --resume --state-db deleted.db");
    const resumed = await scene.cli(["run", "--resume", "--state-db", "deleted.db", "--create-missing"]);
    expect(resumed.code, resumed.stderr).toBe(0);
  }, 60_000);
});

describe("a start that does not fit its run", () => {
  it("creates nothing in the account, and leaves no file beside the state that it would have made", async () => {
    const files = await readdir(scene.folder);
    const queue = scene.account.uniqueName();
    const refused = await scene.run(share("refused.db", "--queue", queue));
    expect(refused.code, refused.stderr).toBe(3);
    expect(refused.stderr).toContain("The run was started with other settings: queue");
    expect(refused.stderr).not.toContain("created");
    await expect(scene.behind.queue(queue).getProperties()).rejects.toMatchObject({ statusCode: 404 });
    expect(await readdir(scene.folder)).toEqual(files);
  }, 60_000);
});
