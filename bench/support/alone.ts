/** The simulator keeps no contents unless it is told, such as those that machines leave for one another. */
export const ALONE = { REUPLOAD_COORDINATION: "false" };
