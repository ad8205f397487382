/** What the blobs got by the run's record, against what the options of a verification say. */
import { configKey, type RunSettings } from "../config/run-options.ts";
import { type AttributeName, DEFAULT_ATTRIBUTES, describeAttributes } from "../core/blob-attributes.ts";
import { ReuploadError } from "../core/errors.ts";
import type { JobContext } from "./context.ts";

const NAMES = Object.keys(DEFAULT_ATTRIBUTES) as AttributeName[];

/** As text; what is left at its default is absent. */
type Attributes = Partial<Readonly<Record<AttributeName, string>>>;

/** From the rules of the run's machines, which name the options by their flags. */
export function attributesInRules(rules: Readonly<Record<string, string>>): Attributes {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const text = rules[flagOf(name)];
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

/**
 * Warns when the options say otherwise than the record; a repair would then make other blobs than the run.
 *
 * @param recorded undefined: nothing is recorded
 * @throws ReuploadError `identity-mismatch` with `repair`
 */
export function checkAttributes(
  { notice }: Pick<JobContext, "notice">,
  { settings, repair }: { readonly settings: RunSettings; readonly repair: boolean },
  recorded: Attributes | undefined,
): void {
  if (recorded === undefined) return;
  const given = describeAttributes(settings);
  const differing = NAMES.filter((name) => recorded[name] !== given[name]).map(
    (name) => `${flagOf(name)}: the run has ${textOf(recorded[name])}, this command ${textOf(given[name])}`,
  );
  if (differing.length === 0) return;
  const message = `the blobs got something else from the run than this command says: ${differing.join("; ")}`;
  if (!repair) return notice("warning", `${message}; they are compared with what this command says`);
  throw new ReuploadError("identity-mismatch", message, {
    advice: "Give the options of the run: a repair makes the blobs as the run did.",
  });
}

function flagOf(name: AttributeName): string {
  return `--${configKey(name)}`;
}

function textOf(text: string | undefined): string {
  return text ?? "its default";
}
