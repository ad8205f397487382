import { ServiceFailure } from "../azure/azure.ts";
import { judgeExisting, type SourceContent } from "./compare.ts";
import { saysExists } from "./failures.ts";
import type { Job, TransferTools } from "./tools.ts";
import type { TransferMethod, TransferResult } from "./transfer.ts";

/** How often a blob may vanish between "it exists" and the look at it, or be replaced under us. */
const MAX_ROUNDS = 3;

/**
 * A conditional create: makes the blob, or decides about the one that is there.
 *
 * @param put creates the blob with the job's condition; may be called again
 * @param content what is known of the source's content for the comparison
 * @throws ServiceFailure of the create; FileFailure `conflict`
 */
export async function putUnlessThere(
  tools: TransferTools,
  job: Job,
  method: TransferMethod,
  content: SourceContent,
  put: () => Promise<void>,
): Promise<TransferResult> {
  for (let round = 1; ; round++) {
    try {
      await put();
      const { attempts } = job.effort;
      const { length: bytes, contentMd5 } = content;
      return { outcome: "copied", bytes, contentMd5, method, attempts, existingSince: undefined };
    } catch (thrown) {
      if (!(thrown instanceof ServiceFailure) || !saysExists(thrown)) throw thrown;
      const verdict = await judgeExisting(tools, job, content);
      if (verdict !== "again") return verdict;
      if (round === MAX_ROUNDS) throw thrown;
    }
  }
}
