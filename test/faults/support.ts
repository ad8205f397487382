import { inject } from "vitest";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import type { Operation } from "../support/operations.ts";
import { openScene, type Scene } from "../support/scene.ts";
import { makeSource, type SourceFile, type SourceSpec } from "../support/source-files.ts";

/** A scene behind a fault proxy of its own, with its source made and the proxy's memory empty. */
export interface FaultScene extends AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly scene: Scene;
  readonly files: readonly SourceFile[];
  /** The first of the files. */
  readonly first: SourceFile;
}

export async function faultScene(spec: SourceSpec): Promise<FaultScene> {
  const proxy = await startFaultProxy(inject("emulator"));
  const scene = await openScene(proxy.connectionString);
  const files = await makeSource(scene, proxy.connectionString, spec);
  const [first] = files;
  if (first === undefined) throw new Error("no files");
  proxy.forget();
  return {
    proxy,
    scene,
    files,
    first,
    async [Symbol.asyncDispose]() {
      await proxy.stop();
      await scene[Symbol.asyncDispose]();
    },
  };
}

/** Resolves when so many requests of the operation have come since now. */
export function untilSeen(proxy: FaultProxy, operation: Operation, times: number): Promise<void> {
  const reached = Promise.withResolvers<void>();
  let left = times;
  const stop = proxy.fail({
    operation,
    fault: { kind: "hang" },
    when: () => {
      if (--left === 0) {
        reached.resolve();
        stop();
      }
      return false;
    },
  });
  return reached.promise;
}
