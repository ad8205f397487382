import { describe, expect, it } from "vitest";
import { BlobNames } from "../../src/machines/blob-names.ts";
import { findOrMakeManifest } from "../../src/machines/generation.ts";
import { VirtualSurroundings, VirtualWorld } from "../support/virtual-surroundings.ts";
import { MemoryAccount } from "./memory-account.ts";
import { newManifest, TWO_PARTITIONS } from "./new-manifest.ts";

describe("a service that forgets the manifest", () => {
  it("is asked once a second, and after 30 s the start ends with an error that says so", async () => {
    const world = new VirtualWorld(1);
    const account = new MemoryAccount(() => world.now);
    const surroundings = new VirtualSurroundings(world);
    const names = BlobNames.forRun({ target: "https://a.example/results", csvDigest: "d" });
    let reads = 0;
    account.read = async () => {
      if (++reads > 1_000) throw new Error("the loop does not pause");
      return undefined;
    };
    const began = world.now;
    const started = findOrMakeManifest(
      { account, surroundings, names },
      () => newManifest(TWO_PARTITIONS, 3, "d"),
      new AbortController().signal,
    );
    const ended = started.catch((thrown: unknown) => ({ thrown, after: world.now - began }));
    await world.runUntil(world.now + 120_000);
    const { thrown, after } = (await ended) as { thrown: unknown; after: number };
    expect(thrown).toMatchObject({ code: "coordination-damaged" });
    expect(String(thrown)).toContain("does not keep what is written to it");
    expect(after).toBeGreaterThanOrEqual(30_000);
    expect(after).toBeLessThan(40_000);
    expect(reads).toBeLessThan(50);
  });
});
