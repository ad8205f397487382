import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { EnvHttpProxyAgent } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chooseProxy } from "../../../src/azure/wire/proxy.ts";
import { spellOutProxy } from "../../../src/azure/wire/proxy-variables.ts";
import { thrownBy } from "../support.ts";

const PROXY = "http://proxy.example:3128";
const wayOf = (env: Record<string, string>, url: string) =>
  chooseProxy({ HTTPS_PROXY: PROXY, HTTP_PROXY: PROXY, ...env })(new URL(url)) === undefined
    ? "direct"
    : "proxy";

/** What `NO_PROXY` says, and the way that a URL goes by it. */
const WAYS: readonly [noProxy: string, url: string, way: "direct" | "proxy"][] = [
  ["", "http://a.example", "proxy"],
  ["*", "http://a.example", "direct"],
  ["none.example, *", "http://a.example:8080", "direct"],
  ["*:80", "http://a.example", "direct"],
  ["*:80", "http://a.example:8080", "proxy"],
  ["a.example", "http://a.example", "direct"],
  ["a.example", "http://b.a.example", "direct"],
  ["a.example", "http://ba.example", "proxy"],
  [".a.example", "http://a.example", "direct"],
  [".a.example", "http://b.a.example", "direct"],
  ["*.a.example", "http://a.example", "proxy"],
  ["*.a.example", "http://b.a.example", "direct"],
  ["A.Example", "http://a.eXAMPLE", "direct"],
  ["a.example.", "http://a.example", "direct"],
  ["a.example", "http://a.example./", "direct"],
  ["a.example:80", "http://a.example", "direct"],
  ["a.example:80", "http://a.example:8080", "proxy"],
  ["a.example:8080", "http://b.a.example:8080", "direct"],
  ["b.example a.example,c.example", "http://a.example", "direct"],
  ["10.0.0.1", "http://10.0.0.1", "direct"],
  ["10.0.0.1", "http://10.0.0.10", "proxy"],
  ["fd00::1", "http://[fd00::1]", "direct"],
  ["[fd00::1]", "http://[fd00::1]:8080", "direct"],
  ["[fd00::1]:80", "http://[fd00::1]", "direct"],
  ["[fd00::1]:80", "http://[fd00::1]:8080", "proxy"],
  ["fd00::1", "http://[fd00::2]", "proxy"],
];

describe("NO_PROXY", () => {
  it.each(WAYS)("%j: %s goes %s", (noProxy, url, way) => {
    expect(wayOf({ NO_PROXY: noProxy }, url)).toBe(way);
    expect(wayOf({ no_proxy: noProxy }, url)).toBe(way);
  });

  describe("as undici takes it", () => {
    const server = createServer((_, response) => void response.writeHead(204).end());
    beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
    afterAll(() => server.close());

    // An address is asked without a lookup, so that a direct request to it would leave this machine.
    const asked = WAYS.filter(([, url, way]) => !(url.includes("10.0.0.1") && way === "direct"));
    it.each(asked)("%j: %s goes %s", async (noProxy, url, way) => {
      const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      // Names are looked up nowhere: a direct request fails at once.
      const lookup = (_: string, __: unknown, done: (error: Error, address: string) => void) =>
        done(new Error("direct"), "");
      const agent = new EnvHttpProxyAgent({
        httpProxy: uri,
        httpsProxy: uri,
        noProxy,
        connect: { lookup, timeout: 500 },
      });
      const { origin } = new URL(url);
      const took = await agent.request({ origin, path: "/", method: "GET" }).then(
        async ({ body }) => body.dump().then(() => "proxy"),
        () => "direct",
      );
      await agent.destroy();
      expect(took).toBe(way);
    });
  });
});

describe("this machine and its metadata service", () => {
  it.each([
    "http://localhost:10000",
    "http://a.localhost",
    "https://127.0.0.1:1",
    "http://127.9.9.9",
    "http://[::1]:1",
    "http://[::ffff:127.0.0.1]",
    "http://169.254.169.254",
  ])("%s is never asked through the proxy", (url) => expect(wayOf({}, url)).toBe("direct"));

  it.each(["http://localhost.example", "https://169.254.example", "https://127.0.0.1.example"])(
    "%s is another",
    (url) => expect(wayOf({}, url)).toBe("proxy"),
  );
});

