/** The checks of `reupload doctor`, a line each; a problem has a second line that says what to do. */
import type { Check, Findings } from "../report/report.ts";
import { bytes, count, quantity } from "./format.ts";

/** @returns one or two lines */
export function checkText(check: Check): string[] {
  switch (check.outcome) {
    case "ok":
      return [line("ok", check.name, foundText(check))];
    case "skipped":
      return [line("skipped", check.name, check.why)];
    case "problem":
      return [line("problem", check.name, check.message), `${" ".repeat(INDENT)}${check.advice}`];
  }
}

const INDENT = 23;

function line(outcome: string, name: string, says: string): string {
  return `${outcome.padEnd(8)} ${name.padEnd(INDENT - 10)} ${says}`;
}

type Found = Extract<Check, { readonly outcome: "ok" }>;

function foundText(check: Found): string {
  switch (check.name) {
    case "node":
      return `Node.js ${check.found.version}, heap up to ${bytes(check.found.heapBytes)}`;
    case "csv":
      return csvText(check.found);
    case "catalog":
      return check.found.identity;
    case "state":
      return stateText(check.found);
    case "disk":
      return diskText(check.found);
    case "sign-in":
      return `by ${check.found.way}`;
    case "network":
      return networkText(check.found);
    case "target":
      return targetText(check.found);
    case "clock":
      return `${quantity(Math.abs(check.found.aheadMs) / 1000, "second")} from the service's clock`;
    case "write":
      return `may write blobs into ${check.found.container}`;
    case "tags":
      return check.found.mayRead
        ? `may write and read the tags of blobs in ${check.found.container}`
        : `may write tags of blobs into ${check.found.container}, but not read them, which verify needs`;
    case "list":
      return `may list the blobs of ${check.found.container}`;
    case "send":
      return `may send messages to ${check.found.queue}`;
    case "coordination":
      return `may read, list and write blobs in ${check.found.container}`;
    case "source":
      return check.found.files === 0
        ? "the first work item of the CSV has no files"
        : `${quantity(check.found.files, "file")} of the first work item can be read`;
  }
}

function csvText({ path, workItems, rejected, warnings }: Findings["csv"]): string {
  const more = [...(rejected > 0 ? [`${quantity(rejected, "row")} rejected`] : []), ...warnings];
  return [`${path}: ${quantity(workItems, "work item")}`, ...more].join("; ");
}

function stateText({ path, begun }: Findings["state"]): string {
  if (begun === undefined) return `${path} does not exist yet: run starts a new run`;
  return `${path} holds the run that started ${new Date(begun).toISOString()}`;
}

function diskText({ freeBytes, neededBytes, filesAWorkItem }: Findings["disk"]): string {
  if (neededBytes === 0) return `${bytes(freeBytes)} free for the state`;
  const needed = `the state needs about ${bytes(neededBytes)} with ${count(filesAWorkItem)} files a work item`;
  return `${bytes(freeBytes)} free; ${needed}`;
}

function networkText({ hosts }: Findings["network"]): string {
  const texts = hosts.map(({ host, address, proxy }) => {
    if (proxy !== undefined) return `${host} by proxy ${proxy}`;
    return address === host ? host : `${host} is ${address}`;
  });
  // Blobs and queue of an emulator have one host.
  return [...new Set(texts)].join(", ");
}

function targetText({ container, queue }: Findings["target"]): string {
  return queue === undefined
    ? `container ${container} exists`
    : `container ${container} and queue ${queue} exist`;
}
