import type { DatabaseSync } from "node:sqlite";
import { INITIAL } from "./001-initial.ts";
import { PARTITIONS } from "./002-partitions.ts";
import { PAST } from "./003-past.ts";
import { STEERING } from "./003-steering.ts";
import { LEFT_OUT } from "./004-left-out.ts";

/** "reup" in ASCII: marks the file as ours, in its header. */
export const APPLICATION_ID = 0x72657570;

/** In order; a state's `user_version` is the number of the last one it has. Append only. */
const MIGRATIONS: readonly string[] = [INITIAL, PARTITIONS, PAST + STEERING, LEFT_OUT];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Brings a state from its version to ours, in one transaction. */
export function migrate(db: DatabaseSync, version: number): void {
  if (version === SCHEMA_VERSION) return;
  db.exec(
    [
      "BEGIN IMMEDIATE",
      `PRAGMA application_id = ${APPLICATION_ID}`,
      ...MIGRATIONS.slice(version),
      `PRAGMA user_version = ${SCHEMA_VERSION}`,
      "COMMIT",
    ].join(";\n"),
  );
}
