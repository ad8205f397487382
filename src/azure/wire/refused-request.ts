import { sasTrouble } from "../../core/link-times.ts";
import { clockTrouble } from "./clock-trouble.ts";
import type { Exchange } from "./exchange.ts";
import { elementTexts } from "./xml.ts";

/** How the request was allowed. */
export interface Signature {
  /** As it was sent, with its SAS. */
  readonly url: string;
  /** The request was signed with the account's key, together with its time. */
  readonly isDated: boolean;
  /** Whose SAS it is, for messages. */
  readonly whose: "the link's" | "the account's";
}

/** A request that the service answered with "no": in the form of the SDK's errors, so that one place reads both. */
export class RefusedRequest extends Error {
  readonly statusCode: number;
  /** The service's own: `BlobAlreadyExists`. */
  readonly code: string | undefined;
  readonly response: { readonly headers: { get(name: string): string | undefined } };
  /** It was refused for its time: this machine's clock is wrong. */
  readonly clockIsWrong: boolean;
  /** What is wrong with a clock or with a SAS's times, in words; undefined when it was refused for something else. */
  readonly trouble: string | undefined;

  /**
   * @param body XML that holds the code and the service's words; empty after a HEAD
   * @param now by this machine's clock, ms since the epoch
   */
  constructor(exchange: Exchange, body: string, { url, isDated, whose }: Signature, now: number) {
    const [message = ""] = elementTexts(body, "Message");
    super(message);
    this.name = "RefusedRequest";
    const { status } = exchange;
    this.statusCode = status;
    this.code = exchange.header("x-ms-error-code") ?? elementTexts(body, "Code")[0];
    this.response = { headers: { get: (name) => exchange.header(name) } };
    const said = `${message}\n${elementTexts(body, "AuthenticationErrorDetail")[0] ?? ""}`;
    const date = exchange.header("date");
    const clock = clockTrouble({ status, errorCode: this.code, said, date, isDated }, now);
    this.clockIsWrong = clock !== undefined;
    const sas = status === 403 ? sasTrouble(url, serviceTime(exchange, now)) : undefined;
    this.trouble = clock ?? (sas === undefined ? undefined : `${whose} ${sas}`);
  }
}

/** When the service answered, by its own clock, or by ours when it does not tell; ms since the epoch. */
function serviceTime(exchange: Exchange, now: number): number {
  return Date.parse(exchange.header("date") ?? "") || now;
}
