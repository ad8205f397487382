import { SERVICE_VERSION } from "../wire/service-version.ts";
import type { SharedKey } from "../wire/shared-key.ts";

/** What a SAS allows: something with every blob of one container for some time. */
export interface SasTerms {
  readonly containerName: string;
  /** Reading; or creating and writing. */
  readonly rights: "r" | "cw";
  /** ms since the epoch; the service is told whole seconds. */
  readonly startsAt: number;
  readonly endsAt: number;
  readonly httpsOnly: boolean;
}

/**
 * Makes a SAS, by the rule of the service (version 2020-12-06 and later):
 * https://learn.microsoft.com/rest/api/storageservices/create-service-sas
 *
 * @returns a query without its question mark
 */
export function containerSas(key: SharedKey, terms: SasTerms): string {
  const { containerName, rights, httpsOnly } = terms;
  const [starts, ends] = [timeText(terms.startsAt), timeText(terms.endsAt)];
  const protocol = httpsOnly ? "https" : "https,http";
  const resource = `/blob/${key.accountName}/${containerName}`;
  // No stored policy, no addresses; at the end no snapshot, no encryption scope and none of five headers of the answer.
  const said = [rights, starts, ends, resource, "", "", protocol, SERVICE_VERSION, "c"];
  const sig = key.sign(said.join("\n") + "\n".repeat(7));
  return Object.entries({
    sv: SERVICE_VERSION,
    spr: protocol,
    st: starts,
    se: ends,
    sr: "c",
    sp: rights,
    sig,
  })
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
}

function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, "2026-01-01T00:00:00".length)}Z`;
}
