/** A plan as a Slurm job array: task I is machine I. */
import type { PlanReport } from "../../report/report.ts";
import { quote } from "../shell.ts";
import { NOT_RESTARTED } from "./restarts.ts";

const PARTITION = "PARTITION\u0000";
const STATE = "STATE\u0000";

/** @returns the lines of a script for `sbatch` */
export function slurmText(plan: PlanReport, machines: number): string[] {
  const words = [...plan.run({ partition: PARTITION, stateDb: STATE }), "--resume"];
  const command = words.map((word) => {
    if (word === PARTITION) return '"$SLURM_ARRAY_TASK_ID"';
    return word === STATE ? '"machine$((SLURM_ARRAY_TASK_ID + 1))_state.db"' : quote(word, "bash");
  });
  return `#!/bin/bash
# Submit it from a folder that all nodes share and that holds the input files: sbatch reupload.sbatch
# The state files must lie on a disk of the node (--state-db), or each task on a file of its own, as here.
#SBATCH --job-name=reupload
#SBATCH --array=0-${machines - 1}
#SBATCH --cpus-per-task=2
#SBATCH --mem=1G
#SBATCH --requeue
#SBATCH --open-mode=append
# Two minutes before the time limit: the files in flight are finished and the state is saved.
#SBATCH --signal=B:TERM@120

${command.join(" ")} &
machine=$!
signalled=
trap 'signalled=yes; kill -TERM "$machine"' TERM INT
wait "$machine"
code=$?
# A signal ends the wait, not the machine.
while [ -n "$signalled" ]; do
  signalled=
  wait "$machine"
  code=$?
done
case $code in
  0 | ${NOT_RESTARTED.join(" | ")}) ;; # done, or a person must look first
  *) scontrol requeue "\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" ;;
esac
exit "$code"`.split("\n");
}
