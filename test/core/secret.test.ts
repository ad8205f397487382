import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { ReuploadError } from "../../src/core/errors.ts";
import { redact, Secret } from "../../src/core/secret.ts";

const VALUE = "c2VjcmV0LWtleQ==";

describe("a secret", () => {
  const secret = new Secret(VALUE);

  it("is revealed where it is asked for by name", () => {
    expect(secret.reveal()).toBe(VALUE);
  });

  it("does not print in a template", () => {
    // oxlint-disable-next-line typescript/restrict-template-expressions -- what a slip would do
    expect(`${secret}`).toBe("***");
  });

  it("does not print when joined to a text", () => {
    expect("key " + String(secret) + [secret].join()).toBe("key ******");
  });

  it("does not print as JSON", () => {
    expect(JSON.stringify({ key: secret, list: [secret] })).toBe('{"key":"***","list":["***"]}');
  });

  it("does not print with inspect, at any depth, hidden fields included", () => {
    const shown = inspect({ a: { b: [secret] } }, { depth: null, showHidden: true, customInspect: true });
    expect(shown).toContain("***");
    expect(shown).not.toContain(VALUE);
    expect(inspect(secret, { customInspect: false, showHidden: true })).not.toContain(VALUE);
  });

  it("does not print with format", () => {
    for (const how of ["%s", "%o", "%O", "%j", "%d"]) expect(format(how, secret)).not.toContain(VALUE);
  });

  it("does not print in an error, its stack or what it carries", () => {
    const error = Object.assign(new Error("bad key " + String(secret)), { key: secret });
    for (const text of [error.message, error.stack, inspect(error), JSON.stringify(error)]) {
      expect(text).not.toContain(VALUE);
    }
  });

  it("has no field that a copy or a loop would show", () => {
    expect(Reflect.ownKeys(secret)).toEqual([]);
  });
});

