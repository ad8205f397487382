/** Delete Blob; one call is one HTTP request. Only what this tool put there to measure is ever deleted. */
import type { AttemptContext } from "../attempts/attempt-clock.ts";
import type { RestClient } from "../wire/rest-client.ts";
import { blobUrl } from "./blob-url.ts";

/** @throws RefusedRequest `BlobNotFound`, ...; what `RestClient.send` throws */
export async function deleteBlob(
  client: RestClient,
  { container, name }: { readonly container: string; readonly name: string },
  attempt: AttemptContext,
): Promise<void> {
  const url = blobUrl(`${client.account.blobEndpoint}/${container}`, name);
  await client.send({ call: "delete blob", method: "DELETE", url, as: "account", headers: [] }, attempt);
}
