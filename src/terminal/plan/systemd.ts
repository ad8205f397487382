/** A plan as a systemd unit: a template whose instance is the partition, or one unit for every machine. */
import type { PlanReport } from "../../report/report.ts";
import { NOT_RESTARTED } from "./restarts.ts";

const FOLDER = "/var/lib/reupload";
const INSTANCE = "INSTANCE\u0000";
const STATE = "STATE\u0000";

/** @returns the lines of a unit file */
export function systemdText(plan: PlanReport): string[] {
  const isTemplate = plan.partitions === "fixed" && plan.total !== 1;
  const name = isTemplate ? "reupload@" : "reupload";
  const [, ...words] = plan.run({
    partition: isTemplate ? INSTANCE : "0",
    stateDb: STATE,
    folder: FOLDER,
  });
  const command = [...words, "--resume"].map((word) => {
    if (word === INSTANCE) return "%i";
    return word === STATE ? `${FOLDER}/${isTemplate ? "partition%i" : "reupload"}_state.db` : unitWord(word);
  });
  const start = isTemplate
    ? `reupload@0.service (on machine 2: reupload@1.service, ...)`
    : "reupload.service";
  return `# /etc/systemd/system/${name}.service on every machine; the input files lie in ${FOLDER}.
# Secrets: /etc/reupload/environment (AZURE_STORAGE_CONNECTION_STRING=...), readable by root alone.
# Start: systemctl enable --now ${start}
[Unit]
Description=reupload${isTemplate ? ", partition %i" : ""}
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/bin/env reupload ${command.join(" ")}
EnvironmentFile=-/etc/reupload/environment
WorkingDirectory=${FOLDER}
StateDirectory=reupload
DynamicUser=yes
Restart=on-failure
RestartSec=30
RestartPreventExitStatus=${NOT_RESTARTED.join(" ")}
# SIGTERM: the files in flight are finished, the state is saved.
SuccessExitStatus=143
KillMode=mixed
TimeoutStopSec=120
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes

[Install]
WantedBy=multi-user.target`.split("\n");
}

/** A word of ExecStart (systemd.service(5), "Command lines"; systemd.syntax(7), "Quoting"). */
function unitWord(word: string): string {
  const text = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  if (/^[A-Za-z0-9_./:=,+@%$-]+$/.test(text)) return text;
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
