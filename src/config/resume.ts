import { ReuploadError } from "../core/errors.ts";
import type { RunSettings } from "./run-options.ts";

/**
 * Refuses what a resume cannot make true, beside the run's identity: files that were left without an announcement by
 * `never` have come to their end, and `always` would be accepted and pass them by.
 *
 * @param kept what the state keeps (`keptSettings`)
 * @throws ReuploadError `bad-option`
 */
export function checkResume(
  { announceExisting }: Pick<RunSettings, "announceExisting">,
  kept: Readonly<Record<string, unknown>>,
): void {
  if (announceExisting !== "always" || kept["announceExisting"] !== "never") return;
  throw new ReuploadError(
    "bad-option",
    "--announce-existing cannot change from never to always: this run has already finished files without an announcement.",
    { advice: "Resume without the option, then send them with `reupload announce` (see `announce --help`)." },
  );
}
