import { openForReading, toStateError } from "./database.ts";
import { prepareStatements, type Statements } from "./statements.ts";

/** What was committed to a state at one moment. Dispose of it soon: as long as it is open, the log cannot begin anew. */
export interface Snapshot extends Disposable {
  readonly statements: Statements;
}

/**
 * A state that is read beside its writer, in one transaction: in write-ahead mode it sees nothing of later commits
 * (https://www.sqlite.org/isolation.html).
 *
 * @throws ReuploadError `state-corrupt`, `usage`, `internal`
 */
export function openSnapshot(path: string): Snapshot {
  try {
    const db = openForReading(path);
    try {
      // The first statement that reads takes the snapshot, not BEGIN.
      db.exec("BEGIN; PRAGMA user_version");
      return { statements: prepareStatements(db), [Symbol.dispose]: () => db.close() };
    } catch (thrown) {
      db.close();
      throw thrown;
    }
  } catch (thrown) {
    throw toStateError(thrown, path);
  }
}
