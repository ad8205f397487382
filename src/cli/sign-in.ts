import { openSignIn } from "../azure/sign-in/open-sign-in.ts";
import type { SignIn } from "../azure/sign-in/sign-in.ts";
import type { Environment } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import { printLine } from "./io.ts";
import type { Session } from "./session.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";

/** Where a person may be asked; without one nobody is, unless `--auth` wants it. */
export type SignInPrompt = Pick<Session, "io" | "notice" | "signal">;

/** The run's one credential, for storage and Kusto, by `--auth` and `--tenant`. @throws ReuploadError */
export async function openRunSignIn(
  settings: Pick<RunSettings, "auth" | "tenant" | "quiet" | "output">,
  env: Environment,
  desk: SignInPrompt | undefined,
): Promise<SignIn> {
  return openSignIn({
    surroundings: REAL_SURROUNDINGS,
    auth: settings.auth,
    tenant: settings.tenant,
    env,
    isPersonThere: desk !== undefined && !settings.quiet && settings.output === "text" && isPersonAt(desk.io),
    hasDisplay: hasDisplay(env, process.platform),
    tell: (text) => (desk === undefined ? printLine(process.stderr, text) : desk.notice("warning", text)),
    signal: desk?.signal ?? new AbortController().signal,
  });
}

/** Somebody reads what is printed and can answer. */
function isPersonAt({ stdin, stderr, env }: SignInPrompt["io"]): boolean {
  const isBuild = (env["CI"] ?? "") !== "" && env["CI"] !== "false";
  return stdin.isTTY && stderr.isTTY && !isBuild;
}

/** Whether a browser that is opened here is one that the person sees. */
export function hasDisplay(env: Environment, platform: NodeJS.Platform): boolean {
  const has = (name: string): boolean => (env[name] ?? "") !== "";
  if (has("SSH_CONNECTION") || has("SSH_TTY")) return false;
  if (platform === "win32" || platform === "darwin") return true;
  return has("DISPLAY") || has("WAYLAND_DISPLAY");
}
