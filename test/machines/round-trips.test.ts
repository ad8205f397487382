import { describe, expect, it } from "vitest";
import { BlobNames } from "../../src/machines/blob-names.ts";
import type { CallOptions, CoordinationAccount } from "../../src/machines/coordination-account.ts";
import { locateRun } from "../../src/machines/grown-csv.ts";
import { Part } from "../../src/machines/machines.ts";
import { ServiceTime } from "../../src/machines/service-time.ts";
import { sleep } from "../../src/surroundings/surroundings.ts";
import { VirtualSurroundings, VirtualWorld } from "../support/virtual-surroundings.ts";
import { MemoryAccount } from "./memory-account.ts";
import { simulatedFacts } from "./simulated-facts.ts";

const LATENCY_MS = 100;
const target = "https://a.example/results";
const csv = { digest: "a", rows: 2, workItems: 2, fileName: "a.csv", sample: [] };
const { signal } = new AbortController();

/** An account whose calls take 100 ms each, and which calls were under way at the same time. */
class SlowAccount implements CoordinationAccount {
  readonly world = new VirtualWorld(1);
  readonly surroundings = new VirtualSurroundings(this.world);
  readonly #account = new MemoryAccount(() => this.world.now);
  /** Calls whose name has it take longer. */
  slow = "nothing";
  #asked: { readonly at: number; readonly what: string }[] = [];

  read: CoordinationAccount["read"] = async (name, call) =>
    this.#send("read", name, call, async () => this.#account.read(name));
  list: CoordinationAccount["list"] = async (prefix, call) =>
    this.#send("list", prefix, call, async () => this.#account.list(prefix));
  write: CoordinationAccount["write"] = async (name, blob, conditions, call) =>
    this.#send("write", name, call, async () => this.#account.write(name, blob, conditions));
  acquire: CoordinationAccount["acquire"] = async (name, id, seconds, call) =>
    this.#send("acquire", name, call, async () => this.#account.acquire(name, id, seconds));
  renew: CoordinationAccount["renew"] = async (name, id, call) =>
    this.#send("renew", name, call, async () => this.#account.renew(name, id));
  release: CoordinationAccount["release"] = async (name, id, call) =>
    this.#send("release", name, call, async () => this.#account.release(name, id));
  makeContainer: CoordinationAccount["makeContainer"] = async (call) =>
    this.#send("make", "container", call, async () => this.#account.makeContainer());

  async #send<T>(what: string, name: string, call: CallOptions, request: () => Promise<T>): Promise<T> {
    this.#asked.push({ at: this.world.now, what: `${what} ${name.split("/")[1] ?? name}` });
    await sleep(this.surroundings, name.includes(this.slow) ? 4 * LATENCY_MS : LATENCY_MS, call.signal);
    return request();
  }

  /** Does the work, however long it takes in the account's world. @returns what was asked, one line for each time */
  async linesOf<T>(
    work: () => Promise<T>,
  ): Promise<{ readonly result: T; readonly lines: readonly string[] }> {
    this.#asked = [];
    const state = { isUnderWay: true };
    const ended = work().finally(() => (state.isUnderWay = false));
    ended.catch(() => {});
    while (state.isUnderWay) await this.world.runUntil(this.world.now + LATENCY_MS);
    const times = Map.groupBy(this.#asked, ({ at }) => at);
    const lines = [...times.values()].map((asked) =>
      asked
        .map(({ what }) => what)
        .toSorted()
        .join(", "),
    );
    return { result: await ended, lines };
  }
}

/** A start on partition 0 of a run with so many partitions, and its end. */
async function startAndEnd(account: SlowAccount, totalPartitions: number) {
  const { surroundings } = account;
  const done = new Set<string>();
  const items = ["1", "2"];
  const begin = async (): Promise<Part> => {
    const { run, seen } = await locateRun(
      { account, surroundings },
      { target, digests: [csv.digest] },
      signal,
    );
    const options = {
      account,
      surroundings,
      run,
      seen,
      names: BlobNames.forRun(run),
      serviceTime: new ServiceTime(surroundings),
      holder: { host: "host", pid: 1, stateId: "state" },
      partition: 0,
      settings: {
        totalPartitions,
        mode: "fixed" as const,
        hashVersion: 1,
        queues: ["resultsqueue"],
        nameTemplate: "{workItemName}-{fileBaseName}",
        rules: {},
      },
      csv,
      facts: simulatedFacts(items, done),
      tool: "test",
      takeOver: false,
      separateRun: false,
      updatesCsv: false,
      formerCsvs: [],
      ownBegin: undefined,
      spread: undefined,
      beginsAgain: totalPartitions === 1,
      hasRetries: () => done.size < items.length,
      mayFindMore: () => false,
      onWait: () => {},
      onSuspicion: () => {},
      onClaimed: () => {},
    };
    return Part.begin(options, signal);
  };
  const start = await account.linesOf(begin);
  for (const item of items) done.add(item);
  const end = await account.linesOf(async () => {
    await start.result.end(signal);
    return start.result.look(signal);
  });
  return { start: start.lines, end: end.lines, isComplete: end.result.isComplete };
}

describe("the requests of a start and of an end", () => {
  it("stand behind one another where one must follow the other, and the rest are sent at once", async () => {
    expect(await startAndEnd(new SlowAccount(), 1)).toEqual({
      start: [
        "read manifests",
        "write begins",
        "write manifests",
        "write records",
        "acquire records",
        "read manifests, read records",
        "write records",
        "list begins, list manifests",
      ],
      end: ["read manifests, write records", "release records", "list records", "write manifests"],
      isComplete: true,
    });
  });

  it("are as many where other partitions are left", async () => {
    const { start, end, isComplete } = await startAndEnd(new SlowAccount(), 2);
    expect(start).toHaveLength(8);
    expect(end).toEqual(["read manifests, write records", "release records", "list records"]);
    expect(isComplete).toBe(false);
  });

  it.each(["/begins/", "/manifests/", "/records/"])(
    "wait for the answer that comes last: %s",
    async (slow) => {
      const account = new SlowAccount();
      account.slow = slow;
      expect((await startAndEnd(account, 1)).isComplete).toBe(true);
    },
  );

  it("are as many for a run that is begun anew, but for the change of its generation", async () => {
    const account = new SlowAccount();
    await startAndEnd(account, 1);
    const { start, isComplete } = await startAndEnd(account, 1);
    expect(start).toEqual([
      "read manifests",
      "list records",
      "read manifests",
      "write manifests",
      "list records",
      "read records",
      "write manifests",
      "read manifests",
      "write records",
      "acquire records",
      "read manifests, read records",
      "write records",
      "list manifests",
    ]);
    expect(isComplete).toBe(true);
  });
});
