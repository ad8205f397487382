import { describe, expect, it } from "vitest";
import { BlobNames, makeRunId } from "../../src/machines/blob-names.ts";
import { findRuns } from "../../src/machines/find-run.ts";
import { manifestMetadata } from "../../src/machines/generation.ts";
import { encodeManifest, type Manifest } from "../../src/machines/manifest.ts";
import { encodeSummary } from "../../src/machines/record.ts";
import { RunGone, RunWatch } from "../../src/machines/watch-run.ts";
import { REAL_SURROUNDINGS as surroundings } from "../../src/surroundings/surroundings.ts";
import { MemoryAccount } from "./memory-account.ts";
import { makeManifest, makeSummary } from "./run-samples.ts";

const RUN = { target: "https://account.blob.core.windows.net/results", csvDigest: "3-abc" };
const names = BlobNames.forRun(RUN);
const { signal } = new AbortController();

class Scene {
  now = Date.UTC(2026, 6, 1);
  readonly account = new MemoryAccount(() => this.now);
  readonly watch = new RunWatch({ account: this.account, surroundings, names });

  async put(manifest: Manifest, of = names): Promise<void> {
    const blob = { body: encodeManifest(manifest), metadata: manifestMetadata(manifest) };
    await this.account.write(of.manifest, blob, {});
  }

  async record(generation: number, partition: number, host: string): Promise<string> {
    const name = names.record(generation, partition);
    await this.account.write(
      name,
      { body: new Uint8Array(), metadata: encodeSummary(makeSummary({ host })) },
      {},
    );
    return name;
  }
}

describe("a run that is watched", () => {
  it("costs one request a look, and one more for the manifest at the first", async () => {
    const scene = new Scene();
    await scene.put(makeManifest({ totalPartitions: 2 }));
    const name = await scene.record(1, 0, "one");
    await scene.account.acquire(name, "id", 30);
    scene.account.requests = 0;
    const first = await scene.watch.look(signal);
    expect(scene.account.requests).toBe(2);
    expect(first.partitions).toMatchObject([
      { partition: 0, lease: "leased", record: { host: "one" } },
      { partition: 1, lease: "available", record: undefined },
    ]);
    scene.now += 40_000;
    expect((await scene.watch.look(signal)).partitions[0]?.lease).toBe("expired");
    expect(scene.account.requests).toBe(3);
  });

  it("shows a CSV that has grown a minute later at most", async () => {
    const scene = new Scene();
    const before = makeManifest({ totalPartitions: 2 });
    await scene.put(before);
    await scene.watch.look(signal);
    await scene.put({ ...before, csv: { ...before.csv, fileName: "grown.csv" } });
    scene.now += 61_000;
    expect((await scene.watch.look(signal)).read.manifest.csv.fileName).toBe("grown.csv");
  });

  it("goes on with the next generation once it has a record", async () => {
    const scene = new Scene();
    await scene.put(makeManifest({ totalPartitions: 2 }));
    await scene.record(1, 0, "one");
    await scene.watch.look(signal);
    await scene.put(makeManifest({ totalPartitions: 3, generation: 2 }));
    await scene.record(2, 2, "two");
    const { partitions } = await scene.watch.look(signal);
    expect(partitions.map(({ record }) => record?.host)).toEqual([undefined, undefined, "two"]);
  });

  it("names it when its manifest is gone", async () => {
    await expect(new Scene().watch.look(signal)).rejects.toBeInstanceOf(RunGone);
  });
});

describe("the runs of a target", () => {
  it("are found by one request, the newest first, each with its id", async () => {
    const scene = new Scene();
    await scene.put(makeManifest({ digest: RUN.csvDigest }));
    scene.now += 5_000;
    const later = { ...RUN, csvDigest: "4-def" };
    await scene.put(makeManifest({ digest: later.csvDigest }), BlobNames.forRun(later));
    await scene.put(makeManifest({}), BlobNames.forRun({ target: "https://other/results", csvDigest: "x" }));
    scene.account.requests = 0;
    const runs = await findRuns({ account: scene.account, surroundings }, RUN.target, signal);
    expect(scene.account.requests).toBe(1);
    expect(runs.map(({ runId }) => runId)).toEqual([makeRunId(later, 1), makeRunId(RUN, 1)]);
    expect(runs[1]?.names.manifest).toBe(names.manifest);
    expect(runs[1]).toMatchObject({ fileName: "f.csv", rows: 3, state: "open" });
  });
});
