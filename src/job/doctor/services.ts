/** Checks of the services: sign-in, target, clock, rights, coordination, source. They ask for nothing that changes anything. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StorageAccount } from "../../azure/account.ts";
import { RequestBudget } from "../../azure/attempts/effort.ts";
import { RestBlobLister } from "../../azure/calls/rest-blob-lister.ts";
import type { Right } from "../../azure/calls/probe-rights.ts";
import { describeAdvice, SignInError } from "../../azure/sign-in/token-source.ts";
import { ServiceFailure } from "../../azure/wire/service-error.ts";
import { STORAGE_SCOPE } from "../../azure/sign-in/sign-in.ts";
import type { RunSettings } from "../../config/run-options.ts";
import { ReuploadError } from "../../core/errors.ts";
import type { WorkItem } from "../../core/work-item.ts";
import { readWorkItems } from "../../input/read-csv.ts";
import { RestAccount } from "../../machines/rest-account.ts";
import { explainRefusal } from "../../machines/rights.ts";
import type { Findings } from "../../report/doctor-report.ts";
import { abortAfter } from "../../surroundings/surroundings.ts";
import { DryRunTransfer } from "../../transfer/dry-run-transfer.ts";
import type { CatalogSource } from "../catalogs.ts";
import type { JobContext } from "../context.ts";
import { buildTransferTools, ensureTarget, probeRights, probeSend, type Services } from "../services.ts";
import { targetCheck } from "../start.ts";

/** A service that has not answered by then is not asked any longer, ms. */
const LIMIT_MS = 60_000;
/** A signature's time may differ by 15 min from the service's; a link's begin and end are compared with the service's clock. */
const CLOCK_LIMIT_MS = 5 * 60_000;
/** Files of the first work item that are looked at. */
const SAMPLE = 3;

/** @property settings with `createMissing` off: doctor makes nothing */
export interface Look {
  readonly context: JobContext;
  readonly settings: RunSettings;
  readonly services: Services;
}

/** Gets a token where one is needed. @throws ReuploadError `sign-in` */
export async function lookAtSignIn(
  { credential }: StorageAccount,
  { surroundings }: JobContext,
): Promise<Findings["sign-in"]> {
  if (credential.kind === "shared-key") return { way: "the key of the account" };
  if (credential.kind === "sas") return { way: "a SAS of the account" };
  const { signIn } = credential;
  try {
    await signIn.getToken(STORAGE_SCOPE, { abortSignal: abortAfter(surroundings, LIMIT_MS) });
  } catch (thrown) {
    if (!(thrown instanceof SignInError)) throw thrown;
    const advice = describeAdvice(thrown.advice);
    throw new ReuploadError("sign-in", `No sign-in was possible: ${thrown.message.replace(/\.$/, "")}.`, {
      advice,
      cause: thrown,
    });
  }
  return { way: signIn.way };
}

/** Container and queue. @throws ReuploadError `target-missing`, `permission`, `unavailable`, ... */
export async function lookAtTarget({ context, settings, services }: Look): Promise<Findings["target"]> {
  const place = {
    container: settings.targetContainer,
    queue: settings.announce ? settings.queue : undefined,
  };
  try {
    await ensureTarget({ ...targetCheck(context, services, place), createMissing: false });
  } catch (thrown) {
    const isMissing = thrown instanceof ReuploadError && thrown.code === "target-missing";
    if (!isMissing || !settings.createMissing) throw thrown;
    throw new ReuploadError("target-missing", thrown.message, {
      advice:
        "The run creates it, as --create-missing is given; doctor creates nothing. Create it first to have the rights checked.",
      cause: thrown.cause,
    });
  }
  return place;
}

/** The clock of this machine against the service's, by the `Date` of an answer. @throws ReuploadError */
export async function lookAtClock(look: Look): Promise<Findings["clock"]> {
  const { date } = await listPage(look);
  const aheadMs = Math.round((look.context.surroundings.wall() - date) / 1000) * 1000;
  if (Math.abs(aheadMs) <= CLOCK_LIMIT_MS) return { aheadMs };
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  const where = aheadMs > 0 ? "ahead of" : "behind";
  throw new ReuploadError(
    "bad-option",
    `The clock of this machine is ${minutes} min ${where} the service's clock.`,
    {
      advice:
        "Set the clock, or turn the time service of this machine on: requests and links are refused by time.",
    },
  );
}

/** The right to read and list blobs of the target, which `verify` needs. @throws ReuploadError */
export async function lookAtList(look: Look): Promise<Findings["list"]> {
  await listPage(look);
  return { container: look.settings.targetContainer };
}

