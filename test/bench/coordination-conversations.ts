/** The calls of coordination, to containers that keep the bytes of their blobs: conditions, leases with their end, lists. */
import { setTimeout as wait } from "node:timers/promises";
import { CREATE, LEASE_1, LEASE_2, lease } from "./conversations.ts";
import type { CallOptions, Talk } from "./talk.ts";

const HERE = "application/octet-stream";
const by = (id: string): Record<string, string> => ({ "x-ms-lease-id": id });
const write = (body: string, headers: Record<string, string> = {}): CallOptions => ({
  headers: { ...CREATE, "x-ms-blob-content-type": HERE, ...headers },
  body,
});
const acquire = (id: string, seconds = "15"): CallOptions =>
  lease("acquire", { "x-ms-lease-duration": seconds, "x-ms-proposed-lease-id": id });
const put = async (talk: Talk, name: string, options: CallOptions): Promise<string> =>
  (await talk.blob("PUT", `/${name}`, options)).headers.get("etag") ?? "";
const onLease = async (talk: Talk, name: string, options: CallOptions): Promise<string> =>
  (await talk.blob("PUT", `/${name}?comp=lease`, options)).headers.get("etag") ?? "";

/** By what they are about. Each begins with a container that is not there. */
export const COORDINATION: Record<string, (talk: Talk) => Promise<void>> = {
  async "bytes and metadata"(talk) {
    await talk.blob("GET", "/blob");
    await talk.blob("PUT", "/blob?comp=lease", acquire(LEASE_1));
    await talk.blob("GET", "?restype=container&comp=list&include=metadata");
    await talk.blob("PUT", "?restype=container");
    await talk.blob("GET", "/blob");
    const metadata = { "x-ms-meta-host": "h%C3%A9", "x-ms-meta-counts": "a <b> & c" };
    await put(talk, "blob", write("one \u{1f600} <&>", metadata));
    await talk.blob("GET", "/blob");
    await talk.blob("HEAD", "/blob");
    await talk.blob("GET", "/blob", { headers: { "x-ms-range": "bytes=1-2" } });
    await put(talk, "blob", write("x".repeat(300_000), { "x-ms-meta-host": "other" }));
    await talk.blob("GET", "/blob");
    await put(talk, "blob", write(""));
    await talk.blob("GET", "/blob");
    await talk.blob("DELETE", "/blob");
    await talk.blob("GET", "/blob");
    await put(talk, "blob", write("again"));
    await talk.blob("GET", "/blob");
    await talk.blob("PUT", "/blob?comp=metadata", { headers: { "x-ms-meta-host": "set" } });
    await talk.blob("GET", "/blob");
  },

  async "whose version it is"(talk) {
    await talk.blob("PUT", "?restype=container");
    const first = await put(talk, "blob", write("one", { "if-none-match": "*" }));
    await put(talk, "blob", write("no", { "if-none-match": "*" }));
    const second = await put(talk, "blob", write("two", { "if-match": first }));
    await put(talk, "blob", write("no", { "if-match": first }));
    await talk.blob("GET", "/blob", { headers: { "if-match": second } });
    await talk.blob("GET", "/blob", { headers: { "if-match": first } });
    await talk.blob("GET", "/blob", { headers: { "if-none-match": second } });
    await talk.blob("DELETE", "/blob", { headers: { "if-match": first } });
    const leased = await onLease(talk, "blob", acquire(LEASE_1));
    const renewed = await onLease(talk, "blob", lease("renew", by(LEASE_1)));
    talk.note("a lease leaves the ETag alone", [leased === second, renewed === second]);
    await put(talk, "blob", write("no", { ...by(LEASE_1), "if-match": first }));
    const third = await put(talk, "blob", write("three", { ...by(LEASE_1), "if-match": second }));
    await talk.blob("GET", "/blob");
    for (const etag of [second, third]) {
      await onLease(talk, "blob", lease("renew", { ...by(LEASE_1), "if-match": etag }));
      await onLease(talk, "blob", lease("renew", { ...by(LEASE_1), "if-none-match": etag }));
    }
    await put(talk, "blob", write("no", { "if-none-match": "*" }));
    await put(talk, "none", write("no", { "if-match": first }));
  },

  async "who has the lease"(talk) {
    await talk.blob("PUT", "?restype=container");
    for (const action of ["renew", "release", "break", "change"]) {
      await onLease(talk, "none", lease(action, { ...by(LEASE_1), "x-ms-proposed-lease-id": LEASE_2 }));
    }
    await put(talk, "blob", write("one"));
    for (const action of ["renew", "release", "break", "change"]) {
      await onLease(talk, "blob", lease(action, { ...by(LEASE_1), "x-ms-proposed-lease-id": LEASE_2 }));
    }
    await onLease(talk, "blob", acquire(LEASE_1, "60"));
    await onLease(talk, "blob", acquire(LEASE_1, "30"));
    await onLease(talk, "blob", acquire(LEASE_2));
    for (const id of [LEASE_1, LEASE_2]) await talk.blob("GET", "/blob", { headers: by(id) });
    for (const name of ["", LEASE_2, LEASE_1]) {
      await put(talk, "blob", write(`by ${name}`, name === "" ? {} : by(name)));
      await talk.blob("GET", "/blob");
    }
    await onLease(talk, "blob", lease("change", { ...by(LEASE_1), "x-ms-proposed-lease-id": LEASE_2 }));
    await onLease(talk, "blob", lease("renew", by(LEASE_1)));
    await onLease(talk, "blob", lease("release", by(LEASE_2)));
    await talk.blob("GET", "/blob", { headers: by(LEASE_2) });
    await put(talk, "blob", write("late", by(LEASE_2)));
    await onLease(talk, "blob", acquire(LEASE_1));
    await onLease(talk, "blob", lease("renew", by(LEASE_2)));
    await talk.blob("DELETE", "/blob", { headers: by(LEASE_1) });
    await put(talk, "blob", write("new"));
    await talk.blob("GET", "/blob");
  },

  async "leases that are broken"(talk) {
    await talk.blob("PUT", "?restype=container");
    await put(talk, "blob", write("one"));
    await onLease(talk, "blob", acquire(LEASE_1, "60"));
    await onLease(talk, "blob", lease("break", { "x-ms-lease-break-period": "30" }));
    await talk.blob("GET", "/blob");
    for (const id of [LEASE_1, LEASE_2]) {
      await onLease(talk, "blob", acquire(id));
      await onLease(talk, "blob", lease("renew", by(id)));
    }
    await onLease(talk, "blob", lease("change", { ...by(LEASE_1), "x-ms-proposed-lease-id": LEASE_2 }));
    await put(talk, "blob", write("no"));
    await put(talk, "blob", write("while it breaks", by(LEASE_1)));
    await talk.list("include=metadata");
    await onLease(talk, "blob", lease("break", { "x-ms-lease-break-period": "0" }));
    await talk.blob("GET", "/blob");
    for (const id of [LEASE_1, LEASE_2]) await onLease(talk, "blob", lease("renew", by(id)));
    await put(talk, "blob", write("no", by(LEASE_1)));
    await talk.list("include=metadata");
    await onLease(talk, "blob", lease("release", by(LEASE_1)));
    await talk.blob("HEAD", "/blob");
    await onLease(talk, "blob", acquire(LEASE_2, "-1"));
    await onLease(talk, "blob", lease("break", { "x-ms-lease-break-period": "0" }));
    await put(talk, "blob", write("takes the broken lease away"));
    await onLease(talk, "blob", lease("renew", by(LEASE_2)));
    await talk.blob("HEAD", "/blob");
  },

  /** All cases wait once: 15 s is the shortest lease. */
  async "leases that end"(talk) {
    await talk.blob("PUT", "?restype=container");
    const names = ["renewed", "taken", "written", "described", "released", "broken", "breaking", "deleted"];
    for (const name of names) {
      await put(talk, name, write(name));
      await onLease(talk, name, acquire(LEASE_1));
    }
    await onLease(talk, "breaking", lease("break"));
    await talk.list("include=metadata");
    await wait(16_500);
    await talk.list("include=metadata");
    for (const name of ["renewed", "breaking"]) await talk.blob("GET", `/${name}`);
    await put(talk, "renewed", write("late", by(LEASE_1)));
    await talk.blob("GET", "/renewed", { headers: by(LEASE_1) });
    await onLease(talk, "renewed", lease("change", { ...by(LEASE_1), "x-ms-proposed-lease-id": LEASE_2 }));
    await onLease(talk, "renewed", lease("renew", by(LEASE_1)));
    await put(talk, "renewed", write("in time", by(LEASE_1)));
    await onLease(talk, "taken", acquire(LEASE_2, "60"));
    await onLease(talk, "taken", lease("renew", by(LEASE_1)));
    await put(talk, "taken", write("late", by(LEASE_1)));
    await put(talk, "written", write("by another"));
    await talk.blob("PUT", "/described?comp=metadata", { headers: { "x-ms-meta-host": "h" } });
    for (const name of ["written", "described"]) await onLease(talk, name, lease("renew", by(LEASE_1)));
    for (const id of [LEASE_2, LEASE_1]) await onLease(talk, "released", lease("release", by(id)));
    await onLease(talk, "broken", lease("break"));
    for (const name of ["broken", "breaking"]) await onLease(talk, name, lease("renew", by(LEASE_1)));
    await onLease(talk, "breaking", acquire(LEASE_2));
    await talk.blob("DELETE", "/deleted");
    await put(talk, "deleted", write("anew"));
    await onLease(talk, "deleted", lease("renew", by(LEASE_1)));
    await talk.list("include=metadata");
  },

  async lists(talk) {
    await talk.blob("PUT", "?restype=container");
    await talk.list("include=metadata");
    for (const name of ["b/2", "a/1", "b/10", "c", "b/1"]) {
      await put(talk, name, write(name, { "x-ms-meta-host": "a%20b & <c>", "x-ms-meta-counts": name }));
    }
    await put(talk, "plain", write("without metadata"));
    await onLease(talk, "b/1", acquire(LEASE_1, "60"));
    await onLease(talk, "c", acquire(LEASE_2, "-1"));
    for (const query of ["include=metadata", "include=metadata&prefix=b%2F", "maxresults=2", "prefix=none"]) {
      await talk.list(query);
    }
    await talk.list("include=metadata&prefix=b%2F&maxresults=2");
    await put(talk, "b/0", write("first of all"));
    await talk.blob("DELETE", "/a/1");
    await talk.list("include=metadata&maxresults=1");
  },
};
