/** One request of a query over the official client, which is made anew for each: it can only be ended as a whole. */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import {
  ClientRequestProperties,
  Client as KustoClient,
  CloudSettings,
  type CloudInfo,
  KustoConnectionStringBuilder,
  kustoTrustedEndpoints,
} from "azure-kusto-data";
import { type AttemptContext, ServiceFailure, type SignIn, readRetryAfter } from "../azure/azure.ts";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { NotAnAnswer, readAnswer } from "./answer.ts";
import { type AnswerHead, cloudIn, isServiceRefusal, notTheService } from "./expected.ts";
import type { KustoQuery, KustoTable } from "./kusto.ts";
import { toLiteral } from "./literals.ts";
import { type Refusal, readRefusal } from "./refusal.ts";
import { LONGEST_TIMER_MS, type Surroundings } from "../surroundings/surroundings.ts";

/** What is seen of who asks, in place of the system user and the script's path that the client would send. */
const NAME = "reupload";
/** An answer is one text in memory: far above what the service gives (64 MB of data), far below what memory holds. */
const LONGEST_ANSWER = 256 * 2 ** 20;
const ASK_CLOUD = "ask for the cluster's cloud";

/** The part of the sign-in that queries need. */
export type KustoSignIn = Pick<SignIn, "getToken" | "accepted" | "refused">;

export interface QueryTarget {
  readonly surroundings: Surroundings;
  /** URL without a path. */
  readonly cluster: string;
  readonly database: string;
  readonly signIn: KustoSignIn;
  /** How long the service may work on a query, ms. */
  readonly deadlineMs: number;
}

/** The parts of the client's errors that are read here. */
interface ClientError {
  readonly isAxiosError?: boolean;
  readonly code?: string;
  readonly response?: {
    readonly status: number;
    readonly headers: { get(name: string): unknown };
    readonly data: unknown;
  };
}

/** Sends queries; keeps the connections, which the client would leave open with each of its own. */
export class QuerySender {
  /** Queries sent. */
  sent = 0;
  readonly #target: QueryTarget;
  readonly #httpAgent = new HttpAgent({ keepAlive: true });
  readonly #httpsAgent = new HttpsAgent({ keepAlive: true });

  constructor(target: QueryTarget) {
    this.#target = target;
  }

