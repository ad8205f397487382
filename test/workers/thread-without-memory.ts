/** A thread of a pool fills its heap: prints how the pool's call ended, and how the thread did. */
import { startPool } from "./acting-pool.ts";

// Threads at rest keep no process alive.
const awake = setInterval(() => {}, 1_000);
const pool = await startPool(2);
const [{ outcome }] = await Promise.all([pool.do("die-memory-1"), pool.do("die-memory-2")]);
const [death] = pool.deaths;
await pool.pool.close();
clearInterval(awake);
process.stdout.write(JSON.stringify({ outcome, why: death?.why, isReplaced: death?.isReplaced }));
