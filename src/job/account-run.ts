/** A run as the target's account knows it: found by its CSV or its id, and looked at with the right to read alone. */
import { SignInError, describeAdvice } from "../azure/sign-in/token-source.ts";
import { RefusedRequest } from "../azure/wire/refused-request.ts";
import { type Environment, type Given, resolveOne } from "../config/config.ts";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { csvIdentity } from "../input/csv-identity.ts";
import { BlobNames } from "../machines/blob-names.ts";
import { type FoundRun, findRuns } from "../machines/find-run.ts";
import type { ManifestContext } from "../machines/generation.ts";
import { maySucceedLater } from "../machines/repeated-calls.ts";
import { RestAccount } from "../machines/rest-account.ts";
import { explainReading } from "../machines/rights.ts";
import { RunGone, RunWatch } from "../machines/watch-run.ts";
import { type RunFacts } from "../progress/run-picture.ts";
import { passedSince, moment, sleep, type Surroundings } from "../surroundings/surroundings.ts";
import type { SignInPrompt } from "./context.ts";
import { toRunFacts } from "./run-facts.ts";

/** The first answer is waited for so long, ms. */
const FIRST_ANSWER_MS = 30_000;
const TRY_AGAIN_MS = 1_000;
/** Runs that an error names. */
const MOST_NAMED = 10;
/** Of a run id that is given in part. */
const LEAST_DIGITS = 4;

/** Where a command looks, and for what. */
export interface AccountRunRequest {
  /** Target, container, sign-in, and the CSV. */
  readonly given: Given;
  /** `--run`: the id or its beginning. */
  readonly runId: string | undefined;
  readonly env: Environment;
  readonly surroundings: Surroundings;
  readonly prompt: SignInPrompt;
  readonly path: (path: string) => string;
  readonly stdin: AsyncIterable<Uint8Array>;
}

/** One run of the account. */
export class AccountRun {
  readonly #surroundings: Surroundings;
  readonly #watch: RunWatch;
  readonly #key: FoundRun["key"];
  readonly #explain: (thrown: unknown) => unknown;
  readonly #place: ManifestContext;
  /** As it was when it was found. */
  readonly runId: string;

  private constructor(
    place: ManifestContext,
    { key, runId }: Pick<FoundRun, "key" | "runId">,
    explain: (thrown: unknown) => unknown,
  ) {
    this.#surroundings = place.surroundings;
    this.#watch = new RunWatch(place);
    this.#key = key;
    this.#explain = explain;
    this.#place = place;
    this.runId = runId;
  }

  /**
   * Finds the run.
   *
   * @throws ReuploadError `run-not-found`, `coordination-missing`, `coordination-forbidden`, `sign-in`, `unavailable`, and
   * those of options, account and CSV; the signal's reason
   */
  static async find(request: AccountRunRequest): Promise<AccountRun> {
    const { given, env, prompt, surroundings } = request;
    const { openAccount, openCoordination } = await import("./services.ts");
    const settings = {
      target: resolveOne(given, "target"),
      auth: resolveOne(given, "auth"),
      tenant: resolveOne(given, "tenant"),
    };
    const storage = await openAccount(settings, env, prompt);
    const { blobEndpoint } = storage;
    const container = resolveOne(given, "coordinationContainer");
    const target = `${blobEndpoint}/${resolveOne(given, "targetContainer")}`;
    const account = new RestAccount(openCoordination(storage, env), container);
    const explain = (thrown: unknown) => explainReading(thrown, { blobEndpoint, container });
    const { signal } = prompt;
    const csvDigest = await wantedCsv(request);
    const runs = await answered(surroundings, signal, explain, async () =>
      findRuns({ account, surroundings }, target, signal),
    );
    const found = chooseRun(runs, { runId: request.runId, csvDigest, target, container });
    return new AccountRun({ account, surroundings, names: found.names }, found, explain);
  }

