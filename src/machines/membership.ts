/** A machine's place among the others, with its share of the run's limits where there are any. */
import { LimitShare } from "./limit-share.ts";
import { MachineBlob, type MachineContext } from "./machine-blob.ts";

export interface Joining extends Pick<MachineContext, "takenOver"> {
  /** Whether the limits have held this machine back since this was asked last; undefined: the run has no limits. */
  readonly isHeldBack: (() => boolean) | undefined;
}

export interface Membership {
  /** The part of the limits that this machine may take now, from 0 to 1. */
  readonly share: number;
  /** The machine leaves. @param signal ends the attempt to tell what it took over last @throws as `releaseLease` */
  end(signal: AbortSignal): Promise<void>;
}

/** @throws what the calls throw; the signal's reason */
export async function joinRun(context: MachineContext & Joining, signal: AbortSignal): Promise<Membership> {
  const { isHeldBack } = context;
  if (isHeldBack !== undefined) return LimitShare.join({ ...context, isHeldBack }, signal);
  const blob = await MachineBlob.join(context, {}, () => {}, signal);
  const ended = new AbortController();
  const telling = blob.keepTelling(AbortSignal.any([ended.signal, blob.lease.lost]));
  return {
    share: 1,
    async end(during) {
      ended.abort(new Error("the machine leaves"));
      await telling;
      await blob.tellChanges(during);
      await blob.leave();
    },
  };
}
