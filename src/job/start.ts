/**
 * The start of everything that works on the target, in one order: services and sign-in, identity, target, state, guard.
 * What is wrong is told by the first step that can know it, and before anything is made.
 */
import type { StorageAccount } from "../azure/account.ts";
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import type { RunIdentity } from "../core/run-identity.ts";
import type { Emulator } from "../emulator/emulator.ts";
import type { Message } from "../report/messages.ts";
import { checkIdentity, type RunRecord } from "../state/run-record.ts";
import type { InputCounts } from "../state/run-record.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { OpenControl, OpenOptions, OpenState } from "../state/state-kind.ts";
import { STATES } from "../state/wiring.ts";
import { rejectedPath, stateStem } from "./command-files.ts";
import type { JobContext } from "./context.ts";
import type { Guard, GuardedRun } from "./guard.ts";
import type { Services } from "./services.ts";

/** The work items of a run, and what its other machines compare of its CSV. */
export interface RunInput {
  /** As the state's `InputReader`. */
  read(take: (workItems: readonly WorkItem[]) => number): Promise<{
    readonly csvDigest: string;
    readonly counts: InputCounts;
    /** `CsvDigest.sample` */
    readonly sample?: readonly string[];
  }>;
}

/** A run's identity before its CSV is read. */
export type TargetIdentity = Omit<RunIdentity, "csvDigest">;

export interface TargetRequest {
  readonly settings: RunSettings;
  /** The catalog's identity. */
  readonly catalog: string;
  /** The run that the state holds already. */
  readonly found: RunRecord | undefined;
  /** The target, when it is the one that was started for this. */
  readonly emulator?: Emulator | undefined;
}

export interface OpenTarget {
  readonly services: Services;
  readonly identity: TargetIdentity;
}

/** The emulator whose data lies beside the state. @throws ReuploadError `emulator-missing`, `emulator-failed` */
export async function startRunEmulator(context: JobContext, stateDb: string): Promise<Emulator> {
  const { startEmulator } = await import("../emulator/emulator.ts");
  const location = `${stateStem(context.path(stateDb))}.emulator`;
  const emulator = await startEmulator({
    surroundings: context.surroundings,
    signal: context.signal,
    location,
  });
  context.notice("info", `storage emulator: ${emulator.blobEndpoint}, its data in ${location}`);
  return emulator;
}

/**
 * Finds out how to sign in and which run this is. A state of another run is refused here.
 *
 * @throws ReuploadError
 */
export async function openTarget(context: JobContext, request: TargetRequest): Promise<OpenTarget> {
  const { settings, catalog, found, emulator } = request;
  const env =
    emulator === undefined ? context.env : { AZURE_STORAGE_CONNECTION_STRING: emulator.connectionString };
  // Loaded late, as it takes most of the start: what is wrong before is told without it.
  const wiring = await import("./services.ts");
  const account: StorageAccount = await wiring.openAccount(settings, env, context);
  const services = new wiring.Services(account, settings, context.env, (message: Message) =>
    context.reporter.tell(message),
  );
  const { totalPartitions = autoTotal(settings, found) } = settings;
  const identity = wiring.runIdentity(account, { ...settings, totalPartitions }, catalog);
  if (found !== undefined) checkIdentity(found, { identity, settings: {} });
  return { services, identity };
}

/** The number of partitions that the run was begun with, when nobody had to say it. */
function autoTotal({ partition }: RunSettings, found: RunRecord | undefined): number | undefined {
  const isSame = partition === "auto" && found?.identity.partition === "auto";
  return isSame ? found.identity.totalPartitions : undefined;
}

/**
 * Looks whether container and queue are there, and makes them when that is asked for.
 *
 * @param place what is looked at; a container or queue that is undefined is not
 * @returns `missing` when one is not there, which is no error as `createMissing` is given and `mayCreate` is not
 * @throws ReuploadError `target-missing`, `permission`, ...
 */
export async function prepareTarget(
  context: JobContext,
  services: Services,
  {
    settings,
    mayCreate,
    ...place
  }: {
    readonly settings: RunSettings;
    readonly container: string | undefined;
    readonly queue: string | undefined;
    readonly mayCreate: boolean;
  },
): Promise<"ready" | "missing"> {
  const { ensureTarget } = await import("./services.ts");
  const wantsCreate = settings.createMissing || settings.emulator;
  try {
    const created = await ensureTarget({
      ...targetCheck(context, services, place),
      createMissing: mayCreate && wantsCreate,
    });
    for (const what of created) context.notice("info", `created the ${what}`);
    return "ready";
  } catch (thrown) {
    const isMissing = thrown instanceof ReuploadError && thrown.code === "target-missing";
    if (!isMissing || mayCreate || !wantsCreate) throw thrown;
    return "missing";
  }
}

