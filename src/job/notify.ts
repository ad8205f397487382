/**
 * `--notify URL`: one message when a run has ended. It is tried a few times and then given up: whether it is delivered
 * changes nothing of the run. With a secret in the environment it is signed, so that the receiver knows who sent it and
 * that nobody sends it again later.
 */
import { createHmac } from "node:crypto";
import { Connections } from "../azure/wire/connections.ts";
import { chooseProxy } from "../azure/wire/proxy.ts";
import type { Environment } from "../config/config.ts";
import { errorMessageText } from "../core/errors.ts";
import { abortAfter, sleep, type Surroundings } from "../surroundings/surroundings.ts";

/** Where the secret stands that signs the message. */
const SECRET_VARIABLE = "REUPLOAD_NOTIFY_SECRET";

/** The header with the time, in seconds since the epoch, and the signature: `t=1782907200,v1=<hex>`. */
const SIGNATURE_HEADER = "x-reupload-signature";

/** Pauses before the tries; one without an answer is given up after this, ms. */
const PAUSES_MS = [0, 1_000, 4_000, 15_000];
const TRY_MS = 10_000;
/** After an abort nobody wants to wait: one try, ms. */
const LAST_TRY_MS = 3_000;

/** Statuses at which the receiver may take the same message later. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

interface Delivery {
  readonly env: Environment;
  readonly surroundings: Surroundings;
  /** Aborts when nobody wants to wait any more: one last try is made then, when none was. */
  readonly signal: AbortSignal;
}

/**
 * Delivers a message. Redirects are not followed.
 *
 * @param url `https:`, or a loopback address
 * @param body the JSON text
 * @returns why it was not delivered, without the URL; undefined when it was
 */
export async function deliver(
  url: string,
  body: string,
  { env, surroundings, signal: giveUp }: Delivery,
): Promise<string | undefined> {
  const place = new URL(url);
  const connections = new Connections(chooseProxy(env), TRY_MS);
  const isHurried = giveUp.aborted;
  const pauses = isHurried ? PAUSES_MS.slice(0, 1) : PAUSES_MS;
  let why = "";
  let tries = 0;
  for (const pause of pauses) {
    const late = abortAfter(surroundings, pause + (isHurried ? LAST_TRY_MS : TRY_MS));
    const signal = isHurried ? late : AbortSignal.any([late, giveUp]);
    try {
      await sleep(surroundings, pause, signal);
      tries++;
      const status = await send(place, connections, {
        body,
        signal,
        headers: signed(body, env, surroundings),
      });
      if (status >= 200 && status < 300) return undefined;
      why = `it answered ${status}`;
      if (!PASSING.has(status)) break;
    } catch (thrown) {
      why = late.aborted ? "it did not answer in time" : errorMessageText(thrown);
      if (giveUp.aborted) break;
    }
  }
  return `${giveUp.aborted && !isHurried ? "stopped" : why} (tried ${tries === 1 ? "once" : `${tries} times`})`;
}

async function send(
  place: URL,
  connections: Connections,
  {
    body,
    signal,
    headers,
  }: { readonly body: string; readonly signal: AbortSignal; readonly headers: Record<string, string> },
): Promise<number> {
  const connection = connections.take(place.origin);
  try {
    const { statusCode, body: answer } = await connection.dispatcher.request({
      origin: place.origin,
      path: `${place.pathname}${place.search}`,
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
      signal,
    });
    await answer.dump({ limit: 64 * 1024, signal });
    return statusCode;
  } finally {
    connection.cut(new Error("the message is sent"));
  }
}

/** HMAC-SHA256 over `<seconds>.<body>`, in hex; nothing without a secret. */
function signed(body: string, env: Environment, surroundings: Surroundings): Record<string, string> {
  const secret = env[SECRET_VARIABLE];
  if (secret === undefined || secret === "") return {};
  const seconds = Math.floor(surroundings.wall() / 1000);
  const signature = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return { [SIGNATURE_HEADER]: `t=${seconds},v1=${signature}` };
}
