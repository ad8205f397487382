/**
 * Ctrl+Z: gives the terminal back as it was before the process stops, and draws again after `fg`.
 *
 * @returns stops listening
 */
export function listenForSuspend(onSuspend: () => void): () => void {
  const suspend = () => {
    onSuspend();
    // SIGTSTP is taken by this listener; SIGSTOP cannot be.
    process.kill(process.pid, "SIGSTOP");
  };
  process.on("SIGTSTP", suspend);
  return () => void process.off("SIGTSTP", suspend);
}