describe("the proxy's address", () => {
  const proxyBy = (env: Record<string, string>) => chooseProxy(env)(new URL("https://a.example"));

  it.each([
    [{ HTTPS_PROXY: "proxy.example:3128" }, PROXY],
    [{ HTTPS_PROXY: "10.0.0.1:8080" }, "http://10.0.0.1:8080"],
    [{ https_proxy: " u:p@proxy:1\n" }, "http://u:p@proxy:1"],
    [{ HTTPS_PROXY: "https://proxy:1" }, "https://proxy:1"],
    [{ https_proxy: PROXY, HTTPS_PROXY: "http://other" }, PROXY],
    [{ HTTPS_PROXY: PROXY, ALL_PROXY: "socks5://other" }, PROXY],
    [{ HTTPS_PROXY: " ", ALL_PROXY: PROXY }, PROXY],
  ])("%j", (env, expected) => expect(proxyBy(env)).toBe(expected));

  it.each(["socks5://u:c2VjcmV0@proxy:1", "http://", "http://u:c2VjcmV0@:1", "http://a b", "proxy:c2VjcmV0"])(
    "is refused as %j, and not shown",
    async (value) => {
      const error = await thrownBy(Promise.resolve().then(() => chooseProxy({ HTTPS_PROXY: value })));
      expect(error).toMatchObject({ code: "bad-option" });
      expect(String(error)).toContain("HTTPS_PROXY (environment) is not the address of an http proxy");
      expect(String(error)).not.toContain("c2VjcmV0");
    },
  );
});

describe("the variables as the libraries read them", () => {
  const spelt = (env: Record<string, string | undefined>) => {
    spellOutProxy(env);
    return env;
  };

  it("have a scheme, are there in both spellings, and name this machine and each host with what is below it", () => {
    const env = spelt({
      https_proxy: "proxy:1",
      NO_PROXY: "a.example:443 *.b.example, fd00::1,c.example:8080",
      X: "x",
    });
    expect(env).toMatchObject({ https_proxy: "http://proxy:1", HTTPS_PROXY: "http://proxy:1", X: "x" });
    expect(env["NO_PROXY"]).toBe(env["no_proxy"]);
    expect(env["NO_PROXY"]?.split(",")).toEqual([
      "localhost",
      ".localhost",
      "127.0.0.1",
      ".127.0.0.1",
      "::1",
      "[::1]",
      "169.254.169.254",
      ".169.254.169.254",
      "a.example",
      ".a.example",
      ".b.example",
      "fd00::1",
      "[fd00::1]",
      "c.example:8080",
    ]);
  });

  it("are gone where nothing goes through the proxy, and are left alone where there is none or what is none", () => {
    expect(spelt({ HTTPS_PROXY: PROXY, all_proxy: PROXY, NO_PROXY: "*" })).toEqual({ NO_PROXY: "*" });
    expect(spelt({ NO_PROXY: "a" })).toEqual({ NO_PROXY: "a" });
    expect(spelt({ HTTPS_PROXY: "socks5://a" })).toEqual({ HTTPS_PROXY: "socks5://a" });
  });

  it("name the place where this machine's identity is asked for", () => {
    const env = spelt({ HTTPS_PROXY: PROXY, IDENTITY_ENDPOINT: "http://169.254.130.4:8081/msi/token" });
    expect(env["NO_PROXY"]).toContain("169.254.130.4");
  });

  const kept = WAYS.filter(([noProxy]) => !noProxy.includes("*.") && !noProxy.includes(":80"));
  it.each(kept)("say the same as before: %j, %s", (noProxy, url, way) => {
    expect(
      chooseProxy(spelt({ HTTPS_PROXY: PROXY, NO_PROXY: noProxy }))(new URL(url.replace("http:", "https:"))),
    ).toBe(way === "direct" ? undefined : PROXY);
  });
});