  /**
   * @returns the answer, or why the service gives none
   * @throws ServiceFailure for what may pass when it is tried again, and for 401 and 403; ReuploadError
   */
  async send(query: KustoQuery, pulse: AttemptContext): Promise<KustoTable | Refusal> {
    const { cluster, database, signIn, deadlineMs } = this.#target;
    const { signal } = pulse;
    const cloud = await this.#cloud(signal);
    const scope = `${cloud.KustoServiceResourceId}/.default`;
    const { token } = await pulse.hold(signIn.getToken(scope, { abortSignal: signal }));
    signal.throwIfAborted();
    const client = this.#client(KustoConnectionStringBuilder.withAccessToken(cluster, token), signal);
    const properties = new ClientRequestProperties({}, toParameters(query));
    properties.raw = true;
    properties.setTimeout(deadlineMs);
    // The attempt's clocks end the request, by the signal.
    properties.setClientTimeout(LONGEST_TIMER_MS);
    this.sent++;
    const heads: AnswerHead[] = [];
    client.axiosInstance.interceptors.response.use((response) => {
      heads.push(toHead(response));
      return response;
    });
    try {
      const text: unknown = await client.executeQuery(database, query.text, properties);
      const answer = readAnswer(String(text));
      signIn.accepted();
      return answer;
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof NotAnAnswer) {
        throw new ServiceFailure("query", notTheService(cluster, heads[0], thrown), {});
      }
      return this.#refused(thrown, token);
    }
  }

  close(): void {
    this.#httpAgent.destroy();
    this.#httpsAgent.destroy();
  }

  /** @throws unless the service said why it will never answer this query */
  #refused(thrown: unknown, token: string): Refusal {
    const { isAxiosError, code, response } = clientErrorIn(thrown);
    if (isAxiosError !== true) throw thrown;
    if (response === undefined) {
      const said = errorMessageText(thrown).replaceAll(token, "***");
      if (said.includes("maxContentLength")) return { kind: "too-much", why: "result-too-large", said };
      throw new ServiceFailure("query", said, { systemCode: code });
    }
    const { status, headers } = response;
    const { surroundings, signIn, cluster } = this.#target;
    const header = (name: string): string | undefined =>
      (headers.get(name) ?? undefined) as string | undefined;
    const body = bodyIn(response.data);
    if (!isServiceRefusal(status, header("www-authenticate"), body)) {
      const said = notTheService(cluster, toHead(response));
      throw new ServiceFailure(
        "query",
        said,
        { status: foreignStatus(status) },
        { retryAfterMs: readRetryAfter({ get: header }, surroundings.wall()) },
      );
    }
    if (status === 401) signIn.refused(token, cluster, header("www-authenticate"));
    else signIn.accepted();
    const refusal = readRefusal(body, status < 500);
    const said = `HTTP ${status}, ${refusal.said}`.replaceAll(token, "***");
    const requestId = header("x-ms-activity-id");
    if (refusal.kind === "too-much") return { ...refusal, said, requestId };
    const isFinal = status < 500 && ![401, 403, 408, 429].includes(status);
    if (isFinal && refusal.kind === "invalid") return { ...refusal, said, requestId };
    // Statuses of the service's own (520) and 4xx that may pass.
    const known = isFinal || status > 504 ? 500 : status;
    throw new ServiceFailure(
      "query",
      said,
      { status: known },
      { requestId, retryAfterMs: readRetryAfter({ get: header }, surroundings.wall()) },
    );
  }

  /**
   * The cloud that the cluster belongs to, kept by the client's library. It is asked for here because the library does
   * so without an end.
   *
   * @throws ReuploadError `kusto-invalid` when the cluster is no host of that cloud
   */
  async #cloud(signal: AbortSignal): Promise<CloudInfo> {
    const { cluster } = this.#target;
    if (CloudSettings.getFromCache(cluster) === undefined) {
      CloudSettings.writeToCache(cluster, await this.#askCloud(signal));
    }
    const cloud = CloudSettings.getFromCache(cluster);
    try {
      kustoTrustedEndpoints.validateTrustedEndpoint(cluster, cloud.LoginEndpoint);
    } catch (thrown) {
      throw new ReuploadError("kusto-invalid", errorMessageText(thrown));
    }
    return cloud;
  }

  /** @returns undefined where there is no such page: then it is the public cloud */
  async #askCloud(signal: AbortSignal): Promise<CloudInfo | undefined> {
    const { cluster } = this.#target;
    const client = this.#client(new KustoConnectionStringBuilder(cluster), signal);
    try {
      const url = CloudSettings.getAuthMetadataEndpointFromClusterUri(cluster);
      const response = await client.axiosInstance.get<string>(url);
      const answer = cloudIn(response.data);
      if (answer !== undefined) return answer.cloud;
      throw new ServiceFailure(ASK_CLOUD, notTheService(cluster, toHead(response)), {});
    } catch (thrown) {
      signal.throwIfAborted();
      const { isAxiosError, code, response } = clientErrorIn(thrown);
      if (isAxiosError !== true) throw thrown;
      if (response === undefined)
        throw new ServiceFailure(ASK_CLOUD, errorMessageText(thrown), { systemCode: code });
      if (response.status === 404) return undefined;
      // Anybody may read this page: a 401 or 403 is not the cluster's.
      const answer = { status: foreignStatus(response.status) };
      throw new ServiceFailure(ASK_CLOUD, notTheService(cluster, toHead(response)), answer);
    }
  }

  #client(builder: KustoConnectionStringBuilder, signal: AbortSignal): KustoClient {
    builder.applicationNameForTracing = NAME;
    builder.userNameForTracing = NAME;
    const client = new KustoClient(builder);
    Object.assign(client.axiosInstance.defaults, {
      signal,
      httpAgent: this.#httpAgent,
      httpsAgent: this.#httpsAgent,
      maxContentLength: LONGEST_ANSWER,
      // Text, so that its length is known, and JSON that breaks off is told from other answers.
      transformResponse: [(data: unknown) => data],
    });
    return client;
  }
}

function toParameters(query: KustoQuery): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query.parameters).map(([name, value]) => [name, toLiteral(value)]),
  );
}

/** Throttling comes wrapped. */
function clientErrorIn(thrown: unknown): ClientError {
  if (typeof thrown !== "object" || thrown === null) return {};
  return "inner" in thrown ? clientErrorIn(thrown.inner) : thrown;
}

function toHead(response: { readonly status: number; readonly headers: object }): AnswerHead {
  const { status, headers } = response;
  const contentType = "content-type" in headers ? headers["content-type"] : undefined;
  return { status, contentType: typeof contentType === "string" ? contentType : undefined };
}

/** undefined when it is no JSON */
function bodyIn(data: unknown): unknown {
  try {
    return JSON.parse(String(data));
  } catch {
    return undefined;
  }
}

/** The answer of something that is not the service: its status counts where it says when to ask again. */
function foreignStatus(status: number): number | undefined {
  return [408, 429, 503].includes(status) ? status : undefined;
}
