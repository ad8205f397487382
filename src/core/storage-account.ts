/** The name of a storage account, and the command that creates a container in it. */

/** The account's name in its blob endpoint: the first part of the host, but with the emulator the path. */
export function accountFromEndpoint(blobEndpoint: string): string {
  const { hostname, pathname } = new URL(blobEndpoint);
  return pathname.length > 1 ? pathname.slice(1) : (hostname.split(".")[0] ?? hostname);
}

/** The words of the Azure CLI's command that creates a container, not quoted for any shell. */
export function createContainerWords(account: string, container: string): string[] {
  const create = "az storage container create --auth-mode login".split(" ");
  return [...create, "--account-name", account, "--name", container];
}
