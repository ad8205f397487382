/** The stand-in for Kusto, with a record of what was asked and faults on demand. */
import type { ServerResponse } from "node:http";
import {
  type KustoRequest,
  type KustoServer,
  type KustoServerOptions,
  sendAnswer,
  startKustoServer,
} from "../../src/emulator/kusto-server/kusto-server.ts";
import type { ServiceRefusal } from "../../src/emulator/kusto-server/service-refusal.ts";
import { KustoTables } from "../../src/emulator/kusto-server/tables.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

export type Fault =
  /** A refusal instead of an answer; headers such as `{ "retry-after": "1" }`. */
  | { readonly refuse: ServiceRefusal; readonly headers?: Readonly<Record<string, string>> }
  /** Any other answer: a proxy's page, for instance. */
  | { readonly status: number; readonly body: string }
  /** 200 and some rows, then the refusal among them and in the last frame. */
  | { readonly partial: ServiceRefusal; readonly afterRows: number }
  /** Some of the body, then the connection breaks, or ends as if that were all. */
  | { readonly cutAfter: number; readonly ending: "broken" | "clean" }
  /** Silence before the answer. */
  | { readonly after: Promise<unknown> }
  | "reset"
  | "hang";

export interface FaultyKusto extends KustoServer {
  readonly tables: KustoTables;
  /** Queries as they came. */
  readonly requests: readonly KustoRequest[];
}

/**
 * Starts a stand-in.
 *
 * @param options `fault` gives what goes wrong with the `index`-th query (from 0), undefined for nothing; `tables` are
 * empty ones in memory when not given
 */
export async function startFaultyKusto(
  options: Omit<Partial<KustoServerOptions>, "intercept" | "surroundings"> & {
    readonly fault?: (request: KustoRequest, index: number) => Fault | undefined;
  } = {},
): Promise<FaultyKusto> {
  const { fault, ...rest } = options;
  const requests: KustoRequest[] = [];
  const settings: KustoServerOptions = {
    surroundings: REAL_SURROUNDINGS,
    tables: new KustoTables(),
    ...rest,
  };
  const server = await startKustoServer({
    ...settings,
    intercept: async (request, response) => {
      const index = requests.push(request) - 1;
      const what = fault?.(request, index);
      return what !== undefined && goWrong(settings, what, request, response);
    },
  });
  // Its figures are getters: a spread would freeze them.
  return Object.assign(server, { tables: settings.tables, requests });
}

/** @returns whether the query has its answer */
async function goWrong(
  settings: KustoServerOptions,
  fault: Fault,
  request: KustoRequest,
  response: ServerResponse,
): Promise<boolean> {
  if (fault === "hang") return true;
  if (fault === "reset") {
    response.socket?.resetAndDestroy();
    return true;
  }
  if ("after" in fault) {
    await fault.after;
    return false;
  }
  if ("partial" in fault) {
    await sendAnswer(settings, request, response, { afterRows: fault.afterRows, refusal: fault.partial });
    return true;
  }
  if ("cutAfter" in fault) {
    const body =
      '[{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0"},{"FrameType":"DataTable"';
    response.writeHead(200, { "content-type": "application/json" });
    response.write(body.slice(0, fault.cutAfter), () =>
      fault.ending === "clean" ? response.end() : response.socket?.resetAndDestroy(),
    );
    return true;
  }
  const [status, headers, body] =
    "refuse" in fault
      ? [fault.refuse.status, fault.headers ?? {}, JSON.stringify(fault.refuse.body())]
      : [fault.status, {}, fault.body];
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body);
  return true;
}
