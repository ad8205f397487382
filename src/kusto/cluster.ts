import { kustoTrustedEndpoints } from "azure-kusto-data";
import { isAllowed, isLoopback } from "../azure/azure.ts";
import { ReuploadError } from "../core/errors.ts";

/**
 * Reads `--kusto-cluster`.
 *
 * @returns its URL without a path: `https://CLUSTER.REGION.kusto.windows.net`
 * @throws ReuploadError `kusto-invalid` for what is no cluster, or none that a token may be sent to
 */
export function clusterUrl(text: string): string {
  const url = URL.parse(text.trim());
  if (url === null || !["https:", "http:"].includes(url.protocol)) {
    // Not shown: a connection string would hold a key.
    throw invalid("--kusto-cluster is not a URL.");
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.pathname !== "/") {
    throw invalid(`--kusto-cluster holds more than the cluster's address: ${url.origin} is the cluster.`);
  }
  if (!isAllowed(url)) throw invalid(`--kusto-cluster ${url.origin} is not https.`);
  const isTrusted = Object.values(kustoTrustedEndpoints.matchers).some((suffixes) =>
    suffixes.isMatch(url.hostname),
  );
  if (isLoopback(url) || isTrusted) return url.origin;
  throw invalid(`--kusto-cluster ${url.hostname} is no host of Azure Data Explorer; no token is sent there.`);
}

function invalid(message: string): ReuploadError {
  return new ReuploadError("kusto-invalid", message, {
    advice: "Give it as the portal shows it: https://CLUSTER.REGION.kusto.windows.net",
  });
}
