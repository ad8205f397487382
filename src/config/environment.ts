/**
 * The environment's variables that this program and its libraries read. Blanks and line ends around a value come from
 * the file or the command that set it (`export X="$(cat file)"`, a `.env` file of Windows) and are never meant: they are
 * taken off here, once, in the process's own environment, because @azure/identity reads it by itself.
 */
const READ = /^(?:REUPLOAD_\w+|AZURE_\w+|(?:https?|all|no)_proxy)$/i;

/** Takes blanks and line ends off around the values that are read here, in place. @returns the same environment */
export function trimEnvironment<Env extends Record<string, string | undefined>>(env: Env): Env {
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !READ.test(name)) continue;
    const trimmed = value.trim();
    if (trimmed !== value) Object.assign(env, { [name]: trimmed });
  }
  return env;
}
