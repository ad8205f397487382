/** A zip for a ticket: report, failed files, settings, log, system. Redacted, and scanned for secrets before it is given. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { arch, cpus, release, totalmem, type } from "node:os";
import { redact } from "../core/secret.ts";
import { findSecrets, secretValues } from "../core/secret-scan.ts";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { collect, resolveOne } from "../config/config.ts";
import { configKey, RUN_OPTION_NAMES, RUN_OPTIONS } from "../config/run-options.ts";
import { lookAt } from "../files/files.ts";
import { FILE_ROWS_CSV } from "../report/file-rows.ts";
import { fleetJson } from "../report/fleet-json.ts";
import type { FullReport } from "../report/full-report.ts";
import { fullReportJson } from "../report/full-report-json.ts";
import { type JsonFields, jsonText } from "../report/json-forms.ts";
import { reportPage } from "../report/page/page.ts";
import { doctorJson } from "../report/doctor-report.ts";
import { doctorHere } from "./doctor/local.ts";
import { writeFiles } from "./files.ts";
import { absolutePath, type OpenStates, type Place } from "./states.ts";

/** Of a long log, or another text, its end. */
const MOST_TEXT_BYTES = 10 * 2 ** 20;
/** Of very many failed files the first. */
const MOST_ROWS_BYTES = 10 * 2 ** 20;

export interface BundleRequest {
  readonly report: FullReport;
  /** As it was given; undefined: the one that the settings name. */
  readonly log: string | undefined;
  /** Texts of the operator's choice. */
  readonly attached: readonly string[];
  readonly signal: AbortSignal;
}

export interface Bundle {
  readonly zip: Uint8Array;
  /** Names of what is in it. */
  readonly members: readonly string[];
}

/**
 * Makes the zip in memory; it has at most some 40 MiB before it is packed.
 *
 * @throws ReuploadError `secret-found` when a secret is left after all were taken out, `usage` when a text that was named
 * cannot be read or is none; those of `writeFiles`
 */
export async function makeBundle(states: OpenStates, place: Place, request: BundleRequest): Promise<Bundle> {
  const { report } = request;
  const log = findLog(request.log, place);
  const texts: Record<string, string> = {
    "README.txt": README,
    "report.html": reportPage(report),
    "report.json": `${jsonText(fullReportJson(report))}\n`,
    "states.json": `${jsonText(fleetJson("status", { ...report, slowest: [] }))}\n`,
    "failed.csv": await listFailed(states, request.signal),
    "settings.json": `${jsonText({ states: settingsOf(report, place) })}\n`,
    "system.json": `${jsonText(systemFacts(report))}\n`,
    "doctor.json": `${jsonText(doctorJson(await doctorHere(statesOf(report, place), request.signal)))}\n`,
    ...(log === undefined ? {} : { "log.ndjson": log }),
    ...Object.fromEntries(
      request.attached.map((path, index) => [
        `attached/${index + 1}-${basename(path)}`,
        readEnd(path, place, "--attach"),
      ]),
    ),
  };
  const known = secretValues(place.env);
  const members = Object.entries(texts).map(([name, text]) => [name, conceal(text, known)] as const);
  for (const [name, text] of members) refuseSecrets(name, text, known);
  const { strToU8, zipSync } = await import("fflate");
  const mtime = new Date(report.time);
  const files = Object.fromEntries(members.map(([name, text]) => [name, strToU8(text)]));
  return { zip: zipSync(files, { mtime, level: 6 }), members: members.map(([name]) => name) };
}

const README = `What is in this bundle of reupload:

report.html    what was asked, done, when, how fast, what failed; open it in a browser
report.json    the same for programs
states.json    where each state stands
failed.csv     the files that failed or were skipped, at most 10 MiB of them
settings.json  the settings that a resume would use, each with its source
system.json    versions and machine
doctor.json    what doctor finds here without asking a service
log.ndjson     the end of the log, where there is one
attached/      the texts that were given with --attach

Signatures, keys, tokens and passwords were taken out, and all of it was scanned for them. Names of accounts, containers,
work items and files are in it.
`;

