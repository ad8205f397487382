/** The limits that an operator changes while a run goes on: as texts for whoever carries them, and as values. */
import type { LimitName, LimitTexts } from "../core/control-request.ts";
import { flagWord, resolveOne } from "./config.ts";
import type { RunSettings } from "./run-options.ts";

/** Limits with their new values; those that are not named stay as they are. */
export type LimitChange = { readonly [Name in LimitName]?: RunSettings[Name] };

/** @throws ReuploadError `bad-option` that names the flag */
export function parseLimits(texts: LimitTexts): LimitChange {
  const change: { -readonly [Name in LimitName]?: RunSettings[Name] } = {};
  for (const [key, text] of Object.entries(texts)) {
    const name = key as LimitName;
    const given = new Map([[name, { text, where: flagWord(name) }]]);
    Object.assign(change, { [name]: resolveOne(given, name) });
  }
  return change;
}
