import { describe, expect, it } from "vitest";
import { checkText } from "../../src/terminal/doctor-text.ts";

it("the tags check of doctor says when verify could not compare tags", () => {
  const found = { container: "results", mayRead: true };
  expect(checkText({ name: "tags", outcome: "ok", found })).toEqual([
    "ok       tags          may write and read the tags of blobs in results",
  ]);
  expect(checkText({ name: "tags", outcome: "ok", found: { ...found, mayRead: false } })[0]).toContain(
    "not read them, which verify needs",
  );
});

describe("the network check of doctor", () => {
  it("names each host once, whose address or proxy blobs and queue share", () => {
    const local = { host: "127.0.0.1", address: "127.0.0.1" };
    const proxied = { host: "a.blob.core.windows.net", proxy: "proxy:3128" };
    const found = { hosts: [local, local, proxied] };
    expect(checkText({ name: "network", outcome: "ok", found })).toEqual([
      "ok       network       127.0.0.1, a.blob.core.windows.net by proxy proxy:3128",
    ]);
    const named = { host: "a.blob.core.windows.net", address: "10.0.0.1" };
    expect(checkText({ name: "network", outcome: "ok", found: { hosts: [named] } })[0]).toContain(
      "a.blob.core.windows.net is 10.0.0.1",
    );
  });
});
