/** The environment's proxy, by the rules of the Azure SDK: both clients of one run must take the same way. */

type Variables = Readonly<Record<string, string | undefined>>;

/** Gives the proxy's URL for a request to this host, undefined for the direct way. */
export type ProxyFor = (hostname: string) => string | undefined;

/** Reads `HTTPS_PROXY` (else `ALL_PROXY`, `HTTP_PROXY`) and `NO_PROXY`, in capitals or not. */
export function chooseProxy(env: Variables): ProxyFor {
  const readVariable = (name: string): string => env[name] || env[name.toLowerCase()] || "";
  const proxy = readVariable("HTTPS_PROXY") || readVariable("ALL_PROXY") || readVariable("HTTP_PROXY");
  if (proxy === "") return () => undefined;
  const bypassed = readVariable("NO_PROXY")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  return (hostname) => (bypassed.some((entry) => covers(entry, hostname)) ? undefined : proxy);
}

/** `.example.com` stands for example.com and all below it, any other entry for itself. */
function covers(entry: string, hostname: string): boolean {
  if (!entry.startsWith(".")) return hostname === entry;
  return hostname.endsWith(entry) || hostname === entry.slice(1);
}
