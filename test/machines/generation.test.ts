import { describe, expect, it } from "vitest";
import { BlobNames } from "../../src/machines/blob-names.ts";
import { confirmGeneration, readManifest } from "../../src/machines/generation.ts";
import { encodeManifest, type Manifest } from "../../src/machines/manifest.ts";
import { VirtualSurroundings, VirtualWorld } from "../support/virtual-surroundings.ts";
import { MemoryAccount } from "./memory-account.ts";

const opening: Manifest = {
  generation: 2,
  state: "opening",
  highestGeneration: 2,
  former: { generation: 1, totalPartitions: 2 },
  reopened: 0,
  totalPartitions: 3,
  mode: "fixed",
  hashVersion: 1,
  queues: ["resultsqueue"],
  nameTemplate: "{workItemName}-{fileBaseName}",
  rules: {},
  csv: { digest: "d", rows: 3, workItems: 3, fileName: "f.csv", sample: [] },
  writer: "w",
  tool: "0.1.0",
};
const { signal } = new AbortController();

describe("a machine whose run is being repartitioned", () => {
  it("waits, and after 60 s writes the former generation back: nobody else may be there who does", async () => {
    const world = new VirtualWorld(1);
    const account = new MemoryAccount(() => world.now);
    const names = BlobNames.forRun({ target: "https://a.example/results", csvDigest: "d" });
    const context = { account, names, surroundings: new VirtualSurroundings(world) };
    await account.write(names.manifest, { body: encodeManifest(opening) }, {});
    world.now += 59_000;
    expect(await confirmGeneration(context, 1, signal)).toEqual({ kind: "wait" });
    expect((await readManifest(context, signal))?.manifest.state).toBe("opening");
    world.now += 3_000;
    expect(await confirmGeneration(context, 1, signal)).toEqual({ kind: "wait" });
    expect((await readManifest(context, signal))?.manifest).toMatchObject({
      state: "open",
      generation: 1,
      highestGeneration: 2,
      totalPartitions: 2,
    });
    expect(await confirmGeneration(context, 1, signal)).toEqual({ kind: "ours" });
  });
});
