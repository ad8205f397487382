/** Files of a work item where nobody knows how many it has: about as many as in the batches that this tool was made for. */
export const FILES_A_WORK_ITEM = 800;
