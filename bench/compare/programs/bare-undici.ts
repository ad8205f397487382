/**
 * The floor: a bare loop on undici that makes the same two requests for each file as a server copy with its announcement:
 *
 *     node bare-undici.ts LISTING SLOTS
 *
 * It signs nothing (the simulator takes any authorization), keeps no state, tries nothing again. The account is that of
 * AZURE_STORAGE_CONNECTION_STRING. The first answer but 201 ends it.
 */
import { Pool } from "undici";
import { readListing } from "./read-listing.ts";

const [listing = "", slots = "64"] = process.argv.slice(2);
const connections = Number(slots);
const settings = new Map(
  (process.env["AZURE_STORAGE_CONNECTION_STRING"] ?? "").split(";").map((part) => {
    const at = part.indexOf("=");
    return [part.slice(0, at), part.slice(at + 1)] as const;
  }),
);
const blobUrl = new URL(settings.get("BlobEndpoint") ?? "");
const queueUrl = new URL(settings.get("QueueEndpoint") ?? "");
const blobs = new Pool(blobUrl.origin, { connections, pipelining: 1, allowH2: false });
const messages = new Pool(queueUrl.origin, { connections, pipelining: 1, allowH2: false });
const SIGNED = {
  "x-ms-version": "2025-11-05",
  "x-ms-date": new Date().toUTCString(),
  authorization: `SharedKey devstoreaccount1:${"A".repeat(43)}=`,
  "user-agent": "bare",
  accept: "application/xml",
};

await send(blobs, "PUT", `${blobUrl.pathname}/results?restype=container`, {}, undefined, 409);
await send(messages, "PUT", `${queueUrl.pathname}/resultsqueue`, {}, undefined, 204);

// One iterator for all: each slot takes what is next.
const files = readListing(listing)[Symbol.iterator]();
await Promise.all(Array.from({ length: connections }, slot));
await Promise.all([blobs.close(), messages.close()]);

async function slot(): Promise<void> {
  for (let next = files.next(); next.done !== true; next = files.next()) {
    const { name, url } = next.value;
    await send(blobs, "PUT", `${blobUrl.pathname}/results/${encodeURI(name)}`, {
      "x-ms-blob-type": "BlockBlob",
      "x-ms-copy-source-blob-properties": "true",
      "x-ms-copy-source": url,
      "x-ms-blob-content-type": "application/json",
      "if-none-match": "*",
    });
    const text = Buffer.from(JSON.stringify({ container_name: "results", blob_name: name })).toString(
      "base64",
    );
    await send(
      messages,
      "POST",
      `${queueUrl.pathname}/resultsqueue/messages?messagettl=-1`,
      { "content-type": "application/xml" },
      `<QueueMessage><MessageText>${text}</MessageText></QueueMessage>`,
    );
  }
}

async function send(
  to: Pool,
  method: "PUT" | "POST",
  path: string,
  headers: Readonly<Record<string, string>>,
  content?: string,
  otherwise = 201,
): Promise<void> {
  const { statusCode, body } = await to.request({
    method,
    path,
    headers: { ...SIGNED, ...headers },
    body: content ?? null,
  });
  await body.text();
  if (statusCode !== 201 && statusCode !== otherwise) throw new Error(`${statusCode} for ${path}`);
}
