/** The storage emulator as Azure is: over https, with tokens; and the tokens that it takes. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { promisify } from "node:util";
import { readEndpoints } from "../../src/emulator/emulator.ts";
import { findAzurite } from "../../src/emulator/find-azurite.ts";

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** The certificate as a file, for `NODE_EXTRA_CA_CERTS`. */
  readonly path: string;
}

export interface OauthEmulator extends AsyncDisposable {
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
  /** With the key, for what the tests do themselves. */
  readonly connectionString: string;
  readonly certificate: Certificate;
}

/** Starts it on free ports, in memory; from here on this process trusts its certificate. */
export async function startOauthEmulator(): Promise<OauthEmulator> {
  const folder = await mkdtemp(join(tmpdir(), "reupload-oauth-"));
  const certificate = await makeCertificate(folder);
  setDefaultCACertificates([...getCACertificates("default"), certificate.cert]);
  const script = await findAzurite([import.meta.dirname]);
  const ports = ["--blobPort", "0", "--queuePort", "0", "--tablePort", "0"];
  const tls = ["--oauth", "basic", "--cert", certificate.path, "--key", join(folder, "key.pem")];
  const flags = ["--disableTelemetry", "--skipApiVersionCheck", "--silent", "--inMemoryPersistence"];
  const child = spawn(process.execPath, [script, ...flags, ...ports, ...tls], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const urls: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    const url = /listening at (https:\S+)/.exec(line)?.[1];
    if (url !== undefined && urls.push(url) === 3) break;
  }
  child.stdout.resume();
  const [blobUrl, queueUrl] = urls;
  if (blobUrl === undefined || queueUrl === undefined) throw new Error("the emulator did not start");
  return {
    ...readEndpoints(blobUrl, queueUrl),
    certificate,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function makeCertificate(folder: string): Promise<Certificate> {
  const [path, keyPath] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const request =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
  const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", keyPath, "-out", path];
  await promisify(execFile)("openssl", [...request.split(" "), ...names]);
  return { cert: await readFile(path, "utf8"), key: await readFile(keyPath, "utf8"), path };
}

let made = 0;

/** A token as the emulator wants it, no two alike; it is not signed. @param ends seconds since the epoch */
export function storageToken(ends: number): string {
  const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString("base64url");
  const began = Math.floor(Date.now() / 1000) - 60;
  const claims = {
    aud: "https://storage.azure.com",
    iss: "https://sts.windows.net/00000000-0000-0000-0000-000000000001/",
    nbf: began,
    iat: began,
    exp: ends,
    jti: String(++made),
  };
  return `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.`;
}

/** Seconds since the epoch, so many from now. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}