/** The right to write tags; reading them is what `verify` needs alone. @throws ReuploadError `permission` */
export async function lookAtTags(look: Look): Promise<Findings["tags"]> {
  const { context, settings, services } = look;
  const { targetContainer: container, tags } = settings;
  const place = { container, queue: undefined };
  const { mayTag } = await probeRights({ ...targetCheck(context, services, place), container, tags });
  const role = "Storage Blob Data Owner";
  if (mayTag !== undefined) mustBeGiven(mayTag, `write the tags of blobs in ${container}`, role);
  return { container, mayRead: await mayReadTags(look) };
}

async function mayReadTags(look: Look): Promise<boolean> {
  try {
    await listPage(look, true);
    return true;
  } catch (thrown) {
    const isRefused = thrown instanceof ServiceFailure && (thrown.status === 401 || thrown.status === 403);
    if (isRefused) return false;
    throw thrown;
  }
}

async function listPage({ context, settings, services }: Look, withTags = false) {
  const { account, client, attempts, target } = services;
  const url = `${account.blobEndpoint}/${settings.targetContainer}`;
  const budget = new RequestBudget(context.signal, LIMIT_MS);
  return attempts.run(target, budget, "list the target", async (attempt) =>
    new RestBlobLister(client).page({ url, as: "account" }, { prefix: "", most: 1, withTags }, attempt),
  );
}

/** The right to write blobs. @throws ReuploadError `permission` */
export async function lookAtWrite({ context, settings, services }: Look): Promise<Findings["write"]> {
  const container = settings.targetContainer;
  const place = { container, queue: undefined };
  const { mayWrite } = await probeRights({ ...targetCheck(context, services, place), container });
  mustBeGiven(mayWrite, `write blobs into ${container}`, "Storage Blob Data Contributor");
  return { container };
}

/** The right to send messages. @throws ReuploadError `permission` */
export async function lookAtSend({ context, settings, services }: Look): Promise<Findings["send"]> {
  const { queue } = settings;
  const place = { container: undefined, queue };
  const maySend = await probeSend(targetCheck(context, services, place), queue);
  mustBeGiven(maySend, `send messages to ${queue}`, "Storage Queue Data Message Sender");
  return { queue };
}

function mustBeGiven(right: Right, what: string, role: string): void {
  if (right.isGiven) return;
  throw new ReuploadError("permission", `This sign-in may not ${what}: ${right.why}`, {
    advice: `Assign the role ${role}, or use a SAS with that right.`,
  });
}

/** The container by which machines know of each other. @throws ReuploadError `coordination-missing`, ... */
export async function lookAtCoordination({
  context,
  settings,
  services,
}: Look): Promise<Findings["coordination"]> {
  const { coordinationContainer: container } = settings;
  const account = new RestAccount(services.coordination, container);
  const signal = AbortSignal.any([context.signal, abortAfter(context.surroundings, LIMIT_MS)]);
  try {
    await account.list("doctor/", { signal });
    const place = { container, queue: undefined };
    const { mayWrite } = await probeRights({ ...targetCheck(context, services, place), container });
    mustBeGiven(mayWrite, `write blobs into ${container}`, "Storage Blob Data Contributor");
    return { container };
  } catch (thrown) {
    throw explainRefusal(thrown, { blobEndpoint: services.account.blobEndpoint, container });
  }
}

/** The files of the CSV's first work item: whether they can be looked up and read. @throws ReuploadError */
export async function lookAtSource(
  { context, settings, services }: Look,
  source: CatalogSource,
): Promise<Findings["source"]> {
  const folder = await mkdtemp(join(tmpdir(), "reupload-doctor-"));
  const { signal } = context;
  try {
    const first = await firstWorkItem(context.path(settings.csv ?? ""), signal);
    const stem = join(folder, "state");
    const began = context.surroundings.wall();
    const catalog = await source.open({ stem, services, began, prompt: context, opening: signal, signal });
    try {
      const transfer = new DryRunTransfer(context.surroundings);
      for await (const { files, failure } of catalog.lookup([first], { signal })) {
        if (failure !== undefined) throw new ReuploadError("source-invalid", failure.message);
        for (const file of files.slice(0, SAMPLE)) await transfer.transfer(file, file.fileName);
      }
      const tools = buildTransferTools(services, settings, source.hasLocalFiles);
      const { looked, unreadable, examples } = await transfer.look(tools, signal);
      if (unreadable > 0) {
        throw new ReuploadError(
          "source-invalid",
          `A source file cannot be read: ${examples[0]?.message ?? ""}`,
          {
            advice: "Check the links, and the rights of this sign-in on the source account.",
          },
        );
      }
      return { files: looked };
    } finally {
      await catalog.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function firstWorkItem(csv: string, signal: AbortSignal): Promise<WorkItem> {
  for await (const rows of readWorkItems({ path: csv }, { signal })) {
    const row = rows.find(({ kind }) => kind === "row");
    if (row?.kind === "row") return row.workItem;
  }
  throw new ReuploadError("csv-invalid", "The CSV has no work items.");
}
