/** Exit codes of sysexits.h, used by every program of the project. */
export const EX_OK = 0;
/** Wrong options or arguments. */
export const EX_USAGE = 64;
/** The input given is not what it should be. */
export const EX_DATAERR = 65;
/** A file to read is not there or cannot be read. */
export const EX_NOINPUT = 66;
/** The daemon is not running, or no suitable Node was found. */
export const EX_UNAVAILABLE = 69;
/** A bug: an invariant did not hold. */
export const EX_SOFTWARE = 70;
/** The operating system refused: port in use, thread died. */
export const EX_OSERR = 71;
/** A file or directory cannot be used: the queue cannot be opened. */
export const EX_CANTCREAT = 73;
/** Try again later. */
export const EX_TEMPFAIL = 75;
/** The other side speaks another protocol version. */
export const EX_PROTOCOL = 76;
/** No permission. */
export const EX_NOPERM = 77;
/** The configuration has errors. */
export const EX_CONFIG = 78;
