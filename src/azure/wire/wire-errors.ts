import { systemErrorCode } from "../../core/errors.ts";

/** The library's own codes, as the system would have said it. */
const SYSTEM_CODES: Readonly<Record<string, string>> = {
  UND_ERR_SOCKET: "ECONNRESET",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "ECONNRESET",
  UND_ERR_CONNECT_TIMEOUT: "ETIMEDOUT",
  // A proxy refused the tunnel: there is no connection to the service at all, whichever request wants it.
  UND_ERR_ABORTED: "EHOSTUNREACH",
};

/**
 * What the connection's failure is to those above: an error with a system code. What the library refuses to send is a
 * defect of ours instead, which asking again would not mend.
 */
export function lostConnection(error: Error): Error {
  const code = systemErrorCode(error);
  if (code === "UND_ERR_INVALID_ARG") return new TypeError(error.message, { cause: error });
  const proxySaid = /^Proxy response \((\d+)\)/.exec(error.message)?.[1];
  if (proxySaid !== undefined) {
    // Nothing is known of the service: it was not reached.
    const refused = new Error(`the proxy does not let requests through, it answers ${proxySaid}`, {
      cause: error,
    });
    return Object.assign(refused, { code: "ECONNREFUSED" });
  }
  if (code === undefined) return error;
  const lost = new Error(`the connection was lost: ${error.message}`, { cause: error });
  return Object.assign(lost, { code: SYSTEM_CODES[code] ?? code });
}
