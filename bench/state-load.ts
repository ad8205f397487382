/**
 * How fast a CSV gets into the state and is compared on resume, and what a file takes on the disk.
 * `npx node bench/state-load.ts [rows] [files]`; the results stand in README.md.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileSource, openState } from "./state-support.ts";

const rows = Number(process.argv[2] ?? 500_000);
const files = Number(process.argv[3] ?? 200_000);
const signal = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), "state-load-"));

const tell = (text: string): boolean => process.stdout.write(`${text}\n`);
const whole = (value: number): string => Math.round(value).toLocaleString("en");

async function load(): Promise<void> {
  const path = join(folder, "load.db");
  for (const what of ["load", "resume, the CSV compared"]) {
    const start = performance.now();
    const before = process.cpuUsage();
    const store = await openState(path, rows);
    const seconds = (performance.now() - start) / 1_000;
    const { user, system } = process.cpuUsage(before);
    const perCpuSecond = whole((rows / (user + system)) * 1e6);
    const peak = whole(process.resourceUsage().maxRSS / 1_024);
    tell(`${what}: ${whole(rows / seconds)} rows/s, ${perCpuSecond} a CPU second, peak ${peak} MiB`);
    await store.close();
  }
  tell(`state: ${whole(statSync(path).size / rows)} bytes a work item not begun`);
}

/** Files of 20 open work items in turn, uploaded and announced within one commit. */
async function size(): Promise<void> {
  const path = join(folder, "size.db");
  const store = await openState(path, Math.ceil(files / 440));
  const left = new Map<number, number>();
  const source = new FileSource(
    async () => {
      const answer = await store.queue.claim(1, { signal });
      return answer.kind === "claims" ? answer.claims[0] : undefined;
    },
    ({ id, workItem }, total) => {
      left.set(id, total);
      const receipt = { count: total, digest: "0123456789abcdef" };
      const { workItemName } = workItem;
      store.ledger.record({
        kind: "work-item-opened",
        workItem: id,
        workItemName,
        filesTotal: total,
        duplicates: 0,
        receipt,
      });
    },
  );
  await source.fill();
  let done = 0;
  for (let next = source.next(); next !== undefined && done < files; next = source.next()) {
    const { item, file, index } = next;
    store.ledger.record({
      kind: "file-uploaded",
      workItem: item.id,
      file,
      place: index,
      bytes: 20_000 + done,
      alreadyThere: false,
      attempts: 1,
    });
    store.ledger.record({ kind: "file-completed", workItem: item.id, file, place: index, announced: true });
    const rest = (left.get(item.id) ?? 0) - 1;
    left.set(item.id, rest);
    if (rest === 0) {
      store.ledger.record({ kind: "work-item-finished", workItem: item.id, status: "completed" });
      await source.fill();
    }
    done++;
    if (done % 400 === 0) await store.ledger.committed();
  }
  await store.close();
  tell(`state: ${(statSync(path).size / done).toFixed(1)} bytes a file, ${whole(done)} files, all included`);
}

await load();
await size();
rmSync(folder, { recursive: true });
