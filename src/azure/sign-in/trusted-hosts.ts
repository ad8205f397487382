/** Where a bearer token may be sent: the storage services of the public and the national clouds. */
const TRUSTED_SUFFIXES = [
  ".core.windows.net",
  ".storage.azure.net",
  ".core.chinacloudapi.cn",
  ".core.usgovcloudapi.net",
];

/** This machine: `localhost`, 127.0.0.0/8, `[::1]`. */
export function isLoopback(url: Pick<URL, "hostname">): boolean {
  return url.hostname === "localhost" || url.hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(url.hostname);
}

/** Whether the host is one of Azure's storage services. */
export function isStorageHost({ hostname }: Pick<URL, "hostname">): boolean {
  return TRUSTED_SUFFIXES.some((suffix) => hostname.endsWith(suffix));
}

/** Whether a bearer token may be sent to this URL: https, and a storage service (or this machine). */
export function isTrustedForTokens(url: Pick<URL, "protocol" | "hostname">): boolean {
  if (url.protocol !== "https:") return false;
  return isLoopback(url) || isStorageHost(url);
}

/** Whether a URL may be used at all: https, or plain http on this machine. */
export function isAllowed(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url));
}
