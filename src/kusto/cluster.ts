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
    throw invalid(`--kusto-cluster contains more than the address of the cluster, ${url.origin}.`);
  }
  if (!isAllowed(url)) throw invalid(`--kusto-cluster ${url.origin} is not https.`);
  const isTrusted = Object.values(kustoTrustedEndpoints.matchers).some((suffixes) =>
    suffixes.isMatch(url.hostname),
  );
  if (isLoopback(url) || isTrusted) return url.origin;
  throw invalid(
    `--kusto-cluster ${url.hostname} is not a host of Azure Data Explorer; reupload sends no token there.`,
  );
}

function invalid(message: string): ReuploadError {
  return new ReuploadError("kusto-invalid", message, {
    advice: "Give it as the portal shows it: https://CLUSTER.REGION.kusto.windows.net",
  });
}
