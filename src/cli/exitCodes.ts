/** How the command line ends where it does not end as the command that it ran. */

/** A budget was broken, or a figure grew beyond a rule. */
export const CHECK_FAILED = 1;
export const WRONG_USAGE = 2;
