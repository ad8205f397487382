/**
 * A plan as a Kubernetes Job. Fixed partitions are an Indexed Job: the completion index is the partition, and
 * `parallelism` says how many machines work at once. With `--partition auto` it is a Job without completions, whose
 * parallelism may change while it runs. Fields: Kubernetes API `batch/v1` (podFailurePolicy and backoffLimitPerIndex
 * since 1.29 without a feature gate).
 */
import { stringify } from "yaml";
import type { PlanReport } from "../../report/report.ts";
import { NOT_RESTARTED } from "./restarts.ts";

/** A pod may be killed that often before its partition counts as failed. */
const BACKOFF_LIMIT = 100;
/** `--grace` is 60 s; the checkpoint's last write needs some more. */
const GRACE_SECONDS = 120;

/** @param machines pods at once @returns the lines of a manifest for `kubectl apply` */
export function kubernetesText(plan: PlanReport, machines: number): string[] {
  const about = [
    "# Before: put the input files on the volume of the claim reupload-input, and the account's secrets, such as",
    "# AZURE_STORAGE_CONNECTION_STRING, into the secret reupload (optional with a managed identity).",
    ...(plan.partitions === "auto"
      ? [`# More or fewer machines at any time: kubectl patch job reupload -p '{"spec":{"parallelism":4}}'`]
      : []),
    "# After: kubectl logs -l app.kubernetes.io/name=reupload --prefix",
  ];
  return [
    ...about,
    ...stringify(kubernetesJob(plan, machines), { lineWidth: 0, aliasDuplicateObjects: false })
      .trimEnd()
      .split("\n"),
  ];
}

/** The Job as an object. @param machines pods at once */
export function kubernetesJob(plan: PlanReport, machines: number): object {
  const isIndexed = plan.partitions === "fixed";
  const labels = { "app.kubernetes.io/name": "reupload" };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "reupload", labels },
    spec: {
      ...(isIndexed
        ? {
            completionMode: "Indexed",
            completions: plan.total,
            parallelism: Math.min(machines, plan.total ?? machines),
            backoffLimitPerIndex: BACKOFF_LIMIT,
          }
        : { parallelism: machines, backoffLimit: BACKOFF_LIMIT }),
      podFailurePolicy: {
        rules: [
          // A node that is drained says nothing about the work.
          { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
          {
            action: isIndexed ? "FailIndex" : "FailJob",
            onExitCodes: { containerName: "reupload", operator: "In", values: [...NOT_RESTARTED] },
          },
        ],
      },
      template: { metadata: { labels }, spec: podSpec(plan, isIndexed) },
    },
  };
}

function podSpec(plan: PlanReport, isIndexed: boolean): object {
  const index = "metadata.annotations['batch.kubernetes.io/job-completion-index']";
  return {
    restartPolicy: "Never",
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: { runAsNonRoot: true, runAsUser: 10_001, fsGroup: 10_001 },
    containers: [
      {
        name: "reupload",
        image: `reupload:${plan.version}`,
        args: jobArguments(plan),
        ...(isIndexed ? { env: [{ name: "PARTITION", valueFrom: { fieldRef: { fieldPath: index } } }] } : {}),
        envFrom: [{ secretRef: { name: "reupload", optional: true } }],
        resources: { requests: { cpu: "1", memory: "512Mi" }, limits: { memory: "1Gi" } },
        securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
        volumeMounts: [
          { name: "input", mountPath: "/input", readOnly: true },
          { name: "state", mountPath: "/state" },
          { name: "tmp", mountPath: "/tmp" },
        ],
      },
    ],
    volumes: [
      { name: "input", persistentVolumeClaim: { claimName: "reupload-input", readOnly: true } },
      // The state ends with its pod: the next one goes on from the account's checkpoint (--take-over).
      { name: "state", emptyDir: {} },
      { name: "tmp", emptyDir: {} },
    ],
  };
}

function jobArguments(plan: PlanReport): string[] {
  const partition = "$(PARTITION)";
  const [, ...words] = plan.run({ partition, stateDb: "/state/reupload_state.db", folder: "/input" });
  const more = plan.partitions === "fixed" ? ["--resume", "--take-over"] : ["--resume"];
  // Kubernetes puts a variable in place of $(NAME); $$ keeps it.
  return [...words.map((word) => (word === partition ? word : word.replaceAll("$(", "$$$("))), ...more];
}