/** Who asks for container and queue, and how. */
export function targetCheck<Place extends { container: string | undefined; queue: string | undefined }>(
  { signal }: JobContext,
  services: Services,
  place: Place,
) {
  return { client: services.client, attempts: services.attempts, gates: services, signal, ...place };
}

export interface StateRequest {
  readonly settings: RunSettings;
  /** Path of the state. */
  readonly location: string;
  readonly resume: boolean;
  /** The settings that the state keeps for a resume. */
  readonly kept: Readonly<Record<string, string>>;
  /** The work items; undefined when they are taken as they stand in the state. */
  readonly input: ((identity: TargetIdentity, rejectedPath: string) => RunInput) | undefined;
  /** What to advise when the state holds a run and the command does not resume it. */
  readonly resumeAdvice?: string;
  /** As `OpenControl.ready` */
  readonly ready?: Promise<unknown>;
}

/** Opens the run's state, or makes it from the CSV. @throws ReuploadError those of `StateKind.open` */
export async function openRunState(
  { signal }: Pick<JobContext, "signal">,
  identity: TargetIdentity,
  { settings, location, resume, kept, input, resumeAdvice, ready }: StateRequest,
): Promise<OpenState> {
  const only = readSelection(settings);
  return STATES.open(
    {
      location,
      resume,
      updateCsv: settings.updateCsv,
      retryFailed: settings.retryFailed,
      ...(resumeAdvice === undefined ? {} : { resumeAdvice }),
      ...(only === undefined ? {} : { only }),
    },
    { identity, settings: kept },
    input?.(identity, rejectedPath(location)),
    ready === undefined ? { signal } : { signal, ready },
  );
}

/**
 * Opens the state of a new run while the target is looked at: the one takes processor time, the other waits. What is wrong
 * with the target ends the opening, and is told first.
 *
 * @param look at the target
 * @throws what `look` rejects with, and those of `openRunState`
 */
export async function openBesideLook(
  { signal }: Pick<JobContext, "signal">,
  look: Promise<unknown>,
  open: (control: OpenControl) => Promise<OpenState>,
): Promise<OpenState> {
  const failed = new AbortController();
  look.catch((thrown: unknown) => {
    failed.abort(thrown);
  });
  try {
    return await open({ signal: AbortSignal.any([signal, failed.signal]), ready: look });
  } catch (thrown) {
    await look;
    throw thrown;
  }
}

/** Creates what is missing in the account; undefined when nothing is. */
export type CreateMissing = (() => Promise<unknown>) | undefined;

/**
 * Asks the guard. A start that is refused, or cannot open what it needs, leaves no new state behind: the corrected
 * command must not meet a run that never began.
 *
 * @param isNew the state was made by this start
 * @param create creates what is missing in the account; not before the guard has looked whether the start fits the run
 * @param open what is opened next, with the state's lock held
 */
export async function beginGuarded<T>(
  { control }: JobContext,
  state: OpenState,
  {
    guard,
    isNew,
    location,
    create,
  }: {
    readonly guard: Guard;
    readonly isNew: boolean;
    readonly location: string;
    readonly create: CreateMissing;
  },
  open: (run: GuardedRun) => Promise<T>,
): Promise<{ readonly run: GuardedRun; readonly opened: T }> {
  let run: GuardedRun | undefined;
  try {
    if (create !== undefined) {
      await guard.check?.(state);
      await create();
    }
    run = await guard.begin(state, control);
    return { run, opened: await open(run) };
  } catch (thrown) {
    await run?.end();
    if (isNew) {
      await state.close();
      STATES.discard(location);
    }
    throw thrown;
  }
}

/** Which work items alone are to be taken. */
function readSelection({ limit, sample, canary, dryRun }: RunSettings): OpenOptions["only"] {
  if (canary !== undefined && !dryRun) return { canary };
  if (limit !== undefined) return { first: limit };
  return sample === undefined ? undefined : { sample };
}
