import { expect, it } from "vitest";
import { takePartitions, type Want } from "../../src/machines/auto-parts.ts";
import { BlobNames } from "../../src/machines/blob-names.ts";
import { viewRun } from "../../src/machines/completion.ts";
import { encodeManifest } from "../../src/machines/manifest.ts";
import { VirtualWorld } from "../support/virtual-surroundings.ts";
import { MemoryAccount } from "./memory-account.ts";
import { makeManifest } from "./run-samples.ts";
import { SimulatedDisk, SimulatedGifts } from "./simulated-gifts.ts";
import { SimulatedProcess } from "./simulated-process.ts";

const names = BlobNames.forRun({ target: "https://a.example/results", csvDigest: "d" });
const { signal } = new AbortController();
const network = { lostRequests: 0, lostAnswers: 0, doubled: 0, slow: 0, slowMs: 1 };
/** Files by partition. */
const SIZES = [10, 900, 300, 300, 10];

it("a machine takes the largest partitions first, and no more than what is enough together", async () => {
  const world = new VirtualWorld(1);
  const account = new MemoryAccount(() => world.now);
  const manifest = { ...makeManifest({ totalPartitions: SIZES.length }), mode: "auto" as const };
  await account.write(names.manifest, { body: encodeManifest(manifest) }, {});
  const process = new SimulatedProcess({ world, account, network });
  const gifts = new SimulatedGifts(new SimulatedDisk(), (partition) => [`item ${partition}`]);
  const options = {
    account: process.account,
    surroundings: process.own,
    serviceTime: process.serviceTime,
    names,
    holder: { host: "h", pid: 1, stateId: "s" },
    generation: 1,
    newManifest: () => manifest,
    facts: (partition: number) => gifts.facts(partition),
    size: (partition: number) => SIZES[partition] ?? 0,
    hasRetries: () => false,
  };
  const held = new Set<number>();
  const take = async (want: Omit<Want, "held">): Promise<number[]> => {
    const taking = viewRun(options, signal).then(async (run) =>
      takePartitions(options, run, { held, ...want }, signal),
    );
    await world.runUntil(world.now + 5_000);
    const taken = await taking;
    const numbers = taken.kind === "claims" ? taken.taken.map(({ claim }) => claim.partition) : [];
    for (const partition of numbers) held.add(partition);
    return numbers.toSorted((a, b) => a - b);
  };
  expect(await take({ most: 16, enough: 500 })).toEqual([1]);
  expect(await take({ most: 16, enough: 301 })).toEqual([2, 3]);
  expect(await take({ most: 16 })).toEqual([0, 4]);
});
