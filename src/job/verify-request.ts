/** What `verify` is asked for, from options and states: settings, CSV, catalog; looked at before any service is asked. */
import { type Given, resolve } from "../config/config.ts";
import type { PartSize } from "../config/values.ts";
import { ReuploadError } from "../core/errors.ts";
import { catalogSource } from "./catalogs.ts";
import type { JobContext } from "./context.ts";
import { checkCsv } from "./run-inputs.ts";
import { OpenStates, type Place } from "./states.ts";
import type { VerifyRequest } from "./verify.ts";

/** The own options of `verify`. */
export interface VerifyArguments {
  /** As given; none proves the target against the catalog alone. */
  readonly stateDbs: readonly string[];
  readonly deep: boolean;
  readonly sample: PartSize | undefined;
  readonly repair: boolean;
  readonly restart: boolean;
}

/** A request whose states are open until it is disposed. */
export interface OpenVerifyRequest extends Disposable {
  readonly request: Omit<VerifyRequest, "exportMissing" | "commands">;
}

/**
 * @param given options of `run`; what is not given comes from the first state
 * @throws ReuploadError `usage`, `bad-option`, `csv-unreadable`, `csv-invalid`, and those of the states
 */
export async function openVerifyRequest(
  context: JobContext,
  given: Given,
  own: VerifyArguments,
  place: Place,
): Promise<OpenVerifyRequest> {
  const { path, env, signal } = context;
  const states = own.stateDbs.length === 0 ? undefined : await OpenStates.open(own.stateDbs, place);
  try {
    const kept = (await states?.read())?.[0]?.reading.run.settings ?? {};
    const settings = resolve(given, kept);
    const csv = await checkCsv(settings, { path, isNeeded: true, signal });
    if (csv === "-" || csv === undefined) throw twice();
    const catalog = catalogSource(settings, path, env);
    await catalog.check();
    const { deep, sample, repair, restart } = own;
    const stateDb = own.stateDbs[0] ?? settings.stateDb;
    if (sample !== undefined && repair) throw sampleAlone();
    return {
      request: { settings, csv, catalog, states, stateDb, deep, sample, repair, restart },
      [Symbol.dispose]: () => states?.[Symbol.dispose](),
    };
  } catch (thrown) {
    states?.[Symbol.dispose]();
    throw thrown;
  }
}

function twice(): ReuploadError {
  return new ReuploadError("usage", "verify reads the CSV twice, which it cannot from standard input.", {
    advice: "Save it to a file, and give that with --csv.",
  });
}

function sampleAlone(): ReuploadError {
  return new ReuploadError("bad-option", "--sample looks at some files only, so it repairs nothing.", {
    advice: "Leave out --sample or --repair.",
  });
}
