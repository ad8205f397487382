/** The checks of doctor that ask no service: of Node.js, and of the disk under each state. For a ticket. */
import type { DoctorReport } from "../../report/report.ts";
import { Checks } from "./checks.ts";
import { lookAtDisk, lookAtNode } from "./machine.ts";

const NOT_ASKED = "a bundle asks no service; run reupload doctor and give its output with --attach";

/** @param states path of each, with its number of work items @throws the signal's reason */
export async function doctorHere(
  states: readonly { readonly path: string; readonly workItems: number }[],
  signal: AbortSignal,
): Promise<DoctorReport> {
  const checks = new Checks(signal, () => {});
  await checks.check("node", () => lookAtNode(process.version));
  for (const { path, workItems } of states) {
    await checks.check("disk", async () => lookAtDisk(path, workItems));
  }
  for (const name of ["sign-in", "network", "target", "clock"] as const) checks.skip(name, NOT_ASKED);
  return checks.report;
}
