/**
 * The environment's proxy, by the rules of undici's EnvHttpProxyAgent, and with `ALL_PROXY`, which curl and the Azure SDK
 * know. This machine and its metadata service are always asked directly.
 */
import { ReuploadError } from "../../core/errors.ts";
import { isLoopback } from "../sign-in/trusted-hosts.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

type Place = Pick<URL, "protocol" | "hostname" | "port">;

/** Gives the proxy's URL for a request to this place, undefined for the direct way. */
export type ProxyFor = (place: Place) => string | undefined;

/** In this order; each in small letters first. */
const PROXIES = {
  "https:": ["https_proxy", "all_proxy", "http_proxy"],
  "http:": ["http_proxy", "all_proxy"],
} as const;

/**
 * Reads `HTTPS_PROXY` (else `ALL_PROXY`, `HTTP_PROXY`) and `NO_PROXY`, in capitals or not.
 *
 * @throws ReuploadError `bad-option` when the proxy for https is none; it does not show the value
 */
export function chooseProxy(env: Variables): ProxyFor {
  const https = proxyIn(env, "https:");
  const entries = noProxyEntries(env);
  return (place) => {
    if (isNear(place.hostname) || entries.some((entry) => covers(entry, place))) return undefined;
    return place.protocol === "https:" ? https : proxyIn(env, "http:");
  };
}

/** The proxy for a scheme, with the `http://` that may be left out. @throws ReuploadError `bad-option` */
export function proxyIn(env: Variables, scheme: keyof typeof PROXIES): string | undefined {
  const names = PROXIES[scheme].flatMap((name) => [name, name.toUpperCase()]);
  const name = names.find((each) => (env[each] ?? "").trim() !== "");
  if (name === undefined) return undefined;
  const given = (env[name] ?? "").trim();
  const text = given.includes("://") ? given : `http://${given}`;
  const url = URL.parse(text);
  if (url !== null && url.hostname !== "" && /^https?:$/.test(url.protocol)) return text;
  throw new ReuploadError("bad-option", `${name} (environment) is not the address of an http proxy.`, {
    advice: "Give it as http://HOST:PORT or HOST:PORT; other kinds of proxies are not known here.",
  });
}

/** What `NO_PROXY` names. */
export interface NoProxyEntry {
  /** In small letters, without brackets, dots at its ends and a `*.` before it; `*` is every host. */
  readonly hostname: string;
  /** 0: any */
  readonly port: number;
  /** `*.example.com`: only what is below it. */
  readonly isBelow: boolean;
}

/** Entries are divided by commas or blanks. */
export function noProxyEntries(env: Variables): NoProxyEntry[] {
  const text = env["no_proxy"] || env["NO_PROXY"] || "";
  return text
    .split(/[,\s]+/)
    .filter((entry) => entry !== "")
    .map(parseEntry);
}

function parseEntry(text: string): NoProxyEntry {
  // A bare IPv6 address has colons that are no port's.
  const [, inBrackets, plain, portText] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const hostname = withoutDots((inBrackets ?? plain ?? text).toLowerCase());
  const isBelow = hostname.startsWith("*.");
  return { hostname: isBelow ? hostname.slice(2) : hostname, port: Number(portText ?? 0), isBelow };
}

function covers({ hostname, port, isBelow }: NoProxyEntry, place: Place): boolean {
  const isDefault = place.port === "";
  const itsPort = isDefault ? (place.protocol === "https:" ? 443 : 80) : Number(place.port);
  if (port !== 0 && port !== itsPort) return false;
  if (hostname === "*") return true;
  const host = withoutDots(place.hostname.toLowerCase().replace(/^\[(.+)\]$/, "$1"));
  return (!isBelow && host === hostname) || host.endsWith(`.${hostname}`);
}

/** A dot at the end marks the whole name, a dot before it stands for what is below, too. */
function withoutDots(hostname: string): string {
  return hostname.replace(/^\./, "").replace(/(?<=.)\.$/, "");
}

/** This machine by any of its names, and link-local addresses: no proxy can reach either of them for us. */
export function isNear(given: string): boolean {
  const hostname = withoutDots(given.toLowerCase());
  return (
    isLoopback({ hostname }) ||
    hostname.endsWith(".localhost") ||
    hostname.startsWith("[::ffff:7f") ||
    /^169\.254(?:\.\d{1,3}){2}$/.test(hostname)
  );
}
