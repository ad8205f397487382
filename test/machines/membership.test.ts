import { expect, it } from "vitest";
import { BlobNames } from "../../src/machines/blob-names.ts";
import { encodeManifest } from "../../src/machines/manifest.ts";
import { joinRun, type Membership } from "../../src/machines/membership.ts";
import { RunWatch } from "../../src/machines/watch-run.ts";
import { VirtualWorld } from "../support/virtual-surroundings.ts";
import { MemoryAccount } from "./memory-account.ts";
import { makeManifest } from "./run-samples.ts";
import { SimulatedProcess } from "./simulated-process.ts";

const names = BlobNames.forRun({ target: "https://a.example/results", csvDigest: "d" });
const { signal } = new AbortController();
const network = { lostRequests: 0, lostAnswers: 0, doubled: 0, slow: 0, slowMs: 1 };

it("the machines of a run without limits are seen: those that live, that left and that died, and what they took over", async () => {
  const world = new VirtualWorld(1);
  const account = new MemoryAccount(() => world.now);
  const body = encodeManifest({ ...makeManifest({ totalPartitions: 4 }), mode: "auto" });
  await account.write(names.manifest, { body }, {});
  const takenOver = { partitions: 0, filesFound: 0 };
  const join = async (host: string) => {
    const process = new SimulatedProcess({ world, account, network });
    const { own: surroundings, serviceTime } = process;
    const context = { account: process.account, surroundings, serviceTime, names, generation: 1 };
    const holder = { host, pid: 1, stateId: `state of ${host}` };
    let membership: Membership | undefined;
    void joinRun(
      { ...context, holder, isHeldBack: undefined, takenOver: () => ({ ...takenOver }) },
      signal,
    ).then((made) => (membership = made));
    await world.runUntil(world.now + 1_000);
    return { process, membership };
  };
  const watching = new SimulatedProcess({ world, account, network });
  const watch = new RunWatch({ account: watching.account, surroundings: watching.own, names });
  const look = async () => {
    const looked = watch.look(signal);
    await world.runUntil(world.now + 1_000);
    const { machines } = await looked;
    return Object.fromEntries(machines.map((machine) => [machine.host, machine]));
  };

  const leaving = await join("leaves");
  const dying = await join("dies");
  await join("stays");
  account.requests = 0;
  await world.runUntil(world.now + 40_000);
  // Nothing has changed, so the leases are renewed and nothing else is written: each of three every 8 s.
  expect(account.requests).toBe(15);
  expect(await look()).toMatchObject({
    leaves: { lease: "leased" },
    dies: { lease: "leased", stateId: "state of dies" },
    stays: { lease: "leased", takenOver: { partitions: 0 } },
  });

  dying.process.kill();
  Object.assign(takenOver, { partitions: 2, filesFound: 7 });
  void leaving.membership?.end(signal);
  await world.runUntil(world.now + 40_000);
  expect(await look()).toMatchObject({
    leaves: { lease: "available", takenOver: { partitions: 2, filesFound: 7 } },
    dies: { lease: "expired", takenOver: { partitions: 0 } },
    stays: { lease: "leased", takenOver: { partitions: 2, filesFound: 7 } },
  });
});