describe("redacting", () => {
  it("takes tokens out, with and without the word before them", () => {
    const token = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0.c2ln-_";
    expect(redact(`Bearer ${token}, {"accessToken":"${token}"}`)).toBe('Bearer ***, {"accessToken":"***"}');
    expect(redact(`a ${token.replace("c2ln-_", "")} b eyJ.eyJ c`)).toBe("a *** b eyJ.eyJ c");
  });

  const signature = "Zm9v%2BYmFy%2FYmF6%3D";
  const link = `https://acc.blob.core.windows.net/c/a.json?sv=2024-11-04&se=2026-01-01&sig=${signature}`;
  const leaks = (text: string) => /Zm9v|YmFy|YmF6/.test(text);

  it("takes the signature of a SAS out of a link, and leaves the rest readable", () => {
    expect(redact(`${link}&sp=r`)).toBe(
      "https://acc.blob.core.windows.net/c/a.json?sv=2024-11-04&se=2026-01-01&sig=***&sp=r",
    );
    expect(redact("sig=Zm9v")).toBe("sig=***");
    expect(redact("HTTPS://X/?SIG=Zm9v")).toBe("HTTPS://X/?SIG=***");
  });

  it("finds every signature when there are several", () => {
    expect(leaks(redact(`${link} and '${link}', <${link}>;${link}\n${link}`))).toBe(false);
  });

  it("finds a signature in links that are encoded once or twice", () => {
    const once = encodeURIComponent(link);
    for (const text of [
      once,
      encodeURIComponent(once),
      `https://x/?source=${once}`,
      "?sig%3DZm9v",
      "%3fsig%3dZm9v",
    ]) {
      expect(leaks(redact(text)), text).toBe(false);
    }
  });

  it("finds a signature in JSON and XML, however they write the ampersand", () => {
    const texts = [
      JSON.stringify({ uri: link }),
      link.replaceAll("&", "\\u0026"),
      link.replaceAll("&", "&amp;"),
    ];
    for (const text of texts) {
      expect(leaks(redact(text)), text).toBe(false);
      expect(redact(text)).toContain("a.json");
    }
    expect(redact(JSON.stringify({ uri: link, next: 1 }))).toContain(',"next":1}');
  });

  it("takes keys and signatures out of connection strings", () => {
    const text = `DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=Zm9v+YmFy/YmF6==;EndpointSuffix=core.windows.net`;
    expect(redact(text)).toBe(
      "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=***;EndpointSuffix=core.windows.net",
    );
    expect(redact("BlobEndpoint=https://a/;SharedAccessSignature=sv=2024&sig=Zm9v%2B&se=2026;X=1")).toBe(
      "BlobEndpoint=https://a/;SharedAccessSignature=***;X=1",
    );
    expect(redact("sharedaccesskey=Zm9v;")).not.toContain("Zm9v");
    expect(leaks(redact(encodeURIComponent(text)))).toBe(false);
  });

  it("takes tokens and signatures out of headers", () => {
    expect(redact("authorization: Bearer Zm9v.YmFy-YmF6_x~")).toBe("authorization: Bearer ***");
    expect(redact("Authorization: SharedKey acc:Zm9v/YmFy+YmF6=")).toBe("Authorization: SharedKey acc:***");
    expect(redact("SharedKeyLite acc:Zm9v=")).toBe("SharedKeyLite acc:***");
  });

  it("takes the user part out of a URL, whatever surrounds it", () => {
    expect(redact("no answer from http://u:SECRETPW@h/x?a=1.")).toBe("no answer from http://***@h/x?a=1.");
    const links = ["http://u:SECRETPW@h/x", "https://SECRETPW@h.example", "https://u:SECRET@PW@h/a@b"];
    const passwords = ["SECRET/PW", "SECRET?PW", "SECRET#PW", "SECRET PW", "!SECRET/P@W"];
    for (const url of [...links, ...passwords.map((password) => `http://u:${password}@h/x`)]) {
      const written = [
        url,
        `a,b,${url},c`,
        `"${url}"`,
        JSON.stringify({ uri: url }),
        JSON.stringify({ uri: url }).replaceAll("/", "\\/"),
        `<a href='${url}'>`,
      ];
      for (const text of written) expect(redact(text), text).not.toMatch(/SECRET|PW/);
    }
    for (const url of links) {
      const once = encodeURIComponent(url);
      const written = [
        `https://h/?to=${once}`,
        encodeURIComponent(once),
        JSON.stringify(url).replaceAll("@", "\\u0040"),
      ];
      for (const text of written) expect(redact(text), text).not.toMatch(/SECRET|PW/);
    }
  });

  it("takes a user part out that is cut off before its end", () => {
    expect(redact("the row http://u:SECR")).toBe("the row http://***@");
  });

  it("takes an account's key out without a word before it, and what is meant for the environment", () => {
    const key = Buffer.alloc(64, "SECRET").toString("base64");
    for (const text of [key, `--partition: got "${key}"`, encodeURIComponent(key)]) {
      expect(redact(text)).not.toContain(key.slice(0, 20));
    }
    for (const name of [
      "AZURE_STORAGE_KEY",
      "AZURE_CLIENT_SECRET",
      "REUPLOAD_SOURCE_SAS",
      "AZURE_PASSWORD",
    ]) {
      expect(redact(`what is ${name}=SECRET?`)).toBe(`what is ${name}=***`);
    }
  });

  it("leaves texts without secrets as they are", () => {
    const texts = [
      "",
      "design=blue",
      "the sig is wrong",
      "a=b&c=d",
      "https://h:443/c/a@b.json",
      "http://127.0.0.1:10000/account/c//a@b",
      "http://[::1]:80/a@b",
      "see https://h.example: it says a@b",
      "file:///C:/a@b",
      "https://h.example/c/a%40b, https://h/?to=https%3A%2F%2Fh%2Fa%40b",
      "AZURE_STORAGE_KEY is not set",
      "https://h:443",
    ];
    for (const text of texts) expect(redact(text)).toBe(text);
    expect(redact("design%3Dblue")).toBe("design%3Dblue");
  });

  it("changes nothing the second time", () => {
    for (const text of [
      link,
      encodeURIComponent(link),
      "AccountKey=Zm9v;",
      "Bearer Zm9v",
      "http://u:p@h:80/a@b",
    ]) {
      expect(redact(redact(text))).toBe(redact(text));
    }
  });

  it("is applied to every error that the user is told", () => {
    const error = new ReuploadError("unavailable", `no answer from ${link}`, { advice: `try ${link}` });
    expect(leaks(error.message + error.advice + String(error.stack))).toBe(false);
  });
});
