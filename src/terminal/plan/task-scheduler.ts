/** A plan as PowerShell commands that register a task of the Windows Task Scheduler on each machine. */
import type { PlanReport } from "../../report/report.ts";
import { quote, runtimeLine } from "../shell.ts";

/** @returns the lines of a script for each machine */
export function taskSchedulerText(plan: PlanReport, machines: number): string[] {
  const isAuto = plan.partitions === "auto";
  const about = [
    "# Run as administrator. C:\\reupload holds reupload.exe and the input files; secrets stand in variables of the system.",
    "# The task starts again every 5 minutes unless it runs: each start resumes; one that is done ends at once.",
  ];
  const scripts = Array.from({ length: isAuto ? 1 : machines }, (_, index) => {
    const stateDb = isAuto ? "reupload_state.db" : `machine${index + 1}_state.db`;
    const [, ...words] = plan.run({ partition: String(index), stateDb });
    // What failed is tried again when a person asks for it, not every 5 minutes.
    const line = runtimeLine([...words, "--resume", "--no-retry-failed"]);
    return [
      isAuto ? "# Every machine" : `# Machine ${index + 1} of ${machines}: partition ${index}`,
      `$action = New-ScheduledTaskAction -Execute 'C:\\reupload\\reupload.exe' \``,
      `  -Argument ${quote(line, "powershell")} -WorkingDirectory 'C:\\reupload'`,
      "$trigger = New-ScheduledTaskTrigger -Once -At (Get-Date) -RepetitionInterval (New-TimeSpan -Minutes 5)",
      "$settings = New-ScheduledTaskSettingsSet -MultipleInstances IgnoreNew -ExecutionTimeLimit 0 -StartWhenAvailable",
      `Register-ScheduledTask -TaskName reupload -Action $action -Trigger $trigger -Settings $settings \``,
      "  -User 'NT AUTHORITY\\SYSTEM' -RunLevel Highest",
      "",
    ];
  });
  return [...about, ...scripts.flat()];
}