/** Whatever way a known value got in: by its bytes. */
function conceal(text: string, known: readonly string[]): string {
  return known
    .filter(({ length }) => length > 5)
    .reduce(
      (clean, value) => clean.replaceAll(value, "***").replaceAll(encodeURIComponent(value), "***"),
      redact(text),
    );
}

function refuseSecrets(name: string, text: string, known: readonly string[]): void {
  const [found] = findSecrets(text, known);
  if (found === undefined) return;
  throw new ReuploadError(
    "secret-found",
    `The bundle is not written: line ${found.line} of its ${name} contains what looks like ${found.what}.`,
  );
}

async function listFailed(states: OpenStates, signal: AbortSignal): Promise<string> {
  const parts: string[] = [];
  let bytes = 0;
  await writeFiles(states, {
    filter: { outcomes: new Set(["failed", "skipped"]) },
    format: FILE_ROWS_CSV,
    write: async (text) => {
      parts.push(text);
      bytes += text.length;
    },
    isLeft: () => bytes > MOST_ROWS_BYTES,
    signal,
  });
  return parts.join("");
}

/** What a resume here would use: environment and configuration file over what the state keeps over the default. */
function settingsOf({ fleet }: FullReport, { env, cwd }: Place): JsonFields[] {
  const given = collect({}, env, cwd);
  return fleet.machines.map(({ stateDb, run }) => ({
    stateDb,
    settings: RUN_OPTION_NAMES.flatMap((name) => {
      const here = given.get(name);
      const kept = run.settings[name];
      const fallback = RUN_OPTIONS[name].default;
      const option = configKey(name);
      if (here !== undefined) return [{ option, value: here.text, source: here.where }];
      if (typeof kept === "string") return [{ option, value: kept, source: "state" }];
      return fallback === undefined ? [] : [{ option, value: fallback, source: "default" }];
    }),
  }));
}

function statesOf({ fleet }: FullReport, place: Place) {
  return fleet.machines.map(({ stateDb, run }) => ({
    path: absolutePath(stateDb, place),
    workItems: run.input.ours,
  }));
}

function systemFacts({ tool, time }: FullReport): JsonFields {
  return {
    tool,
    node: process.version,
    time: new Date(time).toISOString(),
    system: `${type()} ${release()} ${arch()}`,
    processors: cpus().length,
    memoryBytes: totalmem(),
  };
}

/** The log that was named, which must be there; else the one of the settings, when it is there. */
function findLog(given: string | undefined, place: Place): string | undefined {
  if (given !== undefined) return readEnd(given, place, "--log");
  const named = resolveOne(collect({}, place.env, place.cwd), "logFile");
  if (named === undefined || !existsSync(absolutePath(named, place))) return undefined;
  return readEnd(named, place, "--log-file");
}

/** The end of a text, from a whole line on. */
function readEnd(given: string, place: Place, option: string): string {
  let bytes: Buffer;
  let isCut: boolean;
  try {
    const path = absolutePath(given, place);
    // To open a pipe would wait for ever.
    const found = lookAt(path);
    if (found.kind === "stream" || found.kind === "other") throw new Error(`it is ${found.what}`);
    const file = openSync(path, "r");
    try {
      const { size } = fstatSync(file);
      const from = Math.max(0, size - MOST_TEXT_BYTES);
      bytes = Buffer.alloc(size - from);
      bytes = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from));
      isCut = from > 0;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new ReuploadError("usage", `${option}: cannot read ${given}: ${errorMessageText(error)}`, {
      advice: "Give the path of a text file.",
      cause: error,
    });
  }
  // What is no text cannot be scanned for secrets.
  if (bytes.includes(0)) {
    throw new ReuploadError("usage", `${option}: ${given} is not a text file.`, {
      advice: "Only texts can be scanned for secrets.",
    });
  }
  const text = bytes.toString("utf8");
  return isCut ? text.slice(text.indexOf("\n") + 1) : text;
}
