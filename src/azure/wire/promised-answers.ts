/**
 * What the success of every call is: its statuses, the headers it cannot be without, and the root of its body. The
 * client holds each answer against this table; anything else is a "no" of the service, or not the service's at all.
 */
import { type AnswerHead, ForeignAnswer } from "./foreign-answer.ts";

export interface PromisedAnswer {
  readonly statuses: readonly number[];
  /** Names in lower case, each with what its value must look like. */
  readonly headers: Readonly<Record<string, RegExp>>;
  /** What its body must look like; undefined when the body is empty, or is a blob's own bytes. */
  readonly body?: RegExp;
}

/** A whole document with this root. */
const xml = (root: string): RegExp =>
  new RegExp(`^\\uFEFF?\\s*(<\\?xml[^>]*\\?>\\s*)?<${root}(\\s[^<>]*)?(/>|>[^]*</${root}>)\\s*$`);

const SOMETHING = /\S/;
const ID = { "x-ms-request-id": SOMETHING };
const TAGGED = { ...ID, etag: SOMETHING };
const NUMBER = /^\d{1,15}$/;
const RANGE = /^bytes \d{1,15}-\d{1,15}\/\d{1,15}$/;

export const PROMISED_ANSWERS = {
  "put blob": { statuses: [201], headers: TAGGED },
  "put blob from url": { statuses: [201], headers: TAGGED },
  "put block": { statuses: [201], headers: ID },
  "put block from url": { statuses: [201], headers: ID },
  "put block list": { statuses: [201], headers: TAGGED },
  "get block list": { statuses: [200], headers: ID, body: xml("BlockList") },
  "get blob": { statuses: [200], headers: { ...TAGGED, "content-length": NUMBER } },
  "get blob range": { statuses: [206], headers: { ...TAGGED, "content-range": RANGE } },
  "get blob properties": { statuses: [200], headers: { ...TAGGED, "content-length": NUMBER } },
  "list blobs": { statuses: [200], headers: ID, body: xml("EnumerationResults") },
  "get container properties": { statuses: [200], headers: TAGGED },
  "create container": { statuses: [201], headers: TAGGED },
  "delete blob": { statuses: [202], headers: ID },
  "acquire lease": { statuses: [201], headers: TAGGED },
  "renew lease": { statuses: [200], headers: TAGGED },
  "release lease": { statuses: [200], headers: TAGGED },
  "put message": { statuses: [201], headers: ID, body: xml("QueueMessagesList") },
  "get queue metadata": {
    statuses: [200],
    headers: { ...ID, "x-ms-approximate-messages-count": NUMBER },
  },
  "create queue": { statuses: [201, 204], headers: ID },
  // Sources that are no storage service of Azure: any web server's file.
  "get file": { statuses: [200], headers: { "content-length": NUMBER } },
  "get file range": { statuses: [200, 206], headers: { "content-length": NUMBER } },
  "get file properties": { statuses: [200], headers: { "content-length": NUMBER } },
} as const satisfies Record<string, PromisedAnswer>;

export type CallName = keyof typeof PROMISED_ANSWERS;

/**
 * Tells a success of the call from a "no" of who was asked.
 *
 * @param url where it was asked, for the message
 * @throws ForeignAnswer when it is neither
 */
export function judgeAnswer(call: CallName, head: AnswerHead, url: string): "success" | "refused" {
  const { statuses, headers }: PromisedAnswer = PROMISED_ANSWERS[call];
  const isStorage = "x-ms-request-id" in headers;
  if (statuses.includes(head.status)) {
    for (const name in headers) {
      const value = head.header(name);
      if (value !== undefined && headers[name]?.test(value) === true) continue;
      throw new ForeignAnswer(url, head, value === undefined ? `without ${name}` : `an odd ${name}`);
    }
    return "success";
  }
  if (head.status >= 400 && (!isStorage || isOfStorage(head))) return "refused";
  throw new ForeignAnswer(url, head);
}

/** An error that a storage service signs as its own, or its front end, which names itself and refuses what is no request. */
function isOfStorage(head: AnswerHead): boolean {
  if (head.header("x-ms-request-id") !== undefined || head.header("x-ms-error-code") !== undefined)
    return true;
  return head.status === 400 && head.header("server")?.startsWith("Microsoft-HTTPAPI/") === true;
}

/** Whether the body is what the call promises; anything is for a call that promises none. */
export function hasPromisedBody(call: CallName, body: Buffer): boolean {
  const { body: promised }: PromisedAnswer = PROMISED_ANSWERS[call];
  return promised === undefined || promised.test(body.toString());
}
