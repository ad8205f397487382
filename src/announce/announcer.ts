import type { WorkSignals } from "../core/waits.ts";

/**
 * The announcer tells the target's queue about a blob that is durable in the target. Kind: `queue-announcer.ts`.
 */
export interface Announcer {
  /**
   * Sends one announcement; returns once the queue has accepted it. Repeating it sends it again: consumers know a
   * blob by its name. Gives the number of attempts it took.
   *
   * @throws FileFailure `queue-unavailable` after the last attempt; ReuploadError when the queue as a whole is gone;
   * WaitGivenUp when it only waited: it was not sent, or its answer was lost
   */
  announce(blobName: string, options: WorkSignals): Promise<{ readonly attempts: number }>;
}

/**
 * The announcement's text: base64 of UTF-8 JSON with exactly these two keys in this order. Storage queues take what
 * they are given, so base64 is ours to do (as Azure Functions and Python's TextBase64EncodePolicy expect).
 */
export function announcementText(containerName: string, blobName: string): string {
  const json = JSON.stringify({ container_name: containerName, blob_name: blobName });
  return Buffer.from(json, "utf8").toString("base64");
}