  /** Does something else with the run's blobs. @throws as `find` */
  async use<T>(work: (place: ManifestContext) => Promise<T>): Promise<T> {
    try {
      return await work(this.#place);
    } catch (thrown) {
      throw isFinal(thrown) ? explainFinal(thrown) : this.#explain(thrown);
    }
  }

  /** How it stands; waits for the answer as long as a start would. @throws as `find` */
  async first(signal: AbortSignal): Promise<RunFacts> {
    return answered(this.#surroundings, signal, this.#explain, async () => this.#look(signal));
  }

  /**
   * How it stands now.
   *
   * @returns how it stands, or why that cannot be told now
   * @throws as `find`, for a "no" that stays; the signal's reason
   */
  async look(signal: AbortSignal): Promise<RunFacts | { readonly why: string }> {
    try {
      return await this.#look(signal);
    } catch (thrown) {
      signal.throwIfAborted();
      // Somebody may sign in while it is watched.
      if (thrown instanceof SignInError) return { why: thrown.advice };
      if (isFinal(thrown)) throw explainFinal(thrown);
      if (maySucceedLater(thrown)) return { why: errorMessageText(thrown) };
      throw this.#explain(thrown);
    }
  }

  async #look(signal: AbortSignal): Promise<RunFacts> {
    return toRunFacts(await this.#watch.look(signal), this.#key);
  }
}

/** @returns the digest of the CSV that is meant; undefined when an id is given, or no CSV */
async function wantedCsv({
  given,
  runId,
  path,
  stdin,
  prompt,
}: AccountRunRequest): Promise<string | undefined> {
  const csv = resolveOne(given, "csv");
  if (runId !== undefined || csv === undefined) return undefined;
  return csvIdentity(csv === "-" ? { path: "-", bytes: stdin } : { path: path(csv) }, prompt.signal);
}

interface Wanted {
  readonly runId: string | undefined;
  readonly csvDigest: string | undefined;
  readonly target: string;
  readonly container: string;
}

/** The one run that is meant. @throws ReuploadError `run-not-found` that lists those that are there */
function chooseRun(runs: readonly FoundRun[], wanted: Wanted): FoundRun {
  const chosen = runs.filter((run) => isWanted(run, wanted));
  const [only, second] = chosen;
  if (only !== undefined && second === undefined) return only;
  const { runId, csvDigest, target, container } = wanted;
  if (runs.length === 0) {
    throw new ReuploadError(
      "run-not-found",
      `No run of this target is coordinated there: the container ${container} knows none of ${target}.`,
    );
  }
  const what =
    runId !== undefined
      ? `the id ${runId}`
      : csvDigest !== undefined
        ? "this CSV"
        : "this target, and neither --csv nor --run says which is meant";
  const told = only === undefined ? `No run has ${what}.` : `${chosen.length} runs have ${what}.`;
  const listed = only === undefined ? runs : chosen;
  throw new ReuploadError("run-not-found", `${told} Runs of ${target}: ${listRuns(listed)}.`, {
    advice: "Give one of them with --run ID, or its CSV with --csv.",
  });
}

function isWanted(run: FoundRun, { runId, csvDigest }: Wanted): boolean {
  if (runId !== undefined) return runId.length >= LEAST_DIGITS && run.runId.startsWith(runId.toLowerCase());
  if (csvDigest === undefined) return true;
  return run.csvDigest === csvDigest || run.ofCsvs.some((name) => BlobNames.isOfCsv(name, csvDigest));
}

function listRuns(runs: readonly FoundRun[]): string {
  const lines = runs
    .slice(0, MOST_NAMED)
    .map(
      ({ runId, fileName, rows, state, changedAt }) =>
        `${runId} (${fileName}, ${rows} rows, ${state}, ${new Date(changedAt).toISOString()})`,
    );
  const more = runs.length - lines.length;
  return more === 0 ? lines.join(", ") : `${lines.join(", ")} and ${more} more`;
}

/** Tries until there is an answer. @throws what `explain` makes of the last error */
async function answered<T>(
  surroundings: Surroundings,
  signal: AbortSignal,
  explain: (thrown: unknown) => unknown,
  call: () => Promise<T>,
): Promise<T> {
  const began = moment(surroundings);
  for (;;) {
    try {
      return await call();
    } catch (thrown) {
      signal.throwIfAborted();
      const isLate = passedSince(surroundings, began) >= FIRST_ANSWER_MS;
      if (isFinal(thrown)) throw explainFinal(thrown);
      if (!maySucceedLater(thrown)) throw explain(thrown);
      if (isLate) throw explainSilence(thrown);
      await sleep(surroundings, TRY_AGAIN_MS, signal);
    }
  }
}

/** Waiting does not help. */
function isFinal(thrown: unknown): boolean {
  return thrown instanceof ReuploadError || thrown instanceof SignInError || thrown instanceof RunGone;
}

function explainFinal(thrown: unknown): unknown {
  if (thrown instanceof RunGone) {
    return new ReuploadError("run-not-found", `The run was deleted from the account: ${thrown.message}.`);
  }
  if (!(thrown instanceof SignInError)) return thrown;
  return new ReuploadError("sign-in", thrown.message, {
    advice: describeAdvice(thrown.advice),
    cause: thrown,
  });
}

function explainSilence(thrown: unknown): ReuploadError {
  const isToken = thrown instanceof RefusedRequest && thrown.statusCode === 401;
  const message = `The target account gave no answer within ${FIRST_ANSWER_MS / 1_000} s: ${errorMessageText(thrown)}`;
  return new ReuploadError(isToken ? "sign-in" : "unavailable", message, { cause: thrown });
}
