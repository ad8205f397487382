/**
 * How many requests the storage simulator can answer, and how true its latency stays with many in flight; needs wrk
 * (Debian): `npx node bench/simulator-ceiling.ts [seconds]`. The results stand in README.md.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type Simulator, startSimulator } from "./simulator/start.ts";

const seconds = Number(process.argv[2] ?? 3);
const run = promisify(execFile);

interface Load {
  readonly name: string;
  /** In wrk's Lua: sets the method, headers and body of all requests. */
  readonly script: string;
  readonly path: string;
  readonly queue?: boolean;
}

/** Of about the length that a token has. */
const TOKEN = `wrk.headers["Authorization"] = "Bearer ${"x".repeat(1_200)}"; wrk.headers["x-ms-version"] = "2024-11-04"`;
/** Every put is to another name, as in a run. */
const NEW_NAMES = `local n = 0; request = function() n = n + 1; return wrk.format(nil, "/account/c/folder/file-" .. n) end`;
const MESSAGE = `<QueueMessage><MessageText>${"x".repeat(300)}</MessageText></QueueMessage>`;

const LOADS: readonly Load[] = [
  { name: "Put Blob, 1 KiB", script: put(`wrk.body = string.rep("x", 1024); ${NEW_NAMES}`), path: "/" },
  { name: "Put Blob, 64 KiB", script: put(`wrk.body = string.rep("x", 65536); ${NEW_NAMES}`), path: "/" },
  {
    name: "Put Blob From URL",
    script: put(`wrk.headers["x-ms-copy-source"] = "http://h/account/src-16384/a?sig=x"; ${NEW_NAMES}`),
    path: "/",
  },
  { name: "Get Blob, 64 KiB", script: TOKEN, path: "/account/src-65536/file" },
  {
    name: "Put Message",
    script: `wrk.method = "POST"; wrk.body = "${MESSAGE}"; ${TOKEN}`,
    path: "/account/q/messages",
    queue: true,
  },
];

function put(rest: string): string {
  return `wrk.method = "PUT"; wrk.headers["x-ms-blob-type"] = "BlockBlob"; ${TOKEN}; ${rest}`;
}

const folder = await mkdtemp(join(tmpdir(), "simulator-ceiling-"));
try {
  print(
    "| call | protocol | requests/s | of a core | CPU us a request | requests/s a core |\n|---|---|---|---|---|---|",
  );
  for (const load of LOADS) for (const tls of [false, true]) await measureCeiling(load, tls);
  print(
    "\n| in flight | answers | late by over 1 ms | mean ms late | at most ms late | RSS MB |\n|---|---|---|---|---|---|",
  );
  for (const inFlight of [1_000, 5_000, 15_000]) await measureLatency(inFlight);
  await measureMemory(1_000_000);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measureCeiling(load: Load, tls: boolean): Promise<void> {
  await using simulator = await startSimulator({ tls, settings: { "auto-create": true } });
  const { requests, cpu } = await drive(simulator, load, 64, tls, seconds);
  const microseconds = (cpu / requests) * 1e6;
  print(
    `| ${load.name} | ${tls ? "TLS" : "plain"} | ${count(requests / seconds)} | ${((cpu / seconds) * 100).toFixed(0)} % ` +
      `| ${microseconds.toFixed(1)} | ${count(1e6 / microseconds)} |`,
  );
}

async function measureLatency(inFlight: number): Promise<void> {
  // Spread, or all connections would move in step.
  const latency = "lognormal:1000,0.5";
  // Opening the connections takes a while.
  const duration = Math.max(seconds, 2 + inFlight / 1_500);
  await using simulator = await startSimulator({
    realtime: true,
    settings: { "auto-create": true, latency },
  });
  await drive(simulator, { name: "", script: put(NEW_NAMES), path: "/" }, inFlight, false, duration);
  const stats = await simulator.stats();
  const late = ((stats.lateByOver1Ms / stats.delayed) * 100).toFixed(1);
  print(
    `| ${count(stats.inFlightPeak)} | ${count(stats.delayed)} | ${late} % | ${stats.lateMeanMs.toFixed(2)} ` +
      `| ${stats.lateMaxMs.toFixed(1)} | ${(stats.rssBytes / 1e6).toFixed(0)} |`,
  );
}

/** Puts so many blobs with names of 60 characters, a thousand requests at a time over one connection. */
async function measureMemory(blobs: number): Promise<void> {
  await using simulator = await startSimulator({ settings: { "auto-create": true } });
  const { port } = new URL(simulator.blobEndpoint);
  const socket = connect(Number(port), "127.0.0.1").setEncoding("latin1");
  const md5 = "x-ms-blob-content-md5: XUFAKrxLKna5cZ2REBfFkg==";
  const rest = ` HTTP/1.1\r\nHost: h\r\nx-ms-blob-type: BlockBlob\r\n${md5}\r\nContent-Length: 0\r\n\r\n`;
  const answers = createInterface(socket)[Symbol.asyncIterator]();
  for (let from = 0; from < blobs; from += 1_000) {
    const names = Array.from({ length: 1_000 }, (_, index) => `file-${from + index}`.padStart(60, "folder/"));
    socket.write(names.map((name) => `PUT /account/c/${name}${rest}`).join(""));
    for (let answered = 0; answered < 1_000;) {
      const { value: line } = await answers.next();
      if (line === "HTTP/1.1 201 Created") answered++;
    }
  }
  socket.destroy();
  const stats = await simulator.stats();
  print(
    `\n${count(stats.blobs)} blobs with names of 60 characters and MD5s: ${(stats.rssBytes / 1e6).toFixed(0)} MB`,
  );
}

async function drive(
  simulator: Simulator,
  load: Load,
  connections: number,
  tls: boolean,
  duration: number,
): Promise<{ requests: number; cpu: number }> {
  const script = join(folder, "load.lua");
  await writeFile(script, load.script);
  const endpoints = tls && simulator.tls !== undefined ? simulator.tls : simulator;
  const url = new URL(load.path, load.queue === true ? endpoints.queueEndpoint : endpoints.blobEndpoint);
  const before = await simulator.stats();
  await run("wrk", [
    "-t1",
    `-c${connections}`,
    `-d${Math.ceil(duration)}s`,
    "--timeout",
    "10s",
    "-s",
    script,
    url.href,
  ]);
  const after = await simulator.stats();
  const answered = Object.values(after.operations).map(
    (statuses) => (statuses[200] ?? 0) + (statuses[201] ?? 0),
  );
  return {
    requests: answered.reduce((sum, some) => sum + some, 0),
    cpu: after.cpuSeconds - before.cpuSeconds,
  };
}

function count(number: number): string {
  return Math.round(number).toLocaleString("en");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
