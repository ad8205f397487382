/**
 * Measures what one machine does: some files of some work items are copied into the coordination container of the
 * target's account, so that the same limits hold, and deleted afterwards. Nothing is announced; what an announcement
 * takes is measured by messages that the queue refuses.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RequestBudget } from "../azure/attempts/effort.ts";
import { ServiceFailure } from "../azure/wire/service-error.ts";
import { deleteBlob } from "../azure/calls/delete-blob.ts";
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { Reservoir } from "../core/reservoir.ts";
import type { CatalogFile } from "../core/file.ts";
import type { WorkItem } from "../core/work-item.ts";
import { readWorkItems } from "../input/read-csv.ts";
import { abortAfter } from "../surroundings/surroundings.ts";
import { type CatalogSource, catalogSource } from "./catalogs.ts";
import type { JobContext } from "./context.ts";
import type { MeasuredRate } from "./estimate.ts";
import { buildTransfer, ensureTarget, openAccount, probeSend, Services } from "./services.ts";
import { targetCheck } from "./start.ts";

/** Work items that are looked up, spread over the CSV. */
const WORK_ITEMS = 20;
/** Files that are copied at most. */
const FILES = 400;
/** File slots where `--concurrency` is `auto`. */
const SLOTS = 32;
/** No new copy begins after this, ms. */
const MEASURE_MS = 30_000;
const SENDS = 10;
const DELETES_AT_ONCE = 8;
const REQUEST_MS = 60_000;
/** How long a service that is gone is waited for, ms. */
const MAX_WAIT_MS = 10_000;

/** @throws ReuploadError when nothing could be measured */
export async function probeRate(context: JobContext, given: RunSettings): Promise<MeasuredRate> {
  const settings = { ...given, maxWait: Math.min(given.maxWait, MAX_WAIT_MS) };
  const account = await openAccount(settings, context.env, context);
  const services = new Services(account, settings, context.env);
  const source = catalogSource(settings, context.path, context.env);
  const container = settings.coordinationContainer;
  const place = { container, queue: undefined };
  await ensureTarget({ ...targetCheck(context, services, place), createMissing: settings.createMissing });
  context.notice(
    "info",
    `probe: copies up to ${FILES} files of ${WORK_ITEMS} work items into ${container}, and deletes them`,
  );
  const { files, workItems } = await lookUp(context, settings, services, source);
  const chosen = spread(files, FILES);
  const slots = settings.concurrency === "auto" ? SLOTS : settings.concurrency;
  const copying = new Copying(context, services, { ...settings, targetContainer: container });
  try {
    const ms = await copying.copy(chosen, slots, source.hasLocalFiles);
    const sendMs = settings.announce ? await measureSends(context, services, settings.queue) : 0;
    const slotMs = (ms / copying.copied) * Math.min(slots, chosen.length) + sendMs;
    return {
      filesPerSecond: (Math.min(slots, chosen.length) * 1000) / slotMs,
      from: `measured with ${copying.copied} files`,
      filesPerWorkItem: files.length / workItems,
      slots,
    };
  } finally {
    await copying.remove();
  }
}

