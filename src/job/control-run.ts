/** Leaves requests for all machines of a run in its account, and waits until they have taken them. */
import { type Given, resolve } from "../config/config.ts";
import { type ControlRequest, describeRequest } from "../core/control-request.ts";
import { ReuploadError } from "../core/errors.ts";
import { csvIdentity } from "../input/csv-identity.ts";
import { BlobNames, makeRunId } from "../machines/blob-names.ts";
import { viewRun } from "../machines/completion.ts";
import { leaveControl } from "../machines/control.ts";
import type { CoordinationAccount } from "../machines/coordination-account.ts";
import { type ManifestContext, readManifest } from "../machines/generation.ts";
import { untilAnswered } from "../machines/repeated-calls.ts";
import { RestAccount } from "../machines/rest-account.ts";
import { explainRefusal } from "../machines/rights.ts";
import type { ControlReport, ControlResult } from "../report/report.ts";
import { abortAfter, moment, passedSince, sleep } from "../surroundings/surroundings.ts";
import type { JobContext } from "./context.ts";
import { controlReport, describeOperator } from "./control.ts";

/** A machine looks every 12 s, and tells it with its next checkpoint 15 s later. */
const TAKEN_MS = 40_000;
const LOOK_MS = 3_000;
/** The account is asked for so long, ms. */
const ANSWER_MS = 30_000;

/** Which run is meant: by its CSV or its id; neither when the target has only one. */
export interface RunChoice {
  readonly given: Given;
  readonly runId: string | undefined;
}

/** @throws ReuploadError `usage`, `coordination-missing`, `coordination-forbidden`, `sign-in`, and those of options and CSV */
export async function controlRun(
  context: Pick<JobContext, "env" | "surroundings" | "path" | "isPersonThere" | "notice" | "signal">,
  { given, runId }: RunChoice,
  requests: readonly ControlRequest[],
): Promise<ControlReport> {
  const { env, surroundings } = context;
  const settings = resolve(given, {});
  const { openAccount, Services } = await import("./services.ts");
  const services = new Services(await openAccount(settings, env, context), settings);
  const { blobEndpoint } = services.account;
  const container = settings.coordinationContainer;
  const account = new RestAccount(services.coordination, container);
  const target = `${blobEndpoint}/${settings.targetContainer}`;
  try {
    const signal = AbortSignal.any([context.signal, abortAfter(surroundings, ANSWER_MS)]);
    const csv = settings.csv === undefined ? undefined : context.path(settings.csv);
    const csvDigest =
      csv === undefined || runId !== undefined ? undefined : await csvIdentity({ path: csv }, signal);
    const found = await findRun({ account, surroundings }, target, { csvDigest, runId }, signal);
    const last = await leaveControl(found.context, requests, describeOperator(), signal);
    const outcome = await untilTaken(found.context, last, context.signal);
    return controlReport(
      requests.map((request) => ({
        place: `run ${found.runId}`,
        request: describeRequest(request),
        ...outcome,
      })),
    );
  } catch (thrown) {
    if ((thrown as Error | null)?.name === "TimeoutError") {
      throw new ReuploadError("unavailable", `${blobEndpoint} gave no answer within ${ANSWER_MS / 1000} s.`);
    }
    throw explainRefusal(thrown, { blobEndpoint, container });
  }
}

/** The one run that is meant. @throws ReuploadError `usage` that lists those that are there */
async function findRun(
  place: { readonly account: CoordinationAccount } & Pick<ManifestContext, "surroundings">,
  target: string,
  { csvDigest, runId }: { readonly csvDigest: string | undefined; readonly runId: string | undefined },
  signal: AbortSignal,
): Promise<{ readonly context: ManifestContext; readonly runId: string }> {
  const any = BlobNames.forRun({ target, csvDigest: csvDigest ?? "" });
  const { blobs } = await untilAnswered(place.surroundings, signal, async (call) =>
    place.account.list(csvDigest === undefined ? any.manifests : any.manifest, call),
  );
  const runs = await Promise.all(
    blobs.map(async ({ name }) => {
      const context = { ...place, names: any.beside(name) };
      const read = await readManifest(context, signal);
      if (read === undefined) return [];
      const { csv, generation, state } = read.manifest;
      return [{ context, runId: makeRunId({ target, csvDigest: csv.digest }, generation), csv, state }];
    }),
  );
  const all = runs.flat();
  const isNamed = csvDigest !== undefined || runId !== undefined;
  const chosen = all.filter((run) => (isNamed ? run.runId.startsWith(runId ?? "") : run.state !== "closed"));
  const [only, second] = chosen;
  if (only !== undefined && second === undefined) return only;
  const listed = all.map((run) => `${run.runId} (${run.csv.fileName}, ${run.state})`).join(", ");
  throw new ReuploadError(
    "usage",
    `${chosen.length} runs of ${target} are meant; there are: ${listed || "none"}.`,
    {
      advice: "Say which run is meant with --csv FILE or --run ID.",
    },
  );
}

/** Waits until every machine that works now has told that it looked at the requests. */
async function untilTaken(
  context: ManifestContext,
  last: number,
  signal: AbortSignal,
): Promise<Pick<ControlResult, "outcome" | "text">> {
  const { surroundings } = context;
  const began = moment(surroundings);
  let hadWorking = false;
  for (;;) {
    const view = await viewRun(context, AbortSignal.any([signal, abortAfter(surroundings, ANSWER_MS)]));
    const working = (view?.partitions ?? []).filter(({ lease }) => lease === "leased");
    const taken = working.filter(({ record }) => (record?.control ?? 0) >= last);
    if (working.length === 0 && hadWorking) return { outcome: "taken", text: "the machines have ended" };
    hadWorking ||= working.length > 0;
    if (working.length === 0) {
      return {
        outcome: "left",
        text: "no machine works now; those that begin will find it (but for a drain)",
      };
    }
    if (taken.length === working.length)
      return { outcome: "taken", text: `taken by ${countMachines(taken.length)}` };
    if (passedSince(surroundings, began) > TAKEN_MS) {
      const text = `left for all machines; ${taken.length} of ${working.length} have said so far that they took it`;
      return { outcome: "left", text };
    }
    await sleep(surroundings, LOOK_MS, signal);
  }
}

function countMachines(count: number): string {
  return count === 1 ? "the one partition that is worked on" : `all ${count} partitions that are worked on`;
}
