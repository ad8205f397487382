import { inject } from "vitest";
import { parseConnectionString } from "../../../src/azure/account.ts";
import { Attempts } from "../../../src/azure/attempts/attempt.ts";
import type { Catalog } from "../../../src/catalog/catalog.ts";
import { openContainer } from "../../../src/catalog/container/container.ts";
import { sourceContainer } from "../../../src/catalog/container/source-container.ts";
import type { FileChoice } from "../../../src/core/file-filter.ts";
import { Secret } from "../../../src/core/secret.ts";
import { parseSourcePrefix } from "../../../src/core/source-prefix.ts";
import { QUICK, quickGate, restTo } from "../../azure/support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

export interface OpenedWith {
  readonly prefix?: string;
  readonly sas?: string;
  readonly pageBlobs?: number;
  readonly connectionString?: string;
  readonly takes?: FileChoice;
}

/** Opens the container of this URL with the account of the connection string, by default the emulator's. */
export async function open(
  url: string,
  { prefix = "{jobId}/{workItemId}/", sas, pageBlobs, connectionString, takes }: OpenedWith = {},
): Promise<Catalog> {
  const secret = new Secret(connectionString ?? inject("emulator").connectionString);
  return openContainer({
    source: sourceContainer(url, parseSourcePrefix(prefix)),
    sas: sas === undefined ? undefined : new Secret(sas),
    client: restTo(parseConnectionString(secret)),
    attempts: new Attempts(REAL_SURROUNDINGS, QUICK),
    sourceGate: () => quickGate({ essential: false }),
    signal: new AbortController().signal,
    takes,
    ...(pageBlobs === undefined ? {} : { pageBlobs }),
  });
}

/** The URL of a blob as the product writes it. */
export function blobUrl(containerUrl: string, name: string): string {
  const encoded = name.split("/").map((part) => encodeURIComponent(part).replaceAll("'", "%27"));
  return `${containerUrl}/${encoded.join("/")}`;
}
