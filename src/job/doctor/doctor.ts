/** `reupload doctor`: looks at everything that a run will need, before anybody relies on it; it changes nothing. */
import { type Given, resolve, resolveOne } from "../../config/config.ts";
import type { RunSettings } from "../../config/run-options.ts";
import { isEmpty } from "../../core/blob-attributes.ts";
import { STATES } from "../../state/wiring.ts";
import type { Check, DoctorReport } from "../../report/doctor-report.ts";
import { isCoordinated } from "../coordination-settings.ts";
import { type CatalogSource, catalogSource } from "../catalogs.ts";
import type { JobContext } from "../context.ts";
import { Checks } from "./checks.ts";
import { lookAtCsv, lookAtDisk, lookAtNetwork, lookAtNode, lookAtState } from "./machine.ts";
import * as service from "./services.ts";

/** How long doctor waits for a service that is gone, ms. */
const MAX_WAIT_MS = 10_000;

/**
 * Makes all checks in the order in which a run meets them.
 *
 * @param tell takes each check as soon as it is made
 * @throws the signal's reason
 */
export async function doctor(
  context: JobContext,
  options: Given,
  tell: (check: Check) => void,
): Promise<DoctorReport> {
  const checks = new Checks(context.signal, tell);
  const path = context.path(resolveOne(options, "stateDb"));
  // With --resume the state's own settings count; a state that cannot be read is the problem of its own check.
  const found = resolveOne(options, "resume")
    ? await STATES.inspect(path).catch((): undefined => undefined)
    : undefined;
  const given = resolve(options, found?.run.settings ?? {});
  const settings = { ...given, maxWait: Math.min(given.maxWait, MAX_WAIT_MS) };
  await checks.check("node", () => lookAtNode(process.version));
  const csv = await checkCsv(context, settings, checks);
  let source: CatalogSource | undefined;
  await checks.check("catalog", async () => {
    const named = catalogSource(settings, context.path, context.env);
    await named.check();
    source = named;
    return { identity: named.identity };
  });
  const { stateDb } = settings;
  await checks.check("state", async () => lookAtState(path, stateDb, settings.resume));
  await checks.check("disk", async () => lookAtDisk(path, csv?.workItems ?? 0));
  const look = await openServices(context, settings, checks);
  if (look !== undefined) await checkServices(look, checks, csv === undefined ? undefined : source);
  return checks.report;
}

/** Without a CSV the rest can be looked at. */
async function checkCsv(context: JobContext, settings: RunSettings, checks: Checks) {
  if (settings.csv !== undefined) return checks.check("csv", async () => lookAtCsv(context, settings));
  checks.skip("csv", "no --csv is given");
  return undefined;
}

async function openServices(
  context: JobContext,
  settings: RunSettings,
  checks: Checks,
): Promise<service.Look | undefined> {
  let look: service.Look | undefined;
  if (settings.emulator) {
    checks.skip("sign-in", "--emulator starts the account with the run");
    return undefined;
  }
  const signedIn = await checks.check("sign-in", async () => {
    const wiring = await import("../services.ts");
    const account = await wiring.openAccount(settings, context.env, context);
    look = { context, settings, services: new wiring.Services(account, settings, context.env) };
    return service.lookAtSignIn(account, context);
  });
  if (look === undefined) return undefined;
  const { account } = look.services;
  await checks.check("network", async () => lookAtNetwork(account, settings.announce, context.env));
  return signedIn === undefined ? undefined : look;
}

async function checkServices(
  look: service.Look,
  checks: Checks,
  source: CatalogSource | undefined,
): Promise<void> {
  const { settings } = look;
  const target = await checks.check("target", async () => service.lookAtTarget(look));
  const isThere = target !== undefined;
  if (isThere) {
    await checks.check("clock", async () => service.lookAtClock(look));
    await checks.check("write", async () => service.lookAtWrite(look));
    if (!isEmpty(settings.tags)) await checks.check("tags", async () => service.lookAtTags(look));
    await checks.check("list", async () => service.lookAtList(look));
    if (settings.announce) await checks.check("send", async () => service.lookAtSend(look));
    else checks.skip("send", "--no-queue");
  }
  if (isCoordinated(settings)) {
    await checks.check("coordination", async () => service.lookAtCoordination(look));
  } else checks.skip("coordination", "the run has no partitions, or is not to be coordinated");
  if (source === undefined) checks.skip("source", "the CSV or the catalog cannot be read");
  else if (!isThere) checks.skip("source", "the target cannot be used");
  else await checks.check("source", async () => service.lookAtSource(look, source));
}
