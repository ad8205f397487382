/** The name of a storage account, and the command that creates a container in it. */

/** The account's name in its blob endpoint: the first part of the host, but with the emulator the path. */
export function accountFromEndpoint(blobEndpoint: string): string {
  const { hostname, pathname } = new URL(blobEndpoint);
  return pathname.length > 1 ? pathname.slice(1) : (hostname.split(".")[0] ?? hostname);
}

/**
 * The words of the Azure CLI's command that creates a container, not quoted for any shell.
 *
 * @param account undefined: a connection string in the environment names it
 * @param auth `variable`: the CLI finds the same key, SAS or connection string in the environment as this tool
 */
export function createContainerWords(
  account: string | undefined,
  container: string,
  auth: "login" | "variable" = "login",
): string[] {
  return [
    ..."az storage container create".split(" "),
    ...(auth === "login" ? ["--auth-mode", "login"] : []),
    ...(account === undefined ? [] : ["--account-name", account]),
    "--name",
    container,
  ];
}