async function lookUp(
  context: JobContext,
  settings: RunSettings,
  services: Services,
  source: CatalogSource,
): Promise<{ readonly files: CatalogFile[]; readonly workItems: number }> {
  const { signal } = context;
  const workItems = await sampleWorkItems(context, settings.csv);
  const folder = await mkdtemp(join(tmpdir(), "reupload-probe-"));
  try {
    const stem = join(folder, "state");
    const began = context.surroundings.wall();
    const catalog = await source.open({ stem, services, began, prompt: context, opening: signal, signal });
    const files: CatalogFile[] = [];
    try {
      for await (const lookup of catalog.lookup(workItems, { signal })) files.push(...lookup.files);
    } finally {
      await catalog.close();
    }
    if (files.length > 0) return { files, workItems: workItems.length };
    throw new ReuploadError(
      "source-invalid",
      `The ${workItems.length} work items of the probe have no files.`,
      {
        advice: "Check the catalog, or give the rate with --rate.",
      },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every work item has the same chance. */
async function sampleWorkItems(
  { path, surroundings, signal }: JobContext,
  csv: string | undefined,
): Promise<readonly WorkItem[]> {
  const sample = new Reservoir<WorkItem>(WORK_ITEMS, () => surroundings.random());
  for await (const rows of readWorkItems({ path: path(csv ?? "") }, { signal })) {
    for (const row of rows) if (row.kind === "row") sample.offer(row.workItem);
  }
  if (sample.seen === 0) throw new ReuploadError("csv-invalid", `The CSV ${csv} has no work items.`);
  return sample.items;
}

/** At most so many, at equal distances. */
function spread<T>(all: readonly T[], most: number): T[] {
  const step = Math.max(1, all.length / most);
  return Array.from({ length: Math.min(all.length, most) }, (_, index) => all[Math.floor(index * step)] as T);
}

/** Copies files under names of its own, and removes them. */
class Copying {
  copied = 0;
  readonly #context: JobContext;
  readonly #services: Services;
  readonly #settings: RunSettings;
  readonly #prefix: string;
  readonly #names: string[] = [];

  constructor(context: JobContext, services: Services, settings: RunSettings) {
    this.#context = context;
    this.#services = services;
    this.#settings = settings;
    this.#prefix = `probe-${context.surroundings.uuid()}`;
  }

  /** @returns how long it took, ms. @throws FileFailure the first; ReuploadError */
  async copy(files: readonly CatalogFile[], slots: number, hasLocalFiles: boolean): Promise<number> {
    const { surroundings, signal } = this.#context;
    const transfer = buildTransfer(this.#services, this.#settings, { localFiles: hasLocalFiles });
    const began = surroundings.monotonic();
    const queue = files.entries();
    const work = async (): Promise<void> => {
      for (const [index, file] of queue) {
        if (surroundings.monotonic() - began > MEASURE_MS) return;
        const name = `${this.#prefix}/${index}`;
        this.#names.push(name);
        await transfer.transfer(file, name, { signal });
        this.copied++;
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: Math.min(slots, files.length) }, work));
    const failed = ends.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason as Error;
    return surroundings.monotonic() - began;
  }

  async remove(): Promise<void> {
    const { client, attempts, target } = this.#services;
    const container = this.#settings.targetContainer;
    const signal = abortAfter(this.#context.surroundings, REQUEST_MS);
    const queue = this.#names.values();
    const left: string[] = [];
    const work = async (): Promise<void> => {
      for (const name of queue) {
        const budget = new RequestBudget(signal, REQUEST_MS);
        const remove = attempts.run(target, budget, "delete a probe's blob", async (attempt) =>
          deleteBlob(client, { container, name }, attempt),
        );
        await remove.catch((thrown: unknown) => {
          // A copy that failed left nothing.
          if (!(thrown instanceof ServiceFailure && thrown.status === 404)) left.push(name);
        });
      }
    };
    await Promise.all(Array.from({ length: DELETES_AT_ONCE }, work));
    if (left.length === 0) return;
    const where = `${container}/${this.#prefix}/`;
    this.#context.notice("warning", `${left.length} blobs of the probe could not be deleted: ${where}`);
  }
}

/** @returns how long an announcement takes, ms */
async function measureSends(context: JobContext, services: Services, queue: string): Promise<number> {
  const { surroundings } = context;
  const place = { container: undefined, queue };
  // The first one opens the connection.
  await probeSend(targetCheck(context, services, place), queue);
  const began = surroundings.monotonic();
  for (let sent = 0; sent < SENDS; sent++) await probeSend(targetCheck(context, services, place), queue);
  return (surroundings.monotonic() - began) / SENDS;
}
