/** How checks are made: one after the other, each ends in a line, and a problem does not end the others. */
import { EXIT } from "../../core/exit-codes.ts";
import { toReuploadError } from "../../core/to-error.ts";
import type { Check, CheckName, DoctorReport, Findings } from "../../report/doctor-report.ts";

export class Checks {
  readonly #checks: Check[] = [];
  readonly #signal: AbortSignal;
  readonly #tell: (check: Check) => void;

  /** @param tell takes each check as soon as it is made */
  constructor(signal: AbortSignal, tell: (check: Check) => void) {
    this.#signal = signal;
    this.#tell = tell;
  }

  get report(): DoctorReport {
    const problem = this.#checks.find((check) => check.outcome === "problem");
    return { checks: this.#checks, exitCode: problem?.exitCode ?? EXIT.done };
  }

  /**
   * Makes one check. What `look` throws is the problem.
   *
   * @returns what was found; undefined after a problem
   * @throws the signal's reason
   */
  async check<Name extends CheckName>(
    name: Name,
    look: () => Promise<Findings[Name]> | Findings[Name],
  ): Promise<Findings[Name] | undefined> {
    this.#signal.throwIfAborted();
    try {
      const found = await look();
      this.#add({ name, outcome: "ok", found } as Check);
      return found;
    } catch (thrown) {
      this.#signal.throwIfAborted();
      const { message, advice, code, exitCode } = toReuploadError(thrown);
      this.#add({ name, outcome: "problem", message, advice, code, exitCode });
      return undefined;
    }
  }

  skip(name: CheckName, why: string): void {
    this.#add({ name, outcome: "skipped", why });
  }

  #add(check: Check): void {
    this.#checks.push(check);
    this.#tell(check);
  }
}
