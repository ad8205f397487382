/** The contract of a delivery, carried by one thread and by three, on the emulator. */
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolve } from "../../src/config/config.ts";
import type { CatalogFile } from "../../src/core/file.ts";
import { buildTransferTools, Services } from "../../src/job/services.ts";
import { buildSlotAnnouncer, describeSlots, type SlotDescription } from "../../src/job/slot-stages.ts";
import { describeAccount, type ThreadDescription } from "../../src/job/thread-services.ts";
import { startThread } from "../../src/surroundings/program-files.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";
import { LocalDelivery } from "../../src/delivery/local-delivery.ts";
import { AutoTransfer } from "../../src/transfer/auto-transfer.ts";
import { SlotThreads } from "../../src/workers/slot-threads.ts";
import { readerOf } from "../support/reader.ts";
import { Bench, BLOCK, content, md5Of } from "../transfer/support.ts";

/** At once, so that each carrier gets some. */
const AT_ONCE = 9;
const REPLACED = "replaced-";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.proxy.stop());

describe.each([1, 3])("on %i threads, deliveries", (threads) => {
  let slots: SlotThreads;
  let gates: ReturnType<Services["shareGates"]>;
  let queue: string;

  beforeAll(async () => {
    await bench.reset();
    queue = bench.storage.uniqueName();
    await bench.storage.queue(queue).create();
    const one = (text: string) => ({ text, where: "the test" });
    const container = bench.target.containerName;
    const settings = resolve(
      new Map([
        ["targetContainer", one(container)],
        ["queue", one(queue)],
        ["transfer", one("stream")],
      ]),
      {},
    );
    const services = new Services(bench.account, settings, {});
    const described = describeSlots(settings, false);
    const description: SlotDescription = {
      ...described,
      transfer: { ...described.transfer, blockBytes: BLOCK },
    };
    const replaces = (blobName: string): boolean => blobName.startsWith(REPLACED);
    const tools = buildTransferTools(services, settings, false);
    gates = services.shareGates();
    const ready: Promise<unknown>[] = [];
    slots = new SlotThreads({
      surroundings: REAL_SURROUNDINGS,
      delivery: new LocalDelivery({
        transfer: new AutoTransfer({ ...tools, settings: { ...description.transfer, replaces } }),
        announcer: buildSlotAnnouncer(services, description),
      }),
      replaces,
      start: () => {
        const shared = gates.connect();
        const workerData: ThreadDescription = {
          slots: description,
          account: describeAccount(bench.account),
          gates: shared.description,
          proxies: {},
          idleMs: 30_000,
          content: "passed",
        };
        const thread = startThread("job/slot-thread", {
          workerData,
          transferList: [shared.description.port],
          execArgv: [],
        });
        ready.push(once(thread, "message"));
        return thread.once("exit", () => shared.close());
      },
      threads,
      most: threads,
      load: () => ({ answers: 0, heldMs: 0 }),
      events: { onDeath: () => {}, onChange: () => {} },
    });
    await Promise.all(ready);
  });

  afterAll(async () => {
    await slots.close();
    gates.close();
  });

  const signal = () => new AbortController().signal;
  const transfer = async (file: CatalogFile, blobName: string, ending: AbortSignal) =>
    (await slots.deliver({ file, blobName, announces: "never" }, { signal: ending })).result;
  const transferAll = async (files: readonly CatalogFile[], prefix = "") =>
    Promise.allSettled(files.map(async (file) => transfer(file, `${prefix}${file.fileName}`, signal())));
  const put = async (name: string, bytes: number, prefix = "") => {
    const bodies = Array.from({ length: AT_ONCE }, () => content(bytes));
    const files = await Promise.all(bodies.map(async (body, n) => bench.put(`${prefix}${name}-${n}`, body)));
    return { bodies, files };
  };

  it.each([
    ["small", 100, "put-blob"],
    ["in blocks", 3 * BLOCK + 1, "put-blocks"],
  ])("put files whole, %s, and find them there the next time", async (name, bytes, method) => {
    const { bodies, files } = await put(name, bytes);
    const md5s = bodies.map(md5Of);
    expect(await transferAll(files)).toMatchObject(
      md5s.map((contentMd5) => ({ value: { outcome: "copied", bytes, contentMd5, method } })),
    );
    const found = await bench.found();
    expect(files.map(({ fileName }) => found.get(fileName)?.md5)).toEqual(md5s);
    expect(await transferAll(files)).toMatchObject(
      files.map(() => ({ value: { outcome: "already-there" } })),
    );
  });

  it("write over what is known to be wrong, and nothing else", async () => {
    const { bodies, files } = await put("first", 50);
    await transferAll(files, REPLACED);
    await transferAll(files, "kept-");
    const others = await put("first", 60);
    expect(await transferAll(others.files, REPLACED)).toMatchObject(
      others.files.map(() => ({ value: { outcome: "copied" } })),
    );
    expect(await transferAll(others.files, "kept-")).toMatchObject(
      others.files.map(() => ({ reason: { name: "FileFailure", code: "conflict" } })),
    );
    const found = await bench.found();
    const md5sOf = (prefix: string) => files.map(({ fileName }) => found.get(`${prefix}${fileName}`)?.md5);
    expect(md5sOf(REPLACED)).toEqual(others.bodies.map(md5Of));
    expect(md5sOf("kept-")).toEqual(bodies.map(md5Of));
  });

  it("tell why a file cannot be read", async () => {
    const missing = Array.from({ length: AT_ONCE }, (_, n) => ({
      fileName: `missing-${n}`,
      uri: bench.linkTo(`missing-${n}`),
    }));
    expect(await transferAll(missing)).toMatchObject(
      missing.map(() => ({
        reason: { name: "FileFailure", code: "source-not-found", requestId: expect.any(String) as unknown },
      })),
    );
    const local = missing.map(({ fileName }) => ({ fileName, uri: `file:///${fileName}` }));
    expect(await transferAll(local)).toMatchObject(
      local.map(() => ({ reason: { code: "source-forbidden" } })),
    );
  });

  it("end with the signal's reason, and begin nothing after it", async () => {
    const { files } = await put("aborted", 50);
    const heal = bench.proxy.fail({ operation: "put-blob", fault: { kind: "hang" } });
    const before = bench.proxy.count("put-blob");
    const controller = new AbortController();
    const all = files.map(async (file) => transfer(file, file.fileName, controller.signal));
    const ended = Promise.allSettled(all);
    await expect.poll(() => bench.proxy.count("put-blob")).toBe(before + AT_ONCE);
    const reason = new Error("stopped");
    controller.abort(reason);
    expect(await ended).toEqual(files.map(() => ({ status: "rejected", reason })));
    heal();
    await expect(transfer(files[0] as CatalogFile, "x", controller.signal)).rejects.toBe(reason);
  });

  it("announce each blob once", async () => {
    const names = Array.from({ length: AT_ONCE }, (_, n) => `blob-${n}`);
    const answers = await Promise.all(names.map(async (name) => slots.announce(name, { signal: signal() })));
    expect(answers).toEqual(names.map(() => ({ attempts: 1 })));
    const told = await readerOf(bench.storage.connectionString).takeAnnouncements(queue);
    expect(told.map(({ blob_name }) => blob_name).toSorted()).toEqual(names);
  });
});
