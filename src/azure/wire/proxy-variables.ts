/**
 * The libraries for signing in and for Kusto read the proxy's variables by themselves, each by rules of its own:
 * @azure/identity knows no `*`, no subdomains and no ports in `NO_PROXY` and needs a scheme, axios takes subdomains only
 * with a dot. The variables are spelt out once, at the start, so that all of them go the way that `chooseProxy` says.
 */
import { isNear, type NoProxyEntry, noProxyEntries, proxyIn } from "./proxy.ts";

const PROXIES = ["https_proxy", "all_proxy", "http_proxy"] as const;
/** Where a machine's identity is asked for: addresses of the machine, which some libraries would ask a proxy for. */
const ENDPOINTS = ["IDENTITY_ENDPOINT", "MSI_ENDPOINT", "IMDS_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST"];
const NEAR = ["localhost", "127.0.0.1", "::1", "169.254.169.254"];

/** Spells the variables out, in place. What is no proxy's address is left, to be refused by `chooseProxy`. */
export function spellOutProxy(env: Record<string, string | undefined>): void {
  const given = PROXIES.flatMap((name) => [name, name.toUpperCase()]).filter(
    (name) => (env[name] ?? "") !== "",
  );
  if (given.length === 0) return;
  let proxy: string | undefined;
  try {
    proxy = proxyIn(env, "https:");
  } catch {
    return;
  }
  const entries = noProxyEntries(env);
  if (proxy === undefined || entries.some(isEverything)) {
    for (const name of given) delete env[name];
    return;
  }
  const words = [...NEAR.flatMap(wordsOfHost), ...endpointHosts(env), ...entries.flatMap(wordsOf)];
  for (const [name, value] of [
    ["https_proxy", proxy],
    ["no_proxy", [...new Set(words)].join(",")],
  ] as const) {
    env[name] = value;
    env[name.toUpperCase()] = value;
  }
}

/** All that goes through a proxy is https. */
function isEverything({ hostname, port }: NoProxyEntry): boolean {
  return hostname === "*" && (port === 0 || port === 443);
}

function wordsOf({ hostname, port, isBelow }: NoProxyEntry): string[] {
  const bracketed = hostname.includes(":") ? `[${hostname}]` : hostname;
  if (port !== 0 && port !== 443) return [`${isBelow ? "*." : ""}${bracketed}:${port}`];
  return isBelow ? [`.${hostname}`] : wordsOfHost(hostname);
}

/** One library takes the dot for what is below alone, another takes the name for itself alone. */
function wordsOfHost(hostname: string): string[] {
  return hostname.includes(":") ? [hostname, `[${hostname}]`] : [hostname, `.${hostname}`];
}

function endpointHosts(env: Readonly<Record<string, string | undefined>>): string[] {
  return ENDPOINTS.flatMap((name) => {
    const hostname = URL.parse(env[name] ?? "")?.hostname ?? "";
    return isNear(hostname) ? [hostname] : [];
  });
}
