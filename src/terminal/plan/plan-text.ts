/** A plan in each of its forms. */
import { printableJson } from "../../core/unprintable.ts";
import { type PlanReport, SCHEMA_VERSION } from "../../report/report.ts";
import { count, quantity } from "../format.ts";
import { printable } from "../printable.ts";
import type { Shell } from "../shell.ts";
import { machineCommands, type MachineCommands, machineText } from "./commands.ts";
import { kubernetesText } from "./kubernetes.ts";
import { slurmText } from "./slurm.ts";
import { systemdText } from "./systemd.ts";
import { taskSchedulerText } from "./task-scheduler.ts";

export const PLAN_FORMATS = ["commands", "json", "kubernetes", "slurm", "systemd", "taskscheduler"] as const;
export type PlanFormat = (typeof PLAN_FORMATS)[number];

export interface PlanShape {
  readonly format: PlanFormat;
  /** One for each machine. */
  readonly shells: readonly Shell[];
  /** Work items of each partition; with `auto` all of them. */
  readonly workItems: readonly number[];
  /** Only the commands of a resume. */
  readonly isResume: boolean;
}

/** The lines to print. */
export function planText(plan: PlanReport, shape: PlanShape): string[] {
  const machines = shape.shells.length;
  switch (shape.format) {
    case "commands":
      // What `quote` could not write otherwise for its shell (cmd) cannot be pasted, but must not reach the terminal.
      return commandsText(plan, shape).map(printable);
    case "json": {
      const json = { schemaVersion: SCHEMA_VERSION, machines: machinesJson(plan, shape) };
      // Not redacted: a command must stay the command.
      return [printableJson(JSON.stringify(json))];
    }
    case "kubernetes":
      return kubernetesText(plan, machines);
    case "slurm":
      return slurmText(plan, machines);
    case "systemd":
      return systemdText(plan);
    case "taskscheduler":
      return taskSchedulerText(plan, machines);
  }
}

function commandsText(plan: PlanReport, shape: PlanShape): string[] {
  const { shells, workItems } = shape;
  return wantedMachines(plan, shape).flatMap((machine) => {
    const { partition } = machine;
    const items = quantity(workItems[partition ?? 0] ?? 0, "work item");
    if (partition === undefined) {
      const who =
        shells.length > 1
          ? `Each of ${count(shells.length)} machines, and any that joins later`
          : "Every machine";
      return machineText(machine, who, `takes partitions that are free, ${items} in all`);
    }
    const who = `Machine ${machine.machine} of ${count(plan.total ?? 1)}`;
    return machineText(machine, who, `partition ${partition}, ${items}`);
  });
}

function machinesJson(plan: PlanReport, shape: PlanShape) {
  return wantedMachines(plan, shape).map((machine) => ({
    ...machine,
    steps: machine.steps.map(({ name, say, command }) => ({ name, say, command })),
    workItems: shape.workItems[machine.partition ?? 0] ?? 0,
  }));
}

const RESUME_STEPS: ReadonlySet<string> = new Set(["sign-in", "resume"]);

/** With `auto` the machines differ in their shells only. */
function wantedMachines(plan: PlanReport, { shells, isResume }: PlanShape): MachineCommands[] {
  const shown = plan.partitions === "auto" ? [...new Set(shells)] : shells;
  return shown.map((shell, index) => {
    const machine = machineCommands(plan, index, shell);
    const steps = machine.steps.filter(({ name }) => !isResume || RESUME_STEPS.has(name));
    return { ...machine, steps };
  });
}
