import { describe, expect, it } from "vitest";
import { redact } from "../../src/core/secret.ts";
import { findSecrets, secretValues } from "../../src/core/secret-scan.ts";

const KEY = `${"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoMGM".slice(0, 85)}w==`;

const PLANTED: readonly (readonly [string, string])[] = [
  ["https://a.blob.core.windows.net/c/b?sv=1&sig=Zm9vYmFyYmF6cXV4%3D", "a SAS signature"],
  ["https://proxy/?u=https%3A%2F%2Fa%2Fb%3Fsig%3DZm9vYmFyYmF6cXV4", "a SAS signature"],
  ["AccountName=a;AccountKey=Zm9vYmFyYmF6;x", "a connection string"],
  [`the key is ${KEY}.`, "an account key"],
  ["Authorization: SharedKey acc:Zm9vYmFyYmF6cXV4Zm9vYmFy", "a signed request"],
  ["eyJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0yyyyy.c2ln", "a token"],
  ["Authorization: Bearer abcdefghijklmnopqrstuv", "a token"],
  ["-----BEGIN EC PRIVATE KEY-----", "a private key"],
  ["http://user:p4ssw0rd@proxy:8080", "a password in an address"],
  ['{"client_secret":"abcdefgh12"}', "a password or token"],
];

describe("the scan for secrets", () => {
  it.each(PLANTED)("finds in %j %s", (text, what) => {
    expect(findSecrets(`first line\n${text}`)).toContainEqual({ what, line: 2 });
  });

  it("finds nothing in what was redacted, where the redaction knows the kind", () => {
    for (const [text, what] of PLANTED) {
      if (what === "a private key" || what === "a password or token") continue;
      expect(findSecrets(redact(text))).toEqual([]);
    }
  });

  it("finds nothing in what a report says", () => {
    for (const text of [
      "sig=***&sv=1",
      "AccountKey=***;",
      "Bearer ***",
      "--max-requests 100, token: null, password=***",
      "a4c5ab1a20d144e1b9a3c000000000020a4c5ab1a20d144e1b9a3c000000000020",
      "https://target.blob.core.windows.net/results, SharedKey is the way to sign",
      "http://127.0.0.1:10000/devstoreaccount1",
    ])
      expect(findSecrets(text)).toEqual([]);
  });

  it("finds known values in any spelling, and never shows them", () => {
    const known = ["p/ss+word=="];
    for (const text of ["x p/ss+word== y", "p%2Fss%2Bword%3D%3D"]) {
      const found = findSecrets(text, known);
      expect(found).toEqual([{ what: "a secret of this machine's environment", line: 1 }]);
      expect(JSON.stringify(found)).not.toContain("word");
    }
    expect(findSecrets("short", ["short"])).toEqual([]);
  });
});

describe("the secrets of an environment", () => {
  it("are known by their names: keys, secrets, tokens, passwords of proxies, parts of connection strings", () => {
    expect(
      secretValues({
        AZURE_CLIENT_SECRET: "s1",
        AZURE_STORAGE_CONNECTION_STRING: "AccountName=a;AccountKey=k1==;BlobEndpoint=http://x",
        AZURE_STORAGE_SAS_TOKEN: "sv=1&sig=abc",
        HTTPS_PROXY: "http://user:pw1@proxy:8080",
        AZURE_FEDERATED_TOKEN_FILE: "/var/run/token",
        REUPLOAD_QUEUE: "queue",
        HOME: "/root",
        EMPTY_KEY: "",
      }),
    ).toEqual(["s1", "k1==", "sv=1&sig=abc", "pw1"]);
  });
});
