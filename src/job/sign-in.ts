import { openSignIn } from "../azure/sign-in/open-sign-in.ts";
import type { SignIn } from "../azure/sign-in/sign-in.ts";
import type { Environment } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";
import type { SignInPrompt } from "./context.ts";

/** The run's one credential, for storage and Kusto, by `--auth` and `--tenant`. @throws ReuploadError */
export async function openRunSignIn(
  settings: Pick<RunSettings, "auth" | "tenant">,
  env: Environment,
  prompt: SignInPrompt | undefined,
): Promise<SignIn> {
  return openSignIn({
    surroundings: REAL_SURROUNDINGS,
    auth: settings.auth,
    tenant: settings.tenant,
    env,
    isPersonThere: prompt?.isPersonThere === true,
    hasDisplay: hasDisplay(env, process.platform),
    tell: (text) => prompt?.notice("warning", text),
    signal: prompt?.signal ?? new AbortController().signal,
  });
}

/** Whether a browser that is opened here is one that the person sees. */
export function hasDisplay(env: Environment, platform: NodeJS.Platform): boolean {
  const has = (name: string): boolean => (env[name] ?? "") !== "";
  if (has("SSH_CONNECTION") || has("SSH_TTY")) return false;
  if (platform === "win32" || platform === "darwin") return true;
  return has("DISPLAY") || has("WAYLAND_DISPLAY");
}
