/**
 * What a hundred machines with free partitions ask the account, on a virtual clock: the coordination's own code over an
 * account in memory, with lost, doubled and slow requests. Against the 20,000 requests a second that a storage account is
 * published to take.
 *
 * `npx node bench/auto-requests.ts [--machines 100]`: two minutes
 */
import { parseArgs } from "node:util";
import { BlobNames } from "../src/machines/blob-names.ts";
import { joinRun } from "../src/machines/membership.ts";
import { simulateAuto } from "../test/machines/auto-simulation.ts";
import { MemoryAccount } from "../test/machines/memory-account.ts";
import { SimulatedProcess } from "../test/machines/simulated-process.ts";
import { VirtualWorld } from "../test/support/virtual-surroundings.ts";

const { values } = parseArgs({ options: { machines: { type: "string", default: "100" } } });
const machines = Number(values.machines);
const ACCOUNT_REQUESTS_PER_SECOND = 20_000;
const NETWORK = { lostRequests: 0.04, lostAnswers: 0.04, doubled: 0.05, slow: 0.08, slowMs: 20_000 };
const MEMBERS_MS = 600_000;

for (const partitions of [256, 1_024]) {
  const scale = { machines, partitions, workItems: 200 * machines, itemMs: 8_000, network: NETWORK };
  const { requests, tookMs } = await simulateAuto(1, { ...scale, gives: 0.01, disturbancesPerMinute: 0.001 });
  tell(`${machines} machines at work, ${partitions} partitions`, requests, tookMs);
}
tell(`their own blobs, without limits`, await countMembers(undefined), MEMBERS_MS);
tell(`their own blobs and shares, with limits`, await countMembers(() => true), MEMBERS_MS);

/** Requests of machines that are there for ten minutes. */
async function countMembers(isHeldBack: (() => boolean) | undefined): Promise<number> {
  const world = new VirtualWorld(1);
  const account = new MemoryAccount(() => world.now);
  const names = BlobNames.forRun({ target: "https://a.example/results", csvDigest: "d" });
  const { signal } = new AbortController();
  for (let at = 0; at < machines; at++) {
    const {
      account: own,
      own: surroundings,
      serviceTime,
    } = new SimulatedProcess({ world, account, network: NETWORK });
    const holder = { host: `host${at}`, pid: 1, stateId: `state${at}` };
    const takenOver = () => ({ partitions: 0, filesFound: 0 });
    const context = { account: own, surroundings, serviceTime, names, generation: 1, holder, takenOver };
    void joinRun({ ...context, isHeldBack }, signal);
  }
  await world.runUntil(world.now + MEMBERS_MS);
  return account.requests;
}

function tell(what: string, requests: number, ms: number): void {
  const perSecond = (requests / ms) * 1_000;
  const percent = ((perSecond / ACCOUNT_REQUESTS_PER_SECOND) * 100).toFixed(2);
  const each = ((perSecond * 60) / machines).toFixed(1);
  process.stdout.write(
    `${what}: ${perSecond.toFixed(1)} requests/s (${percent} %), ${each} a minute and machine\n`,
  );
}
