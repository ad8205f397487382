/**
 * Where an operator asks something of the process that works on a state, from another process and beside it. The process
 * takes the requests by `RunPresence`. Nothing here writes to the state while a process has it open.
 */
import type { ControlAnswer, ControlRequest, WorkItemRequest } from "../core/control-request.ts";
import type { Rearranged } from "./work-queue.ts";

export interface OperatorDesk {
  /**
   * Leaves a request for the process that works on the state at this location. Requests are taken in the order in which
   * they were left, whoever left them. A request that its process did not take is never taken by a later one.
   *
   * @param by who asks, for logs
   * @returns the request's number; undefined when no process listens there, and then nothing was left
   * @throws ReuploadError those of `StateKind.read`, and `disk-full`
   */
  ask(location: string, request: ControlRequest, by: string): Promise<number | undefined>;

  /** The answer to a request; undefined while there is none. @throws as `ask` */
  answer(location: string, request: number): Promise<ControlAnswer | undefined>;

  /**
   * Changes one work item of a state that no process works on: takes its lock for that moment. The number of starts, and
   * how the last one ended, stay as they are. Committed when it returns.
   *
   * @throws ReuploadError those of `StateKind.open`
   */
  rearrange(location: string, request: WorkItemRequest): Promise<Rearranged>;
}
