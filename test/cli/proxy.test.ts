/** Storage, sign-in and Kusto are three clients: all of them go the way that the environment says. */
import { createServer, type Server } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.ts";

let folder: string;
let server: Server;
/** What the proxy was asked to reach; it reaches nothing. */
let asked: Set<string>;
let port: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-proxy-"));
  await writeFile(join(folder, "w.csv"), "JobId,WorkItemId\nj,w\n");
  await writeFile(join(folder, "f.csv"), "JobId,WorkItemId,WorkItemName,Uri,FileName\n");
  await writeFile(join(folder, "q.kql"), "Failed | project JobId, WorkItemId");
  asked = new Set();
  server = createServer();
  server.on("connect", (request, socket) => {
    asked.add(request.url ?? "");
    socket.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

const RUN = ["run", "--csv", "w.csv", "--files", "f.csv", "--max-wait", "300ms"];
const FIND = ["find", "q.kql", "--out", "o.csv", "--kusto-database", "d"];
const AUTHORITY = "https://login.nowhere.invalid";
const CLUSTER = "https://nowhere8254.kusto.windows.net";

const CLIENTS = {
  storage: {
    args: [...RUN, "--target", "https://account.blob.nowhere.invalid"],
    env: { AZURE_STORAGE_KEY: "a2V5" },
    host: "account.blob.nowhere.invalid:443",
  },
  "sign-in": {
    args: [...RUN, "--target", "https://nowhere8254.blob.core.windows.net", "--auth", "environment"],
    env: {
      AZURE_AUTHORITY_HOST: AUTHORITY,
      AZURE_TENANT_ID: "adfs",
      AZURE_CLIENT_ID: "app",
      AZURE_CLIENT_SECRET: "s3cret\n",
    },
    host: "login.nowhere.invalid:443",
  },
  kusto: {
    args: [...FIND, "--kusto-cluster", CLUSTER, "--auth", "environment", "--max-wait", "300ms"],
    env: { AZURE_TENANT_ID: "adfs", AZURE_CLIENT_ID: "app", AZURE_CLIENT_SECRET: "s3cret" },
    host: "nowhere8254.kusto.windows.net:443",
  },
} as const;

describe.each(Object.entries(CLIENTS))("%s", (_, { args, env, host }) => {
  const HERE = "nowhere.invalid windows.net";
  it.each([
    [{ HTTPS_PROXY: "127.0.0.1:PORT" }, true],
    [{ https_proxy: "http://u:p@127.0.0.1:PORT\n", HTTPS_PROXY: "http://127.0.0.1:1" }, true],
    [{ HTTPS_PROXY: "127.0.0.1:PORT", NO_PROXY: "here.invalid, dows.net, windows.net:8443" }, true],
    [{ HTTPS_PROXY: "127.0.0.1:PORT", NO_PROXY: "x,*" }, false],
    [{ HTTPS_PROXY: "127.0.0.1:PORT", no_proxy: HERE.toUpperCase().replaceAll(" ", ":443,") }, false],
  ] as [Record<string, string>, boolean][])(
    "by %j goes through the proxy: %s",
    async (variables, isThrough) => {
      const all: Record<string, string> = { ...env };
      for (const [name, value] of Object.entries(variables)) all[name] = value.replace("PORT", String(port));
      const { code, stderr } = await runCli(args, { cwd: folder, env: all });
      expect([4, 6], stderr).toContain(code);
      // The target's queue is looked at beside its container.
      const queue = host.replace(".blob.", ".queue.");
      const others = [...asked].filter((other) => other !== host && other !== queue);
      expect({ isAsked: asked.has(host), isAnyAsked: asked.size > 0, others }).toEqual({
        isAsked: isThrough,
        isAnyAsked: isThrough,
        others: [],
      });
    },
  );
});

describe("a proxy that is none", () => {
  it.each(["storage", "kusto"] as const)("is refused before %s is asked", async (client) => {
    const { args, env } = CLIENTS[client];
    const { code, stderr } = await runCli(args, {
      cwd: folder,
      env: { ...env, HTTPS_PROXY: "socks5://u:s3cret@127.0.0.1:1" },
    });
    expect(code).toBe(2);
    expect(stderr).toContain("HTTPS_PROXY (environment) is not the address of an http proxy");
    expect(stderr).not.toContain("s3cret");
  });
});
