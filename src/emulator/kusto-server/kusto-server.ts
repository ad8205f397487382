/**
 * A stand-in for an Azure Data Explorer cluster, on the loopback: it speaks the service's REST protocol, so that the
 * real client is used unchanged, and answers from tables kept in SQLite. It knows the queries of reupload and its
 * examples, not KQL.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type AnswerLimits, framesOf, SERVICE_LIMITS } from "./frames.ts";
import { semanticError, ServiceRefusal, unauthorized, unknownDatabase } from "./service-refusal.ts";
import type { KustoTables } from "./tables.ts";
import { understand } from "./understand.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** A request of the client, as it came. */
export interface KustoRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly database: string;
  readonly text: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Literals, by name. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface KustoServerOptions extends Partial<AnswerLimits> {
  readonly surroundings: Surroundings;
  readonly tables: KustoTables;
  /** Name of the one database; any, when not given. */
  readonly database?: string;
  /** Whether a bearer token is taken; any is, when not given. */
  readonly takesToken?: (token: string) => boolean;
  /** Clusters behind some proxies have no metadata: 404. */
  readonly hasMetadata?: boolean;
  /** Sees each query first; true when it has answered (or never will). */
  readonly intercept?: (request: KustoRequest, response: ServerResponse) => Promise<boolean>;
}

export interface KustoServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40000`. */
  readonly url: string;
  /** Queries that came. */
  readonly queries: number;
  /** The most queries that were under way at once. */
  readonly mostAtOnce: number;
  /** Connections that are open now. */
  connections(): Promise<number>;
  /** Ends it, the tables stay open. Repeating it is harmless. */
  stop(): Promise<void>;
}

/** As the public cloud's clusters answer. */
const METADATA = {
  AzureAD: {
    LoginEndpoint: "https://login.microsoftonline.com",
    LoginMfaRequired: false,
    KustoClientAppId: "db662dc1-0cfe-4e1c-a843-19a68e65be58",
    KustoClientRedirectUri: "https://microsoft/kustoclient",
    KustoServiceResourceId: "https://kusto.kusto.windows.net",
    FirstPartyAuthorityUrl: "https://login.microsoftonline.com/f8cdef31-a31e-4b4a-93e4-5f571e91255a",
  },
};

/** Starts the stand-in on a free port. */
export async function startKustoServer(options: KustoServerOptions): Promise<KustoServer> {
  const figures = { queries: 0, atOnce: 0, mostAtOnce: 0 };
  const server = createServer((incoming, response) => {
    answer(options, figures, incoming, response).catch((thrown: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, thrown instanceof ServiceRefusal ? thrown : semanticError(String(thrown)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get queries() {
      return figures.queries;
    },
    get mostAtOnce() {
      return figures.mostAtOnce;
    },
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
      }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Figures {
  queries: number;
  atOnce: number;
  mostAtOnce: number;
}

async function answer(
  options: KustoServerOptions,
  figures: Figures,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (incoming.url ?? "").split("?")[0] ?? "";
  response.setHeader("x-ms-activity-id", options.surroundings.uuid());
  if (path === "/v1/rest/auth/metadata" && options.hasMetadata !== false)
    return send(response, 200, METADATA);
  if (incoming.method !== "POST" || !["/v2/rest/query", "/v1/rest/mgmt"].includes(path)) {
    return send(response, 404, {});
  }
  figures.queries++;
  figures.mostAtOnce = Math.max(figures.mostAtOnce, ++figures.atOnce);
  response.once("close", () => figures.atOnce--);
  const request = toRequest(path, incoming, await json(incoming));
  if ((await options.intercept?.(request, response)) === true) return;
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined || options.takesToken?.(token) === false) throw unauthorized();
  if (options.database !== undefined && options.database !== request.database) {
    throw unknownDatabase(request.database);
  }
  if (path === "/v1/rest/mgmt") return send(response, 200, tablesAnswer(options.tables));
  await sendAnswer(options, request, response);
}

function toRequest(path: string, incoming: IncomingMessage, body: unknown): KustoRequest {
  const { db, csl, properties } = body as {
    db: string;
    csl: string;
    properties?: { Options?: Record<string, unknown>; Parameters?: Record<string, string> } | null;
  };
  return {
    path,
    headers: incoming.headers,
    database: db,
    text: csl,
    options: properties?.Options ?? {},
    parameters: properties?.Parameters ?? {},
  };
}

/** Answers a query from the tables. @throws ServiceRefusal before the first row */
export async function sendAnswer(
  options: KustoServerOptions,
  request: KustoRequest,
  response: ServerResponse,
  failure?: { readonly afterRows: number; readonly refusal: ServiceRefusal },
): Promise<void> {
  const now = options.surroundings.wall();
  const { columns, sql, values } = understand(options.tables, request.text, request.parameters, now);
  const frames = framesOf(
    { columns, rows: options.tables.select(sql, values) },
    {
      maxRows: options.maxRows ?? SERVICE_LIMITS.maxRows,
      maxBytes: options.maxBytes ?? SERVICE_LIMITS.maxBytes,
      progressive: request.options["results_progressive_enabled"] === true,
      now,
      requestId: String(request.headers["x-ms-client-request-id"]),
      failure,
    },
  );
  response.writeHead(200, { "content-type": "application/json" });
  await pipeline(Readable.from(frames), response);
}

/** `.show tables`, whatever was asked: the protocol of commands, not the commands. */
function tablesAnswer(tables: KustoTables): object {
  const rows = Object.keys(tables.columns).map((name) => [name]);
  const columns = [{ ColumnName: "TableName", DataType: "String", ColumnType: "string" }];
  return { Tables: [{ TableName: "Table_0", Columns: columns, Rows: rows }] };
}

function refuse(response: ServerResponse, refusal: ServiceRefusal): void {
  send(response, refusal.status, refusal.body());
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
