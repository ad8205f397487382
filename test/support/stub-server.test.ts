import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { startStub } from "./stub-server.ts";

it("the stub server gives the answers of a list in order, repeats the last, and records what it was asked", async () => {
  await using stub = await startStub([
    { status: 429, headers: { "retry-after": "1" } },
    { status: 201, body: "made" },
  ]);
  const first = await fetch(`${stub.url}/c/b%20b?comp=x`, {
    method: "PUT",
    body: "content",
    headers: { "X-Ms-A": "1" },
  });
  const others = [await fetch(stub.url), await fetch(stub.url)];
  expect([first, ...others].map((answer) => answer.status)).toEqual([429, 201, 201]);
  expect(first.headers.get("retry-after")).toBe("1");
  expect(await others[0]?.text()).toBe("made");
  expect(stub.requests).toHaveLength(3);
  expect(stub.requests[0]).toMatchObject({
    method: "PUT",
    url: "/c/b%20b?comp=x",
    headers: { "x-ms-a": "1" },
  });
  expect(stub.requests[0]?.body.toString()).toBe("content");
});

it("the stub server answers by a function, or never", async () => {
  await using stub = await startStub((request, index) =>
    request.method === "GET" ? { status: 200, body: `${index} ${request.url}` } : undefined,
  );
  expect(await (await fetch(`${stub.url}/a`)).text()).toBe("0 /a");
  const waiting = fetch(`${stub.url}/b`, { method: "POST" });
  expect(await Promise.race([waiting, sleep(100, "no answer")])).toBe("no answer");
  await stub.stop();
  await expect(waiting).rejects.toThrow();
});
